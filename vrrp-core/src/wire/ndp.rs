//! Neighbor Advertisements that announce IPv6 virtual addresses.

use core::net::Ipv6Addr;

use super::buffer::Buffer;
use super::checksum::{Checksum, PseudoHeader};
use super::error::{EncodeError, NdpError, require_room};
use super::ethernet::{EtherType, EthernetHeader};
use super::ipv6::{Ipv6Header, Ipv6Packet};
use crate::MacAddr;

/// The next-header value of ICMPv6.
const ICMPV6: u8 = 58;
/// The ICMPv6 type of a neighbor advertisement.
const NEIGHBOR_ADVERTISEMENT: u8 = 136;
/// The option that carries the target's link-layer address.
const TARGET_LINK_LAYER: u8 = 2;
/// Octets of the message without options.
const FIXED_LEN: usize = 24;
/// Octets of the target link-layer address option on Ethernet.
const OPTION_LEN: usize = 8;

const ROUTER: u8 = 0x80;
const SOLICITED: u8 = 0x40;
const OVERRIDE: u8 = 0x20;

/// A neighbor advertisement (RFC 4861 §4.4) and the addresses it travels between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeighborAdvertisement {
    /// Source address of the packet.
    pub source: Ipv6Addr,
    /// Destination address of the packet.
    pub destination: Ipv6Addr,
    /// The announced address.
    pub target: Ipv6Addr,
    /// The target's Ethernet address, if given.
    pub target_mac: Option<MacAddr>,
    /// R: the sender is a router.
    pub router: bool,
    /// S: the packet answers a solicitation.
    pub solicited: bool,
    /// O: replaces what the receiver had cached.
    pub override_cached: bool,
}

impl NeighborAdvertisement {
    /// The group of all nodes on the link.
    pub const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
    /// The Ethernet address of [`ALL_NODES`](Self::ALL_NODES).
    pub const ALL_NODES_MAC: MacAddr = MacAddr([0x33, 0x33, 0, 0, 0, 1]);
    /// Octets of the longest frame this type encodes.
    pub const MAX_FRAME_LEN: usize = EthernetHeader::LEN + Ipv6Header::LEN + FIXED_LEN + OPTION_LEN;

    /// The unsolicited advertisement that announces `target` at `mac`, from the target
    /// itself to all nodes with R=`router`, S=0, O=1 (RFC 9568 §6.4.1, §6.4.2). A VRRP router
    /// that forwards sets `router`.
    #[must_use]
    pub const fn unsolicited(mac: MacAddr, target: Ipv6Addr, router: bool) -> Self {
        Self {
            source: target,
            destination: Self::ALL_NODES,
            target,
            target_mac: Some(mac),
            router,
            solicited: false,
            override_cached: true,
        }
    }

    /// Octets of the frame [`encode`](Self::encode) writes: 86 with the target's Ethernet address,
    /// 78 without.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        match self.target_mac {
            Some(_) => Self::MAX_FRAME_LEN,
            None => Self::MAX_FRAME_LEN - OPTION_LEN,
        }
    }

    /// Reads an Ethernet frame.
    ///
    /// # Errors
    /// See [`NdpError`].
    pub fn decode(frame: &[u8]) -> Result<Self, NdpError> {
        let (header, packet) = EthernetHeader::decode(frame)?;
        if header.ether_type != EtherType::IPV6 {
            return Err(NdpError::EtherType(header.ether_type.0));
        }
        let packet = Ipv6Packet::decode(packet)?;
        if packet.next_header != ICMPV6 {
            return Err(NdpError::NextHeader(packet.next_header));
        }
        if packet.hop_limit != 255 {
            return Err(NdpError::HopLimit(packet.hop_limit));
        }
        Self::decode_message(&packet)
    }

    /// Reads the ICMPv6 message of `packet`.
    fn decode_message(packet: &Ipv6Packet<'_>) -> Result<Self, NdpError> {
        let message = packet.payload;
        let truncated = NdpError::Truncated {
            octets: message.len(),
        };
        let &[kind, code, ..] = message else {
            return Err(truncated);
        };
        if (kind, code) != (NEIGHBOR_ADVERTISEMENT, 0) {
            return Err(NdpError::Type { kind, code });
        }
        let (header, rest) = message.split_first_chunk::<8>().ok_or(truncated)?;
        let (target, options) = rest.split_first_chunk::<16>().ok_or(truncated)?;
        let &[_, _, _, _, flags, ..] = header;
        if !Checksum::new()
            .octets(message)
            .pseudo_header(&packet.pseudo_header(), ICMPV6, packet.payload_len)
            .verifies()
        {
            return Err(NdpError::Checksum);
        }
        let target = Ipv6Addr::from(*target);
        if target.is_multicast() {
            return Err(NdpError::MulticastTarget);
        }
        let solicited = flags & SOLICITED != 0;
        if solicited && packet.destination.is_multicast() {
            return Err(NdpError::SolicitedMulticast);
        }
        Ok(Self {
            source: packet.source,
            destination: packet.destination,
            target,
            target_mac: target_mac(options)?,
            router: flags & ROUTER != 0,
            solicited,
            override_cached: flags & OVERRIDE != 0,
        })
    }

    /// Writes a frame from `source` to `destination`, which is
    /// [`ALL_NODES_MAC`](Self::ALL_NODES_MAC) for an unsolicited one.
    ///
    /// # Errors
    /// [`EncodeError::NoRoom`].
    pub fn encode(
        &self,
        source: MacAddr,
        destination: MacAddr,
        dst: &mut impl Buffer,
    ) -> Result<(), EncodeError> {
        require_room(dst, self.encoded_len())?;
        let ethernet = EthernetHeader {
            destination,
            source,
            ether_type: EtherType::IPV6,
        };
        let payload_len = match self.target_mac {
            Some(_) => 32,
            None => 24,
        };
        let ip = Ipv6Header {
            source: self.source,
            destination: self.destination,
            hop_limit: 255,
            traffic_class: 0,
            next_header: ICMPV6,
            payload_len,
        };
        ethernet.encode(dst)?;
        ip.encode(dst)?;
        self.encode_message(payload_len, dst);
        Ok(())
    }

    /// Writes the ICMPv6 message; the caller made room.
    fn encode_message(&self, length: u16, dst: &mut impl Buffer) {
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(self.router, ROUTER)
            | flag(self.solicited, SOLICITED)
            | flag(self.override_cached, OVERRIDE);
        let ends = PseudoHeader::V6 {
            source: self.source,
            destination: self.destination,
        };
        let option = self
            .target_mac
            .map(|MacAddr([a, b, c, d, e, f])| [TARGET_LINK_LAYER, 1, a, b, c, d, e, f]);
        let option = option
            .as_ref()
            .map_or(&[][..], <[u8; OPTION_LEN]>::as_slice);
        let [c0, c1] = Checksum::new()
            .octets(&[NEIGHBOR_ADVERTISEMENT, 0, 0, 0, flags, 0, 0, 0])
            .octets(&self.target.octets())
            .octets(option)
            .pseudo_header(&ends, ICMPV6, length)
            .field();
        dst.put(&[NEIGHBOR_ADVERTISEMENT, 0, c0, c1, flags, 0, 0, 0]);
        dst.put(&self.target.octets());
        dst.put(option);
    }
}

/// The Ethernet address in the first target link-layer address option, if there is one.
fn target_mac(mut options: &[u8]) -> Result<Option<MacAddr>, NdpError> {
    let mut found = None;
    while let [kind, units, ..] = *options {
        let (option, rest) = match usize::from(units) * 8 {
            0 => return Err(NdpError::Option),
            len => options.split_at_checked(len).ok_or(NdpError::Option)?,
        };
        if kind == TARGET_LINK_LAYER && found.is_none() {
            let &[_, _, a, b, c, d, e, f] = option else {
                return Err(NdpError::Option);
            };
            found = Some(MacAddr([a, b, c, d, e, f]));
        }
        options = rest;
    }
    if options.is_empty() {
        Ok(found)
    } else {
        Err(NdpError::Option)
    }
}
