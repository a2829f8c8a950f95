//! Scripts: their command, user and security, and the threads that run them.
//!
//! A script never holds up the caller of [`Runner::start`]. Starting one takes a `fork` and an
//! `execve`, and the latter waits for the disk the program is on, for ever if that is a dead NFS
//! server; `Command::spawn` waits with it. So every running script has a *supervisor*, a thread
//! that starts it, waits for its end, and ends it with all its children if it is cancelled. What
//! the supervisor learns is read from a descriptor that a loop can poll.
//!
//! No shell is involved: the words of the command are the arguments, see [`split`].
//!
//! A script has of the daemon's environment `PATH`, `TZ`, `LANG`, `LANGUAGE` and `LC_…` and nothing
//! else, the null device as its standard streams, a umask of 0177 as with keepalived, a process group
//! of its own, no signal blocked, and the daemon's working directory, priority and limits.
//!
//! A daemon that is killed by SIGKILL leaves its scripts running: to have them signalled takes unsafe
//! code between `fork` and `execve`, or a program in between.

use core::sync::atomic::{AtomicBool, Ordering};
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

mod runner;
pub mod security;
mod turns;
mod users;
mod words;

pub use self::runner::{Ending, Run, Runner, StartError};
pub(crate) use self::turns::Turns;
pub use self::users::{UserError, Users};
pub use self::words::{WordsError, split};

/// The search path for programs without a slash, if the daemon's environment has none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Whose rights a script has; supplementary groups are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// A program and its arguments. Of one such value at most one process is alive at a time.
#[derive(Debug)]
pub struct Script {
    program: OsString,
    arguments: Vec<OsString>,
    credentials: Option<Credentials>,
    alive: AtomicBool,
}

impl Script {
    /// The first of `words` with the others as its arguments; `None` if there are none.
    ///
    /// A program without a slash is looked for in `PATH`. Without `credentials` it runs with those
    /// of the thread that created the [`Runner`], else that thread has to hold `CAP_SETUID` and
    /// `CAP_SETGID`, and `CAP_KILL` to end it.
    #[must_use]
    pub fn new(words: Vec<OsString>, credentials: Option<Credentials>) -> Option<Self> {
        let mut words = words.into_iter();
        Some(Self {
            program: words.next()?,
            arguments: words.collect(),
            credentials,
            alive: AtomicBool::new(false),
        })
    }

    /// Whether another script runs the same program in the same way.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let Self {
            program,
            arguments,
            credentials,
            alive: _,
        } = self;
        *program == other.program
            && *arguments == other.arguments
            && *credentials == other.credentials
    }

    /// Whether a process of it is alive.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    /// The program, as configured.
    #[must_use]
    pub fn program(&self) -> &OsStr {
        &self.program
    }
}

/// The right to have a process of a script.
#[derive(Debug)]
struct Lease(Arc<Script>);

impl Lease {
    /// The right, unless an earlier process is not gone yet.
    fn take(script: &Arc<Script>) -> Option<Self> {
        let taken = script.alive.swap(true, Ordering::AcqRel);
        (!taken).then(|| Self(Arc::clone(script)))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.alive.store(false, Ordering::Release);
    }
}
