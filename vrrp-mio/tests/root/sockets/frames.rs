//! Tests of Ethernet frames, octet by octet, as a packet socket on the other side receives them.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::io::{ErrorKind, Read};

use socket2::{Domain, Protocol, Socket, Type};
use vrrp_core::wire::{ArpPacket, NeighborAdvertisement, PseudoHeader};
use vrrp_core::{Family, MacAddr, Vrid};
use vrrp_mio::{Frames, LinkSocket, Transport};

use rig::PATIENCE;

use super::lab::{Host, group, hear, two_hosts};

/// Sees every frame of its host.
struct Sniffer(Socket);

impl Sniffer {
    fn on(host: &Host) -> Self {
        let every = Protocol::from(i32::from(3_u16.to_be()));
        host.within(|| {
            let socket = Socket::new(Domain::PACKET, Type::RAW, Some(every)).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            Self(socket)
        })
    }

    /// The next frame `wanted`; the kernel sends some of its own.
    fn next(&self, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        loop {
            let mut frame = vec![0; 2_048];
            match (&self.0).read(&mut frame) {
                Ok(octets) => frame.truncate(octets),
                // By the end of a process that another test has started.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => panic!("{error}"),
            }
            if wanted(&frame) {
                return frame;
            }
        }
    }

    fn next_from(&self, source: MacAddr) -> Vec<u8> {
        self.next(|frame| frame[6..12] == source.0)
    }
}

fn link_on_v0(host: &Host) -> LinkSocket {
    let index = host.index("v0");
    host.within(|| LinkSocket::open(index).unwrap())
}

fn virtual_mac(family: Family) -> MacAddr {
    Vrid::new(51).unwrap().virtual_mac(family)
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_gratuitous_arp_leaves_octet_by_octet() {
    let (left, right) = two_hosts();
    let sniffer = Sniffer::on(&right);
    let link = link_on_v0(&left);
    let mac = virtual_mac(Family::V4);
    let packet = ArpPacket::gratuitous_request(mac, Ipv4Addr::new(10, 9, 0, 10));
    let mut frames = Frames::new();
    link.send(frames.arp(mac, &packet).unwrap()).unwrap();
    #[rustfmt::skip]
    let expected = [
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x5e, 0x00, 0x01, 0x33, 0x08, 0x06,
        0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01,
        0x00, 0x00, 0x5e, 0x00, 0x01, 0x33, 10, 9, 0, 10,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 10, 9, 0, 10,
    ];
    assert_eq!(sniffer.next_from(mac), expected);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_unsolicited_neighbor_advertisement_leaves_octet_by_octet() {
    let (left, right) = two_hosts();
    let sniffer = Sniffer::on(&right);
    let link = link_on_v0(&left);
    let mac = virtual_mac(Family::V6);
    let target = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0x10);
    let packet = NeighborAdvertisement::unsolicited(mac, target, true);
    let mut frames = Frames::new();
    link.send(frames.neighbor_advertisement(mac, &packet).unwrap())
        .unwrap();
    #[rustfmt::skip]
    let expected = [
        0x33, 0x33, 0, 0, 0, 1, 0x00, 0x00, 0x5e, 0x00, 0x02, 0x33, 0x86, 0xdd,
        0x60, 0, 0, 0, 0, 32, 58, 255,
        0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        136, 0, 0x79, 0x4a, 0xa0, 0, 0, 0,
        0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
        2, 1, 0x00, 0x00, 0x5e, 0x00, 0x02, 0x33,
    ];
    assert_eq!(sniffer.next_from(mac), expected);
}

#[test]
#[ignore = "needs root: network namespaces, raw and packet sockets"]
fn an_advertisement_from_the_virtual_mac_is_heard_as_any_other() {
    let (left, right) = two_hosts();
    let sniffer = Sniffer::on(&right);
    let link = link_on_v0(&left);
    let pdu = [0x31, 51, 100, 0, 0, 100, 0, 0];
    let mut frames = Frames::new();
    for transport in [Transport::Ipv4, Transport::Ipv6] {
        let mut receiver = right.join("v0", transport);
        let mac = virtual_mac(transport.family());
        let ends = left.to(group(transport));
        let frame = frames.advertisement(mac, &ends, 255, 1, &pdu).unwrap();
        link.send(frame).unwrap();
        assert_eq!(sniffer.next_from(mac), frame);
        let heard = hear(&mut receiver);
        assert_eq!(
            (heard.ends, heard.hop_limit, heard.payload),
            (ends, 255, pdu.to_vec())
        );
    }
}

#[test]
#[ignore = "needs root: network namespaces, raw and packet sockets"]
fn advertisements_of_both_families_leave_as_t1_demands() {
    let (left, right) = two_hosts();
    let sniffer = Sniffer::on(&right);
    let pdu = [0x31, 51, 100, 0, 0, 100, 0, 0];
    let ends = left.to(group(Transport::Ipv4));
    let socket = left.open("v0", Transport::Ipv4);
    socket.send(&ends, 255, &pdu).unwrap();
    let frame = sniffer.next(|frame| frame[12..14] == [0x08, 0x00]);
    assert_eq!(frame[..6], [0x01, 0x00, 0x5e, 0, 0, 0x12]);
    #[rustfmt::skip]
    let expected = [
        0x45, 0xc0, 0, 28, 0, 1, 0, 0, 255, 112, 0xd0, 0x94, 10, 9, 0, 1, 224, 0, 0, 18,
    ];
    assert_eq!(frame[14..34], expected);
    assert_eq!(frame[34..], pdu);

    let ends = left.to(group(Transport::Ipv6));
    let socket = left.open("v0", Transport::Ipv6);
    socket.send(&ends, 255, &pdu).unwrap();
    let frame = sniffer.next(|frame| frame[12..14] == [0x86, 0xdd] && frame[20] == 112);
    assert_eq!(frame[..6], [0x33, 0x33, 0, 0, 0, 0x12]);
    // The kernel chooses the flow label.
    assert_eq!((frame[14], frame[15] & 0xf0), (0x6c, 0));
    assert_eq!(frame[18..22], [0, 8, 112, 255]);
    let PseudoHeader::V6 {
        source,
        destination,
    } = ends
    else {
        panic!("IPv6 asked for");
    };
    assert_eq!(frame[22..38], source.octets());
    assert_eq!(frame[38..54], destination.octets());
    assert_eq!(frame[54..], pdu);
}
