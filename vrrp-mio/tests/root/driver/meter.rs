//! When the hypervisor let the machine stand still.

use core::ops::Range;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::fs::read_to_string;
use std::sync::Arc;
use std::thread::{self, JoinHandle, sleep};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::ClockId;
use nix::unistd::{Pid, gettid};

use super::host::schedule;

const TICK: Duration = Duration::from_millis(2);
/// How often what the hypervisor took is read, at least.
const ACCOUNTED: Duration = Duration::from_millis(50);

/// Records, on each processor, when a real-time thread was not woken in time because the hypervisor
/// had given the processor to others. Nothing that runs here can cause that.
pub(crate) struct Meter {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Range<Duration>>>>,
}

impl Meter {
    pub(crate) fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let processors = thread::available_parallelism().unwrap().get();
        let threads = (0..processors).map(|processor| {
            let over = Arc::clone(&over);
            thread::spawn(move || stalls(processor, &over))
        });
        Self {
            threads: threads.collect(),
            over,
        }
    }

    /// Ends the recording, and returns each processor's stalls by the wall clock.
    pub(crate) fn stop(mut self) -> Vec<Vec<Range<Duration>>> {
        self.over.store(true, Ordering::Relaxed);
        let threads = core::mem::take(&mut self.threads).into_iter();
        threads.map(|thread| thread.join().unwrap()).collect()
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

fn stalls(processor: usize, over: &AtomicBool) -> Vec<Range<Duration>> {
    let mut only = CpuSet::new();
    only.set(processor).unwrap();
    sched_setaffinity(Pid::from_raw(0), &only).unwrap();
    schedule("chrt --fifo --pid 60", gettid());
    let now = || Duration::from(ClockId::CLOCK_REALTIME.now().unwrap());
    let mut stalls = Vec::new();
    let (mut accounted, mut stolen) = (now(), stolen_since_boot(processor));
    while !over.load(Ordering::Relaxed) {
        let due = now() + TICK;
        sleep(TICK);
        let woken = now();
        let stalled = woken > due + TICK;
        if stalled || woken > accounted + ACCOUNTED {
            let before = stolen;
            (accounted, stolen) = (woken, stolen_since_boot(processor));
            if stalled && stolen > before {
                stalls.push(due..woken);
            }
        }
    }
    stalls
}

/// What the kernel accounts to the hypervisor of this processor's time (proc(5), `steal`), in
/// hundredths of a second.
fn stolen_since_boot(processor: usize) -> u64 {
    let text = read_to_string("/proc/stat").unwrap();
    let name = format!("cpu{processor}");
    let mut lines = text.lines().map(str::split_whitespace);
    let line = lines.find_map(|mut words| (words.next()? == name).then_some(words));
    let ticks = line.and_then(|mut words| words.nth(7)?.parse().ok());
    ticks.unwrap_or_default()
}

/// How much of `span` the hypervisor took, by the processor it took most of.
pub(crate) fn stolen(stalls: &[Vec<Range<Duration>>], span: &Range<Duration>) -> Duration {
    let within = |stall: &Range<Duration>| {
        stall
            .end
            .min(span.end)
            .saturating_sub(stall.start.max(span.start))
    };
    let of = |stalls: &Vec<_>| stalls.iter().map(within).sum();
    stalls.iter().map(of).max().unwrap_or_default()
}
