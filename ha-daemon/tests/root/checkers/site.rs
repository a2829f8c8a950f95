//! A host with checkers and a host with servers, on two links.
//!
//! ```text
//! checkers  h0 10.0.0.1 fd00::1   ──  s0 10.0.0.2 fd00::2    servers, also 10.9.9.9 fd09::9
//!           h1 10.0.1.1 fd01::1   ──  s1 10.0.1.2 fd01::2
//! ```
//! The further addresses of the servers are unreachable to the checkers' host, unless a packet has
//! mark 7, comes from h1's address or is bound to h1: then it goes by h1. Nobody answers at
//! 10.0.0.77 and fd00::77.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use nix::sched::{CloneFlags, unshare};

type Job = Box<dyn FnOnce() + Send>;

pub(crate) struct Site {
    jobs: Sender<Job>,
    done: Receiver<()>,
    clients: Receiver<SocketAddr>,
    client: Sender<SocketAddr>,
}

/// The addresses of one family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    /// That of a virtual server.
    pub(crate) vip: &'static str,
    /// That of the servers on the link.
    pub(crate) near: &'static str,
    /// That of the servers behind the other link.
    pub(crate) far: &'static str,
    /// An address that no host has.
    pub(crate) silent: &'static str,
    /// Those of the checkers' host.
    pub(crate) own: [&'static str; 2],
}

pub(crate) const V4: Addresses = Addresses {
    vip: "192.0.2.1",
    near: "10.0.0.2",
    far: "10.9.9.9",
    silent: "10.0.0.77",
    own: ["10.0.0.1", "10.0.1.1"],
};
pub(crate) const V6: Addresses = Addresses {
    vip: "2001:db8::1",
    near: "fd00::2",
    far: "fd09::9",
    silent: "fd00::77",
    own: ["fd00::1", "fd01::1"],
};

const CHECKERS: &str = "link set lo up
    address add 10.0.0.1/24 dev h0
    address add 10.0.1.1/24 dev h1
    address add fd00::1/64 dev h0 nodad
    address add fd01::1/64 dev h1 nodad
    link set h0 up
    link set h1 up
    neighbour add 10.0.0.77 lladdr 02:00:00:00:00:77 dev h0 nud permanent
    neighbour add fd00::77 lladdr 02:00:00:00:00:77 dev h0 nud permanent
    route add unreachable 10.9.9.9
    route add 10.9.9.9 via 10.0.1.2 dev h1 table 100
    rule add fwmark 7 lookup 100
    rule add from 10.0.1.1 lookup 100
    rule add oif h1 lookup 100
    -6 route add unreachable fd09::9
    -6 route add fd09::9 via fd01::2 dev h1 table 100
    -6 rule add fwmark 7 lookup 100
    -6 rule add from fd01::1 lookup 100
    -6 rule add oif h1 lookup 100";

const SERVERS: &str = "link set lo up
    address add 10.0.0.2/24 dev s0
    address add 10.0.1.2/24 dev s1
    address add 10.9.9.9/32 dev lo
    address add fd00::2/64 dev s0 nodad
    address add fd01::2/64 dev s1 nodad
    address add fd09::9/128 dev lo nodad
    link set s0 up
    link set s1 up";

impl Site {
    /// Moves this thread to the host of the checkers.
    pub(crate) fn new() -> Self {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let (jobs, queue) = channel::<Job>();
        let (end, done) = channel();
        let (born, birth) = channel();
        thread::spawn(move || {
            unshare(CloneFlags::CLONE_NEWNET).unwrap();
            born.send(nix::unistd::gettid()).unwrap();
            for job in queue {
                job();
                end.send(()).unwrap();
            }
        });
        let servers = birth.recv().unwrap();
        for link in 0..2 {
            ip(&format!(
                "link add h{link} type veth peer name s{link} netns {servers}"
            ));
        }
        let (client, clients) = channel();
        let site = Self {
            jobs,
            done,
            clients,
            client,
        };
        ip(CHECKERS);
        site.at_servers(|_| ip(SERVERS));
        for closed in ["10.0.0.2:9", "10.0.1.2:9", "[fd00::2]:9", "[fd01::2]:9"] {
            await_refusal(closed);
        }
        site
    }

    /// Does it in the namespace of the servers. Threads it starts stay there, and may tell whom they
    /// serve.
    pub(crate) fn at_servers(&self, job: impl FnOnce(&Sender<SocketAddr>) + Send + 'static) {
        let client = self.client.clone();
        self.jobs.send(Box::new(move || job(&client))).unwrap();
        self.done.recv().unwrap();
    }

    /// Lets the servers answer no more, or again.
    pub(crate) fn mute(&self, mute: bool) {
        let verb = if mute { "add" } else { "del" };
        self.at_servers(move |_| {
            ip(&format!("route {verb} blackhole 10.0.0.1"));
            ip(&format!("-6 route {verb} blackhole fd00::1"));
        });
    }

    /// Waits until a server has served `client`, whose earlier services were waited for: to its
    /// client, a connection stands before the server has accepted it.
    ///
    /// # Panics
    /// If nobody does within five seconds, with those who were served instead.
    pub(crate) fn await_client(&self, client: IpAddr, why: &str) {
        let mut others = Vec::new();
        while let Ok(served) = self.clients.recv_timeout(Duration::from_secs(5)) {
            let served = served.ip().to_canonical();
            if served == client {
                return;
            }
            others.push(served);
        }
        panic!("{why}: {client} was not served, but {others:?}");
    }
}

/// Waits for a host whose link has just come up: packets are dropped for some moments.
fn await_refusal(closed: &str) {
    let closed = closed.parse().unwrap();
    let refused = || {
        let patience = Duration::from_millis(100);
        let error = TcpStream::connect_timeout(&closed, patience).unwrap_err();
        error.kind() == ErrorKind::ConnectionRefused
    };
    assert!((0..100).any(|_| refused()), "{closed} is silent");
}

/// Runs `ip` with the words of each line.
fn ip(lines: &str) {
    for line in lines.lines() {
        rig::tools::ip(line);
    }
}
