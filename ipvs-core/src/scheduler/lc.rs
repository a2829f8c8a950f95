//! Least connections (`ip_vs_lc`).

use super::scan::first_best;
use super::{Request, Schedule};
use crate::table::Table;

/// The model of `lc`: the open destination of the smallest load, whatever its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lc;

impl Schedule for Lc {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        let (shares, loads) = (table.shares(), table.loads());
        let first = shares.iter().position(|&share| share > 0)?;
        let so_far = (Some(first), 1, *loads.get(first)?);
        first_best(shares, loads, so_far, |&(_, _, least), share, load| {
            (load.cast_unsigned() < least.cast_unsigned()) & (share > 0)
        })
    }
}
