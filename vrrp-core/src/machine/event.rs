//! The events that a virtual router handles.

use core::net::IpAddr;

use crate::{Config, Family, Interval, Priority, Version, Vrid};

/// The fields of an admitted advertisement that the election uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Heard {
    /// Primary address of the sender: the source of the IP packet.
    pub source: IpAddr,
    /// The sender's priority.
    pub priority: Priority,
    /// The sender's advertisement interval.
    pub interval: Interval,
}

/// Something a [`VirtualRouter`](crate::VirtualRouter) reacts to.
///
/// The enum is exhaustive on purpose: a driver that does not know an event should not compile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Event {
    /// The virtual router is switched on (RFC 9568 §6.4.1).
    Startup,
    /// The virtual router is switched off.
    Shutdown,
    /// The deadline may have passed. Early and repeated timeouts are no-ops (RFC 9568 §6.4).
    Timeout,
    /// An advertisement passed admission.
    Advertisement(Heard),
    /// The interface is up and has carrier.
    InterfaceUp,
    /// The interface is down or lost its carrier.
    InterfaceDown,
    /// The primary address of the interface is known, changed, or gone. It is of the router's
    /// family, see [`EventError`].
    PrimaryAddress(Option<IpAddr>),
    /// Tracking changed the effective priority; ignored by the owner.
    Priority(Priority),
    /// A tracked object failed without which this router cannot run.
    Fault,
    /// All tracked objects that it needs are up again.
    Recover,
    /// A reload changed the configuration, but not which virtual router this is, see
    /// [`EventError`].
    Configure(Config),
    /// From here on the router belongs to a sync group: it asks before it becomes Active.
    Hold,
    /// The router leaves its sync group.
    Release,
    /// The sync group elected this router.
    Elect,
    /// The sync group gives up: yield to Backup.
    Yield,
}

/// Why an event is refused: [`VirtualRouter::check`](crate::VirtualRouter::check) says so, and
/// [`VirtualRouter::handle`](crate::VirtualRouter::handle) does nothing about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// [`Event::Configure`] with another virtual router identifier: that is another virtual router.
    #[error("virtual router {ours} cannot become {theirs}")]
    Vrid {
        /// The router's.
        ours: Vrid,
        /// The configuration's.
        theirs: Vrid,
    },
    /// [`Event::Configure`] with another version of the protocol.
    #[error("a router of {ours} cannot become one of {theirs}")]
    Version {
        /// The router's.
        ours: Version,
        /// The configuration's.
        theirs: Version,
    },
    /// [`Event::Configure`] with another address family, or a primary address of another one: no
    /// advertisement can be sent from it.
    #[error("a virtual router over {ours} has no use for {theirs}")]
    Family {
        /// The router's.
        ours: Family,
        /// The configuration's or the address's.
        theirs: Family,
    },
}
