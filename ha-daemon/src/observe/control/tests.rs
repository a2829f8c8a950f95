//! Tests of the control socket.

use core::cell::Cell;
use core::net::IpAddr;
use core::time::Duration;
use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use mio::{Events, Poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{Mode, umask};
use vrrp_core::Instant;
use vrrp_mio::{Clock, TimeSlice};

use super::*;
use crate::balancing::status::{RealServerStatus, ServiceStatus, VirtualServerStatus};
use crate::config::{LoadOptions, load_str};
use crate::observe::status::{FailingStatus, InstanceStatus, LossStatus, Status, TurnStatus};
use crate::slab::{Cursor, Handle};
use crate::tokens::TokenRange;

const TOKENS: TokenRange = TokenRange::new(0, MAX_CLIENTS + 1);

fn status() -> Status {
    Status {
        version: "1".to_owned(),
        pid: 2,
        uptime_seconds: 3.0,
        turns: TurnStatus::default(),
        losses: LossStatus::default(),
        instances: Vec::new(),
        virtual_servers: Vec::new(),
    }
}

/// A directory that is removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("ha-daemon-control-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn answers_a_status_request_whatever_follows_it() {
    let expected = "{\"version\":\"1\",\"pid\":2,\"uptime_seconds\":3.0,\"turns\":{\"count\":0,\"longest_us\":0,\"over_2000_us\":0,\"cpu_us\":[]},\"losses\":{\"oversized_packets\":0,\"missing_metadata\":0,\"receive_errors\":0,\"queue_overflows\":0},\"instances\":[],\"virtual_servers\":[]}\n";
    for request in [&b"status\n"[..], b"  status \r\nx", b"status"] {
        assert_eq!(answer(request, &status()), expected.as_bytes());
    }
    assert_eq!(
        answer(b"stat\n", &status()),
        b"{\"error\":\"unknown request\"}\n"
    );
}

#[test]
fn a_server_removes_its_own_socket_and_no_other() {
    let poll = Poll::new().unwrap();
    let place = Place::new("removal");
    let path = place.socket();
    let server = || Server::bind(&path, poll.registry(), TOKENS).unwrap();
    let first = server();
    // A file system may give the number of a removed file to the next one.
    fs::rename(&path, place.0.join("moved")).unwrap();
    let second = server();
    drop(first);
    assert!(path.exists());
    drop(second);
    assert!(!path.exists());
}

#[test]
fn the_socket_is_for_its_owner_whatever_the_umask() {
    let poll = Poll::new().unwrap();
    let place = Place::new("mode");
    // Files of other tests are made with the umask of the process.
    unshare(CloneFlags::CLONE_FS).unwrap();
    fs::create_dir_all(&place.0).unwrap();
    for mask in [0, 0o777] {
        let former = umask(Mode::from_bits_truncate(mask));
        let server = Server::bind(&place.socket(), poll.registry(), TOKENS);
        umask(former);
        let mode = fs::metadata(place.socket()).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "umask {mask:o}");
        drop(server.unwrap());
    }
}

#[test]
fn a_socket_whose_queue_is_full_is_in_use_and_a_stale_one_is_not() {
    let poll = Poll::new().unwrap();
    let place = Place::new("full");
    let path = place.socket();
    fs::create_dir_all(&place.0).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    let address = socket2::SockAddr::unix(&path).unwrap();
    let kind = socket2::Type::STREAM.nonblocking();
    let mut waiting = Vec::new();
    // Nobody accepts.
    loop {
        let socket = socket2::Socket::new(socket2::Domain::UNIX, kind, None).unwrap();
        match socket.connect(&address) {
            Ok(()) => waiting.push(socket),
            Err(error) => break assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
    let refused = Server::bind(&path, poll.registry(), TOKENS).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::AddrInUse);
    // A script of another test may have a copy of it until it is executed: closing is not enough.
    socket2::SockRef::from(&other)
        .shutdown(Shutdown::Both)
        .unwrap();
    assert!(path.exists());
    drop(Server::bind(&path, poll.registry(), TOKENS).unwrap());
}

/// A source that counts what it is asked for: as many virtual servers as it says, and an instance with
/// as many addresses, if there are any.
struct Counting {
    asked: Cell<usize>,
    virtual_servers: u64,
    addresses: usize,
}

impl Counting {
    fn new(virtual_servers: u64, addresses: usize) -> Self {
        Self {
            asked: Cell::new(0),
            virtual_servers,
            addresses,
        }
    }

    fn count(&self) {
        self.asked.set(self.asked.get() + 1);
    }
}

/// The number of an address, and an address.
fn numbered(number: usize) -> IpAddr {
    let [.., high, low] = number.to_be_bytes();
    IpAddr::from([10, 0, high, low])
}

fn instance() -> InstanceStatus {
    let text = "vrrp_instance VI_1 {\nvirtual_router_id 1\nunicast_src_ip 10.0.0.1\n\
                unicast_peer {\n10.0.0.2\n}\nvirtual_ipaddress {\n192.0.2.1/24\n}\n}";
    let loaded = load_str("test.conf", text, &LoadOptions::default());
    InstanceStatus::unplaced(&loaded.config.instances[0], Vec::new(), Duration::ZERO)
}

impl Source for Counting {
    fn head(&self) -> Status {
        self.count();
        status()
    }

    fn next_instance(&self, cursor: &mut Cursor) -> Option<(Handle, InstanceStatus)> {
        let first = self.addresses > 0 && *cursor == Cursor::default();
        *cursor = Cursor(1);
        first.then(|| (Handle::from_bits(0), instance()))
    }

    fn addresses(&self, _: Handle, from: usize, most: usize) -> Vec<IpAddr> {
        self.count();
        let last = self.addresses.min(from + most);
        (from..last).map(numbered).collect()
    }

    /// Each hundredth: more than are shown.
    fn failing(&self, _: Handle, from: usize, most: usize) -> Option<Vec<FailingStatus>> {
        self.count();
        let last = self.addresses.min(from + most);
        let failing = (from..last).filter(|number| number % 100 == 99);
        let failing = failing.map(|number| FailingStatus {
            address: numbered(number),
            text: "refused".to_owned(),
        });
        (from < self.addresses).then(|| failing.collect())
    }

    fn next_virtual_server(&self, cursor: &mut Cursor) -> Option<(Handle, VirtualServerStatus)> {
        self.count();
        let number = cursor.0;
        *cursor = Cursor(number + 1);
        let status = || VirtualServerStatus {
            name: "x".repeat(1_000),
            services: Vec::new(),
            scheduler: String::new(),
            quorum: true,
            weight: 0,
            gain: 0,
            loss: 0,
            suspended: false,
            sorry_server: None,
            real_servers: Vec::new(),
        };
        (number < self.virtual_servers).then(|| (Handle::from_bits(number), status()))
    }

    fn services(&self, _: Handle, _: usize, _: usize) -> Vec<ServiceStatus> {
        Vec::new()
    }

    fn next_real_server(&self, _: Handle, _: &mut Cursor) -> Option<RealServerStatus> {
        None
    }
}

/// A server, its poll, and a clock that goes on by a step at each look.
struct Bench {
    poll: Poll,
    server: Server,
    clock: Clock,
}

impl Bench {
    fn new(path: &Path) -> Self {
        let poll = Poll::new().unwrap();
        Self {
            server: Server::bind(path, poll.registry(), TOKENS).unwrap(),
            poll,
            clock: Clock::new().unwrap(),
        }
    }

    /// One turn in which time is over after `looks` looks at the clock.
    fn turn(&mut self, looks: u64, now: Instant, source: &Counting) {
        let mut events = Events::with_capacity(64);
        self.poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
        for event in &events {
            self.server.ready(event.token());
        }
        let passed = Cell::new(0_u64);
        let clock = || {
            passed.set(passed.get() + 1);
            now + Duration::from_nanos(passed.get())
        };
        let end = now + Duration::from_nanos(looks);
        let slice = TimeSlice::new(now, end, &clock);
        let registry = self.poll.registry();
        self.server.turn(registry, &slice, source).unwrap();
    }
}

#[test]
fn a_long_reply_takes_many_turns_and_others_have_theirs_meanwhile() {
    let place = Place::new("turns");
    let mut bench = Bench::new(&place.socket());
    let source = Counting::new(100, 0);
    let ask = || {
        let mut client = UnixStream::connect(place.socket()).unwrap();
        client.write_all(b"status\n").unwrap();
        client.set_nonblocking(true).unwrap();
        client
    };
    let mut clients = [ask(), ask()];
    let now = bench.clock.now();
    let mut replies = [Vec::new(), Vec::new()];
    let mut first = [0, 0];
    for turn in 1.. {
        bench.turn(4, now, &source);
        assert!(source.asked.replace(0) <= 4, "of both together, in a turn");
        for ((client, reply), first) in clients.iter_mut().zip(&mut replies).zip(&mut first) {
            drop(client.read_to_end(reply));
            if *first == 0 && !reply.is_empty() {
                *first = turn;
            }
        }
        if !bench.server.has_work() {
            break;
        }
    }
    assert!(first.iter().all(|first| *first < 4), "{first:?}");
    for reply in replies {
        assert!(reply.ends_with(b"]}\n"), "{}", reply.len());
        assert!(reply.len() > 100_000, "{}", reply.len());
    }
}

#[test]
fn an_instance_of_twenty_thousand_addresses_takes_many_turns() {
    const ADDRESSES: usize = 20_000;
    let place = Place::new("addresses");
    let mut bench = Bench::new(&place.socket());
    let source = Counting::new(0, ADDRESSES);
    let mut client = UnixStream::connect(place.socket()).unwrap();
    client.write_all(b"status\n").unwrap();
    client.set_nonblocking(true).unwrap();
    let now = bench.clock.now();
    let (mut reply, mut turns) = (Vec::new(), 0);
    loop {
        bench.turn(4, now, &source);
        turns += 1;
        assert!(source.asked.replace(0) <= 4, "64 addresses each");
        drop(client.read_to_end(&mut reply));
        if !bench.server.has_work() {
            break;
        }
    }
    assert!(turns >= ADDRESSES / 64 / 4, "{turns}");
    let status: Status = serde_json::from_slice(&reply).unwrap();
    let expected: Vec<_> = (0..ADDRESSES).map(numbered).collect();
    let addresses = &status.instances[0].addresses;
    assert_eq!(addresses.advertised, expected);
    let failing = addresses.failing.iter().map(|failing| failing.address);
    let expected = (0..8).map(|number| numbered(100 * number + 99));
    assert!(failing.eq(expected), "{:?}", addresses.failing);
}

#[test]
fn nothing_is_made_for_who_has_gone() {
    let place = Place::new("gone");
    let mut bench = Bench::new(&place.socket());
    let source = Counting::new(100, 0);
    for _ in 0..8 {
        let mut client = UnixStream::connect(place.socket()).unwrap();
        client.write_all(b"status\n").unwrap();
    }
    let now = bench.clock.now();
    for _ in 0..8 {
        bench.turn(1_000, now, &source);
    }
    assert_eq!(source.asked.get(), 0);
    assert!(!bench.server.has_work());
}

#[test]
fn who_only_ends_its_request_has_its_reply() {
    let place = Place::new("half");
    let mut bench = Bench::new(&place.socket());
    let mut client = UnixStream::connect(place.socket()).unwrap();
    client.write_all(b"status\n").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let now = bench.clock.now();
    bench.turn(1_000, now, &Counting::new(0, 0));
    let mut reply = String::new();
    client.read_to_string(&mut reply).unwrap();
    assert!(reply.ends_with("\"virtual_servers\":[]}\n"), "{reply}");
}

#[test]
fn a_place_is_lost_by_who_does_not_ask_and_newcomers_wait_for_it() {
    let place = Place::new("places");
    let mut bench = Bench::new(&place.socket());
    let source = Counting::new(0, 0);
    let silent: Vec<_> = (0..MAX_CLIENTS)
        .map(|_| UnixStream::connect(place.socket()).unwrap())
        .collect();
    let mut late = UnixStream::connect(place.socket()).unwrap();
    late.write_all(b"status\n").unwrap();
    let now = bench.clock.now();
    for _ in 0..8 {
        bench.turn(1_000, now, &source);
    }
    assert!(
        !bench.server.has_work(),
        "no loop while all places are taken"
    );
    assert_eq!(bench.server.deadline(), Some(now + PATIENCE));
    for _ in 0..2 {
        bench.turn(1_000, now + PATIENCE, &source);
    }
    let mut reply = String::new();
    late.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("{\"version\":\"1\""), "{reply}");
    drop(silent);
}
