//! Tests of addresses that are on several interfaces or configured twice: keepalived accepts our
//! adverts, and there is one master.

use core::time::Duration;

use rig::{Daemon, Directory, Key, Lab, PATIENCE, Program, now, pause, succession, until};
use vrrp_core::Family;

/// Starts this daemon with a priority of 200 and keepalived with 100, and expects that the former alone
/// is master and has all of `addresses`.
fn has_one_master(family: Family, version: u8, body: &str, addresses: &[&str]) {
    let lab = Lab::new(2, 2);
    let directory = Directory::new("repeated");
    let start = |host: usize, program: Program, priority: u8| {
        let configuration = format!(
            "vrrp_instance v {{\n interface eth0\n virtual_router_id 51\n version {version}\n \
             advert_int 1\n priority {priority}\n{body}\n}}\n"
        );
        let files = directory.make(&host.to_string());
        Daemon::start(program, lab.share(host), &files, &configuration)
    };
    let daemons = [
        start(0, Program::HaDaemon, 200),
        start(1, Program::Keepalived, 100),
    ];
    for address in addresses {
        until(
            &format!("the first host having {address}"),
            PATIENCE,
            || lab.host(0).has_address(address),
        );
    }
    let key = Key {
        link: 0,
        family,
        vrid: 51,
    };
    // Longer than keepalived waits for adverts it takes for right.
    let mut heard = Vec::new();
    until("only the first host advertising", PATIENCE, || {
        let start = now();
        pause(Duration::from_secs(4));
        heard = succession(&lab.capture().adverts(key, start));
        heard == [0]
    });
    let first = addresses.first().copied().unwrap_or_default();
    assert!(!lab.host(1).has_address(first), "{}", daemons[1].log());
    let log = daemons[1].log();
    assert!(!log.contains("expected"), "{log}");
    let status = daemons[0].status();
    assert!(status.contains("\"state\": \"MASTER\""), "{status}");
}

#[test]
#[ignore = "needs root and keepalived"]
fn an_address_on_two_interfaces_is_advertised_twice() {
    let body = " virtual_ipaddress {\n  fe80::1:1/64 dev eth0\n  2001:db8:68::1/64 dev eth0\n  \
                fe80::1:1/64 dev eth1\n  2001:db8:80::1/64 dev eth1\n }";
    let addresses = ["2001:db8:68::1", "2001:db8:80::1", "fe80::1:1"];
    has_one_master(Family::V6, 3, body, &addresses);
}

#[test]
#[ignore = "needs root and keepalived"]
fn an_address_with_and_without_a_label_is_advertised_twice() {
    let body = " virtual_ipaddress {\n  10.0.7.16\n  10.0.7.17\n  10.0.7.17 label eth0:1\n }";
    has_one_master(Family::V4, 2, body, &["10.0.7.16", "10.0.7.17"]);
}

#[test]
#[ignore = "needs root and keepalived"]
fn an_address_that_is_excluded_elsewhere_is_on_both_interfaces() {
    let body = " virtual_ipaddress {\n  fe80::1:1/64\n }\n virtual_ipaddress_excluded {\n  \
                fe80::1:1/64 dev eth1\n  2001:db8:80::1/64 dev eth1\n }";
    has_one_master(Family::V6, 3, body, &["fe80::1:1", "2001:db8:80::1"]);
}
