//! The rtnetlink client's requests over a socket.

use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use neli::consts::socket::NlFamily;
use vrrp_core::Instant;

use super::frame::{Messages, NLMSG_OVERRUN};
use super::pipeline::{Completion, Pipeline, QueueFull};
use super::request::Request;
use super::sender::Sender;
use super::socket::{NetlinkSocket, Received};
use crate::slice::{Progress, TimeSlice};

/// Room for the answers to all requests in flight, with a margin.
const RECEIVE_BUFFER: usize = 512 * 1024;
/// How long to wait where too much is on its way already.
const RETRY: Duration = Duration::from_millis(10);
/// Requests in one datagram at most.
const BATCH: usize = 32;

/// A queue of changes to the kernel's interfaces and addresses.
///
/// Each is pushed with a tag, which comes back with the outcome. They are carried out in order,
/// several at a time. To drive it: register the descriptor as readable; after pushing, and whenever
/// it is readable or [`deadline`](Self::deadline) has come, call [`drive`](Self::drive); if that
/// made only [`Progress::Partial`], do so in the next turn as well.
///
/// ```no_run
/// use core::time::Duration;
///
/// use vrrp_mio::netlink::{Request, Requests};
/// use vrrp_mio::{AddressSpec, Clock, TimeSlice};
///
/// let clock = Clock::new()?;
/// let read = || clock.now();
/// let mut requests = Requests::open()?;
/// // On the interface of index 2.
/// let spec = AddressSpec::new(2, [192, 0, 2, 100].into(), 24);
/// let protocol = None;
/// requests.push(Request::AddAddress { spec, protocol }, "an address")?;
/// let mut outcomes = Vec::new();
/// while !requests.is_idle() {
///     let slice = TimeSlice::of(Duration::from_millis(1), clock.now(), &read);
///     let _progress = requests.drive(&slice, &mut outcomes)?;
///     // Here a program waits for the descriptor or `requests.deadline()`.
/// }
/// for outcome in outcomes {
///     println!("{}: {:?}", outcome.tag, outcome.result);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Requests<T> {
    socket: NetlinkSocket,
    sender: Sender,
    pipeline: Pipeline<T>,
    answers_lost: bool,
    retry_at: Option<Instant>,
}

impl<T> Requests<T> {
    /// Opens a socket for requests, and starts the thread that sends them.
    ///
    /// # Errors
    /// Errors of socket(2), bind(2), setsockopt(2), fcntl(2) and clone(2).
    pub fn open() -> io::Result<Self> {
        let socket = NetlinkSocket::open(NlFamily::Route, &[], RECEIVE_BUFFER)?;
        Ok(Self {
            sender: Sender::start(socket.descriptor()?)?,
            socket,
            pipeline: Pipeline::new(),
            answers_lost: false,
            retry_at: None,
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
    /// Errors of recv(2) that are not transient. Requests stay queued.
    pub fn drive(
        &mut self,
        slice: &TimeSlice<'_>,
        completions: &mut Vec<Completion<T>>,
    ) -> io::Result<Progress> {
        loop {
            let sent = self.send_batch(slice, completions);
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

    fn send_batch(&mut self, slice: &TimeSlice<'_>, completions: &mut Vec<Completion<T>>) -> Sent {
        let now = slice.now();
        if self.retry_at.is_some_and(|retry_at| now < retry_at) {
            return Sent::Nothing;
        }
        self.retry_at = None;
        let mut datagram = Vec::new();
        self.pipeline.next_batch(BATCH, &mut datagram, completions);
        if datagram.is_empty() {
            return Sent::Nothing;
        }
        if self.sender.send(datagram) {
            self.pipeline.sent(now);
            Sent::Batch
        } else {
            self.pipeline.not_sent();
            self.retry_at = Some(now + RETRY);
            Sent::Nothing
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Batch,
    Nothing,
}

impl<T> AsFd for Requests<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl<T> AsRawFd for Requests<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
