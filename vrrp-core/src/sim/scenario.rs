//! Random scenarios, each determined by one seed: a LAN, its routers and its disturbances.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use super::generator::Generator;
use super::{Breach, Disturbance, Lan, Link, Timeline};
use crate::{Config, Instant, announce};

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
    /// The routers; their [`RouterId::index`](super::RouterId::index) is the place here.
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
        Generator::new(seed).scenario(seed)
    }

    /// Plays the scenario until everything had the time to settle.
    ///
    /// # Errors
    /// The first invariant that broke, with the timeline up to there.
    pub fn run(&self) -> Result<Lan, Box<Failure>> {
        self.play(self.lan())
    }

    /// The same, with every advertisement in the timeline.
    ///
    /// # Errors
    /// The first invariant that broke, with the timeline up to there.
    pub fn replay(&self) -> Result<Lan, Box<Failure>> {
        let mut lan = self.lan();
        lan.record_adverts();
        self.play(lan)
    }

    fn play(&self, mut lan: Lan) -> Result<Lan, Box<Failure>> {
        lan.run_until(self.calm);
        let settled = self.calm + lan.convergence();
        lan.run_until(settled);
        lan.run_until(settled + self.refreshed());
        match lan.check() {
            Ok(()) => Ok(lan),
            Err(breach) => Err(Box::new(Failure {
                scenario: self.clone(),
                breach,
                timeline: lan.timeline().clone(),
            })),
        }
    }

    /// The time in which a settled LAN informs all neighbours: the slowest announcements, twice.
    pub(super) fn refreshed(&self) -> Duration {
        let each = self.routers.iter().map(|router| {
            let settings = announce::Settings::from(router.announce);
            settings.delay + 2 * settings.refresh
        });
        let slowest = each.max().unwrap_or_default();
        (slowest * 2).max(Duration::from_secs(1))
    }

    /// The LAN at its beginning, with everything planned.
    #[must_use]
    pub fn lan(&self) -> Lan {
        let mut lan = self.routers();
        for (at, disturbance) in &self.disturbances {
            lan.at(*at, *disturbance);
        }
        lan.calm(self.calm, self.weather);
        lan
    }

    /// The LAN with its routers and nothing planned.
    pub(super) fn routers(&self) -> Lan {
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
