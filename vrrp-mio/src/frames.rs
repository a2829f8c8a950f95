//! The encoder of Ethernet frames for [`LinkSocket`](crate::LinkSocket).

use core::net::IpAddr;

use vrrp_core::wire::{
    ArpPacket, EncodeError, EtherType, EthernetHeader, Ipv4Header, Ipv6Header,
    NeighborAdvertisement, PROTOCOL, PseudoHeader, TOS, multicast_mac,
};
use vrrp_core::{Family, MacAddr};

/// Builds Ethernet frames, one at a time, in a buffer it keeps.
///
/// ```
/// use vrrp_core::wire::{MULTICAST_V4, PseudoHeader};
/// use vrrp_core::{Family, Vrid};
/// use vrrp_mio::Frames;
///
/// let mac = Vrid::new(51).expect("1 to 255").virtual_mac(Family::V4);
/// let ends = PseudoHeader::V4 {
///     source: [192, 0, 2, 1].into(),
///     destination: MULTICAST_V4,
/// };
/// let advertisement = [0x31, 51, 100, 1, 0, 100, 0x05, 0x72, 192, 0, 2, 100];
/// let mut frames = Frames::new();
/// let frame = frames.advertisement(mac, &ends, 255, 1, &advertisement)?;
/// // Ethernet, IPv4, VRRP.
/// assert_eq!(frame.len(), 14 + 20 + 12);
/// assert_eq!(frame[..6], [0x01, 0x00, 0x5e, 0x00, 0x00, 0x12]);
/// # Ok::<(), vrrp_mio::FrameError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Frames {
    buffer: Vec<u8>,
}

/// Why a frame could not be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The Ethernet address of a unicast destination is not known here.
    #[error("{0} is not a multicast group")]
    NotMulticast(IpAddr),
    /// A header or packet cannot be written.
    #[error("the packet cannot be encoded")]
    Encode(#[from] EncodeError),
}

impl Frames {
    /// A builder with a buffer for every frame but the longest advertisements.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffer: Vec::with_capacity(1_536),
        }
    }

    /// An advertisement from the virtual MAC `source` to a multicast group (RFC 9568 §7.2 and
    /// §7.3).
    ///
    /// `pdu` is the advertisement encoded with the same `ends`; `identification` is used for IPv4.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn advertisement(
        &mut self,
        source: MacAddr,
        ends: &PseudoHeader,
        hop_limit: u8,
        identification: u16,
        pdu: &[u8],
    ) -> Result<&[u8], FrameError> {
        let octets = pdu.len();
        let payload_len =
            u16::try_from(octets).map_err(|_too_long| EncodeError::PayloadLength { octets })?;
        self.begin(source, ends.destination())?;
        match *ends {
            PseudoHeader::V4 {
                source,
                destination,
            } => Ipv4Header {
                source,
                destination,
                ttl: hop_limit,
                tos: TOS,
                id: identification,
                protocol: PROTOCOL,
                payload_len,
            }
            .encode(&mut self.buffer)?,
            PseudoHeader::V6 {
                source,
                destination,
            } => Ipv6Header {
                source,
                destination,
                hop_limit,
                traffic_class: TOS,
                next_header: PROTOCOL,
                payload_len,
            }
            .encode(&mut self.buffer)?,
        }
        self.buffer.extend_from_slice(pdu);
        Ok(&self.buffer)
    }

    /// `packet`, complete with its IP header, from the virtual MAC `source` to `group`: for
    /// authenticated advertisements.
    ///
    /// # Errors
    /// [`FrameError::NotMulticast`].
    pub fn packet(
        &mut self,
        source: MacAddr,
        group: IpAddr,
        packet: &[u8],
    ) -> Result<&[u8], FrameError> {
        self.begin(source, group)?;
        self.buffer.extend_from_slice(packet);
        Ok(&self.buffer)
    }

    /// A broadcast ARP packet from `source`.
    ///
    /// # Errors
    /// [`EncodeError`], which does not occur with a growing buffer.
    pub fn arp(&mut self, source: MacAddr, packet: &ArpPacket) -> Result<&[u8], EncodeError> {
        self.buffer.clear();
        packet.encode(source, MacAddr::BROADCAST, &mut self.buffer)?;
        Ok(&self.buffer)
    }

    /// A neighbour advertisement from `source` to all nodes.
    ///
    /// # Errors
    /// [`EncodeError`], which does not occur with a growing buffer.
    pub fn neighbor_advertisement(
        &mut self,
        source: MacAddr,
        packet: &NeighborAdvertisement,
    ) -> Result<&[u8], EncodeError> {
        self.buffer.clear();
        let destination = NeighborAdvertisement::ALL_NODES_MAC;
        packet.encode(source, destination, &mut self.buffer)?;
        Ok(&self.buffer)
    }

    fn begin(&mut self, source: MacAddr, group: IpAddr) -> Result<(), FrameError> {
        let destination = multicast_mac(group).ok_or(FrameError::NotMulticast(group))?;
        let ether_type = match Family::of(group) {
            Family::V4 => EtherType::IPV4,
            Family::V6 => EtherType::IPV6,
        };
        let header = EthernetHeader {
            destination,
            source,
            ether_type,
        };
        self.buffer.clear();
        header.encode(&mut self.buffer)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vrrp_core::wire::{MULTICAST_V4, MULTICAST_V6};

    const VIRTUAL_MAC: MacAddr = MacAddr([0x00, 0x00, 0x5e, 0x00, 0x01, 0x33]);

    #[test]
    fn an_ipv4_advertisement_has_the_headers_of_t1_and_t2() {
        let ends = PseudoHeader::V4 {
            source: [10, 9, 0, 1].into(),
            destination: MULTICAST_V4,
        };
        let mut frames = Frames::new();
        let frame = frames
            .advertisement(VIRTUAL_MAC, &ends, 255, 1, &[0x31; 12])
            .unwrap();
        #[rustfmt::skip]
        let expected = [
            0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x00, 0x00, 0x5e, 0x00, 0x01, 0x33, 0x08, 0x00,
            0x45, 0xc0, 0x00, 0x20, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0xd0, 0x90,
            10, 9, 0, 1, 224, 0, 0, 18,
        ];
        assert_eq!(frame[..34], expected);
        assert_eq!(frame[34..], [0x31; 12]);
    }

    #[test]
    fn an_ipv6_advertisement_has_the_headers_of_t1_and_t2() {
        let ends = PseudoHeader::V6 {
            source: [0xfe80, 0, 0, 0, 0, 0, 0, 1].into(),
            destination: MULTICAST_V6,
        };
        let mut frames = Frames::new();
        let frame = frames
            .advertisement(VIRTUAL_MAC, &ends, 255, 1, &[0x31; 24])
            .unwrap();
        let ethernet = [
            0x33, 0x33, 0, 0, 0, 0x12, 0, 0, 0x5e, 0, 0x01, 0x33, 0x86, 0xdd,
        ];
        assert_eq!(frame[..14], ethernet);
        assert_eq!(frame[14..22], [0x6c, 0, 0, 0, 0, 24, 112, 255]);
        assert_eq!(frame.len(), 14 + 40 + 24);
    }

    #[test]
    fn a_shorter_frame_leaves_nothing_of_the_longer_one_before() {
        let mut frames = Frames::new();
        let group = MULTICAST_V4.into();
        frames.packet(VIRTUAL_MAC, group, &[7; 900]).unwrap();
        let frame = frames.packet(VIRTUAL_MAC, group, &[8; 2]).unwrap();
        assert_eq!(frame[12..], [0x08, 0x00, 8, 8]);
    }

    #[test]
    fn a_unicast_destination_is_refused() {
        let peer = IpAddr::from([10, 9, 0, 2]);
        let refused = Frames::new().packet(VIRTUAL_MAC, peer, &[0x45]).err();
        assert_eq!(refused, Some(FrameError::NotMulticast(peer)));
    }
}
