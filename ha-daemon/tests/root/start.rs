//! Tests of the start of `ha-daemon run`, by its log.

use core::time::Duration;

use rig::{Daemon, Directory, Namespace, Program, pause};

/// What a daemon has logged a second after its start, in a network namespace in which eth0 has
/// 192.0.2.1, and not before it has logged `awaited`.
fn log_of_a_second(config: &str, awaited: &str) -> String {
    let namespace = Namespace::new("start");
    namespace.ip("link add eth0 type veth peer name eth1
link set eth1 up
link set eth0 up
address add 192.0.2.1/24 dev eth0");
    let directory = Directory::new("start");
    let daemon = Daemon::start(Program::HaDaemon, namespace, directory.path(), config);
    daemon.await_log("Startup complete: 1 VRRP instances");
    daemon.await_log(awaited);
    pause(Duration::from_secs(1));
    daemon.log()
}

const OWNER: &str = "interface eth0
    virtual_router_id 51
    version 3
    priority 255
    virtual_ipaddress {
        192.0.2.1/24
    }";

#[test]
#[ignore = "needs root and iproute2"]
fn an_owner_without_its_tracked_interface_is_never_master() {
    let tracked = "track_interface {\n absent\n}";
    let log = log_of_a_second(
        &format!("vrrp_instance A {{\n{OWNER}\n{tracked}\n}}"),
        "(A) entering FAULT state (tracked interface down)",
    );
    assert!(!log.contains("MASTER"), "{log}");
}

#[test]
#[ignore = "needs root and iproute2"]
fn nothing_starts_before_the_startup_delay_has_passed() {
    let delay = |seconds| format!("global_defs {{\n vrrp_startup_delay {seconds}\n}}");
    let log = |seconds, awaited| {
        let global = delay(seconds);
        let config = format!("{global}\nvrrp_instance A {{\n{OWNER}\n}}");
        log_of_a_second(&config, awaited)
    };
    log(0.1, "(A) Entering MASTER STATE");
    assert!(!log(600.0, "").contains("STATE"));
}

#[test]
#[ignore = "needs root and iproute2"]
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
    let log = log_of_a_second(config, "(A) Entering BACKUP STATE (init)");
    let lowered = log.find("(A) Changing effective priority from 100 to 70");
    let started = log.find("(A) Entering BACKUP STATE (init)");
    assert!(lowered.is_some() && lowered < started, "{log}");
}
