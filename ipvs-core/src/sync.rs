//! Connection synchronisation between directors.

use core::net::IpAddr;

use crate::Name;

/// The role of a synchronisation daemon; a namespace can have one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum SyncRole {
    /// It sends connections.
    Master,
    /// It receives them.
    Backup,
}

/// A connection synchronisation daemon of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct SyncDaemon {
    /// Its role.
    pub role: SyncRole,
    /// Its interface.
    pub interface: Name,
    /// The identifier on the wire, 0..=255; a backup of 0 takes every master's.
    #[cfg_attr(feature = "serde", serde(default))]
    pub id: u8,
    /// The largest datagram in octets; `None` for what the interface allows.
    pub max_length: Option<u16>,
    /// The multicast group; `None` for 224.0.0.81.
    pub group: Option<IpAddr>,
    /// The UDP port; `None` for 8848.
    pub port: Option<u16>,
    /// Time to live of the datagrams; `None` for 1.
    pub ttl: Option<u8>,
}
