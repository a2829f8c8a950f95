//! Chaos test of VRRP: random faults from a seed, while a client counts the answers it misses.
//!
//! Needs root and keepalived, and is ignored by default. Three minutes, in `.ci/run` one, or as many as `MINUTES` says:
//! ```sh
//! MINUTES=120 cargo test --release -p ha-daemon --test root -- --ignored --nocapture chaos::
//! ```
//! `SEED=N` draws the same faults again, `SEED=N EPISODE=M` the one episode alone.
#![expect(
    clippy::print_stdout,
    reason = "faults and the worst outages are what these tests report"
)]

mod client;
mod episode;
mod fault;
mod report;
mod site;
mod soak;
