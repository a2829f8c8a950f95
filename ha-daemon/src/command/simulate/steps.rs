//! The steps of a script, applied to the simulated LAN.

use core::time::Duration;
use std::collections::BTreeSet;

use vrrp_core::Event;
use vrrp_core::eligibility::Decisions;
use vrrp_core::sim::{Disturbance, Lan, Link, RouterId};

use super::network::Host;
use super::play::{Planned, Play};
use super::script::{Side, Verb, Who};

impl Play {
    /// The same with every host and interface named.
    pub(super) fn resolve(&self, verb: Verb) -> Verb {
        let who = |who| Who::Host(self.host(who));
        match verb {
            Verb::Crash(host) => Verb::Crash(who(host)),
            Verb::Restart(host) => Verb::Restart(who(host)),
            Verb::Stop(host) => Verb::Stop(who(host)),
            Verb::Pause(host, span) => Verb::Pause(who(host), span),
            Verb::Link(host, interface, up) => {
                let members = self
                    .network
                    .hosts
                    .get(self.host(host))
                    .map(|host| &host.members);
                let first = members.and_then(|members| members.first());
                let first = first.and_then(|member| member.instance.interface.clone());
                Verb::Link(who(host), interface.or(first), up)
            }
            Verb::Partition(sides) => Verb::Partition(self.sides(&sides)),
            Verb::OneWay(from, to) => {
                let mut sides = self.sides(&[from, to]).into_iter();
                let mut next = || sides.next().unwrap_or_default();
                Verb::OneWay(next(), next())
            }
            Verb::StartAll | Verb::Heal | Verb::Loss(_) | Verb::Duplicate(_) | Verb::Delay(..) => {
                verb
            }
        }
    }

    fn sides(&self, sides: &[Side]) -> Vec<Side> {
        let named = |side: &Side| side.named.iter().map(|who| self.host(*who)).collect();
        let mut hosts: Vec<BTreeSet<usize>> = sides.iter().map(named).collect();
        let taken: BTreeSet<usize> = hosts.iter().flatten().copied().collect();
        for (side, hosts) in sides.iter().zip(&mut hosts) {
            if side.others {
                hosts.extend((0..self.names.len()).filter(|host| !taken.contains(host)));
            }
        }
        let side = |hosts: BTreeSet<usize>| Side {
            named: hosts.into_iter().map(Who::Host).collect(),
            others: false,
        };
        hosts.into_iter().map(side).collect()
    }

    pub(super) fn apply(&mut self, verb: &Verb) {
        match verb {
            Verb::StartAll => (0..self.names.len()).for_each(|host| self.start(host)),
            Verb::Crash(who) => {
                let host = self.host(*who);
                self.paused.remove(&host);
                self.each_member(host, Disturbance::Crash);
            }
            Verb::Restart(who) => {
                let host = self.host(*who);
                self.paused.remove(&host);
                self.start(host);
            }
            Verb::Stop(who) => {
                let stop = |id| Disturbance::Deliver(id, Event::Shutdown);
                self.each_member(self.host(*who), stop);
            }
            Verb::Pause(who, span) => {
                let host = self.host(*who);
                self.paused.insert(host);
                self.plan(self.network.lan.now() + *span, Planned::Resume(host));
                self.each_member(host, Disturbance::Pause);
            }
            Verb::Link(who, interface, up) => {
                self.carrier(
                    self.host(*who),
                    interface.as_deref().unwrap_or_default(),
                    *up,
                );
            }
            Verb::Partition(sides) => self.partition(sides),
            Verb::OneWay(from, to) => self.cut_between(from, to),
            Verb::Heal => self.heal(),
            Verb::Loss(loss) => self.weather(Link {
                loss: *loss,
                ..self.weather
            }),
            Verb::Duplicate(duplication) => self.weather(Link {
                duplication: *duplication,
                ..self.weather
            }),
            Verb::Delay(min_delay, max_delay) => self.weather(Link {
                min_delay: *min_delay,
                max_delay: *max_delay,
                ..self.weather
            }),
        }
    }

    pub(super) fn each_member(
        &mut self,
        host: usize,
        disturbance: impl Fn(RouterId) -> Disturbance,
    ) {
        let Some(host) = self.network.hosts.get(host) else {
            return;
        };
        for member in &host.members {
            self.network.lan.disturb(disturbance(member.router));
        }
    }

    fn start(&mut self, host: usize) {
        let delay = self.network.hosts.get(host).map(|host| host.startup_delay);
        match delay {
            Some(delay) if delay > Duration::ZERO => {
                self.each_member(host, Disturbance::Crash);
                self.plan(self.network.lan.now() + delay, Planned::Boot(host));
            }
            Some(_) | None => self.boot(host),
        }
    }

    pub(super) fn boot(&mut self, host: usize) {
        self.each_member(host, Disturbance::Start);
        let Some(Host { members, down, .. }) = self.network.hosts.get_mut(host) else {
            return;
        };
        for member in members {
            let decisions = member.start(down);
            tell(&mut self.network.lan, member.router, decisions);
        }
    }

    fn carrier(&mut self, host: usize, interface: &str, up: bool) {
        let Some(Host { members, down, .. }) = self.network.hosts.get_mut(host) else {
            return;
        };
        if up {
            down.remove(interface);
        } else {
            down.insert(interface.to_owned());
        }
        let lan = &mut self.network.lan;
        for member in members {
            if member.follows(interface) {
                lan.disturb(Disturbance::Carrier(member.router, up));
            }
            tell(lan, member.router, member.assess(down));
        }
        self.isolate(!up);
    }

    /// Cuts off members whose interface has no carrier and that do not follow it
    /// (`dont_track_primary`), or all of them on return.
    fn isolate(&mut self, cut: bool) {
        let mut links = Vec::new();
        for (index, host) in self.network.hosts.iter().enumerate() {
            for member in &host.members {
                let dead = host.down.iter().any(|down| member.is_on(down));
                let blind = !member.instance.track_primary && dead == cut;
                let peers = self.network.members(member.virtual_router);
                let peers = peers.filter(|(peer, _)| blind && *peer != index);
                links.extend(peers.map(|(_, peer)| (member.router, peer.router)));
            }
        }
        for (one, other) in links {
            self.cut |= cut;
            self.cut(one, other, cut);
            self.cut(other, one, cut);
        }
    }

    fn cut(&mut self, from: RouterId, to: RouterId, cut: bool) {
        self.network.lan.disturb(Disturbance::Cut { from, to, cut });
    }

    fn partition(&mut self, sides: &[Side]) {
        for (place, side) in sides.iter().enumerate() {
            let others = sides
                .iter()
                .enumerate()
                .filter(|(other, _)| *other != place);
            let mut apart = Side::default();
            apart
                .named
                .extend(others.flat_map(|(_, side)| side.named.iter().copied()));
            let rest = (0..self.names.len()).map(Who::Host);
            let unnamed = rest.filter(|who| !sides.iter().any(|side| side.named.contains(who)));
            let unnamed: Vec<Who> = unnamed.collect();
            apart.named.extend(&unnamed);
            self.cut_between(side, &apart);
            self.cut_between(&apart, side);
        }
    }

    fn cut_between(&mut self, from: &Side, to: &Side) {
        let hosts = |side: &Side| side.named.iter().map(|who| self.host(*who)).collect();
        let (from, to): (BTreeSet<usize>, BTreeSet<usize>) = (hosts(from), hosts(to));
        let mut links = Vec::new();
        for virtual_router in 0..self.owners.len() {
            for (one, sender) in self.network.members(virtual_router) {
                for (other, receiver) in self.network.members(virtual_router) {
                    if one != other && from.contains(&one) && to.contains(&other) {
                        links.push((sender.router, receiver.router));
                    }
                }
            }
        }
        for (sender, receiver) in links {
            self.cut = true;
            self.cut(sender, receiver, true);
        }
    }

    fn heal(&mut self) {
        self.network.lan.disturb(Disturbance::Heal);
        self.cut = false;
        self.weather(Link::default());
        self.isolate(true);
    }

    fn weather(&mut self, weather: Link) {
        self.delay = self.delay.max(weather.max_delay);
        self.weather = weather;
        self.network.lan.disturb(Disturbance::Weather(weather));
    }
}

/// Tells a router what was decided about it.
fn tell(lan: &mut Lan, id: RouterId, decisions: Decisions) {
    for decision in decisions {
        lan.disturb(Disturbance::Deliver(id, decision.event));
    }
}
