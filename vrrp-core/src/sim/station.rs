//! One simulated router with its clock, process, interface and neighbours.

use alloc::collections::VecDeque;
use core::net::IpAddr;
use core::time::Duration;

use super::clock::Clock;
use crate::announce::{self, Schedule};
use crate::{Config, Event, Heard, Instant, Interval, Role, VirtualRouter};

/// What the socket of a paused process holds.
const INBOX: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    Off,
    Running,
    Paused,
}

/// What the invariants need to remember of a router; times on its own clock unless said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// When something last re-armed Active_Down_Timer for a good reason.
    pub(super) rearmed: Instant,
    /// The interval its Active_Down_Timer counts with: its own or the one it learned.
    pub(super) interval: Interval,
    /// The interval it heard last.
    pub(super) advertised: Interval,
    /// Whether a resignation was the last thing it heard that counts.
    pub(super) resigned: bool,
    /// Since when it has been in its role undisturbed, on the LAN's clock.
    pub(super) steady: Instant,
    /// Thousandths of advertisements it may send, as of `credited` on the LAN's clock.
    pub(super) credit: u64,
    pub(super) credited: Instant,
}

#[derive(Clone, Debug)]
pub(super) struct Station {
    pub(super) config: Config,
    pub(super) announce: announce::Config,
    pub(super) address: Option<IpAddr>,
    /// The address packets carry: the last one known.
    pub(super) source: IpAddr,
    pub(super) segment: usize,
    pub(super) group: Option<usize>,
    pub(super) router: VirtualRouter,
    pub(super) schedule: Schedule,
    pub(super) clock: Clock,
    pub(super) power: Power,
    /// Since when its process exists, on the LAN's clock.
    alive_since: Option<Instant>,
    /// How long earlier processes existed.
    lifetimes: Duration,
    pub(super) carrier: bool,
    pub(super) fault: bool,
    pub(super) switched_on: bool,
    /// Whether it has yet to start with the LAN.
    pub(super) newcomer: bool,
    /// Whether the virtual addresses are on the interface.
    pub(super) addresses: bool,
    pub(super) inbox: VecDeque<Event>,
    /// Whom the host next to this router sends to: the router it last heard an announcement of.
    pub(super) believes: Option<usize>,
    /// When its process next wants to run, on the LAN's clock.
    pub(super) wake: Instant,
    pub(super) adverts: u64,
    pub(super) seen: Seen,
}

impl Station {
    pub(super) fn new(config: Config, address: IpAddr, segment: usize) -> Self {
        let announce = announce::Config::default();
        Self {
            config,
            announce,
            address: Some(address),
            source: address,
            segment,
            group: None,
            router: VirtualRouter::new(config),
            schedule: Schedule::new(announce),
            clock: Clock::default(),
            power: Power::Off,
            alive_since: None,
            lifetimes: Duration::ZERO,
            carrier: true,
            fault: false,
            switched_on: false,
            newcomer: false,
            addresses: false,
            inbox: VecDeque::new(),
            believes: None,
            wake: Instant::MAX,
            adverts: 0,
            seen: Seen {
                rearmed: Instant::EPOCH,
                interval: config.interval(),
                advertised: config.interval(),
                resigned: false,
                steady: Instant::EPOCH,
                credit: 0,
                credited: Instant::EPOCH,
            },
        }
    }

    /// The process is new: whatever it knew is gone, and so are the addresses it had added.
    pub(super) fn reset(&mut self, now: Instant, power: Power) {
        self.lifetimes = self.uptime(now);
        self.alive_since = (power == Power::Running).then_some(now);
        self.router = VirtualRouter::new(self.config);
        self.schedule = Schedule::new(self.announce);
        self.power = power;
        self.newcomer = false;
        self.fault = false;
        self.switched_on = power == Power::Running;
        self.addresses = false;
        self.inbox.clear();
        self.wake = Instant::MAX;
    }

    pub(super) fn uptime(&self, now: Instant) -> Duration {
        let alive = self.alive_since;
        let current = alive.map(|since| now.saturating_duration_since(since));
        self.lifetimes + current.unwrap_or_default()
    }

    /// The events a process learns of when it starts.
    pub(super) fn boot(&self) -> impl Iterator<Item = Event> + use<> {
        [
            self.group.map(|_| Event::Hold),
            (!self.carrier).then_some(Event::InterfaceDown),
            self.address
                .map(|address| Event::PrimaryAddress(Some(address))),
            Some(Event::Startup),
        ]
        .into_iter()
        .flatten()
    }

    pub(super) fn is_active(&self) -> bool {
        self.power != Power::Off && self.router.role() == Role::Active
    }

    /// Whether nothing of its own keeps it from taking part.
    pub(super) const fn is_fit(&self) -> bool {
        matches!(self.power, Power::Running)
            && self.switched_on
            && self.carrier
            && self.address.is_some()
            && !self.fault
    }

    pub(super) const fn listens(&self) -> bool {
        !matches!(self.power, Power::Off) && self.carrier
    }

    pub(super) fn queue(&mut self, heard: Heard) {
        if self.inbox.len() < INBOX {
            self.inbox.push_back(Event::Advertisement(heard));
        }
    }

    pub(super) fn rewake(&mut self) {
        let deadlines = [self.router.deadline(), self.schedule.deadline()];
        let earliest = deadlines.into_iter().flatten().min();
        self.wake = match (self.power, earliest) {
            (Power::Running, Some(deadline)) => self.clock.global(deadline),
            (Power::Running | Power::Paused | Power::Off, _) => Instant::MAX,
        };
    }
}
