//! Hosts on a bridge.

use core::fmt::Write;
use core::net::IpAddr;
use core::time::Duration;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use nix::net::if_::if_nametoindex;
use vrrp_core::Family;

use super::capture::{Capture, Port};
use super::clock;
use super::config;
use super::namespace::Namespace;
use super::tools;
use super::tshark;

/// Hosts joined by one bridge per link, with a capture of all that the first of them, the
/// directors, send; the others are clients.
///
/// Interface `eth{link}` of a host is the port `p{host}-{link}` of bridge `br{link}`.
#[derive(Debug)]
pub struct Lab {
    capture: Capture,
    hosts: Vec<Arc<Namespace>>,
    directors: usize,
    bridges: Namespace,
    dir: PathBuf,
}

impl Lab {
    /// `hosts` hosts on `links` links; the first two are directors.
    pub fn new(hosts: usize, links: usize) -> Self {
        Self::with_directors(2, hosts, links)
    }

    /// `hosts` hosts on `links` links.
    pub fn with_directors(directors: usize, hosts: usize, links: usize) -> Self {
        tools::require(&[
            "/usr/sbin/ip",
            "/usr/bin/setpriv",
            "/usr/bin/ping",
            "/usr/sbin/keepalived",
            "/usr/lib/frr/vrrpd",
            "/usr/bin/tshark",
        ]);
        clock::start_stall_meters(Duration::from_millis(1));
        let bridges = Namespace::new("br");
        let hosts: Vec<_> = (0..hosts)
            .map(|host| Arc::new(Namespace::new(&format!("h{host}"))))
            .collect();
        for link in 0..links {
            bridges.add_bridge(&format!("br{link}"));
        }
        for (number, host) in hosts.iter().enumerate() {
            for link in 0..links {
                let (port, interface) = (format!("p{number}-{link}"), format!("eth{link}"));
                bridges.plug(&format!("br{link}"), &port, host, &interface);
            }
            host.ip(&host_commands(number, links));
        }
        let ports = bridges.inside(|| ports(directors, links));
        let capture = Capture::start(&bridges, ports);
        let dir = std::env::temp_dir().join(bridges.name());
        fs::create_dir(&dir).expect("a directory for configurations and logs");
        Self {
            capture,
            hosts,
            directors,
            bridges,
            dir,
        }
    }

    /// What was seen on the wire.
    pub const fn capture(&self) -> &Capture {
        &self.capture
    }

    /// The namespace of the bridges.
    pub const fn bridges(&self) -> &Namespace {
        &self.bridges
    }

    /// A host, from 0.
    pub fn host(&self, host: usize) -> &Namespace {
        &self.hosts[host]
    }

    /// A host, for a [`Daemon`](super::Daemon).
    pub fn share(&self, host: usize) -> Arc<Namespace> {
        Arc::clone(&self.hosts[host])
    }

    /// A directory for `host`'s files.
    pub fn dir(&self, host: usize) -> PathBuf {
        let dir = self.dir.join(format!("host{host}"));
        fs::create_dir_all(&dir).expect("a directory for the host's files");
        dir
    }

    fn print_end_of_log(&self, host: usize) {
        const LINES: usize = 8;
        let log = fs::read_to_string(self.dir(host).join("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        println!("host {host} last logged:");
        lines[lines.len().saturating_sub(LINES)..]
            .iter()
            .for_each(|line| println!("    {line}"));
    }

    /// Takes the carrier from `host`'s port, or gives it back.
    pub fn set_carrier(&self, host: usize, link: usize, carrier: bool) {
        let state = if carrier { "up" } else { "down" };
        self.bridges.ip(&format!("link set p{host}-{link} {state}"));
    }

    /// Whether `host` has `address`.
    pub fn has_address(&self, host: usize, address: IpAddr) -> bool {
        self.hosts[host].has_address(&address.to_string())
    }

    /// Waits until exactly `owner` of the directors has `address`.
    pub fn await_owner(&self, owner: usize, address: IpAddr) {
        clock::until(
            &format!("only host {owner} having {address}"),
            Duration::from_secs(3),
            || (0..self.directors).all(|host| self.has_address(host, address) == (host == owner)),
        );
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(tshark::write(&self.capture, &self.dir.join("capture.pcap")));
            println!("the logs and the capture are in {}", self.dir.display());
            (0..self.directors).for_each(|host| self.print_end_of_log(host));
        } else {
            drop(fs::remove_dir_all(&self.dir));
        }
    }
}

fn host_commands(host: usize, links: usize) -> String {
    let mut text = String::new();
    for link in 0..links {
        let v4 = config::primary(Family::V4, link, host);
        let v6 = config::primary(Family::V6, link, host);
        writeln!(text, "addr add {v4}/16 dev eth{link}")
            .and_then(|()| writeln!(text, "addr add {v6}/64 dev eth{link} nodad"))
            .and_then(|()| {
                writeln!(
                    text,
                    "addr add fd00:{link}::{}/64 dev eth{link} nodad",
                    host + 1
                )
            })
            .expect("a string takes all text");
    }
    text
}

fn ports(hosts: usize, links: usize) -> Vec<Port> {
    let all = (0..hosts).flat_map(|host| (0..links).map(move |link| (host, link)));
    all.map(|(host, link)| {
        let name = format!("p{host}-{link}");
        let index = if_nametoindex(name.as_str()).expect("the port exists");
        Port {
            index: usize::try_from(index).expect("an index is small"),
            host,
            link,
        }
    })
    .collect()
}
