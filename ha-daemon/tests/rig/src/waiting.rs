//! Waiting with a limit, and measurement of how late the machine wakes a thread.

use core::time::Duration;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

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

const NOTEWORTHY: Duration = Duration::from_millis(2);

struct Stall {
    end: Duration,
    length: Duration,
}

#[derive(Default)]
struct Record {
    stalls: Vec<Stall>,
    /// Until when each meter has looked.
    looked: Vec<Duration>,
}

static RECORD: Mutex<Record> = Mutex::new(Record {
    stalls: Vec::new(),
    looked: Vec::new(),
});
static METERS: OnceLock<()> = OnceLock::new();

fn record() -> MutexGuard<'static, Record> {
    RECORD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts recording, on each processor, how late the machine wakes a thread that slept for `tick`.
/// One set of meters serves all tests.
pub fn start_stall_meters(tick: Duration) {
    METERS.get_or_init(|| {
        let processors = thread::available_parallelism().expect("processors can be counted");
        record().looked = vec![now(); processors.get()];
        for processor in 0..processors.get() {
            thread::spawn(move || measure_stalls(processor, tick));
        }
    });
}

fn measure_stalls(processor: usize, tick: Duration) {
    let mut only = CpuSet::new();
    only.set(processor).expect("the set holds all processors");
    sched_setaffinity(Pid::from_raw(0), &only).expect("a thread may choose its processor");
    loop {
        let before = now();
        pause(tick);
        let end = now();
        let length = end.saturating_sub(before + tick);
        let stalled = length > NOTEWORTHY;
        let mut record = record();
        record.looked[processor] = end;
        if stalled {
            record.stalls.push(Stall { end, length });
        }
    }
}

/// Waits until every meter has looked at the time until `to`: one may be woken later from a stall
/// than who asks.
fn await_meters(to: Duration) {
    let past = to.min(now());
    until("the stall meters", Duration::from_secs(10), || {
        record().looked.iter().all(|looked| *looked >= past)
    });
}

/// The longest time by which a wake-up was late between two points in time: what the machine, and
/// not a daemon, may have added to a measurement. It is part of every bound on lateness, which has no
/// other absolute part.
pub fn stall(from: Duration, to: Duration) -> Duration {
    await_meters(to);
    record()
        .stalls
        .iter()
        .filter(|stall| stall.end >= from && stall.end <= to + stall.length)
        .map(|stall| stall.length)
        .max()
        .unwrap_or_default()
}
