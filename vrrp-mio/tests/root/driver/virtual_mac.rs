//! Tests of routers with a virtual MAC address.

use vrrp_core::{Family, MacAddr, Role, Vrid};
use vrrp_mio::{Notice, RouterSpec, VirtualMac};

use super::host::{Host, Switch, router, until, virtual_address};
use rig::Tap;

fn with_mac(spec: RouterSpec) -> RouterSpec {
    RouterSpec {
        virtual_mac: Some(VirtualMac {
            name: "vrrp.51".parse().unwrap(),
            mac: mac(spec.config.family()),
            transmit_base: false,
        }),
        ..spec
    }
}

fn mac(family: Family) -> MacAddr {
    Vrid::new(51).unwrap().virtual_mac(family)
}

fn macvlan(host: &Host) -> String {
    host.ip("-o link show type macvlan")
}

fn is_up(host: &Host) -> bool {
    macvlan(host).contains("UP")
}

fn exercise(addresses: &[&str]) {
    let switch = Switch::new();
    let (left, right) = (switch.host(1), switch.host(2));
    let parameters = ["ipv4/conf/eth0/arp_ignore", "ipv4/conf/eth0/arp_filter"];
    let before = parameters.map(|path| left.sysctl(path));
    let mut tap = Tap::on(&switch.namespace, "p1");
    let spec = |priority| with_mac(router(priority, addresses));
    let own = mac(spec(1).config.family());
    let a = left.start(spec(200));
    let b = right.start(spec(100));
    left.await_role(a, Role::Active);
    until("the macvlan to be up", || is_up(&left));
    for address in addresses {
        left.await_address(address, true);
    }
    until("the backup's macvlan", || {
        macvlan(&right).contains("vrrp.51")
    });
    assert!(!is_up(&right));
    tap.wait("advertisements", 5, |frame| frame.advertisement().is_some());
    let expected = 5 * addresses.len();
    tap.wait("announcements", expected, |frame| {
        frame.announced().is_some()
    });
    for frame in &tap.frames {
        if frame.advertisement().is_some() || frame.announced().is_some() {
            assert_eq!(frame.source(), own, "{frame:02x?}");
        }
    }
    right.stop(b);
    assert_eq!(macvlan(&right), "", "a Backup leaves nothing");
    left.ask(move |node| node.driver().stop(a));
    until("the host to settle", || {
        left.ask(|node| node.driver().is_settled())
    });
    assert_eq!(macvlan(&left), "");
    assert_eq!(parameters.map(|path| left.sysctl(path)), before);
    left.ask(move |node| node.driver().start(a));
    left.await_role(a, Role::Active);
    left.await_address(addresses[0], true);
    left.ask(move |node| node.driver().remove(a));
    until("nothing to be left", || {
        macvlan(&left).is_empty() && parameters.map(|path| left.sysctl(path)) == before
    });
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_ipv4_router_speaks_from_its_virtual_mac_and_tidies_up() {
    exercise(&["10.9.0.100/24"]);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_ipv6_router_speaks_from_its_virtual_mac_and_tidies_up() {
    exercise(&["fe80::100/64", "2001:db8::100/64"]);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn addresses_of_the_other_family_go_on_the_interface() {
    let switch = Switch::new();
    let host = switch.host(1);
    let mut spec = with_mac(router(100, &["10.9.0.100/24"]));
    spec.excluded.push(virtual_address("2001:db8::100/64"));
    host.start(spec);
    host.await_address("10.9.0.100/24", true);
    host.await_address("2001:db8::100/64", true);
    assert!(
        host.ip("-o -6 address show dev eth0")
            .contains("2001:db8::100")
    );
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_router_stopped_while_its_link_is_down_leaves_no_macvlan() {
    let switch = Switch::new();
    let host = switch.host(1);
    let a = host.start(with_mac(router(100, &["10.9.0.100/24"])));
    host.await_address("10.9.0.100/24", true);
    switch.ip("link set p1 down");
    host.await_role(a, Role::Initialize);
    host.stop(a);
    assert_eq!(macvlan(&host), "");
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_deleted_macvlan_is_made_anew_and_one_left_over_is_adopted() {
    let switch = Switch::new();
    let host = switch.host(1);
    let a = host.start(with_mac(router(100, &["10.9.0.100/24"])));
    host.await_address("10.9.0.100/24", true);
    host.ip("link del vrrp.51");
    until("the address to be back", || {
        host.has("10.9.0.100/24") && is_up(&host)
    });
    assert_eq!(host.role(a), Role::Active);
    let left_over = macvlan(&host);
    host.crash();
    host.boot();
    let a = host.start(with_mac(router(100, &["10.9.0.100/24"])));
    host.await_role(a, Role::Active);
    until("the macvlan to be up", || is_up(&host));
    let index = |shown: &str| shown.split(':').next().map(str::to_owned);
    assert_eq!(index(&macvlan(&host)), index(&left_over));
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_name_that_is_taken_is_told_once_and_waited_for() {
    let switch = Switch::new();
    let host = switch.host(1);
    host.ip("link add vrrp.51 type veth peer name other");
    let a = host.start(with_mac(router(100, &["10.9.0.100/24"])));
    fn is_taken(notice: &Notice) -> bool {
        let name = "virtual-mac-name-taken";
        matches!(notice, Notice::Obstacle { obstacle, present: true, .. } if obstacle.name() == name)
    }
    let failures = |host: &Host| host.noticed(is_taken);
    until("the notice", || failures(&host) == 1);
    host.ip("link set other up");
    host.ip("link set vrrp.51 up");
    host.ip("link set eth0 mtu 1400");
    assert_eq!(host.role(a), Role::Initialize);
    assert_eq!(failures(&host), 1);
    host.ip("link del other");
    host.await_role(a, Role::Active);
    host.await_address("10.9.0.100/24", true);
}

/// RFC 3704: the way back to whoever asks is the parent, which strict filtering of all interfaces
/// holds against the macvlan.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn its_addresses_answer_in_spite_of_strict_reverse_path_filtering() {
    let switch = Switch::new();
    let (host, client) = (switch.host(1), switch.host(9));
    host.set_sysctl("ipv4/conf/all/rp_filter", 1);
    let a = host.start(RouterSpec {
        config: accepting(),
        ..with_mac(router(100, &["10.9.0.100/32"]))
    });
    host.await_role(a, Role::Active);
    host.await_address("10.9.0.100/32", true);
    until("an answer", || {
        let ping = client.namespace.attempt("ping -c1 -W1 10.9.0.100");
        ping.status.success()
    });
    assert_eq!(host.sysctl("ipv4/conf/all/rp_filter"), 1);
}

fn accepting() -> vrrp_core::Config {
    let mut settings = vrrp_core::Settings::from(router(100, &["10.9.0.100/32"]).config);
    settings.accept = true;
    settings.try_into().unwrap()
}
