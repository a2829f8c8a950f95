//! The validated configuration: every setting with its default filled in.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use vrrp_core::{Family, Interval, MacAddr, Priority, Version, Vrid};

use super::text::source::Span;

pub use self::balancing::{Balancing, FlushOnStop, Synchronisation, TlsFiles};
pub use self::checker::{
    Check, Checker, DnsCheck, FileCheck, HttpCheck, MiscCheck, Probe, SmtpCheck, Tls, UdpCheck,
};
pub use self::script::{Script, ScriptUser};
pub use self::secret::Secret;
pub use self::track_file::{InitFile, TrackFile};
pub use self::virtual_server::{RealServer, SorryServer, VirtualServer};
pub use self::written::Written;

mod balancing;
mod checker;
mod script;
mod secret;
mod track_file;
mod virtual_server;
mod written;

/// A whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// What `global_defs` says and no instance overrides.
    pub global: Global,
    /// The virtual routers in the order of the file; names are unique, and so is the VRID per
    /// interface, family and group (or set of peers).
    pub instances: Vec<Instance>,
    /// Load balancing as a whole.
    pub balancing: Balancing,
    /// The virtual servers in the order of the file.
    pub virtual_servers: Vec<VirtualServer>,
    /// `track_file` in the order of the file; names are unique.
    pub track_files: Vec<TrackFile>,
}

/// Settings of the process as a whole.
///
/// Globals that only give instances their defaults (`vrrp_version`, `vrrp_garp_master_delay`, …)
/// are not here: they are already in each [`Instance`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Global {
    /// `router_id`: the name of this node in messages; the host name if absent.
    pub router_id: Option<String>,
    /// `vrrp_garp_interval`: the least time between two gratuitous ARPs on one interface.
    pub garp_interval: Duration,
    /// `vrrp_gna_interval`: the least time between two unsolicited neighbour advertisements on
    /// one interface.
    pub gna_interval: Duration,
    /// `vrrp_startup_delay`: how long adverts are ignored and timers wait after start.
    pub startup_delay: Duration,
    /// `dynamic_interfaces`: what to do about interfaces that do not exist.
    pub dynamic_interfaces: DynamicInterfaces,
    /// `log_unknown_vrids`: report adverts for virtual routers that are not configured.
    pub log_unknown_vrids: bool,
    /// `script_user`: who runs the scripts that say nothing else.
    pub script_user: Option<ScriptUser>,
    /// `enable_script_security`: refuse scripts that others than root could change.
    pub script_security: bool,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            router_id: None,
            garp_interval: Duration::ZERO,
            gna_interval: Duration::ZERO,
            startup_delay: Duration::ZERO,
            dynamic_interfaces: DynamicInterfaces::Required,
            log_unknown_vrids: false,
            script_user: None,
            script_security: false,
        }
    }
}

/// What `dynamic_interfaces` allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DynamicInterfaces {
    /// Every interface has to exist when the daemon starts.
    #[default]
    Required,
    /// Interfaces may appear and disappear; an instance without its interface is in fault.
    Dynamic,
    /// `allow_if_changes`: as `Dynamic`, and the kind of an interface may change as well.
    Changing,
}

/// One virtual router: `vrrp_instance NAME { … }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The name after `vrrp_instance`.
    pub name: String,
    /// Where that name was written.
    pub span: Span,
    /// `interface`: `None` only for unicast with a source address.
    pub interface: Option<String>,
    /// `virtual_router_id`.
    pub vrid: Vrid,
    /// The family of the first virtual address, else of the unicast addresses, else IPv4.
    pub family: Family,
    /// The version to speak.
    pub version: Version,
    /// `state`: MASTER has an effect on the defaults of other settings and, with priority 255, on
    /// the start.
    pub initial: InitialState,
    /// `priority`: 255 for `state MASTER` without a priority.
    pub priority: Priority,
    /// `advert_int`, already rounded to what `version` can carry.
    pub interval: Interval,
    /// `authentication`: always `None` in version 3.
    pub authentication: Authentication,
    /// `virtual_ipaddress`: announced and advertised, all of `family`.
    pub addresses: Vec<VirtualAddress>,
    /// `virtual_ipaddress_excluded`: announced but not advertised, of either family.
    pub excluded: Vec<VirtualAddress>,
    /// Whether a higher priority takes over from a working lower one; the opposite of
    /// `nopreempt`.
    pub preempt: bool,
    /// `preempt_delay`: how long to wait before taking over from a lower priority.
    pub preempt_delay: Duration,
    /// Where adverts go and where they come from.
    pub transport: Transport,
    /// Gratuitous ARP and unsolicited neighbour advertisements.
    pub announce: Announce,
    /// `use_vmac`.
    pub vmac: Option<Vmac>,
    /// `track_interface`, without the instance's own interface (see `track_primary`).
    pub track_interfaces: Vec<TrackedInterface>,
    /// Whether the state of `interface` matters; the opposite of `dont_track_primary`.
    pub track_primary: bool,
    /// `accept`: whether an instance that is not the owner accepts packets to its virtual
    /// addresses (Accept_Mode, RFC 9568 §6.1).
    pub accept: bool,
    /// `v3_checksum_as_v2`: VRRPv3 over IPv4 without the pseudo-header in the checksum.
    pub v3_checksum_as_v2: bool,
    /// `strict_mode` or `vrrp_strict`; its effects are already applied to the other fields.
    pub strict: bool,
    /// `skip_check_adv_addr`: compare the address list of an advert only when its sender changes.
    pub skip_check_adv_addr: bool,
    /// `down_timer_adverts`: how many adverts may be missed, 1..=100 (RFC 9568 §6.1 has 3).
    pub down_timer_adverts: u8,
    /// `lower_prio_no_advert`: as Active, do not answer a lower priority with an advert.
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`: as Active, answer a higher priority with an advert before
    /// yielding.
    pub higher_prio_send_advert: bool,
    /// `owner_ignore_adverts`: as owner, do not look at adverts at all.
    pub owner_ignore_adverts: bool,
}

impl Instance {
    /// Skew_Time (RFC 9568 §6.1; RFC 3768 §6.1), rounded down to a nanosecond: it scales with the
    /// interval in version 3 and not in version 2.
    #[must_use]
    pub fn skew(&self) -> Duration {
        vrrp_core::skew(self.version, self.priority, self.interval)
    }

    /// Active_Down_Interval (RFC 9568 §6.1) with `down_timer_adverts` in place of 3, and this
    /// router's own interval as the Active Router's.
    #[must_use]
    pub fn active_down(&self) -> Duration {
        self.interval.duration() * u32::from(self.down_timer_adverts) + self.skew()
    }
}

/// The argument of `state`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InitialState {
    /// `MASTER`.
    Master,
    /// `BACKUP`.
    #[default]
    Backup,
}

/// VRRPv2 authentication (RFC 2338 §5.3.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Authentication {
    /// Type 0.
    #[default]
    None,
    /// Type 1: the password travels in clear.
    Pass(Password),
    /// Type 2: IP Authentication Header with HMAC-MD5-96.
    Ah(Password),
}

/// Up to eight octets, zero padded. `Debug` does not show them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Password([u8; 8]);

impl Password {
    /// The first eight octets of `text`.
    #[must_use]
    pub fn truncated(text: &str) -> Self {
        let mut octets = [0; 8];
        for (octet, byte) in octets.iter_mut().zip(text.bytes()) {
            *octet = byte;
        }
        Self(octets)
    }

    /// The octets as they are on the wire.
    #[must_use]
    pub const fn octets(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// How adverts travel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// To a group (RFC 9568 §5.1.1.2, §5.1.2.2).
    Multicast {
        /// `vrrp_mcast_group4`, `vrrp_mcast_group6` or `mcast_dst_ip`.
        group: IpAddr,
        /// `mcast_src_ip`; the interface's primary address (its link-local one) if absent.
        source: Option<IpAddr>,
    },
    /// To each peer.
    Unicast {
        /// `unicast_src_ip`; the interface's primary address if absent.
        source: Option<IpAddr>,
        /// `unicast_peer`, never empty.
        peers: Vec<Peer>,
        /// `unicast_ttl`: 255 if absent.
        ttl: Option<u8>,
        /// `check_unicast_src`: drop adverts that come from none of the peers.
        check_source: bool,
    },
}

/// A line of `unicast_peer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// `min_ttl`: drop its adverts that arrive with a lower TTL or hop limit.
    pub min_ttl: Option<u8>,
    /// `max_ttl`: drop its adverts that arrive with a higher TTL or hop limit.
    pub max_ttl: Option<u8>,
}

/// When gratuitous ARPs and unsolicited neighbour advertisements are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announce {
    /// `garp_master_delay`: from becoming Active to the second block; `None` for no second block.
    pub delay: Option<Duration>,
    /// `garp_master_repeat`: messages per address and block, at least 1.
    pub repeat: u32,
    /// `garp_master_refresh`: the period while Active; `None` for never.
    pub refresh: Option<Duration>,
    /// `garp_master_refresh_repeat`: messages per address and refresh, at least 1.
    pub refresh_repeat: u32,
    /// `garp_lower_prio_delay`: from an advert of lower priority to the second block; `None` for
    /// no second block.
    pub lower_prio_delay: Option<Duration>,
    /// `garp_lower_prio_repeat`: messages per address after an advert of lower priority; 0 for
    /// none.
    pub lower_prio_repeat: u32,
}

/// A macvlan interface with the virtual MAC address: `use_vmac`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vmac {
    /// The interface's name, by default `vrrp.VRID`; unique in the configuration.
    pub name: String,
    /// Its MAC address: that of the VRID and family, or the one given.
    pub mac: MacAddr,
    /// `vmac_xmit_base`: adverts leave by the base interface.
    pub xmit_base: bool,
}

/// A line of `track_interface`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackedInterface {
    /// The interface.
    pub interface: String,
    /// -253..=253: added to the priority while up if positive, added (so: subtracted) while down
    /// if negative; with 0 the instance is in fault while it is down.
    pub weight: i16,
    /// `reverse`: down counts as up and up as down.
    pub reverse: bool,
}

/// A line of `virtual_ipaddress` or `virtual_ipaddress_excluded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualAddress {
    /// The address.
    pub address: IpAddr,
    /// The prefix length, at most 32 or 128; that is the default too.
    pub prefix_len: u8,
    /// `dev`: the interface to put it on; the instance's (or its VMAC) if absent.
    pub device: Option<String>,
    /// `brd`: IPv4 only.
    pub broadcast: Option<Broadcast>,
    /// `scope`, as rtnetlink numbers it: 0 global, 200 site, 253 link, 254 host, 255 nowhere.
    pub scope: Option<u8>,
    /// `label`: IPv4 only.
    pub label: Option<String>,
    /// `peer` with its prefix length.
    pub peer: Option<(IpAddr, u8)>,
    /// `home`: IPv6 only.
    pub home: bool,
    /// No duplicate address detection: true for IPv6 unless `-nodad`, always false for IPv4.
    pub nodad: bool,
    /// `mngtmpaddr`: IPv6 only.
    pub mngtmpaddr: bool,
    /// `noprefixroute`.
    pub noprefixroute: bool,
    /// `autojoin`.
    pub autojoin: bool,
    /// Whether its loss matters; the opposite of `no_track`.
    pub track: bool,
    /// `preferred_lft`: zero by default for an IPv6 /128, so that it is no source address.
    pub preferred_lifetime: Lifetime,
}

/// The argument of `brd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broadcast {
    /// `+`: all host bits one.
    Ones,
    /// `-`: all host bits zero.
    Zeros,
    /// That address.
    Address(Ipv4Addr),
}

/// How long an address is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// Without end.
    Forever,
    /// That many seconds.
    Seconds(u32),
}
