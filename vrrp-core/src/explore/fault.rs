//! The faults of a run, with a limit on the number of each.

/// How many disturbances of each kind one run may have, at any moments and in any order.
///
/// Starting a router, giving a carrier back and healing a partition cost nothing: every run may do
/// so, or never do so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// Advertisements that one receiver does not get.
    pub drops: u8,
    /// Advertisements that one receiver gets twice.
    pub duplicates: u8,
    /// Routers that end without a word.
    pub crashes: u8,
    /// Routers that end with a resignation, if they are Active.
    pub shutdowns: u8,
    /// Interfaces that lose their carrier.
    pub outages: u8,
    /// Processes that are stopped for one of [`Model::waits`](super::Model::waits).
    pub pauses: u8,
    /// Routers cut off from all others, in both directions, without noticing.
    pub isolations: u8,
    /// Directions between two routers that are cut without either noticing.
    pub one_way: u8,
}

impl Faults {
    pub(super) const fn word(self) -> u64 {
        u64::from_le_bytes([
            self.drops,
            self.duplicates,
            self.crashes,
            self.shutdowns,
            self.outages,
            self.pauses,
            self.isolations,
            self.one_way,
        ])
    }
}
