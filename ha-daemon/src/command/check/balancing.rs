//! The description of virtual servers.

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::borrow::Cow;

use ipvs_core::{Flags, Forwarding, Tunnel};
use serde::Serialize;

use super::{Counted, Seconds};
use crate::config::{Check, Connection, Probe, RealServer, VirtualServer};

/// What a virtual server would do, with nothing left to defaults. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServerSummary {
    /// As keepalived calls it.
    pub name: String,
    /// What it takes.
    pub services: Vec<String>,
    /// Its scheduler.
    pub scheduler: String,
    /// The flags of the scheduler and of one-packet scheduling.
    pub flags: Vec<&'static str>,
    /// How long clients stay with a real server, in seconds.
    pub persistence_s: Option<u32>,
    /// The weight below which the quorum is lost.
    pub quorum: u32,
    /// By how much to exceed it, or to fall below it.
    pub hysteresis: u32,
    /// Its real servers.
    pub real_servers: Vec<RealSummary>,
    /// The address and method of its sorry server.
    pub sorry_server: Option<String>,
}

/// What a real server would do. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RealSummary {
    /// Its address and port.
    pub address: String,
    /// How packets reach it.
    pub method: String,
    /// Its weight.
    pub weight: u32,
    /// Whether it stays with a weight of 0 when a check fails.
    pub inhibit_on_failure: bool,
    /// What is checked.
    pub checks: Vec<String>,
}

impl ServerSummary {
    /// The summary of a virtual server.
    #[must_use]
    pub fn of(server: &VirtualServer) -> Self {
        Self {
            name: server.name.clone(),
            services: server.keys.iter().map(ToString::to_string).collect(),
            scheduler: server.scheduler.to_string(),
            flags: flags(server.flags),
            persistence_s: server.persistence.map(|persistence| persistence.timeout),
            quorum: server.quorum,
            hysteresis: server.hysteresis,
            real_servers: server.real_servers.iter().map(RealSummary::of).collect(),
            sorry_server: server
                .sorry_server
                .map(|sorry| format!("{} {}", sorry.key, method(sorry.forwarding))),
        }
    }
}

impl RealSummary {
    fn of(server: &RealServer) -> Self {
        Self {
            address: server.key.to_string(),
            method: method(server.forwarding).into_owned(),
            weight: server.weight,
            inhibit_on_failure: server.inhibit_on_failure,
            checks: server
                .checkers
                .iter()
                .map(|checker| CheckText(&checker.check).to_string())
                .collect(),
        }
    }
}

fn flags(flags: Flags) -> Vec<&'static str> {
    let names = [
        (Flags::ONE_PACKET, "ops"),
        (Flags::SCHED_1, "flag-1"),
        (Flags::SCHED_2, "flag-2"),
        (Flags::SCHED_3, "flag-3"),
    ];
    let set = names.iter().filter(|(flag, _)| flags.contains(*flag));
    set.map(|&(_, name)| name).collect()
}

fn method(forwarding: Forwarding) -> Cow<'static, str> {
    match forwarding {
        Forwarding::Masquerade => "NAT".into(),
        Forwarding::Route => "DR".into(),
        Forwarding::Local => "local".into(),
        Forwarding::Other(number) => format!("method {number}").into(),
        Forwarding::Tunnel(tunnel) => match tunnel {
            Tunnel::Ipip => "TUN".into(),
            Tunnel::Gue { port, .. } => format!("TUN gue {port}").into(),
            Tunnel::Gre { .. } => "TUN gre".into(),
            Tunnel::Other { kind, .. } => format!("TUN type {kind}").into(),
        },
    }
}

/// What servers must not want of an `SSL_GET`.
const UNSPOKEN: &str = "; TLS without RSA and DHE key exchange, CBC, P-521 and X448";

/// A check, for a person.
struct CheckText<'c>(&'c Check);

impl fmt::Display for CheckText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (probe, timing) = match self.0 {
            Check::Probe { probe, timing } => (probe, timing),
            Check::File(file) => {
                let path = file.path.display();
                return write!(f, "FILE_CHECK {path}, times {}", file.weight);
            }
        };
        what(probe, f)?;
        let delay = seconds(timing.delay_before_retry);
        write!(f, " every {}, ", seconds(timing.delay_loop))?;
        match timing.retry {
            0 => f.write_str("no retries")?,
            1 => write!(f, "1 retry after {delay}")?,
            count => write!(f, "{count} retries after {delay} each")?,
        }
        match probe {
            Probe::Http(http) if http.tls.is_some() => f.write_str(UNSPOKEN),
            Probe::Http(_)
            | Probe::Tcp(_)
            | Probe::Ping(_)
            | Probe::Smtp(_)
            | Probe::Dns(_)
            | Probe::Udp(_)
            | Probe::Misc(_) => Ok(()),
        }
    }
}

fn what(probe: &Probe, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match probe {
        Probe::Tcp(connection) => write!(f, "TCP_CHECK {}", end(connection)),
        Probe::Ping(connection) => write!(f, "PING_CHECK {}", connection.address),
        Probe::Http(http) => {
            let keyword = match http.tls {
                Some(_) => "SSL_GET",
                None => "HTTP_GET",
            };
            let paths: Vec<&str> = http.urls.iter().map(|url| &*url.path).collect();
            let paths = paths.join(" ");
            write!(f, "{keyword} {} {paths}", end(&http.connection))
        }
        Probe::Smtp(smtp) => write!(f, "SMTP_CHECK {}", end(&smtp.connection)),
        Probe::Dns(dns) => {
            let record = dns.record.name();
            write!(
                f,
                "DNS_CHECK {} {record} {}",
                end(&dns.connection),
                dns.name
            )
        }
        Probe::Udp(udp) => write!(f, "UDP_CHECK {}", end(&udp.connection)),
        Probe::Misc(misc) => {
            let timeout = seconds(misc.timeout);
            let command = misc.script.command.join(" ");
            write!(f, "MISC_CHECK {command}, for {timeout} at most,")
        }
    }
}

const fn end(connection: &Connection) -> SocketAddr {
    SocketAddr::new(connection.address, connection.port)
}

fn seconds(time: Duration) -> Seconds {
    Seconds(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// How many services are listed for a person.
const SHOWN: usize = 8;

/// A virtual server, for a person.
pub(super) struct ServerText<'s>(pub(super) &'s VirtualServer);

impl fmt::Display for ServerText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.0;
        write!(f, "virtual server {}: {}", server.name, server.scheduler)?;
        for flag in flags(server.flags) {
            write!(f, ", {flag}")?;
        }
        if let Some(persistence) = server.persistence {
            write!(f, ", persistent for {} s", persistence.timeout)?;
        }
        f.write_str("\n  takes         ")?;
        for (index, key) in server.keys.iter().take(SHOWN).enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{key}")?;
        }
        match server.keys.len().saturating_sub(SHOWN) {
            0 => {}
            more => write!(f, " and {more} more")?,
        }
        write!(f, "\n  quorum        {}", server.quorum)?;
        if server.hysteresis > 0 {
            write!(f, ", give or take {}", server.hysteresis)?;
        }
        for real in &server.real_servers {
            write!(f, "\n  real server   ")?;
            real_server(real, f)?;
        }
        if let Some(sorry) = server.sorry_server {
            let method = method(sorry.forwarding);
            write!(f, "\n  sorry server  {} {method}", sorry.key)?;
        }
        Ok(())
    }
}

fn real_server(server: &RealServer, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "{} {method}, weight {}",
        server.key,
        server.weight,
        method = method(server.forwarding)
    )?;
    if server.inhibit_on_failure {
        f.write_str(", inhibited on failure")?;
    }
    match server.checkers.len() {
        0 => f.write_str(", not checked"),
        count => {
            write!(f, ", {}", Counted(count, "check"))?;
            let checks = server.checkers.iter();
            let mut checks = checks.map(|checker| CheckText(&checker.check));
            checks.try_for_each(|check| write!(f, "\n                  {check}"))
        }
    }
}
