//! The kernel's reports of services and destinations: configuration and statistics.
//!
//! A model that starts with the records of a kernel picks as the kernel would:
//!
//! ```
//! use core::time::Duration;
//!
//! use ipvs_core::balancer::Balancer;
//! use ipvs_core::destination::{Destination, Forwarding};
//! use ipvs_core::record::{Activity, DestinationRecord, Statistics};
//! use ipvs_core::scheduler::Scheduler;
//! use ipvs_core::service::Service;
//! use ipvs_core::{Flow, KernelProfile, Protocol};
//!
//! let mut records = Vec::new();
//! for (address, active) in [("10.0.0.1:80", 9), ("10.0.0.2:80", 2)] {
//!     records.push(DestinationRecord {
//!         destination: Destination::new(address.parse()?, Forwarding::Masquerade, 1),
//!         activity: Activity { active, ..Activity::default() },
//!         statistics: Statistics::default(),
//!     });
//! }
//! let service = Service::new("tcp 192.0.2.1:80".parse()?, Scheduler::Wlc);
//! let mut balancer = Balancer::from_records(&service, KernelProfile::default(), &records)?;
//! let flow = Flow {
//!     protocol: Protocol::TCP,
//!     client: ([203, 0, 113, 9], 40_000).into(),
//!     target: ([192, 0, 2, 1], 80).into(),
//! };
//! let pick = balancer.pick(Duration::ZERO, &flow, [0; 2]).expect("both have weights");
//! let picked = balancer.table().get(pick).expect("it is in the table");
//! assert_eq!(picked.key, "10.0.0.2:80".parse()?);
//! # Ok::<(), Box<dyn core::error::Error>>(())
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
