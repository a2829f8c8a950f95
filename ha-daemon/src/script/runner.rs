//! The threads that look after running scripts.

use core::convert::Infallible;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::ffi::OsStr;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{
    self, Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError, sync_channel,
};
use std::sync::{Arc, Mutex};
use std::thread;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use rustix::process::{PidfdFlags, pidfd_open};

use super::{Lease, Script};

/// Scripts that wait for an attendant.
const QUEUE_LEN: usize = 1024;
/// What a cancelled script has from SIGTERM to SIGKILL, in milliseconds, as with keepalived.
const GRACE_MS: u16 = 2_000;
/// An attendant calls few functions.
const STACK_LEN: usize = 256 * 1024;
/// Kind of ending, and its number.
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
    /// It is not known how, or whether: its attendant failed.
    Lost,
}

/// Why a script is not even going to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The process of an earlier start is not gone: it is about to be killed, or cannot be.
    #[error("the previous run has not ended")]
    Alive,
    /// All attendants are busy, and 1024 scripts wait for one.
    #[error("too many scripts are running")]
    Busy,
    /// There is no descriptor left to hear of its end by.
    #[error("socketpair")]
    Descriptor(#[source] Errno),
}

#[derive(Debug)]
struct Job {
    lease: Lease,
    link: UnixStream,
}

/// A fixed number of attendants, each looking after one script at a time.
///
/// They are threads, made at once: their credentials and capabilities stay those of the thread that
/// creates this value, even if that thread gives its own up later.
#[derive(Debug)]
pub struct Runner {
    jobs: SyncSender<Job>,
    /// Nothing is ever sent: it closes when the last attendant has gone.
    gone: Receiver<Infallible>,
}

impl Runner {
    /// As many scripts as there are `attendants` can run at a time; others wait.
    ///
    /// # Errors
    /// The system has no more threads to give.
    pub fn new(attendants: NonZeroUsize) -> io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE_LEN);
        let queue = Arc::new(Mutex::new(queue));
        let (alive, gone) = mpsc::channel();
        for _ in 0..attendants.get() {
            let (queue, alive) = (Arc::clone(&queue), alive.clone());
            thread::Builder::new()
                .name("script".to_owned())
                .stack_size(STACK_LEN)
                .spawn(move || attend(&queue, alive))?;
        }
        Ok(Self { jobs, gone })
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
        match self.jobs.try_send(job) {
            Ok(()) => Ok(Run {
                link: ours,
                report: Vec::new(),
            }),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(StartError::Busy),
        }
    }

    /// Lets the attendants go and waits for them for at most `limit`; whether all went. Every
    /// [`Run`] is to be dropped before, or there is nothing to wait for but the scripts' own ends.
    pub fn finish(self, limit: Duration) -> bool {
        drop(self.jobs);
        match self.gone.recv_timeout(limit) {
            Err(RecvTimeoutError::Disconnected) => true,
            Err(RecvTimeoutError::Timeout) => false,
            Ok(never) => match never {},
        }
    }
}

/// A script that was started. Its descriptor is readable once [`poll`](Run::poll) has an answer.
///
/// Dropping it cancels the script: its process group is sent SIGTERM, and SIGKILL when its leader
/// has ended or two seconds have passed.
#[derive(Debug)]
pub struct Run {
    link: UnixStream,
    report: Vec<u8>,
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
            if let Some(report) = self.report.first_chunk() {
                return Some(Ending::from_report(*report));
            }
        }
    }

    /// Cancels the script.
    pub fn cancel(&self) {
        // It fails if the attendant has closed its end, and then there is nothing to cancel.
        let _closed = self.link.shutdown(Shutdown::Write);
    }
}

impl AsFd for Run {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }
}

impl Ending {
    const fn to_report(self) -> [u8; REPORT_LEN] {
        let (kind, number) = match self {
            Self::Exited(status) => (0, status as i32),
            Self::Killed(signal) => (1, signal),
            Self::NotStarted(errno) => (2, errno as i32),
            Self::NotRun => (3, 0),
            Self::Lost => (4, 0),
        };
        let [a, b, c, d] = number.to_ne_bytes();
        [kind, a, b, c, d]
    }

    fn from_report([kind, number @ ..]: [u8; REPORT_LEN]) -> Self {
        let number = i32::from_ne_bytes(number);
        match kind {
            0 => u8::try_from(number).map_or(Self::Lost, Self::Exited),
            1 => Self::Killed(number),
            2 => Self::NotStarted(Errno::from_raw(number)),
            3 => Self::NotRun,
            _ => Self::Lost,
        }
    }

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

/// The life of an attendant.
fn attend(queue: &Mutex<Receiver<Job>>, _alive: Sender<Infallible>) {
    loop {
        let job = match queue.lock() {
            Ok(queue) => queue.recv(),
            Err(poisoned) => poisoned.into_inner().recv(),
        };
        let Ok(Job { lease, mut link }) = job else {
            return;
        };
        let ending = if is_cancelled(&link) {
            Ending::NotRun
        } else {
            match spawn(&lease.0) {
                Ok(mut child) => look_after(&mut child, &link),
                Err(error) => Ending::NotStarted(errno(&error)),
            }
        };
        // Before the report, so that who has read it can start the script again.
        drop(lease);
        // Nobody listens if the script was cancelled.
        let _unheard = link.write_all(&ending.to_report());
    }
}

fn spawn(script: &Script) -> io::Result<Child> {
    let direct = command(script, &script.program)
        .args(&script.arguments)
        .spawn();
    match direct {
        // A script without a `#!` line is one for the shell, as execvp(3) has it.
        Err(error) if errno(&error) == Errno::ENOEXEC => command(script, "/bin/sh".as_ref())
            .arg(&script.program)
            .args(&script.arguments)
            .spawn(),
        other => other,
    }
}

fn command(script: &Script, program: &OsStr) -> Command {
    let mut command = Command::new(program);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    for variable in ["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH"] {
        command.env_remove(variable);
    }
    if let Some(credentials) = script.credentials {
        command.uid(credentials.uid).gid(credentials.gid);
    }
    command
}

/// Waits until the script has ended or is cancelled; in the latter case ends it.
fn look_after(child: &mut Child, link: &UnixStream) -> Ending {
    let watched = i32::try_from(child.id())
        .ok()
        .and_then(|id| Some((Pid::from_raw(id), rustix::process::Pid::from_raw(id)?)));
    let Some((group, process)) = watched else {
        return Ending::Lost;
    };
    let Ok(process) = pidfd_open(process, PidfdFlags::empty()) else {
        // Without a descriptor there is no waiting for two things at once.
        kill_group(group, Signal::SIGKILL);
        return reap(child);
    };
    let process = process.as_fd();
    if wait(&[process, link.as_fd()], PollTimeout::NONE) != Some(0) {
        kill_group(group, Signal::SIGTERM);
        wait(&[process], PollTimeout::from(GRACE_MS));
        // The leader's number cannot be another's as long as it is not reaped.
        kill_group(group, Signal::SIGKILL);
    }
    reap(child)
}

/// The first of `fds` that is ready, or hung up; `None` after `timeout`.
fn wait(fds: &[BorrowedFd<'_>], timeout: PollTimeout) -> Option<usize> {
    let events = PollFlags::POLLIN;
    let mut fds: Vec<_> = fds.iter().map(|fd| PollFd::new(*fd, events)).collect();
    loop {
        match poll(&mut fds, timeout) {
            Err(Errno::EINTR) => {}
            Ok(0) | Err(_) => return None,
            Ok(_) => return fds.iter().position(|fd| fd.any().unwrap_or(true)),
        }
    }
}

fn is_cancelled(link: &UnixStream) -> bool {
    wait(&[link.as_fd()], PollTimeout::ZERO).is_some()
}

fn kill_group(group: Pid, signal: Signal) {
    // ESRCH: all of it has ended. EPERM: it took on rights we do not have, and cannot be killed.
    let _refused = killpg(group, signal);
}

fn reap(child: &mut Child) -> Ending {
    child.wait().map_or(Ending::Lost, Ending::of)
}
