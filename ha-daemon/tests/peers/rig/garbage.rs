//! A sender of packets that no router may act on.

use core::net::{Ipv4Addr, Ipv6Addr};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::os::fd::AsRawFd;
use std::thread;

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, socket};

use super::clock::{now, pause};
use super::lab::Lab;

/// The vectors that must be rejected, as frames, for the virtual router `vrid`. Each is an advert
/// of priority 255, which would be obeyed, with one defect.
pub(crate) fn vectors(vrid: u8) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    for first in [0x01, 0x11, 0x41, 0xf1, 0x30, 0x32, 0x3f] {
        frames.push(v3(&sealed(pdu(first, vrid, 1, 10, 1)), 255));
    }
    for ttl in [0, 1, 64, 254] {
        frames.push(v3(&sealed(pdu(0x31, vrid, 1, 10, 1)), ttl));
    }
    let count_zero = sealed(pdu(0x31, vrid, 0, 10, 0));
    let more_than_present = sealed(pdu(0x31, vrid, 3, 10, 2));
    let fewer_than_present = sealed(pdu(0x31, vrid, 1, 10, 3));
    let no_vrid = sealed(pdu(0x31, 0, 1, 10, 1));
    for bad in [count_zero, more_than_present, fewer_than_present, no_vrid] {
        frames.push(v3(&bad, 255));
    }
    let good = sealed(pdu(0x31, vrid, 1, 10, 1));
    frames.extend((0..good.len()).map(|length| v3(&good[..length], 255)));
    frames.extend((0..good.len() * 8).map(|bit| v3(&flipped(&good, bit), 255)));
    frames.push(v3(&[good.as_slice(), &[0; 8]].concat(), 255));
    frames.push(carp(vrid));
    frames.extend(damaged_headers(&good));
    frames
}

/// An advert with an interval of zero, which would make the Active_Down_Interval zero (RFC 9568
/// erratum 8301).
pub(crate) fn interval_zero(vrid: u8) -> Vec<u8> {
    v3(&sealed(pdu(0x31, vrid, 1, 0, 1)), 255)
}

/// Adverts for routers that nobody here is, as many other groups on a link would send.
pub(crate) fn strangers() -> Vec<Vec<u8>> {
    (100..=255)
        .map(|vrid| v3(&sealed(pdu(0x31, vrid, 1, 10, 1)), 255))
        .collect()
}

const SOURCE: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);

fn pdu(first: u8, vrid: u8, count: u8, centis: u8, present: u8) -> Vec<u8> {
    let mut pdu = vec![first, vrid, 255, count, 0, centis, 0, 0];
    for number in 0..present {
        pdu.extend([10, 0, 1, vrid.wrapping_add(number)]);
    }
    pdu
}

/// Fills in the checksum with the IPv4 pseudo-header, which all peers accept.
fn sealed(mut pdu: Vec<u8>) -> Vec<u8> {
    let length = u16::try_from(pdu.len()).expect("an advert is short");
    let mut covered = [SOURCE.octets(), GROUP.octets()].concat();
    covered.extend([0, 112]);
    covered.extend(length.to_be_bytes());
    covered.extend_from_slice(&pdu);
    pdu.splice(6..8, checksum(&covered).to_be_bytes());
    pdu
}

fn checksum(octets: &[u8]) -> u16 {
    let words = octets.chunks(2).map(|pair| match *pair {
        [high, low] => u16::from_be_bytes([high, low]),
        [high, ..] => u16::from_be_bytes([high, 0]),
        [] => 0,
    });
    let mut sum: u32 = words.map(u32::from).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("the sum is folded")
}

/// One flipped bit, which the checksum catches.
fn flipped(pdu: &[u8], bit: usize) -> Vec<u8> {
    let mut pdu = pdu.to_vec();
    pdu[bit / 8] ^= 1 << (bit % 8);
    pdu
}

/// CARP shares the protocol number and the group: its checksum is right and its length wrong.
fn carp(vrid: u8) -> Vec<u8> {
    let mut pdu = vec![0x21, vrid, 100, 7, 0, 1, 0, 0];
    pdu.extend(0..28);
    let sum = checksum(&pdu);
    pdu.splice(6..8, sum.to_be_bytes());
    v3(&pdu, 255)
}

fn v3(pdu: &[u8], ttl: u8) -> Vec<u8> {
    ethernet(
        [0x01, 0x00, 0x5e, 0, 0, 18],
        [0x08, 0x00],
        &ipv4(112, ttl, pdu),
    )
}

fn ipv4(protocol: u8, ttl: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).expect("a packet is short");
    let mut packet = vec![0x45, 0xc0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 1, 0, 0, ttl, protocol, 0, 0]);
    packet.extend(SOURCE.octets());
    packet.extend(GROUP.octets());
    let sum = checksum(&packet);
    packet.splice(10..12, sum.to_be_bytes());
    packet.extend_from_slice(payload);
    packet
}

/// Headers that lie about their length or are fragments.
fn damaged_headers(good: &[u8]) -> Vec<Vec<u8>> {
    let change = |at: usize, octet: u8| {
        let mut packet = ipv4(112, 255, good);
        packet[at] = octet;
        packet.splice(10..12, [0, 0]);
        let sum = checksum(&packet[..20]);
        packet.splice(10..12, sum.to_be_bytes());
        ethernet([0x01, 0x00, 0x5e, 0, 0, 18], [0x08, 0x00], &packet)
    };
    [
        (0, 0x44),
        (0, 0x46),
        (0, 0x4f),
        (2, 0xff),
        (3, 10),
        (3, 24),
        (6, 0x20),
        (7, 0x05),
    ]
    .map(|(at, octet)| change(at, octet))
    .into()
}

fn ethernet(destination: [u8; 6], kind: [u8; 2], body: &[u8]) -> Vec<u8> {
    [&destination[..], &[0x02, 0, 0, 0, 0, 3], &kind, body].concat()
}

/// Random octets as VRRP, as the Authentication Header and as VRRP over IPv6. Priority and length
/// are as random as the rest; a right checksum is not expected among them.
fn random(random: &mut XorShift) -> Vec<u8> {
    let length = usize::from(random.octet() % 64);
    let mut octets: Vec<u8> = (0..length).map(|_| random.octet()).collect();
    match random.octet() % 4 {
        0 => v3(&octets, 255),
        1 => {
            if let Some(first) = octets.first_mut() {
                *first = 0x31;
            }
            v3(&octets, 255)
        }
        2 => ethernet(
            [0x01, 0x00, 0x5e, 0, 0, 18],
            [0x08, 0x00],
            &ipv4(51, 255, &octets),
        ),
        _ => {
            let mut packet = vec![0x60, 0, 0, 0, 0, random.octet() % 64, 112, 255];
            packet.extend(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 3).octets());
            packet.extend(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12).octets());
            packet.append(&mut octets);
            ethernet([0x33, 0x33, 0, 0, 0, 0x12], [0x86, 0xdd], &packet)
        }
    }
}

struct XorShift(u64);

impl XorShift {
    const fn octet(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_be_bytes()[0]
    }
}

/// Sends `rate` frames a second from `host` while `work` runs: `frames` in turn, and as many random
/// ones. Returns how many a second it was.
pub(crate) fn flood(
    lab: &Lab,
    host: usize,
    rate: u32,
    mut frames: Vec<Vec<u8>>,
    work: impl FnOnce(),
) -> u64 {
    let mut source = XorShift(0x9e37_79b9_7f4a_7c15);
    frames.extend((0..1024).map(|_| random(&mut source)));
    let (stop, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = now();
    thread::scope(|scope| {
        scope.spawn(|| {
            lab.host(host)
                .inside(|| send_until(&stop, &sent, rate, &frames))
        });
        work();
        stop.store(true, Ordering::Relaxed);
    });
    let millis = u64::try_from((now() - start).as_millis())
        .expect("a test is short")
        .max(1);
    sent.load(Ordering::Relaxed) * 1000 / millis
}

fn send_until(stop: &AtomicBool, sent: &AtomicU64, rate: u32, frames: &[Vec<u8>]) {
    let to = interface("eth0");
    let raw = socket(
        AddressFamily::Packet,
        SockType::Raw,
        SockFlag::empty(),
        None,
    )
    .expect("root may send frames");
    let start = now();
    let mut all = frames.iter().cycle();
    while !stop.load(Ordering::Relaxed) {
        let due = u64::try_from((now() - start).as_micros()).expect("a test is short")
            * u64::from(rate)
            / 1_000_000;
        for _ in sent.load(Ordering::Relaxed)..due {
            let frame = all.next().expect("there are frames");
            match sendto(raw.as_raw_fd(), frame, &to, MsgFlags::empty()) {
                Ok(_) | Err(Errno::ENOBUFS) => {}
                Err(error) => panic!("a frame of {} octets: {error}", frame.len()),
            }
            sent.fetch_add(1, Ordering::Relaxed);
        }
        pause(Duration::from_micros(500));
    }
}

/// The link-layer address of an interface of the current namespace, which names it to `sendto`.
fn interface(name: &str) -> LinkAddr {
    getifaddrs()
        .expect("interfaces can be listed")
        .filter(|interface| interface.interface_name == name)
        .find_map(|interface| interface.address?.as_link_addr().copied())
        .expect("the interface has a link-layer address")
}
