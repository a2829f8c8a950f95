//! The kernel's entries for a client: its connection and its persistence template.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fs::File;
use std::io::{self, BufRead, BufReader};

use ipvs_core::connection::{ReuseMode, Settings};
use ipvs_core::record::DestinationRecord;
use ipvs_core::service::Persistence;
use ipvs_core::{DestinationKey, Forwarding, Protocol, Service, ServiceKey};

use super::Question;
use crate::command::ipvsadm::connections::{Connection, PATH};

/// The port of an FTP service, whose templates stand for every port.
const FTP: u16 = 21;

/// An entry of the connection table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// Where it goes; port 0 of a template stands for any.
    pub(super) destination: DestinationKey,
    /// As the kernel names it.
    pub(super) state: String,
    /// In seconds.
    pub(super) expires: u32,
}

/// What the kernel remembers of the client of a question.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Its connection, where the client's port is known.
    pub(super) connection: Option<Known>,
    /// Its template.
    pub(super) template: Option<Known>,
    /// Why there may be more.
    pub(super) unread: Option<io::Error>,
}

impl History {
    /// What the kernel says; `service` is the one that takes the packet.
    pub(super) fn load(question: &Question, service: Option<&Service>) -> Self {
        match File::open(PATH) {
            Ok(file) => Self::read(BufReader::new(file), question, service),
            Err(error) => Self {
                unread: Some(error),
                ..Self::default()
            },
        }
    }

    pub(super) fn read(
        lines: impl BufRead,
        question: &Question,
        service: Option<&Service>,
    ) -> Self {
        let template = service.and_then(|service| TemplateLine::of(question, service));
        let mut history = Self::default();
        for line in lines.lines() {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    history.unread = Some(error);
                    break;
                }
            };
            let Some(entry) = Connection::parse(&line) else {
                continue;
            };
            let known = || {
                Some(Known {
                    destination: DestinationKey::new(entry.destination.0, entry.destination.1),
                    state: entry.state.to_owned(),
                    expires: entry.expires,
                })
            };
            if is_of(&entry, question) {
                history.connection = known();
            } else if template.is_some_and(|template| template.is(&entry)) {
                history.template = known();
            }
        }
        history
    }
}

/// How the kernel names a protocol in its list.
fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::TCP => "TCP",
        Protocol::UDP => "UDP",
        Protocol::SCTP => "SCTP",
        Protocol(_) => "",
    }
}

fn is_of(entry: &Connection<'_>, question: &Question) -> bool {
    entry.protocol == name(question.protocol)
        && Some(entry.client.1) == question.client.port
        && entry.client.0 == question.client.address
        && entry.service == (question.target.ip(), question.target.port())
}

/// The line of the template that clients like that of a question share.
#[derive(Clone, Copy, Debug)]
struct TemplateLine {
    protocol: &'static str,
    client: IpAddr,
    target: (IpAddr, u16),
}

impl TemplateLine {
    fn of(question: &Question, service: &Service) -> Option<Self> {
        let Persistence { granularity, .. } = service.persistence?;
        let (protocol, target) = match service.key {
            ServiceKey::Mark { mark, .. } => ("IP", (mark_address(question, mark.get()), 0)),
            ServiceKey::Address { address, port, .. } => {
                let port = if port == question.target.port() && port != FTP {
                    port
                } else {
                    0
                };
                (name(question.protocol), (address, port))
            }
        };
        Some(Self {
            protocol,
            client: granularity.network(question.client.address),
            target,
        })
    }

    fn is(&self, entry: &Connection<'_>) -> bool {
        entry.protocol == self.protocol
            && entry.client == (self.client, 0)
            && entry.service == self.target
    }
}

/// A mark in the place of an address: its first 32 bits.
fn mark_address(question: &Question, mark: u32) -> IpAddr {
    match question.target.ip() {
        IpAddr::V4(_) => Ipv4Addr::from_bits(mark).into(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(u128::from(mark) << 96).into(),
    }
}

/// What becomes of a packet of a known connection that starts a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    /// It goes where the connection goes, the destination at this position.
    There(usize),
    /// It is scheduled: the connection is over.
    Anew,
    /// It is dropped: the destination was removed.
    Dropped,
}

impl Known {
    /// The destination it has, as far as `records` still has it.
    pub(super) fn position(&self, records: &[DestinationRecord]) -> Option<usize> {
        let DestinationKey { address, port } = self.destination;
        records.iter().position(|record| {
            let known = record.destination.key;
            known.address == address && (known.port == port || known.port == 0 || port == 0)
        })
    }

    /// What becomes of a packet of this connection.
    pub(super) fn reuse(
        &self,
        protocol: Protocol,
        service: Option<&Service>,
        settings: &Settings,
        records: &[DestinationRecord],
    ) -> Reuse {
        let Some(position) = self.position(records) else {
            return match settings.expire_nodest_conn {
                true => Reuse::Anew,
                false => Reuse::Dropped,
            };
        };
        let destination = records.get(position).map(|record| &record.destination);
        if protocol != Protocol::TCP {
            return Reuse::There(position);
        }
        let quiescent = destination.is_some_and(|destination| destination.weight == 0);
        if settings.expire_nodest_conn && quiescent {
            return Reuse::Anew;
        }
        // Where answers go past the director, it does not see both sides of a connection end.
        let unanswered =
            destination.is_some_and(|destination| destination.forwarding != Forwarding::Masquerade);
        let closed = matches!(self.state.as_str(), "TIME_WAIT" | "CLOSE");
        let closing = self.state == "FIN_WAIT" && unanswered;
        let over = match settings.conn_reuse_mode {
            ReuseMode::Never => false,
            ReuseMode::Closed => closed,
            ReuseMode::Closing => closed || closing,
        };
        // The kernel keeps what depends on a template.
        if over && service.is_none_or(|service| service.persistence.is_none()) {
            Reuse::Anew
        } else {
            Reuse::There(position)
        }
    }
}
