//! VRRP without I/O.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::missing_const_for_fn)]

#[cfg(any(test, feature = "sim"))]
extern crate alloc;
#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

mod family;
mod interval;
mod mac;
mod priority;
mod time;
mod version;
mod vrid;
pub mod wire;

pub use self::family::Family;
pub use self::interval::{Interval, IntervalError};
pub use self::mac::MacAddr;
pub use self::priority::Priority;
pub use self::time::Instant;
pub use self::version::Version;
pub use self::vrid::Vrid;
