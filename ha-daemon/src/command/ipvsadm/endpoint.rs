//! Addresses and ports as text, and names as addresses and ports.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;
use std::net::ToSocketAddrs;

use ipvs_core::{Protocol, rules};

use super::port_names::PortNames;

/// The names this system knows: hosts by the C library's resolver, which may ask name servers and
/// wait for them; ports by `/etc/services`.
#[derive(Debug)]
pub(super) struct SystemNames {
    ports: PortNames,
    hosts: BTreeMap<IpAddr, Option<String>>,
}

impl SystemNames {
    pub(super) fn load() -> Self {
        Self {
            ports: PortNames::load(),
            hosts: BTreeMap::new(),
        }
    }

    fn host(&mut self, address: IpAddr) -> Option<&str> {
        self.hosts
            .entry(address)
            .or_insert_with(|| dns_lookup::lookup_addr(&address).ok())
            .as_deref()
    }
}

/// ipvsadm looks up no IPv6 addresses by name.
impl rules::Names for SystemNames {
    fn address(&mut self, host: &str) -> Option<IpAddr> {
        let found = (host, 0).to_socket_addrs().ok()?;
        found.map(|found| found.ip()).find(IpAddr::is_ipv4)
    }

    fn port(&mut self, service: &str, protocol: Protocol) -> Option<u16> {
        self.ports.port(service, protocol)
    }
}

/// How endpoints are shown.
#[derive(Debug)]
pub(super) enum Endpoints<'a> {
    /// As numbers (`-n`).
    Numeric,
    /// By what names there are.
    Named(&'a mut SystemNames),
}

impl Endpoints<'_> {
    /// `192.0.2.1:80`, `[2001:db8::1]:80` or `[name]:http`. Ports of no protocol have no names.
    pub(super) fn text(&mut self, address: IpAddr, port: u16, protocol: Protocol) -> String {
        let (host, port) = match self {
            Self::Numeric => (numeric(address), port.to_string()),
            Self::Named(names) => {
                let host = names.host(address).map(str::to_owned);
                let name = names.ports.name(port, protocol).map(str::to_owned);
                (
                    host.unwrap_or_else(|| numeric(address)),
                    name.unwrap_or_else(|| port.to_string()),
                )
            }
        };
        if address.is_ipv4() {
            format!("{host}:{port}")
        } else {
            format!("[{host}]:{port}")
        }
    }
}

/// As the C library writes addresses: the last 32 bits after 96 zero bits as IPv4.
fn numeric(address: IpAddr) -> String {
    match address {
        IpAddr::V6(address) => match address.segments() {
            [0, 0, 0, 0, 0, 0, high, _] if high != 0 => format!("::{}", last_four(address)),
            _ => address.to_string(),
        },
        IpAddr::V4(address) => address.to_string(),
    }
}

const fn last_four(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(address: &str) -> String {
        Endpoints::Numeric.text(address.parse().unwrap(), 80, Protocol::TCP)
    }

    #[test]
    fn addresses_are_written_as_by_the_c_library() {
        assert_eq!(text("192.0.2.1"), "192.0.2.1:80");
        assert_eq!(text("2001:db8::1"), "[2001:db8::1]:80");
        assert_eq!(text("2001:db8:0:1:1:1:1:1"), "[2001:db8:0:1:1:1:1:1]:80");
        assert_eq!(text("::1"), "[::1]:80");
        assert_eq!(text("::1.2.3.4"), "[::1.2.3.4]:80");
        assert_eq!(text("::ffff:1.2.3.4"), "[::ffff:1.2.3.4]:80");
    }

    #[test]
    #[ignore = "needs /etc/services and a host named localhost"]
    fn names_come_from_the_system() {
        let mut names = SystemNames::load();
        assert_eq!(
            rules::Names::address(&mut names, "localhost"),
            Some([127, 0, 0, 1].into())
        );
        assert_eq!(
            rules::Names::port(&mut names, "http", Protocol::TCP),
            Some(80)
        );
        let mut endpoints = Endpoints::Named(&mut names);
        assert_eq!(
            endpoints.text([127, 0, 0, 1].into(), 80, Protocol::TCP),
            "localhost:http"
        );
        assert_eq!(
            endpoints.text([127, 0, 0, 1].into(), 80, Protocol(0)),
            "localhost:80"
        );
    }
}
