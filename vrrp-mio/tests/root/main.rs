//! Tests that need root and the running kernel.
//!
//! Every test builds network namespaces of its own and sends nothing outside. All are ignored by
//! default; `bash .ci/run` runs them, each as a process. Those of a module:
//! ```sh
//! cargo test -p vrrp-mio --test root -- --ignored driver::
//! ```

mod driver;
mod firewall;
mod netlink;
mod sockets;

/// The time of the clock that drivers have.
#[expect(clippy::unwrap_used, reason = "every kernel has the clock")]
fn now() -> vrrp_core::Instant {
    vrrp_mio::Clock::new().unwrap().now()
}

/// Measures how late the machine wakes who waits, for the other tests.
#[test]
fn control_process() {
    rig::control_process();
}
