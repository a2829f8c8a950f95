//! Tests of address owners (priority 255), whose source address is the virtual address.
//!
//! 10.9.0.1 and fe80::1 are addresses of host 1, and virtual addresses of host 2.

use vrrp_core::receive::Peer;
use vrrp_core::{Config, Family, Interval, Role, Settings, Version, Vrid};
use vrrp_mio::{Notice, Path, RouterId, RouterSpec, VirtualMac};

use super::host::{Host, Switch, address, router, until};

const OWNED: &str = "10.9.0.1/24";
const ACCEPT_LOCAL: &str = "ipv4/conf/eth0/accept_local";
const TAG: &str = "ipv4/conf/eth0/tag";

fn versed(version: Version, spec: RouterSpec) -> RouterSpec {
    let mut settings = Settings::from(spec.config);
    settings.version = version;
    if version == Version::V2 {
        settings.interval = Interval::from_centis(100).unwrap();
    }
    let config = Config::try_from(settings);
    RouterSpec {
        config: config.unwrap(),
        ..spec
    }
}

fn with_mac(spec: RouterSpec) -> RouterSpec {
    let virtual_mac = VirtualMac {
        name: "vrrp.51".parse().unwrap(),
        mac: Vrid::new(51).unwrap().virtual_mac(Family::V4),
        transmit_base: false,
    };
    RouterSpec {
        virtual_mac: Some(virtual_mac),
        ..spec
    }
}

fn to_peer(own: &str, peer: &str, spec: RouterSpec) -> RouterSpec {
    let peer = Peer {
        address: address(peer),
        min_ttl: 0,
        max_ttl: 255,
    };
    RouterSpec {
        path: Path::unicast(address(own), vec![peer]),
        ..spec
    }
}

/// An owner on host 1 and a backup on host 2.
struct Pair {
    _switch: Switch,
    owner: Host,
    backup: Host,
    /// Their routers, owner first.
    ids: [RouterId; 2],
    owned: &'static str,
}

impl Pair {
    /// The owner was here, and has resigned; the backup has the address.
    fn superseded(owned: &'static str, shape: impl Fn(u8, RouterSpec) -> RouterSpec) -> Self {
        Self::prepared(owned, shape, |_| ())
    }

    fn prepared(
        owned: &'static str,
        shape: impl Fn(u8, RouterSpec) -> RouterSpec,
        prepare: impl FnOnce(&Host),
    ) -> Self {
        let switch = Switch::new();
        let (owner, backup) = (switch.host(1), switch.host(2));
        prepare(&backup);
        let spec = |priority| shape(priority, router(priority, &[owned]));
        let a = owner.start(spec(255));
        owner.await_role(a, Role::Active);
        let b = backup.start(spec(100));
        until("the backup to hear the owner", || follows(&backup, b));
        owner.ask(move |node| node.driver().stop(a));
        backup.await_role(b, Role::Active);
        backup.await_address(owned, true);
        Self {
            _switch: switch,
            owner,
            backup,
            ids: [a, b],
            owned,
        }
    }

    /// The owner returns, and the backup yields for good.
    fn returns(&self) {
        let [a, b] = self.ids;
        // It returns as a host that was started anew and knows nobody.
        self.owner.ip("neigh flush all");
        self.owner.ask(move |node| node.driver().start(a));
        self.backup.await_role(b, Role::Backup);
        self.backup.await_address(self.owned, false);
        until("the backup to follow the owner", || {
            follows(&self.backup, b)
        });
        assert_eq!(self.owner.role(a), Role::Active);
    }
}

fn follows(host: &Host, router: RouterId) -> bool {
    host.ask(move |node| {
        let machine = node.driver().router(router).unwrap().machine();
        machine.active_router().is_some()
    })
}

fn is_heard(shape: impl Fn(u8, RouterSpec) -> RouterSpec) {
    let pair = Pair::superseded(OWNED, shape);
    until("the kernel to let it in", || {
        pair.backup.sysctl(ACCEPT_LOCAL) == 1
    });
    pair.returns();
    until("the kernel to be as before", || {
        pair.backup.sysctl(ACCEPT_LOCAL) == 0
    });
    pair.backup.stop(pair.ids[1]);
    assert_eq!(pair.backup.sysctl(TAG), 0);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_returning_owner_is_heard_in_version_3() {
    is_heard(|_, spec| spec);
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_returning_owner_is_heard_in_version_2() {
    is_heard(|_, spec| versed(Version::V2, spec));
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_returning_owner_is_heard_by_a_router_with_a_virtual_mac() {
    for version in [Version::V3, Version::V2] {
        is_heard(|priority, spec| {
            let spec = versed(version, spec);
            if priority == 255 {
                spec
            } else {
                with_mac(spec)
            }
        });
    }
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_returning_owner_with_a_virtual_mac_is_heard_by_one_without() {
    is_heard(|priority, spec| {
        if priority == 255 {
            with_mac(spec)
        } else {
            spec
        }
    });
}

/// The owner has to find out the MAC address of its peer first, whose kernel does not answer who
/// asks from an address of its own.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_returning_owner_is_heard_by_a_unicast_peer() {
    for version in [Version::V3, Version::V2] {
        for has_mac in [false, true] {
            is_heard(|priority, spec| {
                let spec = versed(version, spec);
                match priority {
                    255 => to_peer("10.9.0.1", "10.9.0.2", spec),
                    _ if has_mac => with_mac(to_peer("10.9.0.2", "10.9.0.1", spec)),
                    _ => to_peer("10.9.0.2", "10.9.0.1", spec),
                }
            });
        }
    }
}

/// RFC 3704: the way back to the owner is another interface for the kernel, if the address is on a
/// macvlan.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_returning_owner_is_heard_in_spite_of_strict_reverse_path_filtering() {
    const ALL: &str = "ipv4/conf/all/rp_filter";
    const OWN: &str = "ipv4/conf/eth0/rp_filter";
    for has_mac in [false, true] {
        let shape = |priority, spec| {
            if priority != 255 && has_mac {
                with_mac(spec)
            } else {
                spec
            }
        };
        let strict = |host: &Host| {
            host.set_sysctl(ALL, 1);
            host.set_sysctl(OWN, 1);
        };
        let pair = Pair::prepared(OWNED, shape, strict);
        pair.returns();
        until("filtering to be as before", || {
            [ACCEPT_LOCAL, ALL, OWN].map(|path| pair.backup.sysctl(path)) == [0, 1, 1]
        });
    }
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_returning_owner_of_an_ipv6_address_is_heard() {
    Pair::superseded("fe80::1/64", |_, spec| spec).returns();
}

/// The case of the model check: it is gone for less time than its resignation takes to be heard.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_owner_that_restarts_at_once_has_its_address_to_itself() {
    let switch = Switch::new();
    let (owner, backup) = (switch.host(1), switch.host(2));
    let a = owner.start(router(255, &[OWNED]));
    owner.await_role(a, Role::Active);
    let b = backup.start(router(100, &[OWNED]));
    for _ in 0..10 {
        until("the backup to hear the owner", || follows(&backup, b));
        owner.ask(move |node| {
            node.driver().stop(a);
            node.driver().start(a);
        });
    }
    until("the backup to hear the owner", || follows(&backup, b));
    owner.await_role(a, Role::Active);
    backup.await_role(b, Role::Backup);
    backup.await_address(OWNED, false);
}

/// The end of a process that was killed: nothing is put back.
fn kill(host: &Host) {
    host.ask(|node| node.kill());
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn what_a_killed_driver_changed_for_an_owner_the_next_one_puts_back() {
    const OWN: &str = "ipv4/conf/eth0/rp_filter";
    const IGNORE: &str = "ipv4/conf/eth0/arp_ignore";
    let shape = |priority, spec| {
        if priority == 255 {
            spec
        } else {
            with_mac(spec)
        }
    };
    let pair = Pair::prepared(OWNED, shape, |host| host.set_sysctl(OWN, 1));
    let values = || [ACCEPT_LOCAL, OWN, IGNORE].map(|path| pair.backup.sysctl(path));
    until("the kernel to let it in", || values() == [1, 2, 1]);
    kill(&pair.backup);
    assert_eq!(values(), [1, 2, 1]);
    assert_ne!(pair.backup.sysctl(TAG), 0);
    pair.backup.boot();
    pair.backup.ask(|node| node.driver().clean_leftovers());
    until("the kernel to be as before", || {
        values() == [0, 1, 0] && pair.backup.sysctl(TAG) == 0
    });
}

/// What is left of the address would keep the owner from being heard by whoever comes after.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_owner_that_returned_before_a_killed_backup_is_not_displaced_by_it() {
    let pair = Pair::superseded(OWNED, |_, spec| spec);
    until("the kernel to let it in", || {
        pair.backup.sysctl(ACCEPT_LOCAL) == 1
    });
    kill(&pair.backup);
    pair.backup.set_sysctl(ACCEPT_LOCAL, 0);
    let a = pair.ids[0];
    pair.owner.ask(move |node| node.driver().start(a));
    pair.owner.await_role(a, Role::Active);
    pair.backup.boot();
    pair.backup.forget_notices();
    let b = pair.backup.start(router(100, &[OWNED]));
    pair.backup.ask(|node| node.driver().clean_leftovers());
    pair.backup.await_address(OWNED, false);
    until("the backup to hear the owner", || follows(&pair.backup, b));
    let was_active = |notice: &Notice| matches!(notice, Notice::Transition { transition, .. } if transition.to == Role::Active);
    assert_eq!(pair.backup.noticed(was_active), 0);
}

/// Two owners of 10.9.0.100, which speak from addresses of their own.
fn owners(spec: impl Fn(RouterSpec) -> RouterSpec) -> (Switch, [Host; 2], [RouterId; 2]) {
    let switch = Switch::new();
    let hosts = [switch.host(1), switch.host(2)];
    let ids = [&hosts[0], &hosts[1]].map(|host| {
        host.ip("address add 10.9.0.100/32 dev eth0");
        host.start(spec(router(255, &["10.9.0.100/32"])))
    });
    (switch, hosts, ids)
}

/// Erratum 8298 to RFC 9568 §6.4.3.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn of_two_owners_the_higher_address_stays() {
    let (_switch, [lower, higher], [a, b]) = owners(|spec| spec);
    lower.await_role(a, Role::Backup);
    until("the lower to follow", || follows(&lower, a));
    assert_eq!(higher.role(b), Role::Active);
    assert!(lower.has("10.9.0.100/32"), "it is its own");
}

/// RFC 3768 §7.1 and RFC 5798 §7.1: owners hear nobody there.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn owners_that_hear_nobody_are_both_active() {
    let deaf: [fn(RouterSpec) -> RouterSpec; 2] = [
        |spec| versed(Version::V2, spec),
        |spec| RouterSpec {
            owner_is_deaf: true,
            ..spec
        },
    ];
    for spec in deaf {
        let (_switch, hosts, ids) = owners(spec);
        for (host, id) in hosts.iter().zip(ids) {
            until("the other to be discarded", || {
                host.noticed(|notice| matches!(notice, Notice::Discarded { .. })) > 0
            });
            assert_eq!(host.role(id), Role::Active);
        }
    }
}
