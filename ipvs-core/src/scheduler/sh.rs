//! Source hashing (`ip_vs_sh`).

use core::net::IpAddr;

use super::{Request, Schedule};
use crate::flow::fold;
use crate::service::Flags;
use crate::table::Table;

/// The buckets of a kernel built with `CONFIG_IP_VS_SH_TAB_BITS=8`, as distributions do.
pub(super) const BUCKETS: usize = 256;

/// The model of `sh`: the client's address decides, with [`Flags::SCHED_2`] its port too.
///
/// A destination that is not open leaves its clients without service, unless
/// [`Flags::SCHED_1`] asks for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sh {
    /// The positions that own the buckets; only the first 256 destinations can.
    owners: [u8; BUCKETS],
    /// Whether the owners are out of date: they are dealt anew when next asked for.
    stale: bool,
}

impl Default for Sh {
    fn default() -> Self {
        Self {
            owners: [0; BUCKETS],
            stale: true,
        }
    }
}

/// The bucket of `address` and `port`, below [`BUCKETS`].
pub(super) const fn bucket(address: IpAddr, port: u16) -> usize {
    let hash = fold(address)
        .wrapping_add(port as u32)
        .wrapping_mul(0x61C8_8647);
    (hash >> 24) as usize
}

impl Sh {
    /// Deals the buckets: each destination in turn gets as many as its weight, and at least one.
    fn deal(&mut self, table: &Table) {
        let mut buckets = self.owners.iter_mut();
        // A bucket's owner is below 256, as each destination takes one bucket or more.
        for position in (0..=u8::MAX).take(table.len()).cycle() {
            let weight = table.weight(position.into());
            let share = usize::try_from(weight).unwrap_or(0).max(1);
            let mut dealt = 0;
            for owner in buckets.by_ref().take(share) {
                *owner = position;
                dealt += 1;
            }
            if dealt < share {
                break;
            }
        }
        self.stale = false;
    }

    fn owner(&self, bucket: usize) -> usize {
        self.owners.get(bucket).copied().unwrap_or(0).into()
    }
}

impl Schedule for Sh {
    fn start(&mut self, _table: &Table) {
        self.stale = true;
    }

    fn added(&mut self, _table: &Table) {
        self.stale = true;
    }

    fn removed(&mut self, _table: &Table, _position: usize) {
        self.stale = true;
    }

    fn edited(&mut self, _table: &Table) {
        self.stale = true;
    }

    fn pick(&mut self, table: &Table, request: &Request) -> Option<usize> {
        if table.is_empty() {
            return None;
        }
        if self.stale {
            self.deal(table);
        }
        let address = request.flow.client.ip();
        let port = client_port(request);
        let first = bucket(address, port);
        let owner = self.owner(first);
        if table.is_open(owner) {
            return Some(owner);
        }
        if !request.flags.contains(Flags::SCHED_1) {
            return None;
        }
        // The kernel adds the bucket twice: to the offset, and as what the offset is added to.
        (0..BUCKETS)
            .map(|offset| self.owner((offset + 2 * first) % BUCKETS))
            .find(|&owner| table.is_open(owner))
    }
}

/// The port that `sh` and `mh` hash beside the client's address: 0 without [`Flags::SCHED_2`].
pub(super) const fn client_port(request: &Request) -> u16 {
    if request.flags.contains(Flags::SCHED_2) && request.flow.protocol.is_scheduled() {
        request.flow.client.port()
    } else {
        0
    }
}
