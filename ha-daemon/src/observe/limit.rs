//! The rate limit of log lines with one cause, and the count of suppressed lines.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use vrrp_core::Instant;

/// Lines beyond the first few are counted for this long.
pub(crate) const PERIOD: Duration = Duration::from_secs(10);

/// Causes there is room for while there are none.
const KEPT: usize = 64;

/// Limits the lines of each cause `K`.
#[derive(Debug)]
pub(crate) struct Limiter<K> {
    cases: BTreeMap<K, Case>,
    /// When the period of each case ends, the first one first.
    ends: VecDeque<(Instant, K)>,
}

#[derive(Debug, Default)]
struct Case {
    logged: u32,
    held_back: u64,
}

impl<K: Copy + Ord> Limiter<K> {
    pub(crate) const fn new() -> Self {
        Self {
            cases: BTreeMap::new(),
            ends: VecDeque::new(),
        }
    }

    /// Whether a line may be written now, of at most `most` in a period; it is counted otherwise.
    pub(crate) fn admits(&mut self, cause: K, most: u32, now: Instant) -> bool {
        let ends = &mut self.ends;
        let case = self.cases.entry(cause).or_insert_with(|| {
            ends.push_back((now + PERIOD, cause));
            Case::default()
        });
        let admitted = case.logged < most;
        match admitted {
            true => case.logged += 1,
            false => case.held_back += 1,
        }
        admitted
    }

    /// A cause whose period is over, and how many lines it had beyond those that were written.
    pub(crate) fn next_summary(&mut self, now: Instant) -> Option<(K, u64)> {
        while let Some(&(end, cause)) = self.ends.front()
            && end <= now
        {
            self.ends.pop_front();
            let case = self.cases.remove(&cause).unwrap_or_default();
            if case.held_back > 0 {
                return Some((cause, case.held_back));
            }
        }
        if self.ends.is_empty() {
            self.ends.shrink_to(KEPT);
        }
        None
    }

    /// When to ask for the next summary.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.ends.front().map(|(end, _)| *end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_has_its_first_lines_at_once_and_one_number_for_the_others() {
        let mut limiter = Limiter::new();
        let at = |seconds| Instant::EPOCH + Duration::from_secs(seconds);
        let admitted = [0, 1, 2, 3].map(|second| limiter.admits('a', 2, at(second)));
        assert_eq!(admitted, [true, true, false, false]);
        assert!(limiter.admits('b', 1, at(4)));
        assert_eq!(limiter.deadline(), Some(at(10)));
        assert_eq!(limiter.next_summary(at(9)), None);
        assert_eq!(limiter.next_summary(at(10)), Some(('a', 2)));
        assert!(limiter.admits('a', 2, at(11)), "it begins anew");
        assert_eq!(limiter.next_summary(at(14)), None, "b had one line");
        assert_eq!(limiter.deadline(), Some(at(21)));
    }
}
