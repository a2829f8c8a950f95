//! The clock that stamps frames, and what the machine itself did to it.

use core::time::Duration;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

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

/// Waits for `span`.
pub(crate) fn pause(span: Duration) {
    thread::sleep(span);
}

/// Waits until `condition` holds.
///
/// # Panics
/// With `what` if it does not within `limit`.
pub(crate) fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let deadline = now() + limit;
    while !condition() {
        assert!(now() < deadline, "waited {limit:?} in vain for: {what}");
        pause(Duration::from_millis(3));
    }
}

const TICK: Duration = Duration::from_millis(1);
const NOTEWORTHY: Duration = Duration::from_millis(2);

struct Stall {
    end: Duration,
    length: Duration,
}

static STALLS: Mutex<Vec<Stall>> = Mutex::new(Vec::new());
static METERS: OnceLock<()> = OnceLock::new();

/// Starts recording, on each processor, how late the machine wakes a sleeping thread. One set of
/// meters serves all tests.
pub(crate) fn start_stall_meters() {
    METERS.get_or_init(|| {
        let processors = thread::available_parallelism().expect("processors can be counted");
        for processor in 0..processors.get() {
            thread::spawn(move || measure_stalls(processor));
        }
    });
}

fn measure_stalls(processor: usize) {
    let mut only = CpuSet::new();
    only.set(processor).expect("the set holds all processors");
    sched_setaffinity(Pid::from_raw(0), &only).expect("a thread may choose its processor");
    loop {
        let before = now();
        pause(TICK);
        let end = now();
        let length = end.saturating_sub(before + TICK);
        if length > NOTEWORTHY {
            STALLS
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Stall { end, length });
        }
    }
}

/// The longest time by which a wake-up was late between two points in time: what the machine, and
/// not a daemon, may have added to a measurement.
pub(crate) fn stall(from: Duration, to: Duration) -> Duration {
    STALLS
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .filter(|stall| stall.end >= from && stall.end <= to + stall.length)
        .map(|stall| stall.length)
        .max()
        .unwrap_or_default()
}
