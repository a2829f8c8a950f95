//! The verdict on a packet, with its reason.

use core::fmt;

use crate::{DestinationKey, ServiceKey};

/// The reason why a packet goes to its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Because {
    /// It belongs to a connection.
    Connection,
    /// A persistence template has the client.
    Template,
    /// The scheduler picked it.
    Scheduler,
}

/// The reason why a packet of a service has no destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Unserved {
    /// The scheduler has no destination for it: the client gets a "port unreachable" message.
    NoDestination,
    /// A service of other ports than the packet's schedules only with persistence; the client is
    /// told by ICMP that the port is unreachable.
    OtherPort,
    /// The destination of its connection was removed: the packet is dropped.
    Removed(DestinationKey),
}

/// The verdict on a packet.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Verdict {
    /// It goes to a destination.
    Forward {
        /// The service that took it.
        service: ServiceKey,
        /// Where it goes.
        destination: DestinationKey,
        /// The reason.
        because: Because,
    },
    /// A service took it, but it has no destination.
    Unserved {
        /// The service.
        service: ServiceKey,
        /// Why.
        because: Unserved,
    },
    /// It matches no service, and is routed as if there were no IPVS.
    NoService,
    /// It matches a service, but such a packet starts no connection. It is routed as if there were
    /// no IPVS.
    Ignored {
        /// The service.
        service: ServiceKey,
    },
}

impl Verdict {
    /// Where the packet goes.
    #[must_use]
    pub const fn destination(&self) -> Option<DestinationKey> {
        match self {
            Self::Forward { destination, .. } => Some(*destination),
            Self::Unserved { .. } | Self::NoService | Self::Ignored { .. } => None,
        }
    }
}

/// One clause, as for an operator.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forward {
                service,
                destination,
                because,
            } => {
                let because = match because {
                    Because::Connection => "its connection is there",
                    Because::Template => "the client has been there",
                    Because::Scheduler => "the scheduler picks it",
                };
                write!(f, "{destination} of {service}: {because}")
            }
            Self::Unserved { service, because } => match because {
                Unserved::NoDestination => {
                    write!(f, "nowhere: {service} has no destination for it")
                }
                Unserved::OtherPort => {
                    write!(
                        f,
                        "nowhere: {service} takes other ports only with persistence"
                    )
                }
                Unserved::Removed(destination) => {
                    write!(f, "nowhere: {destination} of {service} was removed")
                }
            },
            Self::NoService => f.write_str("not balanced: no service is for it"),
            Self::Ignored { service } => {
                write!(f, "not balanced: it starts no connection of {service}")
            }
        }
    }
}
