//! What needs a kernel that has ip_vs; `.ci/vm/run` gives one.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

#[path = "guest/balancer.rs"]
#[expect(dead_code, reason = "shared with the tests that bring faults")]
mod balancer;
#[path = "peers/rig/clock.rs"]
#[expect(unused_imports, reason = "the tests with peers also measure")]
mod clock;
#[path = "guest/drift.rs"]
mod drift;
#[path = "guest/failover.rs"]
mod failover;
#[path = "guest/global.rs"]
mod global;
#[path = "guest/ipvsadm.rs"]
mod ipvsadm;
#[path = "peers/rig/namespace.rs"]
mod namespace;
#[path = "guest/parity.rs"]
mod parity;
#[path = "guest/placement.rs"]
mod placement;
#[path = "peers/rig/process.rs"]
#[expect(dead_code, reason = "shared with the tests with peers")]
#[expect(clippy::print_stdout, reason = "tells what stays behind")]
mod process;
#[path = "guest/settings.rs"]
mod settings;
#[path = "guest/site.rs"]
mod site;
#[path = "peers/rig/tools.rs"]
#[expect(dead_code, reason = "shared with the tests with peers")]
mod tools;
#[path = "peers/rig/waiting.rs"]
#[expect(dead_code, reason = "the tests with peers also measure")]
mod waiting;
