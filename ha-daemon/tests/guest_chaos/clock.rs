//! A clock that nobody steps.

use core::time::Duration;

use nix::time::{ClockId, clock_gettime, clock_settime};

pub(crate) use super::waiting::{pause, stall, start_stall_meters, until};

/// The time since the machine started.
#[expect(
    clippy::disallowed_methods,
    reason = "what is measured here is real time"
)]
pub(crate) fn now() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .expect("every kernel has the clock")
        .into()
}

/// Sets the wall clock so much ahead, or behind.
#[expect(
    clippy::disallowed_methods,
    reason = "the wall clock is what is to be stepped"
)]
pub(crate) fn step(span: Duration, ahead: bool) {
    let clock = ClockId::CLOCK_REALTIME;
    let time = Duration::from(clock_gettime(clock).expect("every kernel has the clock"));
    let stepped = if ahead { time + span } else { time - span };
    clock_settime(clock, stepped.into()).expect("root may set the clock");
}
