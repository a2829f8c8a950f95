//! The monotonic clock.

use core::time::Duration;
use std::io;

use nix::time::{ClockId, clock_gettime};
use vrrp_core::Instant;

/// `CLOCK_MONOTONIC` as [`Instant`]s: nanoseconds since a point the kernel chose at boot.
///
/// Steps of the wall clock do not change it, and it stands still while the host is suspended.
/// [`Timer`](crate::Timer) uses the same clock. Read it once per turn of the loop.
///
/// ```
/// let clock = vrrp_mio::Clock::new()?;
/// let now = clock.now();
/// assert!(clock.now() >= now);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    id: ClockId,
}

impl Clock {
    /// The clock, after one trial reading.
    ///
    /// # Errors
    /// Whatever `clock_gettime(2)` reports; no Linux kernel refuses `CLOCK_MONOTONIC`.
    pub fn new() -> io::Result<Self> {
        let clock = Self {
            id: ClockId::CLOCK_MONOTONIC,
        };
        read(clock.id)?;
        Ok(clock)
    }

    /// The present instant.
    ///
    /// Reading cannot fail after the successful trial in [`new`](Self::new). If a sandbox makes it
    /// fail nevertheless, the result is [`Instant::EPOCH`], before every deadline, so that no timer
    /// fires.
    #[must_use]
    pub fn now(&self) -> Instant {
        read(self.id).unwrap_or(Instant::EPOCH)
    }

    /// The processor time of the calling thread, without interruptions by others.
    ///
    /// It costs a system call, which reading the time does not.
    #[must_use]
    pub fn thread_time(&self) -> Duration {
        let nanos = read(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap_or(Instant::EPOCH);
        Duration::from_nanos(nanos.as_nanos())
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads a clock"
)]
fn read(id: ClockId) -> io::Result<Instant> {
    let time = clock_gettime(id)?;
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    let nanos = u64::try_from(time.tv_nsec()).unwrap_or(0);
    Ok(Instant::from_nanos(
        seconds.saturating_mul(1_000_000_000).saturating_add(nanos),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_never_decrease_and_agree_with_the_uptime() {
        let clock = Clock::new().unwrap();
        let first = clock.now();
        let second = clock.now();
        assert!(first > Instant::EPOCH);
        assert!(second >= first);
        let text = std::fs::read_to_string("/proc/uptime").unwrap();
        let (seconds, _) = text.split_once('.').unwrap();
        let uptime = Duration::from_secs(seconds.parse().unwrap());
        assert!(second < Instant::EPOCH + uptime + Duration::from_secs(1));
    }
}
