//! Tests that need root and the running kernel; some of them also keepalived, FRR and other
//! programs.
//!
//! Every test builds network namespaces of its own and sends nothing outside. All are ignored by
//! default; `bash .ci/run` runs them, each as a process, and `.config/nextest.toml` says which of them
//! run side by side. One of them, or those of a module:
//! ```sh
//! cargo test -p ha-daemon --test root -- --ignored --nocapture peers::interop::
//! ```

mod chaos;
mod checkers;
mod eligibility;
#[cfg(feature = "lab")]
mod lab;
mod peers;
mod ping;
mod privilege;
mod process;
mod repeated;
mod script;
mod scripts;
mod start;
mod syscalls;
mod turns;

/// Measures how late the machine wakes who waits, for the other tests.
#[test]
fn control_process() {
    rig::control_process();
}
