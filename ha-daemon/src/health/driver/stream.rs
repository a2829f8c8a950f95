//! A dialogue over a stream socket.

use std::io::{ErrorKind, Read, Write};

use socket2::Socket;
use vrrp_core::Instant;

use super::socket::{self, Connected};
use super::{AttemptState, Scratch};
use crate::health::attempt::{Dialogue, Failure, Outcome, Passed, Progress};
use crate::health::settings::{Connection, Limits};
use crate::health::slice::Slice;

/// How many runs of octets are read, or gone on with, before it is another's turn.
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
    /// Since when there is more to be done with what arrived. That time is not the server's.
    busy: Option<Instant>,
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
            busy: None,
            out: Vec::new(),
        })
    }

    /// None while it is not the server that is waited for.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.busy {
            Some(_) => None,
            None => Some(self.until),
        }
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
    pub(super) fn ready(
        &mut self,
        now: Instant,
        slice: &Slice,
        scratch: &mut Scratch,
    ) -> AttemptState {
        if self.stage == Stage::Connecting {
            match socket::connected(&self.socket) {
                Err(failure) => return AttemptState::Done(Err(failure)),
                Ok(Connected::NotYet) => return AttemptState::Waiting,
                Ok(Connected::Yes) => {}
            }
            let Some(dialogue) = &mut self.dialogue else {
                return AttemptState::Done(Ok(Passed::default()));
            };
            self.stage = Stage::Talking;
            self.until = self.end.min(now + self.limits.step);
            if let Progress::Done(outcome) = dialogue.start(&mut self.out) {
                return self.done(outcome);
            }
        }
        self.send();
        let Some(mut dialogue) = self.dialogue.take() else {
            return AttemptState::Done(Ok(Passed::default()));
        };
        let news = self.hear(&mut *dialogue, now, slice, scratch);
        self.dialogue = Some(dialogue);
        news
    }

    fn hear(
        &mut self,
        dialogue: &mut dyn Dialogue,
        now: Instant,
        slice: &Slice,
        scratch: &mut Scratch,
    ) -> AttemptState {
        for _ in 0..RUNS {
            let progress = match self.busy {
                Some(_) => dialogue.go_on(&mut self.out, slice),
                None => match self.socket.read(&mut scratch.buffer) {
                    Ok(0) => return AttemptState::Done(dialogue.closed()),
                    Ok(length) => {
                        self.until = self.end.min(now + self.limits.step);
                        let octets = scratch.buffer.get(..length).unwrap_or_default();
                        dialogue.receive(octets, &mut self.out)
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        return AttemptState::Waiting;
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => {
                        return AttemptState::Done(Err(socket::failed(
                            "recv",
                            socket::errno(&error),
                        )));
                    }
                },
            };
            match progress {
                Progress::Done(outcome) => return self.done(outcome),
                Progress::Busy => self.busy = self.busy.or(Some(now)),
                Progress::Continue => self.listen(now),
            }
            self.send();
            if slice.is_over() {
                break;
            }
        }
        AttemptState::More
    }

    /// Everything that arrived is done with: the server's time goes on.
    fn listen(&mut self, now: Instant) {
        if let Some(since) = self.busy.take() {
            self.end = self.end + now.saturating_duration_since(since);
            self.until = self.end.min(now + self.limits.step);
        }
    }

    fn done(&mut self, outcome: Outcome) -> AttemptState {
        self.send();
        AttemptState::Done(outcome)
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
