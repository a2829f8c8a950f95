//! Never queue (`ip_vs_nq`).

use super::scan::first_best;
use super::sed::shortest;
use super::{Request, Schedule};
use crate::table::Table;

/// The model of `nq`: the first open destination without active connections, else as `sed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nq;

impl Schedule for Nq {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        let (shares, active) = (table.shares(), table.active());
        // The first that is idle: none is better than that.
        let idle = first_best(
            shares,
            active,
            (None, 0, 1),
            |&(_, _, least), share, active| (share > 0) & (active < least),
        );
        idle.or_else(|| shortest(table, 1))
    }
}
