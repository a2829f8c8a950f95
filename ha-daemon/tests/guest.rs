//! What needs a kernel that has ip_vs; `.ci/vm/run` gives one.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

#[path = "guest/ipvsadm.rs"]
mod ipvsadm;
#[path = "guest/placement.rs"]
mod placement;
