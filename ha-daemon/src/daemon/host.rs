//! The host part of the daemon: threads that live as long as the process and keep the privileges
//! that the loop drops.

mod worker;

use core::num::NonZeroUsize;
use std::io;

pub use self::worker::{Pending, Worker, WorkerLost};
use crate::health::driver::SCRIPTS;
use crate::health::file::watch::FileWatch;
use crate::notify::Notifier;
use crate::script::Runner;

/// Scripts of checkers that run at a time, and as many again that have been told to end.
const CHECK_SCRIPTS: NonZeroUsize = SCRIPTS.saturating_add(SCRIPTS.get());
const NOTIFICATIONS: NonZeroUsize = Notifier::TOKENS;

/// The threads beside the loop, made before [`privilege::restrict`](super::privilege::restrict).
///
/// They are the same whatever the configuration asks for, so that a later configuration can use all of
/// them.
#[derive(Debug)]
pub struct Host {
    /// Runs the scripts of checkers.
    pub checks: Runner,
    /// Runs the scripts that are told of changes. A check that hangs takes none of its places.
    pub notifications: Runner,
    /// Reads tracked files when they change.
    pub files: FileWatch,
    /// Reads configurations and the files that they name, looks up users, and loads kernel modules.
    pub worker: Worker,
}

impl Host {
    /// Starts the threads, with the privileges of the calling one.
    ///
    /// # Errors
    /// The system has no more threads or descriptors to give.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            checks: Runner::new(CHECK_SCRIPTS)?,
            notifications: Runner::new(NOTIFICATIONS)?,
            files: FileWatch::new()?,
            worker: Worker::new()?,
        })
    }
}
