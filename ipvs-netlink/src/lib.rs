//! The kernel's IPVS over generic netlink, in the types of [`ipvs_core`].
//!
//! [`Client`] blocks; [`Requests`] is for an event loop and never blocks. Both send a [`Request`]
//! and return a [`Reply`], or an [`Error`] with the request and the meaning of the kernel's answer.
//!
//! # A first program
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
//! # Concepts
//!
//! The kernel handles each request by itself: there are no transactions, and no notifications of
//! changes by others. A program that keeps a table in a wanted state lists it regularly
//! ([`Client::configuration`]), compares it ([`ipvs_core::plan()`]) and makes the difference
//! ([`Client::batch`]), as the example `reconcile` does. It tolerates that somebody else was faster:
//! [`ErrorKind::ServiceExists`] and its like.
//!
//! An error says what was asked and what the kernel means by its number for such a request.
//! [`ErrorKind::is_uncertain`] tells whether a change may have been made nevertheless.
//!
//! | | types |
//! |---|---|
//! | clients | [`Client`], [`Requests`] with [`TimeSlice`], [`Completion`] and [`Progress`] |
//! | what they carry | [`Request`], [`Reply`], [`Info`] |
//! | what fails | [`Error`], [`ErrorKind`], [`ConnectError`], [`DecodeError`], [`QueueFull`] |
//! | what carries them | [`Transport`], [`Socket`], [`memory::Socket`] |
//! | tests | [`memory::Kernel`] |
//!
//! # Testing without a kernel
//!
//! Write for `Client<S>` or `Requests<T, S>` where `S: Transport`, and run on a [`memory::Kernel`] in
//! tests. It answers as the kernel does, with its error numbers, and what a table does not call for
//! (`ENOMEM`, a lost answer, a kernel that hangs) by hand.
//!
//! # Privileges
//!
//! Every request, also one that only reads, takes `CAP_NET_ADMIN` in the initial user namespace. A
//! socket is of the network namespace in which it was opened.
//!
//! # Features
//!
//! None is on by default.
//!
//! | feature | gives |
//! |---|---|
//! | `codec` | the codec without a socket, for this workspace's benchmarks; may change at any time |
//! | `properties` | `ipvs_netlink::properties`, for this workspace's fuzzing; may change at any time |
//!
//! # Performance
//!
//! A request is encoded in 0.1 µs, and a listed object decoded in 0.2 µs. [`Client::batch`] sends up
//! to 128 requests in a datagram, of which the last asks for an acknowledgement: several times as
//! fast as one after the other. [`Requests`] sizes its datagrams by the kernel's pace, so that each
//! takes the loop about 0.25 ms.
//!
//! # Panics and unsafe code
//!
//! Nothing here panics, whatever a kernel or another process sends. There is one unsafe expression: a
//! borrow of the descriptor of neli's socket.
#![cfg_attr(docsrs, feature(doc_cfg))]

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

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
