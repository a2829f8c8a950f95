//! What virtual servers would do.

use core::fmt;
use core::time::Duration;

use ipvs_core::{Flags, Forwarding, Tunnel};
use serde::Serialize;

use super::{Seconds, counted};
use crate::config::{Check, Checker, Connection, Probe, RealServer, VirtualServer};

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
            method: method(server.forwarding),
            weight: server.weight,
            inhibit_on_failure: server.inhibit_on_failure,
            checks: server.checkers.iter().map(check).collect(),
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

fn method(forwarding: Forwarding) -> String {
    match forwarding {
        Forwarding::Masquerade => "NAT".to_owned(),
        Forwarding::Route => "DR".to_owned(),
        Forwarding::Local => "local".to_owned(),
        Forwarding::Other(number) => format!("method {number}"),
        Forwarding::Tunnel(tunnel) => match tunnel {
            Tunnel::Ipip => "TUN".to_owned(),
            Tunnel::Gue { port, .. } => format!("TUN gue {port}"),
            Tunnel::Gre { .. } => "TUN gre".to_owned(),
            Tunnel::Other { kind, .. } => format!("TUN type {kind}"),
        },
    }
}

fn check(checker: &Checker) -> String {
    let (probe, timing) = match &checker.check {
        Check::Probe { probe, timing } => (probe, timing),
        Check::File(file) => {
            let path = file.path.display();
            return format!("FILE_CHECK {path}, times {}", file.weight);
        }
    };
    let every = seconds(timing.delay_loop);
    let retries = match timing.retry {
        0 => "no retries".to_owned(),
        1 => format!("1 retry after {}", seconds(timing.delay_before_retry)),
        count => format!(
            "{count} retries after {} each",
            seconds(timing.delay_before_retry)
        ),
    };
    format!("{} every {every}, {retries}", what(probe))
}

fn what(probe: &Probe) -> String {
    match probe {
        Probe::Tcp(connection) => format!("TCP_CHECK {}", end(connection)),
        Probe::Ping(connection) => format!("PING_CHECK {}", connection.address),
        Probe::Http(http) => {
            let keyword = match http.tls {
                Some(_) => "SSL_GET",
                None => "HTTP_GET",
            };
            let paths: Vec<&str> = http.urls.iter().map(|url| &*url.path).collect();
            format!("{keyword} {} {}", end(&http.connection), paths.join(" "))
        }
        Probe::Smtp(smtp) => format!("SMTP_CHECK {}", end(&smtp.connection)),
        Probe::Dns(dns) => {
            let record = dns.record.name();
            format!("DNS_CHECK {} {record} {}", end(&dns.connection), dns.name)
        }
        Probe::Udp(udp) => format!("UDP_CHECK {}", end(&udp.connection)),
        Probe::Misc(misc) => {
            let timeout = seconds(misc.timeout);
            format!(
                "MISC_CHECK {}, for {timeout} at most,",
                misc.script.command.join(" ")
            )
        }
    }
}

fn end(connection: &Connection) -> String {
    core::net::SocketAddr::new(connection.address, connection.port).to_string()
}

fn seconds(time: Duration) -> Seconds {
    Seconds(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

/// How many services are listed for a person.
const SHOWN: usize = 8;

impl fmt::Display for ServerSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "virtual server {}: {}", self.name, self.scheduler)?;
        for flag in &self.flags {
            write!(f, ", {flag}")?;
        }
        if let Some(timeout) = self.persistence_s {
            write!(f, ", persistent for {timeout} s")?;
        }
        let shown = self.services.get(..SHOWN).unwrap_or(&self.services);
        write!(f, "\n  takes         {}", shown.join(", "))?;
        match self.services.len().saturating_sub(SHOWN) {
            0 => {}
            more => write!(f, " and {more} more")?,
        }
        write!(f, "\n  quorum        {}", self.quorum)?;
        if self.hysteresis > 0 {
            write!(f, ", give or take {}", self.hysteresis)?;
        }
        for server in &self.real_servers {
            write!(f, "\n  real server   {server}")?;
        }
        if let Some(sorry) = &self.sorry_server {
            write!(f, "\n  sorry server  {sorry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for RealSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}, weight {}",
            self.address, self.method, self.weight
        )?;
        if self.inhibit_on_failure {
            f.write_str(", inhibited on failure")?;
        }
        match self.checks.len() {
            0 => f.write_str(", not checked"),
            count => {
                write!(f, ", {}", counted(count, "check"))?;
                let mut checks = self.checks.iter();
                checks.try_for_each(|check| write!(f, "\n                  {check}"))
            }
        }
    }
}
