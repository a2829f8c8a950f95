//! The connection counts of a destination.

use super::overload::Thresholds;
use crate::KernelProfile;
use crate::record::Activity;

/// What a destination carries and what the kernel derives from it; it stays with the destination
/// while that is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionCounts {
    pub(super) activity: Activity,
    pub(super) thresholds: Thresholds,
    pub(super) overloaded: bool,
}

impl Activity {
    /// The connections that count towards the thresholds.
    pub(crate) const fn total(&self) -> u32 {
        self.active.saturating_add(self.inactive)
    }

    /// The overhead that the least-connection schedulers compare (reference §1.1); 32 bits that
    /// wrap, as in the kernel.
    #[must_use]
    pub const fn load(&self, profile: KernelProfile) -> i32 {
        let others = match profile {
            KernelProfile::Legacy => self.inactive,
            KernelProfile::TotalConnections => self.active.wrapping_add(self.inactive),
        };
        self.active
            .wrapping_shl(8)
            .wrapping_add(others)
            .cast_signed()
    }

    /// The active connections with a new one, which `sed` and `nq` compare; 32 bits that wrap, as
    /// in the kernel.
    #[must_use]
    pub const fn delay(&self) -> i32 {
        self.active.wrapping_add(1).cast_signed()
    }
}

impl ConnectionCounts {
    /// The connections and templates.
    #[must_use]
    pub const fn activity(&self) -> Activity {
        self.activity
    }

    /// Whether the destination is overloaded.
    #[must_use]
    pub const fn is_overloaded(&self) -> bool {
        self.overloaded
    }

    /// Whether no connection and no template refers to the destination.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        self.activity.total() == 0 && self.activity.persistent == 0
    }

    /// The thresholds become `new`.
    pub(super) fn edit(&mut self, profile: KernelProfile, new: Thresholds) {
        let total = self.activity.total();
        self.overloaded = self.thresholds.edit(profile, new, total, self.overloaded);
        self.thresholds = new;
    }

    /// Connections come or go one by one until there are those of `activity`.
    pub(crate) const fn set_activity(&mut self, profile: KernelProfile, activity: Activity) {
        let (old, new) = (self.activity.total(), activity.total());
        self.overloaded = self.thresholds.count(profile, old, new, self.overloaded);
        self.activity = activity;
    }

    /// A connection comes; it starts as inactive.
    pub(crate) const fn bind(&mut self, profile: KernelProfile) {
        let mut activity = self.activity;
        activity.inactive = activity.inactive.saturating_add(1);
        self.set_activity(profile, activity);
    }

    /// A connection goes.
    pub(crate) const fn unbind(&mut self, profile: KernelProfile, active: bool) {
        let mut activity = self.activity;
        if active {
            activity.active = activity.active.saturating_sub(1);
        } else {
            activity.inactive = activity.inactive.saturating_sub(1);
        }
        self.set_activity(profile, activity);
    }

    /// A connection becomes active, or no longer is.
    pub(crate) const fn activate(&mut self, profile: KernelProfile, active: bool) {
        let mut activity = self.activity;
        if active {
            activity.inactive = activity.inactive.saturating_sub(1);
            activity.active = activity.active.saturating_add(1);
        } else {
            activity.active = activity.active.saturating_sub(1);
            activity.inactive = activity.inactive.saturating_add(1);
        }
        self.set_activity(profile, activity);
    }

    /// A persistence template comes. It does not count, but the older kernels look at the
    /// thresholds all the same (reference §1.2).
    pub(crate) const fn bind_template(&mut self, profile: KernelProfile) {
        self.activity.persistent = self.activity.persistent.saturating_add(1);
        match profile {
            KernelProfile::Legacy => {
                self.overloaded |= self.thresholds.is_reached(self.activity.total());
            }
            KernelProfile::TotalConnections => {}
        }
    }

    /// A persistence template goes.
    pub(crate) const fn unbind_template(&mut self, profile: KernelProfile) {
        self.activity.persistent = self.activity.persistent.saturating_sub(1);
        match profile {
            KernelProfile::Legacy => {
                self.overloaded &= !self.thresholds.is_relieved(self.activity.total());
            }
            KernelProfile::TotalConnections => {}
        }
    }
}
