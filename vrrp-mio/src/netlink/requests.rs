//! Requests over a socket.

use core::time::Duration;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use neli::consts::socket::NlFamily;
use nix::errno::Errno;
use vrrp_core::Instant;

use super::frame::{Messages, NLMSG_OVERRUN};
use super::pipeline::{Completion, Pipeline, QueueFull};
use super::request::Request;
use super::slice::{Progress, TimeSlice};
use super::socket::{NetlinkSocket, Received};

/// Room for the answers to all requests in flight, with a margin.
const RECEIVE_BUFFER: usize = 512 * 1024;
/// How long to wait after the kernel had no memory for a datagram.
const RETRY: Duration = Duration::from_millis(10);

/// How long one datagram may keep the kernel, which acts on all of it before `send` returns. Adding
/// an address takes it a few microseconds, or a millisecond where an interface has 20,000 already.
const DATAGRAM_TIME: Duration = Duration::from_micros(250);
/// Requests in one datagram at most.
const LARGEST_BATCH: usize = 32;

/// A queue of changes to the kernel's interfaces and addresses.
///
/// Each is pushed with a tag, which comes back with the outcome. They are carried out in order,
/// several at a time. To drive it: register the descriptor as readable; after pushing, and whenever
/// it is readable or [`deadline`](Self::deadline) has come, call [`drive`](Self::drive); if that
/// made only [`Progress::Partial`], do so in the next turn as well.
#[derive(Debug)]
pub struct Requests<T> {
    socket: NetlinkSocket,
    pipeline: Pipeline<T>,
    datagram: Vec<u8>,
    answers_lost: bool,
    retry_at: Option<Instant>,
    /// Requests to put in the next datagram.
    batch: usize,
}

impl<T> Requests<T> {
    /// Opens a socket for requests.
    ///
    /// # Errors
    /// What socket(2), bind(2) and setsockopt(2) give.
    pub fn open() -> io::Result<Self> {
        Ok(Self {
            socket: NetlinkSocket::open(NlFamily::Route, &[], RECEIVE_BUFFER)?,
            pipeline: Pipeline::new(),
            datagram: Vec::new(),
            answers_lost: false,
            retry_at: None,
            batch: 1,
        })
    }

    /// Queues a request.
    ///
    /// # Errors
    /// If [`room`](Self::room) is zero, with the request and the tag back.
    pub fn push(&mut self, request: Request, tag: T) -> Result<(), QueueFull<T>> {
        self.pipeline.push(request, tag)
    }

    /// How many more requests may be queued, at most 1,024.
    #[must_use]
    pub fn room(&self) -> usize {
        self.pipeline.room()
    }

    /// Whether every request has its outcome.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.pipeline.is_idle()
    }

    /// When an answer is overdue, or sending is to be tried again.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.pipeline
            .deadline()
            .into_iter()
            .chain(self.retry_at)
            .min()
    }

    /// Sends what may be sent, reads what can be read, and appends outcomes to `completions`.
    ///
    /// # Errors
    /// What send(2) and recv(2) give beyond the passing shortages. Requests stay queued.
    pub fn drive(
        &mut self,
        slice: &TimeSlice<'_>,
        completions: &mut Vec<Completion<T>>,
    ) -> io::Result<Progress> {
        loop {
            let sent = self.send_batch(slice, completions)?;
            let read = self.read(slice, completions)?;
            if read == Progress::Partial {
                return Ok(Progress::Partial);
            }
            match sent {
                Sent::Nothing => break,
                Sent::Batch if slice.is_over() => return Ok(Progress::Partial),
                Sent::Batch => {}
            }
        }
        self.pipeline.expire(slice.now(), completions);
        Ok(Progress::Complete)
    }

    fn send_batch(
        &mut self,
        slice: &TimeSlice<'_>,
        completions: &mut Vec<Completion<T>>,
    ) -> io::Result<Sent> {
        let now = slice.now();
        if self.retry_at.is_some_and(|retry_at| now < retry_at) {
            return Ok(Sent::Nothing);
        }
        self.retry_at = None;
        self.pipeline
            .next_batch(self.batch, &mut self.datagram, completions);
        if self.datagram.is_empty() {
            return Ok(Sent::Nothing);
        }
        let begin = slice.clock();
        match self.socket.send(&self.datagram) {
            Ok(()) => {
                let size = self.pipeline.sent(now);
                let taken = slice.clock().saturating_duration_since(begin);
                self.batch = next_batch(size, taken);
                Ok(Sent::Batch)
            }
            Err(error) => {
                self.pipeline.not_sent();
                match error.raw_os_error().map(Errno::from_raw) {
                    Some(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EINTR) => {
                        self.retry_at = Some(now + RETRY);
                        Ok(Sent::Nothing)
                    }
                    Some(_) | None => Err(error),
                }
            }
        }
    }

    fn read(
        &mut self,
        slice: &TimeSlice<'_>,
        completions: &mut Vec<Completion<T>>,
    ) -> io::Result<Progress> {
        loop {
            match self.socket.receive()? {
                Received::Empty => break,
                Received::Foreign => {}
                // The error comes before the answers that did find room.
                Received::Overrun => self.answers_lost = true,
                Received::Datagram(datagram) => {
                    for message in Messages::new(datagram) {
                        match message {
                            Ok(message) if message.kind == NLMSG_OVERRUN => {
                                self.answers_lost = true;
                            }
                            Ok(message) => completions.extend(self.pipeline.receive(&message)),
                            Err(_) => self.answers_lost = true,
                        }
                    }
                }
            }
            if slice.is_over() {
                return Ok(Progress::Partial);
            }
        }
        if core::mem::take(&mut self.answers_lost) {
            self.pipeline.answers_lost(completions);
        }
        Ok(Progress::Complete)
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Batch,
    Nothing,
}

impl<T> AsRawFd for Requests<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_follow_the_pace_of_the_kernel() {
        assert_eq!(next_batch(8, Duration::from_micros(80)), 25);
        assert_eq!(next_batch(8, Duration::from_millis(12)), 1);
        assert_eq!(next_batch(1, Duration::ZERO), 32);
        assert_eq!(next_batch(0, Duration::MAX), 1);
    }
}
