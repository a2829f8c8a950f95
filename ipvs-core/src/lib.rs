//! Pure models of the kernel's IPVS: the schedulers, the service table, and the plan that turns one
//! table into another.
//!
//! Everything here is a function of its arguments: no socket, no clock, no randomness of its own.
//! `ipvs-netlink` carries these types to a kernel and back.
//!
//! # Concepts
//!
//! A [`Service`] is what packets IPVS takes ([`ServiceKey`]) and how it spreads their connections; a
//! [`Destination`] is one of its real servers. A [`Configuration`] holds services with their
//! destinations: what a kernel has, or what it should have. [`plan()`] lists the [`Change`]s from one
//! to the other in an order that interrupts no service, and [`Drain`] keeps what goes until its
//! connections have ended. A [`Director`] is a model of the kernel at work: packets in,
//! [verdicts](connection::Verdict) out.
//!
//! `Service` and `Destination` hold whatever a kernel may report, also what no tool of today
//! configures. `check` ([`Configuration::check`], [`Service::check`], …) says whether it would work;
//! the kernel itself refuses less ([`Configuration::accepts`]).
//!
//! | module | has |
//! |---|---|
//! | [`configuration`], [`mod@plan`], [`drain`] | tables and changes: [`Configuration`], [`ServiceEntry`](configuration::ServiceEntry), [`Change`], [`plan()`], [`Order`], [`Drain`] |
//! | [`service`] | [`Service`], [`ServiceKey`], [`Flags`](service::Flags), [`Persistence`](service::Persistence), [`Granularity`](service::Granularity) |
//! | [`destination`] | [`Destination`], [`DestinationKey`], [`Forwarding`], [`Tunnel`](destination::Tunnel) |
//! | [`acceptance`] | what is wrong with any of them |
//! | [`record`] | what a kernel reports: [`ServiceRecord`](record::ServiceRecord), [`DestinationRecord`](record::DestinationRecord), [`Activity`](record::Activity), [`Statistics`](record::Statistics) |
//! | [`connection`] | a kernel at work: [`Director`], [`Packet`](connection::Packet), [`Verdict`](connection::Verdict), [`Settings`](connection::Settings) |
//! | [`balancer`], [`table`], [`scheduler`] | one service of it: [`Balancer`](balancer::Balancer), [`Table`](table::Table), [`Scheduler`] |
//! | [`rules`] | ipvsadm's text |
//!
//! At the root are the few types that every program names, once more, and those without a module:
//! [`Family`], [`Flow`], [`Name`], [`Protocol`], [`KernelProfile`], [`SyncDaemon`], [`Timeouts`] and
//! [`Trash`].
//!
//! # A first program
//!
//! ```
//! use ipvs_core::{Change, Configuration, Destination, Forwarding, Order, Scheduler, Service, plan};
//!
//! let service = Service::new("tcp 192.0.2.1:80".parse()?, Scheduler::Wlc);
//! let real = Destination::new("10.0.0.1:8080".parse()?, Forwarding::Masquerade, 1);
//! let mut desired = Configuration::new();
//! desired.apply(&Change::AddService(service))?;
//! desired.apply(&Change::AddDestination(service.key, real))?;
//! desired.check(false)?;
//!
//! let actual = Configuration::new();
//! let changes = plan(&actual, &desired, |_| true, Order::Any);
//! let expected = [
//!     Change::AddService(service),
//!     Change::AddDestination(service.key, real),
//! ];
//! assert_eq!(changes, expected);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Testing without a kernel
//!
//! [`Configuration::apply`] makes a change as a kernel does and refuses it with the kernel's error
//! number, so a plan is tested against a table alone. For a program that talks to a kernel,
//! `ipvs_netlink::memory` has one with a socket.
//!
//! # Time
//!
//! Time is a [`Duration`](core::time::Duration) since an epoch that the caller chooses once, by a
//! monotonic clock, as connections live for hours and no one compares them with a calendar. With
//! `std` the epoch is an `Instant`:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! let epoch = Instant::now();
//! let now: Duration = epoch.elapsed(); // what the methods here take
//! let deadline = now + Duration::from_secs(60); // what `Director::deadline` gives
//! let wake_at: Instant = epoch + deadline;
//! assert!(wake_at > Instant::now());
//! ```
//!
//! `vrrp-core` counts nanoseconds since such an epoch in a type of its own, of eight octets, as each
//! of its routers holds several points in time beside many spans. Here nearly all times are spans. With the same epoch,
//! `vrrp_core::Instant::EPOCH + now` is the instant, and
//! `instant.saturating_duration_since(vrrp_core::Instant::EPOCH)` is `now`.
//!
//! # Stability
//!
//! The crate follows semantic versioning. Enums of errors and faults grow in minor versions and are
//! `#[non_exhaustive]`, as are the [settings](connection::Settings) of the model. Mirrors of what the
//! kernel holds ([`Service`], [`Destination`], the records) are complete, so that whoever encodes or
//! compares one overlooks no attribute; one more is a breaking change. No type of another crate is in
//! signatures.
//!
//! # Features
//!
//! None is on by default. `serde` and `arbitrary` are as stable as the crate.
//!
//! | feature | gives | needs |
//! |---|---|---|
//! | `serde` | `Serialize` and `Deserialize`, in a form that people write by hand | `alloc` |
//! | `arbitrary` | `Arbitrary` of the plain types, for fuzzing | `std` |
//! | `properties` | `ipvs_core::properties`, for this workspace's fuzzing; may change at any time | `std` |
//!
//! With `serde`, what ipvsadm takes for granted may be left out, and what is unknown is refused:
//!
#![cfg_attr(feature = "serde", doc = "```")]
#![cfg_attr(not(feature = "serde"), doc = "```ignore")]
//! let table: ipvs_core::Configuration = serde_json::from_str(
//!     r#"{ "services": [ {
//!         "service": "tcp 192.0.2.1:80",
//!         "scheduler": "sh",
//!         "flags": ["sh-port"],
//!         "persistence": { "timeout": "5m", "granularity": "255.255.255.0" },
//!         "destinations": [
//!             { "address": "10.0.0.1:8080", "forwarding": "masquerade", "weight": 2 },
//!             { "address": "10.0.0.2:80", "forwarding": { "tunnel": "ipip" } }
//!         ]
//!     } ] }"#,
//! )?;
//! table.check(false)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Performance
//!
//! A pick allocates nothing. Schedulers that compare destinations take time in proportion to their
//! number, as the kernel's do: about 0.1 µs for 256 and 3 µs for 10,000; [`scheduler::Indexed`] keeps
//! an index and takes 0.1 µs. A plan sorts keys: 2 ms for 5,000 services of ten destinations.
//! `Configuration::apply` looks for a destination one by one.
//!
//! # Panics and unsafe code
//!
//! Nothing here panics, whatever a kernel, a file or a caller gives, and there is no unsafe code.
//! Functions of `properties` panic where a property does not hold; that is what they are for.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
// `derive(Arbitrary)` counts recursion in a thread-local.
#[cfg(feature = "arbitrary")]
extern crate std;

pub mod acceptance;
pub mod balancer;
pub mod configuration;
pub mod connection;
pub mod destination;
pub mod drain;
mod family;
mod flow;
#[cfg(feature = "serde")]
mod form;
mod name;
mod normal;
pub mod plan;
mod profile;
#[cfg(any(test, feature = "properties"))]
#[doc(hidden)]
pub mod properties;
mod protocol;
pub mod record;
pub mod rules;
pub mod scheduler;
pub mod service;
mod sync;
pub mod table;
mod timeouts;
mod trash;

pub use configuration::{Change, Configuration};
pub use connection::Director;
pub use destination::{Destination, DestinationKey, Forwarding};
pub use drain::Drain;
pub use family::Family;
pub use flow::Flow;
pub use name::{Name, NameError};
pub use plan::{Order, plan};
pub use profile::KernelProfile;
pub use protocol::Protocol;
pub use scheduler::Scheduler;
pub use service::{Service, ServiceKey};
pub use sync::{SyncDaemon, SyncRole};
pub use timeouts::Timeouts;
pub use trash::Trash;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
