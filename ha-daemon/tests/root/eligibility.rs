//! Tests that the router that reports MASTER has the address: two hosts, of which the preferred one
//! lacks something.

use core::time::Duration;

use rig::{Daemon, Directory, Key, Lab, PATIENCE, Program, now, pause, succession, until};
use vrrp_core::Family;

const ADDRESS: &str = "10.0.7.1";
const KEY: Key = Key {
    link: 0,
    family: Family::V4,
    vrid: 51,
};

/// The preferred router on the first host, another one on the second.
struct Hosts {
    daemons: Vec<Daemon>,
    lab: Lab,
    directory: Directory,
}

impl Hosts {
    /// `prepare` is what `ip` does on the first host before; `body` is of both instances.
    fn new(prepare: &str, body: &str) -> Self {
        Self::on("eth0", prepare, body)
    }

    fn on(interface: &str, prepare: &str, body: &str) -> Self {
        let lab = Lab::new(2, 2);
        lab.host(0).ip(prepare);
        Self::in_lab(lab, interface, body)
    }

    fn in_lab(lab: Lab, interface: &str, body: &str) -> Self {
        let directory = Directory::new("eligibility");
        let daemons = [(0, 200), (1, 100)].map(|(host, priority)| {
            let interface = if host == 0 { interface } else { "eth0" };
            let configuration = configuration(interface, priority, body);
            let files = directory.make(&host.to_string());
            Daemon::start(Program::HaDaemon, lab.share(host), &files, &configuration)
        });
        Self {
            daemons: daemons.into(),
            lab,
            directory,
        }
    }

    /// Runs `ip` on the first host.
    fn ip(&self, commands: &str) {
        self.lab.host(0).ip(commands);
    }

    /// Waits until one host alone has the address and alone advertises.
    fn await_master(&self, owner: usize, address: &str) {
        let has = |host: usize| self.lab.host(host).has_address(address);
        until(
            &format!("only host {owner} having {address}"),
            PATIENCE,
            || has(owner) && !has(1 - owner),
        );
        let mut heard = Vec::new();
        until(&format!("only host {owner} advertising"), PATIENCE, || {
            let start = now();
            pause(Duration::from_millis(500));
            heard = succession(&self.lab.capture().adverts(KEY, start));
            heard == [owner]
        });
        assert!(has(owner) && !has(1 - owner), "{}", self.daemons[0]);
    }

    /// Waits until the first host says why it cannot be MASTER.
    fn await_obstacle(&self, name: &str) {
        let wanted = format!("\"name\": \"{name}\"");
        until(&format!("{name} in status"), PATIENCE, || {
            if !self.daemons[0].socket().exists() {
                return false;
            }
            let status = self.daemons[0].status();
            status.contains(&wanted) && status.contains("\"state\": \"FAULT\"")
        });
    }

    fn status(&self) -> String {
        self.daemons[0].status()
    }

    /// What `ip -o -d link show` says of an interface of the first host; nothing if there is none.
    fn link(&self, name: &str) -> String {
        show(&self.lab, 0, "link", name)
    }

    fn addresses(&self, name: &str) -> String {
        show(&self.lab, 0, "addr", name)
    }
}

fn configuration(interface: &str, priority: u8, body: &str) -> String {
    format!(
        "vrrp_instance v {{\n interface {interface}\n virtual_router_id 51\n version 3\n \
         advert_int 0.1\n priority {priority}\n{body}\n}}\n"
    )
}

fn show(lab: &Lab, host: usize, what: &str, name: &str) -> String {
    let output = std::process::Command::new("/usr/sbin/ip")
        .args([
            "-n",
            lab.host(host).name(),
            "-o",
            "-d",
            what,
            "show",
            "dev",
            name,
        ])
        .output()
        .expect("ip runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn plain() -> String {
    format!("virtual_ipaddress {{\n {ADDRESS}/24\n}}")
}

fn with_mac() -> String {
    format!("use_vmac\n{}", plain())
}

/// EBUSY: the interface is a bridge port.
#[test]
#[ignore = "needs root and keepalived"]
fn a_router_whose_virtual_mac_the_kernel_refuses_leaves_the_address_to_the_other() {
    let port = "link add brx type bridge\nlink set brx up\nlink set eth0 master brx";
    let mut hosts = Hosts::new(port, &with_mac());
    hosts.await_master(1, ADDRESS);
    hosts.await_obstacle("virtual-mac-refused");
    let status = hosts.status();
    assert!(status.contains("Device or resource busy"), "{status}");
    assert!(status.contains("\"interface_up\": true"), "{status}");
    let log = hosts.daemons[0].log();
    assert_eq!(log.matches("ERROR").count(), 1, "{log}");
    assert!(!log.contains("is down"), "{log}");

    hosts.ip("link set eth0 nomaster");
    hosts.await_master(0, ADDRESS);
    // It ends at once, too, where the kernel refuses.
    assert!(hosts.daemons[0].terminate());
    hosts.ip("link set eth0 master brx");
    hosts.daemons[0].start_again();
    hosts.await_obstacle("virtual-mac-refused");
    assert!(hosts.daemons[0].terminate());
    let log = hosts.daemons[0].log();
    assert!(!log.contains("did not confirm"), "{log}");
}

#[test]
#[ignore = "needs root and keepalived"]
fn a_virtual_mac_whose_name_is_taken_is_told_as_such() {
    let hosts = Hosts::new("link add vrrp.51 type veth peer name other", &with_mac());
    hosts.await_master(1, ADDRESS);
    hosts.await_obstacle("virtual-mac-name-taken");
    let status = hosts.status();
    assert!(
        status.contains("vrrp.51 exists and is of kind veth"),
        "{status}"
    );
    assert!(status.contains("\"interface_up\": true"), "{status}");
    assert!(!hosts.daemons[0].log().contains("is down"));
    hosts.ip("link del other");
    hosts.await_master(0, ADDRESS);
}

/// An address and an excluded one on eth1, VRRP on eth0.
#[test]
#[ignore = "needs root and keepalived"]
fn the_interfaces_of_all_addresses_have_to_be_up() {
    let elsewhere = "192.0.2.7";
    for body in [
        format!("virtual_ipaddress {{\n {elsewhere}/24 dev eth1\n}}"),
        format!(
            "{}\nvirtual_ipaddress_excluded {{\n {elsewhere}/24 dev eth1\n}}",
            plain()
        ),
        format!("dont_track_primary\nvirtual_ipaddress {{\n {elsewhere}/24 dev eth1\n}}"),
    ] {
        let hosts = Hosts::new("", &body);
        hosts.await_master(0, elsewhere);
        hosts.ip("link set eth1 down");
        hosts.await_master(1, elsewhere);
        hosts.await_obstacle("address-interface-down");
        hosts.ip("link set eth1 up");
        hosts.await_master(0, elsewhere);
        hosts.lab.set_carrier(0, 1, false);
        hosts.await_master(1, elsewhere);
        hosts.lab.set_carrier(0, 1, true);
        hosts.await_master(0, elsewhere);
        hosts.ip("link set eth1 down\nlink set eth1 name other\nlink set other up");
        hosts.await_master(1, elsewhere);
        hosts.await_obstacle("address-interface-missing");
        hosts.ip("link set other down\nlink set other name eth1\nlink set eth1 up");
        hosts.await_master(0, elsewhere);
        hosts.ip("link del eth1");
        hosts.await_master(1, elsewhere);
        hosts.ip("link add eth1 type veth peer name x1\nlink set x1 up\nlink set eth1 up");
        hosts.await_master(0, elsewhere);
    }
}

#[test]
#[ignore = "needs root and keepalived"]
fn an_address_with_no_track_does_not_need_its_interface() {
    let body = format!("virtual_ipaddress {{\n {ADDRESS}/24\n 192.0.2.7/24 dev eth1 no_track\n}}");
    let hosts = Hosts::new("", &body);
    hosts.await_master(0, ADDRESS);
    hosts.ip("link set eth1 down");
    pause(Duration::from_secs(1));
    hosts.await_master(0, ADDRESS);
    hosts.ip("link del eth1");
    pause(Duration::from_secs(1));
    hosts.await_master(0, ADDRESS);
}

#[test]
#[ignore = "needs root and keepalived"]
fn a_virtual_mac_on_a_macvlan_works_and_is_not_left_behind() {
    let stacked = "link add mv0 link eth0 type macvlan mode bridge\nlink set mv0 up\n\
                   addr add 10.0.0.1/16 dev mv0";
    let prepare = format!("addr del 10.0.0.1/16 dev eth0\n{stacked}");
    let mut hosts = Hosts::on("mv0", &prepare, &with_mac());
    hosts.await_master(0, ADDRESS);
    hosts.ip("link set mv0 down");
    hosts.await_master(1, ADDRESS);
    hosts.ip("link set mv0 up");
    hosts.await_master(0, ADDRESS);
    // The kernel leaves what is on the same lower interface.
    hosts.ip("link del mv0");
    hosts.await_master(1, ADDRESS);
    hosts.await_obstacle("interface-missing");
    hosts.ip(stacked);
    hosts.await_master(0, ADDRESS);
    hosts.ip("link del mv0");
    hosts.await_master(1, ADDRESS);
    assert!(hosts.daemons[0].terminate());
    assert_eq!(hosts.link("vrrp.51"), "");
}

/// keepalived makes its own in private mode, which does not hear the parent's other macvlans.
#[test]
#[ignore = "needs root and keepalived"]
fn a_private_macvlan_left_by_another_is_put_in_bridge_mode() {
    let left = "link add vrrp.51 link eth0 address 00:00:5e:00:01:33 type macvlan mode private";
    let mut hosts = Hosts::new(left, &with_mac());
    hosts.await_master(0, ADDRESS);
    let link = hosts.link("vrrp.51");
    assert!(link.contains("macvlan mode bridge"), "{link}");
    assert!(hosts.daemons[1].terminate());
    hosts.lab.host(1).ip(left);
    hosts.daemons[1].start_again();
    assert!(hosts.daemons[0].terminate());
    hosts.await_master(1, ADDRESS);
    // The better router returns, and is heard.
    hosts.daemons[0].start_again();
    hosts.await_master(0, ADDRESS);
}

/// What keepalived leaves when it is killed is taken over: its address, and its private macvlan.
#[test]
#[ignore = "needs root and keepalived"]
fn a_successor_of_a_killed_keepalived_hears_the_better_router() {
    let mut hosts = Hosts::new("", &with_mac());
    hosts.await_master(0, ADDRESS);
    assert!(hosts.daemons[0].terminate());
    assert!(hosts.daemons.pop().expect("the second one").terminate());
    let configuration = configuration("eth0", 100, &with_mac());
    let files = hosts.directory.make("keepalived");
    let mut keepalived = Daemon::start(
        Program::Keepalived,
        hosts.lab.share(1),
        &files,
        &configuration,
    );
    hosts.await_master(1, ADDRESS);
    keepalived.kill();
    let left = show(&hosts.lab, 1, "link", "vrrp.51");
    assert!(left.contains("macvlan mode private"), "{left}");
    let files = hosts.directory.make("successor");
    let successor = Daemon::start(
        Program::HaDaemon,
        hosts.lab.share(1),
        &files,
        &configuration,
    );
    hosts.daemons.push(successor);
    hosts.await_master(1, ADDRESS);
    hosts.daemons[0].start_again();
    hosts.await_master(0, ADDRESS);
}

/// What others do to the macvlan of a MASTER: it is as it was, and nobody took over.
#[test]
#[ignore = "needs root and keepalived"]
fn a_macvlan_that_others_change_is_put_right_without_a_failover() {
    for deed in [
        "link del vrrp.51",
        "link set vrrp.51 down",
        "link set vrrp.51 address 02:00:00:00:00:09",
        "link set vrrp.51 down\nlink set vrrp.51 name other",
        "link set vrrp.51 type macvlan mode private",
        "link set eth0 mtu 1000",
    ] {
        let hosts = Hosts::new("", &with_mac());
        hosts.await_master(0, ADDRESS);
        let start = now();
        hosts.ip(deed);
        until(deed, PATIENCE, || {
            let link = hosts.link("vrrp.51");
            link.contains("00:00:5e:00:01:33")
                && link.contains(",UP")
                && link.contains("macvlan mode bridge")
                && hosts.addresses("vrrp.51").contains(ADDRESS)
        });
        assert_eq!(hosts.link("other"), "", "{deed}");
        hosts.await_master(0, ADDRESS);
        let adverts = hosts.lab.capture().adverts(KEY, start);
        assert_eq!(succession(&adverts), [0], "{deed}\n{}", hosts.daemons[0]);
    }
}

/// The parent goes to another namespace, where no notification reports its return.
#[test]
#[ignore = "needs root and keepalived"]
fn an_interface_that_returns_from_another_namespace_is_used_again() {
    let hosts = Hosts::new("", &with_mac());
    hosts.await_master(0, ADDRESS);
    let away = rig::Namespace::new("away");
    away.ip("link add x1 type veth peer name x2");
    hosts.ip(&format!("link set eth0 netns {}", away.name()));
    hosts.await_master(1, ADDRESS);
    away.ip(&format!("link set eth0 netns {}", hosts.lab.host(0).name()));
    hosts.ip("link set eth0 up\naddr add 10.0.0.1/16 dev eth0");
    hosts.await_master(0, ADDRESS);
}

/// Duplicate address detection is asked for and fails while another host has the address.
#[test]
#[ignore = "needs root and keepalived"]
fn a_duplicate_is_tried_again_and_shown() {
    const DOUBLE: &str = "fd00:0::77";
    let body = format!(
        "{}\nvirtual_ipaddress_excluded {{\n {DOUBLE}/64 -nodad\n}}",
        plain()
    );
    let mut hosts = Hosts::new("", &body);
    hosts.await_master(0, ADDRESS);
    // The other host has the address as one of its own.
    assert!(hosts.daemons[1].terminate());
    hosts
        .lab
        .host(1)
        .ip("addr add fd00:0::77/64 dev eth0 nodad");
    hosts.ip("link set eth0 down\nlink set eth0 up\naddr add fd00:0::1/64 dev eth0 nodad");
    until("a duplicate in status", PATIENCE, || {
        hosts.status().contains("another host has the address")
    });
    assert!(hosts.status().contains("\"state\": \"MASTER\""));
    hosts.lab.host(1).ip("addr del fd00:0::77/64 dev eth0");
    until("the address to be usable", PATIENCE, || {
        let shown = hosts.addresses("eth0");
        let line = shown.lines().find(|line| line.contains("::77"));
        line.is_some_and(|line| !line.contains("dadfailed") && !line.contains("tentative"))
    });
    until("no failure in status", PATIENCE, || {
        !hosts.status().contains("another host has the address")
    });
}

/// Both hosts ask for the detection, and a third one has the only address.
#[test]
#[ignore = "needs root and keepalived"]
fn a_router_whose_only_address_is_another_hosts_is_not_master() {
    const DOUBLE: &str = "fd00:0::78";
    let body = format!("virtual_ipaddress {{\n {DOUBLE}/64 -nodad\n}}");
    let lab = Lab::new(2, 1);
    lab.bridges()
        .ip(&format!("addr add {DOUBLE}/64 dev br0 nodad"));
    let hosts = Hosts::in_lab(lab, "eth0", &body);
    hosts.await_obstacle("addresses-duplicate");
    hosts
        .lab
        .bridges()
        .ip(&format!("addr del {DOUBLE}/64 dev br0"));
    let usable = |host: usize| {
        let shown = show(&hosts.lab, host, "addr", "eth0");
        let line = shown.lines().find(|line| line.contains("::78"));
        line.is_some_and(|line| !line.contains("tentative") && !line.contains("dadfailed"))
    };
    until("one host having the address", PATIENCE * 2, || {
        usable(0) && !usable(1)
    });
}

/// Nothing of the instance is left: IPv6 was switched off where its only address goes.
#[test]
#[ignore = "needs root and keepalived"]
fn a_router_that_the_kernel_lets_have_no_address_leaves_it_to_the_other() {
    const OTHER: &str = "2001:db8:7::1";
    let body = format!("virtual_ipaddress {{\n {OTHER}/64 dev eth1\n fe80::7/64 dev eth1\n}}\n");
    let hosts = Hosts::new("", &body);
    let key = Key {
        family: Family::V6,
        ..KEY
    };
    let owner = |owner: usize| {
        let has = |host: usize| hosts.lab.host(host).has_address(OTHER);
        until(&format!("host {owner} having it"), PATIENCE, || {
            has(owner) && !has(1 - owner)
        });
        let start = now();
        pause(Duration::from_secs(1));
        assert_eq!(
            succession(&hosts.lab.capture().adverts(key, start)),
            [owner]
        );
    };
    owner(0);
    let path = "/proc/sys/net/ipv6/conf/eth1/disable_ipv6";
    (hosts.lab.host(0)).inside(|| std::fs::write(path, "1").expect("root may switch IPv6 off"));
    owner(1);
    hosts.await_obstacle("addresses-refused");
    // The interface has an address of its own again, which is worth another try.
    (hosts.lab.host(0)).inside(|| std::fs::write(path, "0").expect("root may switch IPv6 on"));
    hosts.ip("addr add fe80::99/64 dev eth1 nodad");
    owner(0);
}

/// As keepalived places them.
#[test]
#[ignore = "needs root and keepalived"]
fn addresses_of_the_own_family_go_on_the_macvlan_and_others_on_the_interface() {
    let body = format!(
        "use_vmac\nvirtual_ipaddress {{\n {ADDRESS}/24 dev eth0\n 10.0.7.2/24 dev vrrp.51\n}}\n\
         virtual_ipaddress_excluded {{\n 10.0.7.3/24 dev eth0\n 2001:db8:10::1/64\n \
         2001:db8:10::2/64 dev eth0\n}}"
    );
    let hosts = Hosts::new("", &body);
    hosts.await_master(0, ADDRESS);
    let (macvlan, own) = (hosts.addresses("vrrp.51"), hosts.addresses("eth0"));
    for address in [ADDRESS, "10.0.7.2", "10.0.7.3"] {
        assert!(macvlan.contains(&format!(" {address}/24 ")), "{macvlan}");
    }
    for address in ["2001:db8:10::1", "2001:db8:10::2"] {
        assert!(own.contains(&format!(" {address}/64 ")), "{own}");
    }
    // Sender hardware address of an ARP packet, after its Ethernet header.
    let sender = |octets: &[u8]| {
        let arp = octets.get(12..14) == Some(&[8, 6]);
        let is = |end: u8| octets.get(28..32) == Some(&[10, 0, 7, end]);
        (arp && (is(1) || is(3))).then(|| octets[22..28].to_vec())
    };
    let frames = hosts.lab.capture().frames();
    let senders: Vec<_> = frames.iter().filter_map(|f| sender(&f.octets)).collect();
    assert!(senders.len() >= 2);
    for mac in senders {
        assert_eq!(mac, [0, 0, 0x5e, 0, 1, 0x33]);
    }
}

#[test]
#[ignore = "needs root and keepalived"]
fn another_mac_address_of_the_interface_is_announced_at_once() {
    let hosts = Hosts::new("", &plain());
    hosts.await_master(0, ADDRESS);
    let address = ADDRESS.parse().expect("an address");
    // The second block of announcements, five seconds after the first.
    pause(Duration::from_secs(6));
    let start = now();
    hosts.ip("link set eth0 address 02:00:00:00:00:09");
    until("announcements", PATIENCE, || {
        let announced = hosts.lab.capture().announced(0, address, start);
        announced.len() >= 5
    });
}

/// Down in Backup on purpose, which is no reason for who depends on it to fail.
#[test]
#[ignore = "needs root and keepalived"]
fn a_macvlan_of_ours_counts_as_its_interface() {
    let body = format!(
        "use_vmac\n{}\n}}\nvrrp_instance w {{\n interface eth0\n virtual_router_id 52\n \
         version 3\n advert_int 0.1\n priority 100\n track_interface {{\n  vrrp.51\n }}\n \
         virtual_ipaddress {{\n 10.0.7.2/24 dev vrrp.51\n}}",
        plain()
    );
    let hosts = Hosts::new("", &body);
    hosts.await_master(0, ADDRESS);
    until("one MASTER of the other", PATIENCE, || {
        [0, 1]
            .iter()
            .filter(|host| hosts.lab.host(**host).has_address("10.0.7.2"))
            .count()
            == 1
    });
    for daemon in &hosts.daemons {
        assert!(!daemon.status().contains("FAULT"), "{daemon}");
    }
}
