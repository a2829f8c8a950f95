//! The three hosts of the laboratory.

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
}

impl Role {
    const ALL: [Self; 3] = [Self::DirectorA, Self::DirectorB, Self::Client];

    /// The name of the host, which also names its port on the bridge.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DirectorA => "director-a",
            Self::DirectorB => "director-b",
            Self::Client => "client",
        }
    }

    /// The address of the host itself.
    #[must_use]
    pub const fn address(self) -> Ipv4Addr {
        match self {
            Self::DirectorA => Ipv4Addr::new(192, 0, 2, 1),
            Self::DirectorB => Ipv4Addr::new(192, 0, 2, 2),
            Self::Client => Ipv4Addr::new(192, 0, 2, 10),
        }
    }

    /// The `keepalived.conf` a director runs.
    pub(super) const fn configuration(self) -> Option<&'static str> {
        match self {
            Self::DirectorA => Some(include_str!("../../../examples/director-a.conf")),
            Self::DirectorB => Some(include_str!("../../../examples/director-b.conf")),
            Self::Client => None,
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
#[error("the laboratory's hosts are director-a, director-b and client")]
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
