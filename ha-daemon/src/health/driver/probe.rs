//! A probe: one target on the network, checked for one checker or more.

use core::time::Duration;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::Arc;

use vrrp_core::{Family, Instant};

use super::datagram::Datagram;
use super::socket;
use super::stream::Stream;
use super::{AttemptState, CheckerId, Scratch};
use crate::health::attempt::{Dialogue, Exchange, Failure, Outcome, Process};
use crate::health::dns::DnsCheck;
use crate::health::http::{Get, Url};
use crate::health::misc::{MiscAttempt, MiscCheck};
use crate::health::ping::{Identifier, PingCheck};
use crate::health::schedule::Schedule;
use crate::health::settings::{Connection, Http, HttpTls, Misc, Protocol, Settings};
use crate::health::slice::Slice;
use crate::health::smtp::SmtpCheck;
use crate::health::tls::Client;
use crate::health::udp::UdpCheck;

/// What is checked, when, and for whom.
#[derive(Debug)]
pub(super) struct Probe {
    pub(super) settings: Arc<Settings>,
    pub(super) schedule: Schedule,
    pub(super) attempt: Option<Attempt>,
    pub(super) checkers: Vec<CheckerId>,
    /// How many of them are not suspended.
    pub(super) awake: usize,
    /// What the last attempt found.
    pub(super) last: Option<Outcome>,
    /// Where it stands in line.
    pub(super) queue: Queue,
    /// Whether it has one of the turns of scripts.
    pub(super) has_turn: bool,
    /// Until when the process of the attempt before may take to go, if it is not gone.
    pub(super) hold: Option<Instant>,
}

impl Probe {
    /// Who waits with it, if it is a script.
    pub(super) fn party(&self) -> Option<u64> {
        match &self.settings.protocol {
            Protocol::Misc(misc) => Some(misc.party),
            Protocol::Tcp(_)
            | Protocol::Http(..)
            | Protocol::Smtp(..)
            | Protocol::Dns(..)
            | Protocol::Udp(..)
            | Protocol::Ping(_) => None,
        }
    }

    /// When to look again for the process of the attempt before, which is ending. One that
    /// does not, for as long again as an attempt may take, is a failure.
    pub(super) fn hold(&mut self, now: Instant) -> Option<Instant> {
        const LOOK: Duration = Duration::from_millis(100);
        let alive = match &self.settings.protocol {
            Protocol::Misc(misc) if misc.script.is_alive() => Some(misc.limit),
            Protocol::Misc(_)
            | Protocol::Tcp(_)
            | Protocol::Http(..)
            | Protocol::Smtp(..)
            | Protocol::Dns(..)
            | Protocol::Udp(..)
            | Protocol::Ping(_) => None,
        };
        let Some(limit) = alive else {
            self.hold = None;
            return None;
        };
        let until = *self.hold.get_or_insert(now + limit);
        (now < until).then(|| until.min(now + LOOK))
    }
}

/// A queue of the driver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    None,
    /// An attempt is to be made.
    Due,
    /// The same, of a script.
    Script,
    /// The attempt under way is to be gone on with.
    Ready,
}

/// A try under way.
#[derive(Debug)]
pub(super) enum Attempt {
    Stream(Stream),
    Datagram(Datagram),
    Script(MiscAttempt, Misc, Instant),
}

impl Attempt {
    /// Makes the try of step `step` (a page's number).
    pub(super) fn start(
        protocol: &Protocol,
        step: usize,
        now: Instant,
        scratch: &mut Scratch,
    ) -> Result<Self, Failure> {
        match protocol {
            Protocol::Tcp(connection) => Self::stream(connection, None, now),
            Protocol::Http(connection, http) => {
                let dialogue = match http.urls.get(step) {
                    Some(url) => Some(get(connection, http, url)?),
                    None => None,
                };
                Self::stream(connection, dialogue, now)
            }
            Protocol::Smtp(connection, name) => {
                let dialogue = SmtpCheck::new(name.clone());
                Self::stream(connection, Some(Box::new(dialogue)), now)
            }
            Protocol::Dns(connection, name, kind) => {
                let [high, low, ..] = scratch.random().to_be_bytes();
                let exchange = DnsCheck::new(u16::from_be_bytes([high, low]), name, *kind);
                Self::datagram(connection, Box::new(exchange), now)
            }
            Protocol::Udp(connection, settings) => {
                let exchange = UdpCheck::new(settings.clone(), scratch.random());
                Self::datagram(connection, Box::new(exchange), now)
            }
            Protocol::Ping(connection) => Self::echo(connection, now, scratch),
            Protocol::Misc(misc) => {
                let check = MiscCheck::new(Arc::clone(&misc.script), misc.dynamic);
                let runner = scratch.runner.as_ref();
                let runner = runner.ok_or(Failure::System {
                    call: "fork",
                    errno: nix::errno::Errno::EAGAIN,
                })?;
                let attempt = check.start(runner)?;
                Ok(Self::Script(attempt, misc.clone(), now + misc.limit))
            }
        }
    }

    fn stream(
        connection: &Connection,
        dialogue: Option<Box<dyn Dialogue>>,
        now: Instant,
    ) -> Result<Self, Failure> {
        Stream::connect(connection, dialogue, now).map(Self::Stream)
    }

    fn datagram(
        connection: &Connection,
        exchange: Box<dyn Exchange>,
        now: Instant,
    ) -> Result<Self, Failure> {
        let socket = socket::datagram(connection)?;
        let limit = connection.limits.step;
        Datagram::send(socket, exchange, false, limit, now).map(Self::Datagram)
    }

    fn echo(connection: &Connection, now: Instant, scratch: &mut Scratch) -> Result<Self, Failure> {
        let family = if connection.to.is_ipv4() {
            Family::V4
        } else {
            Family::V6
        };
        let [a, b, c, d, ..] = scratch.random().to_be_bytes();
        let (identifier, sequence) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let (socket, identifier) = socket::echo(connection, identifier)?;
        let headed = family == Family::V4 && matches!(identifier, Identifier::Own(_));
        let exchange = PingCheck::new(family, identifier, sequence, scratch.random());
        let limit = connection.limits.step;
        Datagram::send(socket, Box::new(exchange), headed, limit, now).map(Self::Datagram)
    }

    /// When it is over at the latest; none while it is this host that is slow.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Stream(stream) => stream.deadline(),
            Self::Datagram(datagram) => Some(datagram.deadline()),
            Self::Script(_, _, until) => Some(*until),
        }
    }

    pub(super) fn timed_out(&mut self) -> Outcome {
        match self {
            Self::Stream(stream) => Err(stream.timed_out()),
            Self::Datagram(datagram) => datagram.timed_out(),
            Self::Script(attempt, misc, _) => attempt.timed_out(misc.limit),
        }
    }

    pub(super) fn ready(
        &mut self,
        now: Instant,
        slice: &Slice,
        scratch: &mut Scratch,
    ) -> AttemptState {
        match self {
            Self::Stream(stream) => stream.ready(now, slice, scratch),
            Self::Datagram(datagram) => datagram.ready(slice, scratch),
            Self::Script(attempt, misc, until) => {
                let had_begun = attempt.has_begun();
                let outcome = attempt.poll();
                if attempt.has_begun() && !had_begun {
                    *until = now + misc.limit;
                }
                outcome.map_or(AttemptState::Waiting, AttemptState::Done)
            }
        }
    }
}

impl AsRawFd for Attempt {
    fn as_raw_fd(&self) -> RawFd {
        match self {
            Self::Stream(stream) => stream.socket.as_raw_fd(),
            Self::Datagram(datagram) => datagram.socket.as_raw_fd(),
            Self::Script(attempt, ..) => attempt.as_fd().as_raw_fd(),
        }
    }
}

fn get(connection: &Connection, http: &Http, url: &Arc<Url>) -> Result<Box<dyn Dialogue>, Failure> {
    let get = Get::new(Arc::clone(url), http.version, connection.to);
    let Some(HttpTls { client, name }) = &http.tls else {
        return Ok(Box::new(get));
    };
    let host = url.virtualhost.as_ref().map(ToString::to_string);
    let name = name.as_deref().or(host.as_deref());
    // A virtual host that is no name, such as `_`, is asked for in the request alone.
    let address = connection.to.ip();
    let name = Client::server_name(name, address).unwrap_or_else(|_| Client::unnamed(address));
    Ok(Box::new(client.wrap(get, name)?))
}
