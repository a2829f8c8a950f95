//! Directors under faults that a seed draws, watched by a client that counts what it loses.
//!
//! Needs root and keepalived, and is ignored by default. Three minutes, or as many as `MINUTES` says:
//! ```sh
//! MINUTES=120 cargo test --release -p ha-daemon --test chaos -- --ignored --nocapture
//! ```
//! `SEED=N` draws the same faults again, `SEED=N EPISODE=M` the one episode alone.
#![expect(
    clippy::print_stdout,
    reason = "faults and the worst outages are what these tests report"
)]

mod client;
mod episode;
mod fault;
mod leaks;
mod machine;
mod random;
mod report;
#[path = "../peers/rig/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests with peers, which do more"
)]
mod rig;
mod site;
mod soak;
mod tally;
