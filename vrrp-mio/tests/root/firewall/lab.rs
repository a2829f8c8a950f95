//! Two network namespaces connected by a veth pair.

use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::fs::File;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::process::{Command, Output};

use nix::sched::{CloneFlags, setns, unshare};
use nix::time::{ClockId, clock_gettime};
use vrrp_core::Instant;
use vrrp_core::wire::{MULTICAST_V4, PseudoHeader, TTL};
use vrrp_mio::{AdvertSocket, Transport};

/// The namespace of the calling thread, with `va`, and a named one, with the other end `vb`.
pub(crate) struct Lab {
    peer: String,
    peer_index: u32,
}

impl Lab {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut lab = Self {
            peer: format!("vrrp-firewall-{}-{number}", std::process::id()),
            peer_index: 0,
        };
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        lab.ip(&format!("netns add {}", lab.peer));
        lab.ip(&format!(
            "link add va type veth peer name vb netns {}",
            lab.peer
        ));
        lab.ip("link set lo up");
        lab.ip("link set va up");
        lab.in_peer("ip link set vb up");
        lab.in_peer("ip addr add 192.0.2.77/24 dev vb");
        lab.in_peer("ip addr add 2001:db8::77/64 dev vb nodad");
        lab.in_peer("ip addr add fe80::77/64 dev vb nodad");
        let shown = lab.in_peer("ip -o link show vb").stdout;
        let shown = String::from_utf8(shown).unwrap();
        lab.peer_index = shown.split(':').next().unwrap().parse().unwrap();
        lab
    }

    pub(crate) fn ip(&self, arguments: &str) -> String {
        let output = run(&format!("ip {arguments}"));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip {arguments}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn in_peer(&self, command: &str) -> Output {
        run(&format!("ip netns exec {} {command}", self.peer))
    }

    pub(crate) fn index(&self, name: &str) -> u32 {
        let text = self.ip(&format!("-o link show {name}"));
        text.split(':').next().unwrap().parse().unwrap()
    }

    pub(crate) fn nft(&self, arguments: &str) -> Output {
        run(&format!("nft {arguments}"))
    }

    pub(crate) fn ruleset(&self) -> String {
        String::from_utf8(self.nft("list ruleset").stdout).unwrap()
    }

    pub(crate) fn forget_neighbours(&self) {
        self.in_peer("ip neigh flush dev vb");
    }

    /// Whether the peer has the link-layer address of `address`.
    pub(crate) fn knows_neighbour(&self, address: &str) -> bool {
        let address = address.split('%').next().unwrap();
        let output = self.in_peer(&format!("ip neigh show {address} dev vb"));
        String::from_utf8(output.stdout).unwrap().contains("lladdr")
    }

    /// Whether `address`, known to the peer, answers a probe sent to it alone.
    pub(crate) fn confirms_neighbour(&self, address: &str) -> bool {
        let address = address.split('%').next().unwrap();
        let mac = self.ip("-br link show va");
        let mac = mac.split_whitespace().nth(2).unwrap();
        self.in_peer(&format!(
            "ip neigh replace {address} lladdr {mac} dev vb nud probe"
        ));
        loop {
            let shown = self.in_peer(&format!("ip neigh show {address} dev vb"));
            let shown = String::from_utf8(shown.stdout).unwrap();
            if !shown.contains("PROBE") {
                return shown.contains("REACHABLE");
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Multicasts an advertisement from the peer.
    pub(crate) fn advertise(&self, pdu: [u8; 12]) {
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let namespace = File::open(format!("/run/netns/{}", self.peer)).unwrap();
                setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
                let ends = PseudoHeader::V4 {
                    source: Ipv4Addr::new(192, 0, 2, 77),
                    destination: MULTICAST_V4,
                };
                let mut socket = AdvertSocket::open(self.peer_index, Transport::Ipv4).unwrap();
                socket.send(&ends, TTL, &pdu).unwrap();
            });
        });
    }

    pub(crate) fn answers_ping(&self, address: &str) -> bool {
        let output = self.in_peer(&format!("ping -n -c 2 -i 0.2 -W 1 {address}"));
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
        let error = std::thread::scope(|scope| {
            let connect = || {
                let namespace = File::open(format!("/run/netns/{}", self.peer)).unwrap();
                setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
                TcpStream::connect_timeout(&target, Duration::from_secs(1)).unwrap_err()
            };
            scope.spawn(connect).join().unwrap()
        });
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

impl Drop for Lab {
    fn drop(&mut self) {
        run(&format!("ip netns del {}", self.peer));
    }
}

fn run(command: &str) -> Output {
    let mut words = command.split_whitespace();
    let mut process = Command::new(words.next().unwrap());
    process.args(words).output().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the clock of the test's loop")]
pub(crate) fn now() -> Instant {
    let time = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap());
    Instant::EPOCH + time
}
