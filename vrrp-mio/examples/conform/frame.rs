//! Frames with advertisements: read from the link, and made with or without a defect.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::wire::{
    ArpPacket, Checksum, EtherType, EthernetHeader, Ipv4Packet, Ipv6Packet, MULTICAST_V4,
    MULTICAST_V6, NeighborAdvertisement, PROTOCOL, PseudoHeader,
};
use vrrp_core::{Family, MacAddr, Version};
use vrrp_mio::Frames;

use super::subject::Subject;

/// An advertisement as it was on the link.
#[derive(Clone, Debug)]
pub(crate) struct Advert {
    pub(crate) time: Duration,
    pub(crate) mac: MacAddr,
    pub(crate) ends: PseudoHeader,
    pub(crate) ttl: u8,
    pub(crate) pdu: Vec<u8>,
}

impl Advert {
    /// An advertisement without an Authentication Header, whatever is wrong with it.
    pub(crate) fn read(time: Duration, frame: &[u8]) -> Option<Self> {
        let (ethernet, packet) = EthernetHeader::decode(frame).ok()?;
        let (ends, ttl, protocol, pdu) = if ethernet.ether_type == EtherType::IPV4 {
            let ip = Ipv4Packet::decode(packet).ok()?;
            (ip.pseudo_header(), ip.ttl, ip.protocol, ip.payload)
        } else {
            let ip = Ipv6Packet::decode(packet).ok()?;
            (ip.pseudo_header(), ip.hop_limit, ip.next_header, ip.payload)
        };
        (protocol == PROTOCOL && pdu.len() >= 8).then(|| Self {
            time,
            mac: ethernet.source,
            ends,
            ttl,
            pdu: pdu.to_vec(),
        })
    }

    pub(crate) fn vrid(&self) -> u8 {
        self.pdu[1]
    }

    pub(crate) fn priority(&self) -> u8 {
        self.pdu[2]
    }

    /// Whether the checksum verifies, with the pseudo-header or without.
    pub(crate) fn verifies(&self, with_pseudo_header: bool) -> bool {
        sum(&self.pdu, &self.ends, with_pseudo_header).verifies()
    }
}

/// The address that a gratuitous ARP or an unsolicited neighbour advertisement is about.
pub(crate) fn announced(frame: &[u8]) -> Option<IpAddr> {
    if let Ok(arp) = ArpPacket::decode(frame) {
        let own = arp.sender_address == arp.target_address;
        return own.then_some(arp.sender_address.into());
    }
    let advertisement = NeighborAdvertisement::decode(frame).ok()?;
    (!advertisement.solicited).then_some(advertisement.target.into())
}

fn sum(pdu: &[u8], ends: &PseudoHeader, with_pseudo_header: bool) -> Checksum {
    let sum = Checksum::new().octets(pdu);
    match u16::try_from(pdu.len()) {
        Ok(length) if with_pseudo_header => sum.pseudo_header(ends, PROTOCOL, length),
        _ => sum,
    }
}

/// An advertisement to be sent: right unless something is changed.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    source: IpAddr,
    pub(crate) ttl: u8,
    pub(crate) pdu: Vec<u8>,
    with_pseudo_header: bool,
    /// Added to the right checksum.
    pub(crate) checksum_error: u8,
}

impl Draft {
    pub(crate) fn new(
        subject: &Subject,
        source: IpAddr,
        priority: u8,
        with_pseudo_header: bool,
    ) -> Self {
        let mut draft = Self {
            source,
            ttl: 255,
            pdu: Vec::new(),
            with_pseudo_header,
            checksum_error: 0,
        };
        draft.write(subject.version, subject, priority, &subject.addresses);
        draft
    }

    /// The octets of an advertisement of `version`.
    pub(crate) fn write(
        &mut self,
        version: Version,
        subject: &Subject,
        priority: u8,
        addresses: &[IpAddr],
    ) {
        let count = u8::try_from(addresses.len()).unwrap_or(u8::MAX);
        let (first, trailer) = match version {
            Version::V2 => (0x21, 8),
            Version::V3 => (0x31, 0),
        };
        self.pdu = vec![first, subject.vrid, priority, count, 0, 0, 0, 0];
        for address in addresses {
            match address {
                IpAddr::V4(address) => self.pdu.extend(address.octets()),
                IpAddr::V6(address) => self.pdu.extend(address.octets()),
            }
        }
        self.pdu.resize(self.pdu.len() + trailer, 0);
        self.set_interval(version, subject.centis);
        self.with_pseudo_header &= version == Version::V3;
    }

    pub(crate) fn set_interval(&mut self, version: Version, centis: u16) {
        let field = match version {
            Version::V2 => (centis / 100).max(u16::from(centis > 0)),
            Version::V3 => centis,
        };
        self.pdu[4..6].copy_from_slice(&field.to_be_bytes());
    }

    /// The frame, from `mac`.
    pub(crate) fn frame(&self, mac: MacAddr) -> Option<Vec<u8>> {
        let group = match Family::of(self.source) {
            Family::V4 => IpAddr::from(MULTICAST_V4),
            Family::V6 => IpAddr::from(MULTICAST_V6),
        };
        let ends = PseudoHeader::new(self.source, group)?;
        let mut pdu = self.pdu.clone();
        pdu[6..8].fill(0);
        let [high, low] = sum(&pdu, &ends, self.with_pseudo_header).field();
        pdu[6..8].copy_from_slice(&[high, low.wrapping_add(self.checksum_error)]);
        let mut frames = Frames::new();
        let frame = frames.advertisement(mac, &ends, self.ttl, 1, &pdu);
        frame.ok().map(<[u8]>::to_vec)
    }
}
