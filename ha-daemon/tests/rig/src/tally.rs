//! The count of faults and their results.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

/// The worst of an episode kind, in the two respects that bounds are kept in.
#[derive(Debug, Default)]
struct Worst {
    episodes: usize,
    taken: [Duration; 2],
    allowed: [Duration; 2],
}

impl Worst {
    fn note(&mut self, taken: [Duration; 2], allowed: [Duration; 2]) {
        self.episodes += 1;
        for (worst, one) in self.taken.iter_mut().zip(taken) {
            *worst = (*worst).max(one);
        }
        for (most, one) in self.allowed.iter_mut().zip(allowed) {
            *most = (*most).max(one);
        }
    }
}

/// Faults so far, and what came of them.
#[derive(Debug)]
pub struct Tally<Fault> {
    respects: [&'static str; 2],
    alone: BTreeMap<Fault, Worst>,
    pairs: Worst,
    /// Episodes in which the machine itself stood still, which are not judged.
    pub disturbed: usize,
    /// One line for each bound that was not kept.
    pub violations: Vec<String>,
}

impl<Fault: Copy + Ord> Tally<Fault> {
    /// Nothing happened yet; `respects` are what bounds are kept in.
    pub fn new(respects: [&'static str; 2]) -> Self {
        Self {
            respects,
            alone: BTreeMap::new(),
            pairs: Worst::default(),
            disturbed: 0,
            violations: Vec::new(),
        }
    }

    /// Why the run shows too little, if it does: too many of its episodes were not judged.
    pub fn shortfall(&self) -> Option<String> {
        /// So many of a hundred have to be.
        const LEAST: usize = 80;
        let alone: usize = self.alone.values().map(|worst| worst.episodes).sum();
        let judged = alone + self.pairs.episodes;
        let all = judged + self.disturbed;
        (judged * 100 < all * LEAST)
            .then(|| format!("only {judged} of {all} episodes were judged, {LEAST} % have to be"))
    }

    /// An episode of `faults` took this long and was allowed to take that long, in each respect.
    pub fn note(&mut self, faults: &[Fault], taken: [Duration; 2], allowed: [Duration; 2]) {
        let worst = match faults {
            [fault] => self.alone.entry(*fault).or_default(),
            _ => &mut self.pairs,
        };
        worst.note(taken, allowed);
    }
}

impl<Fault: fmt::Debug> fmt::Display for Tally<Fault> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = self.respects.map(|respect| format!("{respect} ms"));
        writeln!(
            f,
            "{:12} {:>8} {first:>12} {:>8} {second:>12} {:>8}",
            "fault", "episodes", "bound", "bound"
        )?;
        let mut faults = 2 * self.pairs.episodes;
        let alone = self
            .alone
            .iter()
            .map(|(fault, worst)| (format!("{fault:?}"), worst));
        for (name, worst) in alone.chain([("two at once".to_owned(), &self.pairs)]) {
            let [(one, most), (other, longest)] =
                [0, 1].map(|n| (worst.taken[n].as_millis(), worst.allowed[n].as_millis()));
            let episodes = worst.episodes;
            writeln!(
                f,
                "{name:12} {episodes:8} {one:12} {most:8} {other:12} {longest:8}"
            )?;
        }
        faults += self
            .alone
            .values()
            .map(|worst| worst.episodes)
            .sum::<usize>();
        write!(
            f,
            "{faults} faults, {} violations; {} more episodes not judged: the machine stood still",
            self.violations.len(),
            self.disturbed
        )
    }
}
