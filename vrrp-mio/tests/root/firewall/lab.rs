//! Two network namespaces connected by a veth pair.

use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use core::time::Duration;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::process::Output;

use nix::net::if_::if_nametoindex;
use rig::tools::{attempt, ip};
use rig::{Namespace, enter_namespace};
use vrrp_core::wire::{MULTICAST_V4, PseudoHeader, TTL};
use vrrp_mio::{AdvertSocket, Transport};

/// The namespace of the calling thread, with `va`, and another one, with the other end `vb`.
pub(crate) struct Lab {
    peer: Namespace,
    peer_index: u32,
}

impl Lab {
    pub(crate) fn new() -> Self {
        enter_namespace();
        let peer = Namespace::new("peer");
        let name = peer.name();
        ip(&format!("link add va type veth peer name vb netns {name}"));
        ip("link set va up");
        peer.ip("link set vb up
addr add 192.0.2.77/24 dev vb
addr add 2001:db8::77/64 dev vb nodad
addr add fe80::77/64 dev vb nodad");
        let peer_index = peer.inside(|| if_nametoindex("vb").unwrap());
        Self { peer, peer_index }
    }

    pub(crate) fn ip(&self, arguments: &str) -> String {
        ip(arguments)
    }

    pub(crate) fn index(&self, name: &str) -> u32 {
        if_nametoindex(name).unwrap()
    }

    pub(crate) fn nft(&self, arguments: &str) -> Output {
        attempt(&format!("nft {arguments}"))
    }

    pub(crate) fn ruleset(&self) -> String {
        String::from_utf8(self.nft("list ruleset").stdout).unwrap()
    }

    pub(crate) fn forget_neighbours(&self) {
        self.peer.ip("neigh flush dev vb");
    }

    /// Whether the peer has the link-layer address of `address`.
    pub(crate) fn knows_neighbour(&self, address: &str) -> bool {
        let address = address.split('%').next().unwrap();
        let shown = self.peer.show(&format!("neigh show {address} dev vb"));
        shown.contains("lladdr")
    }

    /// Whether `address`, known to the peer, answers a probe sent to it alone.
    pub(crate) fn confirms_neighbour(&self, address: &str) -> bool {
        let address = address.split('%').next().unwrap();
        let mac = self.ip("-br link show va");
        let mac = mac.split_whitespace().nth(2).unwrap();
        let probe = format!("neigh replace {address} lladdr {mac} dev vb nud probe");
        self.peer.ip(&probe);
        loop {
            let shown = self.peer.show(&format!("neigh show {address} dev vb"));
            if !shown.contains("PROBE") {
                return shown.contains("REACHABLE");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Multicasts an advertisement from the peer.
    pub(crate) fn advertise(&self, pdu: [u8; 12]) {
        self.peer.inside(|| {
            let ends = PseudoHeader::V4 {
                source: Ipv4Addr::new(192, 0, 2, 77),
                destination: MULTICAST_V4,
            };
            let socket = AdvertSocket::open(self.peer_index, Transport::Ipv4).unwrap();
            socket.send(&ends, TTL, &pdu).unwrap();
        });
    }

    pub(crate) fn answers_ping(&self, address: &str) -> bool {
        let output = (self.peer).attempt(&format!("ping -n -c 2 -i 0.2 -W 1 {address}"));
        output.status.success()
    }

    /// Whether a connection to a closed port is refused, rather than not answered.
    pub(crate) fn answers_tcp(&self, address: &str) -> bool {
        const CLOSED: u16 = 9;
        let address: IpAddr = address.split('%').next().unwrap().parse().unwrap();
        let target = match address {
            IpAddr::V4(address) => SocketAddr::from((address, CLOSED)),
            IpAddr::V6(address) => {
                let scope = u32::from(address.is_unicast_link_local()) * self.peer_index;
                SocketAddrV6::new(address, CLOSED, 0, scope).into()
            }
        };
        let connect = || TcpStream::connect_timeout(&target, Duration::from_secs(1));
        let error = self.peer.inside(connect).unwrap_err();
        error.kind() == ErrorKind::ConnectionRefused
    }
}

/// Calls `body` without the right to configure the network.
pub(crate) fn without_capabilities(body: impl FnOnce()) {
    let right = caps::Capability::CAP_NET_ADMIN;
    caps::drop(None, caps::CapSet::Effective, right).unwrap();
    body();
    caps::raise(None, caps::CapSet::Effective, right).unwrap();
}
