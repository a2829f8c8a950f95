//! Destination hashing (`ip_vs_dh`).

use super::sh::{BUCKETS, bucket};
use super::{Request, Schedule};
use crate::table::Table;

/// The model of `dh`: the packet's destination address decides, weights do not, and there is no
/// second choice.
///
/// The kernel deals the destinations to 256 buckets in turn, whenever one is added or removed, so
/// the bucket's owner follows from how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dh;

impl Schedule for Dh {
    fn pick(&mut self, table: &Table, request: &Request) -> Option<usize> {
        const { assert!(BUCKETS == 256) };
        let bucket = bucket(request.flow.target.ip(), 0);
        let owner = bucket.checked_rem(table.len())?;
        table.is_open(owner).then_some(owner)
    }
}
