//! Never queue (`ip_vs_nq`).

use super::sed::delay;
use super::{Request, Schedule};
use crate::Table;

/// The model of `nq`: the first open destination without active connections, else as `sed`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Nq;

impl Schedule for Nq {
    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        let mut picked = None;
        let (mut least, mut weight) = (0, 0);
        for (position, (&share, &active)) in table.shares().iter().zip(table.active()).enumerate() {
            if share <= 0 {
                continue;
            }
            if active == 0 {
                return Some(position);
            }
            let delay = delay(active);
            if picked.is_none() || least * i64::from(share) > delay * weight {
                (picked, least, weight) = (Some(position), delay, i64::from(share));
            }
        }
        picked
    }
}
