//! The visitor: sends requests at a steady rate, each over a connection of its own.

use core::fmt;
use core::net::{Ipv4Addr, SocketAddrV4};
use core::str::FromStr;
use core::time::Duration;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags};
use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::Instant;
use vrrp_mio::Clock;

use super::probe::{self, NoReport, ProbeError};
use super::role::Role;
use super::web;

/// Time between two requests.
pub(super) const PERIOD: Duration = Duration::from_millis(40);
/// How long a request may take: less than TCP waits before it repeats a SYN, so that each request
/// is one attempt.
pub(super) const PATIENCE: Duration = Duration::from_millis(900);
const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: 192.0.2.100\r\nConnection: close\r\n\r\n";
/// The most octets of an answer.
const ANSWER_LEN: usize = 1024;

/// Asks `destination` until `out` is closed.
pub(super) fn run(destination: Ipv4Addr, out: &mut impl Write) -> Result<(), ProbeError> {
    let clock = Clock::new().map_err(ProbeError::Clock)?;
    let destination = SocketAddrV4::new(destination, web::PORT);
    let mut pending: VecDeque<Pending> = VecDeque::new();
    let mut next = clock.now();
    loop {
        let at = clock.now();
        if at >= next {
            next = next + PERIOD;
            match Pending::start(destination, at) {
                Ok(request) => pending.push_back(request),
                Err(error) if probe::is_loss(&error) => probe::report(out, Request::lost(at))?,
                Err(error) => return Err(ProbeError::Open(error)),
            }
        }
        wait(&pending, next.saturating_duration_since(at))?;
        let now = clock.now();
        let mut open = VecDeque::with_capacity(pending.len());
        for mut request in pending.drain(..) {
            match request.proceed(now) {
                Some(done) => probe::report(out, done)?,
                None => open.push_back(request),
            }
        }
        pending = open;
    }
}

fn wait(pending: &VecDeque<Pending>, at_most: Duration) -> Result<(), ProbeError> {
    let mut fds: Vec<PollFd<'_>> = pending
        .iter()
        .map(|request| PollFd::new(request.socket.as_fd(), request.interest()))
        .collect();
    probe::wait(&mut fds, at_most)
}

/// A request without an answer.
#[derive(Debug)]
struct Pending {
    socket: Socket,
    asked: bool,
    answer: Vec<u8>,
    at: Instant,
}

impl Pending {
    fn start(destination: SocketAddrV4, at: Instant) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        match socket.connect(&destination.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => {}
            Err(error) => return Err(error),
        }
        Ok(Self {
            socket,
            asked: false,
            answer: Vec::new(),
            at,
        })
    }

    const fn interest(&self) -> PollFlags {
        if self.asked {
            PollFlags::POLLIN
        } else {
            PollFlags::POLLOUT
        }
    }

    /// Does what can be done by `now`; what became of the request, once it is known.
    fn proceed(&mut self, now: Instant) -> Option<Request> {
        match self.exchange() {
            Ok(true) => Some(Request {
                at: self.at,
                by: web::author(&self.answer),
            }),
            Ok(false) if now.saturating_duration_since(self.at) < PATIENCE => None,
            Ok(false) | Err(_) => Some(Request::lost(self.at)),
        }
    }

    /// Asks and reads; whether the answer is complete.
    fn exchange(&mut self) -> io::Result<bool> {
        if !self.asked {
            match (&self.socket).write(ASK) {
                Ok(len) if len == ASK.len() => self.asked = true,
                Ok(_) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if is_pending(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        let mut octets = [0; 512];
        loop {
            match (&self.socket).read(&mut octets) {
                Ok(0) => return Ok(true),
                Ok(len) if self.answer.len() < ANSWER_LEN => {
                    self.answer.extend(octets.iter().take(len));
                }
                Ok(_) => return Err(io::ErrorKind::InvalidData.into()),
                Err(error) if is_pending(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }
}

/// Whether there is nothing to do yet; writing says that the connection is not there.
fn is_pending(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, NotConnected, WouldBlock};
    [Interrupted, NotConnected, WouldBlock].contains(&error.kind())
}

/// What became of a request: one line of the visitor's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// When it was made.
    pub(super) at: Instant,
    /// Who answered it, if anybody.
    pub(super) by: Option<Role>,
}

impl Request {
    const fn lost(at: Instant) -> Self {
        Self { at, by: None }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.by {
            Some(role) => write!(f, "served {} {role}", self.at.as_nanos()),
            None => write!(f, "lost {}", self.at.as_nanos()),
        }
    }
}

impl FromStr for Request {
    type Err = NoReport;

    fn from_str(line: &str) -> Result<Self, NoReport> {
        let mut words = line.split(' ');
        let (verb, at) = (words.next(), words.next());
        let nanos = at.and_then(|at| at.parse().ok()).ok_or(NoReport)?;
        let by = match (verb, words.next(), words.next()) {
            (Some("lost"), None, None) => None,
            (Some("served"), Some(role), None) => Some(role.parse().map_err(|_| NoReport)?),
            _ => return Err(NoReport),
        };
        let at = Instant::from_nanos(nanos);
        Ok(Self { at, by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_read_back_and_other_lines_do_not() {
        let at = Instant::from_nanos(u64::MAX);
        for by in [None, Some(Role::WebA)] {
            let request = Request { at, by };
            assert_eq!(request.to_string().parse(), Ok(request));
        }
        for line in [
            "",
            "lost",
            "lost 1 web-a",
            "served 1",
            "served 1 web-c",
            "served x web-a",
        ] {
            assert_eq!(line.parse::<Request>(), Err(NoReport), "{line}");
        }
    }
}
