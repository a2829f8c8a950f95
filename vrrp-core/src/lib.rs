//! VRRP without I/O: the election of the router that has the virtual addresses, as pure functions
//! of events and time.
//!
//! The crate has a packet codec ([`wire`]), admission ([`receive`]) and the state machine
//! ([`VirtualRouter`]) of VRRPv2 (RFC 3768 with the authentication of RFC 2338) and VRRPv3
//! (RFC 9568 with its verified errata, RFC 5798 where it differs). It opens no socket, reads no
//! clock, allocates nothing and cannot panic on what comes from a network. A runtime such as
//! `vrrp-mio`, a test or a simulator provides packets and time, and performs the [`Action`]s.
//!
//! # The driver loop
//!
//! One turn: octets → [`wire::Advertisement::decode`] → [`receive::Admission::admit`] → [`Event`]
//! → [`VirtualRouter::handle`] → [`Action`]s → octets and addresses. Two rules keep it right: take
//! one `now` per turn, and deliver what was received before [`Event::Timeout`].
//!
//! ```
//! use core::net::{IpAddr, Ipv4Addr};
//! use vrrp_core::receive::{
//!     Admission, Conformance, Expect, FollowedForm, Packet, Reach, ReplayWindow,
//! };
//! use vrrp_core::wire::{Addresses, Advertisement, ChecksumForm, Format, PseudoHeader};
//! use vrrp_core::{Action, Config, Event, Family, Instant, Role, Settings, Version, VirtualRouter};
//!
//! let config = Config::try_from(Settings::new(Version::V3, Family::V4, 51))?;
//! let own = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
//! let addresses = Addresses::V4(&[[192, 0, 2, 100]]);
//! let group = IpAddr::V4(vrrp_core::wire::MULTICAST_V4);
//! let mut router = VirtualRouter::new(config);
//! let mut replay = ReplayWindow::new();
//! // The form that keepalived and FRR verify, until the Active Router uses another.
//! let mut form = FollowedForm::new(ChecksumForm::PseudoHeader);
//!
//! // The runtime's part: a clock, a socket, an interface. Here they are arrays.
//! let mut clock = Instant::EPOCH;
//! let mut received: Vec<(IpAddr, Vec<u8>)> = Vec::new();
//! let mut sent: Vec<Vec<u8>> = Vec::new();
//!
//! let mut events = vec![(Event::PrimaryAddress(Some(own)), None), (Event::Startup, None)];
//! while router.role() != Role::Active {
//!     // One `now` for the whole turn. Packets first, then the timer.
//!     let now = clock;
//!     for (source, octets) in received.drain(..) {
//!         let ends = PseudoHeader::new(source, group).expect("both IPv4");
//!         let Ok(advertisement) = Advertisement::decode(&octets, &ends) else { continue };
//!         let admission = Admission {
//!             config: router.config(),
//!             addresses,
//!             expect: Expect::None,
//!             reach: Reach::Group(group),
//!             owner_is_deaf: false,
//!             first_address: Conformance::Report,
//!             address_list: Conformance::Report,
//!         };
//!         let packet = Packet { source, destination: group, ttl: 255, advertisement, ah: None };
//!         let (priority, primary) = (router.priority(), router.primary());
//!         if let Ok(admitted) = admission.admit(now, &packet, priority, primary, &mut replay) {
//!             events.push((Event::Advertisement(admitted.heard), Some(admitted)));
//!         }
//!     }
//!     events.push((Event::Timeout, None));
//!     for (event, admitted) in events.drain(..) {
//!         let actions = router.handle(now, event);
//!         if let Some(admitted) = admitted {
//!             form.heard(now, &router, &admitted);
//!         }
//!         for action in actions {
//!             match action {
//!                 Action::Advertise(priority) => {
//!                     let advertisement = Advertisement {
//!                         vrid: router.config().vrid(),
//!                         priority,
//!                         interval: router.config().interval(),
//!                         addresses,
//!                         format: Format::V3(form.get()),
//!                     };
//!                     let ends = PseudoHeader::new(own, group).expect("both IPv4");
//!                     let mut octets = Vec::new();
//!                     advertisement.encode(&ends, &mut octets)?;
//!                     sent.push(octets);
//!                 }
//!                 Action::AddAddresses | Action::RemoveAddresses => { /* ask the kernel */ }
//!                 Action::Announce(_) => { /* gratuitous ARP, once the addresses are there */ }
//!                 Action::Candidate => { /* only in a sync group */ }
//!             }
//!         }
//!     }
//!     // Sleep until the deadline or a packet; nobody answers here, so until the deadline.
//!     clock = router.deadline().expect("the router runs");
//! }
//! assert_eq!(clock, Instant::from_nanos(3_609_375_000) + core::time::Duration::from_secs(1));
//! assert_eq!(sent, [[0x31, 51, 100, 1, 0, 100, 0x05, 0x72, 192, 0, 2, 100]]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! None is on by default, and none changes behaviour. `serde` and `arbitrary` implement their
//! traits for settings, events and actions; `sim` adds the deterministic simulator and the
//! exhaustive exploration, `properties` the properties for fuzzing.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::missing_const_for_fn)]

#[cfg(any(test, feature = "sim"))]
extern crate alloc;
#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

pub mod announce;
mod config;
pub mod eligibility;
#[cfg(any(test, feature = "sim"))]
pub mod explore;
mod family;
pub mod group;
mod interval;
mod mac;
mod machine;
mod priority;
#[cfg(any(test, feature = "properties"))]
pub mod properties;
pub mod receive;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
mod statistics;
mod time;
pub mod track;
mod version;
mod vrid;
pub mod wire;

pub use self::config::{Config, ConfigError, Settings};
pub use self::family::Family;
pub use self::interval::{Interval, IntervalError};
pub use self::mac::MacAddr;
pub use self::machine::{
    Action, Actions, Announcement, Answers, Cause, Event, EventError, Heard, NewActiveReason, Role,
    State, Transition, VirtualRouter, Watch, active_down_interval, skew,
};
pub use self::priority::Priority;
pub use self::statistics::Statistics;
pub use self::time::Instant;
pub use self::version::Version;
pub use self::vrid::Vrid;
