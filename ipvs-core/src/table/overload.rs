//! The overload flag of a destination, set and cleared by its thresholds.
//!
//! The flag is set and cleared where counts pass a threshold, not where they are above one, so
//! that its history matters.

use crate::{Destination, KernelProfile};

/// The thresholds of a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Thresholds {
    upper: u32,
    lower: u32,
}

impl Thresholds {
    pub(super) const fn of(destination: &Destination) -> Self {
        Self {
            upper: destination.upper,
            lower: destination.lower,
        }
    }

    /// Below what count the flag is cleared, since [`KernelProfile::TotalConnections`].
    const fn release(self) -> u32 {
        match self.lower {
            0 => self.upper - (self.upper >> 2),
            lower => lower,
        }
    }

    /// The older kernels' test when a connection has come.
    pub(super) const fn is_reached(self, total: u32) -> bool {
        self.upper != 0 && total >= self.upper
    }

    /// The older kernels' test when a connection has gone.
    pub(super) const fn is_relieved(self, total: u32) -> bool {
        match self {
            Self { upper: 0, lower: 0 } => true,
            Self { upper, lower: 0 } => (total as u64) * 4 < (upper as u64) * 3,
            Self { lower, .. } => total < lower,
        }
    }

    /// The flag after the count went from `old` to `new` in steps of one.
    pub(super) const fn count(
        self,
        profile: KernelProfile,
        old: u32,
        new: u32,
        overloaded: bool,
    ) -> bool {
        match profile {
            KernelProfile::Legacy if new > old => overloaded || self.is_reached(new),
            KernelProfile::Legacy if new < old => overloaded && !self.is_relieved(new),
            KernelProfile::TotalConnections if old < self.upper && self.upper <= new => true,
            KernelProfile::TotalConnections if new < self.release() && self.release() <= old => {
                false
            }
            KernelProfile::Legacy | KernelProfile::TotalConnections => overloaded,
        }
    }

    /// The flag after the thresholds became `new` while the count was `total`.
    pub(super) fn edit(
        self,
        profile: KernelProfile,
        new: Self,
        total: u32,
        overloaded: bool,
    ) -> bool {
        match profile {
            KernelProfile::Legacy => overloaded && new.upper != 0 && new.upper <= self.upper,
            KernelProfile::TotalConnections if new.upper == 0 => false,
            KernelProfile::TotalConnections if total >= new.upper => true,
            KernelProfile::TotalConnections => overloaded && total >= new.release(),
        }
    }

    /// Whether a destination of `total` connections may as well be overloaded as not.
    pub(super) const fn is_ambiguous(self, profile: KernelProfile, total: u32) -> bool {
        match profile {
            KernelProfile::Legacy => self.upper != 0 && !self.is_relieved(total),
            KernelProfile::TotalConnections => {
                self.upper != 0 && total < self.upper && total >= self.release()
            }
        }
    }
}
