//! VRRP without I/O: the election of the router that has the virtual addresses, as pure functions
//! of events and time.
//!
//! The crate has a packet codec ([`wire`]), admission ([`receive`]) and the state machine
//! ([`VirtualRouter`]) of VRRPv2 (RFC 3768 with the authentication of RFC 2338) and VRRPv3
//! (RFC 9568 with its verified errata, RFC 5798 where it differs), and an [`Endpoint`] that is all of
//! them in one. It opens no socket, reads no clock, allocates nothing and cannot panic on what comes
//! from a network. A runtime such as `vrrp-mio`, a test or a simulator provides packets and time.
//!
//! # Concepts
//!
//! A virtual router is a VRID on a link, with the addresses that its Active Router answers for. Its
//! [`Settings`] are checked once, and are a [`Config`] from then on. A [`VirtualRouter`] is the election
//! alone: an [`Event`] in, [`Action`]s out. An [`Endpoint`] is the whole router, over memory of yours.
//! Every call takes the present time, an [`Instant`] since an epoch that you choose; none waits.
//!
//! | module | has |
//! |---|---|
//! | [`endpoint`] | a whole router, its loop, and the [duties of a runtime](endpoint#the-duties-of-a-runtime) |
//! | [`wire`] | packets and frames: advertisements, ARP, neighbour advertisements, checksums |
//! | [`receive`] | admission: which advertisements are heard, and why others are discarded |
//! | [`announce`] | when gratuitous ARP and neighbour advertisements are sent |
//! | [`track`], [`group`], [`eligibility`] | tracked objects, sync groups, and what follows from both |
//! | `sim`, `explore` | a network to test on, with the feature `sim` |
//!
//! # The driver loop
//!
//! [`endpoint`] describes the methods and their order, and what a runtime owes. Two rules keep it
//! right: take one `now` per turn, and deliver what was received before [`Endpoint::timeout`].
//!
//! ```
//! use core::net::Ipv4Addr;
//! use vrrp_core::announce::Slot;
//! use vrrp_core::endpoint::{EndpointEvent, MAX_TRANSMIT, Table, Transmit};
//! use vrrp_core::wire::{Addresses, PseudoHeader};
//! use vrrp_core::{Config, Endpoint, Event, Family, Instant, MacAddr, Role, Settings, Version};
//!
//! let config = Config::try_from(Settings::new(Version::V3, Family::V4, 51))?;
//! let mut slots = [Slot::EMPTY; 1];
//! let table = Table::new(Addresses::V4(&[[192, 0, 2, 100]]), &mut slots);
//! let mut router = Endpoint::new(Instant::EPOCH, config, table)?;
//!
//! // The runtime's part: a clock, sockets, an interface. Here they are variables.
//! let mut clock = Instant::EPOCH;
//! let mut buf = [0; MAX_TRANSMIT];
//! let mut received: Vec<(PseudoHeader, u8, Vec<u8>)> = Vec::new();
//! let mut sent = Vec::new();
//!
//! router.handle(clock, Event::PrimaryAddress(Some(Ipv4Addr::new(192, 0, 2, 1).into())));
//! router.handle(clock, Event::Startup);
//! while router.machine().role() != Role::Active {
//!     // Sleep until the deadline or a packet; nobody advertises here, so until the deadline.
//!     clock = router.deadline().expect("the router runs");
//!     // One `now` for the whole turn. Packets first, then the timer.
//!     let now = clock;
//!     for (ends, ttl, octets) in received.drain(..) {
//!         // A discarded packet is counted.
//!         let _heard = router.receive(now, &ends, ttl, &octets);
//!     }
//!     router.timeout(now);
//!     while let Some(transmit) = router.poll_transmit(now, &mut buf) {
//!         sent.push(transmit.octets().to_vec());
//!     }
//!     while let Some(event) = router.poll_event() {
//!         if event == EndpointEvent::AddAddresses {
//!             // The kernel has put the address on an interface of this Ethernet address.
//!             router.installed(0, Some(MacAddr([2, 0, 0, 0, 0, 1])));
//!         }
//!     }
//! }
//! // The checksum is what keepalived and FRR verify, until a router that wins is heard to send
//! // another form.
//! assert_eq!(sent, [[0x31, 51, 100, 1, 0, 100, 0x05, 0x72, 192, 0, 2, 100]]);
//! let gratuitous_arp = router.poll_transmit(clock, &mut buf).expect("the first of five");
//! assert!(matches!(gratuitous_arp, Transmit::Announcement { position: 0, .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Without an operating system
//!
//! The crate is `no_std`, and without default features it needs no allocator. The program in
//! `tests/no_std`, a router of one address linked for x86-64 with `opt-level = "s"`, has 23 kB of
//! code and constants, the C library's `memcpy` and its like included. An [`Endpoint`] over a
//! [`Table`](endpoint::Table) takes less than 2 kB, the buffer for what is sent
//! [`MAX_TRANSMIT`](endpoint::MAX_TRANSMIT) octets, and a call less than 2 kB of stack.
//!
//! # Testing
//!
//! A router is a function of its arguments, so a test is a list of calls with times of its own: no
//! socket, no sleep, no root. The feature `sim` has a link with delay, loss and crashes, which checks
//! invariants as it goes, and an exploration of every order of events for small networks.
//! `examples/endpoint.rs` is a test of two whole routers.
//!
//! # Performance
//!
//! Nothing is allocated. An event, an advertisement decoded and admitted, or one encoded take well below
//! a microsecond; time and memory do not depend on the number of routers, and addresses are gone through
//! once for each advertisement.
//!
//! # Panics and unsafe code
//!
//! There is no unsafe code, and nothing here panics, whatever comes from a network or a caller; sums of
//! times saturate. Only `sim` and `explore` panic, where their own invariants are broken by a mistake of
//! this crate, and `properties`, for fuzzing, where a property does not hold.
//!
//! # Stability
//!
//! The crate follows semantic versioning. Enums of errors and reasons, and structs of settings and
//! counters, grow in minor versions and are `#[non_exhaustive]`; [`Event`], [`Action`] and
//! [`EndpointEvent`](endpoint::EndpointEvent) are complete, so that the compiler shows what a new one
//! needs, and one more is a breaking change. The only type of another crate in signatures is
//! `bytes::BufMut`, of version 1, by the feature `bytes`. What `serde` reads now, later versions of the
//! same series read.
//!
//! # Features
//!
//! None changes behaviour. `ah`, `bytes`, `serde` and `arbitrary` are as stable as the crate; `sim`, with
//! `sim` and `explore`, may change in any minor version; `properties` is for the fuzzing of this
//! workspace, hidden, and may change at any time.
//!
//! - `ah`, on by default: the Authentication Header, authentication type 2 of VRRPv2. Without it
//!   packets that have one are discarded, and none is sent.
//! - `bytes`, on by default: packets are written to any `bytes::BufMut`. That crate links an
//!   allocator; without the feature they are written to slices, and nothing needs one.
//! - `serde`: settings, events and actions are read and written, as people write them where the
//!   format is one that people read.
//! - `arbitrary`: values to fuzz with, made of octets; it needs `std`.
//! - `sim`: the deterministic simulator and the exhaustive exploration; they allocate.
//! - `properties`: what holds for every input, as functions, for fuzzing.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::missing_const_for_fn)]

#[cfg(any(test, feature = "sim"))]
extern crate alloc;
#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

pub mod announce;
mod config;
mod duration;
pub mod eligibility;
pub mod endpoint;
#[cfg(any(test, feature = "sim"))]
pub mod explore;
mod family;
pub mod group;
mod interval;
mod mac;
mod machine;
mod priority;
#[cfg(any(all(test, feature = "ah"), feature = "properties"))]
#[doc(hidden)]
pub mod properties;
pub mod receive;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
mod statistics;
#[cfg(feature = "serde")]
mod text;
mod time;
pub mod track;
mod version;
mod vrid;
pub mod wire;

pub use self::config::{Config, ConfigError, Settings};
pub use self::duration::DurationError;
pub use self::endpoint::Endpoint;
pub use self::family::Family;
pub use self::interval::{Interval, IntervalError};
pub use self::mac::{MacAddr, MacAddrError};
pub use self::machine::{
    Action, Actions, Announcement, Cause, Event, EventError, Heard, NewActiveReason, Role,
    Transition, VirtualRouter, active_down_interval, skew,
};
pub use self::priority::Priority;
pub use self::statistics::Statistics;
pub use self::time::Instant;
pub use self::version::{Version, VersionError};
pub use self::vrid::Vrid;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
