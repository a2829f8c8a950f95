//! Pure models of the kernel's IPVS: the schedulers, the service table, and the plan that turns one
//! table into another.
//!
//! Everything here is a function of its arguments: no socket, no clock, no randomness of its own.
//! `ipvs-netlink` carries these types to a kernel and back.
//!
//! [`Service`] and [`Destination`] hold whatever a kernel may report, also what no tool of today
//! configures.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
// `derive(Arbitrary)` counts recursion in a thread-local.
#[cfg(feature = "arbitrary")]
extern crate std;

mod acceptance;
mod balancer;
mod configuration;
mod connection;
mod destination;
mod drain;
mod family;
mod flow;
#[cfg(feature = "serde")]
mod form;
mod name;
mod normal;
mod plan;
mod profile;
#[cfg(any(test, feature = "properties"))]
pub mod properties;
mod protocol;
mod record;
pub mod rules;
pub mod scheduler;
mod service;
mod sync;
mod table;
mod timeouts;
mod trash;

pub use acceptance::{
    ConfigurationFault, DaemonFault, DestinationFault, ServiceFault, TimeoutFault,
};
pub use balancer::{Balancer, BalancerError};
pub use configuration::{ApplyError, Change, Configuration, ServiceEntry};
pub use connection::{
    Because, Direction, Director, DirectorError, Packet, ReuseMode, Segment, Settings, TcpState,
    Track, Unserved, Verdict,
};
pub use destination::{Destination, DestinationKey, Forwarding, Tunnel, TunnelChecksum};
pub use drain::{Drain, Until};
pub use family::Family;
pub use flow::Flow;
pub use name::{Name, NameError};
pub use plan::{Order, plan};
pub use profile::KernelProfile;
pub use protocol::Protocol;
pub use record::{Activity, DestinationRecord, Rates, ServiceRecord, Statistics, Totals};
pub use scheduler::{Scheduler, SchedulerError};
pub use service::{
    DestinationKeyError, Flags, Granularity, Persistence, Service, ServiceKey, ServiceKeyError,
};
pub use sync::{SyncDaemon, SyncRole};
pub use table::{ConnectionCounts, DestinationError, Table};
pub use timeouts::Timeouts;
pub use trash::Trash;
