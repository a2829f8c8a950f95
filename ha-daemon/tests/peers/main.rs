//! The daemon against its peers: Debian's keepalived 2.2.7 and FRR 8.4.4 in network namespaces.
//!
//! Every scenario is written for a pair of [`rig::Peer`]s, so that keepalived against itself proves
//! the scenario and the daemon in either seat is then judged by it. Times come from the kernel's
//! stamps of frames on the bridge, never from a log.
//!
//! All tests need root and are ignored by default:
//! `cargo test -p ha-daemon --test peers -- --ignored --test-threads 6 interop::`.
#![expect(
    clippy::print_stdout,
    reason = "the distributions are what these tests report"
)]

mod faults;
mod interop;
mod rig;
mod scale;
mod takeover;
