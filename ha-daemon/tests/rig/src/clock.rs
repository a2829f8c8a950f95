//! The monotonic clock of all measurements.

use core::time::Duration;
use std::sync::OnceLock;

use nix::time::{ClockId, clock_gettime, clock_settime};

pub use super::stalls::{stall, start_stall_meters};
pub use super::waiting::{pause, until};

/// The time since the machine started.
pub fn now() -> Duration {
    read(ClockId::CLOCK_MONOTONIC)
}

/// The time on [`now`]'s clock of what is stamped by the wall clock, as the kernel stamps frames. Who
/// steps the wall clock cannot use it.
pub fn of_stamp(stamp: Duration) -> Duration {
    const ATTEMPTS: usize = 16;
    static AHEAD: OnceLock<Duration> = OnceLock::new();
    let ahead = AHEAD.get_or_init(|| {
        let measure = || {
            let before = now();
            let wall = read(ClockId::CLOCK_REALTIME);
            (now() - before, wall - before)
        };
        // The attempt that was interrupted least.
        let best = (0..ATTEMPTS).map(|_| measure()).min();
        best.expect("there are attempts").1
    });
    stamp.saturating_sub(*ahead)
}

/// The processor time that the calling thread has used.
pub fn processor_time() -> Duration {
    read(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

/// Sets the wall clock so much ahead, or behind.
pub fn step(span: Duration, ahead: bool) {
    let time = read(ClockId::CLOCK_REALTIME);
    let stepped = if ahead { time + span } else { time - span };
    clock_settime(ClockId::CLOCK_REALTIME, stepped.into()).expect("root may set the clock");
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is measured here is real time, or a thread's"
)]
fn read(clock: ClockId) -> Duration {
    clock_gettime(clock)
        .expect("every kernel has the clock")
        .into()
}
