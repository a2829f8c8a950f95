//! Episodes: one fault or two at once, drawn from a seed.

use core::fmt;
use core::time::Duration;

use super::fault::Fault;
use super::site::{DIRECTORS, Site};
use rig::random::Random;
use rig::{Peer, pause};

/// Faults, each at its director, and how long they last.
#[derive(Clone, Debug)]
pub(crate) struct Episode {
    pub(crate) faults: Vec<(Fault, usize)>,
    duration: Duration,
    /// Differs from episode to episode, so that faults meet every part of an interval.
    pub(crate) lead: Duration,
}

impl Episode {
    /// Episode `index` of the run `seed` among `peers`. The first ones have each fault once.
    pub(crate) fn draw(seed: u64, index: u64, peers: &[Peer; DIRECTORS]) -> Self {
        let mut random = Random::of_episode(seed, index);
        let host = random.below(DIRECTORS);
        let suiting: Vec<Fault> = suiting(peers[host]).collect();
        let fault = random.one_of(&suiting);
        let duration = fault.duration(&mut random);
        let mut faults = vec![(fault, host)];
        // One episode in three has two faults.
        if random.below(3) == 0 {
            let other = (host + 1 + random.below(DIRECTORS - 1)) % DIRECTORS;
            let suiting: Vec<Fault> = self::suiting(peers[other]).collect();
            faults.push((random.one_of(&suiting), other));
        }
        Self {
            faults,
            duration,
            lead: random.millis(0..200),
        }
    }

    /// Brings all faults, waits, and ends them in the other order.
    pub(crate) fn run(&self, site: &mut Site<'_>) {
        run(&self.faults, self.duration, site);
    }

    /// How long an address may give no answer: what each fault allows.
    pub(crate) fn outage(&self) -> Duration {
        self.faults.iter().map(|(fault, _)| fault.outage()).sum()
    }

    /// How long after the end another than the preferred director may advertise.
    pub(crate) fn aftermath(&self) -> Duration {
        self.faults.iter().map(|(fault, _)| fault.aftermath()).sum()
    }
}

fn suiting(peer: Peer) -> impl Iterator<Item = Fault> {
    Fault::ALL
        .into_iter()
        .filter(move |fault| fault.suits(peer))
}

fn run(faults: &[(Fault, usize)], duration: Duration, site: &mut Site<'_>) {
    match faults {
        [(fault, host), rest @ ..] => {
            fault.during(site, *host, &mut |site| run(rest, duration, site));
        }
        [] => pause(duration),
    }
}

/// `Crash@0 for 1.234s`.
impl fmt::Display for Episode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fault, host) in &self.faults {
            write!(f, "{fault:?}@{host} ")?;
        }
        write!(f, "for {:?}", self.duration)
    }
}
