//! Time measurement, and the load of the machine.

use core::time::Duration;
use std::thread;
use std::time::Instant;

/// A point in time.
#[expect(clippy::disallowed_methods, reason = "this measures")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What `work` returns, and how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let begin = now();
    let result = work();
    (begin.elapsed(), result)
}

/// Waits.
pub(crate) fn pause(span: Duration) {
    thread::sleep(span);
}

/// Waits until `condition` holds, asking every `tick`.
///
/// # Panics
/// With `what` if it does not within `limit`.
pub(crate) fn until(
    what: &str,
    limit: Duration,
    tick: Duration,
    mut condition: impl FnMut() -> bool,
) {
    let begin = now();
    while !condition() {
        assert!(
            begin.elapsed() < limit,
            "waited {limit:?} in vain for {what}"
        );
        pause(tick);
    }
}

/// Prints the load average: figures of a busy machine are to be taken again.
pub(crate) fn say_how_busy() {
    let average = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let processors = thread::available_parallelism().map_or(1, core::num::NonZero::get);
    eprintln!("load average {} on {processors} processors", average.trim());
}
