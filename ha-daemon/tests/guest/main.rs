//! Tests that need a kernel with ip_vs, which `.ci/vm/run` provides.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

mod chaos;
mod drift;
mod eligibility;
mod failover;
mod global;
mod ipvsadm;
mod parity;
mod placement;
mod settings;

/// Measures how late the machine wakes who waits, for the other tests.
#[test]
fn control_process() {
    rig::control_process();
}
