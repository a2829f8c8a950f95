//! Weighted failover (`ip_vs_fo`).

use super::scan::first_best;
use super::{Request, Schedule};
use crate::table::Table;

/// The model of `fo`: the open destination of the highest weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fo;

impl Schedule for Fo {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        let shares = table.shares();
        first_best(shares, shares, (None, 0, 0), |&(_, most, _), share, _| {
            share > most
        })
    }
}
