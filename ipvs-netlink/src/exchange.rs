//! A socket with its pipeline, shared by the blocking and the non-blocking client.

use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::libc;

use crate::attr;
use crate::decode::{self, DecodeError};
use crate::encode;
use crate::error::ConnectError;
use crate::frame::{Acknowledgement, Message, Messages, NLMSG_ERROR};
use crate::pipeline::{Completion, PATIENCE, Pipeline};
use crate::transport::{Received, Transport};

#[derive(Debug)]
pub(crate) struct Exchange<T, S> {
    socket: S,
    pub(crate) pipeline: Pipeline<T>,
    datagram: Vec<u8>,
}

/// Why reading stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// There is nothing more, or nothing is asked for.
    All,
    /// The caller has no more time.
    Part,
}

impl<T, S: Transport> Exchange<T, S> {
    /// Asks for the number of the family over `socket`, as long as `clock` allows.
    pub(crate) fn over(mut socket: S, clock: &dyn Fn() -> Duration) -> Result<Self, ConnectError> {
        let family = resolve(&mut socket, attr::FAMILY, clock)?;
        Ok(Self {
            socket,
            pipeline: Pipeline::new(family),
            datagram: Vec::new(),
        })
    }

    /// Sends the next requests, at most `limit`; how many.
    pub(crate) fn send(
        &mut self,
        limit: usize,
        clock: &dyn Fn() -> Duration,
        completions: &mut Vec<Completion<T>>,
    ) -> io::Result<usize> {
        self.pipeline
            .next_batch(limit, &mut self.datagram, completions);
        if self.datagram.is_empty() {
            return Ok(0);
        }
        match self.socket.send(&self.datagram) {
            // The kernel may have taken seconds: stopping a daemon waits for its thread.
            Ok(()) => Ok(self.pipeline.sent(clock())),
            Err(error) => {
                self.pipeline.not_sent();
                Err(error)
            }
        }
    }

    /// Takes in what there is to read, until `is_over`.
    pub(crate) fn read(
        &mut self,
        now: Duration,
        is_over: &dyn Fn() -> bool,
        completions: &mut Vec<Completion<T>>,
    ) -> io::Result<Read> {
        while self.pipeline.expects() {
            match self.socket.receive()? {
                Received::Empty => {
                    self.pipeline.drained(completions);
                    break;
                }
                Received::Foreign => {}
                // The error comes before the answers that did find room.
                Received::Overrun => self.pipeline.lose(),
                Received::Datagram(datagram) => {
                    for message in Messages::new(datagram) {
                        match message {
                            Ok(message) => self.pipeline.receive(&message, now, completions),
                            Err(_) => self.pipeline.lose(),
                        }
                    }
                }
            }
            if is_over() {
                return Ok(Read::Part);
            }
        }
        Ok(Read::All)
    }

    /// Waits until there is something to read or an answer is overdue.
    pub(crate) fn wait(&mut self, now: Duration) -> io::Result<()> {
        match self.pipeline.deadline() {
            Some(deadline) => self.socket.wait(deadline.saturating_sub(now)),
            None => Ok(()),
        }
    }
}

impl<T, S: AsFd> AsFd for Exchange<T, S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl<T, S: AsRawFd> AsRawFd for Exchange<T, S> {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// The number of a family.
fn resolve(
    socket: &mut impl Transport,
    name: &str,
    clock: &dyn Fn() -> Duration,
) -> Result<u16, ConnectError> {
    const SEQUENCE: u32 = 1;
    let mut datagram = Vec::new();
    encode::family_number(name, SEQUENCE, &mut datagram).map_err(|_| DecodeError::Framing)?;
    socket.send(&datagram)?;
    let deadline = clock().saturating_add(PATIENCE);
    let mut number = None;
    loop {
        match socket.receive()? {
            Received::Datagram(datagram) => {
                for message in Messages::new(datagram) {
                    let message = message.map_err(|_| DecodeError::Framing)?;
                    if message.sequence != SEQUENCE {
                        continue;
                    }
                    if message.kind == NLMSG_ERROR {
                        return verdict(&message, number);
                    }
                    number = Some(decode::family_number(message.payload)?);
                }
            }
            Received::Empty | Received::Foreign | Received::Overrun => {}
        }
        let now = clock();
        if now >= deadline {
            return Err(ConnectError::TimedOut);
        }
        socket.wait(deadline.saturating_sub(now))?;
    }
}

fn verdict(message: &Message<'_>, number: Option<u16>) -> Result<u16, ConnectError> {
    let Acknowledgement { errno, .. } =
        Acknowledgement::decode(message).ok_or(DecodeError::Framing)?;
    match errno {
        0 => number.ok_or_else(|| DecodeError::Missing("CTRL_ATTR_FAMILY_ID").into()),
        libc::ENOENT => Err(ConnectError::NotAvailable),
        libc::EPERM => Err(ConnectError::Permission),
        _ => Err(ConnectError::Refused(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Socket;

    #[test]
    fn a_family_the_kernel_lacks_is_not_available() {
        let mut socket = Socket::open().unwrap();
        let number = resolve(&mut socket, "IPVS2", &|| Duration::ZERO);
        assert!(matches!(number, Err(ConnectError::NotAvailable)));
    }
}
