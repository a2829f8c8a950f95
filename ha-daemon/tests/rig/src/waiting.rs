//! Waiting with a limit.

use core::time::Duration;
use std::thread;

use super::clock::now;

/// Waits for `span`.
pub fn pause(span: Duration) {
    thread::sleep(span);
}

/// Waits until `condition` holds.
///
/// # Panics
/// With `what` if it does not within `limit`.
pub fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = now() + limit;
    while !condition() {
        assert!(now() < deadline, "waited {limit:?} in vain for: {what}");
        pause(Duration::from_millis(3));
    }
}
