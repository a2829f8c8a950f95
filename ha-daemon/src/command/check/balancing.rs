//! The description of virtual servers.

use std::borrow::Cow;

use ipvs_core::Forwarding;
use ipvs_core::destination::Tunnel;
use ipvs_core::service::Flags;
use serde::Serialize;

use super::text::PushText;
use crate::config::{Check, Probe, RealServer, VirtualServer};
use crate::health::settings::Connection;

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
                .map(|checker| {
                    let mut text = String::new();
                    describe_check(&checker.check, &mut text);
                    text
                })
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

/// Appends what a check does, for a person.
fn describe_check(check: &Check, text: &mut String) {
    let (probe, timing) = match check {
        Check::Probe { probe, timing } => (probe, timing),
        Check::File(file) => {
            text.push_display(format_args!(
                "FILE_CHECK {}, times {}",
                file.path.display(),
                file.weight
            ));
            return;
        }
    };
    describe_probe(probe, text);
    text.push_str(" every ");
    text.push_seconds(timing.delay_loop);
    text.push_str(match timing.retry {
        0 => ", no retries",
        _ => ", ",
    });
    if timing.retry > 0 {
        text.push_number(timing.retry);
        let is_one = timing.retry == 1;
        text.push_str(if is_one {
            " retry after "
        } else {
            " retries after "
        });
        text.push_seconds(timing.delay_before_retry);
        text.push_str(if is_one { "" } else { " each" });
    }
    match probe {
        Probe::Http(http) if http.tls.is_some() => text.push_str(UNSPOKEN),
        Probe::Http(_)
        | Probe::Tcp(_)
        | Probe::Ping(_)
        | Probe::Smtp(_)
        | Probe::Dns(_)
        | Probe::Udp(_)
        | Probe::Misc(_) => {}
    }
}

fn describe_probe(probe: &Probe, text: &mut String) {
    let mut to = |keyword: &str, connection: &Connection| {
        text.push_str(keyword);
        text.push_end(connection.to.ip(), connection.to.port());
    };
    match probe {
        Probe::Tcp(connection) => to("TCP_CHECK ", connection),
        Probe::Ping(connection) => {
            text.push_str("PING_CHECK ");
            text.push_address(connection.to.ip());
        }
        Probe::Http(http) => {
            let keyword = match http.tls {
                Some(_) => "SSL_GET ",
                None => "HTTP_GET ",
            };
            to(keyword, &http.connection);
            for url in &http.urls {
                text.push(' ');
                text.push_str(url.path.as_str());
            }
        }
        Probe::Smtp(smtp) => to("SMTP_CHECK ", &smtp.connection),
        Probe::Dns(dns) => {
            to("DNS_CHECK ", &dns.connection);
            text.push(' ');
            text.push_str(dns.record.name());
            text.push(' ');
            text.push_str(&dns.name);
        }
        Probe::Udp(udp) => to("UDP_CHECK ", &udp.connection),
        Probe::Misc(misc) => {
            text.push_str("MISC_CHECK ");
            text.push_str(&misc.script.command.join(" "));
            text.push_str(", for ");
            text.push_seconds(misc.timeout);
            text.push_str(" at most,");
        }
    }
}

/// How many services are listed for a person.
const SHOWN: usize = 8;

/// Appends what a virtual server would do, for a person: lines without the last line feed.
pub(super) fn describe(server: &VirtualServer, text: &mut String) {
    text.push_str("virtual server ");
    text.push_str(&server.name);
    text.push_str(": ");
    text.push_str(server.scheduler.name());
    for flag in flags(server.flags) {
        text.push_str(", ");
        text.push_str(flag);
    }
    if let Some(persistence) = server.persistence {
        text.push_str(", persistent for ");
        text.push_number(persistence.timeout);
        text.push_str(" s");
    }
    text.push_str("\n  takes         ");
    for (index, key) in server.keys.iter().take(SHOWN).enumerate() {
        text.push_str(if index > 0 { ", " } else { "" });
        text.push_display(key);
    }
    match server.keys.len().saturating_sub(SHOWN) {
        0 => {}
        more => text.push_display(format_args!(" and {more} more")),
    }
    text.push_str("\n  quorum        ");
    text.push_number(server.quorum);
    if server.hysteresis > 0 {
        text.push_str(", give or take ");
        text.push_number(server.hysteresis);
    }
    for real in &server.real_servers {
        text.push_str("\n  real server   ");
        describe_real_server(real, text);
    }
    if let Some(sorry) = server.sorry_server {
        text.push_str("\n  sorry server  ");
        text.push_end(sorry.key.address, sorry.key.port);
        text.push(' ');
        text.push_str(&method(sorry.forwarding));
    }
}

fn describe_real_server(server: &RealServer, text: &mut String) {
    text.push_end(server.key.address, server.key.port);
    text.push(' ');
    text.push_str(&method(server.forwarding));
    text.push_str(", weight ");
    text.push_number(server.weight);
    if server.inhibit_on_failure {
        text.push_str(", inhibited on failure");
    }
    match server.checkers.len() {
        0 => text.push_str(", not checked"),
        count => {
            text.push_str(", ");
            text.push_count(count, "check");
            for checker in &server.checkers {
                text.push_str("\n                  ");
                describe_check(&checker.check, text);
            }
        }
    }
}
