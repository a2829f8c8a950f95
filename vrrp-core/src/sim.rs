//! A deterministic simulator: a LAN of virtual routers.
//!
//! Every router is the shipped [`VirtualRouter`] with its announce [`Schedule`](crate::announce)
//! and, if wanted, its [sync group](crate::group). The LAN loses, delays, duplicates and reorders
//! what they send; hosts crash, pause and come back; clocks run at different rates. All of it
//! follows from one seed, so that whatever goes wrong goes wrong again.
//!
//! While it runs, the simulation watches the [invariants](Violation). [`Lan::check`] returns the
//! first one that was broken, and [`Lan::timeline`] what led to it.
//!
//! ```
//! use vrrp_core::sim::{Disturbance, Lan};
//! use vrrp_core::{Config, Family, Instant, Settings, Version};
//!
//! let config = |priority| {
//!     let mut settings = Settings::new(Version::V3, Family::V4, 51);
//!     settings.priority = priority;
//!     Config::try_from(settings)
//! };
//! let mut lan = Lan::new(1);
//! let first = lan.router(config(200)?, "192.0.2.1".parse().expect("an address"));
//! let second = lan.router(config(100)?, "192.0.2.2".parse().expect("an address"));
//!
//! lan.run_until(Instant::from_millis(10_000));
//! assert!(lan.actives().eq([first]));
//! lan.disturb(Disturbance::Crash(first));
//! lan.run_until(Instant::from_millis(20_000));
//! assert!(lan.actives().eq([second]));
//! assert!(lan.check().is_ok(), "{}", lan.timeline());
//!
//! let (at, id, transition) = lan.timeline().transitions().last().expect("the takeover");
//! assert_eq!((at, id), (Instant::from_nanos(12_828_225_000), second));
//! assert_eq!(transition.cause.to_string(), "the active router fell silent");
//! # Ok::<(), vrrp_core::ConfigError>(())
//! ```

mod clock;
mod disturbance;
mod generator;
mod host;
mod invariant;
mod link;
mod queue;
mod random;
mod scenario;
mod soak;
mod station;
mod timeline;
mod transit;
mod verdict;
mod violation;

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use self::clock::Clock;
pub use self::disturbance::Disturbance;
pub use self::link::Link;
use self::link::Links;
use self::queue::Queue;
use self::random::Random;
pub use self::scenario::{Failure, Newcomer, Scenario};
pub use self::soak::{Soak, Tempo};
use self::station::Station;
pub use self::timeline::{Entry, Happening, Timeline};
pub use self::violation::{Breach, Violation};
use crate::group::Group;
use crate::{Config, Family, Heard, Instant, Interval, Version, VirtualRouter, Vrid, announce};

/// A router of one [`Lan`]. Using it with another LAN is a mistake that may panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouterId(usize);

impl RouterId {
    /// Its place in the order the routers were added.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

impl fmt::Display for RouterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "router {}", self.0)
    }
}

/// The routers that hear each other: one virtual router in the sense of the RFC.
#[derive(Clone, Debug)]
struct Segment {
    key: (u32, Version, Family, Vrid),
    stations: Vec<usize>,
    shortest_interval: Interval,
    longest_interval: Interval,
    dual_since: Option<Instant>,
    vacant_since: Option<Instant>,
    transitions: u64,
}

#[derive(Clone, Debug)]
struct Team {
    group: Group,
    stations: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Packet {
    Advert { to: usize, heard: Heard },
    Announcement { to: usize, from: usize },
}

#[derive(Clone, Copy, Debug)]
enum Turn {
    Disturbance,
    Packet,
    Timer(usize),
}

/// A LAN, its routers and what is under way between them.
///
/// Routers with the same version, family and VRID hear each other. At one instant disturbances come
/// first, then packets, then timers.
#[derive(Clone, Debug)]
pub struct Lan {
    now: Instant,
    random: Random,
    stations: Vec<Station>,
    segments: Vec<Segment>,
    teams: Vec<Team>,
    links: Links,
    packets: Queue<Packet>,
    plan: Queue<Disturbance>,
    timeline: Timeline,
    disturbed_at: Instant,
    disturbances: u64,
    losses: u64,
    events: u64,
    /// Whether no router has yet to start with the LAN.
    running: bool,
    breach: Option<Breach>,
    /// What stands in for [`VirtualRouter::handle`], to see invariants break.
    #[cfg(test)]
    mutant: Option<fn(&mut VirtualRouter, Instant, crate::Event) -> crate::Actions>,
}

impl Lan {
    /// The most routers on one LAN.
    pub const MAX_ROUTERS: usize = 64;

    /// An empty LAN whose every accident follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            now: Instant::EPOCH,
            random: Random::new(seed),
            stations: Vec::new(),
            segments: Vec::new(),
            teams: Vec::new(),
            links: Links::new(Link::default()),
            packets: Queue::new(),
            plan: Queue::new(),
            timeline: Timeline::default(),
            disturbed_at: Instant::EPOCH,
            disturbances: 0,
            losses: 0,
            events: 0,
            running: true,
            breach: None,
            #[cfg(test)]
            mutant: None,
        }
    }

    /// Adds a router with this primary address, to start at once.
    ///
    /// # Panics
    /// If the LAN has [`MAX_ROUTERS`](Self::MAX_ROUTERS) already.
    pub fn router(&mut self, config: Config, address: IpAddr) -> RouterId {
        let id = self.spare(config, address);
        self.stations[id.0].newcomer = true;
        self.running = false;
        id
    }

    /// Adds a router that is off until a [`Disturbance::Start`].
    ///
    /// # Panics
    /// If the LAN has [`MAX_ROUTERS`](Self::MAX_ROUTERS) already.
    pub fn spare(&mut self, config: Config, address: IpAddr) -> RouterId {
        let index = self.stations.len();
        assert!(index < Self::MAX_ROUTERS, "a LAN has at most 64 routers");
        let segment = self.segment(0, &config);
        self.segments[segment].stations.push(index);
        self.stations.push(Station::new(config, address, segment));
        self.links.grow(self.now);
        self.note_interval(segment, config.interval());
        RouterId(index)
    }

    /// Connects a router to another network, before it starts; all are on network 0 else. Routers
    /// of different networks do not hear each other.
    pub fn connect(&mut self, id: RouterId, network: u32) {
        let station = &self.stations[id.0];
        let (config, before) = (station.config, station.segment);
        let segment = self.segment(network, &config);
        self.segments[before]
            .stations
            .retain(|index| *index != id.0);
        self.segments[segment].stations.push(id.0);
        self.stations[id.0].segment = segment;
        self.note_interval(segment, config.interval());
    }

    /// Takes away the link from one router to another, which nothing heals: as with unicast to
    /// other peers, or with passwords that differ.
    pub fn disconnect(&mut self, from: RouterId, to: RouterId) {
        self.links.remove(self.now, from.0, to.0);
    }

    /// Gives a router a clock that runs `ppm` parts per million fast (at most 10 000 either way)
    /// and shows `offset` at the epoch.
    pub fn clock(&mut self, id: RouterId, offset: Duration, ppm: i32) {
        self.stations[id.0].clock = Clock::new(offset, ppm);
    }

    /// Gives a router an announce schedule, from its next start on.
    pub fn announce(&mut self, id: RouterId, config: announce::Config) {
        self.stations[id.0].announce = config;
    }

    /// Joins routers of one host in a sync group, before they start.
    pub fn group(&mut self, ids: &[RouterId]) {
        let team = self.teams.len();
        for id in ids {
            self.stations[id.0].group = Some(team);
        }
        self.teams.push(Team {
            group: Group::default(),
            stations: ids.iter().map(|id| id.0).collect(),
        });
    }

    /// Plans a disturbance.
    pub fn at(&mut self, time: Instant, disturbance: Disturbance) {
        self.plan.push(time.max(self.now), disturbance);
    }

    /// Plans the end of all troubles: links heal, nothing is lost, paused routers resume.
    pub fn calm(&mut self, time: Instant, weather: Link) {
        self.at(time, Disturbance::Heal);
        self.at(time, Disturbance::Weather(Link { loss: 0, ..weather }));
        for index in 0..self.stations.len() {
            self.at(time, Disturbance::Resume(RouterId(index)));
        }
    }

    /// Disturbs the LAN now.
    pub fn disturb(&mut self, disturbance: Disturbance) {
        self.disturbed_at = self.now;
        self.disturbances += 1;
        self.timeline
            .record(self.now, Happening::Disturbed(disturbance));
        match disturbance {
            Disturbance::Start(id) => self.start(id.0),
            Disturbance::Crash(id) => self.crash(id.0),
            Disturbance::Pause(id) => self.each_teammate(id.0, Self::pause),
            Disturbance::Resume(id) => self.each_teammate(id.0, Self::resume),
            Disturbance::Carrier(id, up) => self.carrier(id.0, up),
            Disturbance::Address(id, address) => self.address(id.0, address),
            Disturbance::Deliver(id, event) => self.deliver(id.0, event),
            Disturbance::Cut { from, to, cut } => self.links.cut(self.now, from.0, to.0, cut),
            Disturbance::Impair { from, to, link } => {
                self.links.impair(self.now, from.0, to.0, link);
            }
            Disturbance::Partition(mask) => self.links.split(self.now, mask),
            Disturbance::Heal => self.links.heal(self.now),
            Disturbance::Weather(link) => self.links.set_quality(self.now, link),
        }
    }

    /// Runs until `end`, or until an invariant breaks.
    pub fn run_until(&mut self, end: Instant) {
        while self.advance(end) {}
    }

    /// Plays the next event until `end`, and returns whether there was one. Otherwise it
    /// is `end` now, unless an invariant broke.
    pub fn advance(&mut self, end: Instant) -> bool {
        if self.breach.is_some() {
            return false;
        }
        if !self.running {
            self.running = true;
            self.start_newcomers();
        }
        let Some((at, turn)) = self.next().filter(|(at, _)| *at <= end) else {
            self.now = self.now.max(end);
            return false;
        };
        self.now = self.now.max(at);
        self.events += 1;
        match turn {
            Turn::Disturbance => {
                if let Some(disturbance) = self.plan.pop() {
                    self.disturb(disturbance);
                }
            }
            Turn::Packet => {
                if let Some(packet) = self.packets.pop() {
                    self.arrive(packet);
                }
            }
            Turn::Timer(index) => self.fire(index),
        }
        true
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The state machine of a router.
    #[must_use]
    pub fn machine(&self, id: RouterId) -> &VirtualRouter {
        &self.stations[id.0].router
    }

    /// The routers that answer for their virtual addresses.
    pub fn actives(&self) -> impl Iterator<Item = RouterId> {
        let stations = self.stations.iter().enumerate();
        stations
            .filter(|(_, station)| station.is_active())
            .map(|(index, _)| RouterId(index))
    }

    /// Whether nothing of its own, nor of its sync group, keeps a router from becoming Active.
    #[must_use]
    pub fn is_able(&self, id: RouterId) -> bool {
        self.able(&self.stations[id.0])
    }

    /// Whom the host next to this router sends to: whoever announced the addresses to it last.
    #[must_use]
    pub fn neighbour(&self, id: RouterId) -> Option<RouterId> {
        self.stations[id.0].believes.map(RouterId)
    }

    /// How many advertisements a router sent.
    #[must_use]
    pub fn adverts(&self, id: RouterId) -> u64 {
        self.stations[id.0].adverts
    }

    /// How many packets arrived, timers fired and disturbances happened.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// For how long processes of routers have been running, taken together.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        let each = self.stations.iter().map(|station| station.uptime(self.now));
        each.sum()
    }

    /// What happened.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Records every advertisement sent and heard, from here on.
    pub const fn record_adverts(&mut self) {
        self.timeline.adverts = true;
    }

    fn segment(&mut self, network: u32, config: &Config) -> usize {
        let key = (network, config.version(), config.family(), config.vrid());
        let known = self.segments.iter().position(|segment| segment.key == key);
        known.unwrap_or_else(|| {
            self.segments.push(Segment {
                key,
                stations: Vec::new(),
                shortest_interval: config.interval(),
                longest_interval: config.interval(),
                dual_since: None,
                vacant_since: Some(self.now),
                transitions: 0,
            });
            self.segments.len() - 1
        })
    }

    fn note_interval(&mut self, segment: usize, interval: Interval) {
        let segment = &mut self.segments[segment];
        segment.shortest_interval = interval.min(segment.shortest_interval);
        segment.longest_interval = interval.max(segment.longest_interval);
    }

    fn start_newcomers(&mut self) {
        for index in 0..self.stations.len() {
            if self.stations[index].newcomer {
                self.disturb(Disturbance::Start(RouterId(index)));
            }
        }
    }

    fn next(&self) -> Option<(Instant, Turn)> {
        let timer = self
            .stations
            .iter()
            .enumerate()
            .min_by_key(|(_, station)| station.wake)
            .filter(|(_, station)| station.wake < Instant::MAX)
            .map(|(index, station)| (station.wake, Turn::Timer(index)));
        let packet = self.packets.next_at().map(|at| (at, Turn::Packet));
        let disturbance = self.plan.next_at().map(|at| (at, Turn::Disturbance));
        // The first of equal times wins.
        [disturbance, packet, timer]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }

    fn teammates(&self, index: usize) -> Vec<usize> {
        self.stations[index].group.map_or_else(
            || alloc::vec![index],
            |team| self.teams[team].stations.clone(),
        )
    }

    fn each_teammate(&mut self, index: usize, act: fn(&mut Self, usize)) {
        for index in self.teammates(index) {
            act(self, index);
        }
    }
}

#[cfg(test)]
mod tests;
