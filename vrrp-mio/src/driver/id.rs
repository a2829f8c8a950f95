//! The identifiers of virtual routers in a driver.

/// The identifier of a virtual router on a driver. It is never used again for another router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouterId {
    slot: usize,
    serial: u64,
}

impl RouterId {
    pub(super) const fn new(slot: usize, serial: u64) -> Self {
        Self { slot, serial }
    }

    /// A small dense number, for tables beside the driver's. That of a removed router is used again.
    #[must_use]
    pub const fn index(self) -> usize {
        self.slot
    }
}

/// The number of routers added before, which makes identifiers unique.
impl core::fmt::Display for RouterId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.serial)
    }
}
