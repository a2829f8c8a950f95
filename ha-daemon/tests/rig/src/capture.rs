//! A capture of the frames on the bridge, with the kernel's timestamps.

use core::net::IpAddr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, IoSliceMut};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, LinkAddr, MsgFlags, recvmsg, setsockopt, sockopt::RcvBufForce,
    sockopt::ReceiveTimestampns,
};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use vrrp_core::{Family, MacAddr};

use super::clock;
use super::frame::{self, Fields, Kind};
use super::namespace::Namespace;

/// A virtual router on the wire: VRIDs are per link and family (RFC 9568 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The number of the bridge.
    pub link: usize,
    /// The family of its addresses.
    pub family: Family,
    /// As adverts have it.
    pub vrid: u8,
}

/// An advert as it entered the bridge.
#[derive(Clone, Copy, Debug)]
pub struct Advert {
    /// When it entered, on the clock of [`clock::now`].
    pub time: Duration,
    /// Who sent it.
    pub host: usize,
    /// What it says.
    pub fields: Fields,
}

impl Advert {
    /// Whether its sender claims the addresses, that is, does not resign.
    pub const fn claims(&self) -> bool {
        self.fields.priority != 0
    }
}

/// A host announcing that an address is at its MAC.
#[derive(Clone, Copy, Debug)]
pub struct Announced {
    /// When it entered.
    pub time: Duration,
    /// Who sent it.
    pub host: usize,
    /// Of which address.
    pub address: IpAddr,
}

/// A frame as it entered the bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it entered.
    pub time: Duration,
    /// From the Ethernet header on.
    pub octets: Vec<u8>,
}

impl Frame {
    /// The MAC address it comes from.
    ///
    /// # Panics
    /// If it is shorter than an Ethernet header.
    pub fn source(&self) -> MacAddr {
        MacAddr(self.octets[6..12].try_into().expect("six octets"))
    }

    /// The octets of the advertisement, VRRPv2 or v3 in the clear over IPv4 without options or IPv6.
    pub fn advertisement(&self) -> Option<&[u8]> {
        let at = match self.octets.get(12..14)? {
            [0x08, 0x00] if self.octets.get(23) == Some(&112) => 34,
            [0x86, 0xdd] if self.octets.get(20) == Some(&112) => 54,
            _ => return None,
        };
        self.octets.get(at..)
    }

    /// Whether it is an advertisement of priority 0.
    pub fn is_resignation(&self) -> bool {
        self.advertisement()
            .is_some_and(|pdu| pdu.get(2) == Some(&0))
    }

    /// The address that a gratuitous ARP or an unsolicited neighbour advertisement is about.
    pub fn announced(&self) -> Option<IpAddr> {
        match frame::read(&self.octets)? {
            Kind::Announcement(announcement) => Some(announcement.address),
            Kind::Advert(_) => None,
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    frames: Vec<Frame>,
    adverts: BTreeMap<Key, Vec<Advert>>,
    announced: Vec<Announced>,
}

/// A port of the bridge, by interface index.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    /// The interface index of the port.
    pub index: usize,
    /// Who is behind it.
    pub host: usize,
    /// The number of its bridge.
    pub link: usize,
}

/// A running capture; it ends when dropped.
#[derive(Debug)]
pub struct Capture {
    seen: Arc<Mutex<Seen>>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Capture {
    /// Captures what enters `ports` of the bridge in `namespace`.
    pub fn start(namespace: &Namespace, ports: Vec<Port>) -> Self {
        let socket = namespace.inside(|| open(&ports).expect("root may capture"));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let reader = {
            let (seen, stop) = (Arc::clone(&seen), Arc::clone(&stop));
            thread::spawn(move || read_until(&stop, &OwnedFd::from(socket), &ports, &seen))
        };
        Self {
            seen,
            stop,
            reader: Some(reader),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All adverts of a virtual router since `from`.
    pub fn adverts(&self, key: Key, from: Duration) -> Vec<Advert> {
        let seen = self.seen();
        let all = seen
            .adverts
            .get(&key)
            .map(Vec::as_slice)
            .unwrap_or_default();
        all[all.partition_point(|advert| advert.time < from)..].to_vec()
    }

    /// The first advert since `from` by which `host` claims the addresses.
    pub fn claim(&self, key: Key, host: usize, from: Duration) -> Option<Advert> {
        self.adverts(key, from)
            .into_iter()
            .find(|advert| advert.host == host && advert.claims())
    }

    /// Waits for [`Self::claim`].
    pub fn await_claim(&self, key: Key, host: usize, from: Duration, limit: Duration) -> Advert {
        let what = format!("host {host} claiming {key:?}");
        clock::until(&what, limit, || self.claim(key, host, from).is_some());
        self.claim(key, host, from).expect("it was there just now")
    }

    /// The last advert before `to` by which `host` claims the addresses.
    pub fn last_claim(&self, key: Key, host: usize, to: Duration) -> Option<Advert> {
        let claims = |advert: &Advert| advert.host == host && advert.claims() && advert.time <= to;
        self.adverts(key, Duration::ZERO)
            .into_iter()
            .rev()
            .find(claims)
    }

    /// Everything `host` announced of `address` since `from`.
    pub fn announced(&self, host: usize, address: IpAddr, from: Duration) -> Vec<Announced> {
        let wanted =
            |one: &&Announced| one.host == host && one.address == address && one.time >= from;
        self.seen()
            .announced
            .iter()
            .filter(wanted)
            .copied()
            .collect()
    }

    /// Forgets what was seen before `time`.
    pub fn forget(&self, time: Duration) {
        let mut seen = self.seen();
        seen.frames.retain(|frame| frame.time >= time);
        seen.announced.retain(|one| one.time >= time);
        seen.adverts
            .values_mut()
            .for_each(|adverts| adverts.retain(|advert| advert.time >= time));
    }

    /// The captured frames, to be written to a file.
    pub fn frames(&self) -> Vec<Frame> {
        self.seen().frames.clone()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
    }
}

const ETH_P_ALL: u16 = 3;
const RECEIVE_BUFFER: usize = 256 << 20;
const LONGEST_FRAME: usize = 2048;

/// A packet socket on every interface of the current namespace.
pub(super) fn open(ports: &[Port]) -> io::Result<Socket> {
    let protocol = Protocol::from(i32::from(ETH_P_ALL.to_be()));
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol))?;
    socket.attach_filter(&filter(ports))?;
    socket.set_read_timeout(Some(Duration::from_millis(50)))?;
    setsockopt(&socket, RcvBufForce, &RECEIVE_BUFFER)?;
    setsockopt(&socket, ReceiveTimestampns, &true)?;
    Ok(socket)
}

/// Drops, in the kernel, what leaves through a port, so that each frame is seen once, where it
/// enters, and all that enters through other ports.
fn filter(ports: &[Port]) -> Vec<SockFilter> {
    const LOAD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const PACKET_TYPE: u32 = 0xffff_f004;
    const INTERFACE: u32 = 0xffff_f008;
    const OUTGOING: u32 = 4;
    let drop = || SockFilter::new(RETURN, 0, 0, 0);
    let mut program = vec![
        SockFilter::new(LOAD, 0, 0, PACKET_TYPE),
        SockFilter::new(JUMP_IF_EQUAL, 0, 1, OUTGOING),
        drop(),
        SockFilter::new(LOAD, 0, 0, INTERFACE),
    ];
    for port in ports {
        let index = u32::try_from(port.index).expect("an index is small");
        program.push(SockFilter::new(JUMP_IF_EQUAL, 0, 1, index));
        program.push(SockFilter::new(RETURN, 0, 0, u32::MAX));
    }
    program.push(drop());
    program
}

fn read_until(stop: &AtomicBool, socket: &OwnedFd, ports: &[Port], seen: &Mutex<Seen>) {
    let mut octets = [0; LONGEST_FRAME];
    while !stop.load(Ordering::Relaxed) {
        match read_one(socket, &mut octets) {
            Ok((time, index, length)) => {
                if let Some(port) = ports.iter().find(|port| port.index == index) {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    record(&mut seen, port, time, &octets[..length]);
                }
            }
            Err(Errno::EAGAIN | Errno::EINTR | Errno::ENETDOWN) => {}
            Err(error) => panic!("the capture broke off: {error}"),
        }
    }
}

pub(super) fn read_one(
    socket: &OwnedFd,
    octets: &mut [u8],
) -> nix::Result<(Duration, usize, usize)> {
    let mut space = nix::cmsg_space!(nix::sys::time::TimeSpec);
    let mut parts = [IoSliceMut::new(octets)];
    let message = recvmsg::<LinkAddr>(
        socket.as_raw_fd(),
        &mut parts,
        Some(&mut space),
        MsgFlags::empty(),
    )?;
    let Some(ControlMessageOwned::ScmTimestampns(stamp)) = message.cmsgs()?.next() else {
        return Err(Errno::ENODATA);
    };
    let index = message.address.map_or(0, |address| address.ifindex());
    Ok((clock::of_stamp(stamp.into()), index, message.bytes))
}

fn record(seen: &mut Seen, port: &Port, time: Duration, octets: &[u8]) {
    match frame::read(octets) {
        Some(Kind::Advert(fields)) => {
            let key = Key {
                link: port.link,
                family: fields.family(),
                vrid: fields.vrid,
            };
            seen.adverts.entry(key).or_default().push(Advert {
                time,
                host: port.host,
                fields,
            });
        }
        Some(Kind::Announcement(frame::Announcement { address, .. })) => {
            seen.announced.push(Announced {
                time,
                host: port.host,
                address,
            });
        }
        None => {}
    }
    seen.frames.push(Frame {
        time,
        octets: octets.to_vec(),
    });
}
