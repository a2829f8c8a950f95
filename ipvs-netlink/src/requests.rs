//! The non-blocking client.

use core::fmt;
use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::errno::Errno;
use thiserror::Error;

use crate::error::ConnectError;
use crate::exchange::{Exchange, Read};
use crate::pipeline::Completion;
use crate::request::Request;
use crate::socket::Socket;
use crate::transport::Transport;

/// The limit of waiting requests. A caller with more keeps them: a long queue would delay later
/// requests.
const QUEUE: usize = 1024;
/// How long to wait after the kernel had no memory for a datagram.
const RETRY: Duration = Duration::from_millis(10);
/// How long one datagram may keep the kernel, which acts on all of it before `send` returns. A
/// destination takes it a few microseconds, or hundreds where a service has many thousands.
const DATAGRAM_TIME: Duration = Duration::from_micros(250);
/// Requests in one datagram at most.
const LARGEST_BATCH: usize = 64;

/// The time one turn of an event loop gives to requests.
///
/// Times are durations since an epoch of the caller's choice, by a monotonic clock.
#[derive(Clone, Copy)]
pub struct TimeSlice<'a> {
    now: Duration,
    until: Duration,
    clock: &'a dyn Fn() -> Duration,
}

/// Whether work is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an edge-triggered poll does not report the rest again"]
pub enum Progress {
    /// The time was over first: call again without waiting for readiness.
    Partial,
    /// Everything that can be done for now is done.
    Complete,
}

impl<'a> TimeSlice<'a> {
    /// The slice from `now`, the time of the turn, until `clock` shows `until`.
    #[must_use]
    pub const fn new(now: Duration, until: Duration, clock: &'a dyn Fn() -> Duration) -> Self {
        Self { now, until, clock }
    }

    fn is_over(&self) -> bool {
        (self.clock)() >= self.until
    }
}

impl fmt::Debug for TimeSlice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeSlice")
            .field("now", &self.now)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

/// 1,024 requests are waiting already; this one was not queued.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("too many IPVS requests are waiting")]
pub struct QueueFull<T> {
    /// The request's tag.
    pub tag: T,
    /// The request.
    pub request: Request,
}

/// A queue of requests to the IPVS of the network namespace it was opened in, for an event loop.
///
/// Each is pushed with a tag, which comes back with the outcome. They are carried out in order,
/// several at a time. To drive it: register the descriptor as readable (`mio::unix::SourceFd`);
/// after pushing, and whenever it is readable or [`deadline`](Self::deadline) has come, call
/// [`drive`](Self::drive); if that made only [`Progress::Partial`], do so in the next turn as well.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use ipvs_core::{Scheduler, Service};
/// use ipvs_netlink::memory::Kernel;
/// use ipvs_netlink::{Progress, Reply, Request, TimeSlice};
///
/// let epoch = Instant::now();
/// let clock = || epoch.elapsed();
/// // `Requests::connect(&clock)?` in a program.
/// let mut requests = Kernel::new().requests()?;
/// let service = Service::new("tcp 192.0.2.1:80".parse()?, Scheduler::Wlc);
/// requests.push(Request::AddService(service), "add")?;
/// requests.push(Request::Service(service.key), "look")?;
///
/// // A turn of the loop, of which requests get a millisecond.
/// let mut completions = Vec::new();
/// let now = clock();
/// let slice = TimeSlice::new(now, now + Duration::from_millis(1), &clock);
/// while requests.drive(&slice, &mut completions)? == Progress::Partial {}
/// let answers: Vec<_> = completions.into_iter().map(|it| (it.tag, it.result)).collect();
/// assert_eq!(answers[0], ("add", Ok(Reply::Done)));
/// assert!(matches!(answers[1], ("look", Ok(Reply::Service(_)))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Requests<T, S = Socket> {
    exchange: Exchange<T, S>,
    retry_at: Option<Duration>,
    /// Requests to put in the next datagram.
    batch: usize,
}

impl<T> Requests<T, Socket> {
    /// Opens a socket for requests, waiting for the kernel, which may have to load `ip_vs`, at most
    /// 5 s by `clock`.
    ///
    /// # Errors
    /// Without `ip_vs`, or if the socket fails. Whether there is permission, the first request
    /// shows.
    pub fn connect(clock: &dyn Fn() -> Duration) -> Result<Self, ConnectError> {
        Self::over(Socket::open()?, clock)
    }
}

impl<T, S: Transport> Requests<T, S> {
    /// Sends requests over `transport`, after it has waited for the number of the family at most
    /// 5 s by `clock`.
    ///
    /// # Errors
    /// As those of [`connect`](Requests::connect).
    pub fn over(transport: S, clock: &dyn Fn() -> Duration) -> Result<Self, ConnectError> {
        Ok(Self {
            exchange: Exchange::over(transport, clock)?,
            retry_at: None,
            batch: 1,
        })
    }

    /// Queues a request.
    ///
    /// # Errors
    /// If [`room`](Self::room) is zero, with the request and the tag back.
    pub fn push(&mut self, request: Request, tag: T) -> Result<(), QueueFull<T>> {
        if self.room() == 0 {
            return Err(QueueFull { tag, request });
        }
        self.exchange.pipeline.push(request, tag);
        Ok(())
    }

    /// How many more requests may be queued, at most 1,024.
    #[must_use]
    pub fn room(&self) -> usize {
        QUEUE.saturating_sub(self.exchange.pipeline.waiting())
    }

    /// Whether every request has its outcome.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.exchange.pipeline.is_idle()
    }

    /// When an answer is overdue, or sending is to be tried again.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let overdue = self.exchange.pipeline.deadline();
        overdue.into_iter().chain(self.retry_at).min()
    }

    /// Sends what may be sent, reads what can be read, and appends outcomes to `completions`.
    ///
    /// # Errors
    /// Errors of send(2) and recvmsg(2) that are not transient. Requests stay queued.
    pub fn drive(
        &mut self,
        slice: &TimeSlice<'_>,
        completions: &mut Vec<Completion<T>>,
    ) -> io::Result<Progress> {
        loop {
            let before = completions.len();
            let sent = self.send(slice, completions)?;
            let is_over = || slice.is_over();
            match self.exchange.read(slice.now, &is_over, completions)? {
                Read::Part => return Ok(Progress::Partial),
                // The end of a list makes way for what waits behind it.
                Read::All if sent == 0 && completions.len() == before => break,
                Read::All if slice.is_over() => return Ok(Progress::Partial),
                Read::All => {}
            }
        }
        self.exchange.pipeline.expire(slice.now, completions);
        Ok(Progress::Complete)
    }

    fn send(
        &mut self,
        slice: &TimeSlice<'_>,
        completions: &mut Vec<Completion<T>>,
    ) -> io::Result<usize> {
        if self.retry_at.is_some_and(|retry_at| slice.now < retry_at) {
            return Ok(0);
        }
        self.retry_at = None;
        let begin = (slice.clock)();
        match self.exchange.send(self.batch, slice.clock, completions) {
            Ok(0) => Ok(0),
            Ok(sent) => {
                self.batch = next_batch(sent, (slice.clock)().saturating_sub(begin));
                Ok(sent)
            }
            Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EINTR) => {
                    self.retry_at = Some(slice.now.saturating_add(RETRY));
                    Ok(0)
                }
                Some(_) | None => Err(error),
            },
        }
    }
}

/// The size of the next batch, after one of `size` requests took the kernel `taken`.
fn next_batch(size: usize, taken: Duration) -> usize {
    let each = taken.as_nanos() / u128::try_from(size.max(1)).unwrap_or(u128::MAX);
    let fitting = DATAGRAM_TIME.as_nanos() / each.max(1);
    usize::try_from(fitting)
        .unwrap_or(LARGEST_BATCH)
        .clamp(1, LARGEST_BATCH)
}

impl<T, S: AsFd> AsFd for Requests<T, S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.exchange.as_fd()
    }
}

impl<T, S: AsRawFd> AsRawFd for Requests<T, S> {
    fn as_raw_fd(&self) -> RawFd {
        self.exchange.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_follow_the_pace_of_the_kernel() {
        assert_eq!(next_batch(8, Duration::from_micros(80)), 25);
        assert_eq!(next_batch(8, Duration::from_millis(12)), 1);
        assert_eq!(next_batch(1, Duration::ZERO), 64);
        assert_eq!(next_batch(0, Duration::MAX), 1);
    }
}
