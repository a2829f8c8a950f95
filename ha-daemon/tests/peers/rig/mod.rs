//! Hosts on a bridge, the daemons in them, and what the wire showed.

mod capture;
mod clock;
mod config;
mod distribution;
mod frame;
mod frr;
mod lab;
mod namespace;
mod peer;
mod process;
mod tenure;
mod tools;
mod tshark;

pub(crate) use self::capture::{Advert, Capture, Key};
pub(crate) use self::clock::{now, pause, stall, until};
pub(crate) use self::config::{Instance, Protocol};
pub(crate) use self::distribution::Distribution;
pub(crate) use self::lab::Lab;
pub(crate) use self::peer::{Peer, Seat};
pub(crate) use self::tenure::{ROUND_TRIP, succession};
pub(crate) use self::tshark::complaints;
