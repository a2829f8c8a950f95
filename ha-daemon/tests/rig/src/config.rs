//! The configuration of a scenario, and its text for keepalived and the daemon.

use core::fmt::Write;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use vrrp_core::Family;

use super::capture::Key;

/// A protocol version with what it runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// VRRPv2 without authentication.
    V2,
    /// VRRPv2 with the simple password (RFC 2338 §5.3.6).
    V2Pass,
    /// VRRPv2 with the IP Authentication Header (RFC 2338 §5.3.6).
    V2Ah,
    /// VRRPv3 over IPv4.
    V3Ipv4,
    /// VRRPv3 over IPv6.
    V3Ipv6,
}

impl Protocol {
    /// 2 or 3.
    pub const fn version(self) -> u8 {
        match self {
            Self::V2 | Self::V2Pass | Self::V2Ah => 2,
            Self::V3Ipv4 | Self::V3Ipv6 => 3,
        }
    }

    /// What it runs over.
    pub const fn family(self) -> Family {
        match self {
            Self::V2 | Self::V2Pass | Self::V2Ah | Self::V3Ipv4 => Family::V4,
            Self::V3Ipv6 => Family::V6,
        }
    }
}

/// A virtual router as one host has it.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    /// 1 to 255.
    pub vrid: u8,
    /// The number of the bridge: interface `eth{link}`.
    pub link: usize,
    /// The version, with what it runs over.
    pub protocol: Protocol,
    /// 1 to 255.
    pub priority: u8,
    /// The advertisement interval in centiseconds.
    pub centis: u16,
    /// Whether it takes over from a lower priority.
    pub preempt: bool,
    /// Whether it sends from the virtual MAC.
    pub virtual_mac: bool,
    /// The other host of a unicast pair.
    pub unicast_peer: Option<usize>,
    /// How many virtual addresses, beyond the first, are left out of adverts.
    pub excluded: u16,
}

impl Instance {
    /// On link 0, preempting, by multicast; `centis` is the interval in centiseconds.
    pub const fn new(protocol: Protocol, vrid: u8, priority: u8, centis: u16) -> Self {
        Self {
            vrid,
            link: 0,
            protocol,
            priority,
            centis,
            preempt: true,
            virtual_mac: false,
            unicast_peer: None,
            excluded: 0,
        }
    }

    /// What a capture knows it by.
    pub const fn key(&self) -> Key {
        Key {
            link: self.link,
            family: self.protocol.family(),
            vrid: self.vrid,
        }
    }

    /// The advertisement interval.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(10) * u32::from(self.centis)
    }

    /// `Skew_Time`: scaled by the interval in version 3 (RFC 9568 §6.1), not in version 2
    /// (RFC 3768 §6.1).
    pub fn skew(&self) -> Duration {
        let scale = match self.protocol.version() {
            2 => Duration::from_secs(1),
            _ => self.interval(),
        };
        scale * (256 - u32::from(self.priority)) / 256
    }

    /// `Active_Down_Interval` (RFC 9568 §6.1).
    pub fn down(&self) -> Duration {
        3 * self.interval() + self.skew()
    }

    /// The virtual address clients use. Over IPv6 a link-local one precedes it (RFC 9568 §5.2.9).
    pub fn address(&self) -> IpAddr {
        let link = u8::try_from(self.link).expect("few links");
        match self.protocol.family() {
            Family::V4 => Ipv4Addr::new(10, link, 1, self.vrid).into(),
            Family::V6 => {
                let vrid = u16::from(self.vrid);
                Ipv6Addr::new(0xfd00, u16::from(link), 0, 0, 0, 0, 1, vrid).into()
            }
        }
    }

    /// All addresses that adverts carry, in order.
    pub fn advertised(&self) -> Vec<IpAddr> {
        match self.protocol.family() {
            Family::V4 => vec![self.address()],
            Family::V6 => {
                let vrid = u16::from(self.vrid);
                let local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 1, vrid);
                vec![local.into(), self.address()]
            }
        }
    }

    /// The addresses left out of adverts.
    pub fn excluded(&self) -> impl Iterator<Item = IpAddr> {
        (0..self.excluded).map(|number| {
            let [high, low] = number.to_be_bytes();
            Ipv4Addr::new(10, 128 + high / 128, high % 128, low).into()
        })
    }

    fn keepalived(&self, text: &mut String, host: usize) -> core::fmt::Result {
        let Self {
            vrid,
            link,
            priority,
            ..
        } = self;
        writeln!(
            text,
            "vrrp_instance V{link}_{vrid}{:?} {{",
            self.protocol.family()
        )?;
        writeln!(
            text,
            "    state BACKUP\n    interface eth{link}\n    virtual_router_id {vrid}"
        )?;
        writeln!(
            text,
            "    version {}\n    priority {priority}",
            self.protocol.version()
        )?;
        writeln!(
            text,
            "    advert_int {}.{:02}",
            self.centis / 100,
            self.centis % 100
        )?;
        if !self.preempt {
            writeln!(text, "    nopreempt")?;
        }
        if self.virtual_mac {
            writeln!(text, "    use_vmac")?;
        }
        match self.protocol {
            Protocol::V2Pass => authentication(text, "PASS")?,
            Protocol::V2Ah => authentication(text, "AH")?,
            Protocol::V2 | Protocol::V3Ipv4 | Protocol::V3Ipv6 => {}
        }
        if let Some(peer) = self.unicast_peer {
            let family = self.protocol.family();
            writeln!(text, "    unicast_src_ip {}", primary(family, *link, host))?;
            writeln!(
                text,
                "    unicast_peer {{\n        {}\n    }}",
                primary(family, *link, peer)
            )?;
        }
        block(text, "virtual_ipaddress", self.advertised())?;
        if self.excluded > 0 {
            block(text, "virtual_ipaddress_excluded", self.excluded())?;
        }
        writeln!(text, "}}")
    }
}

fn authentication(text: &mut String, kind: &str) -> core::fmt::Result {
    writeln!(
        text,
        "    authentication {{\n        auth_type {kind}\n        auth_pass s3cr3t\n    }}"
    )
}

fn block(
    text: &mut String,
    keyword: &str,
    addresses: impl IntoIterator<Item = IpAddr>,
) -> core::fmt::Result {
    writeln!(text, "    {keyword} {{")?;
    for address in addresses {
        writeln!(text, "        {address}")?;
    }
    writeln!(text, "    }}")
}

/// The primary address of `host` on `link`, the source of its adverts.
pub fn primary(family: Family, link: usize, host: usize) -> IpAddr {
    let link = u8::try_from(link).expect("few links");
    let host = u8::try_from(host + 1).expect("few hosts");
    match family {
        Family::V4 => Ipv4Addr::new(10, link, 0, host).into(),
        Family::V6 => {
            let (link, host) = (u16::from(link), u16::from(host));
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, link, host).into()
        }
    }
}

/// A `keepalived.conf` for `host`.
pub(crate) fn keepalived(host: usize, instances: &[Instance]) -> String {
    let mut text = format!("global_defs {{\n    router_id host{host}\n}}\n");
    for instance in instances {
        instance
            .keepalived(&mut text, host)
            .expect("a string takes all text");
    }
    text
}
