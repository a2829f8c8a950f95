//! Shortest expected delay (`ip_vs_sed`).

use super::scan::{first_least, lightest};
use super::{Request, Schedule};
use crate::table::Table;

/// The model of `sed`: the fewest active connections for its weight, the new one included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sed;

impl Schedule for Sed {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        shortest(table, 0)
    }
}

/// The first open destination of the shortest delay; later ones may do with a share of `floor`.
pub(super) fn shortest(table: &Table, floor: i32) -> Option<usize> {
    first_least(table.delay_ratios()).unwrap_or_else(|_| {
        let delay = |active: u32| active.wrapping_add(1).cast_signed();
        lightest(table.shares(), table.active(), delay, floor)
    })
}
