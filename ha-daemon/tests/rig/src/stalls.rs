//! The control process that measures the machine's stalls: how late sleeping threads wake up.
//!
//! The control process is another one of the running test program, in which only the test of the name
//! [`CONTROL`] runs. It ends with the process that it measures for.

use core::time::Duration;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio, exit};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::clock::now;
use super::waiting::{pause, until};

/// The test that [`control_process`] has to be in every program that measures stalls.
const CONTROL: &str = "control_process";
/// The tick of the meters in microseconds; only a control process has it.
const TICK: &str = "RIG_STALL_TICK";
/// Shorter ones are not recorded.
const NOTEWORTHY: Duration = Duration::from_millis(2);

#[derive(Debug)]
struct Stall {
    end: Duration,
    length: Duration,
}

#[derive(Debug, Default)]
struct Record {
    stalls: Vec<Stall>,
    /// Until when all meters have looked.
    looked: Duration,
}

/// A control process that measures until this is dropped.
#[derive(Debug)]
struct Control {
    process: Child,
    /// Asks for the time until which all meters have looked.
    questions: Mutex<UnixStream>,
    record: Arc<Mutex<Record>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Control {
    fn start(tick: Duration) -> Self {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        let program = env::current_exe().expect("a process knows its program");
        let process = Command::new(program)
            .args([CONTROL, "--exact", "--nocapture"])
            .env(TICK, tick.as_micros().to_string())
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the test program starts once more");
        let record = Arc::default();
        let answers = ours.try_clone().expect("a second handle");
        {
            let record = Arc::clone(&record);
            thread::spawn(move || read(answers, &record));
        }
        let control = Self {
            process,
            questions: Mutex::new(ours),
            record,
        };
        control.await_meters(now());
        control
    }

    /// Waits until every meter has looked at the time until `to`: one may be woken later from a stall
    /// than who asks.
    fn await_meters(&self, to: Duration) {
        let past = to.min(now());
        let asked = lock(&self.questions).write_all(b"?\n");
        asked.unwrap_or_else(|error| panic!("no test `{CONTROL}` in this program: {error}"));
        until("the control process", Duration::from_secs(10), || {
            lock(&self.record).looked >= past
        });
    }

    fn stall(&self, from: Duration, to: Duration) -> Duration {
        self.await_meters(to);
        lock(&self.record)
            .stalls
            .iter()
            .filter(|stall| stall.end >= from && stall.end <= to + stall.length)
            .map(|stall| stall.length)
            .max()
            .unwrap_or_default()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        drop(lock(&self.questions).shutdown(Shutdown::Both));
        drop(self.process.wait());
    }
}

/// Keeps what a control process tells, until it ends.
fn read(answers: UnixStream, record: &Mutex<Record>) {
    for line in BufReader::new(answers).lines() {
        let Ok(line) = line else { return };
        let mut words = line.split(' ');
        let kind = words.next();
        let mut span = || {
            let nanoseconds = words.next().and_then(|word| word.parse().ok());
            nanoseconds.map(Duration::from_nanos)
        };
        match (kind, span(), span()) {
            (Some("stall"), Some(end), Some(length)) => {
                lock(record).stalls.push(Stall { end, length });
            }
            (Some("looked"), Some(time), None) => {
                let mut record = lock(record);
                record.looked = record.looked.max(time);
            }
            _ => panic!("the control process said {line:?}"),
        }
    }
}

static CONTROL_PROCESS: OnceLock<Control> = OnceLock::new();

/// Starts the control process, which records how late the machine wakes, on each processor, a thread
/// that slept for `tick`. One serves all tests of a process.
///
/// # Panics
/// If the test program does not have the test that calls [`control_process`].
pub fn start_stall_meters(tick: Duration) {
    CONTROL_PROCESS.get_or_init(|| Control::start(tick));
}

/// The longest time by which a wake-up was late between two points in time: what the machine, and
/// not a daemon, may have added to a measurement. It is part of every bound on lateness, which has no
/// other absolute part.
///
/// # Panics
/// If nobody has called [`start_stall_meters`].
pub fn stall(from: Duration, to: Duration) -> Duration {
    let control = CONTROL_PROCESS.get();
    control
        .expect("the meters have been started")
        .stall(from, to)
}

/// What the test `control_process` at the root of a test program does: it measures, where the program
/// was started as a control process, and else it tests one.
///
/// # Panics
/// If a control process does not tell that it was stopped.
pub fn control_process() {
    match env::var(TICK) {
        Ok(tick) => measure(Duration::from_micros(tick.parse().expect("a number"))),
        Err(_) => tell_a_stall(),
    }
}

fn tell_a_stall() {
    const STOPPED: Duration = Duration::from_millis(60);
    let control = Control::start(Duration::from_millis(1));
    let pid = Pid::from_raw(i32::try_from(control.process.id()).expect("a pid is positive"));
    let begin = now();
    kill(pid, Signal::SIGSTOP).expect("it is our child");
    pause(STOPPED);
    kill(pid, Signal::SIGCONT).expect("it is our child");
    let told = control.stall(begin, now());
    let end = now();
    // It had begun to sleep before it was stopped.
    let least = STOPPED - Duration::from_millis(2);
    assert!((least..=end - begin).contains(&told), "{told:?}");
}

/// Measures until the other end of the standard input is gone.
fn measure(tick: Duration) {
    let handle = std::io::stdin().as_fd().try_clone_to_owned();
    let stream = UnixStream::from(handle.expect("a second handle"));
    let allowed = sched_getaffinity(Pid::from_raw(0)).expect("a process may ask");
    let processors = (0..CpuSet::count()).filter(|number| allowed.is_set(*number).unwrap_or(false));
    let meters: Vec<_> = processors
        .map(|processor| {
            let looked = Arc::new(Mutex::new(Duration::ZERO));
            let meter = Arc::clone(&looked);
            let stream = stream.try_clone().expect("another handle");
            thread::spawn(move || meter_of(processor, tick, &meter, stream));
            looked
        })
        .collect();
    for line in BufReader::new(&stream).lines() {
        if line.is_err() {
            return;
        }
        let asked = now();
        while meters.iter().any(|looked| *lock(looked) < asked) {
            pause(tick);
        }
        if tell(&stream, &format!("looked {}\n", asked.as_nanos())).is_err() {
            return;
        }
    }
}

fn meter_of(processor: usize, tick: Duration, looked: &Mutex<Duration>, stream: UnixStream) {
    let mut only = CpuSet::new();
    only.set(processor).expect("the set holds all processors");
    sched_setaffinity(Pid::from_raw(0), &only).expect("a thread may choose its processor");
    loop {
        let before = now();
        pause(tick);
        let end = now();
        let length = end.saturating_sub(before + tick);
        if length > NOTEWORTHY {
            let line = format!("stall {} {}\n", end.as_nanos(), length.as_nanos());
            if tell(&stream, &line).is_err() {
                // Nobody listens any more, and whoever waits for this meter would wait for ever.
                exit(0);
            }
        }
        *lock(looked) = end;
    }
}

/// A line at once, so that those of several threads do not mix.
fn tell(mut stream: &UnixStream, line: &str) -> std::io::Result<()> {
    stream.write_all(line.as_bytes())
}
