//! Tests of virtual servers, real servers and checkers that come and go.

use core::cell::Cell;

use ipvs_core::DestinationKey;
use mio::Poll;

use super::*;
use crate::config::{LoadOptions, load_str};
use crate::health::attempt::{Failure, Passed};
use crate::slab::Cursor;

const TOKENS: Tokens = {
    let ipvs = TokenRange::new(0, 1);
    let files = ipvs.next(1);
    let notifications = files.next(Notifier::TOKENS.get());
    Tokens {
        ipvs,
        files,
        notifications,
        checks: notifications.next(1 << 16),
    }
};

/// A balancer of which no turn is made, so that it leaves the kernel alone.
pub(super) struct Rig {
    _poll: Poll,
    pub(super) balancer: Balancer,
}

pub(super) fn prepare(text: &str) -> Prepared {
    let loaded = load_str("test.conf", text, &LoadOptions::default());
    assert_eq!(loaded.diagnostics, []);
    Prepared::new(&loaded.config).unwrap()
}

impl Rig {
    pub(super) fn new(text: &str) -> Self {
        let poll = Poll::new().unwrap();
        let threads = Threads {
            checks: Runner::new(NonZeroUsize::MIN).unwrap(),
            notifications: Runner::new(NonZeroUsize::MIN).unwrap(),
            files: FileWatch::new().unwrap(),
        };
        let now = Instant::EPOCH;
        let balancer = Balancer::new(prepare(text), threads, poll.registry(), TOKENS, now);
        Self {
            balancer: balancer.unwrap(),
            _poll: poll,
        }
    }
}

/// A virtual server at this address with real servers at these, of which each has these checkers.
fn server(address: &str, real_servers: &[&str], checkers: &str) -> String {
    let real_servers = real_servers.iter().map(|address| {
        format!("real_server {address} 80 {{\nweight 2\n{checkers}\nnotify_down /bin/true\n}}\n")
    });
    let real_servers: String = real_servers.collect();
    format!(
        "virtual_server {address} 80 {{\nprotocol TCP\nlb_algo rr\nlb_kind NAT\n{real_servers}}}\n"
    )
}

const TCP: &str = "TCP_CHECK {\n}";

fn prepare_server(address: &str, real_servers: &[&str], checkers: &str) -> PreparedServer {
    let mut servers = prepare(&server(address, real_servers, checkers)).into_servers();
    servers.remove(0)
}

fn prepare_real_server(address: &str, checkers: &str) -> PreparedRealServer {
    let server = prepare_server("192.0.2.99", &[address], checkers);
    server.into_real_servers().remove(0)
}

fn prepare_checker(checker: &str) -> PreparedChecker {
    let server = prepare_real_server("10.0.0.1", checker);
    server.into_checkers().remove(0)
}

pub(super) fn service(address: &str) -> ServiceKey {
    ServiceKey::Address {
        protocol: ipvs_core::Protocol::TCP,
        address: address.parse().unwrap(),
        port: 80,
    }
}

impl Rig {
    pub(super) fn find(&self, address: &str) -> Option<Handle> {
        let key = VirtualServerKey::Service(service(address));
        self.balancer.find(&key)
    }

    pub(super) fn find_real_server(&self, virtual_server: Handle, address: &str) -> Option<Handle> {
        let key = DestinationKey::new(address.parse().unwrap(), 80);
        self.balancer.find_real_server(virtual_server, &key)
    }

    pub(super) fn checkers(&self, virtual_server: Handle, real_server: Handle) -> Vec<Handle> {
        let server = self.balancer.servers.get(virtual_server);
        let checkers = server.map(|server| server.pool.checkers(real_server));
        let checkers = checkers.into_iter().flatten();
        checkers.map(|(checker, _)| checker).collect()
    }

    pub(super) fn judge(&mut self, checker: Handle, outcome: Outcome) {
        let verdict = match outcome {
            Ok(_) => Verdict::Up,
            Err(_) => Verdict::Down,
        };
        self.balancer
            .judge(checker, verdict, outcome, Instant::EPOCH);
    }

    pub(super) fn fail(&mut self, checker: Handle) {
        self.judge(checker, Err(Failure::Refused));
    }

    /// What `status` shows of each virtual server.
    pub(super) fn status(&self) -> Vec<String> {
        let mut cursor = Cursor::default();
        let next = || self.balancer.next_status(&mut cursor);
        let all = core::iter::from_fn(next).map(|(server, mut status)| {
            let mut cursor = Cursor::default();
            let next = || self.balancer.next_real_server_status(server, &mut cursor);
            status.real_servers = core::iter::from_fn(next).collect();
            status.text()
        });
        all.collect()
    }

    /// The real servers that the kernel is to have of a virtual server.
    pub(super) fn wanted(&self, address: &str) -> Option<Vec<String>> {
        let entry = self.balancer.reconciler.desired(&service(address))?;
        let destinations = entry.destinations.iter().rev();
        Some(destinations.map(|it| it.key.to_string()).collect())
    }

    fn is_checked(&self, checker: Handle) -> bool {
        self.balancer
            .checks
            .contains(inventory::checker_id(checker))
    }
}

#[test]
fn virtual_servers_come_and_go_without_the_others() {
    let addresses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"];
    let text: String = addresses
        .map(|address| server(address, &["10.0.0.1", "10.0.0.2"], TCP))
        .concat();
    let mut rig = Rig::new(&text);
    let now = Instant::EPOCH;
    let [a, b, c] = addresses.map(|address| rig.find(address).unwrap());
    let [checkers_of_a, checkers_of_b, checkers_of_c] = [a, b, c].map(|server| {
        let real_server = rig.find_real_server(server, "10.0.0.2").unwrap();
        rig.checkers(server, real_server)
    });
    rig.fail(checkers_of_c[0]);
    let before = rig.status();

    assert!(rig.balancer.remove(b, now));
    assert!(!rig.balancer.remove(b, now));
    let d = prepare_server("192.0.2.4", &["10.0.0.1"], TCP);
    let d = rig.balancer.add(d, now).unwrap();

    assert_eq!(
        addresses.map(|address| rig.find(address)),
        [Some(a), None, Some(c)]
    );
    let after = rig.status();
    assert_eq!(after[..2], [before[0].as_str(), before[2].as_str()]);
    assert!(after[2].starts_with("[192.0.2.4]:tcp:80 "), "{}", after[2]);
    assert_eq!(after.len(), 3);
    assert_eq!(rig.wanted("192.0.2.2"), None);
    assert_eq!(rig.wanted("192.0.2.3").unwrap(), ["10.0.0.1:80"]);
    assert!(rig.is_checked(checkers_of_a[0]) && rig.is_checked(checkers_of_c[0]));
    assert!(!rig.is_checked(checkers_of_b[0]));

    // Nobody is called so any more, whoever has taken the place.
    rig.fail(checkers_of_b[0]);
    assert_eq!(rig.status(), after);
    let real_server = rig.find_real_server(d, "10.0.0.1").unwrap();
    assert_ne!(d, b);
    assert_eq!(rig.find_real_server(b, "10.0.0.1"), None);
    rig.judge(checkers_of_c[0], Ok(Passed::default()));
    assert_eq!(
        rig.wanted("192.0.2.3").unwrap(),
        ["10.0.0.1:80", "10.0.0.2:80"]
    );
    let new = rig.checkers(d, real_server);
    rig.fail(new[0]);
    assert_eq!(rig.wanted("192.0.2.4").unwrap(), [""; 0]);

    let again = prepare_server("192.0.2.1", &["10.0.0.9"], TCP);
    assert_eq!(rig.balancer.add(again, now), None, "it is there");
}

#[test]
fn real_servers_come_and_go_without_the_others() {
    let addresses = ["10.0.0.1", "10.0.0.2", "10.0.0.3"];
    let mut rig = Rig::new(&server("192.0.2.1", &addresses, TCP));
    let (now, host) = (Instant::EPOCH, rig.find("192.0.2.1").unwrap());
    let [a, b, c] = addresses.map(|address| rig.find_real_server(host, address).unwrap());
    let [of_a, of_b, of_c] = [a, b, c].map(|server| rig.checkers(host, server)[0]);
    rig.fail(of_c);

    assert!(rig.balancer.remove_real_server(host, b, now));
    assert!(!rig.balancer.remove_real_server(host, b, now));
    assert_eq!(rig.wanted("192.0.2.1").unwrap(), ["10.0.0.1:80"]);
    let d = prepare_real_server("10.0.0.4", TCP);
    let d = rig.balancer.add_real_server(host, d, now).unwrap();
    assert_eq!(
        rig.wanted("192.0.2.1").unwrap(),
        ["10.0.0.1:80", "10.0.0.4:80"]
    );
    assert_eq!(
        rig.status(),
        ["[192.0.2.1]:tcp:80  rr  quorum (weight 4, needs 1)
    10.0.0.1:80              up    weight 2    TCP_CHECK not tried yet
    10.0.0.3:80              DOWN  weight 2    TCP_CHECK connection refused
    10.0.0.4:80              up    weight 2    TCP_CHECK not tried yet
"]
    );
    let found = addresses.map(|address| rig.find_real_server(host, address));
    assert_eq!(found, [Some(a), None, Some(c)]);
    assert_eq!(rig.checkers(host, a), [of_a]);
    assert_ne!(d, b);

    let before = rig.status();
    rig.fail(of_b);
    assert_eq!(rig.status(), before, "nobody is called so any more");
    assert!(rig.is_checked(of_a) && rig.is_checked(of_c) && !rig.is_checked(of_b));
    rig.judge(of_c, Ok(Passed::default()));
    let all = ["10.0.0.1:80", "10.0.0.3:80", "10.0.0.4:80"];
    assert_eq!(rig.wanted("192.0.2.1").unwrap(), all);
    let again = prepare_real_server("10.0.0.1", TCP);
    assert_eq!(rig.balancer.add_real_server(host, again, now), None);
}

#[test]
fn checkers_come_and_go_without_the_others() {
    let ping = "PING_CHECK {\n}";
    let both = format!("{TCP}\n{ping}\n{TCP}");
    let mut rig = Rig::new(&server("192.0.2.1", &["10.0.0.1"], &both));
    let (now, host) = (Instant::EPOCH, rig.find("192.0.2.1").unwrap());
    let real = rig.find_real_server(host, "10.0.0.1").unwrap();
    let all = rig.checkers(host, real);
    let [a, b, c] = all[..] else { panic!() };
    let check = |rig: &Rig, checker| {
        let state = rig.balancer.checkers.get(checker);
        state.unwrap().config.check.clone()
    };
    let (tcp, ping) = (check(&rig, a), check(&rig, b));
    let find =
        |rig: &Rig, check, occurrence| rig.balancer.find_checker(host, real, check, occurrence);
    let found = [0, 1, 2].map(|occurrence| find(&rig, &tcp, occurrence));
    assert_eq!(found, [Some(a), Some(c), None]);
    assert_eq!(find(&rig, &ping, 0), Some(b));

    rig.judge(a, Ok(Passed::default()));
    rig.fail(b);
    assert_eq!(rig.wanted("192.0.2.1").unwrap(), [""; 0]);
    assert!(rig.balancer.remove_checker(b, now));
    assert!(!rig.balancer.remove_checker(b, now));
    assert_eq!(rig.wanted("192.0.2.1").unwrap(), ["10.0.0.1:80"]);
    let d = prepare_checker("TCP_CHECK {\nalpha\n}");
    let d = rig.balancer.add_checker(host, real, d, now).unwrap();
    assert_eq!(rig.wanted("192.0.2.1").unwrap(), [""; 0]);
    assert_eq!(
        rig.status(),
        ["[192.0.2.1]:tcp:80  rr  NO QUORUM (weight 0, needs 1)
    10.0.0.1:80              DOWN  weight 2    TCP_CHECK passed; TCP_CHECK not tried yet; TCP_CHECK not tried yet
"]
    );
    let before = rig.status();
    rig.fail(b);
    assert_eq!(rig.status(), before, "nobody is called so any more");
    rig.judge(d, Ok(Passed::default()));
    assert_eq!(rig.wanted("192.0.2.1").unwrap(), ["10.0.0.1:80"]);
    assert_eq!(rig.checkers(host, real), [a, c, d]);
    let checked = [a, b, c, d].map(|checker| rig.is_checked(checker));
    assert_eq!(checked, [true, false, true, true]);
    assert_eq!(find(&rig, &ping, 0), None);
}

#[test]
fn a_file_is_watched_as_long_as_a_checker_reads_it() {
    let files = "track_file f {\nfile /nonexistent/f\nweight 1\n}\n";
    let check = "FILE_CHECK {\ntrack_file f\n}";
    let addresses = ["10.0.0.1", "10.0.0.2"];
    let mut rig = Rig::new(&format!(
        "{files}{}",
        server("192.0.2.1", &addresses, check)
    ));
    let (now, host) = (Instant::EPOCH, rig.find("192.0.2.1").unwrap());
    let [a, b] = addresses.map(|address| rig.find_real_server(host, address).unwrap());
    let weight = |rig: &Rig, server| {
        let server_state = rig.balancer.servers.get(host);
        server_state.unwrap().pool.weight_of(server)
    };
    rig.balancer.files.assume(7);
    let text = format!("{files}{}", server("192.0.2.1", &["10.0.0.3"], check));
    let prepared = prepare(&text).into_servers().remove(0);
    let prepared = prepared.into_real_servers().remove(0);
    let c = rig.balancer.add_real_server(host, prepared, now).unwrap();
    assert_eq!(weight(&rig, c), 9, "the number is known already");
    for (server, watched) in [(a, 1), (b, 1), (c, 0)] {
        assert!(rig.balancer.remove_real_server(host, server, now));
        assert_eq!(rig.balancer.files.len(), watched);
    }
}

#[test]
fn virtual_servers_of_one_group_are_told_apart() {
    let group = "virtual_server_group g {\n192.0.2.1 80\nfwmark 5\n}\n";
    let server = |protocol| {
        format!(
            "virtual_server group g {{\nprotocol {protocol}\nlb_algo rr\nlb_kind NAT\n\
             real_server 10.0.0.1 80 {{\n}}\n}}\n"
        )
    };
    let text = format!("{group}{}{}", server("TCP"), server("UDP"));
    let loaded = load_str("test.conf", &text, &LoadOptions::default());
    let configured = &loaded.config.virtual_servers;
    let keys: Vec<_> = (configured.iter())
        .map(|server| VirtualServerKey::of(server, 0).unwrap())
        .collect();
    let key = |protocol| VirtualServerKey::Group {
        name: "g".to_owned(),
        protocol: Some(protocol),
        occurrence: 0,
    };
    let (tcp, udp) = (ipvs_core::Protocol::TCP, ipvs_core::Protocol::UDP);
    assert_eq!(keys, [key(tcp), key(udp)]);
    let prepared = Prepared::new(&loaded.config).unwrap();
    let mut rig = Rig::new("");
    for server in prepared.into_servers() {
        assert!(rig.balancer.add(server, Instant::EPOCH).is_some());
    }
    let found: Vec<_> = keys.iter().map(|key| rig.balancer.find(key)).collect();
    assert!(found.iter().all(Option::is_some), "{found:?}");
    assert_ne!(found[0], found[1]);
}

#[test]
fn the_end_of_thousands_of_checkers_is_sliced() {
    const CHECKERS: usize = 3_000;
    const STEPS: usize = 64;
    let addresses: Vec<_> = (0..CHECKERS / 10)
        .map(|number| format!("10.0.{}.{}", number / 250, 1 + number % 250))
        .collect();
    let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
    let text: String = (1..=10)
        .map(|number| server(&format!("192.0.2.{number}"), &addresses, TCP))
        .collect();
    let mut rig = Rig::new(&text);
    let balancer = &mut rig.balancer;
    assert_eq!(balancer.checks.len(), CHECKERS);
    balancer.stop();
    let (mut slices, now) = (0, Instant::EPOCH);
    while balancer.ending.is_under_way() {
        let looks = Cell::new(0_u64);
        let clock = || {
            looks.set(looks.get() + 1);
            now + Duration::from_nanos(looks.get())
        };
        let end = now + Duration::from_nanos(64);
        let wanted = |balancer: &Balancer| {
            let servers = balancer.servers.iter();
            let keys = servers.flat_map(|(_, state)| &state.config.keys);
            keys.filter(|key| balancer.reconciler.desired(key).is_some())
                .count()
        };
        let before = (balancer.checks.len(), wanted(balancer));
        balancer.end(&TimeSlice::new(now, end, &clock));
        let after = (balancer.checks.len(), wanted(balancer));
        assert!(before.0 - after.0 <= STEPS, "{before:?} {after:?}");
        assert!(before.1 - after.1 <= STEPS, "{before:?} {after:?}");
        slices += 1;
        assert!(slices <= CHECKERS, "it makes progress");
    }
    assert!(slices >= CHECKERS / STEPS, "{slices}");
    assert!(balancer.checks.is_empty());
    for number in 1..=10 {
        let key = service(&format!("192.0.2.{number}"));
        assert_eq!(balancer.reconciler.desired(&key), None);
    }
    balancer.checks.fire(now + Duration::from_secs(1_000));
    assert_eq!(balancer.checks.deadline(), None);
    assert!(balancer.checks.reports().is_empty());
    assert!(balancer.notifier.is_idle());
}
