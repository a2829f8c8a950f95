//! A minimal decoder of adverts from the bridge, independent of the decoder under test.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_core::{Family, MacAddr};

/// The fields of an advert that the scenarios look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// Of the Ethernet header.
    pub source_mac: MacAddr,
    /// Of the IP header.
    pub source: IpAddr,
    /// Of the IP header.
    pub destination: IpAddr,
    /// Whether an Authentication Header precedes it.
    pub authenticated_header: bool,
    /// 2 or 3.
    pub version: u8,
    /// The virtual router.
    pub vrid: u8,
    /// 0 resigns.
    pub priority: u8,
    /// How many it says there are.
    pub addresses: u8,
    /// Version 3: centiseconds. Version 2: authentication type and seconds.
    pub interval: u16,
}

impl Fields {
    /// What it came over.
    pub const fn family(&self) -> Family {
        match self.source {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }
}

/// An announcement of a virtual address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// Of the Ethernet header.
    pub source_mac: MacAddr,
    /// What is announced.
    pub address: IpAddr,
}

/// What a frame on the bridge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A VRRP advertisement.
    Advert(Fields),
    /// A gratuitous ARP or an unsolicited neighbour advertisement.
    Announcement(Announcement),
}

/// Reads an Ethernet frame; `None` for anything but adverts and announcements.
pub fn read(frame: &[u8]) -> Option<Kind> {
    let source_mac = MacAddr(array(frame, 6)?);
    let body = frame.get(14..)?;
    match array(frame, 12)? {
        [0x08, 0x00] => ipv4(source_mac, body),
        [0x86, 0xdd] => ipv6(source_mac, body),
        [0x08, 0x06] => arp(source_mac, body),
        _ => None,
    }
}

fn ipv4(source_mac: MacAddr, packet: &[u8]) -> Option<Kind> {
    let header = usize::from(packet.first()? & 0x0f) * 4;
    let source = IpAddr::from(Ipv4Addr::from(array::<4>(packet, 12)?));
    let destination = IpAddr::from(Ipv4Addr::from(array::<4>(packet, 16)?));
    let (authenticated_header, at) = match packet.get(9)? {
        112 => (false, header),
        51 => (true, header + 24),
        _ => return None,
    };
    advert(
        source_mac,
        source,
        destination,
        authenticated_header,
        packet.get(at..)?,
    )
}

fn ipv6(source_mac: MacAddr, packet: &[u8]) -> Option<Kind> {
    let source = IpAddr::from(Ipv6Addr::from(array::<16>(packet, 8)?));
    let destination = IpAddr::from(Ipv6Addr::from(array::<16>(packet, 24)?));
    let body = packet.get(40..)?;
    match packet.get(6)? {
        112 => advert(source_mac, source, destination, false, body),
        58 if *body.first()? == 136 => {
            let address = IpAddr::from(Ipv6Addr::from(array::<16>(body, 8)?));
            let solicited = body.get(4)? & 0x40 != 0;
            (!solicited).then_some(Kind::Announcement(Announcement {
                source_mac,
                address,
            }))
        }
        _ => None,
    }
}

fn arp(source_mac: MacAddr, body: &[u8]) -> Option<Kind> {
    let (sender, target): ([u8; 4], [u8; 4]) = (array(body, 14)?, array(body, 24)?);
    let address = IpAddr::from(Ipv4Addr::from(sender));
    (sender == target).then_some(Kind::Announcement(Announcement {
        source_mac,
        address,
    }))
}

fn advert(
    source_mac: MacAddr,
    source: IpAddr,
    destination: IpAddr,
    authenticated_header: bool,
    pdu: &[u8],
) -> Option<Kind> {
    let [first, vrid, priority, addresses, high, low] = array(pdu, 0)?;
    Some(Kind::Advert(Fields {
        source_mac,
        source,
        destination,
        authenticated_header,
        version: first >> 4,
        vrid,
        priority,
        addresses,
        interval: u16::from_be_bytes([high, low]),
    }))
}

fn array<const N: usize>(octets: &[u8], at: usize) -> Option<[u8; N]> {
    octets.get(at..)?.first_chunk().copied()
}
