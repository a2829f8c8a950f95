//! The mirror of the kernel's interface table, without a socket.
//!
//! A round lists interfaces, IPv4 addresses and IPv6 addresses in turn, while notifications keep
//! coming in. It starts again if the kernel says that a list changed while it was read, or that
//! notifications were lost.

use core::time::Duration;

use vrrp_core::Instant;

use crate::interfaces::{Interfaces, NetworkEvent, Source};
use crate::netlink::decode::Update;
use crate::netlink::frame::{
    Acknowledgement, Message, NLMSG_DONE, NLMSG_ERROR, NLMSG_OVERRUN, i32_at,
};
use crate::netlink::request::Dump;
use crate::slice::Progress;

/// Between rounds that fail, so that a host whose addresses never rest does not keep us busy.
const PAUSE: Duration = Duration::from_millis(50);
/// How long one list may take before it is asked for again.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Mirror {
    port: u32,
    interfaces: Interfaces,
    state: State,
    sequence: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A round is to begin, at this time or later.
    Stale {
        not_before: Instant,
    },
    /// A list is being read.
    Reading {
        dump: Dump,
        deadline: Instant,
        valid: bool,
    },
    /// The next list is to be asked for.
    Between {
        next: Dump,
    },
    /// Everything is listed, and what was not is being removed.
    Ending,
    Synchronised,
}

impl Mirror {
    pub(super) fn new(port: u32) -> Self {
        Self {
            port,
            interfaces: Interfaces::default(),
            state: State::Stale {
                not_before: Instant::EPOCH,
            },
            sequence: 0,
        }
    }

    pub(super) const fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    pub(super) const fn is_synchronised(&self) -> bool {
        matches!(self.state, State::Synchronised)
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Stale { not_before } => Some(not_before),
            State::Reading { deadline, .. } => Some(deadline),
            State::Between { .. } | State::Ending => Some(Instant::EPOCH),
            State::Synchronised => None,
        }
    }

    /// The table may be wrong. A list being read is read to its end first: the kernel gives a socket
    /// one at a time.
    pub(super) const fn invalidate(&mut self) {
        match &mut self.state {
            State::Stale { .. } => {}
            State::Reading { valid, .. } => *valid = false,
            State::Between { .. } | State::Ending | State::Synchronised => {
                self.state = State::Stale {
                    not_before: Instant::EPOCH,
                };
            }
        }
    }

    /// The list to ask for now, and the sequence number to ask with.
    pub(super) fn next_request(&mut self, now: Instant) -> Option<(u32, Dump)> {
        let dump = match self.state {
            State::Stale { not_before } if now >= not_before => {
                self.interfaces.begin_round();
                Dump::Links
            }
            State::Reading { deadline, .. } if now >= deadline => {
                self.interfaces.begin_round();
                Dump::Links
            }
            State::Between { next } => next,
            State::Stale { .. } | State::Reading { .. } | State::Ending | State::Synchronised => {
                return None;
            }
        };
        self.sequence = self.sequence.wrapping_add(1);
        self.state = State::Reading {
            dump,
            deadline: now + PATIENCE,
            valid: true,
        };
        Some((self.sequence, dump))
    }

    /// The request could not be made, or was refused: tried again soon.
    pub(super) fn fail(&mut self, now: Instant) {
        self.state = State::Stale {
            not_before: now + PAUSE,
        };
    }

    pub(super) fn take_in(
        &mut self,
        message: &Message<'_>,
        now: Instant,
        events: &mut Vec<NetworkEvent>,
    ) {
        if message.kind == NLMSG_OVERRUN {
            self.invalidate();
        } else if message.port != self.port {
            if let Some(update) = Update::decode(message) {
                self.interfaces.apply(update, Source::Notification, events);
            }
        } else if message.sequence == self.sequence {
            self.take_in_list(message, now, events);
        }
    }

    fn take_in_list(
        &mut self,
        message: &Message<'_>,
        now: Instant,
        events: &mut Vec<NetworkEvent>,
    ) {
        if message.is_interrupted() {
            self.invalidate();
        }
        match message.kind {
            NLMSG_DONE if i32_at(message.payload, 0).is_some_and(|errno| errno < 0) => {
                self.fail(now);
            }
            NLMSG_DONE => self.end_list(now),
            // `EBUSY` while an abandoned list is still being prepared.
            NLMSG_ERROR => {
                if Acknowledgement::decode(message).is_none_or(|answer| answer.errno != 0) {
                    self.fail(now);
                }
            }
            _ => {
                if let Some(update) = Update::decode(message) {
                    self.interfaces.apply(update, Source::Dump, events);
                }
            }
        }
    }

    fn end_list(&mut self, now: Instant) {
        let State::Reading { dump, valid, .. } = self.state else {
            return;
        };
        if !valid {
            self.fail(now);
            return;
        }
        self.state = match dump {
            Dump::Links => State::Between {
                next: Dump::V4Addresses,
            },
            Dump::V4Addresses => State::Between {
                next: Dump::V6Addresses,
            },
            Dump::V6Addresses => State::Ending,
        };
    }

    /// Removes some of what the lists did not have, once they are read; whether there may be more.
    pub(super) fn end_round(&mut self, events: &mut Vec<NetworkEvent>) -> bool {
        if self.state != State::Ending {
            return false;
        }
        let progress = self.interfaces.end_round(events);
        if progress == Progress::Complete {
            self.state = State::Synchronised;
        }
        progress == Progress::Partial
    }
}

#[cfg(test)]
mod tests;
