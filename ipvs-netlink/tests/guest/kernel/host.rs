//! A network namespace, and programs run in it.

use core::net::IpAddr;
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ipvs_core::{Destination, DestinationKey, Forwarding, Scheduler, Service, ServiceKey};
use ipvs_netlink::Client;
use rig::enter_namespace;
use rig::tools::ip_batch;
pub(crate) use rig::tools::run;

/// Puts the test's thread in a network namespace of its own, which ends with the thread, and
/// connects to its IPVS.
pub(crate) fn client() -> Client {
    enter_namespace();
    Client::connect().unwrap()
}

/// Adds the interface `sync` with `address`.
pub(crate) fn dummy(address: &str) {
    ip_batch(&format!(
        "link add sync type dummy
addr add {address} dev sync nodad
link set sync up"
    ));
}

/// Held by tests in which a daemon joins a group, and by the one in which it cannot.
pub(crate) fn joining() -> MutexGuard<'static, ()> {
    static JOINING: Mutex<()> = Mutex::new(());
    JOINING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives `rules` to `ipvsadm -R`.
pub(crate) fn restore(rules: &str) {
    let mut ipvsadm = Command::new("ipvsadm")
        .arg("-R")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = ipvsadm.stdin.take().unwrap();
    input.write_all(rules.as_bytes()).unwrap();
    drop(input);
    assert!(ipvsadm.wait().unwrap().success(), "{rules}");
}

/// The rules `ipvsadm -Sn` prints, sorted. It prints some twice when tests in other namespaces change
/// their tables meanwhile.
pub(crate) fn rules() -> Vec<String> {
    let text = run("ipvsadm", &["-S", "-n"]);
    let mut rules: Vec<_> = text.lines().map(|line| line.trim_end().into()).collect();
    rules.sort();
    rules.dedup();
    rules
}

/// The kernel's own listing, of this thread's namespace.
pub(crate) fn proc_table() -> String {
    fs::read_to_string("/proc/thread-self/net/ip_vs").unwrap()
}

pub(crate) fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

pub(crate) fn tcp(port: u16) -> ServiceKey {
    ServiceKey::tcp(ip("192.0.2.1"), port)
}

pub(crate) fn service(port: u16) -> Service {
    Service::new(tcp(port), Scheduler::Rr)
}

pub(crate) fn real(address: &str, port: u16) -> Destination {
    let key = DestinationKey::new(ip(address), port);
    Destination::new(key, Forwarding::Masquerade, 1)
}
