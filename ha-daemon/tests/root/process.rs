//! Tests of the daemon as a process: signals, descriptors, a second start, a socket in use.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use core::fmt::Write as _;
use core::time::Duration;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::sync::Arc;

use nix::sys::signal::Signal;
use rig::daemon::program;
use rig::{Daemon, Directory, Namespace, Program, pause, tools, until};
use serde_json::Value;

fn instance(name: &str, interface: &str, vrid: u16, address: &str) -> String {
    format!(
        "vrrp_instance {name} {{\ninterface {interface}\nvirtual_router_id {vrid}\npriority 150\n\
         advert_int 0.1\nversion 3\nvirtual_ipaddress {{\n{address}\n}}\n}}\n"
    )
}

/// A network namespace with `eth0`, which is up and has an address.
fn host() -> Arc<Namespace> {
    let host = Namespace::new("host");
    host.ip("link add eth0 type veth peer name peer0
        link set peer0 up
        link set eth0 up
        address add 10.99.0.1/24 dev eth0");
    Arc::new(host)
}

/// The status and the log of a daemon that is started beside `daemon` and expected to end.
fn second_start(daemon: &Daemon, more: &[&str]) -> (Option<i32>, String) {
    let file = daemon.socket().with_file_name("daemon.conf");
    let output = Command::new("/usr/sbin/ip")
        .args(["netns", "exec", daemon.namespace().name(), "timeout", "5"])
        .args([
            program(),
            "run",
            "--socket",
            "/dev/null/none",
            "-f",
            file.to_str().unwrap(),
        ])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[test]
#[ignore = "needs root: network namespaces"]
fn a_second_start_is_refused_in_the_same_namespace_and_under_the_same_name_only() {
    let directory = Directory::new("second");
    let (host, other) = (host(), Arc::new(Namespace::new("other")));
    let text = instance("v", "eth0", 51, "10.99.0.100/24");
    let mut daemon = Daemon::start(Program::HaDaemon, host, &directory.make("a"), &text);
    daemon.await_log("Entering MASTER STATE");
    let (status, log) = second_start(&daemon, &[]);
    assert_eq!(status, Some(1), "{log}");
    let expected = format!(
        "daemon is already running (process {})",
        daemon.process().pid()
    );
    assert!(log.contains(&expected), "{log}");
    assert!(!log.contains("STATE"), "{log}");
    // Until `timeout` ends it.
    let (status, log) = second_start(&daemon, &["--instance", "edge"]);
    assert!(log.contains("leftovers are not cleaned"), "{log}");
    assert!(log.contains("Startup complete"), "{log}");
    assert_eq!(status, Some(124), "{log}");
    let elsewhere = Daemon::start(Program::HaDaemon, other, &directory.make("b"), &text);
    elsewhere.await_log("Startup complete");
    assert!(
        !elsewhere.log().contains("another ha-daemon"),
        "{elsewhere}"
    );
    // Killed, it leaves its lock's file behind.
    daemon.kill();
    daemon.start_again();
    until("the next start", Duration::from_secs(20), || {
        daemon.log().matches("Entering MASTER STATE").count() == 2
    });
    assert!(!daemon.log().contains("another ha-daemon"), "{daemon}");
}

/// Lets another user take the names by which a daemon is recognised.
const SQUATTER: &str = "import os, socket, time
os.setuid(65534)
held = []
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    s = socket.socket(socket.AF_UNIX, kind)
    try:
        s.bind('\\0ha-daemon')
        if kind == socket.SOCK_STREAM: s.listen(5)
        held.append(s)
    except OSError: pass
print('held', flush=True)
time.sleep(60)
";

#[test]
#[ignore = "needs root: network namespaces, and python3"]
fn another_user_cannot_claim_to_be_the_daemon() {
    let directory = Directory::new("squatter");
    let host = host();
    let log = directory.path().join("squatter");
    let squat = ["python3", "-c", SQUATTER];
    let _squatter = rig::Process::start(&host, &log, &squat);
    until("the name being taken", Duration::from_secs(10), || {
        fs::read_to_string(&log).is_ok_and(|text| text.contains("held"))
    });
    let text = instance("v", "eth0", 51, "10.99.0.100/24");
    let daemon = Daemon::start(Program::HaDaemon, host, &directory.make("a"), &text);
    daemon.await_log("Entering MASTER STATE");
    assert!(daemon.log().contains("user 65534 has the name"), "{daemon}");
    assert!(!daemon.log().contains("not cleaned"), "{daemon}");
    assert!(
        second_start(&daemon, &[])
            .1
            .contains("daemon is already running")
    );
}

#[test]
#[ignore = "needs root: network namespaces"]
fn no_signal_but_those_that_are_meant_to_ends_it() {
    let directory = Directory::new("signals");
    let text = instance("v", "eth0", 51, "10.99.0.100/24");
    let mut daemon = Daemon::start(Program::HaDaemon, host(), &directory.make("a"), &text);
    daemon.await_log("Entering MASTER STATE");
    let pid = daemon.process().pid().to_string();
    let named = [
        "HUP", "USR1", "USR2", "PIPE", "ALRM", "VTALRM", "PROF", "IO", "PWR", "STKFLT", "XCPU",
        "XFSZ", "CHLD", "URG", "WINCH",
    ];
    let numbers: Vec<String> = (34..=64).map(|number| number.to_string()).collect();
    for _ in 0..3 {
        for signal in named.into_iter().chain(numbers.iter().map(String::as_str)) {
            tools::run("/bin/kill", &["-s", signal, &pid]);
            assert!(!daemon.process().has_ended(), "{signal}: {daemon}");
        }
    }
    pause(Duration::from_millis(300));
    assert!(!daemon.process().has_ended(), "{daemon}");
    let status: Value = serde_json::from_str(&daemon.status()).unwrap();
    assert_eq!(status["instances"][0]["state"], "MASTER");
    let log = daemon.log();
    assert_eq!(log.matches("signal 36 ignored").count(), 1, "{log}");
    assert_eq!(log.matches("SIGHUP ignored").count(), 1, "{log}");
    assert!(daemon.terminate());
}

#[test]
#[ignore = "needs root: network namespaces"]
fn the_limit_of_descriptors_is_raised_to_what_is_needed() {
    const LINKS: usize = 60;
    let directory = Directory::new("descriptors");
    let host = Namespace::new("host");
    let (mut links, mut text) = (String::new(), String::new());
    for link in 1..=LINKS {
        write!(
            links,
            "link add m{link} type veth peer name n{link}
            link set m{link} up
            link set n{link} up
            address add 192.0.2.{link}/32 dev m{link}
            "
        )
        .unwrap();
        text += &instance(
            &format!("v{link}"),
            &format!("m{link}"),
            7,
            &format!("198.51.100.{link}/32"),
        );
    }
    host.ip(&links);
    let place = directory.make("a");
    let file = place.join("daemon.conf");
    fs::write(&file, text).unwrap();
    let socket = place.join("socket");
    let run = |limits: &str| {
        let command = [
            "prlimit",
            limits,
            program(),
            "run",
            "-f",
            file.to_str().unwrap(),
            "--socket",
            socket.to_str().unwrap(),
        ];
        rig::Process::start(&host, &place.join(limits), &command)
    };
    // 60 of 4,096, as systemd gives 1,024 of 524,288.
    let mut daemon = run("--nofile=60:4096");
    until("all to be MASTER", Duration::from_secs(20), || {
        assert!(!daemon.has_ended(), "{}", daemon.log());
        daemon.log().matches("Entering MASTER STATE").count() == LINKS
    });
    assert!(!daemon.log().contains("ERROR"), "{}", daemon.log());
    assert!(daemon.terminate());
    // The hard limit too, where root may do that; what is left wanting is said.
    let mut daemon = run("--nofile=60:60");
    until(
        "all to be MASTER, or a reason",
        Duration::from_secs(20),
        || {
            assert!(!daemon.has_ended(), "{}", daemon.log());
            let log = daemon.log();
            let told = log.contains("descriptors, and 60 are allowed")
                && log.contains("Too many open files");
            told || log.matches("Entering MASTER STATE").count() == LINKS
        },
    );
    assert!(
        !daemon.log().contains("there is no interface"),
        "{}",
        daemon.log()
    );
    assert!(daemon.terminate());
}

#[test]
#[ignore = "needs root: network namespaces"]
fn a_control_socket_with_a_full_queue_does_not_hold_the_start_up() {
    let directory = Directory::new("full");
    let place = directory.make("a");
    let listener = UnixListener::bind(place.join("socket")).unwrap();
    fs::set_permissions(place.join("socket"), Permissions::from_mode(0o777)).unwrap();
    let mut waiting = Vec::new();
    loop {
        let address = socket2::SockAddr::unix(place.join("socket")).unwrap();
        let kind = socket2::Type::STREAM.nonblocking();
        let client = socket2::Socket::new(socket2::Domain::UNIX, kind, None).unwrap();
        if client.connect(&address).is_err() {
            break;
        }
        waiting.push(client);
    }
    let text = instance("v", "eth0", 51, "10.99.0.100/24");
    let mut daemon = Daemon::start(Program::HaDaemon, host(), &place, &text);
    daemon.await_log("Entering MASTER STATE");
    assert!(daemon.log().contains("no control socket at"), "{daemon}");
    daemon.signal(Signal::SIGTERM);
    until("the end", Duration::from_secs(10), || {
        daemon.process().has_ended()
    });
    drop((listener, waiting));
}

/// A crowd of addresses, which go with their interface and are then taken by hand.
#[test]
#[ignore = "needs root: network namespaces"]
fn addresses_that_go_are_one_line_and_none_where_the_interface_went() {
    const ADDRESSES: usize = 300;
    let directory = Directory::new("losses");
    let host = host();
    let mut list = String::from("fe80::99/64\n");
    for number in 1..=ADDRESSES {
        writeln!(list, "fd99::1:{number:x}/128").unwrap();
    }
    let text = instance("v", "eth0", 11, &list);
    let daemon = Daemon::start(
        Program::HaDaemon,
        Arc::clone(&host),
        &directory.make("a"),
        &text,
    );
    let installed = || {
        let list = [
            "-n",
            host.name(),
            "-6",
            "-o",
            "address",
            "show",
            "to",
            "fd99::/96",
        ];
        tools::run("/usr/sbin/ip", &list).lines().count()
    };
    let complete = |when: &str| {
        until(when, Duration::from_secs(30), || installed() == ADDRESSES);
    };
    complete("all addresses");
    pause(Duration::from_secs(2));
    host.ip("link set eth0 down");
    daemon.await_log("FAULT STATE");
    pause(Duration::from_secs(3));
    assert!(!daemon.log().contains("somebody else"), "{daemon}");
    host.ip("link set eth0 up");
    complete("all addresses again");
    pause(Duration::from_secs(2));
    let flush = [
        "-n",
        host.name(),
        "-6",
        "address",
        "flush",
        "dev",
        "eth0",
        "to",
        "fd99::/96",
    ];
    tools::run("/usr/sbin/ip", &flush);
    complete("all addresses back");
    pause(Duration::from_secs(3));
    let log = daemon.log();
    let told: Vec<_> = log
        .lines()
        .filter(|line| line.contains("somebody else"))
        .collect();
    assert_eq!(told.len(), 1, "{log}");
    assert!(
        told[0].contains("were removed by somebody else; putting them back"),
        "{log}"
    );
}
