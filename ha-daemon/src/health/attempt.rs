//! One attempt of a checker, without sockets: received octets go in, octets to send come out.
//!
//! A protocol is a [`Dialogue`] over a connected octet stream, an [`Exchange`] of datagrams or a
//! [`Process`]. All three are polled by an owner that has the descriptors and the deadline, none
//! waits, and each keeps no more memory than its protocol needs, whatever the other side sends.

use core::fmt;
use core::time::Duration;
use std::os::fd::AsFd;

use nix::errno::Errno;

use super::slice::Slice;

/// What one attempt found.
pub type Outcome = Result<Passed, Failure>;

/// The checked server is fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// What the checker asks the real server's weight to be; `None` leaves it alone.
    pub weight: Option<DynamicWeight>,
}

/// A weight asked for by a checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicWeight {
    /// In place of the configured one (`MISC_CHECK` with `misc_dynamic`, 0–253).
    Absolute(u32),
    /// Added to the configured one (`FILE_CHECK`).
    Adjustment(i32),
}

/// Why the checked server is not fit, or was not found out to be.
///
/// The text of each is one clause for a log line.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// A reset in answer to the connection request, or a port-unreachable message.
    #[error("connection refused")]
    Refused,
    /// No route, or a host or network reported as unreachable.
    #[error("unreachable")]
    Unreachable,
    /// No connection in time.
    #[error("no connection within {}", Seconds(*.0))]
    NotConnected(Duration),
    /// A connection or a request, but no complete answer in time.
    #[error("no answer within {}", Seconds(*.0))]
    NoAnswer(Duration),
    /// The other side closed the connection before it had answered.
    #[error("connection closed before the answer was complete")]
    Closed,
    /// The other side reset the connection.
    #[error("connection reset")]
    Reset,
    /// Another error of the network.
    #[error("{}", .0.desc())]
    Network(Errno),
    /// A system call failed for a reason of this host's, which says nothing of the server.
    #[error("{call}: {}", .errno.desc())]
    System {
        /// The call, as its manual page names it.
        call: &'static str,
        /// What it reported.
        errno: Errno,
    },
    /// The answer is not the expected page.
    #[error(transparent)]
    Http(#[from] super::http::HttpFailure),
    /// TLS did not come about.
    #[error(transparent)]
    Tls(#[from] super::tls::TlsFailure),
    /// A mail server said something else.
    #[error(transparent)]
    Smtp(#[from] super::smtp::SmtpFailure),
    /// A name server could not answer.
    #[error(transparent)]
    Dns(#[from] super::dns::DnsFailure),
    /// A datagram was answered in another way.
    #[error(transparent)]
    Udp(#[from] super::udp::UdpFailure),
    /// A script said so, or could not say anything.
    #[error(transparent)]
    Misc(#[from] super::misc::MiscFailure),
    /// The number in a file says so.
    #[error(transparent)]
    File(#[from] super::file::FileFailure),
}

/// A duration as people write it: `5 s`, `1.5 s`.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        if millis == 0 {
            return write!(f, "{seconds} s");
        }
        let fraction = format!("{millis:03}");
        write!(f, "{seconds}.{} s", fraction.trim_end_matches('0'))
    }
}

/// Whether an attempt goes on.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an attempt that is done is to be closed"]
pub enum Progress {
    /// Octets are to be sent or awaited.
    Continue,
    /// There is more to be done with what arrived, by [`Dialogue::go_on`].
    Busy,
    /// The attempt is over; octets put out with it are sent if that takes no waiting.
    Done(Outcome),
}

/// A dialogue over a connected octet stream, with or without TLS beneath.
///
/// [`start`](Self::start) comes first and once, then [`receive`](Self::receive) for each run of
/// octets, in whatever portions the network made of them. What takes long is left for
/// [`go_on`](Self::go_on), and [`closed`](Self::closed) is not called before it is done. After
/// [`Progress::Done`] nothing more is called.
pub trait Dialogue: fmt::Debug {
    /// The connection stands. What is to be sent is appended to `out`.
    fn start(&mut self, out: &mut Vec<u8>) -> Progress;

    /// `octets` arrived, at least one. What is to be sent is appended to `out`.
    fn receive(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Progress;

    /// Continues the work that [`Progress::Busy`] announced, while `slice` lasts, and a little of
    /// it however short that is. What is to be sent is appended to `out`.
    fn go_on(&mut self, _out: &mut Vec<u8>, _slice: &Slice) -> Progress {
        Progress::Continue
    }

    /// The other side sends no more. That ends the attempt.
    fn closed(&mut self) -> Outcome;
}

/// Lets a dialogue of any protocol be put on TLS.
impl<D: Dialogue + ?Sized> Dialogue for Box<D> {
    fn start(&mut self, out: &mut Vec<u8>) -> Progress {
        (**self).start(out)
    }

    fn receive(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Progress {
        (**self).receive(octets, out)
    }

    fn go_on(&mut self, out: &mut Vec<u8>, slice: &Slice) -> Progress {
        (**self).go_on(out, slice)
    }

    fn closed(&mut self) -> Outcome {
        (**self).closed()
    }
}

/// A request datagram and its answer.
///
/// [`request`](Self::request) comes first and once.
pub trait Exchange: fmt::Debug {
    /// The datagram to be sent, appended to `out`.
    fn request(&mut self, out: &mut Vec<u8>);

    /// A datagram arrived from the address asked. `None`: it is not the answer, keep waiting.
    fn answer(&mut self, datagram: &[u8]) -> Option<Outcome>;

    /// Nothing decided the attempt within `limit` of the request.
    fn timed_out(&mut self, limit: Duration) -> Outcome;
}

/// A program under way, whose descriptor becomes readable when there may be news of it.
pub trait Process: AsFd + fmt::Debug {
    /// Looks whether the program has ended; never waits. `None`: it has not.
    fn poll(&mut self) -> Option<Outcome>;

    /// The time of the program is over. It and its children are sent SIGTERM, without waiting.
    fn timed_out(&mut self, limit: Duration) -> Outcome;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_one_short_clause() {
        let text = |failure: Failure| failure.to_string();
        assert_eq!(text(Failure::Refused), "connection refused");
        assert_eq!(
            text(Failure::NoAnswer(Duration::from_secs(5))),
            "no answer within 5 s"
        );
        assert_eq!(
            text(Failure::NotConnected(Duration::from_millis(1_050))),
            "no connection within 1.05 s"
        );
        assert_eq!(
            text(Failure::System {
                call: "bind",
                errno: Errno::EADDRNOTAVAIL
            }),
            "bind: Cannot assign requested address"
        );
    }
}
