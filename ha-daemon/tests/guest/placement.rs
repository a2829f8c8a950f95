//! Tests of `ha-daemon where` against the kernel's own choice.

use std::collections::BTreeMap;
use std::fs;
use std::net::UdpSocket;
use std::process::Command;

use ha_daemon::command::locate::{Answer, Decision, Question, Source, find};
use ipvs_core::Protocol;

use rig::site::with_dummy;

const OURS: &str = env!("CARGO_BIN_EXE_ha-daemon");
const TARGET: &str = "192.0.2.100:53";

/// Runs `steps` in a fresh network namespace in which 198.51.100.0/24 are clients and 10.0.0.0/24
/// destinations that never answer.
fn in_namespace<T: Send>(steps: impl FnOnce() -> T + Send) -> T {
    let namespace = with_dummy();
    namespace.ip("addr add 198.51.100.1/24 dev lo
addr add 192.0.2.100/32 dev dummy0
addr add 10.0.0.254/24 dev dummy0
");
    namespace.inside(steps)
}

fn run(program: &str, words: &str) {
    let output = Command::new(program)
        .args(words.split(' '))
        .output()
        .unwrap();
    assert!(output.status.success(), "{program} {words}: {output:?}");
}

fn ipvsadm(words: &str) {
    run(OURS, &format!("ipvsadm {words}"));
}

/// A service of `scheduler` with destinations of these weights.
fn table(scheduler: &str, weights: &[u32]) {
    ipvsadm(&format!("-A -u {TARGET} -s {scheduler}"));
    for (weight, host) in weights.iter().zip(1..) {
        ipvsadm(&format!("-a -u {TARGET} -r 10.0.0.{host} -g -w {weight}"));
    }
}

fn ask(client: &str) -> Answer {
    let question = Question::new(
        client.parse().unwrap(),
        TARGET.parse().unwrap(),
        Protocol::UDP,
        None,
    );
    find(&question.unwrap(), &Source::Live).unwrap()
}

/// Sends a datagram, which finds a destination or is refused.
fn send(client: &str) {
    let socket = UdpSocket::bind(client).unwrap();
    drop(socket.send_to(b"?", TARGET));
}

/// Which destination the kernel gave each client.
fn placed() -> BTreeMap<String, String> {
    let list = fs::read_to_string("/proc/thread-self/net/ip_vs_conn").unwrap();
    let endpoint = |address: &str, port: &str| {
        let octets = u32::from_str_radix(address, 16).unwrap().to_be_bytes();
        let port = u16::from_str_radix(port, 16).unwrap();
        core::net::SocketAddr::from((octets, port)).to_string()
    };
    list.lines()
        .skip(1)
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            (endpoint(words[1], words[2]), endpoint(words[5], words[6]))
        })
        .collect()
}

#[test]
#[ignore = "needs root and ip_vs"]
fn the_kernel_does_what_was_said() {
    for scheduler in [
        "sh",
        "sh -b sh-port,sh-fallback",
        "mh",
        "mh -b mh-port",
        "dh",
        "lc",
        "wlc",
        "sed",
        "nq",
        "fo",
        "ovf",
    ] {
        in_namespace(|| {
            table(scheduler, &[1, 3, 2]);
            for host in 1..=40 {
                let client = format!("198.51.100.{host}:{}", 20000 + host * 7);
                let said = ask(&client);
                assert!(said.exact, "{scheduler} {said}");
                send(&client);
                let placed = placed();
                assert_eq!(
                    said.destination.as_ref(),
                    placed.get(&client),
                    "{scheduler} {said}"
                );
                let again = ask(&client);
                assert_eq!(again.destination, said.destination, "{again}");
                assert_eq!(again.decision, Decision::Connection, "{again}");
            }
        });
    }
}

#[test]
#[ignore = "needs root and ip_vs"]
fn what_is_hidden_is_one_of_those_that_were_said() {
    for scheduler in ["rr", "wrr", "lblc", "lblcr"] {
        in_namespace(|| {
            table(scheduler, &[1, 3, 0, 2]);
            for host in 1..=20 {
                let client = format!("198.51.100.{host}:20000");
                let said = ask(&client);
                send(&client);
                let placed = placed();
                let candidates = said.candidates.iter();
                let mut names = candidates.map(|candidate| candidate.destination.as_ref());
                assert!(
                    !said.exact && said.candidates.len() == 3,
                    "{scheduler} {said}"
                );
                assert!(
                    names.any(|name| name == placed.get(&client)),
                    "{scheduler} {said}"
                );
            }
        });
    }
}

#[test]
#[ignore = "needs root and ip_vs"]
fn a_client_goes_back_where_its_template_says() {
    in_namespace(|| {
        table("rr -p 300 -M 255.255.255.240", &[1, 1, 1]);
        send("198.51.100.17:20000");
        let first = placed()["198.51.100.17:20000"].clone();
        let said = ask("198.51.100.30:20001");
        assert_eq!(said.destination.as_ref(), Some(&first), "{said}");
        assert_eq!(said.decision, Decision::Template, "{said}");
        assert_eq!(ask("198.51.100.33:1").decision, Decision::Scheduler);

        let gone = first.trim_end_matches(":53");
        ipvsadm(&format!("-d -u {TARGET} -r {gone}"));
        assert_eq!(ask("198.51.100.17:20000").decision, Decision::Removed);
        assert_eq!(ask("198.51.100.30:20001").decision, Decision::Scheduler);
    });
}
