//! Virtual servers under faults that a seed draws, watched by a client that counts the requests it
//! loses.
//!
//! Needs a kernel with `ip_vs` and netem, which `.ci/vm/run` gives, and is ignored by default. As many
//! minutes as `MINUTES` says, but each fault once:
//! ```sh
//! MINUTES=60 bash .ci/run vm chaos
//! ```
//! `SEED=N` draws the same faults again, `SEED=N EPISODE=M` the one episode alone.
#![expect(
    clippy::print_stdout,
    reason = "faults and what was lost by them are what this test reports"
)]
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

#[path = "../guest/balancer.rs"]
#[expect(dead_code, reason = "shared with the other tests in guests")]
mod balancer;
mod client;
mod clock;
mod deed;
mod episode;
mod fault;
#[path = "../chaos/leaks.rs"]
mod leaks;
#[path = "../chaos/machine.rs"]
#[expect(dead_code, reason = "shared with the soak of VRRP")]
mod machine;
#[path = "../peers/rig/namespace.rs"]
#[expect(dead_code, reason = "shared with the tests with peers")]
mod namespace;
#[path = "../peers/rig/process.rs"]
#[expect(dead_code, reason = "shared with the tests with peers")]
mod process;
#[path = "../chaos/random.rs"]
mod random;
#[path = "../guest/site.rs"]
#[expect(dead_code, reason = "shared with the other tests in guests")]
mod site;
mod soak;
mod stage;
mod table;
#[path = "../chaos/tally.rs"]
mod tally;
#[path = "../peers/rig/tools.rs"]
#[expect(dead_code, reason = "shared with the tests with peers")]
mod tools;
#[path = "../peers/rig/waiting.rs"]
#[expect(dead_code, reason = "shared with the tests with peers")]
mod waiting;
mod web;

/// What the soak of VRRP has from the tests with peers.
mod rig {
    pub(crate) use crate::clock::{now, pause};
    pub(crate) use crate::namespace::Namespace;
    pub(crate) use crate::tools;
}
