//! The test rig: network namespaces, links, daemons and measurements for the tests that need root.
//!
//! Every value removes what it has made when it is dropped: namespaces are deleted, processes killed,
//! directories removed.
//!
//! | for | there is |
//! |---|---|
//! | a host | [`Namespace`]: its `ip` commands, work done [`inside`](Namespace::inside) it; one of a thread: [`enter_namespace`] |
//! | hosts on bridges, their frames captured | [`Lab`], [`capture`], [`complaints`]; one port: [`Tap`] |
//! | a daemon with any configuration | [`Daemon`], of a [`Program`] |
//! | routers that are one scenario for every daemon | [`Peer`], [`Seat`], [`Pair`], [`Instance`] |
//! | any other program | [`Process`], [`tools::run`] |
//! | time | [`now`], [`pause`], [`until`], and [`stall`]: how late the machine itself was, by a [`control_process`] |
//! | draws | [`random`]: `SEED`, or another seed each time |
//! | what is left behind | [`leaks`] |
//! | packets that nobody may act on | [`garbage`] |
//! | two directors, web servers and a client, for guests | [`site`] |
//!
//! A director beside keepalived, each with a configuration of its own, on one bridge:
//! ```no_run
//! use rig::{Daemon, Directory, Lab, Program};
//!
//! # fn configuration(priority: u8) -> String { format!("{priority}") }
//! let lab = Lab::new(2, 1); // two hosts, one link: eth0 is 10.0.0.1/16 and 10.0.0.2/16
//! let directory = Directory::new("example");
//! let (ours, theirs) = (directory.make("ours"), directory.make("theirs"));
//! let ours = Daemon::start(Program::HaDaemon, lab.share(0), &ours, &configuration(200));
//! let _theirs = Daemon::start(Program::Keepalived, lab.share(1), &theirs, &configuration(100));
//! ours.await_log("Entering MASTER STATE");
//! lab.await_owner(0, "10.0.1.51".parse().expect("an address"));
//! lab.set_carrier(0, 0, false); // link 0 of host 0
//! lab.await_owner(1, "10.0.1.51".parse().expect("an address"));
//! ```
//! The same without configurations, for any pair of daemons, is [`Pair::of_one`].
#![expect(
    clippy::print_stdout,
    reason = "tells what a failed test leaves behind"
)]

pub mod capture;
pub mod clock;
mod config;
pub mod daemon;
mod directory;
mod distribution;
pub mod frame;
mod frr;
mod gaps;
pub mod garbage;
mod lab;
pub mod leaks;
pub mod machine;
mod namespace;
mod pair;
mod peer;
mod ping;
mod process;
pub mod random;
pub mod site;
mod stalls;
mod tally;
mod tap;
mod tenure;
pub mod tools;
mod tshark;
mod waiting;

pub use self::capture::{Advert, Key};
pub use self::clock::{now, pause, stall, start_stall_meters, until};
pub use self::config::{Instance, Protocol, primary};
pub use self::daemon::{Daemon, PATIENCE, Program};
pub use self::directory::Directory;
pub use self::distribution::Distribution;
pub use self::gaps::Gaps;
pub use self::lab::Lab;
pub use self::namespace::{Namespace, enter_namespace};
pub use self::pair::Pair;
pub use self::peer::{Peer, Seat};
pub use self::ping::Ping;
pub use self::process::Process;
pub use self::stalls::control_process;
pub use self::tally::Tally;
pub use self::tap::Tap;
pub use self::tenure::succession;
pub use self::tshark::complaints;
