//! The random generator of routers, network conditions and disturbances.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use super::random::Random;
use super::scenario::{Newcomer, Scenario};
use super::{Disturbance, Link, RouterId};
use crate::{Config, Event, Family, Instant, Interval, Priority, Settings, Version, announce};

/// How long everything happens for that happens before a calm, in intervals.
const TURMOIL: u32 = 40;

#[derive(Clone, Debug)]
pub(super) struct Generator {
    random: Random,
    version: Version,
    family: Family,
    /// Centiseconds.
    intervals: [u16; 2],
    /// Of announcements.
    refreshes: [Duration; 3],
    grouped: bool,
    answers: bool,
    hosts: usize,
    fresh: u8,
}

impl Generator {
    /// What happens for this seed, where intervals are anything up to ten seconds.
    pub(super) fn new(seed: u64) -> Self {
        let mut random = stream(seed);
        let (version, family) = random.pick([
            (Version::V3, Family::V4),
            (Version::V3, Family::V6),
            (Version::V2, Family::V4),
        ]);
        let usual = match version {
            Version::V2 => random.pick([100, 100, 300]),
            Version::V3 => random.pick([1, 10, 50, 100, 100, 400]),
        };
        let other = match version {
            Version::V3 if random.chance(400) => random.pick([2, 20, 100, 1000]),
            Version::V2 | Version::V3 => usual,
        };
        Self {
            refreshes: [0, 0, 2].map(Duration::from_secs),
            ..Self::with(random, version, family, [usual, other])
        }
    }

    /// What happens for this seed to routers with these intervals.
    pub(super) fn paced(
        seed: u64,
        version: Version,
        family: Family,
        [usual, other]: [u16; 2],
    ) -> Self {
        let mut random = stream(seed);
        let other = if random.chance(400) { other } else { usual };
        let refresh = 3 * Duration::from_millis(10) * u32::from(usual.max(other));
        Self {
            refreshes: [Duration::ZERO, Duration::ZERO, refresh],
            ..Self::with(random, version, family, [usual, other])
        }
    }

    fn with(mut random: Random, version: Version, family: Family, intervals: [u16; 2]) -> Self {
        Self {
            version,
            family,
            intervals,
            refreshes: [Duration::ZERO; 3],
            hosts: random.pick([2, 2, 3, 4]),
            grouped: random.chance(250),
            answers: random.chance(667),
            fresh: 0,
            random,
        }
    }

    /// The longest interval.
    pub(super) fn unit(&self) -> Duration {
        Duration::from_millis(10) * u32::from(self.intervals[0].max(self.intervals[1]))
    }

    pub(super) fn scenario(&mut self, seed: u64) -> Scenario {
        let (routers, groups) = self.routers();
        let weather = self.weather();
        let disturbances = self.turmoil(Instant::EPOCH, 16, &routers);
        Scenario {
            seed,
            routers,
            groups,
            weather,
            disturbances,
            calm: Instant::EPOCH + self.unit() * (TURMOIL + 1),
        }
    }

    /// The hosts' routers, and which of them are in sync groups.
    fn routers(&mut self) -> (Vec<Newcomer>, Vec<Vec<usize>>) {
        let announce = self.announce();
        let mut routers = Vec::new();
        let mut groups = Vec::new();
        for host in 0..self.hosts {
            let settings = self.settings();
            let ppm = self.random.pick([0, 0, 100, -100, 5_000, -5_000]);
            let mut group = Vec::new();
            for vrid in 1..=u8::from(self.grouped) + 1 {
                group.push(routers.len());
                routers.push(Newcomer {
                    config: valid(Settings { vrid, ..settings }),
                    announce,
                    address: self.address(u8::try_from(host + 1).unwrap_or(u8::MAX)),
                    ppm,
                });
            }
            if self.grouped {
                groups.push(group);
            }
        }
        (routers, groups)
    }

    /// At most `most` disturbances in the intervals after `start`, in order.
    pub(super) fn turmoil(
        &mut self,
        start: Instant,
        most: u64,
        routers: &[Newcomer],
    ) -> Vec<(Instant, Disturbance)> {
        let span = self.unit() * TURMOIL;
        let mut disturbances = Vec::new();
        for _ in 0..self.random.below(most + 1) {
            let at = start + span * self.thousandths() / 1000;
            disturbances.push((at, self.disturbance(routers)));
        }
        disturbances.sort_by_key(|(at, _)| *at);
        disturbances
    }

    /// When the turmoil that started then has ended.
    pub(super) fn calm_after(&self, start: Instant) -> Instant {
        start + self.unit() * (TURMOIL + 1)
    }

    /// How long nothing happens between two turmoils: as long as twenty of them at most.
    pub(super) fn quiet(&mut self) -> Duration {
        self.unit() * TURMOIL * self.thousandths() / 50
    }

    fn thousandths(&mut self) -> u32 {
        u32::try_from(self.random.below(1000)).unwrap_or_default()
    }

    fn announce(&mut self) -> announce::Config {
        let settings = announce::Settings {
            delay: Duration::from_secs(1),
            refresh: self.random.pick(self.refreshes),
            ..announce::Settings::default()
        };
        announce::Config::try_from(settings).unwrap_or_default()
    }

    fn settings(&mut self) -> Settings {
        let random = &mut self.random;
        let interval = random.pick(self.intervals);
        let interval = Interval::from_centis(interval).expect("intervals are 0.01 s to 10 s");
        let unit = interval.duration();
        Settings {
            priority: random.pick([1, 50, 100, 100, 101, 150, 200, 254, 255]),
            interval,
            preempt: random.chance(750),
            preempt_delay: random.pick([0, 0, 0, 1, 10]) * unit,
            down_multiplier: random.pick([2, 3, 3, 3, 5]),
            answer_lower: self.answers || random.chance(500),
            answer_higher: random.chance(333),
            ..Settings::new(self.version, self.family, 1)
        }
    }

    const fn address(&self, last: u8) -> IpAddr {
        match self.family {
            Family::V4 => IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)),
            Family::V6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last as u16)),
        }
    }

    /// Delays of at most a quarter of the shortest interval.
    pub(super) fn weather(&mut self) -> Link {
        let shortest =
            Duration::from_millis(10) * u32::from(self.intervals[0].min(self.intervals[1]));
        let min_delay = shortest * self.thousandths() / 16_000;
        Link {
            min_delay,
            max_delay: min_delay + shortest * self.thousandths() / 8_000,
            loss: self.random.pick([0, 0, 0, 50, 300]),
            duplication: self.random.pick([0, 0, 200]),
        }
    }

    fn disturbance(&mut self, routers: &[Newcomer]) -> Disturbance {
        let count = routers.len() as u64;
        let [one, two] = [0; 2].map(|_| usize::try_from(self.random.below(count)).unwrap_or(0));
        let (id, other) = (RouterId(one), RouterId(two));
        match self.random.below(17) {
            0 => Disturbance::Crash(id),
            1 | 2 => Disturbance::Start(id),
            3 => Disturbance::Pause(id),
            4 => Disturbance::Resume(id),
            5 => Disturbance::Carrier(id, false),
            6 => Disturbance::Carrier(id, true),
            7 => Disturbance::Cut {
                from: id,
                to: other,
                cut: self.random.chance(800),
            },
            8 | 9 => Disturbance::Partition(self.random.next()),
            10 => Disturbance::Heal,
            11 => Disturbance::Deliver(id, Event::Fault),
            12 => Disturbance::Deliver(id, Event::Recover),
            13 => Disturbance::Deliver(id, self.random.pick([Event::Startup, Event::Shutdown])),
            14 => Disturbance::Impair {
                from: id,
                to: other,
                link: Some(self.weather()),
            },
            15 => Disturbance::Weather(self.weather()),
            _ if self.grouped => Disturbance::Heal,
            _ => self.change(id, &routers[one].config),
        }
    }

    /// A change of what the election compares. Members of sync groups are spared: theirs have to
    /// agree with each other.
    fn change(&mut self, id: RouterId, config: &Config) -> Disturbance {
        match self.random.below(4) {
            0 => {
                self.fresh = (self.fresh + 1) % 10;
                let host = u8::try_from(id.index()).unwrap_or_default();
                let address = self.address(100 + host * 10 + self.fresh);
                Disturbance::Address(id, Some(address))
            }
            1 => Disturbance::Address(id, None),
            2 => {
                let priority = self.random.pick([1, 100, 120, 254]);
                Disturbance::Deliver(id, Event::Priority(Priority::from_wire(priority)))
            }
            _ => {
                let config = valid(Settings {
                    vrid: config.vrid().get(),
                    ..self.settings()
                });
                Disturbance::Deliver(id, Event::Configure(config))
            }
        }
    }
}

/// Another stream than the LAN's own.
fn stream(seed: u64) -> Random {
    Random::new(seed ^ 0x5ce4_a210)
}

#[expect(
    clippy::expect_used,
    reason = "every choice of the generator is in range"
)]
fn valid(settings: Settings) -> Config {
    Config::try_from(settings).expect("the generator chooses valid settings")
}
