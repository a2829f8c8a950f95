//! A dialogue on a socket.

use std::io::{ErrorKind, Read, Write};

use socket2::Socket;
use vrrp_core::Instant;

use super::socket::{self, Connected};
use super::{News, Scratch};
use crate::health::attempt::{Dialogue, Failure, Outcome, Passed, Progress};
use crate::health::settings::{Connection, Limits};

/// A run of octets read at a time, and how many of them in one turn.
const RUNS: usize = 4;

#[derive(Debug)]
pub(super) struct Stream {
    pub(super) socket: Socket,
    stage: Stage,
    /// `None`: to connect is all.
    dialogue: Option<Box<dyn Dialogue>>,
    limits: Limits,
    /// When the whole has to be over.
    end: Instant,
    /// When the step has to be.
    until: Instant,
    out: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    Talking,
}

impl Stream {
    pub(super) fn connect(
        connection: &Connection,
        dialogue: Option<Box<dyn Dialogue>>,
        now: Instant,
    ) -> Result<Self, Failure> {
        let (socket, _) = socket::stream(connection)?;
        let limits = connection.limits;
        let end = now + limits.whole;
        Ok(Self {
            socket,
            stage: Stage::Connecting,
            dialogue,
            limits,
            end,
            until: end.min(now + limits.step),
            out: Vec::new(),
        })
    }

    pub(super) const fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn timed_out(&self) -> Failure {
        let limit = if self.until == self.end {
            self.limits.whole
        } else {
            self.limits.step
        };
        match self.stage {
            Stage::Connecting => Failure::NotConnected(limit.min(self.limits.step)),
            Stage::Talking => Failure::NoAnswer(limit),
        }
    }

    /// The socket may be writable or readable. Spurious calls are harmless.
    pub(super) fn ready(&mut self, now: Instant, scratch: &mut Scratch) -> News {
        if self.stage == Stage::Connecting {
            match socket::connected(&self.socket) {
                Err(failure) => return News::Done(Err(failure)),
                Ok(Connected::NotYet) => return News::Wait,
                Ok(Connected::Yes) => {}
            }
            let Some(dialogue) = &mut self.dialogue else {
                return News::Done(Ok(Passed::default()));
            };
            self.stage = Stage::Talking;
            self.until = self.end.min(now + self.limits.step);
            if let Progress::Done(outcome) = dialogue.start(&mut self.out) {
                return self.done(outcome);
            }
        }
        self.send();
        let Some(mut dialogue) = self.dialogue.take() else {
            return News::Done(Ok(Passed::default()));
        };
        let news = self.hear(&mut *dialogue, now, scratch);
        self.dialogue = Some(dialogue);
        news
    }

    fn hear(&mut self, dialogue: &mut dyn Dialogue, now: Instant, scratch: &mut Scratch) -> News {
        for _ in 0..RUNS {
            let octets = match self.socket.read(&mut scratch.buffer) {
                Ok(0) => return News::Done(dialogue.closed()),
                Ok(length) => scratch.buffer.get(..length).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return News::Wait,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    return News::Done(Err(socket::failed("recv", socket::errno(&error))));
                }
            };
            self.until = self.end.min(now + self.limits.step);
            if let Progress::Done(outcome) = dialogue.receive(octets, &mut self.out) {
                return self.done(outcome);
            }
            self.send();
        }
        News::More
    }

    fn done(&mut self, outcome: Outcome) -> News {
        self.send();
        News::Done(outcome)
    }

    /// Sends what the socket takes. That the other side hears no more is found out by reading: it may
    /// have answered before.
    fn send(&mut self) {
        while !self.out.is_empty() {
            match self.socket.write(&self.out) {
                Ok(sent) => {
                    self.out.drain(..sent);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.out.clear(),
            }
        }
    }
}
