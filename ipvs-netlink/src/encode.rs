//! The encoder of requests.

use core::mem;
use core::net::IpAddr;

use ipvs_core::destination::{Tunnel, TunnelChecksum};
use ipvs_core::service::{Flags, Granularity};
use ipvs_core::{
    Destination, DestinationKey, Family, Forwarding, Service, ServiceKey, SyncDaemon, SyncRole,
    Timeouts,
};
use neli::consts::genl::CtrlCmd;
use neli::consts::nl::{GenlId, NlmF};

use self::writer::Writer;
use crate::attr::{self, Attr, command, daemon, dest, forwarding, service, top, tunnel};
use crate::error::ErrorKind;
use crate::request::Request;

pub(crate) mod answer;
mod writer;

/// Appends `request` to `datagram`, for the family of the number `family`. A change does not ask
/// for an acknowledgement.
///
/// After an error, what follows the end `datagram` had is of no use.
pub(crate) fn request(
    request: &Request,
    family: u16,
    sequence: u32,
    datagram: &mut Vec<u8>,
) -> Result<(), ErrorKind> {
    let flags = if request.is_dump() {
        NlmF::DUMP
    } else if request.is_change() {
        NlmF::empty()
    } else {
        NlmF::ACK
    };
    let head = Head {
        family,
        command: command(request),
        version: attr::VERSION,
        flags,
        sequence,
    };
    head.append(datagram, |message| put_attributes(message, request))
}

/// Appends the request for the number of the family `name`, which loads its module if it can.
pub(crate) fn family_number(
    name: &str,
    sequence: u32,
    datagram: &mut Vec<u8>,
) -> Result<(), ErrorKind> {
    const FAMILY_NAME: Attr = Attr {
        number: 2,
        name: "CTRL_ATTR_FAMILY_NAME",
    };
    let head = Head {
        family: GenlId::Ctrl.into(),
        command: CtrlCmd::Getfamily.into(),
        version: 1,
        flags: NlmF::ACK,
        sequence,
    };
    head.append(datagram, |message| message.put(FAMILY_NAME, name))
}

/// Everything of a message but its attributes.
struct Head {
    family: u16,
    command: u8,
    version: u8,
    flags: NlmF,
    sequence: u32,
}

impl Head {
    fn append(
        &self,
        datagram: &mut Vec<u8>,
        attributes: impl FnOnce(&mut Writer) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        let mut writer = Writer::after(mem::take(datagram));
        let result = self.write(&mut writer, attributes);
        *datagram = writer.finish();
        result
    }

    fn write(
        &self,
        writer: &mut Writer,
        attributes: impl FnOnce(&mut Writer) -> Result<(), ErrorKind>,
    ) -> Result<(), ErrorKind> {
        const PORT: u32 = 0;
        const RESERVED: u16 = 0;
        writer.message(|writer| {
            writer.write(self.family)?;
            writer.write(self.flags | NlmF::REQUEST)?;
            writer.write(self.sequence)?;
            writer.write(PORT)?;
            writer.write(self.command)?;
            writer.write(self.version)?;
            writer.write(RESERVED)?;
            attributes(writer)
        })
    }
}

const fn command(request: &Request) -> u8 {
    match request {
        Request::Info => command::GET_INFO,
        Request::Services | Request::Service(_) => command::GET_SERVICE,
        Request::Destinations(_) => command::GET_DEST,
        Request::AddService(_) => command::NEW_SERVICE,
        Request::EditService(_) => command::SET_SERVICE,
        Request::DeleteService(_) => command::DEL_SERVICE,
        Request::AddDestination(..) => command::NEW_DEST,
        Request::EditDestination(..) => command::SET_DEST,
        Request::DeleteDestination(..) => command::DEL_DEST,
        Request::Zero(_) => command::ZERO,
        Request::Flush => command::FLUSH,
        Request::Timeouts => command::GET_CONFIG,
        Request::SetTimeouts(_) => command::SET_CONFIG,
        Request::Daemons => command::GET_DAEMON,
        Request::StartDaemon(_) => command::NEW_DAEMON,
        Request::StopDaemon(_) => command::DEL_DAEMON,
    }
}

fn put_attributes(message: &mut Writer, request: &Request) -> Result<(), ErrorKind> {
    match request {
        Request::Info
        | Request::Services
        | Request::Zero(None)
        | Request::Flush
        | Request::Timeouts
        | Request::Daemons => Ok(()),
        Request::Service(key)
        | Request::Destinations(key)
        | Request::DeleteService(key)
        | Request::Zero(Some(key)) => put_service_key(message, *key),
        Request::AddService(service) | Request::EditService(service) => {
            message.nest(top::SERVICE, |nest| service_attributes(nest, service))
        }
        Request::AddDestination(key, destination) | Request::EditDestination(key, destination) => {
            put_service_key(message, *key)?;
            message.nest(top::DEST, |nest| destination_attributes(nest, destination))
        }
        Request::DeleteDestination(key, destination) => {
            put_service_key(message, *key)?;
            message.nest(top::DEST, |nest| destination_key(nest, *destination))
        }
        Request::SetTimeouts(timeouts) => put_timeouts(message, *timeouts),
        Request::StartDaemon(daemon) => {
            message.nest(top::DAEMON, |nest| daemon_attributes(nest, daemon))
        }
        Request::StopDaemon(role) => {
            message.nest(top::DAEMON, |nest| nest.put(daemon::STATE, state(*role)))
        }
    }
}

fn put_service_key(message: &mut Writer, key: ServiceKey) -> Result<(), ErrorKind> {
    message.nest(top::SERVICE, |nest| service_key(nest, key))
}

const fn family_value(family: Family) -> u16 {
    match family {
        Family::V4 => attr::AF_INET,
        Family::V6 => attr::AF_INET6,
    }
}

fn service_key(list: &mut Writer, key: ServiceKey) -> Result<(), ErrorKind> {
    list.put(service::AF, family_value(key.family()))?;
    match key {
        ServiceKey::Address {
            protocol,
            address,
            port,
        } => {
            list.put(service::PROTOCOL, u16::from(protocol.0))?;
            list.put_address(service::ADDR, address)?;
            list.put(service::PORT, port.to_be())
        }
        ServiceKey::Mark { mark, .. } => list.put(service::FWMARK, mark.get()),
    }
}

/// The kernel wants every attribute, also of what the service does not have.
fn service_attributes(list: &mut Writer, service: &Service) -> Result<(), ErrorKind> {
    /// Those this crate knows; the kernel's own and unknown ones stay as they are.
    const MASK: u32 = Flags::ALL.bits() | attr::PERSISTENT;
    let family = service.key.family();
    let (persistent, timeout, granularity) = match &service.persistence {
        None => (0, 0, Granularity::single(family)),
        Some(persistence) => (
            attr::PERSISTENT,
            persistence.timeout,
            persistence.granularity,
        ),
    };
    let flags = service.flags.bits() | persistent;
    service_key(list, service.key)?;
    list.put(service::SCHED_NAME, service.scheduler.name())?;
    let mut octets = [0; 8];
    let (value, mask) = octets.split_at_mut(4);
    value.copy_from_slice(&flags.to_ne_bytes());
    mask.copy_from_slice(&MASK.to_ne_bytes());
    list.put(service::FLAGS, octets)?;
    list.put(service::TIMEOUT, timeout)?;
    match (granularity, family) {
        (Granularity::V4(mask), Family::V4) => list.put(service::NETMASK, mask.octets())?,
        (Granularity::V6(length), Family::V6) => {
            list.put(service::NETMASK, u32::from(length))?;
        }
        (Granularity::V4(_) | Granularity::V6(_), Family::V4 | Family::V6) => {
            return Err(ErrorKind::GranularityMismatch);
        }
    }
    if let Some(engine) = service.engine {
        list.put(service::PE_NAME, engine.as_str())?;
    }
    Ok(())
}

fn destination_key(list: &mut Writer, key: DestinationKey) -> Result<(), ErrorKind> {
    list.put(dest::ADDR_FAMILY, family_value(key.family()))?;
    list.put_address(dest::ADDR, key.address)?;
    list.put(dest::PORT, key.port.to_be())
}

fn destination_attributes(list: &mut Writer, destination: &Destination) -> Result<(), ErrorKind> {
    destination_key(list, destination.key)?;
    let method = match destination.forwarding {
        Forwarding::Masquerade => forwarding::MASQ,
        Forwarding::Local => forwarding::LOCALNODE,
        Forwarding::Tunnel(_) => forwarding::TUNNEL,
        Forwarding::Route => forwarding::DROUTE,
        Forwarding::Other(method) => method,
    };
    list.put(dest::FWD_METHOD, u32::from(method))?;
    list.put(dest::WEIGHT, destination.weight)?;
    list.put(dest::U_THRESH, destination.upper)?;
    list.put(dest::L_THRESH, destination.lower)?;
    if let Forwarding::Tunnel(tunnel) = destination.forwarding {
        put_tunnel(list, tunnel)?;
    }
    Ok(())
}

fn put_tunnel(list: &mut Writer, tunnel: Tunnel) -> Result<(), ErrorKind> {
    let (kind, port, flags) = match tunnel {
        Tunnel::Ipip => (tunnel::IPIP, 0, tunnel::NO_CHECKSUM),
        Tunnel::Gue { port, checksum } => (tunnel::GUE, port, checksum_flag(checksum)),
        Tunnel::Gre { checksum } => (tunnel::GRE, 0, checksum_flag(checksum)),
        Tunnel::Other { kind, port, flags } => (kind, port, flags),
    };
    list.put(dest::TUN_TYPE, kind)?;
    list.put(dest::TUN_PORT, port.to_be())?;
    list.put(dest::TUN_FLAGS, flags)
}

const fn checksum_flag(checksum: TunnelChecksum) -> u16 {
    match checksum {
        TunnelChecksum::None => tunnel::NO_CHECKSUM,
        TunnelChecksum::Outer => tunnel::CHECKSUM,
        TunnelChecksum::Remote => tunnel::REMOTE_CHECKSUM,
    }
}

fn put_timeouts(list: &mut Writer, timeouts: Timeouts) -> Result<(), ErrorKind> {
    list.put(top::TIMEOUT_TCP, timeouts.tcp)?;
    list.put(top::TIMEOUT_TCP_FIN, timeouts.tcp_fin)?;
    list.put(top::TIMEOUT_UDP, timeouts.udp)
}

const fn state(role: SyncRole) -> u32 {
    match role {
        SyncRole::Master => attr::MASTER,
        SyncRole::Backup => attr::BACKUP,
    }
}

fn daemon_attributes(list: &mut Writer, daemon: &SyncDaemon) -> Result<(), ErrorKind> {
    list.put(daemon::STATE, state(daemon.role))?;
    list.put(daemon::MCAST_IFN, daemon.interface.as_str())?;
    list.put(daemon::SYNC_ID, u32::from(daemon.id))?;
    if let Some(length) = daemon.max_length {
        list.put(daemon::SYNC_MAXLEN, length)?;
    }
    match daemon.group {
        None => {}
        Some(IpAddr::V4(group)) => list.put(daemon::MCAST_GROUP, group.octets())?,
        Some(IpAddr::V6(group)) => list.put(daemon::MCAST_GROUP6, group.octets())?,
    }
    if let Some(port) = daemon.port {
        list.put(daemon::MCAST_PORT, port)?;
    }
    if let Some(ttl) = daemon.ttl {
        list.put(daemon::MCAST_TTL, ttl)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
