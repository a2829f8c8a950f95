//! Requests to octets.

use core::net::IpAddr;
use std::io::Cursor;

use ipvs_core::{
    Destination, DestinationKey, Family, Flags, Forwarding, Granularity, Service, ServiceKey,
    SyncDaemon, SyncRole, Timeouts, Tunnel, TunnelChecksum,
};
use neli::consts::genl::CtrlCmd;
use neli::consts::nl::{GenlId, NlmF};
use neli::genl::{AttrTypeBuilder, GenlmsghdrBuilder, Nlattr, NlattrBuilder, NoUserHeader};
use neli::nl::{NlPayload, NlmsghdrBuilder};
use neli::types::{Buffer, GenlBuffer};
use neli::{Size, ToBytes};

use crate::attr::{self, Attr, command, daemon, dest, forwarding, service, top, tunnel};
use crate::error::ErrorKind;
use crate::request::Request;

type Attributes = GenlBuffer<u16, Buffer>;

/// Appends `request` to `datagram`, for the family of the number `family`; of what it does not
/// ask a list or a value of, it asks for no acknowledgement.
pub(crate) fn request(
    request: &Request,
    family: u16,
    sequence: u32,
    datagram: &mut Vec<u8>,
) -> Result<(), ErrorKind> {
    let (command, attributes) = attributes(request)?;
    let flags = if request.is_dump() {
        NlmF::DUMP
    } else if request.is_change() {
        NlmF::empty()
    } else {
        NlmF::ACK
    };
    let head = Head {
        family,
        command,
        version: attr::VERSION,
        flags,
        sequence,
    };
    head.append(attributes, datagram)
}

/// Appends the request for the number of the family "IPVS", which loads the module if it can.
pub(crate) fn family_number(sequence: u32, datagram: &mut Vec<u8>) -> Result<(), ErrorKind> {
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
    let mut attributes = List::default();
    attributes.put(FAMILY_NAME, attr::FAMILY)?;
    head.append(attributes, datagram)
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
    fn append(&self, attributes: List, datagram: &mut Vec<u8>) -> Result<(), ErrorKind> {
        let payload = GenlmsghdrBuilder::<u8, u16, NoUserHeader>::default()
            .cmd(self.command)
            .version(self.version)
            .attrs(attributes.0)
            .build()
            .map_err(|_| ErrorKind::Unencodable)?;
        let message = NlmsghdrBuilder::default()
            .nl_type(self.family)
            .nl_flags(self.flags | NlmF::REQUEST)
            .nl_seq(self.sequence)
            .nl_payload(NlPayload::Payload(payload))
            .build()
            .map_err(|_| ErrorKind::Unencodable)?;
        let mut octets = Cursor::new(Vec::with_capacity(message.padded_size()));
        message
            .to_bytes(&mut octets)
            .map_err(|_| ErrorKind::Unencodable)?;
        datagram.extend(octets.into_inner());
        datagram.resize(datagram.len().next_multiple_of(4), 0);
        Ok(())
    }
}

/// Attributes side by side.
#[derive(Default)]
struct List(Attributes);

impl List {
    fn put(&mut self, attr: Attr, payload: impl Size + ToBytes) -> Result<(), ErrorKind> {
        self.0.push(attribute(attr, false, payload)?);
        Ok(())
    }

    fn nest(&mut self, attr: Attr, attributes: Self) -> Result<(), ErrorKind> {
        self.0.push(attribute(attr, true, attributes.0)?);
        Ok(())
    }

    /// IPv4 addresses too have room for an IPv6 address.
    fn put_address(&mut self, attr: Attr, address: IpAddr) -> Result<(), ErrorKind> {
        let mut octets = [0; 16];
        match address {
            IpAddr::V4(address) => {
                for (octet, &value) in octets.iter_mut().zip(&address.octets()) {
                    *octet = value;
                }
            }
            IpAddr::V6(address) => octets = address.octets(),
        }
        self.put(attr, octets)
    }
}

fn attribute(
    attr: Attr,
    nested: bool,
    payload: impl Size + ToBytes,
) -> Result<Nlattr<u16, Buffer>, ErrorKind> {
    let kind = AttrTypeBuilder::default()
        .nla_type(attr.number)
        .nla_nested(nested)
        .build()
        .map_err(|_| ErrorKind::Unencodable)?;
    NlattrBuilder::default()
        .nla_type(kind)
        .nla_payload(payload)
        .build()
        .map_err(|_| ErrorKind::Unencodable)
}

/// The command of a request, and its attributes.
fn attributes(request: &Request) -> Result<(u8, List), ErrorKind> {
    let mut list = List::default();
    let command = match request {
        Request::Info => command::GET_INFO,
        Request::Services => command::GET_SERVICE,
        Request::Service(key) => {
            list.nest(top::SERVICE, service_key(*key)?)?;
            command::GET_SERVICE
        }
        Request::Destinations(key) => {
            list.nest(top::SERVICE, service_key(*key)?)?;
            command::GET_DEST
        }
        Request::AddService(service) => {
            list.nest(top::SERVICE, service_attributes(service)?)?;
            command::NEW_SERVICE
        }
        Request::EditService(service) => {
            list.nest(top::SERVICE, service_attributes(service)?)?;
            command::SET_SERVICE
        }
        Request::DeleteService(key) => {
            list.nest(top::SERVICE, service_key(*key)?)?;
            command::DEL_SERVICE
        }
        Request::AddDestination(key, destination) => {
            list.nest(top::SERVICE, service_key(*key)?)?;
            list.nest(top::DEST, destination_attributes(destination)?)?;
            command::NEW_DEST
        }
        Request::EditDestination(key, destination) => {
            list.nest(top::SERVICE, service_key(*key)?)?;
            list.nest(top::DEST, destination_attributes(destination)?)?;
            command::SET_DEST
        }
        Request::DeleteDestination(key, destination) => {
            list.nest(top::SERVICE, service_key(*key)?)?;
            list.nest(top::DEST, destination_key(*destination)?)?;
            command::DEL_DEST
        }
        Request::Zero(key) => {
            if let Some(key) = key {
                list.nest(top::SERVICE, service_key(*key)?)?;
            }
            command::ZERO
        }
        Request::Flush => command::FLUSH,
        Request::Timeouts => command::GET_CONFIG,
        Request::SetTimeouts(timeouts) => {
            put_timeouts(&mut list, *timeouts)?;
            command::SET_CONFIG
        }
        Request::Daemons => command::GET_DAEMON,
        Request::StartDaemon(daemon) => {
            list.nest(top::DAEMON, daemon_attributes(daemon)?)?;
            command::NEW_DAEMON
        }
        Request::StopDaemon(role) => {
            let mut daemon = List::default();
            daemon.put(daemon::STATE, state(*role))?;
            list.nest(top::DAEMON, daemon)?;
            command::DEL_DAEMON
        }
    };
    Ok((command, list))
}

const fn family_value(family: Family) -> u16 {
    match family {
        Family::V4 => attr::AF_INET,
        Family::V6 => attr::AF_INET6,
    }
}

fn service_key(key: ServiceKey) -> Result<List, ErrorKind> {
    let mut list = List::default();
    list.put(service::AF, family_value(key.family()))?;
    match key {
        ServiceKey::Address {
            protocol,
            address,
            port,
        } => {
            list.put(service::PROTOCOL, u16::from(protocol.0))?;
            list.put_address(service::ADDR, address)?;
            list.put(service::PORT, port.to_be())?;
        }
        ServiceKey::Mark { mark, .. } => list.put(service::FWMARK, mark.get())?,
    }
    Ok(list)
}

/// The kernel wants every attribute, also of what the service does not have.
fn service_attributes(service: &Service) -> Result<List, ErrorKind> {
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
    let mut list = service_key(service.key)?;
    list.put(service::SCHED_NAME, service.scheduler.name())?;
    list.put(service::FLAGS, vec![flags, MASK])?;
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
    if let Some(engine) = service
        .persistence
        .and_then(|persistence| persistence.engine)
    {
        list.put(service::PE_NAME, engine.as_str())?;
    }
    Ok(list)
}

fn destination_key(key: DestinationKey) -> Result<List, ErrorKind> {
    let mut list = List::default();
    list.put(dest::ADDR_FAMILY, family_value(key.family()))?;
    list.put_address(dest::ADDR, key.address)?;
    list.put(dest::PORT, key.port.to_be())?;
    Ok(list)
}

fn destination_attributes(destination: &Destination) -> Result<List, ErrorKind> {
    let mut list = destination_key(destination.key)?;
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
        put_tunnel(&mut list, tunnel)?;
    }
    Ok(list)
}

fn put_tunnel(list: &mut List, tunnel: Tunnel) -> Result<(), ErrorKind> {
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

fn put_timeouts(list: &mut List, timeouts: Timeouts) -> Result<(), ErrorKind> {
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

fn daemon_attributes(daemon: &SyncDaemon) -> Result<List, ErrorKind> {
    let mut list = List::default();
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
    Ok(list)
}

#[cfg(test)]
mod tests;
