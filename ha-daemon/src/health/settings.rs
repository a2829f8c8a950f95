//! The settings of a checker: target, protocol and timing.

use core::hash::{Hash, Hasher};
use core::net::SocketAddr;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::sync::Arc;

use vrrp_mio::InterfaceName;

use super::dns::{DnsType, DomainName};
use super::http::{HttpVersion, Url};
use super::schedule::Timing;
use super::smtp::HelloName;
use super::tls::Client;
use super::udp::UdpSettings;
use crate::script::Script;

/// A checker. Checkers with equal settings are one on the network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// What an attempt is.
    pub protocol: Protocol,
    /// When attempts are made.
    pub timing: Timing,
}

impl Settings {
    /// Whether other settings mean the same, though they may be made of another reading of the
    /// configuration and its files. What is equal means the same.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let Self { protocol, timing } = self;
        *timing == other.timing && protocol.is_same(&other.protocol)
    }
}

/// What an attempt is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A connection, closed at once (`TCP_CHECK`).
    Tcp(Connection),
    /// Pages (`HTTP_GET`, `SSL_GET`).
    Http(Connection, Http),
    /// The beginning of a mail dialogue (`SMTP_CHECK`).
    Smtp(Connection, HelloName),
    /// A question to a name server (`DNS_CHECK`).
    Dns(Connection, DomainName, DnsType),
    /// A datagram (`UDP_CHECK`).
    Udp(Connection, UdpSettings),
    /// An echo request; ports are without meaning (`PING_CHECK`).
    Ping(Connection),
    /// A script (`MISC_CHECK`).
    Misc(Misc),
}

impl Protocol {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Misc(ours), Self::Misc(theirs)) => {
                let Misc {
                    script,
                    dynamic,
                    limit,
                    party: _,
                } = ours;
                script.is_same(&theirs.script)
                    && (*dynamic, *limit) == (theirs.dynamic, theirs.limit)
            }
            (Self::Http(connection, ours), Self::Http(other, theirs)) => {
                let Http { version, urls, tls } = ours;
                let tls = match (tls, &theirs.tls) {
                    (Some(HttpTls { client, name }), Some(theirs)) => {
                        *name == theirs.name && client.is_same(&theirs.client)
                    }
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                };
                let pages = (*version, urls) == (theirs.version, &theirs.urls);
                connection == other && pages && tls
            }
            (ours, theirs) => ours == theirs,
        }
    }

    /// How many attempts it takes to try everything.
    pub(super) fn steps(&self) -> NonZeroUsize {
        let steps = match self {
            Self::Http(_, http) => http.urls.len(),
            Self::Tcp(_)
            | Self::Smtp(..)
            | Self::Dns(..)
            | Self::Udp(..)
            | Self::Ping(_)
            | Self::Misc(_) => 1,
        };
        NonZeroUsize::new(steps).unwrap_or(NonZeroUsize::MIN)
    }
}

/// Where to connect to, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    /// `connect_ip` and `connect_port`, else the real server; the port is 0 for `PING_CHECK` alone.
    pub to: SocketAddr,
    /// `connect_timeout`.
    pub limits: Limits,
    /// `bindto` and its neighbours. Few checkers have any, so they are in a box.
    pub source: Option<Box<Source>>,
}

impl Connection {
    /// A connection to `to` with keepalived's default limits.
    #[must_use]
    pub const fn new(to: SocketAddr) -> Self {
        Self {
            to,
            limits: Limits::of_steps(Duration::from_secs(5)),
            source: None,
        }
    }
}

/// Where a connection comes from. The kernel chooses what is not set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Source {
    /// `bindto` and `bind_port`; port 0 for one of the kernel's choice.
    pub address: Option<SocketAddr>,
    /// `bind_if`; set if the address to connect to is link-local.
    pub interface: Option<InterfaceName>,
    /// `fwmark`, by which routing rules recognise the packets of checkers.
    pub mark: Option<u32>,
}

/// How long an attempt waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// For the connection, and then from one run of octets to the next (`connect_timeout`, 5 s).
    pub step: Duration,
    /// For the whole. keepalived has no such limit: a server that lets an octet drip before each
    /// step is over keeps it waiting for ever.
    pub whole: Duration,
}

impl Limits {
    /// Steps of at most `step`, six times that for the whole.
    #[must_use]
    pub const fn of_steps(step: Duration) -> Self {
        Self {
            step,
            whole: step.saturating_mul(6),
        }
    }
}

/// Pages of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Http {
    /// What requests say of the protocol.
    pub version: HttpVersion,
    /// One per attempt, in this order. Without any, a connection is enough.
    pub urls: Vec<Arc<Url>>,
    /// With TLS beneath.
    pub tls: Option<HttpTls>,
}

/// TLS beneath HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpTls {
    /// How it is used; checkers with the same share it.
    pub client: Client,
    /// `sni_name`; the virtual host of the page if absent, and the address where that is absent too.
    pub name: Option<Box<str>>,
}

/// A script as a checker.
#[derive(Clone, Debug)]
pub struct Misc {
    /// The script; checkers that share it share its runs.
    pub script: Arc<Script>,
    /// Whether statuses from 2 on are weights (`misc_dynamic`).
    pub dynamic: bool,
    /// How long it may take once it has begun (`misc_timeout`).
    pub limit: Duration,
    /// Who waits with it where not all scripts can run at a time: the virtual server's number. It
    /// makes no difference to what an attempt is.
    pub party: u64,
}

impl PartialEq for Misc {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.script, &other.script)
            && (self.dynamic, self.limit) == (other.dynamic, other.limit)
    }
}

impl Eq for Misc {}

impl Hash for Misc {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.script).hash(state);
        self.dynamic.hash(state);
        self.limit.hash(state);
    }
}
