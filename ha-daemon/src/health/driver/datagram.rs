//! An exchange of datagrams on a socket.

use core::time::Duration;
use std::io::{ErrorKind, Read};

use socket2::Socket;
use vrrp_core::Instant;

use super::socket;
use super::{AttemptState, Scratch};
use crate::health::attempt::{Exchange, Failure, Outcome};
use crate::health::slice::Slice;

/// Datagrams looked at before it is another's turn.
const RUNS: usize = 16;

#[derive(Debug)]
pub(super) struct Datagram {
    pub(super) socket: Socket,
    exchange: Box<dyn Exchange>,
    /// Whether datagrams begin with an IPv4 header.
    headed: bool,
    limit: Duration,
    until: Instant,
}

impl Datagram {
    pub(super) fn send(
        socket: Socket,
        mut exchange: Box<dyn Exchange>,
        headed: bool,
        limit: Duration,
        now: Instant,
    ) -> Result<Self, Failure> {
        let mut request = Vec::new();
        exchange.request(&mut request);
        let attempt = Self {
            socket,
            exchange,
            headed,
            limit,
            until: now + limit,
        };
        match attempt.socket.send(&request) {
            Ok(_) => Ok(attempt),
            Err(error) => Err(socket::failed("send", socket::errno(&error))),
        }
    }

    pub(super) const fn deadline(&self) -> Instant {
        self.until
    }

    pub(super) fn timed_out(&mut self) -> Outcome {
        self.exchange.timed_out(self.limit)
    }

    /// The socket may be readable. Spurious calls are harmless.
    pub(super) fn ready(&mut self, slice: &Slice, scratch: &mut Scratch) -> AttemptState {
        for _ in 0..RUNS {
            let datagram = match self.socket.read(&mut scratch.buffer) {
                Ok(length) => scratch.buffer.get(..length).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return AttemptState::Waiting;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    return AttemptState::Done(Err(socket::failed("recv", socket::errno(&error))));
                }
            };
            let payload = if self.headed {
                without_header(datagram)
            } else {
                Some(datagram)
            };
            if let Some(outcome) = payload.and_then(|payload| self.exchange.answer(payload)) {
                return AttemptState::Done(outcome);
            }
            if slice.is_over() {
                break;
            }
        }
        AttemptState::More
    }
}

/// What follows the IPv4 header (RFC 791 §3.1), of four octets times its IHL.
fn without_header(datagram: &[u8]) -> Option<&[u8]> {
    let first = datagram.first()?;
    let length = usize::from(first & 0x0f) * 4;
    (first >> 4 == 4 && length >= 20)
        .then(|| datagram.get(length..))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_taken_off_by_its_length() {
        let mut datagram = [0; 28];
        datagram[0] = 0x45;
        assert_eq!(without_header(&datagram).map(<[u8]>::len), Some(8));
        datagram[0] = 0x47;
        assert_eq!(without_header(&datagram).map(<[u8]>::len), Some(0));
        for first in [0x48, 0x44, 0x65, 0] {
            datagram[0] = first;
            assert_eq!(without_header(&datagram), None);
        }
        assert_eq!(without_header(&[]), None);
    }
}
