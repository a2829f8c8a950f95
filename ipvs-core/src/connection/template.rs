//! Persistence templates: which client had which destination.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::num::NonZeroU32;

use crate::{Flow, Granularity, Persistence, Protocol, Service, ServiceKey};

/// FTP's control port; a client's data connections follow it.
pub(super) const FTP: u16 = 21;

/// What clients a template is for.
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
            client: network(flow.client.ip(), persistence.granularity),
            target,
        }
    }
}

/// What `granularity` leaves of `client`.
fn network(client: IpAddr, granularity: Granularity) -> IpAddr {
    match (client, granularity) {
        (IpAddr::V4(client), Granularity::V4(mask)) => {
            Ipv4Addr::from_bits(client.to_bits() & mask.to_bits()).into()
        }
        (IpAddr::V6(client), Granularity::V6(length)) => {
            let host = 128_u32.saturating_sub(length.into());
            let mask = u128::MAX.checked_shl(host).unwrap_or(0);
            Ipv6Addr::from_bits(client.to_bits() & mask).into()
        }
        // The kernel reads a mask of the service's family, which is the client's.
        (client, _) => client,
    }
}
