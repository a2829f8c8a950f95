//! One router with everything around it: clock, process, interface, neighbours.

use alloc::collections::VecDeque;
use core::net::IpAddr;

use super::clock::Clock;
use crate::announce::{self, Schedule};
use crate::{Config, Event, Heard, Instant, Role, VirtualRouter};

/// What the socket of a paused process holds.
const INBOX: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    Off,
    Running,
    Paused,
}

/// What the invariants need to remember of a router; times on its own clock unless said.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// When something last re-armed Active_Down_Timer for a good reason.
    pub(super) rearmed: Instant,
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
            carrier: true,
            fault: false,
            switched_on: false,
            newcomer: false,
            addresses: false,
            inbox: VecDeque::new(),
            believes: None,
            wake: Instant::MAX,
            adverts: 0,
            seen: Seen::default(),
        }
    }

    /// The process is new: whatever it knew is gone, and so are the addresses it had added.
    pub(super) fn reset(&mut self, power: Power) {
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
