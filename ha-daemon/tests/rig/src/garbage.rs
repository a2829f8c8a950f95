//! A sender of invalid packets that no router may act on.

mod packet;
pub mod vectors;

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, socket};

use super::clock::{now, pause};
use super::lab::Lab;

/// The most frames at once. The bridge hands each to three interfaces, and the kernel drops what comes
/// when a thousand wait on a processor, adverts among them.
const BURST: u64 = 200;

/// Random octets as VRRP, as the Authentication Header and as VRRP over IPv6, of random lengths. A
/// right checksum is not expected among them.
fn random(random: &mut XorShift) -> Vec<u8> {
    let length = random.octet() % 64;
    let mut octets: Vec<u8> = (0..length).map(|_| random.octet()).collect();
    let form = random.octet() % 4;
    if let (true, Some(first)) = (form.is_multiple_of(2), octets.first_mut()) {
        *first = 0x31;
    }
    match form {
        0 | 1 => packet::advert(&octets),
        2 => packet::advert_v6(255, &octets),
        _ => packet::authenticated(&octets),
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
pub fn flood(
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

/// Sends each of `frames` once from `host`.
pub fn send(lab: &Lab, host: usize, frames: &[Vec<u8>]) {
    lab.host(host).inside(|| {
        let sender = Sender::new();
        frames.iter().for_each(|frame| sender.send(frame));
    });
}

fn send_until(stop: &AtomicBool, sent: &AtomicU64, rate: u32, frames: &[Vec<u8>]) {
    let sender = Sender::new();
    let start = now();
    let mut all = frames.iter().cycle();
    while !stop.load(Ordering::Relaxed) {
        let due = u64::try_from((now() - start).as_micros()).expect("a test is short")
            * u64::from(rate)
            / 1_000_000;
        let sent_before = sent.load(Ordering::Relaxed);
        for _ in sent_before..due.min(sent_before + BURST) {
            sender.send(all.next().expect("there are frames"));
            sent.fetch_add(1, Ordering::Relaxed);
        }
        pause(Duration::from_micros(500));
    }
}

/// A packet socket on `eth0` of the current namespace.
struct Sender {
    socket: OwnedFd,
    interface: LinkAddr,
}

impl Sender {
    fn new() -> Self {
        let socket = socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::empty(),
            None,
        )
        .expect("root may send frames");
        Self {
            socket,
            interface: interface("eth0"),
        }
    }

    fn send(&self, frame: &[u8]) {
        match sendto(
            self.socket.as_raw_fd(),
            frame,
            &self.interface,
            MsgFlags::empty(),
        ) {
            // A full queue drops the frame.
            Ok(_) | Err(Errno::ENOBUFS) => {}
            Err(error) => panic!("a frame of {} octets: {error}", frame.len()),
        }
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
