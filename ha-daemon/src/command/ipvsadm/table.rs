//! The listing of services and destinations.

use core::fmt;

use ipvs_core::destination::{Tunnel, TunnelChecksum};
use ipvs_core::record::{DestinationRecord, ServiceRecord, Statistics};
use ipvs_core::rules::Listing;
use ipvs_core::service::{Flags, Granularity};
use ipvs_core::{Family, Forwarding, Protocol, Scheduler, Service, ServiceKey};

use super::endpoint::Endpoints;
use super::figure;

/// A service and its destinations, as the kernel reported them.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) record: ServiceRecord,
    pub(super) destinations: Vec<DestinationRecord>,
}

/// What a listing has beside the names; of several that are asked for, the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Columns {
    Statistics { exact: bool },
    Rates { exact: bool },
    Thresholds,
    Persistence,
    Tunnels,
    Plain,
}

impl Columns {
    fn of(listing: &Listing) -> Self {
        let exact = listing.exact;
        if listing.statistics {
            Self::Statistics { exact }
        } else if listing.rates {
            Self::Rates { exact }
        } else if listing.thresholds {
            Self::Thresholds
        } else if listing.persistent {
            Self::Persistence
        } else if listing.tunnels {
            Self::Tunnels
        } else {
            Self::Plain
        }
    }

    // Two of them end in a space.
    const fn heading(self) -> &'static str {
        match self {
            Self::Statistics { .. } => {
                "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes\n  \
                 -> RemoteAddress:Port\n"
            }
            Self::Rates { .. } => {
                "Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS\n  \
                 -> RemoteAddress:Port\n"
            }
            Self::Thresholds => {
                "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n  \
                 -> RemoteAddress:Port\n"
            }
            Self::Persistence => {
                "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n  \
                 -> RemoteAddress:Port\n"
            }
            Self::Tunnels => {
                "Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward \
                 TunnelInfo    Weight ActiveConn InActConn\n"
            }
            Self::Plain => {
                "Prot LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward \
                 Weight ActiveConn InActConn\n"
            }
        }
    }
}

/// Writes what `listing` asks of the table `entries`, in the order they have.
pub(super) fn write(
    out: &mut dyn fmt::Write,
    listing: &Listing,
    entries: &[Entry],
    endpoints: &mut Endpoints<'_>,
) -> fmt::Result {
    let columns = Columns::of(listing);
    out.write_str(columns.heading())?;
    for entry in entries {
        let protocol = write_service(out, columns, &entry.record, endpoints)?;
        for record in &entry.destinations {
            write_destination(out, columns, record, protocol, endpoints)?;
        }
    }
    Ok(())
}

/// Returns what the ports of its destinations are of.
fn write_service(
    out: &mut dyn fmt::Write,
    columns: Columns,
    record: &ServiceRecord,
    endpoints: &mut Endpoints<'_>,
) -> Result<Protocol, fmt::Error> {
    let service = &record.service;
    let (kind, name, protocol) = match service.key {
        ServiceKey::Address {
            protocol,
            address,
            port,
        } => {
            let name = column(endpoints.text(address, port, protocol), address.is_ipv4());
            (keyword(protocol), name, protocol)
        }
        ServiceKey::Mark { mark, family } => {
            let family = match family {
                Family::V4 => "",
                Family::V6 => " IPv6",
            };
            // ipvsadm prints marks as signed numbers.
            let name = format!("{}{family}", mark.get().cast_signed());
            ("FWM", name, Protocol(0))
        }
    };
    match columns {
        Columns::Statistics { .. } | Columns::Rates { .. } => {
            write!(out, "{kind:<4} {name:<28}")?;
            write_figures(out, columns, &record.statistics)?;
        }
        Columns::Thresholds | Columns::Persistence | Columns::Tunnels | Columns::Plain => {
            write!(out, "{kind:<4} {name} {}", service.scheduler)?;
            write_options(out, service)?;
        }
    }
    out.write_char('\n')?;
    Ok(protocol)
}

// ipvsadm calls everything that is neither TCP nor SCTP so.
const fn keyword(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::TCP => "TCP",
        Protocol::SCTP => "SCTP",
        _ => "UDP",
    }
}

fn write_options(out: &mut dyn fmt::Write, service: &Service) -> fmt::Result {
    write_flags(out, &service.scheduler, service.flags)?;
    if let Some(persistence) = &service.persistence {
        write!(out, " persistent {}", persistence.timeout)?;
        if persistence.granularity != Granularity::single(service.key.family()) {
            match persistence.granularity {
                Granularity::V4(mask) => write!(out, " mask {mask}")?,
                Granularity::V6(prefix) => write!(out, " mask {prefix}")?,
            }
        }
        if let Some(engine) = &service.engine {
            write!(out, " pe {engine}")?;
        }
    }
    if service.flags.contains(Flags::ONE_PACKET) {
        out.write_str(" ops")?;
    }
    Ok(())
}

fn write_flags(out: &mut dyn fmt::Write, scheduler: &Scheduler, flags: Flags) -> fmt::Result {
    let names = match scheduler.name() {
        "sh" => ["sh-fallback", "sh-port", ""],
        "mh" => ["mh-fallback", "mh-port", ""],
        _ => ["flag-1", "flag-2", "flag-3"],
    };
    let bits = [Flags::SCHED_1, Flags::SCHED_2, Flags::SCHED_3];
    if !bits.iter().any(|&bit| flags.contains(bit)) {
        return Ok(());
    }
    out.write_str(" (")?;
    let mut separator = "";
    for (name, bit) in names.into_iter().zip(bits) {
        if flags.contains(bit) && !name.is_empty() {
            write!(out, "{separator}{name}")?;
            separator = ",";
        }
    }
    out.write_char(')')
}

fn write_destination(
    out: &mut dyn fmt::Write,
    columns: Columns,
    record: &DestinationRecord,
    protocol: Protocol,
    endpoints: &mut Endpoints<'_>,
) -> fmt::Result {
    let destination = &record.destination;
    let key = &destination.key;
    let name = column(
        endpoints.text(key.address, key.port, protocol),
        key.address.is_ipv4(),
    );
    let (active, inactive) = (record.activity.active, record.activity.inactive);
    // ipvsadm prints weights as signed numbers.
    let weight = destination.weight.cast_signed();
    let forwarding = forwarding(destination.forwarding);
    write!(out, "  -> {name:<28}")?;
    match columns {
        Columns::Statistics { .. } | Columns::Rates { .. } => {
            write_figures(out, columns, &record.statistics)?;
        }
        Columns::Thresholds => write!(
            out,
            " {:<10} {:<10} {active:<10} {inactive:<10}",
            destination.upper, destination.lower
        )?,
        Columns::Persistence => write!(
            out,
            " {weight:<9} {:<11} {active:<10} {inactive:<10}",
            record.activity.persistent
        )?,
        Columns::Tunnels => write!(
            out,
            " {forwarding:<7} {:<13} {weight:<6} {active:<10} {inactive:<10}",
            tunnel(destination.forwarding)
        )?,
        Columns::Plain => write!(
            out,
            " {forwarding:<7} {weight:<6} {active:<10} {inactive:<10}"
        )?,
    }
    out.write_char('\n')
}

fn write_figures(
    out: &mut dyn fmt::Write,
    columns: Columns,
    statistics: &Statistics,
) -> fmt::Result {
    let Statistics { totals, rates } = statistics;
    let (figures, exact) = match columns {
        Columns::Statistics { exact } => (
            [
                totals.connections,
                totals.packets_in,
                totals.packets_out,
                totals.octets_in,
                totals.octets_out,
            ],
            exact,
        ),
        Columns::Rates { exact } => (
            [
                rates.connections,
                rates.packets_in,
                rates.packets_out,
                rates.octets_in,
                rates.octets_out,
            ],
            exact,
        ),
        Columns::Thresholds | Columns::Persistence | Columns::Tunnels | Columns::Plain => {
            return Ok(());
        }
    };
    figures
        .into_iter()
        .try_for_each(|value| figure::write(out, value, exact))
}

/// A name in its column: ipvsadm cuts those of IPv4 to 28 octets.
fn column(mut name: String, cut: bool) -> String {
    if cut {
        let end = (0..=28).rev().find(|&end| name.is_char_boundary(end));
        name.truncate(end.unwrap_or(0));
    }
    name
}

const fn forwarding(forwarding: Forwarding) -> &'static str {
    match forwarding {
        Forwarding::Masquerade => "Masq",
        Forwarding::Local => "Local",
        Forwarding::Tunnel(_) => "Tunnel",
        Forwarding::Route => "Route",
        Forwarding::Other(_) => "?",
    }
}

fn tunnel(forwarding: Forwarding) -> String {
    let Forwarding::Tunnel(tunnel) = forwarding else {
        return "n/a".to_owned();
    };
    let mark = |checksum| match checksum {
        TunnelChecksum::None => "-c",
        TunnelChecksum::Outer => "+c",
        TunnelChecksum::Remote => "r+c",
    };
    match tunnel {
        Tunnel::Ipip => "ipip".to_owned(),
        Tunnel::Gue { port, checksum } => format!("gue:{port}:{}", mark(checksum)),
        Tunnel::Gre { checksum } => format!("gre:{}", mark(checksum)),
        Tunnel::Other { kind, .. } => format!("type {kind}"),
    }
}

#[cfg(test)]
mod tests;
