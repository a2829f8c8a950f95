//! Episodes: one fault or two at once, drawn from a seed.

use core::fmt;
use core::time::Duration;

use super::fault::Fault;
use super::injection;
use super::stage::{PAIR, PREFERRED, Stage};
use rig::clock::pause;
use rig::random::Random;

/// Faults, each at its place, and how long they last.
#[derive(Clone, Debug)]
pub(crate) struct Episode {
    pub(crate) faults: Vec<(Fault, usize)>,
    duration: Duration,
    /// Differs from episode to episode, so that faults meet every part of an interval.
    pub(crate) lead: Duration,
}

impl Episode {
    /// Episode `index` of the run `seed`. The first ones have each fault once, in an order that the
    /// seed draws.
    pub(crate) fn draw(seed: u64, index: u64) -> Self {
        let mut random = Random::of_episode(seed, index);
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let first = random_order(seed).get(index).copied();
        let fault = first.unwrap_or_else(|| random.one_of(&Fault::ALL));
        let mut faults = vec![(fault, random.below(PAIR))];
        // Later, one episode in three has two faults.
        if first.is_none() && random.below(3) == 0 {
            let suiting = Fault::ALL.into_iter().filter(|one| fault.bears(one.kind()));
            let suiting: Vec<Fault> = suiting.collect();
            faults.push((random.one_of(&suiting), random.below(PAIR)));
        }
        let durations = faults.iter().map(|(fault, _)| fault.duration(&mut random));
        let duration = durations.max().unwrap_or_default();
        Self {
            faults,
            duration,
            lead: random.millis(0..1000),
        }
    }

    /// Brings all faults, waits, and ends them in the other order.
    pub(crate) fn run(&self, stage: &mut Stage) {
        run(&self.faults, self.duration, stage);
    }

    /// For how long requests may be lost: what each fault allows.
    pub(crate) fn loss(&self) -> Duration {
        match self.faults[..] {
            [(fault, place)] => fault.loss(place),
            // Either director may be the one that requests go through.
            _ => self
                .faults
                .iter()
                .map(|(fault, _)| fault.loss(PREFERRED))
                .sum(),
        }
    }

    /// Whether the directors are to keep their roles.
    pub(crate) fn keeps_roles(&self) -> bool {
        self.faults.iter().all(|(fault, _)| fault.keeps_roles())
    }

    /// How long the directors may take to react.
    pub(crate) fn reaction(&self) -> Duration {
        self.faults.iter().map(|(fault, _)| fault.reaction()).sum()
    }
}

/// All faults.
fn random_order(seed: u64) -> Vec<Fault> {
    let mut random = Random::of_episode(seed, u64::MAX);
    let mut left = Fault::ALL.to_vec();
    let mut order = Vec::new();
    while !left.is_empty() {
        order.push(left.swap_remove(random.below(left.len())));
    }
    order
}

fn run(faults: &[(Fault, usize)], duration: Duration, stage: &mut Stage) {
    match faults {
        [(fault, place), rest @ ..] => {
            injection::during(*fault, *place, stage, &mut |stage| {
                run(rest, duration, stage)
            });
        }
        [] => pause(duration),
    }
}

/// `Clear@0 for 1.234s`.
impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fault, place) in &self.faults {
            write!(f, "{fault:?}@{place} ")?;
        }
        write!(f, "for {:?}", self.duration)
    }
}
