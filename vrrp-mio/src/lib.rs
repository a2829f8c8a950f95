//! Linux runtime for [`vrrp_core`]: virtual routers on the interfaces of this host.
//!
//! [`Driver`] has all of it: sockets, virtual addresses, virtual MACs, gratuitous ARP and neighbour
//! advertisements, and the loop. It needs the capabilities `CAP_NET_RAW` and `CAP_NET_ADMIN`, and
//! to write `/proc/sys/net` where virtual MACs are used. Its parts are public and can be used
//! alone: [`AdvertSocket`], [`LinkSocket`], [`netlink`], [`AddressKeeper`], [`macvlan`],
//! [`sysctl`], [`Timer`].
//!
//! # Driving it
//!
//! ```no_run
//! use vrrp_core::{Config, Family, Role, Settings, Version};
//! use vrrp_mio::{Driver, Notice, RouterSpec, VirtualAddress};
//!
//! let mut settings = Settings::new(Version::V3, Family::V4, 51);
//! settings.priority = 150;
//! let config = Config::try_from(settings)?;
//! let addresses = vec![VirtualAddress::new([192, 0, 2, 100].into(), 24)];
//!
//! let mut driver = Driver::new()?;
//! let router = driver.add(RouterSpec::new(config, "eth0".parse()?, addresses))?;
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
//! // Resign, and go on until the kernel has removed the addresses.
//! driver.stop(router);
//! while !driver.is_settled() {
//!     let _notices = driver.turn(None)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An interface that does not exist, is down or has no address is no error: the router waits for
//! it. [`Router::obstacles`] lists what keeps a router from being Active. A later failure, such as
//! an address that the kernel refuses, is a [`Notice`], and the driver tries again. [`DriverError`]
//! means that the driver can no longer receive.
//!
//! [`Driver::update`] changes a running router to another [`RouterSpec`]: it keeps its role, its
//! advertisements stay on time, and only what differs is asked of the kernel.
//!
//! Descriptors of the caller join the loop through [`Driver::registry`], with tokens from
//! [`Driver::FIRST_FREE_TOKEN`] on; those that are ready come back in [`Turn::ready`]. Whatever the
//! caller does between two turns delays advertisements by as long as it takes.
//!
//! The network namespace is that of the thread that calls [`Driver::new`]; stay in it.

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

pub use self::addresses::{AddressKeeper, AddressSpec};
pub use self::clock::Clock;
pub use self::deadlines::{Deadlines, Due};
pub use self::driver::{
    AddError, Aspect, Driver, DriverError, Losses, Notice, Obstacle, Path, Router, RouterId,
    RouterSpec, SpecError, TellError, TransmitChecksum, Turn, UpdateError, VirtualAddress,
    VirtualMac,
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
