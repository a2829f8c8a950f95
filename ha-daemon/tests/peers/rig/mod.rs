//! Hosts on a bridge, the daemons in them, and what the wire showed.

mod capture;
mod clock;
mod config;
mod distribution;
mod frame;
mod frr;
mod gaps;
pub(crate) mod garbage;
mod lab;
mod namespace;
mod pair;
mod peer;
mod ping;
mod process;
mod tenure;
pub(crate) mod tools;
mod tshark;
mod waiting;

pub(crate) use self::capture::{Advert, Key};
pub(crate) use self::clock::{now, pause, stall, stolen, until};
pub(crate) use self::config::{Instance, Protocol};
pub(crate) use self::distribution::Distribution;
pub(crate) use self::gaps::Gaps;
pub(crate) use self::lab::Lab;
pub(crate) use self::namespace::Namespace;
pub(crate) use self::pair::Pair;
pub(crate) use self::peer::{Peer, Seat};
pub(crate) use self::ping::Ping;
pub(crate) use self::process::Process;
pub(crate) use self::tenure::succession;
pub(crate) use self::tshark::complaints;
