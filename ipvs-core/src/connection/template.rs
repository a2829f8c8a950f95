//! Persistence templates: the destination of each client.

use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU32;

use crate::service::Persistence;
use crate::{Flow, Protocol, Service, ServiceKey};

/// FTP's control port; a client's data connections follow it.
pub(super) const FTP: u16 = 21;

/// The clients of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TemplateKey {
    client: IpAddr,
    target: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Target {
    /// Port 0 stands for all of FTP's, or all that have no service.
    Address(Protocol, SocketAddr),
    Mark(NonZeroU32),
}

impl TemplateKey {
    pub(super) fn new(service: &Service, persistence: &Persistence, flow: &Flow) -> Self {
        let target = match service.key {
            ServiceKey::Mark { mark, .. } => Target::Mark(mark),
            ServiceKey::Address { port, .. } => {
                let mut target = flow.target;
                if port != target.port() || port == FTP {
                    target.set_port(0);
                }
                Target::Address(flow.protocol, target)
            }
        };
        Self {
            client: persistence.granularity.network(flow.client.ip()),
            target,
        }
    }
}
