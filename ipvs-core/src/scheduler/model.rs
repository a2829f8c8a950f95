//! The trait of scheduler models, and the model of a service's scheduler.

use core::time::Duration;

use thiserror::Error;

use super::{
    Dh, Fo, Lblc, Lblcr, Lc, Mh, Nq, Ovf, Rr, Scheduler, Sed, Sh, TableSize, Twos, Wlc, Wrr,
};
use crate::service::Flags;
use crate::table::Table;
use crate::{Flow, KernelProfile, Name};

/// The input of a pick, beside the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The packet.
    pub flow: Flow,
    /// The flags of the service; `sh` and `mh` read them anew each time.
    pub flags: Flags,
    /// Since an epoch the caller chooses; the caches of `lblc` and `lblcr` age by it.
    pub now: Duration,
    /// Two random numbers; only `twos` looks at them.
    pub draws: [u32; 2],
}

impl Request {
    /// A request at time zero, without flags and with zeros as random numbers.
    #[must_use]
    pub const fn new(flow: Flow) -> Self {
        Self {
            flow,
            flags: Flags::NONE,
            now: Duration::ZERO,
            draws: [0; 2],
        }
    }
}

/// A model of a scheduler: it picks what the kernel picks.
///
/// A model follows one table: call [`start`](Self::start) first, and report every change to it
/// after it was made. Counters change without notice.
pub trait Schedule {
    /// Starts with `table`.
    fn start(&mut self, _table: &Table) {}

    /// A destination was added at the head of `table`.
    fn added(&mut self, _table: &Table) {}

    /// The destination that was at `position` was removed from `table`.
    fn removed(&mut self, _table: &Table, _position: usize) {}

    /// A destination of `table` was edited.
    fn edited(&mut self, _table: &Table) {}

    /// The position of the destination for a new connection, if there is one for it.
    fn pick(&mut self, table: &Table, request: &Request) -> Option<usize>;
}

/// The state of a scheduler that the kernel does not list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hidden {
    /// Which destination is next (`rr`).
    Cursor,
    /// Which destination is next, and the current weight (`wrr`).
    Rotation,
    /// The weights of destinations before they became 0 (`mh`): exact while none is 0.
    LastWeights,
    /// Which destinations the addresses had (`lblc`, `lblcr`).
    Cache,
    /// Chance (`twos`).
    Draws,
}

impl Scheduler {
    /// The part of its state that cannot be read from a running kernel.
    #[must_use]
    pub const fn hidden(&self) -> Option<Hidden> {
        match self {
            Self::Rr => Some(Hidden::Cursor),
            Self::Wrr => Some(Hidden::Rotation),
            Self::Mh => Some(Hidden::LastWeights),
            Self::Lblc | Self::Lblcr => Some(Hidden::Cache),
            Self::Twos => Some(Hidden::Draws),
            Self::Lc
            | Self::Wlc
            | Self::Dh
            | Self::Sh
            | Self::Sed
            | Self::Nq
            | Self::Fo
            | Self::Ovf
            | Self::Other(_) => None,
        }
    }
}

/// A scheduler without model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no model of scheduler {0}")]
#[non_exhaustive]
pub struct UnknownScheduler(pub Name);

/// The model of any scheduler.
#[derive(Clone, Debug)]
pub enum Model {
    /// Round robin.
    Rr(Rr),
    /// Weighted round robin.
    Wrr(Wrr),
    /// Least connections.
    Lc(Lc),
    /// Weighted least connections.
    Wlc(Wlc),
    /// Locality-based least connections.
    Lblc(Lblc),
    /// Locality-based least connections with replication.
    Lblcr(Lblcr),
    /// Destination hashing.
    Dh(Dh),
    /// Source hashing.
    Sh(Sh),
    /// Shortest expected delay.
    Sed(Sed),
    /// Never queue.
    Nq(Nq),
    /// Weighted failover.
    Fo(Fo),
    /// Weighted overflow.
    Ovf(Ovf),
    /// Maglev hashing.
    Mh(Mh),
    /// Power of two choices.
    Twos(Twos),
    /// No scheduler: it never picks.
    None,
}

impl Model {
    /// The model of `scheduler`; `none` is no scheduler. An error has the name of a
    /// scheduler without model.
    pub fn new(scheduler: &Scheduler, profile: KernelProfile) -> Result<Self, UnknownScheduler> {
        Ok(match scheduler {
            Scheduler::Rr => Self::Rr(Rr::default()),
            Scheduler::Wrr => Self::Wrr(Wrr::default()),
            Scheduler::Lc => Self::Lc(Lc),
            Scheduler::Wlc => Self::Wlc(Wlc),
            Scheduler::Lblc => Self::Lblc(Lblc::new(profile)),
            Scheduler::Lblcr => Self::Lblcr(Lblcr::new(profile)),
            Scheduler::Dh => Self::Dh(Dh),
            Scheduler::Sh => Self::Sh(Sh::default()),
            Scheduler::Sed => Self::Sed(Sed),
            Scheduler::Nq => Self::Nq(Nq),
            Scheduler::Fo => Self::Fo(Fo),
            Scheduler::Ovf => Self::Ovf(Ovf),
            Scheduler::Mh => Self::Mh(Mh::new(TableSize::default())),
            Scheduler::Twos => Self::Twos(Twos),
            Scheduler::Other(name) if name.as_str() == "none" => Self::None,
            Scheduler::Other(name) => return Err(UnknownScheduler(*name)),
        })
    }
}

macro_rules! each {
    ($model:expr, $it:ident => $call:expr, $none:expr) => {
        match $model {
            Model::Rr($it) => $call,
            Model::Wrr($it) => $call,
            Model::Lc($it) => $call,
            Model::Wlc($it) => $call,
            Model::Lblc($it) => $call,
            Model::Lblcr($it) => $call,
            Model::Dh($it) => $call,
            Model::Sh($it) => $call,
            Model::Sed($it) => $call,
            Model::Nq($it) => $call,
            Model::Fo($it) => $call,
            Model::Ovf($it) => $call,
            Model::Mh($it) => $call,
            Model::Twos($it) => $call,
            Model::None => $none,
        }
    };
}

impl Schedule for Model {
    fn start(&mut self, table: &Table) {
        each!(self, it => it.start(table), ());
    }

    fn added(&mut self, table: &Table) {
        each!(self, it => it.added(table), ());
    }

    fn removed(&mut self, table: &Table, position: usize) {
        each!(self, it => it.removed(table, position), ());
    }

    fn edited(&mut self, table: &Table) {
        each!(self, it => it.edited(table), ());
    }

    fn pick(&mut self, table: &Table, request: &Request) -> Option<usize> {
        each!(self, it => it.pick(table, request), None)
    }
}
