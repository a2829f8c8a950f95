//! Soak runs: one simulated LAN for years.

use alloc::boxed::Box;
use core::time::Duration;

use super::generator::Generator;
use super::{Failure, Lan, Scenario};
use crate::{Family, Instant, Interval, Version};

/// How often the routers of a [`Soak`] advertise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tempo {
    /// Version 2 at 255 s, the most it has.
    LongestV2,
    /// Version 3 at 40.95 s, the most it has; in some LANs a part of the routers at 10 s.
    LongestV3,
    /// Either version at 1 s; in some LANs of version 3 a part of the routers at 4 s.
    Second,
}

impl Tempo {
    /// Every tempo.
    pub const ALL: [Self; 3] = [Self::LongestV2, Self::LongestV3, Self::Second];

    /// The tempo of a seed: of each five one is [`LongestV3`](Self::LongestV3), two are each of the
    /// others.
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        match seed % 5 {
            0 | 1 => Self::LongestV2,
            2 => Self::LongestV3,
            _ => Self::Second,
        }
    }

    fn generator(self, seed: u64) -> Generator {
        let longest = Interval::MAX_V3.centis();
        let family = if seed & 8 == 0 {
            Family::V4
        } else {
            Family::V6
        };
        match self {
            Self::LongestV2 => {
                let longest = Interval::MAX_V2.centis();
                Generator::paced(seed, Version::V2, Family::V4, [longest; 2])
            }
            Self::LongestV3 => Generator::paced(seed, Version::V3, family, [longest, 1000]),
            Self::Second if seed & 16 == 0 => {
                Generator::paced(seed, Version::V2, Family::V4, [100; 2])
            }
            Self::Second => Generator::paced(seed, Version::V3, family, [100, 400]),
        }
    }
}

/// A LAN that is disturbed again and again, as long as somebody asks for [rounds](Self::round).
///
/// A round has at most sixteen disturbances in forty advertisement intervals, in weather of its own,
/// then a calm after which every invariant is checked, and then nothing for up to eight hundred
/// intervals. Whoever crashed or was stopped stays so until some disturbance starts it. Nothing is
/// skipped: each advertisement is sent, and arrives or is lost.
#[derive(Clone, Debug)]
pub struct Soak {
    scenario: Scenario,
    generator: Generator,
    lan: Lan,
    disturbances: u64,
}

impl Soak {
    /// The LAN of this seed, as yet undisturbed: two to four hosts with one virtual router, or two
    /// in a sync group.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut generator = Tempo::of(seed).generator(seed);
        let mut scenario = generator.scenario(seed);
        scenario.disturbances.clear();
        Self {
            lan: scenario.routers(),
            scenario,
            generator,
            disturbances: 0,
        }
    }

    /// Plays one round.
    ///
    /// # Errors
    /// The first invariant that broke, with the end of the timeline.
    pub fn round(&mut self) -> Result<(), Box<Failure>> {
        let start = self.lan.now();
        let weather = self.generator.weather();
        let turmoil = self.generator.turmoil(start, 16, &self.scenario.routers);
        self.lan.disturb(super::Disturbance::Weather(weather));
        for (at, disturbance) in turmoil {
            self.disturbances += 1;
            self.lan.at(at, disturbance);
        }
        let calm = self.generator.calm_after(start);
        self.lan.calm(calm, weather);
        self.lan.run_until(calm);
        let settled = calm + self.lan.convergence();
        self.lan.run_until(settled);
        self.lan.run_until(settled + self.scenario.refreshed());
        self.judge()?;
        let quiet = self.lan.now() + self.generator.quiet();
        self.lan.run_until(quiet);
        self.judge()
    }

    fn judge(&mut self) -> Result<(), Box<Failure>> {
        self.lan.check().map_err(|breach| {
            Box::new(Failure {
                scenario: self.scenario.clone(),
                breach,
                timeline: self.lan.timeline().clone(),
            })
        })
    }

    /// The LAN as it is.
    #[must_use]
    pub const fn lan(&self) -> &Lan {
        &self.lan
    }

    /// How many disturbances there were, those not counted that ended them.
    #[must_use]
    pub const fn disturbances(&self) -> u64 {
        self.disturbances
    }

    /// How long the LAN has existed.
    #[must_use]
    pub const fn age(&self) -> Duration {
        self.lan.now().saturating_duration_since(Instant::EPOCH)
    }

    /// For how long processes of routers have been running, taken together.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.lan.uptime()
    }
}
