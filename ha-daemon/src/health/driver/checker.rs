//! A checker. Checkers with the same probe share its attempts.

use super::{CheckerId, Report};
use crate::health::attempt::Outcome;
use crate::health::schedule::{Change, Verdict};

/// Who wants the attempts of a probe.
#[derive(Debug)]
pub(super) struct Checker {
    pub(super) probe: usize,
    pub(super) suspended: bool,
    /// The verdict of its last report.
    pub(super) reported: Verdict,
}

impl Checker {
    /// What `change` of the probe is to this checker, which may not have heard of those before.
    pub(super) fn report(
        &mut self,
        checker: CheckerId,
        outcome: &Outcome,
        verdict: Verdict,
        change: Change,
    ) -> Report {
        let change = match (self.reported, verdict, change) {
            (Verdict::Up, Verdict::Up, Change::Confirmed | Change::Rose) => Change::Confirmed,
            (Verdict::Up, Verdict::Up, Change::Unchanged | Change::Fell { .. })
            | (Verdict::Down, Verdict::Down, _) => Change::Unchanged,
            (Verdict::Down, Verdict::Up, _) => Change::Rose,
            (Verdict::Up, Verdict::Down, fell @ Change::Fell { .. }) => fell,
            (Verdict::Up, Verdict::Down, _) => Change::Fell { retries: 0 },
        };
        self.reported = verdict;
        Report {
            checker,
            outcome: outcome.clone(),
            verdict,
            change,
        }
    }
}
