//! Tests of the start of `ha-daemon run`, by its log.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::fs;
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ha-daemon");

/// What a daemon logs in a second, in a network namespace in which eth0 has 192.0.2.1.
fn log_of_a_second(config: &str) -> String {
    let script = "ip link add eth0 type veth peer name eth1
        ip link set eth1 up
        ip link set eth0 up
        ip address add 192.0.2.1/24 dev eth0
        exec timeout 1 \"$0\" run --file \"$1\" --socket /dev/null/none";
    let directory = rig::Directory::new("start");
    let file = directory.path().join("daemon.conf");
    fs::write(&file, config).unwrap();
    let output = Command::new("unshare")
        .args(["--net", "sh", "-ec", script, PROGRAM])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("Startup complete: 1 VRRP instances"), "{log}");
    log
}

const OWNER: &str = "interface eth0
    virtual_router_id 51
    version 3
    priority 255
    virtual_ipaddress {
        192.0.2.1/24
    }";

#[test]
#[ignore = "needs root, unshare and iproute2"]
fn an_owner_without_its_tracked_interface_is_never_master() {
    let tracked = "track_interface {\n absent\n}";
    let log = log_of_a_second(&format!("vrrp_instance A {{\n{OWNER}\n{tracked}\n}}"));
    assert!(
        log.contains("(A) entering FAULT state (tracked interface down)"),
        "{log}"
    );
    assert!(!log.contains("MASTER"), "{log}");
}

#[test]
#[ignore = "needs root, unshare and iproute2"]
fn nothing_starts_before_the_startup_delay_has_passed() {
    let delay = |seconds| format!("global_defs {{\n vrrp_startup_delay {seconds}\n}}");
    let log = |seconds| {
        let global = delay(seconds);
        log_of_a_second(&format!("{global}\nvrrp_instance A {{\n{OWNER}\n}}"))
    };
    assert!(log(0.1).contains("(A) Entering MASTER STATE"));
    assert!(!log(60.0).contains("STATE"));
}

#[test]
#[ignore = "needs root, unshare and iproute2"]
fn an_instance_placed_by_its_unicast_source_starts_with_its_tracked_priority() {
    let config = "vrrp_instance A {
        virtual_router_id 51
        version 3
        unicast_src_ip 192.0.2.1
        unicast_peer {
            192.0.2.2
        }
        track_interface {
            absent weight -30
        }
        virtual_ipaddress {
            192.0.2.100/24
        }
    }";
    let log = log_of_a_second(config);
    let lowered = log.find("(A) Changing effective priority from 100 to 70");
    let started = log.find("(A) Entering BACKUP STATE (init)");
    assert!(lowered.is_some() && lowered < started, "{log}");
}
