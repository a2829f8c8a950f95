//! Weighted failover (`ip_vs_fo`).

use super::{Request, Schedule};
use crate::Table;

/// The model of `fo`: the open destination of the highest weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fo;

impl Schedule for Fo {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        let mut picked = None;
        let mut most = 0;
        for (position, &share) in table.shares().iter().enumerate() {
            if share > most {
                (picked, most) = (Some(position), share);
            }
        }
        picked
    }
}
