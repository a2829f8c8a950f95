//! Weighted least connections (`ip_vs_wlc`).

use super::scan::{first_least, lightest};
use super::{Request, Schedule};
use crate::table::Table;

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
    first_least(table.load_ratios())
        .unwrap_or_else(|_| lightest(table.shares(), table.loads(), |load| load, 0))
}
