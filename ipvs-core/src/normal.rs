//! Normal forms of services and destinations: one value for all that the kernel treats alike.

use crate::destination::{Tunnel, TunnelChecksum};
use crate::service::{Granularity, Persistence};
use crate::{Destination, Forwarding, Scheduler, Service};

/// `service` as a kernel reports it after it was added.
pub(crate) fn normal_service(mut service: Service) -> Service {
    if let Scheduler::Other(name) = service.scheduler {
        service.scheduler = Scheduler::named(name.as_str()).unwrap_or(service.scheduler);
    }
    if let Some(persistence) = &mut service.persistence {
        persistence.timeout = persistence.timeout.min(Persistence::MAX_TIMEOUT);
        let family = service.key.family();
        if persistence.granularity.family() != family {
            persistence.granularity = Granularity::single(family);
        }
    }
    service
}

/// `destination` as a kernel reports it after it was added.
pub(crate) const fn normal_destination(mut destination: Destination) -> Destination {
    if let Forwarding::Tunnel(tunnel) = destination.forwarding {
        destination.forwarding = Forwarding::Tunnel(normal_tunnel(tunnel));
    }
    destination
}

const fn normal_tunnel(tunnel: Tunnel) -> Tunnel {
    let Tunnel::Other { kind, port, flags } = tunnel else {
        return tunnel;
    };
    let checksum = match flags {
        0 => TunnelChecksum::None,
        1 => TunnelChecksum::Outer,
        2 => TunnelChecksum::Remote,
        _ => return tunnel,
    };
    match (kind, port, flags) {
        (0, 0, 0) => Tunnel::Ipip,
        (1, ..) => Tunnel::Gue { port, checksum },
        (2, 0, _) => Tunnel::Gre { checksum },
        _ => tunnel,
    }
}
