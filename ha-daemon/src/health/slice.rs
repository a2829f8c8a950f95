//! A slice of the calling thread's processor time.

use core::cell::Cell;
use core::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// So much time of this thread's on a processor (CLOCK_THREAD_CPUTIME_ID), from when it is cut on.
///
/// What is left to do when it [is over](Self::is_over) is left for another. The processor time costs
/// a system call to read, so it is read only once as much time has passed as was left of it.
#[derive(Debug)]
pub struct Slice {
    begun: Duration,
    /// `None`: it is never over.
    limit: Option<Duration>,
    /// It is not over before, on the monotonic clock.
    earliest: Cell<Duration>,
}

impl Slice {
    /// A slice of `limit`.
    #[must_use]
    pub fn of(limit: Duration) -> Self {
        Self {
            begun: thread_time(),
            limit: Some(limit),
            earliest: Cell::new(time().saturating_add(limit)),
        }
    }

    /// As long as it takes, for who has no loop to keep going.
    #[must_use]
    pub const fn endless() -> Self {
        Self {
            begun: Duration::ZERO,
            limit: None,
            earliest: Cell::new(Duration::MAX),
        }
    }

    /// Looks at the clock: whether it is used up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let Some(limit) = self.limit else {
            return false;
        };
        let now = time();
        if now < self.earliest.get() {
            return false;
        }
        let left = limit.saturating_sub(self.used());
        self.earliest.set(now.saturating_add(left));
        left.is_zero()
    }

    /// How much is used; nothing of an endless one. It costs a system call.
    #[must_use]
    pub fn used(&self) -> Duration {
        match self.limit {
            Some(_) => thread_time().saturating_sub(self.begun),
            None => Duration::ZERO,
        }
    }
}

fn thread_time() -> Duration {
    read(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn time() -> Duration {
    read(ClockId::CLOCK_MONOTONIC)
}

/// If the clock cannot be read, the time is over.
#[expect(
    clippy::disallowed_methods,
    reason = "how long something takes is not what time it is"
)]
fn read(clock: ClockId) -> Duration {
    clock_gettime(clock).map_or(Duration::MAX, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_used_up_by_work_and_not_by_waiting() {
        let slice = Slice::of(Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(40));
        assert!(!slice.is_over(), "{:?}", slice.used());
        let mut rounds = 0_u32;
        while !slice.is_over() {
            rounds += 1;
        }
        assert!(rounds > 10, "{rounds}");
        assert!(slice.used() >= Duration::from_millis(20));
    }

    #[test]
    fn no_slice_is_over_at_once_and_an_endless_one_never() {
        assert!(Slice::of(Duration::ZERO).is_over());
        assert!(!Slice::endless().is_over());
    }
}
