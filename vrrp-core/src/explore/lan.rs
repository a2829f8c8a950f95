//! A state of the explored LAN, and the transitions from it.

mod agreement;
mod disturb;

use core::array;
use core::time::Duration;

use super::network::Network;
use super::packets::{Label, Packet, Packets};
use super::pairs::Pairs;
use super::step::{Flaw, Flaws, Step};
use super::visited::Fingerprint;
use super::{Faults, VirtualRouter};
use crate::machine::{State, Watch};
use crate::{Action, Actions, Cause, Event, Instant, Role, Transition};

pub(super) use self::agreement::Agreement;

/// The routers, what is under way between them, and what may still go wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lan<const N: usize> {
    pub(super) now: Instant,
    pub(super) hosts: [Host; N],
    packets: Packets,
    cut: Pairs,
    /// Whether the second heard the first, and missed nothing of it since, in their present roles.
    hears: Pairs,
    /// Whether the first was Active before the second, and both are since.
    before: Pairs,
    left: Faults,
    resigns_at: Instant,
}

/// A router and the process around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host {
    pub(super) router: VirtualRouter,
    pub(super) condition: Condition,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    /// There is no process.
    Off,
    /// The interface has no carrier.
    Down,
    /// It is about to start, or the carrier to return.
    Waking(Instant),
    /// The process is stopped.
    Paused(Instant),
    Running,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub(super) flaws: Flaws,
    pub(super) transition: Option<(usize, Transition)>,
    /// More was under way than there is room for.
    pub(super) overflow: bool,
}

impl Host {
    fn is_running(&self) -> bool {
        self.condition == Condition::Running
    }

    pub(super) fn is_active(&self) -> bool {
        self.router.role() == Role::Active
    }
}

impl<const N: usize> Lan<N> {
    pub(super) fn new(network: &Network<N>) -> Self {
        Self {
            now: Instant::EPOCH,
            hosts: array::from_fn(|router| Host {
                router: network.fresh(router),
                condition: Condition::Off,
            }),
            packets: Packets::new(),
            cut: Pairs::default(),
            hears: Pairs::default(),
            before: Pairs::default(),
            left: network.faults,
            resigns_at: network
                .resigner
                .map_or(Instant::MAX, |it| Instant::EPOCH + it.every),
        }
    }

    /// What happens by itself: everything that is due, in any order, and only then time passes.
    pub(super) fn calm_steps(&self, push: &mut impl FnMut(Step)) {
        let mut next = self.resigns_at;
        if self.resigns_at <= self.now {
            push(Step::Resign);
        }
        let mut held = [false; N];
        self.each_packet(|slot, packet| {
            if self.hosts[packet.label.to()].is_running() {
                held[packet.label.to()] |= packet.due < self.now;
                next = next.min(packet.due);
                push(Step::Deliver { packet: slot });
            }
        });
        for (index, (host, held)) in self.hosts.iter().zip(held).enumerate() {
            let router = octet(index);
            match host.condition {
                Condition::Off | Condition::Down => {}
                Condition::Waking(at) | Condition::Paused(at) => {
                    next = next.min(at);
                    if at <= self.now {
                        push(Step::Wake { router });
                    }
                }
                Condition::Running => {
                    let deadline = host.router.deadline().unwrap_or(Instant::MAX);
                    next = next.min(deadline);
                    if deadline <= self.now && !held {
                        push(Step::Fire { router });
                    }
                }
            }
        }
        if self.now < next && next < Instant::MAX {
            push(Step::Wait);
        }
    }

    /// Takes a step that [`calm_steps`](Self::calm_steps) or
    /// [`disturbances`](Self::disturbances) offered.
    pub(super) fn take(&mut self, network: &Network<N>, step: Step) -> Outcome {
        let mut outcome = Outcome::default();
        match step {
            Step::Wait => self.now = self.next(),
            Step::Deliver { packet } => self.deliver(network, packet, false, &mut outcome),
            Step::Duplicate { packet } => {
                self.left.duplicates -= 1;
                self.deliver(network, packet, true, &mut outcome);
            }
            Step::Fire { router } => {
                let router = usize::from(router);
                self.handle_event(network, router, Event::Timeout, &mut outcome);
                let deadline = self.hosts[router].router.deadline();
                if deadline.is_none_or(|deadline| deadline <= self.now) {
                    outcome.flaws.add(Flaw::Stuck);
                }
            }
            Step::Wake { router } => self.wake(network, usize::from(router), &mut outcome),
            Step::Resign => {
                if let Some(resigner) = network.resigner {
                    self.resigns_at = self.now + resigner.every;
                    self.send(network, resigner.router, true, &mut outcome);
                }
            }
            Step::Return { .. }
            | Step::Drop { .. }
            | Step::Crash { .. }
            | Step::Shutdown { .. }
            | Step::LoseCarrier { .. }
            | Step::Pause { .. }
            | Step::Isolate { .. }
            | Step::Cut { .. }
            | Step::Heal => self.disturb(network, step, &mut outcome),
        }
        outcome
    }

    /// The state with all times relative to the present. Left out is what has no effect any more,
    /// and what a model cannot change: configuration, priority and address of a router, and so what
    /// the router it follows advertises.
    pub(super) fn fingerprint(&self, network: &Network<N>) -> u64 {
        let mut print = Fingerprint::new();
        for host in &self.hosts {
            self.add_host(network, host, &mut print);
        }
        for Packet { label, due } in self.packets.iter() {
            let due = if due < self.now {
                u64::MAX >> 8
            } else {
                self.ahead(due)
            };
            let pair = (label.from() | label.to() << 2 | usize::from(label.resigns()) << 4) as u64;
            print.add(due << 8 | pair);
        }
        print.add(self.cut.word() << 32 | self.hears.word() << 16 | self.before.word());
        print.add(self.left.word());
        if network.resigner.is_some() {
            print.add(self.ahead(self.resigns_at));
        }
        print.finish()
    }

    fn add_host(&self, network: &Network<N>, host: &Host, print: &mut Fingerprint) {
        let (condition, until) = match host.condition {
            Condition::Off => (0, Instant::EPOCH),
            Condition::Down => (1, Instant::EPOCH),
            Condition::Waking(at) => (2, at),
            Condition::Paused(at) => (3, at),
            Condition::Running => (4, Instant::EPOCH),
        };
        let until = self.ahead(until);
        let router = &host.router;
        let tag = condition | u64::from(router.is_started()) << 3;
        match router.state() {
            State::Initialize => print.add(tag | until << 8),
            State::Backup {
                active_down,
                active_interval,
                preempt_at,
                watch,
            } => {
                let watch = match watch {
                    Watch::Silence => 0,
                    Watch::Lower => 1,
                    Watch::Resigned => 2,
                    Watch::Expired => 3,
                };
                let follows = router
                    .active_router()
                    .map_or(N + 1, |heard| network.index(heard.source));
                let preempt = preempt_at.map_or(u64::MAX >> 1, |at| self.ahead(at));
                print.add(tag | 1 << 4 | watch << 6 | until << 8);
                print.add(u64::from(active_interval.centis()) << 8 | follows as u64);
                print.add(active_down.as_nanos().wrapping_sub(self.now.as_nanos()));
                print.add(preempt);
            }
            State::Active {
                advertise_at,
                answers,
            } => {
                print.add(tag | 2 << 4 | until << 8);
                print.add(advertise_at.as_nanos().wrapping_sub(self.now.as_nanos()));
                print.add(self.ahead(answers.lower) << 32 ^ self.ahead(answers.resignation));
            }
        }
    }

    const fn ahead(&self, at: Instant) -> u64 {
        at.as_nanos().saturating_sub(self.now.as_nanos())
    }

    fn next(&self) -> Instant {
        let packets = self.packets.iter();
        let packets = packets
            .filter(|packet| self.hosts[packet.label.to()].is_running())
            .map(|packet| packet.due);
        let hosts = self.hosts.iter().filter_map(|host| match host.condition {
            Condition::Off | Condition::Down => None,
            Condition::Waking(at) | Condition::Paused(at) => Some(at),
            Condition::Running => host.router.deadline(),
        });
        packets
            .chain(hosts)
            .min()
            .map_or(self.resigns_at, |at| at.min(self.resigns_at))
    }

    pub(super) fn packet(&self, slot: u8) -> Option<Packet> {
        self.packets.get(usize::from(slot))
    }

    /// Each packet that is not the same as the one before it.
    fn each_packet(&self, mut each: impl FnMut(u8, Packet)) {
        let mut last = None;
        for (slot, packet) in self.packets.iter().enumerate() {
            if last != Some(packet) {
                each(octet(slot), packet);
            }
            last = Some(packet);
        }
    }

    fn deliver(&mut self, network: &Network<N>, slot: u8, keep: bool, outcome: &mut Outcome) {
        let Some(Packet { label, .. }) = self.packet(slot) else {
            return;
        };
        if !keep {
            self.packets.remove(usize::from(slot));
        }
        let (from, to) = (label.from(), label.to());
        let Some(heard) = network.heard(from, to, label.resigns()) else {
            return;
        };
        let newer = self.before.has(to, from) && !network.stations[from].config.preempt();
        let event = Event::Advertisement(heard);
        self.handle_event(network, to, event, outcome);
        let yielded = |transition: Transition| transition.cause == Cause::HigherPriorityBackup;
        if newer && outcome.transition.is_some_and(|(_, it)| yielded(it)) {
            outcome.flaws.add(Flaw::PreemptedDespiteMode);
        }
        let live = self.hosts[from].is_running() && !label.resigns();
        if live && self.hosts[to].router.role() == Role::Backup {
            self.hears.set(from, to);
        }
    }

    fn wake(&mut self, network: &Network<N>, router: usize, outcome: &mut Outcome) {
        let paused = matches!(self.hosts[router].condition, Condition::Paused(_));
        self.hosts[router].condition = Condition::Running;
        if paused {
            return;
        }
        if self.hosts[router].router.is_started() {
            self.handle_event(network, router, Event::InterfaceUp, outcome);
        } else {
            let address = network.stations[router].address;
            self.handle_event(
                network,
                router,
                Event::PrimaryAddress(Some(address)),
                outcome,
            );
            self.handle_event(network, router, Event::Startup, outcome);
        }
    }

    fn handle_event(
        &mut self,
        network: &Network<N>,
        router: usize,
        event: Event,
        outcome: &mut Outcome,
    ) {
        let actions = self.hosts[router].router.handle(self.now, event);
        if let Some(transition) = actions.transition() {
            self.note_transition(router, transition, &mut outcome.flaws);
            outcome.transition = Some((router, transition));
        }
        if !follow_role(&actions) {
            outcome.flaws.add(Flaw::Addresses);
        }
        for action in actions {
            if let Action::Advertise(priority) = action {
                self.send(network, router, priority.is_resign(), outcome);
            }
        }
        let station = &network.stations[router];
        let bound = match self.hosts[router].router.role() {
            Role::Initialize => Duration::ZERO,
            Role::Backup => station.down,
            Role::Active => station.config.interval().duration(),
        };
        let deadline = self.hosts[router].router.deadline();
        if deadline.is_some_and(|deadline| deadline > self.now + bound) {
            outcome.flaws.add(Flaw::Late);
        }
    }

    fn note_transition(&mut self, router: usize, transition: Transition, flaws: &mut Flaws) {
        let resigned = transition.cause == Cause::ActiveResigned;
        if resigned || transition.cause == Cause::ActiveTimeout {
            let own = self.hosts[router].router.priority();
            let better = self.hosts.iter().enumerate().any(|(from, host)| {
                self.hears.has(from, router)
                    && host.is_running()
                    && host.is_active()
                    && host.router.priority() >= own
            });
            if better {
                flaws.add(if resigned {
                    Flaw::DisplacedByResignation
                } else {
                    Flaw::Displaced
                });
            }
        }
        self.hears.forget(router);
        self.before.forget(router);
        if transition.to == Role::Active {
            for (other, host) in self.hosts.iter().enumerate() {
                if other != router && host.is_active() {
                    self.before.set(other, router);
                }
            }
        }
    }

    fn send(&mut self, network: &Network<N>, from: usize, resigns: bool, outcome: &mut Outcome) {
        for to in 0..N {
            if to == from || network.heard(from, to, resigns).is_none() {
                continue;
            }
            let listens = match self.hosts[to].condition {
                Condition::Off | Condition::Down | Condition::Waking(_) => false,
                Condition::Paused(_) | Condition::Running => true,
            };
            if !listens || self.cut.has(from, to) {
                self.hears.clear(from, to);
                continue;
            }
            let packet = Packet {
                label: Label::new(from, to, resigns),
                due: self.now + network.delay,
            };
            outcome.overflow |= !self.packets.push(packet);
            let fresh = self.packets.iter().filter(|it| it.due >= self.now);
            let pair = |it: &Packet| it.label.from() == from && it.label.to() == to;
            if fresh.filter(pair).count() > network.bounds.packets {
                outcome.flaws.add(Flaw::Storm);
            }
        }
    }
}

/// Whether addresses are added on the way to Active, removed on the way from it, and never else.
fn follow_role(actions: &Actions) -> bool {
    let count = |wanted| actions.iter().filter(|action| **action == wanted).count();
    let (from, to) = match actions.transition() {
        None => (false, false),
        Some(transition) => (
            transition.from == Role::Active,
            transition.to == Role::Active,
        ),
    };
    count(Action::AddAddresses) == usize::from(to && !from)
        && count(Action::RemoveAddresses) == usize::from(from && !to)
}

/// Routers and packets are few.
fn octet(index: usize) -> u8 {
    u8::try_from(index).unwrap_or(u8::MAX)
}
