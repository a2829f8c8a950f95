//! Random scenarios: a LAN, its routers, and what happens to them, all from one seed.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use super::random::Random;
use super::{Breach, Disturbance, Lan, Link, RouterId, Timeline};
use crate::announce;
use crate::{Config, Event, Family, Instant, Priority, Settings, Version};

/// A router of a [`Scenario`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Its configuration.
    pub config: Config,
    /// Its announce schedule.
    pub announce: announce::Config,
    /// Its primary address.
    pub address: IpAddr,
    /// How fast its clock runs, in parts per million.
    pub ppm: i32,
}

/// What [`Lan::check`] is to judge: routers, weather and disturbances that end in calm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// What every accident follows from.
    pub seed: u64,
    /// The routers; their [`RouterId::index`] is the place here.
    pub routers: Vec<Newcomer>,
    /// Sync groups, as places in `routers`.
    pub groups: Vec<Vec<usize>>,
    /// The links until the calm.
    pub weather: Link,
    /// What happens before the calm.
    pub disturbances: Vec<(Instant, Disturbance)>,
    /// When all links heal, nothing is lost any more, and paused routers resume.
    pub calm: Instant,
}

impl Scenario {
    /// The scenario of this seed: two to four hosts with one virtual router, or two in a sync
    /// group, all versions and families, at most sixteen disturbances.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        Generator::new(seed).scenario()
    }

    /// Plays the scenario until everything had the time to settle.
    ///
    /// # Errors
    /// The first invariant that broke, with the timeline up to there.
    pub fn run(&self) -> Result<Lan, Box<Failure>> {
        self.play(false)
    }

    fn play(&self, adverts: bool) -> Result<Lan, Box<Failure>> {
        let mut lan = self.lan();
        if adverts {
            lan.record_adverts();
        }
        lan.run_until(self.calm);
        let settled = self.calm + lan.convergence();
        let refreshed = self.routers.iter().map(|router| {
            let settings = announce::Settings::from(router.announce);
            settings.delay + 2 * settings.refresh
        });
        let spare = refreshed.max().unwrap_or_default() * 2;
        lan.run_until(settled);
        lan.run_until(settled + spare.max(Duration::from_secs(1)));
        match lan.check() {
            Ok(()) => Ok(lan),
            Err(breach) => Err(Box::new(Failure {
                scenario: self.clone(),
                breach,
                timeline: lan.timeline().clone(),
            })),
        }
    }

    /// The LAN at its beginning, with everything planned.
    #[must_use]
    pub fn lan(&self) -> Lan {
        let mut lan = Lan::new(self.seed);
        lan.disturb(Disturbance::Weather(self.weather));
        let mut ids = Vec::new();
        for (index, router) in (0_u64..).zip(&self.routers) {
            let id = lan.router(router.config, router.address);
            lan.clock(id, Duration::from_secs(index), router.ppm);
            lan.announce(id, router.announce);
            ids.push(id);
        }
        for group in &self.groups {
            let members: Vec<_> = group.iter().filter_map(|place| ids.get(*place)).collect();
            lan.group(&members.into_iter().copied().collect::<Vec<_>>());
        }
        for (at, disturbance) in &self.disturbances {
            lan.at(*at, *disturbance);
        }
        let calm = Link {
            loss: 0,
            ..self.weather
        };
        lan.at(self.calm, Disturbance::Heal);
        lan.at(self.calm, Disturbance::Weather(calm));
        for id in ids {
            lan.at(self.calm, Disturbance::Resume(id));
        }
        lan
    }
}

/// A list of the routers.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        for (index, router) in self.routers.iter().enumerate() {
            let config = &router.config;
            writeln!(
                f,
                "router {index}: {} version {:?} vrid {} priority {} every {} preempt {} after {:?} \
                 multiplier {} answers lower {} higher {} clock {:+} ppm",
                router.address,
                config.version(),
                config.vrid().get(),
                config.priority(),
                config.interval(),
                config.preempt(),
                config.preempt_delay(),
                config.down_multiplier(),
                config.answer_lower(),
                config.answer_higher(),
                router.ppm,
            )?;
        }
        self.groups
            .iter()
            .try_for_each(|group| writeln!(f, "sync group {group:?}"))
    }
}

/// A scenario that broke an invariant. Displays everything needed to understand it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{breach}\n{scenario}{timeline}")]
pub struct Failure {
    /// The scenario.
    pub scenario: Scenario,
    /// What broke.
    #[source]
    pub breach: Breach,
    /// What happened until then.
    pub timeline: Timeline,
}

struct Generator {
    seed: u64,
    random: Random,
    version: Version,
    family: Family,
    intervals: [u16; 2],
    grouped: bool,
    answers: bool,
    hosts: usize,
    fresh: u8,
}

impl Generator {
    fn new(seed: u64) -> Self {
        // Another stream than the LAN's own.
        let mut random = Random::new(seed ^ 0x5ce4_a210);
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
        let hosts = random.pick([2, 2, 3, 4]);
        Self {
            seed,
            version,
            family,
            intervals: [usual, other],
            grouped: random.chance(250),
            answers: random.chance(667),
            hosts,
            fresh: 100,
            random,
        }
    }

    fn scenario(mut self) -> Scenario {
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
        let weather = self.weather();
        let unit = Duration::from_millis(10) * u32::from(self.intervals[0].max(self.intervals[1]));
        let mut disturbances = Vec::new();
        for _ in 0..self.random.below(17) {
            let at = Instant::EPOCH + unit * 40 * self.thousandths() / 1000;
            self.disturb(at, &routers, &mut disturbances);
        }
        disturbances.sort_by_key(|(at, _)| *at);
        Scenario {
            seed: self.seed,
            routers,
            groups,
            weather,
            disturbances,
            calm: Instant::EPOCH + unit * 41,
        }
    }

    fn thousandths(&mut self) -> u32 {
        u32::try_from(self.random.below(1000)).unwrap_or_default()
    }

    fn announce(&mut self) -> announce::Config {
        let refresh = self.random.pick([0, 0, 2]);
        let settings = announce::Settings {
            delay: Duration::from_secs(1),
            refresh: Duration::from_secs(refresh),
            ..announce::Settings::default()
        };
        announce::Config::try_from(settings).unwrap_or_default()
    }

    fn settings(&mut self) -> Settings {
        let random = &mut self.random;
        let interval_cs = random.pick(self.intervals);
        let unit = Duration::from_millis(10) * u32::from(interval_cs);
        Settings {
            priority: random.pick([1, 50, 100, 100, 101, 150, 200, 254, 255]),
            interval_cs,
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
    fn weather(&mut self) -> Link {
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

    fn disturb(
        &mut self,
        at: Instant,
        routers: &[Newcomer],
        plan: &mut Vec<(Instant, Disturbance)>,
    ) {
        let count = routers.len() as u64;
        let [one, two] = [0; 2].map(|_| usize::try_from(self.random.below(count)).unwrap_or(0));
        let (id, other) = (RouterId(one), RouterId(two));
        let disturbance = match self.random.below(15) {
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
            11 => Disturbance::Tell(id, Event::Fault),
            12 => Disturbance::Tell(id, Event::Recover),
            13 => Disturbance::Tell(id, self.random.pick([Event::Startup, Event::Shutdown])),
            _ if self.grouped => Disturbance::Heal,
            _ => self.change(id, &routers[one].config),
        };
        plan.push((at, disturbance));
    }

    /// A change of what the election compares. Members of sync groups are spared: theirs have to
    /// agree with each other.
    fn change(&mut self, id: RouterId, config: &Config) -> Disturbance {
        match self.random.below(4) {
            0 => {
                self.fresh += 1;
                Disturbance::Address(id, Some(self.address(self.fresh)))
            }
            1 => Disturbance::Address(id, None),
            2 => {
                let priority = self.random.pick([1, 100, 120, 254]);
                Disturbance::Tell(id, Event::Priority(Priority::from_wire(priority)))
            }
            _ => {
                let config = valid(Settings {
                    vrid: config.vrid().get(),
                    ..self.settings()
                });
                Disturbance::Tell(id, Event::Configure(config))
            }
        }
    }
}

#[expect(
    clippy::expect_used,
    reason = "every choice of the generator is in range"
)]
fn valid(settings: Settings) -> Config {
    Config::try_from(settings).expect("the generator chooses valid settings")
}
