//! `ha-daemon where`: the real server that a client would get now, and the reason.
//!
//! An answer changes nothing, neither in the kernel nor in what its schedulers will do next.

use core::fmt;
use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU32;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use ipvs_core::connection::{Packet, Segment};
use ipvs_core::rules::RuleError;
use ipvs_core::scheduler::UnknownScheduler;
use ipvs_core::table::DestinationError;
use ipvs_core::{Family, Flow, Protocol};
use ipvs_netlink::ConnectError;
use serde::Serialize;

mod answer;
mod endpoint;
mod estimate;
mod history;
mod service;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use self::answer::{Answer, Availability, Candidate, Decision, Row};
pub use self::endpoint::{Endpoint, EndpointError};
pub use self::service::MatchedBy;
pub use self::table::Source;

use super::arguments::LIVE;
use super::output::{complain, print};
use crate::observe::log;

/// The packet that is asked about: the first of a connection, or another one of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The client, whose port need not be known.
    pub client: Endpoint,
    /// Where it connects to.
    pub target: SocketAddr,
    /// Transport protocol.
    pub protocol: Protocol,
    /// The packet filter's mark.
    pub mark: Option<NonZeroU32>,
}

/// A question that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// No packet goes from one to the other.
    #[error("{0} and {1} are not of the same address family")]
    Families(IpAddr, IpAddr),
    /// What to connect to has no port.
    #[error("{0} needs the port to connect to, as in {example}", example = SocketAddr::new(*.0, 80))]
    NoPort(IpAddr),
    /// Nobody connects to port 0.
    #[error("nobody connects to or from port 0")]
    PortZero,
}

impl Question {
    /// The question about a packet of `protocol` from `client` to `target`.
    ///
    /// # Errors
    /// [`QuestionError`] if there is no such packet.
    pub fn new(
        client: Endpoint,
        target: Endpoint,
        protocol: Protocol,
        mark: Option<NonZeroU32>,
    ) -> Result<Self, QuestionError> {
        let port = target.port.ok_or(QuestionError::NoPort(target.address))?;
        if port == 0 || client.port == Some(0) {
            return Err(QuestionError::PortZero);
        }
        if Family::of(client.address) != Family::of(target.address) {
            return Err(QuestionError::Families(client.address, target.address));
        }
        Ok(Self {
            client,
            target: SocketAddr::new(target.address, port),
            protocol,
            mark,
        })
    }

    /// The flow of the packet, from port 0 where the client's is not known.
    fn flow(&self) -> Flow {
        Flow {
            protocol: self.protocol,
            client: SocketAddr::new(self.client.address, self.client.port.unwrap_or(0)),
            target: self.target,
        }
    }

    fn packet(&self) -> Packet {
        Packet {
            flow: self.flow(),
            mark: self.mark.map_or(0, NonZeroU32::get),
            segment: Segment::Syn,
        }
    }
}

/// `TCP 198.51.100.7:40000 -> 192.0.2.100:80`, and the mark if there is one.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> {}", self.protocol, self.client, self.target)?;
        self.mark.map_or(Ok(()), |mark| write!(f, ", mark {mark}"))
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocateError {
    /// The kernel's table could not be asked for.
    #[error("cannot ask the kernel")]
    Connect(#[from] ConnectError),
    /// The kernel's table could not be read.
    #[error(transparent)]
    Kernel(#[from] ipvs_netlink::Error),
    /// The file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of the file is no rule.
    #[error("{path}")]
    Rule {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: RuleError,
    },
    /// A rule does not fit those before it.
    #[error("{path}: line {line}")]
    Apply {
        /// The file.
        path: PathBuf,
        /// Which line.
        line: usize,
        /// What the kernel would answer.
        source: ipvs_core::configuration::ApplyError,
    },
    /// The service has a scheduler of which only the kernel knows what it does.
    #[error(transparent)]
    Scheduler(#[from] UnknownScheduler),
    /// A destination that no kernel has.
    #[error("a destination that no kernel has")]
    Destination(#[from] DestinationError),
}

/// Answers `question` from the table of `source`.
///
/// # Errors
/// [`LocateError`] if there is no such table, or no model of the scheduler.
pub fn find(question: &Question, source: &Source) -> Result<Answer, LocateError> {
    table::find(question, source)
}

/// Answers `question` and prints the answer.
pub(super) fn execute(question: &Question, table: PathBuf, json: bool) -> ExitCode {
    let source = match table == Path::new(LIVE) {
        true => Source::Live,
        false => Source::Rules(table),
    };
    match find(question, &source) {
        Ok(answer) => {
            if json {
                print(&(serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n"));
            } else {
                print(&answer.to_string());
            }
            ExitCode::from(u8::from(!answer.is_served()))
        }
        Err(error) => {
            complain(&format!("ha-daemon: {}", log::chain(&error)));
            ExitCode::from(2)
        }
    }
}

/// A share of cases that are equally likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Odds {
    /// In how many cases.
    pub cases: u64,
    /// Of how many.
    pub of: u64,
}
