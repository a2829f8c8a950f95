//! Weighted least connections (`ip_vs_wlc`).

use super::{Request, Schedule};
use crate::Table;

/// The model of `wlc`: the smallest load for its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wlc;

impl Schedule for Wlc {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        least(table)
    }
}

/// The first destination of the smallest load for its weight: the base of `wlc`, `lblc` and
/// `lblcr`.
pub(super) fn least(table: &Table) -> Option<usize> {
    lightest(table.shares(), table.loads(), |&load| i64::from(load))
}

/// The first open destination whose cost for its weight is smallest.
///
/// As in the kernel only the first candidate has to have a weight; a later one without weight wins
/// nothing unless costs are negative.
pub(super) fn lightest<T>(shares: &[i32], costs: &[T], cost: impl Fn(&T) -> i64) -> Option<usize> {
    let mut picked = shares.iter().position(|&share| share > 0)?;
    let mut least = cost(costs.get(picked)?);
    let mut weight = i64::from(*shares.get(picked)?);
    let after = picked + 1;
    let rest = shares.get(after..)?.iter().zip(costs.get(after..)?);
    for (position, (&share, other)) in (after..).zip(rest) {
        let other = cost(other);
        if least * i64::from(share) > other * weight && share >= 0 {
            (picked, least, weight) = (position, other, i64::from(share));
        }
    }
    Some(picked)
}
