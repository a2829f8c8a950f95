//! The queue of requests and of outstanding answers, without a socket.

use core::mem;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::io;

use thiserror::Error;
use vrrp_core::Instant;

use super::frame::{Acknowledgement, Message, NLMSG_ERROR};
use super::request::Request;

/// Requests that may wait. Whoever has more to ask keeps it: a long queue would hold up a later wish.
const QUEUE: usize = 1024;
/// Requests whose answers may be outstanding; an answer takes the kernel about 800 octets of the
/// receive buffer.
pub(super) const IN_FLIGHT: usize = 128;
/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What became of a request.
#[derive(Debug)]
pub struct Completion<T> {
    /// What the caller gave to know it by.
    pub tag: T,
    /// What was asked.
    pub request: Request,
    /// The outcome.
    pub result: Result<(), RequestError>,
}

/// A request was not, or may not have been, carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The kernel refused.
    #[error("{}{}", io::Error::from_raw_os_error(*errno), explanation(text.as_deref()))]
    Refused {
        /// The error number.
        errno: i32,
        /// What the kernel says about it, if anything.
        text: Option<Box<str>>,
    },
    /// The answer was lost: the change may have been made or not.
    #[error("the kernel's answer was lost")]
    AnswerLost,
    /// No answer came for 5 seconds: the change may yet be made.
    #[error("the kernel did not answer")]
    TimedOut,
    /// The request does not fit a message, and was not sent.
    #[error("the request does not fit a netlink message")]
    Unencodable,
}

impl RequestError {
    /// Whether the change may have been made nevertheless.
    #[must_use]
    pub const fn is_uncertain(&self) -> bool {
        match self {
            Self::AnswerLost | Self::TimedOut => true,
            Self::Refused { .. } | Self::Unencodable => false,
        }
    }

    /// The kernel's error number, if it refused.
    #[must_use]
    pub const fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused { errno, .. } => Some(*errno),
            Self::AnswerLost | Self::TimedOut | Self::Unencodable => None,
        }
    }
}

fn explanation(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!(": {text}"))
}

/// 1,024 requests are waiting already; this one was not queued.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("too many netlink requests are waiting")]
pub struct QueueFull<T> {
    /// The request's tag.
    pub tag: T,
    /// The request.
    pub request: Request,
}

#[derive(Debug)]
struct Entry<T> {
    request: Request,
    tag: T,
}

/// Requests waiting and in flight. Sequence numbers wrap after 2³² requests, long after the answer
/// to the one of the same number.
#[derive(Debug)]
pub(super) struct Pipeline<T> {
    waiting: VecDeque<Entry<T>>,
    batch: Vec<(u32, Entry<T>)>,
    in_flight: BTreeMap<u32, (Instant, Entry<T>)>,
    sequence: u32,
}

impl<T> Pipeline<T> {
    pub(super) const fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            batch: Vec::new(),
            in_flight: BTreeMap::new(),
            sequence: 0,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_empty()
    }

    /// How many more may be queued.
    pub(super) fn room(&self) -> usize {
        QUEUE.saturating_sub(self.waiting.len())
    }

    pub(super) fn push(&mut self, request: Request, tag: T) -> Result<(), QueueFull<T>> {
        if self.waiting.len() >= QUEUE {
            return Err(QueueFull { tag, request });
        }
        self.waiting.push_back(Entry { request, tag });
        Ok(())
    }

    /// Encodes the next batch, of at most `limit`, into `datagram`; empty if nothing waits or enough is in flight.
    ///
    /// Follow with [`Self::sent`] or [`Self::not_sent`].
    pub(super) fn next_batch(
        &mut self,
        limit: usize,
        datagram: &mut Vec<u8>,
        completions: &mut Vec<Completion<T>>,
    ) {
        datagram.clear();
        while self.batch.len() < limit && self.in_flight.len() + self.batch.len() < IN_FLIGHT {
            let Some(entry) = self.waiting.pop_front() else {
                break;
            };
            self.sequence = self.sequence.wrapping_add(1);
            let before = datagram.len();
            match entry.request.encode(self.sequence, datagram) {
                Ok(()) => self.batch.push((self.sequence, entry)),
                Err(_) => {
                    datagram.truncate(before);
                    completions.push(entry.complete(Err(RequestError::Unencodable)));
                }
            }
        }
    }

    /// The batch is on its way to the kernel.
    pub(super) fn sent(&mut self, now: Instant) {
        for (sequence, entry) in self.batch.drain(..) {
            self.in_flight.insert(sequence, (now + PATIENCE, entry));
        }
    }

    /// The batch is to be sent again later.
    pub(super) fn not_sent(&mut self) {
        for (_, entry) in self.batch.drain(..).rev() {
            self.waiting.push_front(entry);
        }
    }

    /// Takes in an answer.
    pub(super) fn receive(&mut self, message: &Message<'_>) -> Option<Completion<T>> {
        if message.kind != NLMSG_ERROR {
            return None;
        }
        let acknowledgement = Acknowledgement::decode(message)?;
        let (_, entry) = self.in_flight.remove(&message.sequence)?;
        Some(entry.complete(match acknowledgement.errno {
            0 => Ok(()),
            errno => Err(RequestError::Refused {
                errno,
                text: acknowledgement.text.map(Into::into),
            }),
        }))
    }

    /// Answers were lost, and those that were not have all been taken in.
    pub(super) fn answers_lost(&mut self, completions: &mut Vec<Completion<T>>) {
        let lost = mem::take(&mut self.in_flight).into_values();
        completions.extend(lost.map(|(_, entry)| entry.complete(Err(RequestError::AnswerLost))));
    }

    /// Gives up requests whose time is over.
    pub(super) fn expire(&mut self, now: Instant, completions: &mut Vec<Completion<T>>) {
        let expired: Vec<u32> = (self.in_flight.iter())
            .filter(|(_, (deadline, _))| *deadline <= now)
            .map(|(&sequence, _)| sequence)
            .collect();
        for (_, entry) in expired
            .iter()
            .filter_map(|sequence| self.in_flight.remove(sequence))
        {
            completions.push(entry.complete(Err(RequestError::TimedOut)));
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.in_flight.values().map(|&(deadline, _)| deadline).min()
    }
}

impl<T> Entry<T> {
    fn complete(self, result: Result<(), RequestError>) -> Completion<T> {
        Completion {
            tag: self.tag,
            request: self.request,
            result,
        }
    }
}

#[cfg(test)]
mod tests;
