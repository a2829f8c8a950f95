//! Shortest expected delay (`ip_vs_sed`).

use super::scan::lightest;
use super::{Request, Schedule};
use crate::Table;

/// The model of `sed`: the fewest active connections for its weight, the new one included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sed;

impl Schedule for Sed {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        lightest(table.shares(), table.active(), delay, 0)
    }
}

/// The active connections with the new one; 32 bits that wrap, as in the kernel.
pub(super) const fn delay(active: u32) -> i32 {
    active.wrapping_add(1).cast_signed()
}
