//! Two hosts, each a network namespace, connected by two veth pairs.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::io::ErrorKind;

use mio::{Events, Interest, Poll, Token};
use nix::net::if_::if_nametoindex;
use rig::{Namespace, PATIENCE};
use vrrp_core::wire::{MULTICAST_V4, MULTICAST_V6, PseudoHeader};
use vrrp_mio::{AdvertSocket, Datagram, RECEIVE_BUFFER, Received, Transport};

pub(crate) const MULTICAST: [IpAddr; 2] = [IpAddr::V4(MULTICAST_V4), IpAddr::V6(MULTICAST_V6)];

/// A network namespace with the interfaces `v0`, on which it is 10.9.0.N and fe80::N, and `w0`, on
/// which it is 10.10.0.N and fe80::N.
pub(crate) struct Host {
    pub(crate) namespace: Namespace,
    number: u8,
}

/// Hosts number 1 and 2, connected.
pub(crate) fn two_hosts() -> (Host, Host) {
    let host = |number| Host {
        namespace: Namespace::new(&format!("s{number}")),
        number,
    };
    let (left, right) = (host(1), host(2));
    for interface in ["v0", "w0"] {
        left.namespace.ip(&format!(
            "link add {interface} type veth peer name {interface} netns {}",
            right.namespace.name()
        ));
    }
    for host in [&left, &right] {
        host.bring_up("v0", "10.9.0");
        host.bring_up("w0", "10.10.0");
    }
    for host in [&left, &right] {
        host.namespace.await_local(v6(host.number).into());
    }
    (left, right)
}

impl Host {
    fn bring_up(&self, interface: &str, prefix: &str) {
        let number = self.number;
        self.namespace.ip(&format!(
            "link set {interface} addrgenmode none
link set {interface} up
address add {prefix}.{number}/24 dev {interface}
address add fe80::{number}/64 dev {interface} nodad
"
        ));
    }

    /// What `action` gives when run inside the namespace.
    pub(crate) fn within<T: Send>(&self, action: impl FnOnce() -> T + Send) -> T {
        self.namespace.inside(action)
    }

    pub(crate) fn index(&self, interface: &str) -> u32 {
        self.within(|| if_nametoindex(interface).unwrap())
    }

    /// A socket on `interface` that has joined no group.
    pub(crate) fn open(&self, interface: &str, transport: Transport) -> AdvertSocket {
        self.within(|| AdvertSocket::open(if_nametoindex(interface).unwrap(), transport).unwrap())
    }

    /// A socket on `interface` that has joined the group of VRRP.
    pub(crate) fn join(&self, interface: &str, transport: Transport) -> AdvertSocket {
        let mut socket = self.open(interface, transport);
        socket.join(group(transport)).unwrap();
        socket
    }

    /// From this host's address on `v0` to `destination`.
    pub(crate) fn to(&self, destination: IpAddr) -> PseudoHeader {
        let source = match destination {
            IpAddr::V4(_) => IpAddr::from(v4(self.number)),
            IpAddr::V6(_) => IpAddr::from(v6(self.number)),
        };
        PseudoHeader::new(source, destination).unwrap()
    }
}

/// The address of host `number` on `v0`.
pub(crate) const fn v4(number: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 9, 0, number)
}

/// The address of host `number` on `v0`.
pub(crate) const fn v6(number: u8) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number as u16)
}

pub(crate) const fn group(transport: Transport) -> IpAddr {
    match transport {
        Transport::Ipv4 | Transport::Ipv4Ah => MULTICAST[0],
        Transport::Ipv6 => MULTICAST[1],
    }
}

/// A received datagram, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) ends: PseudoHeader,
    pub(crate) hop_limit: u8,
    pub(crate) payload: Vec<u8>,
}

/// The next datagram, which has to come.
pub(crate) fn hear(socket: &mut AdvertSocket) -> Heard {
    let mut buffer = [0; RECEIVE_BUFFER];
    match wait(socket, &mut buffer) {
        Received::Datagram(datagram) => keep(&datagram),
        Received::Rejected(reject) => panic!("rejected: {reject}"),
    }
}

fn keep(datagram: &Datagram<'_>) -> Heard {
    Heard {
        ends: datagram.ends(),
        hop_limit: datagram.hop_limit(),
        payload: datagram.payload().to_vec(),
    }
}

/// Waits, through mio as a driver would, until something is received.
pub(crate) fn wait<'a>(socket: &mut AdvertSocket, buffer: &'a mut [u8]) -> Received<'a> {
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1);
    poll.registry()
        .register(socket, Token(0), Interest::READABLE)
        .unwrap();
    // A process that another test starts may interrupt this.
    while let Err(error) = poll.poll(&mut events, Some(PATIENCE)) {
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    }
    assert!(!events.is_empty(), "nothing received");
    poll.registry().deregister(socket).unwrap();
    socket.receive(buffer).unwrap().unwrap()
}
