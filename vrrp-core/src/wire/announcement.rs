//! Frames that announce a virtual address to the neighbours.

use core::net::IpAddr;

use super::arp::ArpPacket;
use super::buffer::Buffer;
use super::error::EncodeError;
use super::ndp::NeighborAdvertisement;
use crate::MacAddr;

/// Writes the Ethernet frame that tells a link that `address` is at `mac`, its source: a gratuitous
/// ARP request, or an unsolicited neighbour advertisement of a router (RFC 9568 §6.4.1, §6.4.2).
/// Returns its octets: 42 or 86.
///
/// ```
/// use vrrp_core::MacAddr;
/// use vrrp_core::wire::{ArpPacket, announcement_frame};
///
/// let mac = MacAddr([0, 0, 0x5e, 0, 1, 51]);
/// let mut frame = Vec::new();
/// assert_eq!(announcement_frame([192, 0, 2, 1].into(), mac, &mut frame), Ok(42));
/// assert_eq!(ArpPacket::decode(&frame)?.sender_mac, mac);
/// # Ok::<(), vrrp_core::wire::ArpError>(())
/// ```
///
/// # Errors
/// [`EncodeError::NoRoom`].
pub fn announcement_frame(
    address: IpAddr,
    mac: MacAddr,
    dst: &mut impl Buffer,
) -> Result<usize, EncodeError> {
    match address {
        IpAddr::V4(address) => {
            let packet = ArpPacket::gratuitous_request(mac, address);
            packet.encode(mac, MacAddr::BROADCAST, dst)?;
            Ok(ArpPacket::FRAME_LEN)
        }
        IpAddr::V6(address) => {
            let packet = NeighborAdvertisement::unsolicited(mac, address, true);
            packet.encode(mac, NeighborAdvertisement::ALL_NODES_MAC, dst)?;
            Ok(packet.encoded_len())
        }
    }
}
