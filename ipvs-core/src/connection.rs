//! The model of the connection table: the destination of each packet.
//!
//! ```
//! use core::time::Duration;
//! use ipvs_core::connection::{Packet, Settings, Verdict};
//! use ipvs_core::{
//!     Destination, Director, Flow, Forwarding, KernelProfile, Protocol, Scheduler, Service,
//! };
//!
//! let service = Service::new("tcp 192.0.2.1:80".parse()?, Scheduler::Rr);
//! let real = Destination::new("10.0.0.1:8080".parse()?, Forwarding::Masquerade, 1);
//! let mut director = Director::new(KernelProfile::default(), Settings::default());
//! director.add_service(&service)?;
//! director.add(Duration::ZERO, &service.key, &real)?;
//!
//! let flow = Flow {
//!     protocol: Protocol::TCP,
//!     client: "203.0.113.9:40000".parse()?,
//!     target: "192.0.2.1:80".parse()?,
//! };
//! // The draws are the random numbers that the kernel would take; `rr` takes none.
//! let verdict = director.receive(Duration::ZERO, &Packet::first(flow), [0; 2]);
//! assert!(matches!(verdict, Verdict::Forward { destination, .. } if destination == real.key));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod director;
mod entries;
mod packet;
mod settings;
mod tcp;
mod template;
#[cfg(test)]
mod tests;
mod verdict;

pub use self::director::{Director, DirectorError};
pub use self::packet::{Direction, Packet, Segment};
pub use self::settings::{ReuseMode, Settings};
pub use self::tcp::{TcpState, Track};
pub use self::verdict::{Because, Unserved, Verdict};
