//! What happens to a virtual router.

use core::net::IpAddr;

use crate::{Config, Interval, Priority};

/// An admitted advertisement, reduced to what the election looks at.
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
pub enum Event {
    /// The virtual router is switched on (RFC 9568 §6.4.1).
    Startup,
    /// The virtual router is switched off.
    Shutdown,
    /// The deadline may have passed. Early and repeated timeouts are no-ops (F17).
    Timeout,
    /// An advertisement passed admission.
    Advertisement(Heard),
    /// The interface is up and has carrier.
    InterfaceUp,
    /// The interface is down or lost its carrier.
    InterfaceDown,
    /// The primary address of the interface is known, changed, or gone.
    PrimaryAddress(Option<IpAddr>),
    /// Tracking changed the effective priority; ignored by the owner.
    Priority(Priority),
    /// Something tracked failed that this router cannot live without.
    Fault,
    /// Everything tracked is well again.
    Recover,
    /// A reload changed the configuration.
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
