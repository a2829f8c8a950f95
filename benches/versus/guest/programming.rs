//! Measures writing and reading an IPVS table.

use core::fmt::Write;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;

use benches::tables;
use ipvs_core::configuration::ServiceEntry;
use ipvs_core::{Configuration, ServiceKey};
use ipvs_netlink::{Client, Request};
use nix::sched::{CloneFlags, unshare};

use crate::clock::timed;
use crate::table::millis;

const SERVICES: u32 = 5_000;
const DESTINATIONS: u32 = 10;

pub(crate) fn measure(rounds: usize) {
    let configuration = tables::configuration(SERVICES, DESTINATIONS, 0);
    let (requests, rules) = (requests(&configuration), rules(&configuration));
    for _ in 0..rounds {
        round(&requests, &rules);
    }
}

/// Prints a figure of each kind. Namespaces stay to the end: the end of one holds up the others.
fn round(requests: &[Request], rules: &str) {
    thread::scope(|scope| {
        let batch = scope.spawn(|| {
            let mut client = client();
            let (time, replies) = timed(|| client.batch(requests));
            let refused = replies.iter().find_map(|reply| reply.as_ref().err());
            assert!(refused.is_none(), "{refused:?}");
            println!("batch {}", millis(time));
            let (time, count) = timed(|| list(&mut client));
            assert_eq!(count, requests.len());
            println!("list {}", millis(time));
            let (time, lines) = timed(saved);
            assert_eq!(lines, requests.len());
            println!("save {}", millis(time));
        });
        batch.join().expect("it does not panic");
        let single = scope.spawn(|| {
            let mut client = client();
            let (time, ()) = timed(|| {
                for &request in requests {
                    client.request(request).expect("the kernel takes it");
                }
            });
            println!("single {}", millis(time));
        });
        single.join().expect("it does not panic");
        let restored = scope.spawn(|| {
            drop(client());
            let (time, ()) = timed(|| restore(rules));
            println!("restore {}", millis(time));
        });
        restored.join().expect("it does not panic");
    });
}

/// Puts this thread in a namespace of its own. Until an interface is up there, no address is one of a
/// host and IPVS refuses all destinations.
fn client() -> Client {
    unshare(CloneFlags::CLONE_NEWNET).expect("root may have a namespace");
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    assert!(up.expect("ip starts").success(), "the loopback comes up");
    Client::connect().expect("the kernel has ip_vs")
}

fn requests(configuration: &Configuration) -> Vec<Request> {
    let of_entry = |entry: &ServiceEntry| {
        let key = entry.service.key;
        let destinations = entry.destinations.iter();
        let added = destinations.map(move |destination| Request::AddDestination(key, *destination));
        core::iter::once(Request::AddService(entry.service))
            .chain(added)
            .collect::<Vec<_>>()
    };
    configuration.entries().flat_map(of_entry).collect()
}

/// The same for ipvsadm.
fn rules(configuration: &Configuration) -> String {
    let mut text = String::new();
    for entry in configuration.entries() {
        let key = entry.service.key;
        let ServiceKey::Address { address, port, .. } = key else {
            continue;
        };
        writeln!(text, "-A -t {address}:{port} -s wlc").expect("a string takes all text");
        for destination in &entry.destinations {
            let (real, weight) = (destination.key, destination.weight);
            writeln!(text, "-a -t {address}:{port} -r {real} -m -w {weight}")
                .expect("a string takes all text");
        }
    }
    text
}

fn list(client: &mut Client) -> usize {
    let services = client.services().expect("the kernel lists them");
    let destinations = services.iter().map(|record| {
        let destinations = client.destinations(&record.service.key);
        destinations.expect("the kernel lists them").len() + 1
    });
    destinations.sum()
}

fn restore(rules: &str) {
    let mut ipvsadm = Command::new("ipvsadm")
        .arg("-R")
        .stdin(Stdio::piped())
        .spawn()
        .expect("ipvsadm starts");
    let mut input = ipvsadm.stdin.take().expect("it is a pipe");
    input
        .write_all(rules.as_bytes())
        .expect("ipvsadm reads its rules");
    drop(input);
    assert!(ipvsadm.wait().expect("it ends").success(), "ipvsadm -R");
}

/// How many lines `ipvsadm -Sn` prints.
fn saved() -> usize {
    let output = Command::new("ipvsadm")
        .args(["-S", "-n"])
        .output()
        .expect("ipvsadm starts");
    assert!(output.status.success(), "ipvsadm -Sn");
    output
        .stdout
        .split(|octet| *octet == b'\n')
        .filter(|line| !line.is_empty())
        .count()
}
