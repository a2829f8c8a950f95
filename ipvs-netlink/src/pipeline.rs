//! The queue of requests and of outstanding answers, without a socket.
//!
//! The kernel handles the messages of a datagram in order and goes on after one it refuses. A
//! change says nothing when it succeeds unless an acknowledgement is asked for, so only the last of
//! a batch asks: whatever the kernel says of a request also says that those before it, of which it
//! said nothing, were carried out.

use core::mem;
use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};

use crate::decode::{self, DecodeError};
use crate::encode;
use crate::error::{Error, ErrorKind};
use crate::frame::{self, Acknowledgement, Message, NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN};
use crate::request::{Reply, Request};

/// Requests whose answers may be outstanding: if all are refused, each answer takes about a
/// kilobyte of the receive buffer.
pub(crate) const IN_FLIGHT: usize = 128;
/// How long to wait for an answer, which normally is there before `send` returns.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What became of a request.
#[derive(Debug)]
pub struct Completion<T> {
    /// What the caller gave to know it by.
    pub tag: T,
    /// What was asked.
    pub request: Request,
    /// The answer.
    pub result: Result<Reply, Error>,
}

#[derive(Debug)]
struct Entry<T> {
    tag: T,
    request: Request,
    /// What has come of the answer.
    reply: Option<Reply>,
    failure: Option<ErrorKind>,
}

/// Requests waiting and in flight.
///
/// Those in flight have consecutive sequence numbers, which wrap after 2³² requests, long after the
/// answer to the one of the same number.
#[derive(Debug)]
pub(crate) struct Pipeline<T> {
    family: u16,
    waiting: VecDeque<Entry<T>>,
    in_flight: VecDeque<Entry<T>>,
    /// How many at the end of `in_flight` are encoded but not sent.
    batch: usize,
    /// Of the next request.
    sequence: u32,
    deadline: Option<Duration>,
    /// Silence means nothing: answers to what is in flight were lost.
    lost: bool,
}

impl<T> Pipeline<T> {
    pub(crate) const fn new(family: u16) -> Self {
        Self {
            family,
            waiting: VecDeque::new(),
            in_flight: VecDeque::new(),
            batch: 0,
            sequence: 1,
            deadline: None,
            lost: false,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_empty()
    }

    /// Whether there is reason to read: answers outstanding, or the rest after a loss.
    pub(crate) fn expects(&self) -> bool {
        self.lost || !self.in_flight.is_empty()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn push(&mut self, request: Request, tag: T) {
        self.waiting.push_back(Entry {
            tag,
            request,
            reply: Reply::begin(&request),
            failure: None,
        });
    }

    /// Encodes the next batch, of at most `limit`, into `datagram`; empty if nothing waits or
    /// enough is in flight.
    ///
    /// A list ends a batch, and nothing is sent before its end: a socket has one at a time.
    /// Follow with [`Self::sent`] or [`Self::not_sent`].
    pub(crate) fn next_batch(
        &mut self,
        limit: usize,
        datagram: &mut Vec<u8>,
        completions: &mut Vec<Completion<T>>,
    ) {
        datagram.clear();
        let mut last = 0;
        let limit = limit.min(IN_FLIGHT.saturating_sub(self.in_flight.len()));
        while self.batch < limit && !self.lists() {
            let Some(entry) = self.waiting.pop_front() else {
                break;
            };
            let begin = datagram.len();
            match encode::request(&entry.request, self.family, self.sequence, datagram) {
                Ok(()) => {
                    last = begin;
                    self.sequence = self.sequence.wrapping_add(1);
                    self.in_flight.push_back(entry);
                    self.batch += 1;
                }
                Err(kind) => {
                    datagram.truncate(begin);
                    completions.push(entry.fail(kind));
                }
            }
        }
        if !self.lists() {
            frame::acknowledge(datagram.get_mut(last..).unwrap_or_default());
        }
    }

    fn lists(&self) -> bool {
        let last = self.in_flight.back();
        last.is_some_and(|entry| entry.request.is_dump())
    }

    /// The batch is with the kernel; its size.
    pub(crate) fn sent(&mut self, now: Duration) -> usize {
        self.deadline = Some(now.saturating_add(PATIENCE));
        mem::take(&mut self.batch)
    }

    /// The batch is to be sent again later.
    pub(crate) fn not_sent(&mut self) {
        for _ in 0..mem::take(&mut self.batch) {
            let Some(entry) = self.in_flight.pop_back() else {
                break;
            };
            self.waiting.push_front(entry);
            self.sequence = self.sequence.wrapping_sub(1);
        }
    }

    /// Takes in what the kernel sent; of a request given up, it is disregarded.
    pub(crate) fn receive(
        &mut self,
        message: &Message<'_>,
        now: Duration,
        completions: &mut Vec<Completion<T>>,
    ) {
        if message.kind == NLMSG_OVERRUN {
            self.lost = true;
        }
        let Some(place) = self.place(message.sequence) else {
            return;
        };
        self.deadline = Some(now.saturating_add(PATIENCE));
        self.settle(place, completions);
        match message.kind {
            NLMSG_ERROR | NLMSG_DONE => {
                if let Some(entry) = self.in_flight.pop_front() {
                    completions.push(entry.conclude(message));
                }
                self.rest();
            }
            kind if kind == self.family => {
                if let Some(entry) = self.in_flight.front_mut() {
                    entry.take_in(message);
                }
            }
            _ => {}
        }
    }

    /// The place in flight of the request numbered `sequence`.
    fn place(&self, sequence: u32) -> Option<usize> {
        let back = usize::try_from(self.sequence.wrapping_sub(sequence)).ok()?;
        // The next request's own number is none in flight: `back` is at least 1.
        let place = self.in_flight.len().checked_sub(back)?;
        (place < self.in_flight.len()).then_some(place)
    }

    /// Completes the first `count` requests, of which the kernel said nothing.
    fn settle(&mut self, count: usize, completions: &mut Vec<Completion<T>>) {
        let lost = self.lost;
        completions.extend(self.in_flight.drain(..count).map(|entry| {
            if lost {
                entry.fail(ErrorKind::AnswerLost)
            } else {
                entry.succeed()
            }
        }));
    }

    /// Answers were lost; nothing is believed of those that do not come.
    pub(crate) const fn lose(&mut self) {
        self.lost = true;
    }

    /// There is nothing more to read: what was lost does not come.
    pub(crate) fn drained(&mut self, completions: &mut Vec<Completion<T>>) {
        if mem::take(&mut self.lost) {
            self.give_up(ErrorKind::AnswerLost, completions);
        }
    }

    /// Gives up what is in flight when its time is over.
    pub(crate) fn expire(&mut self, now: Duration, completions: &mut Vec<Completion<T>>) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.give_up(ErrorKind::TimedOut, completions);
        }
    }

    /// Gives up what is in flight.
    pub(crate) fn give_up(&mut self, kind: ErrorKind, completions: &mut Vec<Completion<T>>) {
        let entries = self.in_flight.drain(..);
        completions.extend(entries.map(|entry| entry.fail(kind)));
        self.rest();
    }

    /// Gives up everything.
    pub(crate) fn abandon(&mut self, kind: ErrorKind, completions: &mut Vec<Completion<T>>) {
        self.give_up(kind, completions);
        let entries = self.waiting.drain(..);
        completions.extend(entries.map(|entry| entry.fail(kind)));
    }

    fn rest(&mut self) {
        if self.in_flight.is_empty() {
            self.deadline = None;
        }
    }

    pub(crate) const fn deadline(&self) -> Option<Duration> {
        self.deadline
    }
}

impl<T> Entry<T> {
    /// Takes in a part of the answer, or the answer before its acknowledgement.
    fn take_in(&mut self, message: &Message<'_>) {
        self.note_interruption(message);
        if self.failure.is_some() {
            return;
        }
        match take_in(&self.request, message.payload, &mut self.reply) {
            Ok(()) => {}
            Err(error) => self.failure = Some(ErrorKind::Malformed(error)),
        }
    }

    fn note_interruption(&mut self, message: &Message<'_>) {
        /// `NLM_F_DUMP_INTR`.
        const INTERRUPTED: u16 = 0x10;
        if self.request.is_dump() && message.flags & INTERRUPTED != 0 {
            self.failure = Some(ErrorKind::Interrupted);
        }
    }

    /// The outcome, by an acknowledgement or the end of a list.
    fn conclude(mut self, message: &Message<'_>) -> Completion<T> {
        self.note_interruption(message);
        match Acknowledgement::decode(message) {
            Some(Acknowledgement { errno: 0, .. }) => self.succeed(),
            Some(Acknowledgement { errno, text }) => {
                let error = Error::refused(self.request, errno, text);
                self.complete(Err(error))
            }
            None => self.fail(ErrorKind::Malformed(DecodeError::Framing)),
        }
    }

    fn succeed(mut self) -> Completion<T> {
        let result = match (self.failure, self.reply.take()) {
            (Some(kind), _) => Err(Error::new(self.request, kind)),
            (None, Some(reply)) => Ok(reply.without_repetitions()),
            // Acknowledged without the answer.
            (None, None) => Err(Error::new(self.request, ErrorKind::AnswerLost)),
        };
        self.complete(result)
    }

    fn fail(self, kind: ErrorKind) -> Completion<T> {
        let error = Error::new(self.request, kind);
        self.complete(Err(error))
    }

    fn complete(self, result: Result<Reply, Error>) -> Completion<T> {
        Completion {
            tag: self.tag,
            request: self.request,
            result,
        }
    }
}

impl Reply {
    /// The answer to `request` before the kernel said anything.
    fn begin(request: &Request) -> Option<Self> {
        match request {
            Request::Services => Some(Self::Services(Vec::new())),
            Request::Destinations(_) => Some(Self::Destinations(Vec::new())),
            Request::Daemons => Some(Self::Daemons(Vec::new())),
            Request::Info | Request::Service(_) | Request::Timeouts => None,
            Request::AddService(_)
            | Request::EditService(_)
            | Request::DeleteService(_)
            | Request::AddDestination(..)
            | Request::EditDestination(..)
            | Request::DeleteDestination(..)
            | Request::Zero(_)
            | Request::Flush
            | Request::SetTimeouts(_)
            | Request::StartDaemon(_)
            | Request::StopDaemon(_) => Some(Self::Done),
        }
    }

    /// A kernel goes on with a list where it left off by counting what it passed, which somebody
    /// may have changed meanwhile; up to Linux 6.12, also in another network namespace.
    fn without_repetitions(mut self) -> Self {
        match &mut self {
            Self::Services(list) => {
                let mut keys = BTreeSet::new();
                list.retain(|record| keys.insert(record.service.key));
            }
            Self::Destinations(list) => {
                let mut keys = BTreeSet::new();
                list.retain(|record| keys.insert(record.destination.key));
            }
            Self::Done
            | Self::Info(_)
            | Self::Service(_)
            | Self::Timeouts(_)
            | Self::Daemons(_) => {}
        }
        self
    }
}

/// Adds what `payload` says in answer to `request`.
fn take_in(
    request: &Request,
    payload: &[u8],
    reply: &mut Option<Reply>,
) -> Result<(), DecodeError> {
    match (request, reply.as_mut()) {
        (Request::Services, Some(Reply::Services(list))) => list.push(decode::service(payload)?),
        (Request::Destinations(key), Some(Reply::Destinations(list))) => {
            list.push(decode::destination(payload, key.family())?);
        }
        (Request::Daemons, Some(Reply::Daemons(list))) => list.push(decode::daemon(payload)?),
        (Request::Info, _) => *reply = Some(Reply::Info(decode::info(payload)?)),
        (Request::Service(_), _) => {
            *reply = Some(Reply::Service(Box::new(decode::service(payload)?)));
        }
        (Request::Timeouts, _) => *reply = Some(Reply::Timeouts(decode::timeouts(payload)?)),
        // Nothing more is to be said of a change.
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests;
