//! Linux runtime for [`vrrp_core`]: virtual routers on the interfaces of this host.
//!
//! [`Driver`] has all of it: sockets, virtual addresses, virtual MACs, gratuitous ARP and neighbour
//! advertisements, and the loop. Its parts are public and can be used alone.
//!
//! # A first program
//!
//! ```no_run
//! use vrrp_core::{Config, Family, Role, Settings, Version};
//! use vrrp_mio::{Driver, Notice, RouterSpec, VirtualAddress};
//!
//! let mut settings = Settings::new(Version::V3, Family::V4, 51);
//! settings.priority = 150;
//! let addresses = vec![VirtualAddress::new([192, 0, 2, 100].into(), 24)];
//!
//! let mut driver = Driver::new()?;
//! let spec = RouterSpec::new(Config::try_from(settings)?, "eth0".parse()?, addresses);
//! let router = driver.add(spec)?;
//! driver.start(router);
//! let reason = loop {
//!     // Sleeps until something happens: `None` for as long as it takes.
//!     let turn = driver.turn(None)?;
//!     let lost = turn.notices.iter().find_map(|notice| match notice {
//!         Notice::Transition { transition, .. } if transition.from == Role::Active => {
//!             Some(transition.cause)
//!         }
//!         _ => None,
//!     });
//!     if let Some(cause) = lost {
//!         break cause;
//!     }
//! };
//! println!("no longer Active: {reason}");
//!
//! // Resign, and wait until the kernel has removed the addresses.
//! let _notices = driver.shutdown(core::time::Duration::from_secs(1))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Concepts
//!
//! - A [`RouterSpec`] is what a router is to be. [`Driver::add`] checks it; so does
//!   [`RouterSpec::check`] without a driver. [`Driver::update`] changes a running router to another
//!   one: it keeps its role, its advertisements stay on time, and only what differs is asked of the
//!   kernel.
//! - A [turn](Driver::turn) hears what arrived, lets timers fire and asks the kernel for changes, at
//!   one instant. It takes about a millisecond at most, however much there is to do.
//! - An interface that does not exist, is down or has no address is no error: the router waits for
//!   it. [`Router::obstacles`] lists what keeps a router from being Active. A later failure, such as
//!   an address that the kernel refuses, is a [`Notice`], and the driver tries again. [`DriverError`]
//!   means that the driver can no longer receive.
//! - Time is [`vrrp_core::Instant`], here of `CLOCK_MONOTONIC`: [`Clock`]. (`ipvs-core` counts a
//!   `Duration` from an epoch of the caller's: `instant.saturating_duration_since(Instant::EPOCH)`,
//!   and back `Instant::EPOCH + duration`.)
//! - The network namespace is that of the thread that calls [`Driver::new`]; stay in it, and on that
//!   thread if other threads are in other namespaces: `/proc/sys/net` is the calling thread's.
//!
//! | | types |
//! |---|---|
//! | the driver | [`Driver`], [`Turn`], [`Notice`], [`Router`], [`RouterId`], [`Obstacle`], [`Losses`] |
//! | what a router is to be | [`RouterSpec`], [`VirtualAddress`], [`Path`], [`VirtualMac`], [`Aspect`] |
//! | sockets | [`AdvertSocket`], [`Transport`], [`Filter`], [`LinkSocket`], [`Frames`] |
//! | the kernel | [`netlink`], [`interfaces`], [`addresses`], [`macvlan`], [`sysctl`], [`firewall`] |
//! | time | [`Clock`], [`Timer`], [`Deadlines`], [`TimeSlice`] |
//!
//! # What the driver does for its routers
//!
//! The duties of a runtime of [`vrrp_core`] and those of a host by the standard:
//!
//! - advertisements leave from the primary address and no virtual one, with TTL 255, precedence 6 and
//!   without multicast loopback, on the interface and by no routing table (RFC 9568 §5.1.1, §5.1.2);
//! - a virtual address of any router here is never a primary address;
//! - received packets are delivered before timers fire, so that a late wake-up is no takeover, and
//!   [`Notice::Late`] tells of one;
//! - addresses are added before they are announced and removed after the resignation, put back when
//!   somebody else removes them, and without duplicate address detection; what an earlier run left is
//!   adopted by its router, or removed in Backup, and the rest by [`Driver::clean_leftovers`];
//! - the virtual MAC is up in the Active state only, and answers ARP for its own addresses only;
//! - packets to the addresses of a router without Accept_Mode are refused before those are in place;
//! - advertisements of an owner that returns are heard although their source is an address here;
//! - of several routers of one identifier on an interface each hears its own peers.
//!
//! The program itself has to do the rest: tracking of priorities ([`vrrp_core::track`],
//! [`vrrp_core::eligibility`]) and sync groups ([`vrrp_core::group`]), told with [`Driver::tell`]; and
//! configuration.
//!
//! # In another loop
//!
//! Either the program's descriptors join the driver's loop: through [`Driver::registry`], with tokens
//! from [`Driver::FIRST_FREE_TOKEN`] on; their events come back in [`Turn::ready`]. Whatever the
//! program does between two turns delays advertisements by as long as it takes.
//!
//! Or the driver joins the program's loop by one descriptor ([`AsFd`](std::os::fd::AsFd),
//! [`AsRawFd`](std::os::fd::AsRawFd)), which any `epoll`, `poll` or runtime takes, edge-triggered or
//! not, for reading:
//!
//! 1. make a turn that does not sleep, `driver.turn(Some(Duration::ZERO))`;
//! 2. if [`Turn::pending`], go on at 1, perhaps after other work;
//! 3. wait until the descriptor is readable, which it is at the next deadline too. After any other call
//!    that changes the driver (`add`, `start`, `tell`, `update`, …) go on at 1 without waiting.
//!
//! In tokio that is an `AsyncFd<Driver>`. The examples `nested` (mio) and `tokio` are whole programs.
//!
//! # The end
//!
//! [`Driver::shutdown`] resigns, and waits until everything is removed. Dropping a driver does not
//! resign: nothing more is sent, and the peers take over when they miss advertisements. It closes its
//! sockets, the firewall's table goes with them (so that the addresses of a router without Accept_Mode
//! accept packets), and kernel parameters are put back. Virtual addresses and macvlans stay as they are,
//! so that a program that starts again takes them over without an interruption. A program that is killed leaves the kernel parameters as well; the next one puts
//! them back ([`Driver::clean_leftovers`]).
//!
//! # Testing
//!
//! A driver takes no privilege to make, and [`RouterSpec::check`] none at all. What a program does
//! with its routers is tested on a [`vrrp_core::Endpoint`] without root, as the example `deterministic`
//! of `vrrp-core` does, or with loss and crashes in its simulator `vrrp_core::sim`. A whole program is
//! tested in two network namespaces and a veth pair: `unshare --net`, `ip link add … type veth`.
//! [`AddressKeeper`], [`macvlan::Macvlan`] and [`sysctl::Sysctls`] need no kernel either.
//!
//! # Privileges
//!
//! `CAP_NET_RAW` for the sockets, `CAP_NET_ADMIN` for addresses, macvlans and the firewall, each in the
//! user namespace that owns the network namespace, and write access to `/proc/sys/net` where virtual
//! MACs are used or an owner may return. Without them routers stay in Initialize or without addresses,
//! and notices say why.
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | gives |
//! |---|---|
//! | `properties` | `vrrp_mio::properties`, for this workspace's fuzzing; may change at any time |
//!
//! # Performance
//!
//! In the daemon that is built on it, a thousand Active routers that advertise ten times a second take
//! 0.35 of a processor, and one at 10 ms is taken over 0.13 ms late (99 %: 0.60 ms). An advertisement
//! that is due waits for no change of the kernel's tables, which a thread of its own asks for.
//! Descriptors: an `epoll`, a timer,
//! two netlink sockets, one more for the firewall, and for each interface one for each transport and one
//! for frames.
//!
//! # Panics and unsafe code
//!
//! Nothing here panics, whatever is received, whatever the kernel answers and whatever a specification
//! says. There are three unsafe expressions: one borrows the descriptor of neli's socket, two make a
//! link-layer socket address.
//!
//! [`mio`] is re-exported, as its types are in this interface. No other dependency's are, but those of
//! `vrrp_core`.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod addresses;
mod clock;
mod deadlines;
mod driver;
pub mod firewall;
mod frames;
pub mod interfaces;
mod link;
pub mod macvlan;
pub mod netlink;
#[cfg(any(test, feature = "properties"))]
pub mod properties;
mod slice;
mod socket;
mod source;
mod sys;
pub mod sysctl;
mod timer;

/// The `mio` whose types are in this interface.
pub use mio;

pub use self::addresses::{AddressKeeper, AddressSpec};
pub use self::clock::Clock;
pub use self::deadlines::{Deadlines, Due};
pub use self::driver::{
    AddError, Aspect, Driver, DriverError, Losses, Notice, Obstacle, Path, Router, RouterId,
    RouterSpec, ShutdownError, SpecError, TellError, TransmitChecksum, Turn, UpdateError,
    VirtualAddress, VirtualMac,
};
pub use self::frames::{FrameError, Frames};
pub use self::interfaces::{InterfaceName, Interfaces, NetworkEvent};
pub use self::link::LinkSocket;
pub use self::slice::{Progress, TimeSlice};
pub use self::socket::{
    AdvertSocket, Datagram, Filter, Ipv6Datagram, OpenError, RECEIVE_BUFFER, ReceiveError,
    Received, Reject, SendError, Transport, VridSet,
};
pub use self::timer::Timer;

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
