//! The ancillary data of `sendmsg(2)` and `recvmsg(2)`.

use core::net::{Ipv4Addr, Ipv6Addr};

use nix::libc;

/// Room for the control messages of one received packet: the drop count, and for IPv6 the
/// destination and the hop limit.
#[derive(Debug)]
#[repr(C, align(16))]
pub(super) struct ReceiveControl(pub(super) [u8; 128]);

impl Default for ReceiveControl {
    fn default() -> Self {
        Self([0; 128])
    }
}

/// Length, level and type, as the kernel lays them out whatever the C library.
const HEADER: usize = size_of::<usize>() + 8;
const PACKET_INFO: usize = 20;
const HOP_LIMIT: usize = 4;
const IPV4_PACKET_INFO: usize = 12;
const SECOND: usize = aligned(HEADER + PACKET_INFO);

/// The octets of [`ipv6`].
pub(super) const IPV6_CONTROL: usize = SECOND + aligned(HEADER + HOP_LIMIT);

/// The octets of [`ipv4`].
pub(super) const IPV4_CONTROL: usize = aligned(HEADER + IPV4_PACKET_INFO);

const fn aligned(octets: usize) -> usize {
    octets.next_multiple_of(size_of::<usize>())
}

/// Control messages that choose source address, interface and hop limit of an IPv6 packet
/// (RFC 3542 §6.2, §6.3).
pub(super) fn ipv6(source: Ipv6Addr, interface: u32, hop_limit: u8) -> [u8; IPV6_CONTROL] {
    let mut octets = [0; IPV6_CONTROL];
    let (first, second) = octets.split_at_mut(SECOND);
    let mut packet_info = [0; PACKET_INFO];
    packet_info[..16].copy_from_slice(&source.octets());
    packet_info[16..].copy_from_slice(&interface.to_ne_bytes());
    message(first, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &packet_info);
    let hop_limit = libc::c_int::from(hop_limit);
    let hop_limit = hop_limit.to_ne_bytes();
    message(second, libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, &hop_limit);
    octets
}

/// A control message that chooses the source address by which an IPv4 packet is routed (`ip(7)`,
/// `IP_PKTINFO`).
pub(super) fn ipv4(source: Ipv4Addr) -> [u8; IPV4_CONTROL] {
    let mut octets = [0; IPV4_CONTROL];
    let mut packet_info = [0; IPV4_PACKET_INFO];
    packet_info[4..8].copy_from_slice(&source.octets());
    message(
        &mut octets,
        libc::IPPROTO_IP,
        libc::IP_PKTINFO,
        &packet_info,
    );
    octets
}

fn message<const N: usize>(
    destination: &mut [u8],
    level: libc::c_int,
    kind: libc::c_int,
    data: &[u8; N],
) {
    const LEVEL: usize = size_of::<usize>();
    const KIND: usize = LEVEL + 4;
    destination[..LEVEL].copy_from_slice(&(HEADER + N).to_ne_bytes());
    destination[LEVEL..KIND].copy_from_slice(&level.to_ne_bytes());
    destination[KIND..HEADER].copy_from_slice(&kind.to_ne_bytes());
    destination[HEADER..HEADER + N].copy_from_slice(data);
}
