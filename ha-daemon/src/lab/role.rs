//! The hosts of the laboratory.

use core::fmt;
use core::net::Ipv4Addr;
use core::str::FromStr;

/// The virtual address that moves between the directors.
pub(super) const VIRTUAL_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);
/// The virtual router both examples configure.
pub(super) const VRID: u8 = 51;
/// The length of the prefix the hosts share.
pub(super) const PREFIX_LEN: u8 = 24;
/// The interface of every host, the one the examples name.
pub(super) const INTERFACE: &str = "eth0";

/// A host of the laboratory: one process in network and mount namespaces of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The preferred director, priority 150.
    DirectorA,
    /// The standby, priority 100.
    DirectorB,
    /// Pings the virtual address.
    Client,
    /// A web server.
    WebA,
    /// The other web server.
    WebB,
    /// Asks the web servers for a page at the virtual address.
    Visitor,
}

impl Role {
    const ALL: [Self; 6] = [
        Self::DirectorA,
        Self::DirectorB,
        Self::Client,
        Self::WebA,
        Self::WebB,
        Self::Visitor,
    ];

    /// The name of the host, which also names its port on the bridge.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DirectorA => "director-a",
            Self::DirectorB => "director-b",
            Self::Client => "client",
            Self::WebA => "web-a",
            Self::WebB => "web-b",
            Self::Visitor => "visitor",
        }
    }

    /// The address of the host itself.
    #[must_use]
    pub const fn address(self) -> Ipv4Addr {
        match self {
            Self::DirectorA => Ipv4Addr::new(192, 0, 2, 1),
            Self::DirectorB => Ipv4Addr::new(192, 0, 2, 2),
            Self::Client => Ipv4Addr::new(192, 0, 2, 10),
            Self::WebA => Ipv4Addr::new(192, 0, 2, 11),
            Self::WebB => Ipv4Addr::new(192, 0, 2, 12),
            Self::Visitor => Ipv4Addr::new(192, 0, 2, 20),
        }
    }

    /// The hardware address of the host's interface, which it keeps when it is started again, as
    /// a network card does.
    pub(super) const fn hardware_address(self) -> [u8; 6] {
        let [a, b, c, d] = self.address().octets();
        [0x02, 0, a, b, c, d]
    }

    /// The `keepalived.conf` a director runs.
    pub(super) const fn configuration(self) -> Option<&'static str> {
        match self {
            Self::DirectorA => Some(include_str!("../../examples/director-a.conf")),
            Self::DirectorB => Some(include_str!("../../examples/director-b.conf")),
            Self::Client | Self::WebA | Self::WebB | Self::Visitor => None,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no host of the laboratory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the laboratory's hosts are director-a, director-b, client, web-a, web-b and visitor")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or(UnknownRole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_configure_the_network_the_laboratory_builds() {
        for role in [Role::DirectorA, Role::DirectorB] {
            let text = role.configuration().unwrap();
            for wanted in [
                "interface eth0",
                "virtual_router_id 51",
                "advert_int 1",
                "192.0.2.100/24",
                "virtual_server 192.0.2.100 80 {",
                "lb_kind DR",
                "real_server 192.0.2.11 80 {",
                "real_server 192.0.2.12 80 {",
                "delay_loop 1",
                "connect_timeout 1",
                "retry 0",
            ] {
                assert!(text.contains(wanted), "{role}: no `{wanted}`");
            }
        }
    }

    #[test]
    fn names_read_back() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert_eq!("director-c".parse::<Role>(), Err(UnknownRole));
    }
}
