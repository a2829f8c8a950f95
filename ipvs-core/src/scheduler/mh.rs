//! Maglev hashing (`ip_vs_mh`).

mod lookup;
mod siphash;

use alloc::vec::Vec;

use self::lookup::Lookup;
use self::siphash::SipHash;
use super::sh::client_port;
use super::{Request, Schedule};
use crate::flow::fold;
use crate::service::Flags;
use crate::table::Table;

/// Which slot a client belongs to, and where a destination's slots start.
const FIRST: SipHash = SipHash::new(2_654_435_761);
/// How far apart a destination's slots are.
const SECOND: SipHash = SipHash::new(2_654_446_892);

/// How many slots the kernel's table has (`CONFIG_IP_VS_MH_TAB_INDEX`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableSize(u8);

impl TableSize {
    const PRIMES: [u32; 10] = [
        251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131_071,
    ];
    const LEAST: u8 = 8;

    /// The size of the kernel's option `index`, 8..=17.
    #[must_use]
    pub const fn new(index: u8) -> Option<Self> {
        match index {
            Self::LEAST..=17 => Some(Self(index)),
            _ => None,
        }
    }

    /// The slots: a prime.
    #[must_use]
    pub fn slots(self) -> u32 {
        let index = usize::from(self.0.saturating_sub(Self::LEAST));
        Self::PRIMES.get(index).copied().unwrap_or(4093)
    }

    /// How many bits of a weight count.
    const fn weight_bits(self) -> u32 {
        (self.0 / 2) as u32
    }
}

/// 4093 slots, as distributions build it.
impl Default for TableSize {
    fn default() -> Self {
        Self(12)
    }
}

/// The model of `mh`: the client's address decides, with [`Flags::SCHED_2`] its port too, and few
/// clients move when destinations come and go.
///
/// Destinations own slots by the last weight they had that was not 0, so that one whose weight
/// becomes 0 moves no other's clients; its own have no service, unless [`Flags::SCHED_1`] asks for
/// another. The hash is that of 64-bit kernels.
///
/// A kernel refuses to fill the table for more destinations than slots and goes on with the one it
/// has, in which a slot may belong to a removed destination; the model picks none for such a slot.
#[derive(Clone, Debug)]
pub struct Mh {
    size: TableSize,
    lookup: Lookup,
    /// Whether the slots are out of date: they are filled anew when next asked for.
    stale: bool,
}

impl Mh {
    /// A model of a kernel with a table of `size`.
    #[must_use]
    pub const fn new(size: TableSize) -> Self {
        Self {
            size,
            lookup: Lookup::new(),
            stale: true,
        }
    }

    fn fits(&self, destinations: usize) -> bool {
        u32::try_from(destinations).is_ok_and(|destinations| destinations <= self.size.slots())
    }

    fn fill(&mut self, table: &Table, from: usize) {
        self.lookup.fill(self.size, table, from);
        self.stale = false;
    }
}

impl Schedule for Mh {
    fn start(&mut self, table: &Table) {
        self.lookup = Lookup::new();
        self.stale = self.fits(table.len());
    }

    fn added(&mut self, table: &Table) {
        if self.fits(table.len()) {
            self.stale = true;
            return;
        }
        if self.stale {
            // The slots the kernel goes on with are those from before.
            self.fill(table, 1);
        } else {
            self.lookup.added();
        }
    }

    fn removed(&mut self, table: &Table, position: usize) {
        if self.fits(table.len()) {
            self.stale = true;
        } else {
            self.lookup.removed(position);
        }
    }

    fn edited(&mut self, table: &Table) {
        self.stale |= self.fits(table.len());
    }

    fn pick(&mut self, table: &Table, request: &Request) -> Option<usize> {
        if self.stale {
            self.fill(table, 0);
        }
        let slots = self.size.slots();
        let value = fold(request.flow.client.ip()).wrapping_add(client_port(request).into());
        let first = FIRST.hash(value) % slots;
        let owner = self.lookup.owner(first)?;
        if table.is_open(owner) {
            return Some(owner);
        }
        if !request.flags.contains(Flags::SCHED_1) {
            return None;
        }
        (0..slots)
            .map(|offset| value.wrapping_add((offset + first) % slots))
            .map(|value| self.lookup.owner(FIRST.hash(value) % slots))
            .find(|owner| owner.is_none_or(|owner| table.is_open(owner)))?
    }
}

/// The destinations that own slots, in list order: where a walk over the slots starts, how far it
/// steps and how many slots it takes at a turn.
struct Walk {
    position: u32,
    slot: u32,
    skip: u32,
    turns: u32,
}

impl Walk {
    /// The walks of the destinations of `table` from `from` on.
    fn all(size: TableSize, table: &Table, from: usize) -> Vec<Self> {
        let weights = || table.last_weights().skip(from).map(i32::cast_unsigned);
        let divisor = weights().fold(0, gcd);
        if divisor == 0 {
            return Vec::new();
        }
        let most = weights().max().unwrap_or(0) / divisor;
        let shift = (u32::BITS - most.leading_zeros()).saturating_sub(size.weight_bits());
        let slots = size.slots();
        let destinations = (0_u32..).zip(table.destinations()).skip(from);
        destinations
            .zip(weights())
            .filter(|&(_, weight)| weight != 0)
            .map(|((position, destination), weight)| {
                let value = fold(destination.key.address).wrapping_add(destination.key.port.into());
                Self {
                    position,
                    slot: FIRST.hash(value) % slots,
                    skip: SECOND.hash(value) % (slots - 1) + 1,
                    turns: ((weight / divisor) >> shift).max(1),
                }
            })
            .collect()
    }
}

/// The greatest common divisor; 0 is divided by everything.
const fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
