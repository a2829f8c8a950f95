//! Tests of every kind of checker over every path, by IPv4 and IPv6.

use core::net::{IpAddr, Ipv6Addr};
use core::time::Duration;
use std::fs;
use std::net::TcpListener;

use ha_daemon::health::attempt::{Failure, Outcome, Passed};
use ha_daemon::health::schedule::Change;
use ha_daemon::health::settings::Settings;
use ha_daemon::health::udp::UdpFailure;

use super::host::{self, Host};
use super::servers;
use super::site::{Addresses, Site, V4, V6};

const PASSED: Outcome = Ok(Passed { weight: None });
/// `connect_timeout` of all checks here.
const LIMIT: Duration = Duration::from_millis(500);
/// A port where connections stand and nobody says anything, and one where nobody listens.
const MUTE: u16 = 1999;
const CLOSED: u16 = 9;

/// A check, its block's contents, and the port of its server.
struct Probe {
    keyword: &'static str,
    contents: &'static str,
    port: u16,
    over: Over,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    /// A connection, and whether something is to be said on it.
    Tcp {
        talks: bool,
    },
    Udp,
    Icmp,
}

impl Probe {
    fn settings(&self, ip: Addresses, server: &str, extra: &str) -> Settings {
        let Self {
            keyword,
            contents,
            port,
            ..
        } = self;
        host::settings(&format!(
            "virtual_server {} 80 {{
                lb_algo rr
                lb_kind NAT
                protocol TCP
                real_server {server} {port} {{
                    {keyword} {{
                        {contents}
                        {extra}
                        warmup 0
                        connect_timeout 0.5
                    }}
                }}
            }}",
            ip.vip
        ))
    }

    fn outcome(&self, ip: Addresses, server: &str, extra: &str) -> Outcome {
        Host::outcome(self.settings(ip, server, extra))
    }

    fn drive(&self, site: &Site) {
        for ip in [V4, V6] {
            self.passes_and_fails(site, ip);
            self.takes_its_way(site, ip);
            self.retries(site, ip);
        }
    }

    fn passes_and_fails(&self, site: &Site, ip: Addresses) {
        assert_eq!(self.outcome(ip, ip.near, ""), PASSED, "{}", ip.near);
        if self.over != Over::Icmp {
            let own: IpAddr = ip.own[0].parse().unwrap();
            site.await_client(own, ip.near);
            let closed = self.outcome(ip, ip.near, &format!("connect_port {CLOSED}"));
            assert_eq!(closed, Err(Failure::Refused));
            // The real server's own port is the closed one then.
            let elsewhere = Self {
                port: CLOSED,
                ..*self
            };
            let port = format!("connect_port {}", self.port);
            assert_eq!(elsewhere.outcome(ip, ip.near, &port), PASSED);
        }
        if self.over == (Over::Tcp { talks: true }) {
            let mute = self.outcome(ip, ip.near, &format!("connect_port {MUTE}"));
            assert_eq!(mute, Err(Failure::NoAnswer(LIMIT)));
        }
        assert_eq!(self.outcome(ip, ip.silent, ""), Err(self.silence()));
        let elsewhere = format!("connect_ip {}", ip.near);
        assert_eq!(self.outcome(ip, ip.silent, &elsewhere), PASSED);
    }

    fn silence(&self) -> Failure {
        match self.over {
            Over::Tcp { .. } => Failure::NotConnected(LIMIT),
            Over::Udp | Over::Icmp => Failure::NoAnswer(LIMIT),
        }
    }

    /// `bindto`, `bind_if` and `fwmark` decide about the route.
    fn takes_its_way(&self, site: &Site, ip: Addresses) {
        let [near, far] = ip.own;
        assert_eq!(self.outcome(ip, ip.far, ""), Err(Failure::Unreachable));
        for extra in ["fwmark 8", &format!("bindto {near}")] {
            let outcome = self.outcome(ip, ip.far, extra);
            assert_eq!(outcome, Err(Failure::Unreachable), "{extra}");
        }
        let source: IpAddr = far.parse().unwrap();
        for extra in ["fwmark 7", "bind_if h1", &format!("bindto {far}")] {
            assert_eq!(self.outcome(ip, ip.far, extra), PASSED, "{extra}");
            if self.over != Over::Icmp {
                site.await_client(source, extra);
            }
        }
    }

    /// Two failures are borne, the third is not; one success is enough.
    fn retries(&self, site: &Site, ip: Addresses) {
        let often = "retry 2\ndelay_before_retry 0.01\ndelay_loop 0.01";
        let mut host = Host::with(self.settings(ip, ip.near, often));
        assert_eq!(host.report().change, Change::Confirmed);
        site.mute(true);
        let mut failed = Vec::new();
        while failed.len() < 3 {
            let report = host.report();
            if report.outcome != PASSED {
                assert_eq!(report.outcome, Err(self.silence()));
                failed.push(report.change);
            }
        }
        let fell = Change::Fell { retries: 2 };
        assert_eq!(failed, [Change::Unchanged, Change::Unchanged, fell]);
        site.mute(false);
        let mut report = host.report();
        while report.outcome != PASSED {
            assert_eq!(report.change, Change::Unchanged);
            report = host.report();
        }
        assert_eq!(report.change, Change::Rose);
    }
}

fn tcp(keyword: &'static str, contents: &'static str, port: u16) -> Probe {
    Probe {
        keyword,
        contents,
        port,
        over: Over::Tcp {
            talks: keyword != "TCP_CHECK",
        },
    }
}

/// Accepts connections, and never anything more, while it lives.
fn mute_listener(site: &Site) {
    site.at_servers(|_| {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, MUTE)).unwrap();
        core::mem::forget(listener);
    });
}

#[test]
#[ignore = "needs root and iproute2 (network namespaces)"]
fn tcp_check() {
    let site = Site::new();
    site.at_servers(|clients| servers::stream(1001, clients, |_| Ok(())));
    tcp("TCP_CHECK", "", 1001).drive(&site);
}

#[test]
#[ignore = "needs root and iproute2 (network namespaces)"]
fn http_get() {
    let site = Site::new();
    site.at_servers(|clients| servers::stream(1080, clients, servers::page));
    mute_listener(&site);
    let contents = "url {\npath /\nstatus_code 200\nregex \"^well$\"\n}";
    tcp("HTTP_GET", contents, 1080).drive(&site);
}

#[test]
#[ignore = "needs root and iproute2 (network namespaces)"]
fn ssl_get() {
    let site = Site::new();
    site.at_servers(|clients| servers::stream(1443, clients, servers::secure_page()));
    mute_listener(&site);
    let contents = "url {\npath /\nstatus_code 200\nregex \"^well$\"\n}";
    tcp("SSL_GET", contents, 1443).drive(&site);
}

#[test]
#[ignore = "needs root and iproute2 (network namespaces)"]
fn smtp_check() {
    let site = Site::new();
    site.at_servers(|clients| servers::stream(1025, clients, servers::mail));
    mute_listener(&site);
    tcp("SMTP_CHECK", "", 1025).drive(&site);
}

#[test]
#[ignore = "needs root and iproute2 (network namespaces)"]
fn dns_check() {
    let site = Site::new();
    for ip in [V4, V6] {
        for address in [ip.near, ip.far] {
            site.at_servers(move |clients| {
                let answer = |query: &[u8]| servers::response(query, 0);
                servers::datagrams(address, 1053, clients, answer);
            });
        }
    }
    let check = Probe {
        keyword: "DNS_CHECK",
        contents: "type A\nname www.example.org",
        port: 1053,
        over: Over::Udp,
    };
    check.drive(&site);

    site.at_servers(|clients| {
        let answer = |query: &[u8]| servers::response(query, 2);
        servers::datagrams(V4.near, 1054, clients, answer);
    });
    let outcome = check.outcome(V4, V4.near, "connect_port 1054");
    let text = outcome.unwrap_err().to_string();
    assert_eq!(text, "response code 2 (Server Failure)");
}

#[test]
#[ignore = "needs root and iproute2 (network namespaces)"]
fn udp_check() {
    let site = Site::new();
    for ip in [V4, V6] {
        for address in [ip.near, ip.far] {
            site.at_servers(move |clients| {
                let answer = |request: &[u8]| [request, b"!"].concat();
                servers::datagrams(address, 1007, clients, answer);
            });
        }
    }
    let check = Probe {
        keyword: "UDP_CHECK",
        contents: "payload 70696e67\nrequire_reply 70696e6721",
        port: 1007,
        over: Over::Udp,
    };
    check.drive(&site);

    let other = Probe {
        contents: "payload 70696e68\nrequire_reply 70696e6721",
        ..check
    };
    let differs = Err(UdpFailure::Content(3).into());
    assert_eq!(other.outcome(V4, V4.near, ""), differs);
    let any = Probe {
        contents: "",
        ..check
    };
    assert_eq!(
        any.outcome(V4, V4.silent, ""),
        PASSED,
        "silence is no error"
    );
}

/// On raw sockets, which is all a new namespace has, and on ping sockets.
#[test]
#[ignore = "needs root and iproute2 (network namespaces, raw sockets)"]
fn ping_check() {
    let site = Site::new();
    let check = Probe {
        keyword: "PING_CHECK",
        contents: "",
        port: 80,
        over: Over::Icmp,
    };
    for range in ["1 0", "0 2147483647"] {
        fs::write("/proc/sys/net/ipv4/ping_group_range", range).unwrap();
        check.drive(&site);
    }
}
