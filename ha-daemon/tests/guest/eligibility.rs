//! Tests of virtual MACs on kinds of interfaces that the running kernel mostly lacks.

use core::time::Duration;
use std::sync::Arc;

use rig::clock;
use rig::{Daemon, Directory, Namespace, PATIENCE, Program};

const ADDRESS: &str = "10.99.0.101";

/// Two hosts on a wire, 10.99.0.1 and 10.99.0.2; of both instances the first host is preferred.
struct Hosts {
    hosts: [Arc<Namespace>; 2],
    daemons: Vec<Daemon>,
    _directory: Directory,
}

impl Hosts {
    /// With a virtual MAC; `prepare` is what `ip` does on the first host before.
    fn new(interface: &str, prepare: &str) -> Self {
        Self::with(interface, "use_vmac", [prepare, ""])
    }

    /// `prepare` is what `ip` does on each host before.
    fn with(interface: &str, options: &str, prepare: [&str; 2]) -> Self {
        let hosts = ["first", "second"].map(|name| Arc::new(Namespace::new(name)));
        hosts[0].ip(&format!(
            "link add eth0 type veth peer name eth0 netns {}",
            hosts[1].name()
        ));
        for ((host, last), prepare) in hosts.iter().zip(1..).zip(prepare) {
            host.ip(&format!(
                "link set eth0 up\naddr add 10.99.0.{last}/24 dev eth0\n{prepare}"
            ));
        }
        let directory = Directory::new("eligibility");
        let daemons = hosts.iter().zip([(interface, 150), ("eth0", 100)]);
        let daemons = daemons.map(|(host, (interface, priority))| {
            let configuration = format!(
                "vrrp_instance v {{\n interface {interface}\n virtual_router_id 12\n \
                 priority {priority}\n {options}\n virtual_ipaddress {{\n  {ADDRESS}/24\n }}\n}}\n"
            );
            let files = directory.make(host.name());
            Daemon::start(Program::HaDaemon, Arc::clone(host), &files, &configuration)
        });
        Self {
            daemons: daemons.collect(),
            hosts,
            _directory: directory,
        }
    }

    fn await_owner(&self, owner: usize) {
        let what = format!("only host {owner} having the address");
        clock::until(&what, PATIENCE, || {
            (0..2).all(|host| self.hosts[host].has_address(ADDRESS) == (host == owner))
        });
    }

    fn await_obstacle(&self, name: &str, text: &str) {
        clock::until(&format!("{name} in status"), PATIENCE, || {
            let status = self.daemons[0].status();
            status.contains(name) && status.contains(text)
        });
    }
}

/// EBUSY: an interface is under macvlans or under ipvlans.
#[test]
#[ignore = "needs ipvlan"]
fn under_an_ipvlan_there_can_be_no_virtual_mac() {
    let hosts = Hosts::new("eth0", "link add ipv0 link eth0 type ipvlan mode l2");
    hosts.await_owner(1);
    hosts.await_obstacle("virtual-mac-refused", "Device or resource busy");
    hosts.hosts[0].ip("link del ipv0");
    hosts.await_owner(0);
}

/// EINVAL: it has no MAC address.
#[test]
#[ignore = "needs ip_gre"]
fn on_a_tunnel_there_can_be_no_virtual_mac() {
    let tunnel = "link add gre1 type gre local 10.99.0.1 remote 10.99.0.2\nlink set gre1 up\n\
                  addr add 10.98.0.1/24 dev gre1";
    let hosts = Hosts::new("gre1", tunnel);
    hosts.await_owner(1);
    hosts.await_obstacle("virtual-mac-refused", "Invalid argument");
}

/// Both hosts in a VRF: the second one would be MASTER, too, if it did not hear the first.
fn is_elected_in_a_vrf(options: &str) {
    let vrf = "link add vrf1 type vrf table 100\nlink set vrf1 up\nlink set eth0 master vrf1";
    let mut hosts = Hosts::with("eth0", options, [vrf; 2]);
    hosts.await_owner(0);
    clock::pause(Duration::from_secs(5));
    hosts.await_owner(0);
    let ping = format!("ping -I vrf1 -c1 -W1 {ADDRESS}");
    clock::until("an answer of the address", PATIENCE, || {
        hosts.hosts[1].attempt(&ping).status.success()
    });
    // The host has it in the VRF, and not outside.
    let routes = |table| hosts.hosts[0].show(&format!("route show table {table}"));
    assert!(routes("100").contains(ADDRESS) && !routes("main").contains(ADDRESS));
    assert!(hosts.daemons[0].terminate());
    hosts.await_owner(1);
    hosts.daemons[0].start_again();
    hosts.await_owner(0);
}

#[test]
#[ignore = "needs vrf"]
fn an_interface_in_a_vrf_is_as_any_other() {
    is_elected_in_a_vrf("");
}

#[test]
#[ignore = "needs vrf"]
fn on_an_interface_in_a_vrf_there_can_be_a_virtual_mac() {
    is_elected_in_a_vrf("use_vmac");
}

/// No notification reports that the interface under the macvlan is back.
#[test]
#[ignore = "needs ip_vs"]
fn an_interface_that_returns_from_another_namespace_is_used_again() {
    let hosts = Hosts::new("eth0", "");
    hosts.await_owner(0);
    let away = Namespace::new("away");
    away.ip("link add x1 type dummy");
    hosts.hosts[0].ip(&format!("link set eth0 netns {}", away.name()));
    clock::pause(Duration::from_secs(1));
    let home = hosts.hosts[0].name();
    away.ip(&format!("link set eth0 netns {home}"));
    hosts.hosts[0].ip("link set eth0 up\naddr add 10.99.0.1/24 dev eth0");
    hosts.await_owner(0);
}
