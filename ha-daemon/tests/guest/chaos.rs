//! Chaos test of virtual servers: random faults from a seed, while a client counts the requests it
//! loses.
//!
//! Needs a kernel with `ip_vs` and netem, which `.ci/vm/run` gives, and is ignored by default. As many
//! minutes as `MINUTES` says, but eight faults, and with `FULL=1` each once:
//! ```sh
//! MINUTES=60 bash .ci/run vm chaos
//! ```
//! `SEED=N` draws the same faults again, `SEED=N EPISODE=M` the one episode alone.
#![expect(
    clippy::print_stdout,
    reason = "faults and what was lost by them are what this test reports"
)]

mod client;
mod episode;
mod fault;
mod injection;
mod soak;
mod stage;
mod table;
mod web;
