//! The health checks of a real server.

use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;

use super::script::Script;
use crate::config::text::source::Span;
use crate::health::dns::DnsType;
use crate::health::schedule::Timing;
use crate::health::settings::Connection;
use crate::health::udp::UdpSettings;

pub use http::{HttpCheck, Tls};

mod http;

/// One check of one real server, with everything inherited filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checker {
    /// Where its keyword was written.
    pub span: Span,
    /// `log_all_failures`, `checker_log_all_failures`: report also failures that change nothing.
    pub log_all_failures: bool,
    /// What it looks at.
    pub check: Check,
}

impl Checker {
    /// `alpha`: it counts as failed until it succeeds, rather than the other way round.
    #[must_use]
    pub fn alpha(&self) -> bool {
        match &self.check {
            Check::Probe { timing, .. } => timing.alpha,
            Check::File(file) => file.alpha,
        }
    }
}

/// What a check looks at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// The real server, now and then. What is equal has the same outcome, so that one attempt
    /// does for all of them.
    Probe {
        /// What is tried.
        probe: Probe,
        /// When; checks with the same timing share it.
        timing: Arc<Timing>,
    },
    /// The number in a file, whenever it changes: `FILE_CHECK`.
    File(FileCheck),
}

/// One way to find out whether a real server works. `TCP_CHECK` is the most common and takes the
/// least room; what takes more is in a box.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Probe {
    /// `TCP_CHECK`: it accepts a connection.
    Tcp(Connection),
    /// `HTTP_GET`, `SSL_GET`.
    Http(Box<HttpCheck>),
    /// `SMTP_CHECK`; each of its `host` blocks is a check of its own.
    Smtp(Box<SmtpCheck>),
    /// `DNS_CHECK`.
    Dns(Box<DnsCheck>),
    /// `UDP_CHECK`.
    Udp(Box<UdpCheck>),
    /// `PING_CHECK`: it answers an ICMP echo; the port is 0.
    Ping(Connection),
    /// `MISC_CHECK`.
    Misc(Box<MiscCheck>),
}

/// `SMTP_CHECK`: a greeting, an answer to HELO and one to QUIT.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SmtpCheck {
    /// Where.
    pub connection: Connection,
    /// `helo_name`.
    pub helo: String,
}

/// `DNS_CHECK`: an answer without error to a query over UDP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsCheck {
    /// Where.
    pub connection: Connection,
    /// `type`.
    pub record: DnsType,
    /// `name`, a domain name that fits into a message; `.` is the root.
    pub name: String,
}

/// `UDP_CHECK`: no ICMP error in answer to a datagram, or an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UdpCheck {
    /// Where.
    pub connection: Connection,
    /// What is sent, and what an answer has to be.
    pub settings: UdpSettings,
}

/// `MISC_CHECK`: a program that exits with 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MiscCheck {
    /// `misc_path` and `user`.
    pub script: Script,
    /// `misc_timeout`, else `delay_loop` of the virtual server: how long it may run.
    pub timeout: Duration,
    /// `misc_dynamic`: exiting with 2..=255 is success with a weight of two less.
    pub dynamic: bool,
}

/// `FILE_CHECK`: a number that is added to the weight.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileCheck {
    /// The name of the `track_file`.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// What the number in the file is multiplied with: `weight`, else that of the `track_file`;
    /// negative if `reverse`. With 0 any number but 0 is a failure.
    pub weight: i32,
    /// `alpha`: the real server is down until the number is known.
    pub alpha: bool,
}
