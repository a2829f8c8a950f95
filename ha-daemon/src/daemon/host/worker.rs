//! A thread that does what needs privileges or waits for a disk.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one job after the other, with the privileges of the thread that made it.
///
/// It ends when the worker is dropped and the jobs given before are done.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<Job>,
}

/// The thread has gone, or the job panicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the thread of privileged work is lost")]
pub struct WorkerLost;

/// The result of a job, once it is there. Its descriptor is readable then.
#[derive(Debug)]
pub struct Pending<T> {
    result: Receiver<T>,
    done: UnixStream,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn new() -> io::Result<Self> {
        let (jobs, queue) = channel::<Job>();
        let work = move || {
            for job in queue {
                job();
            }
        };
        thread::Builder::new()
            .name("worker".to_owned())
            .spawn(work)?;
        Ok(Self { jobs })
    }

    /// Has `job` done after those given before, without waiting for it.
    ///
    /// # Errors
    /// The system has no descriptors to give.
    pub fn start<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Pending<T>> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let (sender, result): (SyncSender<T>, _) = sync_channel(1);
        let work = move || {
            // Whoever wanted to know may have gone.
            let _unwanted = sender.send(job());
            drop(theirs);
        };
        // A thread that is lost shows in the result: there will be none.
        let _lost = self.jobs.send(Box::new(work));
        Ok(Pending { result, done: ours })
    }
}

impl<T> Pending<T> {
    /// The result; `None` if it is not there yet.
    pub fn poll(&mut self) -> Option<Result<T, WorkerLost>> {
        match self.done.read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
            Ok(_) | Err(_) => Some(self.result.try_recv().map_err(|_| WorkerLost)),
        }
    }

    /// Waits for the result. For the start and the end of a process, when there is no loop to hold up.
    ///
    /// # Errors
    /// [`WorkerLost`].
    pub fn wait(self) -> Result<T, WorkerLost> {
        self.result.recv().map_err(|_| WorkerLost)
    }
}

impl<T> AsFd for Pending<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.done.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::panic;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    #[test]
    fn jobs_are_done_in_turn_and_announce_their_end() {
        let worker = Worker::new().unwrap();
        let (go, wait) = channel::<()>();
        let mut first = worker.start(move || wait.recv().map(|()| 1)).unwrap();
        let mut second = worker.start(|| 2).unwrap();
        assert_eq!((first.poll(), second.poll()), (None, None));
        go.send(()).unwrap();
        let mut fds = [PollFd::new(second.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut fds, PollTimeout::from(20_000_u16)), Ok(1));
        assert_eq!(first.poll(), Some(Ok(Ok(1))));
        assert_eq!(second.poll(), Some(Ok(2)));
    }

    #[test]
    fn a_job_that_panics_is_told_and_so_are_those_after_it() {
        let worker = Worker::new().unwrap();
        let failing = worker.start(|| panic::panic_any(0)).unwrap();
        let after = worker.start(|| 1).unwrap();
        let failing: Result<(), _> = failing.wait();
        assert_eq!(failing, Err(WorkerLost));
        assert_eq!(after.wait(), Err(WorkerLost));
    }

    #[test]
    fn the_thread_ends_with_the_worker() {
        let worker = Worker::new().unwrap();
        let last = worker.start(|| 1).unwrap();
        let (ended, end) = channel::<()>();
        let _kept = worker.start(move || drop(ended)).unwrap();
        drop(worker);
        assert_eq!(last.wait(), Ok(1));
        end.recv().unwrap_err();
    }
}
