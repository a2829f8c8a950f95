//! The rtnetlink client: requests to change interfaces and addresses, and notifications of changes.
//!
//! [`Requests`] queues changes and reports each outcome; [`Monitor`] keeps a table of
//! [`Interfaces`](crate::Interfaces) and reports each difference. Both read sockets that never block,
//! and stop within the [`TimeSlice`] they are given; changes are sent by a thread, as the kernel
//! makes them before it returns. Advertisements never wait for either.
//!
//! Both open their sockets themselves and take no other: what they rely on (extended acknowledgements,
//! the groups, the size of the queue, the number that tells their own answers) is set as they do. What
//! decides what to ask, [`AddressKeeper`](crate::AddressKeeper) and [`Macvlan`](crate::macvlan::Macvlan),
//! has no socket, and is tested without a kernel.
//!
//! ```
//! use core::time::Duration;
//!
//! use vrrp_mio::netlink::{Monitor, Progress};
//! use vrrp_mio::{Clock, TimeSlice};
//!
//! let clock = Clock::new()?;
//! let read = || clock.now();
//! let mut monitor = Monitor::open()?;
//! let mut changes = Vec::new();
//! while !monitor.is_synchronised() {
//!     let slice = TimeSlice::of(Duration::from_millis(1), clock.now(), &read);
//!     if monitor.drive(&slice, &mut changes)? == Progress::Complete {
//!         // Here a program waits for `monitor.as_fd()` or `monitor.deadline()`.
//!         std::thread::sleep(Duration::from_millis(1));
//!     }
//! }
//! let loopback = monitor.interfaces().link_named("lo".parse()?);
//! assert!(loopback.is_some_and(|link| link.flags.is_loopback()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod frame;
mod monitor;
mod pipeline;
mod request;
mod requests;
mod sender;
mod socket;

pub(crate) use self::decode::Update;
#[cfg(any(test, feature = "properties"))]
pub(crate) use self::frame::Attributes;
pub(crate) use self::frame::{Acknowledgement, Message, Messages, NLMSG_ERROR, NLMSG_OVERRUN};
pub use self::monitor::{Monitor, MonitorError};
pub use self::pipeline::{Completion, QueueFull, RequestError};
pub use self::request::{EncodeError, Request};
pub use self::requests::Requests;
pub(crate) use self::socket::{NetlinkSocket, Received};
pub use crate::slice::{Progress, TimeSlice};
