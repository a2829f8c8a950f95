//! The schedulers of IPVS, and their models.

mod cache;
mod dh;
mod fo;
mod indexed;
mod lblc;
mod lblcr;
mod lc;
mod mh;
mod model;
mod nq;
mod ovf;
mod rr;
mod scan;
mod sed;
mod sh;
#[cfg(test)]
mod tests;
mod twos;
mod wlc;
mod wrr;

use core::fmt;
use core::str::FromStr;

use thiserror::Error;

pub use self::dh::Dh;
pub use self::fo::Fo;
pub use self::indexed::{Criterion, Indexed};
pub use self::lblc::Lblc;
pub use self::lblcr::Lblcr;
pub use self::lc::Lc;
pub use self::mh::{Mh, TableSize};
pub use self::model::{Hidden, Model, Request, Schedule, UnknownScheduler};
pub use self::nq::Nq;
pub use self::ovf::Ovf;
pub use self::rr::Rr;
pub use self::sed::Sed;
pub use self::sh::Sh;
pub use self::twos::Twos;
pub use self::wlc::Wlc;
pub use self::wrr::Wrr;
use crate::{Name, NameError};

/// A scheduler of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Scheduler {
    /// Round robin.
    Rr,
    /// Weighted round robin.
    Wrr,
    /// Least connections.
    Lc,
    /// Weighted least connections.
    Wlc,
    /// Locality-based least connections.
    Lblc,
    /// Locality-based least connections with replication.
    Lblcr,
    /// Destination hashing.
    Dh,
    /// Source hashing.
    Sh,
    /// Shortest expected delay.
    Sed,
    /// Never queue.
    Nq,
    /// Weighted failover.
    Fo,
    /// Weighted overflow.
    Ovf,
    /// Maglev hashing (since Linux 4.18).
    Mh,
    /// Power of two choices (since Linux 5.15).
    Twos,
    /// One that this crate has no model of; `none` where a service has no scheduler.
    Other(Name),
}

impl Scheduler {
    /// Every scheduler that has a model.
    pub const ALL: [Self; 14] = [
        Self::Rr,
        Self::Wrr,
        Self::Lc,
        Self::Wlc,
        Self::Lblc,
        Self::Lblcr,
        Self::Dh,
        Self::Sh,
        Self::Sed,
        Self::Nq,
        Self::Fo,
        Self::Ovf,
        Self::Mh,
        Self::Twos,
    ];

    /// The name the kernel knows it by.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Rr => "rr",
            Self::Wrr => "wrr",
            Self::Lc => "lc",
            Self::Wlc => "wlc",
            Self::Lblc => "lblc",
            Self::Lblcr => "lblcr",
            Self::Dh => "dh",
            Self::Sh => "sh",
            Self::Sed => "sed",
            Self::Nq => "nq",
            Self::Fo => "fo",
            Self::Ovf => "ovf",
            Self::Mh => "mh",
            Self::Twos => "twos",
            Self::Other(name) => name.as_str(),
        }
    }

    /// The scheduler of any name a kernel may have: one that has a model, or
    /// [`Other`](Self::Other).
    ///
    /// # Errors
    ///
    /// If no kernel can have a scheduler of that name.
    pub fn named(name: &str) -> Result<Self, NameError> {
        match name.parse() {
            Ok(known) => Ok(known),
            Err(SchedulerError) => Name::new(name).map(Self::Other),
        }
    }
}

/// A name is that of no scheduler that has a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "no known scheduler, which are rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh and \
     twos"
)]
#[non_exhaustive]
pub struct SchedulerError;

/// A scheduler that has a model, by the name the kernel knows it by.
///
/// Any other name is refused, as it most likely is a mistake; [`Scheduler::named`] takes it.
///
/// ```
/// use ipvs_core::Scheduler;
///
/// assert_eq!("wrr".parse(), Ok(Scheduler::Wrr));
/// assert!("wr".parse::<Scheduler>().is_err());
/// assert!(matches!(Scheduler::named("wr"), Ok(Scheduler::Other(_))));
/// ```
impl FromStr for Scheduler {
    type Err = SchedulerError;

    fn from_str(name: &str) -> Result<Self, SchedulerError> {
        let known = Self::ALL.into_iter().find(|known| known.name() == name);
        known.ok_or(SchedulerError)
    }
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
