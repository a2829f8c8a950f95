//! The timer of the event loop.

use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use vrrp_core::Instant;

use crate::source::source_by_descriptor;

/// A `timerfd(2)` that becomes readable at an instant of [`Clock`](crate::Clock).
///
/// `epoll_wait(2)` counts its timeout in whole milliseconds, where neighbouring priorities differ
/// by 39 µs of skew at an interval of 10 ms; this has the resolution of the kernel's timers.
/// The instant is absolute, so a late turn of the loop does not delay the turns after it.
///
/// ```
/// use core::time::Duration;
///
/// use vrrp_mio::mio::{Events, Interest, Poll, Token};
/// use vrrp_mio::{Clock, Timer};
///
/// let (clock, mut timer, mut poll) = (Clock::new()?, Timer::new()?, Poll::new()?);
/// poll.registry().register(&mut timer, Token(0), Interest::READABLE)?;
/// let deadline = clock.now() + Duration::from_micros(300);
/// timer.arm(Some(deadline))?;
/// poll.poll(&mut Events::with_capacity(1), None)?;
/// timer.clear()?;
/// assert!(clock.now() >= deadline);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Timer {
    descriptor: TimerFd,
    armed: Option<Instant>,
}

impl Timer {
    /// A timer at rest.
    ///
    /// # Errors
    /// Whatever `timerfd_create(2)` reports: too many descriptors, or no memory.
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        Ok(Self {
            descriptor: TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?,
            armed: None,
        })
    }

    /// Fires at `deadline`, at once if that is past, or not at all; replaces what was armed before.
    ///
    /// Arming the same instant twice costs no system call.
    ///
    /// # Errors
    /// Whatever `timerfd_settime(2)` reports.
    pub fn arm(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        if self.armed == deadline {
            return Ok(());
        }
        match deadline {
            None => self.descriptor.unset()?,
            Some(at) => self.descriptor.set(
                Expiration::OneShot(time_spec(at)),
                TimerSetTimeFlags::TFD_TIMER_ABSTIME,
            )?,
        }
        self.armed = deadline;
        Ok(())
    }

    /// Takes back the readiness of a timer that fired; one that did not stays armed.
    ///
    /// # Errors
    /// Whatever `read(2)` reports, except that there is nothing to read.
    pub fn clear(&mut self) -> io::Result<()> {
        match self.descriptor.wait() {
            Ok(()) => {
                self.armed = None;
                Ok(())
            }
            Err(Errno::EAGAIN) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// Zero would disarm, and a count of seconds beyond `i64` be refused.
fn time_spec(at: Instant) -> TimeSpec {
    let nanos = at.as_nanos().clamp(1, i64::MAX.unsigned_abs());
    TimeSpec::from_duration(Duration::from_nanos(nanos))
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

source_by_descriptor!(Timer);

#[cfg(test)]
mod tests;
