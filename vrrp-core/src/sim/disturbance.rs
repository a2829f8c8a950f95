//! The disturbances of a simulated LAN.

use core::fmt;
use core::net::IpAddr;

use super::{Link, RouterId};
use crate::Event;

/// Something that happens to the LAN or to one router on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// The router's process starts, or starts again after a kill, with all members of
    /// its sync group.
    Start(RouterId),
    /// The router's host dies, with everything it knew. All members of its sync group die with it.
    Crash(RouterId),
    /// The router's process is stopped (SIGSTOP): time passes, packets queue.
    Pause(RouterId),
    /// The process goes on: it reads what queued, then looks at its timers.
    Resume(RouterId),
    /// The interface loses or regains its carrier.
    Carrier(RouterId, bool),
    /// The primary address changes, or goes.
    Address(RouterId, Option<IpAddr>),
    /// The router gets an event: a reload, a tracking result, a start or a stop.
    Deliver(RouterId, Event),
    /// Nothing from the first router reaches the second any more, or everything does again.
    Cut {
        /// The sender.
        from: RouterId,
        /// The receiver.
        to: RouterId,
        /// Whether the link is cut.
        cut: bool,
    },
    /// The link from the first router to the second gets a quality of its own, or that of the LAN
    /// again.
    Impair {
        /// The sender.
        from: RouterId,
        /// The receiver.
        to: RouterId,
        /// The quality in this direction.
        link: Option<Link>,
    },
    /// The routers whose bit (by [`RouterId::index`]) is set see only each other, and so do the
    /// rest.
    Partition(u64),
    /// All cuts and partitions end, and no link has a quality of its own.
    Heal,
    /// Every link without a quality of its own gets this one.
    Weather(Link),
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(id) => write!(f, "{id} starts"),
            Self::Crash(id) => write!(f, "{id} crashes"),
            Self::Pause(id) => write!(f, "{id} is paused"),
            Self::Resume(id) => write!(f, "{id} resumes"),
            Self::Carrier(id, true) => write!(f, "{id} regains its carrier"),
            Self::Carrier(id, false) => write!(f, "{id} loses its carrier"),
            Self::Address(id, Some(address)) => write!(f, "{id} has the primary address {address}"),
            Self::Address(id, None) => write!(f, "{id} has no primary address"),
            Self::Deliver(id, event) => write!(f, "{id} gets {event:?}"),
            Self::Cut {
                from,
                to,
                cut: true,
            } => write!(f, "{from} -> {to} is cut"),
            Self::Cut {
                from,
                to,
                cut: false,
            } => write!(f, "{from} -> {to} is mended"),
            Self::Impair {
                from,
                to,
                link: Some(link),
            } => write!(f, "{from} -> {to} has {link}"),
            Self::Impair {
                from,
                to,
                link: None,
            } => write!(f, "{from} -> {to} is as the others"),
            Self::Partition(mask) => write!(f, "partition {mask:#b}"),
            Self::Heal => f.write_str("all links healed"),
            Self::Weather(link) => write!(f, "{link}"),
        }
    }
}
