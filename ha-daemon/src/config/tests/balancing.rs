use core::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use ipvs_core::destination::{Tunnel, TunnelChecksum};
use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{
    Destination, DestinationKey, Family, Forwarding, Protocol, Scheduler, ServiceKey, SyncRole,
    Timeouts,
};

use super::{load_text, places};
use crate::config::{Check, Config, FlushOnStop, InitFile, VirtualServer};

fn config(text: &str) -> Config {
    let loaded = load_text(text);
    assert_eq!(places(&loaded), [], "{text}\n{:#?}", loaded.diagnostics);
    loaded.config
}

/// The only virtual server of a text without mistakes.
pub(super) fn only(text: &str) -> VirtualServer {
    let [server] = <[VirtualServer; 1]>::try_from(config(text).virtual_servers).unwrap();
    server
}

/// A virtual server that is complete, with `body` and a real server.
fn server(body: &str) -> String {
    with_front("192.0.2.1 80", &format!("protocol TCP\n{body}"))
}

fn with_front(front: &str, body: &str) -> String {
    format!(
        "virtual_server {front} {{\nlb_algo rr\nlb_kind NAT\n{body}\nreal_server 10.0.0.1 8080 {{\n\
         }}\n}}\n"
    )
}

pub(super) const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

fn mark(number: u32, family: Family) -> ServiceKey {
    let mark = number.try_into().unwrap();
    ServiceKey::Mark { mark, family }
}

#[test]
fn a_virtual_server_without_settings_has_keepaliveds_defaults() {
    let text = "virtual_server 192.0.2.1 80 {\nlvs_sched wrr\nlvs_method DR\nprotocol tcp\n\
                real_server 10.0.0.1 80 {\n}\n}\n";
    let server = only(text);
    assert_eq!(server.name, "[192.0.2.1]:tcp:80");
    assert_eq!(server.group, None);
    assert_eq!(server.keys, [ServiceKey::tcp(v4(192, 0, 2, 1), 80)]);
    assert_eq!(
        (server.scheduler, server.flags),
        (Scheduler::Wrr, Flags::NONE)
    );
    assert_eq!((server.persistence, server.sorry_server), (None, None));
    assert_eq!((server.quorum, server.hysteresis), (1, 0));
    assert!(!server.alpha && !server.omega && !server.ha_suspend);
    let real = &server.real_servers[0];
    assert_eq!((real.weight, real.upper, real.lower), (1, 0, 0));
    assert!(!real.inhibit_on_failure && real.checkers.is_empty());
    let key = DestinationKey::new(v4(10, 0, 0, 1), 80);
    assert_eq!(
        real.destination(&server.keys[0]),
        Destination::new(key, Forwarding::Route, 1)
    );
}

#[test]
fn a_length_behind_an_address_means_nothing() {
    for (front, address) in [
        ("192.0.2.1/24 80", "192.0.2.1"),
        ("2001:db8::5/64 80", "2001:db8::5"),
    ] {
        let real = if front.contains(':') {
            "2001:db8::7"
        } else {
            "10.0.0.1"
        };
        let text = with_front(front, "protocol TCP").replace("10.0.0.1", real);
        let loaded = load_text(&text);
        assert_eq!(places(&loaded), [("no-effect", 1, 16)]);
        let servers = &loaded.config.virtual_servers;
        assert_eq!(
            servers[0].keys,
            [ServiceKey::tcp(address.parse().unwrap(), 80)]
        );
    }
}

#[test]
fn every_scheduler_can_be_chosen() {
    for scheduler in Scheduler::ALL {
        let text = server("").replace("lb_algo rr", &format!("lb_algo {scheduler}"));
        assert_eq!(only(&text).scheduler, scheduler);
    }
}

#[test]
fn flags_are_those_of_the_kernel() {
    for (scheduler, keyword, flags) in [
        ("rr", "flag-1", Flags::SCHED_1),
        ("rr", "flag-2", Flags::SCHED_2),
        ("rr", "flag-3", Flags::SCHED_3),
        ("sh", "sh-fallback", Flags::SCHED_1),
        ("sh", "sh-port", Flags::SCHED_2),
        ("mh", "mh-fallback", Flags::SCHED_1),
        ("mh", "mh-port", Flags::SCHED_2),
    ] {
        let text = server(keyword).replace("lb_algo rr", &format!("lb_algo {scheduler}"));
        assert_eq!(only(&text).flags, flags, "{keyword}");
    }
    let text = with_front("192.0.2.1 53", "protocol UDP\nops");
    assert_eq!(only(&text).flags, Flags::ONE_PACKET);
}

#[test]
fn methods_and_tunnels_are_told_apart() {
    let gue = |checksum| Tunnel::Gue {
        port: 6080,
        checksum,
    };
    for (method, forwarding) in [
        ("NAT", Forwarding::Masquerade),
        ("DR", Forwarding::Route),
        ("TUN", Forwarding::Tunnel(Tunnel::Ipip)),
        ("TUN type ipip nocsum", Forwarding::Tunnel(Tunnel::Ipip)),
        (
            "TUN type gue port 6080",
            Forwarding::Tunnel(gue(TunnelChecksum::None)),
        ),
        (
            "TUN type gue port 6080 csum",
            Forwarding::Tunnel(gue(TunnelChecksum::Outer)),
        ),
        (
            "TUN type gue port 6080 remcsum",
            Forwarding::Tunnel(gue(TunnelChecksum::Remote)),
        ),
        (
            "TUN type gre csum",
            Forwarding::Tunnel(Tunnel::Gre {
                checksum: TunnelChecksum::Outer,
            }),
        ),
    ] {
        let text = server("").replace("lb_kind NAT", &format!("lb_kind {method}"));
        let text = text.replace("8080", "80");
        let server = only(&text);
        assert_eq!(server.real_servers[0].forwarding, forwarding, "{method}");
        let text = text.replace("{\n}", &format!("{{\nlvs_method {method}\n}}"));
        let text = text.replacen(&format!("lb_kind {method}"), "lb_kind NAT", 1);
        assert_eq!(only(&text).real_servers[0].forwarding, forwarding);
    }
}

#[test]
fn protocols_are_named_in_either_case() {
    for (name, protocol) in [
        ("TCP", Protocol::TCP),
        ("udp", Protocol::UDP),
        ("Sctp", Protocol::SCTP),
    ] {
        let text = with_front("192.0.2.1 80", &format!("protocol {name}"));
        let ServiceKey::Address { protocol: own, .. } = only(&text).keys[0] else {
            panic!("an address");
        };
        assert_eq!(own, protocol);
    }
}

#[test]
fn persistence_has_a_timeout_a_granularity_and_an_engine() {
    let persistence = |body: &str| {
        only(&server(body))
            .persistence
            .map(|p| (p.timeout, p.granularity))
    };
    let single = Granularity::single(Family::V4);
    let mask = Granularity::V4(Ipv4Addr::new(255, 255, 0, 255));
    assert_eq!(persistence("persistence_timeout"), Some((360, single)));
    assert_eq!(persistence("persistence_timeout 7"), Some((7, single)));
    assert_eq!(
        persistence("persistence_granularity 255.255.0.255"),
        Some((360, mask))
    );
    let v6 = with_front(
        "2001:db8::1 80",
        "protocol TCP\npersistence_granularity 64\npersistence_engine sip",
    );
    let v6 = only(&v6.replace("10.0.0.1", "2001:db8::2"));
    assert_eq!(v6.name, "[2001:db8::1]:tcp:80");
    let expected = Persistence {
        timeout: 360,
        granularity: Granularity::V6(64),
    };
    let service = v6.services().next().unwrap();
    assert_eq!(service.persistence, Some(expected));
    assert_eq!(service.engine, Some("sip".parse().unwrap()));
    assert_eq!(only(&server("persistence_engine sip")).engine, None);
}

#[test]
fn a_mark_takes_the_family_of_its_real_servers_unless_they_are_tunnels() {
    for (body, address, family) in [
        ("", "10.0.0.1", Family::V4),
        ("", "2001:db8::1", Family::V6),
        ("lvs_method TUN", "2001:db8::1", Family::V6),
        ("lvs_method TUN\nip_family inet", "2001:db8::1", Family::V4),
        ("lvs_method TUN\nip_family inet6", "10.0.0.1", Family::V6),
        (
            "lvs_method TUN\npersistence_granularity 64",
            "10.0.0.1",
            Family::V6,
        ),
    ] {
        let text = with_front("fwmark 7", body).replace(" 8080", "");
        let text = if body.is_empty() {
            text
        } else {
            text.replace("lb_kind NAT\n", "")
        };
        let server = only(&text.replace("10.0.0.1", address));
        assert_eq!(server.keys, [mark(7, family)], "{body} {address}");
        assert_eq!(server.name, "FWM 7");
    }
}

#[test]
fn groups_have_addresses_ranges_prefixes_and_marks() {
    let keys = |line: &str| {
        let text = format!("virtual_server_group G {{\n{line}\n}}\n");
        let real = if line.contains(':') {
            "2001:db8::1"
        } else {
            "10.0.0.1"
        };
        let body = if line.starts_with("fwmark") {
            ""
        } else {
            "protocol TCP"
        };
        let server = only(&(text + &with_front("group G", body)).replace("10.0.0.1", real));
        assert_eq!(server.group.as_deref(), Some("G"));
        server
            .keys
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(keys("192.0.2.1 80"), ["TCP 192.0.2.1:80"]);
    assert_eq!(
        keys("192.0.2.254-192.0.3.1 80"),
        [
            "TCP 192.0.2.254:80",
            "TCP 192.0.2.255:80",
            "TCP 192.0.3.0:80",
            "TCP 192.0.3.1:80"
        ]
    );
    assert_eq!(
        keys("192.0.2.9-10 80"),
        ["TCP 192.0.2.9:80", "TCP 192.0.2.10:80"]
    );
    assert_eq!(
        keys("192.0.2.8/31 80\n192.0.2.1 443"),
        ["TCP 192.0.2.8:80", "TCP 192.0.2.9:80", "TCP 192.0.2.1:443"]
    );
    assert_eq!(
        keys("2001:db8::9-a 80"),
        ["TCP [2001:db8::9]:80", "TCP [2001:db8::a]:80"]
    );
    assert_eq!(keys("2001:db8::/127 80").len(), 2);
    assert_eq!(keys("fwmark 3\nfwmark 4"), ["FWM 3", "FWM 4"]);
}

#[test]
fn a_group_of_both_families_goes_with_tunnels() {
    let text = "virtual_server group G {\nlb_algo rr\nlb_kind TUN\nprotocol TCP\n\
                persistence_granularity 255.255.255.0\n\
                real_server 10.0.0.1 {\n}\nreal_server 2001:db8::1 {\n}\n}\n\
                virtual_server_group G {\n192.0.2.1 80\n2001:db8::1 443\nfwmark 3 inet6\n}\n";
    let server = only(text);
    let services: Vec<_> = server.services().collect();
    assert_eq!(services[2].key, mark(3, Family::V6));
    let granularity = |index: usize| services[index].persistence.unwrap().granularity;
    assert_eq!(
        granularity(0),
        Granularity::V4(Ipv4Addr::new(255, 255, 255, 0))
    );
    assert_eq!(granularity(1), Granularity::V6(128));
    let ports: Vec<_> = server
        .keys
        .iter()
        .map(|key| server.real_servers[1].destination(key).key.port)
        .collect();
    assert_eq!(ports, [80, 443, 0]);
}

#[test]
fn only_nat_has_ports_of_its_own() {
    for (method, port, expected) in [
        ("NAT", " 8080", 8080),
        ("NAT", "", 80),
        ("NAT", " 0", 80),
        ("DR", " 80", 80),
        ("DR", "", 80),
    ] {
        let text = server("").replace("NAT", method).replace(" 8080", port);
        assert_eq!(
            only(&text).real_servers[0].key.port,
            expected,
            "{method}{port}"
        );
    }
    let text = with_front("fwmark 1", "");
    assert_eq!(only(&text).real_servers[0].key.port, 8080);
}

#[test]
fn quorum_sorry_server_and_scripts_are_kept() {
    let server = only(&server(
        "weight 9\nquorum 4\nhysteresis 2\nquorum_up \"/bin/up 'a b'\" nobody nogroup\n\
         quorum_down /bin/down nobody:nogroup\nsorry_server 10.0.0.9\n\
         sorry_server_lvs_method DR\nsorry_server_inhibit\nomega\nalpha\nha_suspend\n\
         inhibit_on_failure",
    ));
    assert_eq!((server.quorum, server.hysteresis), (4, 2));
    assert_eq!(server.total_weight(), 9);
    let up = server.quorum_up.as_ref().unwrap();
    assert_eq!(up.command, ["/bin/up", "a b"]);
    assert_eq!(
        (up.user.as_deref(), up.group.as_deref()),
        (Some("nobody"), Some("nogroup"))
    );
    let down = server.quorum_down.as_ref().unwrap();
    assert_eq!(
        (down.user.as_deref(), down.group.as_deref()),
        (Some("nobody"), Some("nogroup"))
    );
    let sorry = server.sorry_server.unwrap();
    assert!(sorry.inhibit && server.omega && server.alpha && server.ha_suspend);
    let key = DestinationKey::new(v4(10, 0, 0, 9), 80);
    assert_eq!(
        sorry.destination(&server.keys[0]),
        Destination::new(key, Forwarding::Route, 1)
    );
    assert!(server.real_servers[0].inhibit_on_failure);
}

#[test]
fn settings_of_real_servers_are_kept() {
    let text = server("inhibit_on_failure").replace(
        "{\n}",
        "{\nweight 0\nuthreshold 10\nlthreshold 5\ninhibit_on_failure off\n\
         notify_up /bin/up\nnotify_down /bin/down\n}\nreal_server 10.0.0.2 {\n}",
    );
    let real = &only(&text).real_servers[0];
    assert_eq!((real.weight, real.upper, real.lower), (0, 10, 5));
    assert!(!real.inhibit_on_failure);
    assert_eq!(real.notify_up.as_ref().unwrap().command, ["/bin/up"]);
    assert_eq!(real.notify_down.as_ref().unwrap().command, ["/bin/down"]);
}

#[test]
fn files_to_track_may_come_after_those_who_track_them() {
    let text = server("").replace(
        "{\n}",
        "{\nFILE_CHECK {\ntrack_file a\n}\nFILE_CHECK {\ntrack_file a\nweight 3 reverse\n}\n}",
    );
    let text = format!("{text}track_file a {{\nfile /x\nweight 7\ninit_file 5\n}}\n");
    let config = config(&text);
    let file = &config.track_files[0];
    let init = InitFile {
        value: 5,
        overwrite: false,
    };
    assert_eq!((&file.path, file.init), (&PathBuf::from("/x"), Some(init)));
    let checkers = &config.virtual_servers[0].real_servers[0].checkers;
    let weights: Vec<_> = checkers
        .iter()
        .map(|checker| match &checker.check {
            Check::File(file) => file.weight,
            Check::Probe { .. } => panic!("FILE_CHECK"),
        })
        .collect();
    assert_eq!(weights, [7, -3]);
}

#[test]
fn failures_are_logged_where_it_is_said() {
    let global = "global_defs {\nchecker_log_all_failures\n}\n";
    for (global, inner, logs) in [
        ("", "", false),
        (global, "", true),
        (global, "log_all_failures off\n", false),
        ("", "log_all_failures\n", true),
    ] {
        let text = server("").replace("{\n}", &format!("{{\nTCP_CHECK {{\n{inner}}}\n}}"));
        let server = only(&format!("{global}{text}"));
        assert_eq!(server.real_servers[0].checkers[0].log_all_failures, logs);
    }
}

#[test]
fn globals_of_load_balancing_are_kept() {
    let vrrp = super::instance("");
    let text = format!(
        "global_defs {{\nlvs_sync_daemon eth0 inst A maxlen 1400 port 9 ttl 8 group ff02::8\n\
         lvs_timeouts tcp 5 udp 7\nlvs_flush\nlvs_flush_on_stop\n}}\n{vrrp}"
    );
    let balancing = config(&text).balancing;
    let daemon = balancing.sync.unwrap().daemon(SyncRole::Backup);
    assert_eq!((daemon.interface.as_str(), daemon.id), ("eth0", 5));
    assert_eq!(
        (daemon.max_length, daemon.port, daemon.ttl),
        (Some(1400), Some(9), Some(8))
    );
    assert_eq!(daemon.group, "ff02::8".parse().ok());
    let expected = Timeouts {
        tcp: 5,
        tcp_fin: 0,
        udp: 7,
    };
    assert_eq!(balancing.timeouts, Some(expected));
    assert!(balancing.flush);
    assert_eq!(balancing.flush_on_stop, FlushOnStop::Table);
    for (argument, instance, id) in [
        ("eth0", None, 0),
        ("eth0 A", Some("A"), 5),
        ("eth0 A id 9", Some("A"), 9),
        ("eth0 id 9 inst A", Some("A"), 9),
    ] {
        let text = format!("global_defs {{\nlvs_sync_daemon {argument}\n}}\n{vrrp}");
        let sync = config(&text).balancing.sync.unwrap();
        assert_eq!((sync.instance.as_deref(), sync.id), (instance, id));
    }
}

#[test]
fn the_password_of_a_key_is_not_shown() {
    let tls = config("SSL {\npassword pw\nca /a\ncertificate /b\nkey /c\n}\n")
        .balancing
        .tls;
    assert_eq!(tls.password.as_ref().unwrap().reveal(), "pw");
    assert_eq!((tls.ca, tls.key), (Some("/a".into()), Some("/c".into())));
    assert_eq!(format!("{:?}", tls.password), "Some(Secret(..))");
}
