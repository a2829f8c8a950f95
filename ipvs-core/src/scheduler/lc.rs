//! Least connections (`ip_vs_lc`).

use super::{Request, Schedule};
use crate::Table;

/// The model of `lc`: the open destination of the smallest load, whatever its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lc;

impl Schedule for Lc {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        let mut picked = None;
        // Loads are compared without sign; this is above all of them.
        let mut least = u64::from(u32::MAX) + 1;
        for (position, (&load, &share)) in table.loads().iter().zip(table.shares()).enumerate() {
            let load = u64::from(load.cast_unsigned());
            if load < least && share > 0 {
                (picked, least) = (Some(position), load);
            }
        }
        picked
    }
}
