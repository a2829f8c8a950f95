//! The run of a simulation, and the ownership of addresses in it.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use vrrp_core::sim::{Disturbance, Happening, Lan, Link, RouterId};
use vrrp_core::{Cause, Instant, Role, skew};

use super::network::Network;
use super::report::{Line, Report, Row, Seconds, Share};
use super::script::{Step, StepText, Verb, Who};

/// What happens at a time.
#[derive(Clone, Debug)]
pub(super) enum Planned {
    Do(Verb),
    /// The daemon of a host starts, `vrrp_startup_delay` after its host.
    Boot(usize),
    /// A paused host goes on.
    Resume(usize),
}

/// Who answers for one virtual router.
#[derive(Clone, Debug)]
pub(super) struct Ownership {
    pub(super) masters: Vec<usize>,
    /// Since when, in all.
    began: Instant,
    /// Since when under the circumstances.
    since: Instant,
}

/// A simulation under way.
#[derive(Debug)]
pub(super) struct Play {
    pub(super) network: Network,
    pub(super) names: Vec<String>,
    plan: BTreeMap<(Instant, usize), Planned>,
    /// How much was ever planned.
    count: usize,
    pub(super) owners: Vec<Ownership>,
    rows: Vec<Row>,
    lines: Vec<Line>,
    heard: u64,
    pub(super) weather: Link,
    /// The longest that a packet may take so far.
    pub(super) delay: Duration,
    pub(super) cut: bool,
    pub(super) paused: BTreeSet<usize>,
}

impl Play {
    pub(super) fn new(network: Network, steps: Vec<Step>) -> Self {
        let vacant = Ownership {
            masters: Vec::new(),
            began: Instant::EPOCH,
            since: Instant::EPOCH,
        };
        let weather = Link::default();
        let mut play = Self {
            names: network.hosts.iter().map(|host| host.name.clone()).collect(),
            owners: vec![vacant; network.virtual_routers.len()],
            network,
            plan: BTreeMap::new(),
            count: 0,
            rows: Vec::new(),
            lines: Vec::new(),
            heard: 0,
            delay: weather.max_delay,
            weather,
            cut: false,
            paused: BTreeSet::new(),
        };
        play.plan(Instant::EPOCH, Planned::Do(Verb::StartAll));
        for step in steps {
            play.plan(Instant::EPOCH + step.at, Planned::Do(step.verb));
        }
        play
    }

    pub(super) fn plan(&mut self, at: Instant, planned: Planned) {
        self.plan.insert((at, self.count), planned);
        self.count += 1;
    }

    /// Plays until `end`, or until everything planned has settled.
    pub(super) fn run(mut self, end: Option<Duration>) -> Report {
        let settling = settling(&self.network.lan);
        let end = end.map(|end| Instant::EPOCH + end);
        let mut last = Instant::EPOCH;
        while let Some(((at, _), planned)) = self.plan.pop_first() {
            if end.is_some_and(|end| at > end) || !self.until(at) {
                break;
            }
            last = at;
            self.perform(planned);
        }
        self.until(end.unwrap_or(last + settling));
        self.turn_page();
        for owners in 0..self.owners.len() {
            self.tell_ownership(owners);
        }
        let breach = self.network.lan.check().err();
        Report {
            network: self.network,
            lines: self.lines,
            rows: self.rows,
            breach,
        }
    }

    /// Plays until `time` and returns whether every invariant held.
    fn until(&mut self, time: Instant) -> bool {
        while self.network.lan.advance(time) {
            self.observe();
        }
        self.network.lan.check().is_ok()
    }

    fn say(&mut self, text: String) {
        let at = self.network.lan.now();
        self.lines.push(Line { at, text });
    }

    /// Looks at what changed.
    fn observe(&mut self) {
        let timeline = self.network.lan.timeline();
        let recorded = timeline.recorded();
        if recorded == self.heard {
            return;
        }
        let fresh: Vec<Happening> = timeline.after(self.heard).map(|entry| entry.what).collect();
        self.heard = recorded;
        for happening in fresh {
            if let Happening::Changed(id, transition) = happening
                && let Some((host, name)) = self.whose(id)
            {
                let state = state(transition.to, transition.cause);
                let cause = transition.cause;
                self.say(format!("{host} is {state} in {name}: {cause}"));
            }
        }
        for virtual_router in 0..self.owners.len() {
            self.recount(virtual_router);
        }
    }

    fn whose(&self, id: RouterId) -> Option<(String, String)> {
        let mut each = self.network.hosts.iter().flat_map(|host| {
            let members = host.members.iter();
            members.map(move |member| (host, member))
        });
        let (host, member) = each.find(|(_, member)| member.router == id)?;
        let known = self.network.virtual_routers.get(member.virtual_router)?;
        Some((host.name.clone(), known.name.clone()))
    }

    fn recount(&mut self, virtual_router: usize) {
        let lan = &self.network.lan;
        let actives: BTreeSet<RouterId> = lan.actives().collect();
        let members = self.network.members(virtual_router);
        let masters: Vec<usize> = members
            .filter(|(_, member)| actives.contains(&member.router))
            .map(|(host, _)| host)
            .collect();
        let now = lan.now();
        let Some(owners) = self.owners.get(virtual_router) else {
            return;
        };
        if owners.masters == masters {
            return;
        }
        self.settle(virtual_router);
        self.tell_ownership(virtual_router);
        if let Some(owners) = self.owners.get_mut(virtual_router) {
            *owners = Ownership {
                masters,
                began: now,
                since: now,
            };
        }
    }

    /// Says for how long nobody or several were master.
    fn tell_ownership(&mut self, virtual_router: usize) {
        let Some(owners) = self.owners.get(virtual_router).cloned() else {
            return;
        };
        let now = self.network.lan.now();
        let span = now.saturating_duration_since(owners.began);
        let name = self.network.virtual_routers.get(virtual_router);
        let name = name.map_or("", |known| known.name.as_str());
        let hosts: Vec<&str> = owners
            .masters
            .iter()
            .filter_map(|host| self.names.get(*host).map(String::as_str))
            .collect();
        let text = match hosts.as_slice() {
            [] if span > Duration::ZERO => {
                format!("{name} had no master for {}", Seconds(span))
            }
            [_, _, ..] if span > 2 * self.delay => {
                let hosts = hosts.join(" and ");
                let span = Seconds(span);
                format!("{name} had the masters {hosts} for {span}")
            }
            _ => return,
        };
        self.say(text);
    }

    /// Enters what a virtual router has been through since circumstances or masters changed.
    fn settle(&mut self, virtual_router: usize) {
        let now = self.network.lan.now();
        let Some(owners) = self.owners.get_mut(virtual_router) else {
            return;
        };
        let span = now.saturating_duration_since(owners.since);
        owners.since = now;
        let share = self
            .rows
            .last_mut()
            .and_then(|row| row.shares.get_mut(virtual_router));
        let Some(share) = share else {
            return;
        };
        match owners.masters.len() {
            0 => share.vacant = share.vacant.max(span),
            1 => {}
            _ => share.dual = share.dual.max(span),
        }
    }

    /// Ends the row of the last fault.
    fn turn_page(&mut self) {
        for virtual_router in 0..self.owners.len() {
            self.settle(virtual_router);
            let masters = self
                .owners
                .get(virtual_router)
                .map(|owners| &owners.masters);
            let names: Vec<String> = masters
                .into_iter()
                .flatten()
                .filter_map(|host| self.names.get(*host).cloned())
                .collect();
            let row = self.rows.last_mut();
            if let Some(share) = row.and_then(|row| row.shares.get_mut(virtual_router)) {
                share.masters = names;
            }
        }
    }

    fn perform(&mut self, planned: Planned) {
        self.turn_page();
        let resigning = self.resigning(&planned);
        match planned {
            Planned::Do(verb) => {
                let verb = self.resolve(verb);
                let names = &self.names;
                let fault = StepText { verb: &verb, names }.to_string();
                self.open(fault);
                self.apply(&verb);
            }
            Planned::Boot(host) => {
                self.open(format!("the daemon of {} starts", self.name(host)));
                self.boot(host);
            }
            Planned::Resume(host) => {
                if !self.paused.remove(&host) {
                    return;
                }
                self.open(format!("{} goes on (SIGCONT)", self.name(host)));
                self.each_member(host, Disturbance::Resume);
            }
        }
        self.observe();
        for virtual_router in 0..self.owners.len() {
            self.recount(virtual_router);
            let share = self.bounds(virtual_router, resigning.contains(&virtual_router));
            let row = self.rows.last_mut();
            if let Some(known) = row.and_then(|row| row.shares.get_mut(virtual_router)) {
                known.patience = share.patience;
                known.contention = share.contention;
            }
        }
    }

    fn name(&self, host: usize) -> &str {
        self.names.get(host).map_or("", String::as_str)
    }

    fn open(&mut self, fault: String) {
        self.say(fault.clone());
        self.rows.push(Row {
            at: self.network.lan.now(),
            fault,
            shares: vec![Share::default(); self.owners.len()],
        });
    }

    /// The virtual routers whose settled master this lets resign.
    fn resigning(&self, planned: &Planned) -> BTreeSet<usize> {
        let Planned::Do(Verb::Stop(who)) = planned else {
            return BTreeSet::new();
        };
        let host = self.host(*who);
        let now = self.network.lan.now();
        let settled = |virtual_router: &usize| {
            let contention = self.network.contention(*virtual_router, self.delay);
            self.is_clean()
                && self.owners.get(*virtual_router).is_some_and(|owners| {
                    owners.masters == [host]
                        && contention.is_some_and(|span| owners.began + span < now)
                })
        };
        (0..self.owners.len()).filter(settled).collect()
    }

    /// What is allowed from now on.
    fn bounds(&self, virtual_router: usize, resigned: bool) -> Share {
        let network = &self.network;
        let patience = if resigned {
            let able = network.members(virtual_router).filter_map(|(_, member)| {
                let priority = network.lan.machine(member.router).priority();
                let instance = &member.instance;
                let able = network.lan.is_able(member.router);
                able.then(|| skew(instance.version, priority, instance.interval) + self.delay)
            });
            able.min()
        } else {
            network.patience(virtual_router, self.delay)
        };
        let contention = network.contention(virtual_router, self.delay);
        Share {
            patience,
            contention: contention.filter(|_| self.is_clean()),
            ..Share::default()
        }
    }

    fn is_clean(&self) -> bool {
        !self.cut && self.weather.loss == 0 && self.paused.is_empty()
    }

    pub(super) fn host(&self, who: Who) -> usize {
        match who {
            Who::Host(host) => host,
            Who::Master => {
                let owners = self.owners.first();
                owners
                    .and_then(|owners| owners.masters.first().copied())
                    .unwrap_or(0)
            }
        }
    }
}

/// How long everything takes to settle, in whole seconds.
pub(super) fn settling(lan: &Lan) -> Duration {
    Duration::from_secs(lan.convergence().as_secs() + 1)
}

const fn state(role: Role, cause: Cause) -> &'static str {
    match (role, cause) {
        (Role::Active, _) => "MASTER",
        (Role::Backup, _) => "BACKUP",
        (Role::Initialize, Cause::Shutdown) => "STOPPED",
        (Role::Initialize, _) => "FAULT",
    }
}
