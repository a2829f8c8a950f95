//! Weighted overflow (`ip_vs_ovf`).

use super::{Request, Schedule};
use crate::Table;

/// The model of `ovf`: the open destination of the highest weight that has no more active
/// connections than its weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ovf;

impl Schedule for Ovf {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        let mut picked = None;
        let mut most = 0;
        for (position, (&share, &active)) in table.shares().iter().zip(table.active()).enumerate() {
            if share > most && active.cast_signed() <= share {
                (picked, most) = (Some(position), share);
            }
        }
        picked
    }
}
