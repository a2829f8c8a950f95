//! The kernel's reports of services and destinations: configuration and statistics.
//!
//! ```
//! use ipvs_core::record::{Activity, DestinationRecord, Statistics};
//! use ipvs_core::table::Table;
//! use ipvs_core::{Destination, Forwarding, KernelProfile};
//!
//! let destination = Destination::new("10.0.0.1:80".parse()?, Forwarding::Masquerade, 1);
//! let record = DestinationRecord {
//!     destination,
//!     activity: Activity { active: 3, ..Activity::default() },
//!     statistics: Statistics::default(),
//! };
//! let table = Table::from_records(KernelProfile::default(), &[record])?;
//! assert_eq!(table.activity(0).active, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use crate::{Destination, Service};

/// The connections of a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Activity {
    /// Active connections: established, or on their way there.
    pub active: u32,
    /// Other connections.
    pub inactive: u32,
    /// Persistence templates.
    pub persistent: u32,
}

/// Counts since the start, or since they were last zeroed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Totals {
    /// Connections scheduled.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients.
    pub packets_out: u64,
    /// Octets from clients.
    pub octets_in: u64,
    /// Octets to clients.
    pub octets_out: u64,
}

/// Current rates, each per second, smoothed over about 8 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Rates {
    /// Connections.
    pub connections: u64,
    /// Packets from clients.
    pub packets_in: u64,
    /// Packets to clients.
    pub packets_out: u64,
    /// Octets from clients.
    pub octets_in: u64,
    /// Octets to clients.
    pub octets_out: u64,
}

/// The kernel's statistics of a service or a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Statistics {
    /// Sums.
    pub totals: Totals,
    /// Rates.
    pub rates: Rates,
}

/// A service as the kernel reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct ServiceRecord {
    /// The service.
    pub service: Service,
    /// Its statistics.
    pub statistics: Statistics,
}

/// A destination as the kernel reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct DestinationRecord {
    /// The destination.
    pub destination: Destination,
    /// What it carries.
    pub activity: Activity,
    /// Its statistics.
    pub statistics: Statistics,
}
