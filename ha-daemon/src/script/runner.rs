//! The script runner: the threads that start scripts and wait for them.

mod supervisor;

use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;

use super::{Lease, Script};

/// Scripts that wait for a supervisor.
const QUEUE_LEN: usize = 1024;
/// Supervisors that stay though they have nothing to do.
const SPARE: usize = 8;
/// Kind of report, and its number.
const REPORT_LEN: usize = 5;

/// How a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status.
    Exited(u8),
    /// By the signal of this number.
    Killed(i32),
    /// Before it began: the kernel refused to make the process or to execute the file.
    NotStarted(Errno),
    /// Not at all: it was cancelled before it began.
    NotRun,
    /// It is not known how, or whether: its supervisor failed.
    Lost,
}

/// Why a script is not even going to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The process of an earlier start is not gone: it is about to be killed, or cannot be.
    #[error("the previous run has not ended")]
    Alive,
    /// All supervisors are busy, and 1024 scripts wait for one.
    #[error("too many scripts are running")]
    Busy,
    /// There is no descriptor left to hear of its end by.
    #[error("socketpair")]
    Descriptor(#[source] Errno),
}

/// Supervisors, each looking after one script at a time.
///
/// They are threads: two are started at once, and the last idle one starts another when it
/// gets work. So their credentials and capabilities stay those of the thread that creates this
/// value, even if that thread gives its own up later.
#[derive(Debug)]
pub struct Runner {
    shared: Arc<Shared>,
}

/// What supervisors share.
#[derive(Debug)]
struct Shared {
    most: usize,
    state: Mutex<State>,
    /// There is a job, or no more of them.
    job: Condvar,
    /// The last supervisor has gone.
    gone: Condvar,
}

#[derive(Debug)]
struct State {
    jobs: VecDeque<Job>,
    supervisors: usize,
    /// How many of them have a job.
    busy: usize,
    closed: bool,
}

#[derive(Debug)]
struct Job {
    lease: Lease,
    link: UnixStream,
}

impl Runner {
    /// As many scripts as there may be `supervisors` can run at a time; others wait.
    ///
    /// # Errors
    /// The system has not a single thread to give. Later on scripts wait where it has no more.
    pub fn new(supervisors: NonZeroUsize) -> io::Result<Self> {
        // One more than works, so that scripts one after the other take no thread more.
        let at_first = supervisors.get().min(2);
        let shared = Arc::new(Shared {
            most: supervisors.get(),
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                supervisors: at_first,
                busy: 0,
                closed: false,
            }),
            job: Condvar::new(),
            gone: Condvar::new(),
        });
        supervisor::start(&shared)?;
        for _ in 1..at_first {
            // With one alone scripts wait for each other.
            let _none = supervisor::start(&shared);
        }
        Ok(Self { shared })
    }

    /// Has `script` started, without waiting for anything.
    ///
    /// # Errors
    /// [`StartError`]. A program that cannot be executed is not among them, but an [`Ending`].
    pub fn start(&self, script: &Arc<Script>) -> Result<Run, StartError> {
        let lease = Lease::take(script).ok_or(StartError::Alive)?;
        let pair = || {
            let (ours, theirs) = UnixStream::pair()?;
            ours.set_nonblocking(true)?;
            Ok((ours, theirs))
        };
        let (ours, theirs) =
            pair().map_err(|error: io::Error| StartError::Descriptor(errno(&error)))?;
        let job = Job {
            lease,
            link: theirs,
        };
        let mut state = self.shared.state();
        if state.jobs.len() >= QUEUE_LEN {
            return Err(StartError::Busy);
        }
        state.jobs.push_back(job);
        drop(state);
        self.shared.job.notify_one();
        Ok(Run {
            link: ours,
            report: Vec::new(),
            begun: false,
        })
    }

    /// Lets the supervisors go and waits for them for at most `limit`; whether all went. Every
    /// [`Run`] is to be dropped before, or there is nothing to wait for but the scripts' own ends.
    pub fn finish(self, limit: Duration) -> bool {
        self.shared.close();
        let state = self.shared.state();
        let are_there = |state: &mut State| state.supervisors > 0;
        let waited = self.shared.gone.wait_timeout_while(state, limit, are_there);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.supervisors == 0
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.state().closed = true;
        self.job.notify_all();
    }

    /// What there is to do, once there is something; `None` if the supervisor may go. Whether another
    /// supervisor is wanted, which is counted already.
    fn next_job(&self) -> Option<(Job, Busy<'_>, bool)> {
        let state = self.state();
        if state.jobs.is_empty() && state.supervisors - state.busy > SPARE {
            return None;
        }
        let waits = |state: &mut State| state.jobs.is_empty() && !state.closed;
        let waited = self.job.wait_while(state, waits);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let job = state.jobs.pop_front()?;
        state.busy += 1;
        let wanted = state.busy == state.supervisors && state.supervisors < self.most;
        state.supervisors += usize::from(wanted);
        Some((job, Busy(self), wanted))
    }

    /// A supervisor goes, or has not come.
    fn leave(&self) {
        let mut state = self.state();
        state.supervisors -= 1;
        if state.supervisors == 0 {
            self.gone.notify_all();
        }
    }
}

/// A supervisor has a job until this is dropped.
#[derive(Debug)]
struct Busy<'a>(&'a Shared);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.state().busy -= 1;
    }
}

/// A script that was started. Its descriptor is readable once [`poll`](Run::poll) has an answer, and
/// when the program has [begun](Run::has_begun).
///
/// Dropping it cancels the script: its process group is sent SIGTERM, and SIGKILL when its leader
/// has ended or two seconds have passed.
#[derive(Debug)]
pub struct Run {
    link: UnixStream,
    report: Vec<u8>,
    begun: bool,
}

impl Run {
    /// How the script ended; `None` while it has not.
    pub fn poll(&mut self) -> Option<Ending> {
        let mut octets = [0; REPORT_LEN];
        loop {
            match self.link.read(&mut octets) {
                Ok(0) => return Some(Ending::Lost),
                Ok(len) => self.report.extend(octets.iter().take(len)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Some(Ending::Lost),
            }
            while let Some((report, rest)) = self.report.split_first_chunk() {
                match Report::read(*report) {
                    Report::Begun => self.begun = true,
                    Report::Ended(ending) => return Some(ending),
                }
                self.report = rest.to_vec();
            }
        }
    }

    /// Whether the program was being executed at the last [`poll`](Self::poll). Until then the script
    /// waits for a supervisor, for a process, or for the disk that its program is on.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.begun
    }

    /// Cancels the script.
    pub fn cancel(&self) {
        // It fails if the supervisor has closed its end, and then there is nothing to cancel.
        let _closed = self.link.shutdown(Shutdown::Write);
    }
}

impl AsFd for Run {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }
}

/// A report of a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    /// The program is being executed.
    Begun,
    Ended(Ending),
}

impl Report {
    const fn write(self) -> [u8; REPORT_LEN] {
        let (kind, number) = match self {
            Self::Ended(Ending::Exited(status)) => (0, status as i32),
            Self::Ended(Ending::Killed(signal)) => (1, signal),
            Self::Ended(Ending::NotStarted(errno)) => (2, errno as i32),
            Self::Ended(Ending::NotRun) => (3, 0),
            Self::Ended(Ending::Lost) => (4, 0),
            Self::Begun => (5, 0),
        };
        let [a, b, c, d] = number.to_ne_bytes();
        [kind, a, b, c, d]
    }

    fn read([kind, number @ ..]: [u8; REPORT_LEN]) -> Self {
        let number = i32::from_ne_bytes(number);
        Self::Ended(match kind {
            0 => u8::try_from(number).map_or(Ending::Lost, Ending::Exited),
            1 => Ending::Killed(number),
            2 => Ending::NotStarted(Errno::from_raw(number)),
            3 => Ending::NotRun,
            5 => return Self::Begun,
            _ => Ending::Lost,
        })
    }
}

impl Ending {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => u8::try_from(code).map_or(Self::Lost, Self::Exited),
            (None, Some(signal)) => Self::Killed(signal),
            (None, None) => Self::Lost,
        }
    }
}

fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EINVAL, Errno::from_raw)
}
