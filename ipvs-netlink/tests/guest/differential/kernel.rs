//! The kernel's side: packets are sent in a network namespace, and the chosen destinations are read
//! from the kernel.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};

use ipvs_core::connection::{Packet, ReuseMode, Segment, Settings};
use ipvs_core::record::DestinationRecord;
use ipvs_core::{DestinationKey, Flow, Protocol, Scheduler, Service, ServiceKey};
use ipvs_netlink::{Client, Error, ErrorKind};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, sendto, setsockopt,
    socket, sockopt,
};
use rig::enter_namespace;
use rig::tools::{ip_batch, set_parameter};

use super::step::Step;

/// Whatever leaves the namespace leaves by a device without anything behind it.
const LINKS: &str = "link add d0 type dummy
link set d0 up
addr add 10.9.0.1/32 dev d0
addr add 2001:db8:9::1/128 dev d0 nodad
route add 0.0.0.0/0 dev d0
route add ::/0 dev d0
";

pub(crate) struct Kernel {
    pub(crate) client: Client,
    key: ServiceKey,
    socket: OwnedFd,
    octets: Vec<u8>,
}

impl Kernel {
    /// Puts the thread in a network namespace of its own, which ends with the thread.
    pub(crate) fn new(key: ServiceKey, settings: &Settings) -> Self {
        enter_namespace();
        ip_batch(LINKS);
        set(settings);
        let family = match key.family() {
            ipvs_core::Family::V4 => AddressFamily::Inet,
            ipvs_core::Family::V6 => AddressFamily::Inet6,
        };
        // Of this protocol the sender writes the IP header.
        let socket = socket(family, SockType::Raw, SockFlag::empty(), SockProtocol::Raw).unwrap();
        if let ServiceKey::Mark { mark, .. } = key {
            setsockopt(&socket, sockopt::Mark, &mark.get()).unwrap();
        }
        Self {
            client: Client::connect().unwrap(),
            key,
            socket,
            octets: Vec::new(),
        }
    }

    /// Does `step`; whether the kernel took it. A packet that goes nowhere is not taken.
    pub(crate) fn perform(&mut self, step: &Step) -> bool {
        let key = self.key;
        let client = &mut self.client;
        match step {
            Step::AddService(service) => taken(client.add_service(service)),
            Step::EditService(service) => taken(client.edit_service(service)),
            Step::DeleteService => taken(client.delete_service(&key)),
            Step::Add(destination) => taken(client.add_destination(&key, destination)),
            Step::Edit(destination) => taken(client.edit_destination(&key, destination)),
            Step::Remove(destination) => taken(client.delete_destination(&key, destination)),
            Step::Packet(packet) | Step::Reopen(packet) => self.send(packet),
        }
    }

    fn send(&mut self, packet: &Packet) -> bool {
        encode(&mut self.octets, packet);
        let target = SockaddrStorage::from(SocketAddr::new(packet.flow.target.ip(), 0));
        match sendto(
            self.socket.as_raw_fd(),
            &self.octets,
            &target,
            MsgFlags::empty(),
        ) {
            Ok(_) => true,
            Err(Errno::EPERM) => false,
            Err(error) => panic!("{packet:?}: {error}"),
        }
    }

    pub(crate) fn destinations(&mut self) -> Vec<DestinationRecord> {
        self.client.destinations(&self.key).unwrap()
    }
}

/// Has the kernel load the modules of `schedulers`, before any namespace ends: it loads them under
/// IPVS's lock, which the end of a namespace waits for, and some modules wait for that end.
pub(crate) fn load(schedulers: &[Scheduler]) {
    let mut client = Client::connect().unwrap();
    let key = ServiceKey::tcp(Ipv4Addr::new(10, 1, 0, 1).into(), 1);
    for &scheduler in schedulers {
        client.add_service(&Service::new(key, scheduler)).unwrap();
        client.delete_service(&key).unwrap();
    }
}

fn set(settings: &Settings) {
    let reuse = match settings.conn_reuse_mode {
        ReuseMode::Never => 0,
        ReuseMode::Closed => 1,
        ReuseMode::Closing => 2,
    };
    for (name, value) in [
        ("expire_nodest_conn", u8::from(settings.expire_nodest_conn)),
        (
            "expire_quiescent_template",
            u8::from(settings.expire_quiescent_template),
        ),
        ("conn_reuse_mode", reuse),
        ("sloppy_tcp", u8::from(settings.sloppy_tcp)),
    ] {
        set_parameter(&format!("ipv4/vs/{name}"), value.into());
    }
}

/// What a random step may ask in vain is refused.
fn taken(result: Result<(), Error>) -> bool {
    match result {
        Ok(()) => true,
        Err(error) => {
            let refused = matches!(
                error.kind,
                ErrorKind::DestinationExists | ErrorKind::DestinationMissing | ErrorKind::Range
            );
            assert!(refused, "{error}");
            false
        }
    }
}

/// Where the connections of this thread's namespace go, without templates. A flow has several while
/// one that was replaced has not gone yet.
pub(crate) fn connections() -> BTreeMap<Flow, Vec<DestinationKey>> {
    let text = fs::read_to_string("/proc/thread-self/net/ip_vs_conn").unwrap();
    let mut connections = BTreeMap::<_, Vec<_>>::new();
    for (flow, destination) in text.lines().skip(1).map(connection) {
        if flow.client.port() != 0 {
            connections.entry(flow).or_default().push(destination);
        }
    }
    connections
}

/// `TCP 0A020001 C001 0A010001 0050 0A030001 1F90 SYN_RECV 60`; IPv6 addresses have colons.
fn connection(line: &str) -> (Flow, DestinationKey) {
    let mut words = line.split_whitespace();
    let mut next = || words.next().unwrap();
    let protocol = match next() {
        "TCP" => Protocol::TCP,
        "UDP" => Protocol::UDP,
        // Templates of a mark.
        _ => Protocol(0),
    };
    let mut socket = || {
        let ip: IpAddr = match next() {
            address if address.contains(':') => IpAddr::V6(address.parse::<Ipv6Addr>().unwrap()),
            address => Ipv4Addr::from_bits(u32::from_str_radix(address, 16).unwrap()).into(),
        };
        SocketAddr::new(ip, u16::from_str_radix(next(), 16).unwrap())
    };
    let (client, target, destination) = (socket(), socket(), socket());
    let flow = Flow {
        protocol,
        client,
        target,
    };
    (
        flow,
        DestinationKey::new(destination.ip(), destination.port()),
    )
}

/// Writes the IP packet. Its checksums are left out: the kernel fills in that of IPv4's header, and
/// IPVS looks at no other.
fn encode(octets: &mut Vec<u8>, packet: &Packet) {
    let Flow {
        protocol,
        client,
        target,
    } = packet.flow;
    let transport: u16 = if protocol == Protocol::TCP { 20 } else { 8 };
    octets.clear();
    match (client.ip(), target.ip()) {
        (IpAddr::V4(client), IpAddr::V4(target)) => {
            octets.extend([0x45, 0]);
            octets.extend((20 + transport).to_be_bytes());
            octets.extend([0, 0, 0, 0, 64, protocol.0, 0, 0]);
            octets.extend(client.octets());
            octets.extend(target.octets());
        }
        (IpAddr::V6(client), IpAddr::V6(target)) => {
            octets.extend([0x60, 0, 0, 0]);
            octets.extend(transport.to_be_bytes());
            octets.extend([protocol.0, 64]);
            octets.extend(client.octets());
            octets.extend(target.octets());
        }
        mixed => panic!("{mixed:?}"),
    }
    octets.extend(client.port().to_be_bytes());
    octets.extend(target.port().to_be_bytes());
    if protocol == Protocol::TCP {
        let flags = match packet.segment {
            Segment::Reset => 0x04,
            Segment::Syn => 0x02,
            Segment::Fin => 0x01,
            Segment::Ack => 0x10,
            Segment::Other => 0x08,
        };
        octets.extend([0; 8]);
        octets.extend([0x50, flags, 0x10, 0, 0, 0, 0, 0]);
    } else {
        octets.extend([0, 8, 0, 0]);
    }
}
