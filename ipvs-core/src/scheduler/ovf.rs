//! Weighted overflow (`ip_vs_ovf`).

use super::scan::first_best;
use super::{Request, Schedule};
use crate::table::Table;

/// The model of `ovf`: the open destination of the highest weight that has no more active
/// connections than its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ovf;

impl Schedule for Ovf {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        let so_far = (None, 0, 0);
        first_best(
            table.shares(),
            table.active(),
            so_far,
            |&(_, most, _), share, active| (share > most) & (active.cast_signed() <= share),
        )
    }
}
