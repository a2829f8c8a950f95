//! The printer of commands.

use core::fmt::{self, Write};
use core::net::{IpAddr, SocketAddr};

use super::{Command, Content, Listing};
use crate::destination::{Tunnel, TunnelChecksum};
use crate::service::{Flags, Granularity, Persistence};
use crate::{
    Destination, Family, Forwarding, Protocol, Scheduler, Service, ServiceKey, SyncDaemon, SyncRole,
};

/// Writes an address and a port of a protocol, as names or as numbers ([`numeric`]).
pub type Endpoint<'a> = dyn FnMut(&mut dyn Write, IpAddr, u16, Protocol) -> fmt::Result + 'a;

/// `192.0.2.1:80`, `[2001:db8::1]:80`.
///
/// # Errors
///
/// Those of `out`.
pub fn numeric(out: &mut dyn Write, address: IpAddr, port: u16, _: Protocol) -> fmt::Result {
    write!(out, "{}", SocketAddr::new(address, port))
}

/// Writes `service` and `destinations` the way `ipvsadm -S` does: a line each, in the order given.
///
/// Like ipvsadm it leaves out the thresholds of destinations and the third flag of the hashing
/// schedulers, and writes local destinations as directly routed ones. [`Command`] prints all that
/// ipvsadm can read.
///
/// # Errors
///
/// Those of `out`.
pub fn save(
    out: &mut dyn Write,
    service: &Service,
    destinations: &[Destination],
    endpoint: &mut Endpoint<'_>,
) -> fmt::Result {
    out.write_str("-A ")?;
    write_service(out, service, Detail::Ipvsadm, endpoint)?;
    out.write_char('\n')?;
    for destination in destinations {
        out.write_str("-a ")?;
        write_destination(out, &service.key, destination, Detail::Ipvsadm, endpoint)?;
        out.write_char('\n')?;
    }
    Ok(())
}

/// How much is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// What `ipvsadm -S` writes.
    Ipvsadm,
    /// All that ipvsadm reads.
    Full,
}

/// One line that [`parse_line`](super::parse_line) reads back, if what it holds passes the checks
/// of this crate and no destination is [`Forwarding::Local`], which ipvsadm has no option for.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let full = Detail::Full;
        match self {
            Self::AddService(service) => {
                f.write_str("-A ")?;
                write_service(f, service, full, &mut numeric)
            }
            Self::EditService(service) => {
                f.write_str("-E ")?;
                write_service(f, service, full, &mut numeric)
            }
            Self::DeleteService(key) => {
                f.write_str("-D ")?;
                write_key(f, key, full, &mut numeric)
            }
            Self::AddDestination(key, destination) => {
                f.write_str("-a ")?;
                write_destination(f, key, destination, full, &mut numeric)
            }
            Self::EditDestination(key, destination) => {
                f.write_str("-e ")?;
                write_destination(f, key, destination, full, &mut numeric)
            }
            Self::DeleteDestination(key, destination) => {
                f.write_str("-d ")?;
                write_key(f, key, full, &mut numeric)?;
                write!(f, " -r {destination}")
            }
            Self::Clear => f.write_str("-C"),
            Self::Zero(None) => f.write_str("-Z"),
            Self::Zero(Some(key)) => {
                f.write_str("-Z ")?;
                write_key(f, key, full, &mut numeric)
            }
            Self::SetTimeouts(timeouts) => {
                let (tcp, tcp_fin, udp) = (timeouts.tcp, timeouts.tcp_fin, timeouts.udp);
                write!(f, "--set {tcp} {tcp_fin} {udp}")
            }
            Self::StartDaemon(daemon) => write_daemon(f, daemon),
            Self::StopDaemon { role, id } => {
                write!(f, "--stop-daemon {} --syncid {id}", role_name(*role))
            }
            Self::List(listing) => write_listing(f, listing),
            Self::Save { numeric: false } => f.write_str("-S"),
            Self::Save { numeric: true } => f.write_str("-S -n"),
            Self::Restore => f.write_str("-R"),
            Self::Help => f.write_str("-h"),
            Self::Version => f.write_str("-v"),
        }
    }
}

fn write_key(
    out: &mut dyn Write,
    key: &ServiceKey,
    detail: Detail,
    endpoint: &mut Endpoint<'_>,
) -> fmt::Result {
    match *key {
        ServiceKey::Address {
            protocol,
            address,
            port,
        } => {
            out.write_str(match protocol {
                Protocol::TCP => "-t ",
                Protocol::UDP => "-u ",
                Protocol::SCTP => "--sctp-service ",
                Protocol(_) => "--xxx-service ",
            })?;
            endpoint(out, address, port, protocol)
        }
        ServiceKey::Mark { mark, family } => {
            match detail {
                // A signed number, which ipvsadm does not read back.
                Detail::Ipvsadm => write!(out, "-f {}", mark.get().cast_signed())?,
                Detail::Full => write!(out, "-f {mark}")?,
            }
            match family {
                Family::V4 => Ok(()),
                Family::V6 => out.write_str(" -6"),
            }
        }
    }
}

fn write_service(
    out: &mut dyn Write,
    service: &Service,
    detail: Detail,
    endpoint: &mut Endpoint<'_>,
) -> fmt::Result {
    write_key(out, &service.key, detail, endpoint)?;
    write!(out, " -s {}", service.scheduler)?;
    if let Some(persistence) = &service.persistence {
        write_persistence(out, persistence)?;
    }
    if let Some(engine) = service.engine {
        write!(out, " --pe {engine}")?;
    }
    if service.flags.contains(Flags::ONE_PACKET) {
        out.write_str(" -o")?;
    }
    let mut separator = " -b ";
    for (flag, name) in flag_names(service.scheduler, detail) {
        if service.flags.contains(flag) {
            write!(out, "{separator}{name}")?;
            separator = ",";
        }
    }
    Ok(())
}

fn write_persistence(out: &mut dyn Write, persistence: &Persistence) -> fmt::Result {
    write!(out, " -p {}", persistence.timeout)?;
    let single = Granularity::single(persistence.granularity.family());
    if persistence.granularity != single {
        match persistence.granularity {
            Granularity::V4(mask) => write!(out, " -M {mask}")?,
            Granularity::V6(length) => write!(out, " -M {length}")?,
        }
    }
    Ok(())
}

fn flag_names(scheduler: Scheduler, detail: Detail) -> impl Iterator<Item = (Flags, &'static str)> {
    let (first, second, hashing) = match scheduler.name() {
        "sh" => ("sh-fallback", "sh-port", true),
        "mh" => ("mh-fallback", "mh-port", true),
        _ => ("flag-1", "flag-2", false),
    };
    let third = (!hashing || detail == Detail::Full).then_some((Flags::SCHED_3, "flag-3"));
    [(Flags::SCHED_1, first), (Flags::SCHED_2, second)]
        .into_iter()
        .chain(third)
}

fn write_destination(
    out: &mut dyn Write,
    service: &ServiceKey,
    destination: &Destination,
    detail: Detail,
    endpoint: &mut Endpoint<'_>,
) -> fmt::Result {
    write_key(out, service, detail, endpoint)?;
    out.write_str(" -r ")?;
    let protocol = match service {
        ServiceKey::Address { protocol, .. } => *protocol,
        ServiceKey::Mark { .. } => Protocol::TCP,
    };
    endpoint(out, destination.key.address, destination.key.port, protocol)?;
    out.write_str(match destination.forwarding {
        Forwarding::Masquerade => " -m",
        Forwarding::Tunnel(_) => " -i",
        Forwarding::Local | Forwarding::Route => " -g",
        Forwarding::Other(_) => " (null)",
    })?;
    write!(out, " -w {}", destination.weight.cast_signed())?;
    if let Forwarding::Tunnel(tunnel) = destination.forwarding {
        write_tunnel(out, tunnel)?;
    }
    if detail == Detail::Full && destination.upper != 0 {
        write!(out, " -x {}", destination.upper)?;
    }
    if detail == Detail::Full && destination.lower != 0 {
        write!(out, " -y {}", destination.lower)?;
    }
    Ok(())
}

fn write_tunnel(out: &mut dyn Write, tunnel: Tunnel) -> fmt::Result {
    match tunnel {
        Tunnel::Ipip => out.write_str(" --tun-type ipip"),
        Tunnel::Gue { port, checksum } => {
            let checksum = checksum_name(checksum);
            write!(out, " --tun-type gue --tun-port {port} {checksum}")
        }
        Tunnel::Gre { checksum } => {
            write!(out, " --tun-type gre {}", checksum_name(checksum))
        }
        // ipvsadm knows no more types.
        Tunnel::Other { .. } => Ok(()),
    }
}

const fn checksum_name(checksum: TunnelChecksum) -> &'static str {
    match checksum {
        TunnelChecksum::None => "--tun-nocsum",
        TunnelChecksum::Outer => "--tun-csum",
        TunnelChecksum::Remote => "--tun-remcsum",
    }
}

const fn role_name(role: SyncRole) -> &'static str {
    match role {
        SyncRole::Master => "master",
        SyncRole::Backup => "backup",
    }
}

fn write_daemon(out: &mut dyn Write, daemon: &SyncDaemon) -> fmt::Result {
    let (role, interface, id) = (role_name(daemon.role), daemon.interface, daemon.id);
    write!(
        out,
        "--start-daemon {role} --mcast-interface {interface} --syncid {id}"
    )?;
    if let Some(length) = daemon.max_length {
        write!(out, " --sync-maxlen {length}")?;
    }
    if let Some(group) = daemon.group {
        write!(out, " --mcast-group {group}")?;
    }
    if let Some(port) = daemon.port {
        write!(out, " --mcast-port {port}")?;
    }
    match daemon.ttl {
        Some(ttl) => write!(out, " --mcast-ttl {ttl}"),
        None => Ok(()),
    }
}

fn write_listing(out: &mut dyn Write, listing: &Listing) -> fmt::Result {
    out.write_str("-L")?;
    match &listing.content {
        Content::Table => {}
        Content::Service(key) => {
            out.write_char(' ')?;
            write_key(out, key, Detail::Full, &mut numeric)?;
        }
        Content::Connections => out.write_str(" -c")?,
        Content::Timeouts => out.write_str(" --timeout")?,
        Content::Daemons => out.write_str(" --daemon")?,
    }
    for (given, option) in [
        (listing.numeric, " -n"),
        (listing.exact, " --exact"),
        (listing.statistics, " --stats"),
        (listing.rates, " --rate"),
        (listing.thresholds, " --thresholds"),
        (listing.persistent, " --persistent-conn"),
        (listing.tunnels, " --tun-info"),
        (listing.unsorted, " --nosort"),
    ] {
        if given {
            out.write_str(option)?;
        }
    }
    Ok(())
}
