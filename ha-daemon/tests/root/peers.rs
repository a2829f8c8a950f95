//! Tests of the daemon beside its peers, Debian's keepalived 2.2.7 and FRR 8.4.4, in network
//! namespaces.
//!
//! Every scenario is written for a pair of [`rig::Peer`]s, so that keepalived against itself proves
//! the scenario and the daemon in either seat is then judged by it. Times come from the kernel's
//! stamps of frames on the bridge, never from a log.
//!
//! All tests need root and are ignored by default. `interop` and `faults` mostly wait and run side
//! by side; `takeover` and `scale` measure, and run alone:
//! ```sh
//! cargo test -p ha-daemon --test root -- --ignored --test-threads 6 peers::interop::
//! cargo test -p ha-daemon --test root -- --ignored --test-threads 3 peers::faults::
//! cargo test -p ha-daemon --test root -- --ignored --nocapture --test-threads 1 peers::takeover:: peers::scale::
//! ```
//! A name such as `keepalived_and_keepalived` narrows a run to one pair.
#![expect(
    clippy::print_stdout,
    reason = "the distributions are what these tests report"
)]

mod conform;
mod faults;
mod forged;
mod interop;
mod scale;
mod takeover;
