//! The kernel's IPVS over generic netlink, in the types of [`ipvs_core`].
//!
//! [`Client`] blocks; [`Requests`] is for an event loop and never blocks. Both send a [`Request`]
//! and return a [`Reply`], or an [`Error`] with the request and the meaning of the kernel's answer.
//!
//! ```no_run
//! use ipvs_core::{Destination, DestinationKey, Forwarding, Scheduler, Service, ServiceKey};
//! use ipvs_netlink::Client;
//!
//! let mut client = Client::connect()?;
//! let service = Service::new(ServiceKey::tcp([192, 0, 2, 1].into(), 80), Scheduler::Wlc);
//! client.add_service(&service)?;
//! let real = DestinationKey::new([10, 0, 0, 1].into(), 80);
//! client.add_destination(&service.key, &Destination::new(real, Forwarding::Route, 1))?;
//! for record in client.destinations(&service.key)? {
//!     println!("{} {}", record.destination.key, record.activity.active);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The kernel handles each request by itself: there are no transactions, and no notifications of
//! changes by others. A program that keeps a table in a wanted state has to list it regularly.

mod attr;
mod client;
#[cfg(feature = "codec")]
#[doc(hidden)]
pub mod codec;
mod decode;
mod encode;
mod error;
mod exchange;
mod frame;
pub mod memory;
mod pipeline;
#[cfg(any(test, feature = "properties"))]
pub mod properties;
mod request;
mod requests;
mod socket;
mod sys;
mod transport;

pub use self::client::Client;
pub use self::decode::DecodeError;
pub use self::error::{ConnectError, Error, ErrorKind};
pub use self::pipeline::Completion;
pub use self::request::{Info, Reply, Request, Version};
pub use self::requests::{Progress, QueueFull, Requests, TimeSlice};
pub use self::socket::Socket;
pub use self::transport::{Clock, Received, Transport};
