//! The decoder of IPVS attributes into the types of ipvs-core.
//!
//! Attributes are found by number in borrowed octets, and sizes are checked before neli reads a
//! value. Every length is checked, and nothing panics; neli's own readers copy each attribute into
//! a buffer, and some subtract before they compare.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::num::NonZeroU32;
use std::io::Cursor;

use ipvs_core::destination::{Tunnel, TunnelChecksum};
use ipvs_core::record::{Activity, DestinationRecord, Rates, ServiceRecord, Statistics, Totals};
use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{
    Destination, DestinationKey, Family, Forwarding, Name, Protocol, Scheduler, Service,
    ServiceKey, SyncDaemon, SyncRole, Timeouts,
};
use neli::{FromBytes, TypeSize};
use thiserror::Error;

use crate::attr::{self, Attr, daemon, dest, forwarding, info, service, stats, top, tunnel};
use crate::request::{Info, Version};

/// Why an answer is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// A length contradicts the octets that are there.
    #[error("a length inside it is wrong")]
    Framing,
    /// An attribute is not there.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// An attribute has a size it cannot have.
    #[error("{attribute} has {octets} octets")]
    Size {
        /// The attribute.
        attribute: &'static str,
        /// Its octets.
        octets: usize,
    },
    /// An attribute has a value it cannot have.
    #[error("{attribute} has the value {value}")]
    Value {
        /// The attribute.
        attribute: &'static str,
        /// Its value.
        value: u32,
    },
    /// An attribute holds no name.
    #[error("{0} is no name")]
    Name(&'static str),
}

/// More than any attribute's number.
const NUMBERS: usize = 16;

/// The attributes of a message or of a nest, by their numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nest<'a>([Option<&'a [u8]>; NUMBERS]);

impl<'a> Nest<'a> {
    /// The attributes in `octets`, the first of each number.
    pub(crate) fn read(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut values = [None; NUMBERS];
        let mut rest = octets;
        while !rest.is_empty() {
            let (number, value, behind) = split_attribute(rest).ok_or(DecodeError::Framing)?;
            if let Some(place) = values.get_mut(usize::from(number)) {
                place.get_or_insert(value);
            }
            rest = behind;
        }
        Ok(Self(values))
    }

    /// The value of an attribute.
    pub(crate) fn find(&self, number: u16) -> Option<&'a [u8]> {
        self.0.get(usize::from(number)).copied().flatten()
    }

    /// A number in the machine's order of octets.
    fn number<T: FromBytes + TypeSize>(&self, attr: Attr) -> Result<T, DecodeError> {
        let octets = self.octets(attr)?;
        if octets.len() != T::type_size() {
            return Err(size(attr, octets));
        }
        T::from_bytes(&mut Cursor::new(octets)).map_err(|_| size(attr, octets))
    }

    fn octets(&self, attr: Attr) -> Result<&'a [u8], DecodeError> {
        self.find(attr.number)
            .ok_or(DecodeError::Missing(attr.name))
    }

    fn nest(&self, attr: Attr) -> Result<Self, DecodeError> {
        self.octets(attr).and_then(Self::read)
    }

    fn array<const N: usize>(&self, attr: Attr) -> Result<[u8; N], DecodeError> {
        let octets = self.octets(attr)?;
        octets.try_into().map_err(|_| size(attr, octets))
    }

    fn u8(&self, attr: Attr) -> Result<u8, DecodeError> {
        self.number(attr)
    }

    fn u16(&self, attr: Attr) -> Result<u16, DecodeError> {
        self.number(attr)
    }

    fn port(&self, attr: Attr) -> Result<u16, DecodeError> {
        self.array(attr).map(u16::from_be_bytes)
    }

    fn u32(&self, attr: Attr) -> Result<u32, DecodeError> {
        self.number(attr)
    }

    /// A counter, which the kernel has in either of two sizes.
    fn counter(&self, attr: Attr) -> Result<u64, DecodeError> {
        let octets = self.octets(attr)?;
        match (octets.try_into(), octets.try_into()) {
            (Ok(octets), _) => Ok(u64::from_ne_bytes(octets)),
            (_, Ok(octets)) => Ok(u64::from(u32::from_ne_bytes(octets))),
            (Err(_), Err(_)) => Err(size(attr, octets)),
        }
    }

    /// An IPv4 address in 4 octets or at the front of 16, or an IPv6 address.
    fn address(&self, attr: Attr, family: Family) -> Result<IpAddr, DecodeError> {
        let octets = self.octets(attr)?;
        match (family, octets.len()) {
            (Family::V4, 4 | 16) => octets
                .first_chunk::<4>()
                .map(|octets| Ipv4Addr::from(*octets).into()),
            (Family::V6, 16) => octets
                .first_chunk::<16>()
                .map(|octets| Ipv6Addr::from(*octets).into()),
            _ => None,
        }
        .ok_or_else(|| size(attr, octets))
    }

    fn family(&self, attr: Attr) -> Result<Family, DecodeError> {
        match self.u16(attr)? {
            attr::AF_INET => Ok(Family::V4),
            attr::AF_INET6 => Ok(Family::V6),
            other => Err(value(attr, other.into())),
        }
    }

    fn text(&self, attr: Attr) -> Result<&'a str, DecodeError> {
        text(self.octets(attr)?).ok_or(DecodeError::Name(attr.name))
    }

    fn statistics(&self, wide: Attr, narrow: Attr) -> Result<Statistics, DecodeError> {
        let attr = if self.has(wide) { wide } else { narrow };
        if self.has(attr) {
            statistics(&self.nest(attr)?)
        } else {
            Ok(Statistics::default())
        }
    }

    fn has(&self, attr: Attr) -> bool {
        self.find(attr.number).is_some()
    }

    /// What `read` makes of an attribute that may be absent.
    fn optional<T>(
        &self,
        attr: Attr,
        read: impl FnOnce(&Self, Attr) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        self.has(attr).then(|| read(self, attr)).transpose()
    }
}

/// Type without its flags and value of the first attribute, and what is behind it.
fn split_attribute(octets: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    /// Octets of `struct nlattr`.
    const HEADER: usize = 4;
    /// Without `NLA_F_NESTED` and `NLA_F_NET_BYTEORDER`.
    const TYPE: u16 = 0x3fff;
    let &[low, high, kind_low, kind_high, ..] = octets else {
        return None;
    };
    let length = usize::from(u16::from_ne_bytes([low, high]));
    let kind = u16::from_ne_bytes([kind_low, kind_high]) & TYPE;
    let value = octets.get(HEADER..length)?;
    let behind = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, value, behind))
}

const fn size(attr: Attr, octets: &[u8]) -> DecodeError {
    DecodeError::Size {
        attribute: attr.name,
        octets: octets.len(),
    }
}

const fn value(attr: Attr, value: u32) -> DecodeError {
    DecodeError::Value {
        attribute: attr.name,
        value,
    }
}

/// The text of a NUL-terminated attribute, if it is UTF-8.
pub(crate) fn text(value: &[u8]) -> Option<&str> {
    let end = value.iter().position(|&octet| octet == 0);
    str::from_utf8(value.get(..end.unwrap_or(value.len()))?).ok()
}

/// The attributes behind the header of a generic-netlink message.
fn message(payload: &[u8]) -> Result<Nest<'_>, DecodeError> {
    /// Octets of `struct genlmsghdr`.
    const HEADER: usize = 4;
    Nest::read(payload.get(HEADER..).ok_or(DecodeError::Framing)?)
}

/// The number `CTRL_CMD_GETFAMILY` answers with.
pub(crate) fn family_number(payload: &[u8]) -> Result<u16, DecodeError> {
    const FAMILY_ID: Attr = Attr {
        number: 1,
        name: "CTRL_ATTR_FAMILY_ID",
    };
    message(payload)?.u16(FAMILY_ID)
}

pub(crate) fn info(payload: &[u8]) -> Result<Info, DecodeError> {
    let message = message(payload)?;
    Ok(Info {
        version: Version(message.u32(info::VERSION)?),
        connection_table_size: message.u32(info::CONN_TAB_SIZE)?,
    })
}

pub(crate) fn timeouts(payload: &[u8]) -> Result<Timeouts, DecodeError> {
    let message = message(payload)?;
    Ok(Timeouts {
        tcp: message.u32(top::TIMEOUT_TCP)?,
        tcp_fin: message.u32(top::TIMEOUT_TCP_FIN)?,
        udp: message.u32(top::TIMEOUT_UDP)?,
    })
}

pub(crate) fn service(payload: &[u8]) -> Result<ServiceRecord, DecodeError> {
    let nest = message(payload)?.nest(top::SERVICE)?;
    let key = service_key(&nest)?;
    let [a, b, c, d, ..] = nest.array::<8>(service::FLAGS)?;
    let flags = u32::from_ne_bytes([a, b, c, d]);
    let scheduler = nest.text(service::SCHED_NAME)?;
    let persistence = if flags & attr::PERSISTENT == 0 {
        None
    } else {
        Some(persistence(&nest, key.family())?)
    };
    Ok(ServiceRecord {
        service: Service {
            key,
            scheduler: Scheduler::named(scheduler)
                .map_err(|_| DecodeError::Name(service::SCHED_NAME.name))?,
            flags: Flags::from_bits(flags),
            persistence,
            engine: nest.optional(service::PE_NAME, name)?,
        },
        statistics: nest.statistics(service::STATS64, service::STATS)?,
    })
}

fn service_key(nest: &Nest<'_>) -> Result<ServiceKey, DecodeError> {
    let family = nest.family(service::AF)?;
    let mark = nest.optional(service::FWMARK, Nest::u32)?.unwrap_or(0);
    if let Some(mark) = NonZeroU32::new(mark) {
        return Ok(ServiceKey::Mark { mark, family });
    }
    let protocol = nest.u16(service::PROTOCOL)?;
    Ok(ServiceKey::Address {
        protocol: u8::try_from(protocol)
            .map(Protocol)
            .map_err(|_| value(service::PROTOCOL, protocol.into()))?,
        address: nest.address(service::ADDR, family)?,
        port: nest.port(service::PORT)?,
    })
}

fn persistence(nest: &Nest<'_>, family: Family) -> Result<Persistence, DecodeError> {
    let netmask = nest.array(service::NETMASK)?;
    let granularity = match family {
        Family::V4 => Granularity::V4(Ipv4Addr::from(netmask)),
        Family::V6 => {
            let length = u32::from_ne_bytes(netmask);
            u8::try_from(length)
                .map(Granularity::V6)
                .map_err(|_| value(service::NETMASK, length))?
        }
    };
    Ok(Persistence {
        timeout: nest.u32(service::TIMEOUT)?,
        granularity,
    })
}

fn name(nest: &Nest<'_>, attr: Attr) -> Result<Name, DecodeError> {
    Name::new(nest.text(attr)?).map_err(|_| DecodeError::Name(attr.name))
}

/// A destination of a service of `family`.
pub(crate) fn destination(
    payload: &[u8],
    family: Family,
) -> Result<DestinationRecord, DecodeError> {
    let nest = message(payload)?.nest(top::DEST)?;
    Ok(DestinationRecord {
        destination: described(&nest, family)?,
        activity: Activity {
            active: nest.u32(dest::ACTIVE_CONNS)?,
            inactive: nest.u32(dest::INACT_CONNS)?,
            persistent: nest.u32(dest::PERSIST_CONNS)?,
        },
        statistics: nest.statistics(dest::STATS64, dest::STATS)?,
    })
}

/// The service that a request is about, if it is about one.
pub(crate) fn requested_service(payload: &[u8]) -> Result<Option<ServiceKey>, DecodeError> {
    let message = message(payload)?;
    message.optional(top::SERVICE, |message, attr| {
        service_key(&message.nest(attr)?)
    })
}

/// The destination that a request with no more than its key is about.
pub(crate) fn requested_destination(
    payload: &[u8],
    family: Family,
) -> Result<DestinationKey, DecodeError> {
    destination_key(&message(payload)?.nest(top::DEST)?, family)
}

/// The daemon that a request to stop it is about.
pub(crate) fn requested_role(payload: &[u8]) -> Result<SyncRole, DecodeError> {
    role(&message(payload)?.nest(top::DAEMON)?)
}

/// The name `CTRL_CMD_GETFAMILY` asks for.
pub(crate) fn requested_family(payload: &[u8]) -> Result<&str, DecodeError> {
    const FAMILY_NAME: Attr = Attr {
        number: 2,
        name: "CTRL_ATTR_FAMILY_NAME",
    };
    message(payload)?.text(FAMILY_NAME)
}

/// The destination that a request is about.
pub(crate) fn requested(payload: &[u8], family: Family) -> Result<Destination, DecodeError> {
    described(&message(payload)?.nest(top::DEST)?, family)
}

fn destination_key(nest: &Nest<'_>, family: Family) -> Result<DestinationKey, DecodeError> {
    // It comes behind the address; before Linux 3.18 there is none, and no other family either.
    let family = nest
        .optional(dest::ADDR_FAMILY, Nest::family)?
        .unwrap_or(family);
    Ok(DestinationKey {
        address: nest.address(dest::ADDR, family)?,
        port: nest.port(dest::PORT)?,
    })
}

fn described(nest: &Nest<'_>, family: Family) -> Result<Destination, DecodeError> {
    Ok(Destination {
        key: destination_key(nest, family)?,
        forwarding: forwarding(nest)?,
        weight: nest.u32(dest::WEIGHT)?,
        upper: nest.u32(dest::U_THRESH)?,
        lower: nest.u32(dest::L_THRESH)?,
    })
}

fn forwarding(nest: &Nest<'_>) -> Result<Forwarding, DecodeError> {
    let [method, ..] = (nest.u32(dest::FWD_METHOD)? & forwarding::MASK).to_le_bytes();
    Ok(match method {
        forwarding::MASQ => Forwarding::Masquerade,
        forwarding::LOCALNODE => Forwarding::Local,
        forwarding::TUNNEL => Forwarding::Tunnel(tunnel(nest)?),
        forwarding::DROUTE => Forwarding::Route,
        other => Forwarding::Other(other),
    })
}

fn tunnel(nest: &Nest<'_>) -> Result<Tunnel, DecodeError> {
    let kind = nest.optional(dest::TUN_TYPE, Nest::u8)?;
    let port = nest.optional(dest::TUN_PORT, Nest::port)?.unwrap_or(0);
    let flags = nest.optional(dest::TUN_FLAGS, Nest::u16)?.unwrap_or(0);
    let checksum = match flags {
        tunnel::NO_CHECKSUM => Some(TunnelChecksum::None),
        tunnel::CHECKSUM => Some(TunnelChecksum::Outer),
        tunnel::REMOTE_CHECKSUM => Some(TunnelChecksum::Remote),
        _ => None,
    };
    Ok(match (kind.unwrap_or(tunnel::IPIP), port, checksum) {
        (tunnel::IPIP, 0, Some(TunnelChecksum::None)) => Tunnel::Ipip,
        (tunnel::GUE, port, Some(checksum)) => Tunnel::Gue { port, checksum },
        (tunnel::GRE, 0, Some(checksum)) => Tunnel::Gre { checksum },
        (kind, port, _) => Tunnel::Other { kind, port, flags },
    })
}

fn statistics(nest: &Nest<'_>) -> Result<Statistics, DecodeError> {
    Ok(Statistics {
        totals: Totals {
            connections: nest.counter(stats::CONNS)?,
            packets_in: nest.counter(stats::INPKTS)?,
            packets_out: nest.counter(stats::OUTPKTS)?,
            octets_in: nest.counter(stats::INBYTES)?,
            octets_out: nest.counter(stats::OUTBYTES)?,
        },
        rates: Rates {
            connections: nest.counter(stats::CPS)?,
            packets_in: nest.counter(stats::INPPS)?,
            packets_out: nest.counter(stats::OUTPPS)?,
            octets_in: nest.counter(stats::INBPS)?,
            octets_out: nest.counter(stats::OUTBPS)?,
        },
    })
}

fn role(nest: &Nest<'_>) -> Result<SyncRole, DecodeError> {
    match nest.u32(daemon::STATE)? {
        attr::MASTER => Ok(SyncRole::Master),
        attr::BACKUP => Ok(SyncRole::Backup),
        other => Err(value(daemon::STATE, other)),
    }
}

pub(crate) fn daemon(payload: &[u8]) -> Result<SyncDaemon, DecodeError> {
    let nest = message(payload)?.nest(top::DAEMON)?;
    let role = role(&nest)?;
    // The kernel keeps what it was given, and puts the low octet on the wire.
    let [id, ..] = nest.u32(daemon::SYNC_ID)?.to_le_bytes();
    let group = |attr, family| nest.optional(attr, |nest, attr| nest.address(attr, family));
    Ok(SyncDaemon {
        role,
        interface: name(&nest, daemon::MCAST_IFN)?,
        id,
        max_length: nest.optional(daemon::SYNC_MAXLEN, Nest::u16)?,
        group: match group(daemon::MCAST_GROUP, Family::V4)? {
            None => group(daemon::MCAST_GROUP6, Family::V6)?,
            group => group,
        },
        port: nest.optional(daemon::MCAST_PORT, Nest::u16)?,
        ttl: nest.optional(daemon::MCAST_TTL, Nest::u8)?,
    })
}

#[cfg(test)]
mod tests;
