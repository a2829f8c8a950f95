//! VRRP without I/O.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::missing_const_for_fn)]

#[cfg(any(test, feature = "sim"))]
extern crate alloc;
#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

pub mod announce;
mod config;
mod family;
pub mod group;
mod interval;
mod mac;
mod machine;
mod priority;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
mod time;
pub mod track;
mod version;
mod vrid;

pub use self::config::{Config, ConfigError, Settings};
pub use self::family::Family;
pub use self::interval::{Interval, IntervalError};
pub use self::mac::MacAddr;
pub use self::machine::{
    Action, Actions, Announcement, Cause, Event, Heard, NewActiveReason, Role, State, Transition,
    VirtualRouter, Watch, active_down_interval, skew,
};
pub use self::priority::Priority;
pub use self::time::Instant;
pub use self::version::Version;
pub use self::vrid::Vrid;
