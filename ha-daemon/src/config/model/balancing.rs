//! Settings of load balancing as a whole.

use std::path::PathBuf;

use ipvs_core::{Name, SyncDaemon, SyncRole, Timeouts};

use super::Secret;
use super::written::Written;

/// What `global_defs` and `SSL` say about load balancing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balancing {
    /// `lvs_sync_daemon`.
    pub sync: Option<Synchronisation>,
    /// `lvs_timeouts`; 0 leaves what the kernel has.
    pub timeouts: Option<Timeouts>,
    /// `lvs_flush`: empty the kernel's table at start.
    pub flush: bool,
    /// `lvs_flush_on_stop`.
    pub flush_on_stop: FlushOnStop,
    /// `SSL`.
    pub tls: TlsFiles,
}

/// `lvs_flush_on_stop`: how virtual servers go on shutdown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlushOnStop {
    /// Each real server, then its virtual server.
    #[default]
    Never,
    /// The kernel's whole table at once.
    Table,
    /// `VS`: each virtual server with all its real servers at once.
    VirtualServers,
}

/// `lvs_sync_daemon`: connection synchronisation between directors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Synchronisation {
    /// The interface.
    pub interface: Name,
    /// The name of the instance that decides about master and backup; without one both run all
    /// the time.
    pub instance: Option<String>,
    /// `id`, else the VRID of the instance, else 0.
    pub id: u8,
    /// `maxlen`, 1..=65507.
    pub max_length: Option<u16>,
    /// `port`.
    pub port: Option<u16>,
    /// `ttl`.
    pub ttl: Option<u8>,
    /// `group`, a multicast address.
    pub group: Option<core::net::IpAddr>,
}

impl Synchronisation {
    /// The kernel's daemon of a role.
    #[must_use]
    pub const fn daemon(&self, role: SyncRole) -> SyncDaemon {
        SyncDaemon {
            role,
            interface: self.interface,
            id: self.id,
            max_length: self.max_length,
            group: self.group,
            port: self.port,
            ttl: self.ttl,
        }
    }
}

/// `SSL`: what `SSL_GET` needs of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Where `SSL` was written.
    pub at: Written,
    /// `password` of the key.
    pub password: Option<Secret>,
    /// `ca`: whom to trust.
    pub ca: Option<PathBuf>,
    /// `certificate` of this host.
    pub certificate: Option<PathBuf>,
    /// `key` of that certificate.
    pub key: Option<PathBuf>,
}

impl TlsFiles {
    /// Whether there is any file to read.
    #[must_use]
    pub const fn are_given(&self) -> bool {
        self.ca.is_some() || self.certificate.is_some() || self.key.is_some()
    }
}
