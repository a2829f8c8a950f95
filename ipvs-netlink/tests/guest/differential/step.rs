//! The steps of a scenario.

use core::fmt;

use ipvs_core::connection::Packet;
use ipvs_core::{Destination, DestinationKey, Service};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    AddService(Service),
    EditService(Service),
    DeleteService,
    Add(Destination),
    Edit(Destination),
    Remove(DestinationKey),
    Packet(Packet),
    /// A SYN on a connection that may be closed: the kernel drops the old one in the next tick.
    Reopen(Packet),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, destination) = match self {
            Self::AddService(service) => return write!(f, "service {service:?}"),
            Self::EditService(service) => return write!(f, "edit service {service:?}"),
            Self::DeleteService => return f.write_str("delete service"),
            Self::Remove(key) => return write!(f, "del {key}"),
            Self::Packet(packet) | Self::Reopen(packet) => {
                let flow = packet.flow;
                let (client, target) = (flow.client, flow.target);
                return write!(
                    f,
                    "{} {client} -> {target} {:?}",
                    flow.protocol, packet.segment
                );
            }
            Self::Add(destination) => ("add", destination),
            Self::Edit(destination) => ("edit", destination),
        };
        write!(
            f,
            "{verb} {} weight={} upper={} lower={} {:?}",
            destination.key,
            destination.weight,
            destination.upper,
            destination.lower,
            destination.forwarding,
        )
    }
}
