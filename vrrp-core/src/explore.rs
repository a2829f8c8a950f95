//! Exhaustive exploration: every run of a few virtual routers with a bounded number of faults.
//!
//! [`Model::explore`] goes through all states that two to four shipped [`VirtualRouter`]s and the
//! advertisements between them can reach, breadth first, until there are no new ones: runs are
//! bounded in their faults, not in their length. Each state is visited once, however it is reached,
//! because times are held relative to the present. No other symmetry is used.
//!
//! ```
//! use core::time::Duration;
//! use vrrp_core::explore::{Faults, Flaw, Model};
//! use vrrp_core::{Config, Family, Settings, Version};
//!
//! let mut settings = Settings::new(Version::V3, Family::V4, 51);
//! let worse = Config::try_from(settings)?;
//! settings.priority = 200;
//! let better = Config::try_from(settings)?;
//! let mut model = Model::new([
//!     (better, "192.0.2.1".parse()?),
//!     (worse, "192.0.2.2".parse()?),
//! ]);
//! model.faults = Faults { crashes: 1, ..Faults::default() };
//! let report = model.explore()?;
//! assert!(report.complete && report.violations.is_empty());
//! // 3 A + Skew_Time of the backup, and an advertisement that was under way for 10 ms.
//! assert_eq!(report.windows.leaderless, Some(Duration::from_micros(3_619_375)));
//!
//! // A direction that is cut while the other is not leaves both Active.
//! model.faults = Faults { one_way: 1, ..Faults::default() };
//! let report = model.explore()?;
//! assert_eq!(report.violations[0].flaw, Flaw::Dual);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a run is
//!
//! Routers are off at first. Any may start at any moment, and start again after a crash. An
//! advertisement is put on the wire, read back and admitted by the shipped codec and
//! [`Admission`](crate::receive::Admission), once for each pair of routers. It arrives at any moment
//! between its sending and [`Model::delay`] later at which something else happens, or at the end of
//! that; packets pass each other. Timers fire at their deadline, after or before what arrives at the
//! same instant; what a stopped process received, it hears before its timers fire. Faults strike
//! between any two events. As nothing else depends on when they do, that stands for every moment,
//! except for starts, returning carriers and pauses: they take one of [`Model::waits`].
//!
//! Not covered: delays that end where nothing else happens and that are not the longest; clocks of
//! different rates; tracking, reconfiguration, sync groups and changes of address; more than four
//! routers. [`sim`](crate::sim) has most of these, at random.
//!
//! # What is checked
//!
//! [`Flaw`] lists it: some at each step, the others over every run that is not disturbed any more,
//! from every state: the graph of undisturbed steps must have no cycle in which the routers are not
//! settled, and the longest paths outside are the exact [`Windows`].
//!
//! States are distinguished by a fingerprint of 64 bits. That two of n states share one, and the
//! second is overlooked, has a probability below n² / 2⁶⁵: 3 · 10⁻⁶ for ten million.

mod calm;
mod fault;
mod lan;
mod network;
mod packets;
mod pairs;
mod search;
mod step;
#[cfg(test)]
mod tests;
mod trace;
mod visited;

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

pub use self::fault::Faults;
use self::network::Network;
pub use self::step::Flaw;
pub use self::trace::{Entry, Happening, Trace};
use crate::wire::EncodeError;
use crate::{Config, VirtualRouter};

/// Routers on a LAN, and what may happen to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The routers and their primary addresses, two to [`MAX_ROUTERS`](Self::MAX_ROUTERS).
    pub routers: Vec<(Config, IpAddr)>,
    /// How long an advertisement is under way at most; 10 ms by default.
    pub delay: Duration,
    /// How long starts, returning carriers and pauses may take; at once, and 1.5 s, by default.
    pub waits: Vec<Duration>,
    /// How often a run may be disturbed.
    pub faults: Faults,
    /// Whether owners hear no advertisement, as RFC 5798 §7.1 has it.
    pub owner_is_deaf: bool,
    /// A broken router.
    pub resigner: Option<Resigner>,
    /// How many states are visited at most; ten million by default. Each takes about 200 octets.
    pub limit: u32,
}

/// A router that does nothing but resign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resigner {
    /// Which of the routers; it never starts.
    pub router: usize,
    /// How often.
    pub every: Duration,
}

/// Why a [`Model`] cannot be explored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Too few or too many routers.
    #[error("{routers} routers are not 2 to 4")]
    Routers {
        /// How many there are.
        routers: usize,
    },
    /// The broken router is none of the routers.
    #[error("there is no router {router} to resign")]
    Resigner {
        /// Its index.
        router: usize,
    },
    /// A broken router that resigns all the time.
    #[error("a router cannot resign every 0 s")]
    ResignerPeriod,
    /// More waits than a step can number.
    #[error("{waits} waits are more than 255")]
    Waits {
        /// How many there are.
        waits: usize,
    },
    /// A router cannot put its advertisement on the wire.
    #[error("router {router} cannot advertise")]
    Advertisement {
        /// Its index.
        router: usize,
        /// Why.
        #[source]
        source: EncodeError,
    },
}

/// What an exploration found.
#[derive(Clone, Debug)]
pub struct Report {
    /// Distinct states.
    pub states: u32,
    /// Steps from one state to another.
    pub transitions: u64,
    /// Steps to the state that takes most of them.
    pub depth: u32,
    /// Whether all states were visited. If not, neither the windows nor the flaws of undisturbed
    /// runs are known.
    pub complete: bool,
    /// How long the routers disagree at worst.
    pub windows: Windows,
    /// One for each [`Flaw`] there is.
    pub violations: Vec<Violation>,
}

/// The longest spans in a run that is not disturbed any more; `None` if there is no end to one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// With several Active Routers.
    pub dual: Option<Duration>,
    /// With routers, none of which is Active.
    pub leaderless: Option<Duration>,
    /// Until nothing changes any more, the waits of routers about to start included.
    pub unsettled: Option<Duration>,
}

/// A [`Flaw`] and how to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What is wrong.
    pub flaw: Flaw,
    /// A run to it; of flaws of a step, the shortest.
    pub trace: Trace,
}

impl Model {
    /// The most routers of a model.
    pub const MAX_ROUTERS: usize = 4;

    /// These routers on a LAN without faults.
    pub fn new(routers: impl Into<Vec<(Config, IpAddr)>>) -> Self {
        Self {
            routers: routers.into(),
            delay: Duration::from_millis(10),
            waits: Vec::from([Duration::ZERO, Duration::from_millis(1500)]),
            faults: Faults::default(),
            owner_is_deaf: false,
            resigner: None,
            limit: 10_000_000,
        }
    }

    /// Visits every reachable state.
    ///
    /// # Errors
    /// [`ModelError`] if this is no model of a LAN.
    pub fn explore(&self) -> Result<Report, ModelError> {
        match self.routers.len() {
            2 => Ok(search::explore(&Network::<2>::new(self)?)),
            3 => Ok(search::explore(&Network::<3>::new(self)?)),
            4 => Ok(search::explore(&Network::<4>::new(self)?)),
            routers => Err(ModelError::Routers { routers }),
        }
    }
}
