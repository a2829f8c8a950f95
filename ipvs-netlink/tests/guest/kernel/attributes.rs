//! Tests of every attribute: written by us and read by others, and the other way round.

use core::num::NonZeroU32;
use core::time::Duration;
use std::thread;

use ipvs_core::destination::{Tunnel, TunnelChecksum};
use ipvs_core::record::Totals;
use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{
    Destination, Family, Forwarding, KernelProfile, Name, Protocol, Scheduler, Service, ServiceKey,
    Timeouts,
};
use ipvs_netlink::{Client, Version};

use super::host::{client, ip, proc_table, real, restore, rules, run, service, tcp};

fn persistent(mut service: Service, timeout: u32, granularity: Granularity) -> Service {
    service.persistence = Some(Persistence {
        timeout,
        granularity,
    });
    service
}

fn mark(mark: u32, family: Family) -> ServiceKey {
    ServiceKey::Mark {
        mark: NonZeroU32::new(mark).unwrap(),
        family,
    }
}

/// Services of every kind, and the rules ipvsadm has for them.
fn services() -> Vec<(Service, &'static str)> {
    let v6 = ServiceKey::tcp(ip("2001:db8::1"), 443);
    let sctp = ServiceKey::Address {
        protocol: Protocol::SCTP,
        address: ip("192.0.2.2"),
        port: 9,
    };
    let mut hashed = Service::new(tcp(81), Scheduler::Sh);
    hashed.flags = Flags::SCHED_1.with(Flags::SCHED_2);
    let mut maglev = Service::new(tcp(82), Scheduler::Mh);
    maglev.flags = Flags::SCHED_1;
    let mut dns = Service::new(ServiceKey::udp(ip("192.0.2.1"), 53), Scheduler::Rr);
    dns.flags = Flags::ONE_PACKET;
    let mut sip = persistent(
        Service::new(ServiceKey::udp(ip("192.0.2.1"), 5060), Scheduler::Wlc),
        60,
        Granularity::V4([255, 255, 255, 255].into()),
    );
    sip.engine = Some(Name::new("sip").unwrap());
    // Not persistent, which the kernel minds as little as ipvsadm does.
    let mut idle = Service::new(ServiceKey::udp(ip("192.0.2.1"), 5061), Scheduler::Rr);
    (idle.engine, idle.flags) = (sip.engine, Flags::ONE_PACKET);
    let network = Granularity::V4([255, 255, 255, 0].into());
    let every_port = persistent(Service::new(tcp(0), Scheduler::Lc), 300, network);
    let prefix = persistent(Service::new(v6, Scheduler::Wrr), 7, Granularity::V6(64));
    let marked = Service::new(mark(7, Family::V4), Scheduler::Nq);
    let marked_v6 = Service::new(mark(7, Family::V6), Scheduler::Sed);
    vec![
        (service(80), "-A -t 192.0.2.1:80 -s rr"),
        (hashed, "-A -t 192.0.2.1:81 -s sh -b sh-fallback,sh-port"),
        (maglev, "-A -t 192.0.2.1:82 -s mh -b mh-fallback"),
        (dns, "-A -u 192.0.2.1:53 -s rr -o"),
        (sip, "-A -u 192.0.2.1:5060 -s wlc -p 60 --pe sip"),
        (idle, "-A -u 192.0.2.1:5061 -s rr --pe sip -o"),
        (
            every_port,
            "-A -t 192.0.2.1:0 -s lc -p 300 -M 255.255.255.0",
        ),
        (prefix, "-A -t [2001:db8::1]:443 -s wrr -p 7 -M 64"),
        (
            Service::new(sctp, Scheduler::Dh),
            "-A --sctp-service 192.0.2.2:9 -s dh",
        ),
        (marked, "-A -f 7 -s nq"),
        (marked_v6, "-A -f 7 -6 -s sed"),
    ]
}

fn sorted<'a>(rules: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut rules: Vec<_> = rules.into_iter().map(str::to_owned).collect();
    rules.sort();
    rules
}

fn listed(client: &mut Client) -> Vec<Service> {
    let records = client.services().unwrap();
    let mut services: Vec<_> = records.iter().map(|record| record.service).collect();
    services.sort_by_key(|service| service.key);
    services
}

#[test]
#[ignore = "needs ip_vs"]
fn services_we_add_are_those_ipvsadm_reads() {
    let mut client = client();
    for (service, _) in services() {
        client.add_service(&service).unwrap();
        assert_eq!(client.service(&service.key).unwrap().service, service);
    }
    assert_eq!(rules(), sorted(services().iter().map(|(_, rule)| *rule)));
}

#[test]
#[ignore = "needs ip_vs"]
fn services_ipvsadm_adds_are_those_we_read() {
    let mut client = client();
    let text: Vec<_> = services().iter().map(|(_, rule)| *rule).collect();
    restore(&(text.join("\n") + "\n"));
    let mut expected: Vec<_> = services().into_iter().map(|(service, _)| service).collect();
    expected.sort_by_key(|service| service.key);
    assert_eq!(listed(&mut client), expected);
}

#[test]
#[ignore = "needs ip_vs"]
fn an_edit_replaces_everything_but_the_key() {
    let mut client = client();
    let (persistent, _) = services()[6];
    client.add_service(&persistent).unwrap();
    let mut edited = Service::new(persistent.key, Scheduler::Sh);
    edited.flags = Flags::SCHED_2;
    client.edit_service(&edited).unwrap();
    assert_eq!(client.service(&edited.key).unwrap().service, edited);
    client.edit_service(&persistent).unwrap();
    assert_eq!(client.service(&edited.key).unwrap().service, persistent);
}

fn tunnelled(address: &str, tunnel: Tunnel) -> Destination {
    Destination {
        forwarding: Forwarding::Tunnel(tunnel),
        ..real(address, 80)
    }
}

/// Destinations of every kind, and the rules ipvsadm has for them.
fn destinations() -> Vec<(Destination, &'static str)> {
    let gue = |checksum| Tunnel::Gue {
        port: 6080,
        checksum,
    };
    let mut thresholds = real("10.0.0.2", 8080);
    (thresholds.weight, thresholds.upper, thresholds.lower) = (i32::MAX.cast_unsigned(), 9, 4);
    let mut quiet = real("10.0.0.3", 80);
    (quiet.forwarding, quiet.weight) = (Forwarding::Route, 0);
    let gre = |checksum| Tunnel::Gre { checksum };
    vec![
        (real("10.0.0.1", 80), "-r 10.0.0.1:80 -m -w 1"),
        (thresholds, "-r 10.0.0.2:8080 -m -w 2147483647"),
        (quiet, "-r 10.0.0.3:80 -g -w 0"),
        (
            tunnelled("10.0.0.4", Tunnel::Ipip),
            "-r 10.0.0.4:80 -i -w 1 --tun-type ipip",
        ),
        (
            tunnelled("10.0.0.5", gue(TunnelChecksum::None)),
            "-r 10.0.0.5:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum",
        ),
        (
            tunnelled("10.0.0.6", gue(TunnelChecksum::Outer)),
            "-r 10.0.0.6:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum",
        ),
        (
            tunnelled("10.0.0.7", gue(TunnelChecksum::Remote)),
            "-r 10.0.0.7:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum",
        ),
        (
            tunnelled("10.0.0.8", gre(TunnelChecksum::None)),
            "-r 10.0.0.8:80 -i -w 1 --tun-type gre --tun-nocsum",
        ),
        (
            tunnelled("10.0.0.9", gre(TunnelChecksum::Outer)),
            "-r 10.0.0.9:80 -i -w 1 --tun-type gre --tun-csum",
        ),
        (
            tunnelled("2001:db8::a", Tunnel::Ipip),
            "-r [2001:db8::a]:80 -i -w 1 --tun-type ipip",
        ),
    ]
}

/// The kernel has [`destinations`], the one added last first.
fn assert_lists_destinations(client: &mut Client) {
    let listed = client.destinations(&tcp(80)).unwrap();
    let listed: Vec<_> = listed.iter().map(|record| record.destination).collect();
    let added = destinations().into_iter().rev();
    let added: Vec<_> = added.map(|(destination, _)| destination).collect();
    assert_eq!(listed, added);
}

#[test]
#[ignore = "needs ip_vs"]
fn destinations_we_add_are_those_ipvsadm_reads() {
    let mut client = client();
    let key = tcp(80);
    client.add_service(&service(80)).unwrap();
    for (destination, _) in destinations() {
        client.add_destination(&key, &destination).unwrap();
    }
    let mut expected = vec!["-A -t 192.0.2.1:80 -s rr".to_owned()];
    let rules_of = destinations().into_iter().map(|(_, rule)| rule);
    expected.extend(rules_of.map(|rule| format!("-a -t 192.0.2.1:80 {rule}")));
    expected.sort();
    assert_eq!(rules(), expected);
    assert_lists_destinations(&mut client);
}

#[test]
#[ignore = "needs ip_vs"]
fn thresholds_we_set_are_those_ipvsadm_reads() {
    let mut client = client();
    client.add_service(&service(80)).unwrap();
    let (thresholds, _) = destinations()[1];
    client.add_destination(&tcp(80), &thresholds).unwrap();
    let listed = run("ipvsadm", &["-L", "-n", "--thresholds"]);
    let line = listed.lines().last().unwrap();
    let columns: Vec<_> = line.split_whitespace().collect();
    assert_eq!(columns[..4], ["->", "10.0.0.2:8080", "9", "4"], "{listed}");
}

#[test]
#[ignore = "needs ip_vs"]
fn destinations_ipvsadm_adds_are_those_we_read() {
    let mut client = client();
    let mut text = "-A -t 192.0.2.1:80 -s rr\n".to_owned();
    for (destination, rule) in destinations() {
        // It saves no thresholds, but reads them.
        let rule = match destination.upper {
            0 => rule.to_owned(),
            upper => format!("{rule} -x {upper} -y {}", destination.lower),
        };
        text += &format!("-a -t 192.0.2.1:80 {rule}\n");
    }
    restore(&text);
    assert_lists_destinations(&mut client);
}

#[test]
#[ignore = "needs ip_vs"]
fn an_edited_destination_keeps_its_place() {
    let mut client = client();
    let key = tcp(80);
    client.add_service(&service(80)).unwrap();
    let mut first = tunnelled(
        "10.0.0.1",
        Tunnel::Gue {
            port: 6080,
            checksum: TunnelChecksum::Outer,
        },
    );
    client.add_destination(&key, &first).unwrap();
    client.add_destination(&key, &real("10.0.0.2", 80)).unwrap();
    first.forwarding = Forwarding::Tunnel(Tunnel::Ipip);
    (first.weight, first.upper) = (3, 5);
    client.edit_destination(&key, &first).unwrap();
    let listed = client.destinations(&key).unwrap();
    assert_eq!(listed[1].destination, first);
    client.delete_destination(&key, &first.key).unwrap();
    assert_eq!(client.destinations(&key).unwrap().len(), 1);
    client.delete_service(&key).unwrap();
    assert_eq!(rules(), [""; 0]);
}

#[test]
#[ignore = "needs ip_vs"]
fn destinations_of_ipv6_services_and_of_marks_are_read_back() {
    let mut client = client();
    let v6 = ServiceKey::tcp(ip("2001:db8::1"), 80);
    let marked = mark(9, Family::V6);
    for key in [v6, marked] {
        client
            .add_service(&Service::new(key, Scheduler::Rr))
            .unwrap();
        let destinations = [real("2001:db8::2", 80), tunnelled("10.0.0.1", Tunnel::Ipip)];
        for destination in &destinations {
            client.add_destination(&key, destination).unwrap();
        }
        let listed = client.destinations(&key).unwrap();
        assert_eq!(listed[1].destination, destinations[0]);
        assert_eq!(listed[0].destination, destinations[1]);
    }
}

#[test]
#[ignore = "needs ip_vs"]
fn the_kernels_own_listing_has_what_we_added() {
    let mut client = client();
    client.add_service(&service(80)).unwrap();
    let destination = Destination {
        weight: 5,
        ..real("10.0.0.1", 8080)
    };
    client.add_destination(&tcp(80), &destination).unwrap();
    let table = proc_table();
    assert!(table.contains("TCP  C0000201:0050 rr"), "{table}");
    assert!(table.contains("0A000001:1F90      Masq    5"), "{table}");
}

#[test]
#[ignore = "needs ip_vs"]
fn statistics_count_what_passes_and_are_zeroed() {
    let mut client = client();
    run("ip", &["addr", "add", "192.0.2.1/32", "dev", "lo"]);
    let key = ServiceKey::udp(ip("192.0.2.1"), 53);
    let mut service = Service::new(key, Scheduler::Rr);
    service.flags = Flags::ONE_PACKET;
    client.add_service(&service).unwrap();
    client
        .add_destination(&key, &real("127.0.0.1", 53))
        .unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..3 {
        socket.send_to(b"0123456789", "192.0.2.1:53").unwrap();
    }
    let totals = counted(&mut client, &key);
    assert_eq!((totals.connections, totals.packets_in), (3, 3));
    assert_eq!(totals.octets_in, 3 * (20 + 8 + 10));
    let of_destination = client.destinations(&key).unwrap()[0].statistics.totals;
    assert_eq!(of_destination.octets_in, totals.octets_in);
    client.zero(Some(&key)).unwrap();
    let totals = client.service(&key).unwrap().statistics.totals;
    assert_eq!((totals.connections, totals.octets_in), (0, 0));
    socket.send_to(b"again", "192.0.2.1:53").unwrap();
    assert_eq!(counted(&mut client, &key).packets_in, 1);
    client.zero(None).unwrap();
    let totals = client.service(&key).unwrap().statistics.totals;
    assert_eq!(totals.packets_in, 0);
}

/// The totals once they are not zero: the kernel adds up every 2 s.
fn counted(client: &mut Client, key: &ServiceKey) -> Totals {
    for _ in 0..300 {
        let totals = client.service(key).unwrap().statistics.totals;
        if totals.packets_in > 0 {
            return totals;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("nothing is counted for {key}");
}

#[test]
#[ignore = "needs ip_vs"]
fn connections_are_counted_by_destination() {
    let mut client = client();
    run("ip", &["addr", "add", "192.0.2.1/32", "dev", "lo"]);
    let key = ServiceKey::udp(ip("192.0.2.1"), 53);
    let service = persistent(
        Service::new(key, Scheduler::Rr),
        60,
        Granularity::V4([255; 4].into()),
    );
    client.add_service(&service).unwrap();
    client
        .add_destination(&key, &real("127.0.0.1", 53))
        .unwrap();
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.send_to(b"x", "192.0.2.1:53").unwrap();
    let activity = client.destinations(&key).unwrap()[0].activity;
    assert_eq!(
        (activity.active, activity.inactive, activity.persistent),
        (0, 1, 1)
    );
}

#[test]
#[ignore = "needs ip_vs"]
fn timeouts_are_set_apart_and_read_by_ipvsadm() {
    let mut client = client();
    assert_eq!(client.timeouts().unwrap(), Timeouts::default());
    let timeouts = Timeouts {
        tcp: 111,
        tcp_fin: 0,
        udp: 33,
    };
    client.set_timeouts(&timeouts).unwrap();
    assert_eq!(
        run("ipvsadm", &["-L", "--timeout"]),
        "Timeout (tcp tcpfin udp): 111 120 33\n"
    );
    run("ipvsadm", &["--set", "1", "2", "3"]);
    let timeouts = Timeouts {
        tcp: 1,
        tcp_fin: 2,
        udp: 3,
    };
    assert_eq!(client.timeouts().unwrap(), timeouts);
}

#[test]
#[ignore = "needs ip_vs"]
fn information_is_that_of_the_listing() {
    let mut client = client();
    let info = client.info().unwrap();
    assert_eq!(info.version, Version(0x0001_0201));
    let head = format!(
        "IP Virtual Server version 1.2.1 (size={})",
        info.connection_table_size
    );
    assert!(proc_table().starts_with(&head), "{}", proc_table());
}

#[test]
#[ignore = "needs ip_vs"]
fn a_flush_leaves_nothing() {
    let mut client = client();
    for (service, _) in services() {
        client.add_service(&service).unwrap();
    }
    client.flush().unwrap();
    assert_eq!(client.services().unwrap(), []);
}

#[test]
#[ignore = "needs ip_vs"]
fn the_profile_follows_the_kernels_version_and_leaves_no_trace() {
    let mut client = client();
    // Somebody has the marks already.
    let taken = Service::new(mark(0x7eda_5c3b, Family::V4), Scheduler::Wlc);
    client.add_service(&taken).unwrap();
    client
        .add_destination(&taken.key, &real("10.0.0.1", 0))
        .unwrap();
    let before = rules();
    let expected = if run("uname", &["-r"]).starts_with("6.1.0-50-") {
        KernelProfile::Legacy
    } else {
        KernelProfile::TotalConnections
    };
    assert_eq!(client.profile().unwrap(), expected);
    assert_eq!(client.profile().unwrap(), expected);
    assert_eq!(rules(), before);
}
