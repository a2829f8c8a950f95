//! The clock that stamps frames.

use core::time::Duration;

use nix::time::{ClockId, clock_gettime};

pub(crate) use super::waiting::{pause, stall, start_stall_meters, stolen, until};

/// The time since the Unix epoch, as the kernel stamps frames with.
#[expect(
    clippy::disallowed_methods,
    reason = "frames are stamped by the wall clock"
)]
pub(crate) fn now() -> Duration {
    clock_gettime(ClockId::CLOCK_REALTIME)
        .expect("the wall clock can be read")
        .into()
}
