//! The client: sends ICMP echo requests at a steady rate, and reports each request and answer.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddrV4};
use core::str::FromStr;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags};
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::Instant;
use vrrp_core::wire::{Checksum, Ipv4Packet};
use vrrp_mio::Clock;

use super::probe::{self, NoReport, ProbeError};

/// Time between two requests.
pub(super) const PERIOD: Duration = Duration::from_millis(20);

const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST: u8 = 8;
/// The network namespace is the client's own, so any identifier is unique.
const IDENTIFIER: [u8; 2] = *b"ha";

/// Pings `destination` until `out` is closed.
pub(super) fn run(destination: Ipv4Addr, out: &mut impl Write) -> Result<(), ProbeError> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))
        .and_then(|socket| {
            socket.connect(&SocketAddrV4::new(destination, 0).into())?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        })
        .map_err(ProbeError::Open)?;
    let clock = Clock::new().map_err(ProbeError::Clock)?;
    let mut sequence = 0_u16;
    let mut next = clock.now();
    loop {
        let at = clock.now();
        if at >= next {
            send(&socket, sequence)?;
            probe::report(out, Report::Sent { sequence, at })?;
            sequence = sequence.wrapping_add(1);
            next = next + PERIOD;
        }
        let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        probe::wait(&mut fds, next.saturating_duration_since(at))?;
        while let Some(sequence) = receive(&socket)? {
            let at = clock.now();
            probe::report(out, Report::Answered { sequence, at })?;
        }
    }
}

fn send(socket: &Socket, sequence: u16) -> Result<(), ProbeError> {
    match socket.send(&echo_request(sequence)) {
        Ok(_) => Ok(()),
        Err(error) if probe::is_loss(&error) => Ok(()),
        Err(error) => Err(ProbeError::Send(error)),
    }
}

fn receive(mut socket: &Socket) -> Result<Option<u16>, ProbeError> {
    let mut packet = [0; 128];
    loop {
        match socket.read(&mut packet) {
            Ok(len) => {
                if let Some(sequence) = packet.get(..len).and_then(echo_reply) {
                    return Ok(Some(sequence));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) if probe::is_loss(&error) => {}
            Err(error) => return Err(ProbeError::Receive(error)),
        }
    }
}

/// An echo request without data (RFC 792).
fn echo_request(sequence: u16) -> [u8; 8] {
    let [i, d] = IDENTIFIER;
    let [high, low] = sequence.to_be_bytes();
    let request = |[check_high, check_low]: [u8; 2]| {
        [ECHO_REQUEST, 0, check_high, check_low, i, d, high, low]
    };
    request(Checksum::new().octets(&request([0, 0])).field())
}

/// The sequence number of the echo reply in an IPv4 packet, if it answers one of ours.
fn echo_reply(packet: &[u8]) -> Option<u16> {
    match *Ipv4Packet::decode(packet).ok()?.payload {
        [ECHO_REPLY, 0, _, _, i, d, high, low, ..] if [i, d] == IDENTIFIER => {
            Some(u16::from_be_bytes([high, low]))
        }
        _ => None,
    }
}

/// One line of the client's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// A request left.
    Sent { sequence: u16, at: Instant },
    /// A request was answered.
    Answered { sequence: u16, at: Instant },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { sequence, at } => write!(f, "sent {sequence} {}", at.as_nanos()),
            Self::Answered { sequence, at } => write!(f, "answered {sequence} {}", at.as_nanos()),
        }
    }
}

impl FromStr for Report {
    type Err = NoReport;

    fn from_str(line: &str) -> Result<Self, NoReport> {
        let mut words = line.split(' ');
        let (Some(verb), Some(sequence), Some(at), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(NoReport);
        };
        let sequence = sequence.parse().map_err(|_| NoReport)?;
        let at = Instant::from_nanos(at.parse().map_err(|_| NoReport)?);
        match verb {
            "sent" => Ok(Self::Sent { sequence, at }),
            "answered" => Ok(Self::Answered { sequence, at }),
            _ => Err(NoReport),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_carry_a_correct_checksum() {
        assert_eq!(
            echo_request(1),
            [8, 0, 0x8f, 0x9d, b'h', b'a', 0, 1],
            "0x0800 + 0x6861 + 0x0001 = 0x7062, complemented 0x8f9d"
        );
        assert_eq!(
            echo_request(0xffff),
            [8, 0, 0x8f, 0x9e, b'h', b'a', 0xff, 0xff]
        );
    }

    #[test]
    fn only_answers_to_our_requests_count() {
        let mut packet = [0; 28];
        packet[0] = 0x45;
        packet[3] = 28;
        packet[9] = 1;
        packet[20..].copy_from_slice(&[0, 0, 0, 0, b'h', b'a', 1, 2]);
        assert_eq!(echo_reply(&packet), Some(0x0102));
        assert_eq!(echo_reply(&packet[..27]), None, "truncated");
        assert_eq!(echo_reply(&[]), None);
        packet[20] = ECHO_REQUEST;
        assert_eq!(echo_reply(&packet), None, "a request");
        packet[20] = ECHO_REPLY;
        packet[24] = b'x';
        assert_eq!(echo_reply(&packet), None, "another identifier");
        packet[0] = 0x4f;
        assert_eq!(echo_reply(&packet), None, "a header longer than the packet");
    }

    #[test]
    fn reports_read_back_and_other_lines_do_not() {
        let at = Instant::from_nanos(u64::MAX);
        for report in [
            Report::Sent { sequence: 7, at },
            Report::Answered { sequence: 7, at },
        ] {
            assert_eq!(report.to_string().parse(), Ok(report));
        }
        for line in [
            "",
            "ready",
            "sent 1",
            "sent 65536 1",
            "sent 1 2 3",
            "lost 1 2",
        ] {
            assert_eq!(line.parse::<Report>(), Err(NoReport), "{line}");
        }
    }
}
