//! Tests of the director with literal scenarios.

mod persistence;
mod properties;
mod states;

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::num::NonZeroU32;
use core::time::Duration;

use super::*;
use crate::record::Activity;
use crate::service::{Flags, Granularity, Persistence};
use crate::{
    Destination, DestinationKey, Family, Flow, Forwarding, KernelProfile, Protocol, Scheduler,
    Service, ServiceKey,
};

pub(super) const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1));
pub(super) const WEB: ServiceKey = ServiceKey::tcp(VIP, 80);

pub(super) fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn key(number: u8) -> DestinationKey {
    DestinationKey::new(Ipv4Addr::new(10, 3, 0, number).into(), 80)
}

pub(super) fn destination(number: u8, weight: u32) -> Destination {
    Destination::new(key(number), Forwarding::Masquerade, weight)
}

fn persistent(timeout: u32) -> Option<Persistence> {
    Some(Persistence {
        timeout,
        granularity: Granularity::V4(Ipv4Addr::new(255, 255, 255, 0)),
    })
}

/// A packet of TCP from port `port` of client 10.2.`net`.`host`, to the virtual port `target`.
pub(super) fn packet((net, host, port): (u8, u8, u16), target: u16, segment: Segment) -> Packet {
    Packet {
        flow: Flow {
            protocol: Protocol::TCP,
            client: SocketAddr::new(Ipv4Addr::new(10, 2, net, host).into(), port),
            target: SocketAddr::new(VIP, target),
        },
        mark: 0,
        segment,
    }
}

/// A director with `service` and destinations 1, 2, … of weight 1, added in this order.
fn director(service: &Service, settings: Settings, destinations: u8) -> Director {
    let mut director = Director::new(KernelProfile::TotalConnections, settings);
    director.add_service(service).unwrap();
    for number in 1..=destinations {
        director
            .add(at(0), &service.key, &destination(number, 1))
            .unwrap();
    }
    director
}

fn web(scheduler: Scheduler) -> Service {
    Service::new(WEB, scheduler)
}

fn send(director: &mut Director, seconds: u64, packet: &Packet) -> Verdict {
    director.receive(at(seconds), packet, [0; 2])
}

fn connect(director: &mut Director, seconds: u64, client: (u8, u8, u16)) -> Verdict {
    send(director, seconds, &packet(client, 80, Segment::Syn))
}

fn forward(number: u8, because: Because) -> Verdict {
    Verdict::Forward {
        service: WEB,
        destination: key(number),
        because,
    }
}

/// Active, inactive and persistent of destination `number`.
fn counts(director: &Director, number: u8) -> (u32, u32, u32) {
    let table = director.service(&WEB).unwrap().table();
    let Activity {
        active,
        inactive,
        persistent,
    } = table.activity(table.position(&key(number)).unwrap());
    (active, inactive, persistent)
}

#[test]
fn a_connection_is_active_until_both_sides_closed_and_gone_two_minutes_later() {
    let mut director = director(&web(Scheduler::Rr), Settings::default(), 1);
    let client = (0, 1, 1000);
    assert_eq!(
        connect(&mut director, 0, client),
        forward(1, Because::Scheduler)
    );
    assert_eq!(counts(&director, 1), (1, 0, 0));
    let flow = packet(client, 80, Segment::Ack).flow;
    assert!(director.answer(at(0), &flow, Segment::Syn));
    let ack = packet(client, 80, Segment::Ack);
    assert_eq!(
        send(&mut director, 0, &ack),
        forward(1, Because::Connection)
    );
    assert_eq!(director.deadline(), Some(at(900)));
    let fin = packet(client, 80, Segment::Fin);
    assert_eq!(
        send(&mut director, 10, &fin),
        forward(1, Because::Connection)
    );
    assert_eq!(counts(&director, 1), (0, 1, 0));
    assert!(director.answer(at(10), &flow, Segment::Fin));
    assert_eq!(director.deadline(), Some(at(130)));
    director.advance(at(129));
    assert_eq!(counts(&director, 1), (0, 1, 0));
    director.advance(at(130));
    assert_eq!(counts(&director, 1), (0, 0, 0));
    assert_eq!(director.deadline(), None);
}

#[test]
fn who_closes_first_waits_for_half_as_long_where_answers_pass_the_director() {
    for (forwarding, left) in [
        (Forwarding::Masquerade, (0, 0, 0)),
        (Forwarding::Route, (0, 1, 0)),
    ] {
        let mut director = director(&web(Scheduler::Rr), Settings::default(), 0);
        let destination = Destination::new(key(1), forwarding, 1);
        director.add(at(0), &WEB, &destination).unwrap();
        for segment in [Segment::Syn, Segment::Ack, Segment::Fin] {
            let verdict = send(&mut director, 0, &packet((0, 1, 1000), 80, segment));
            assert_eq!(verdict.destination(), Some(key(1)));
        }
        director.advance(at(59));
        assert_eq!(counts(&director, 1), (0, 1, 0), "{forwarding:?}");
        director.advance(at(60));
        assert_eq!(counts(&director, 1), left, "{forwarding:?}");
        director.advance(at(120));
        assert_eq!(counts(&director, 1), (0, 0, 0), "{forwarding:?}");
    }
}

#[test]
fn a_syn_again_goes_where_its_connection_is_whatever_the_weight() {
    let mut director = director(&web(Scheduler::Rr), Settings::default(), 2);
    let client = (0, 1, 1000);
    let first = connect(&mut director, 0, client);
    assert_eq!(first, forward(2, Because::Scheduler));
    director.edit(at(1), &WEB, &destination(2, 0)).unwrap();
    let again = connect(&mut director, 2, client);
    assert_eq!(again, forward(2, Because::Connection));
}

#[test]
fn only_other_ports_of_ftp_are_left_alone_without_destination() {
    let ftp = ServiceKey::tcp(VIP, 21);
    let service = Service {
        persistence: persistent(300),
        ..Service::new(ftp, Scheduler::Rr)
    };
    let mut director = director(&service, Settings::default(), 0);
    for (port, served) in [(21, true), (20, false)] {
        let verdict = send(&mut director, 0, &packet((0, 1, 1000), port, Segment::Syn));
        let expected = match verdict {
            Verdict::Unserved { service, .. } => served && service == ftp,
            Verdict::Ignored { service } => !served && service == ftp,
            Verdict::Forward { .. } | Verdict::NoService => false,
        };
        assert!(expected, "{port}: {verdict}");
    }
}

#[test]
fn connections_of_udp_are_inactive_for_five_minutes() {
    let key = ServiceKey::udp(VIP, 80);
    let mut director = director(&Service::new(key, Scheduler::Rr), Settings::default(), 1);
    let mut packet = packet((0, 1, 1000), 80, Segment::Other);
    packet.flow.protocol = Protocol::UDP;
    assert!(send(&mut director, 0, &packet).destination().is_some());
    let table = director.service(&key).unwrap().table();
    assert_eq!(
        (table.activity(0).active, table.activity(0).inactive),
        (0, 1)
    );
    assert_eq!(director.deadline(), Some(at(300)));
}

#[test]
fn one_packet_connections_leave_nothing_behind() {
    let key = ServiceKey::udp(VIP, 80);
    let service = Service {
        flags: Flags::ONE_PACKET,
        ..Service::new(key, Scheduler::Wlc)
    };
    let mut director = director(&service, Settings::default(), 2);
    let mut packet = packet((0, 1, 1000), 80, Segment::Other);
    packet.flow.protocol = Protocol::UDP;
    for _ in 0..3 {
        let verdict = send(&mut director, 0, &packet);
        assert_eq!(verdict.destination(), Some(self::key(2)));
    }
    assert_eq!(director.deadline(), None);
}

#[test]
fn a_mark_goes_before_an_address_and_an_address_before_ftp_and_port_0() {
    let mut director = Director::new(KernelProfile::default(), Settings::default());
    let mark = ServiceKey::Mark {
        mark: NonZeroU32::new(7).unwrap(),
        family: Family::V4,
    };
    let (web, ftp, rest) = (WEB, ServiceKey::tcp(VIP, 21), ServiceKey::tcp(VIP, 0));
    for key in [mark, web, ftp, rest] {
        let service = Service {
            persistence: persistent(300),
            ..Service::new(key, Scheduler::Rr)
        };
        director.add_service(&service).unwrap();
    }
    let mut taken = |port, mark| {
        let mut packet = packet((0, 1, 1000), port, Segment::Syn);
        packet.mark = mark;
        match send(&mut director, 0, &packet) {
            Verdict::Unserved { service, .. } | Verdict::Ignored { service } => service,
            other @ (Verdict::Forward { .. } | Verdict::NoService) => panic!("{other}"),
        }
    };
    assert_eq!(taken(80, 7), mark);
    assert_eq!(taken(80, 8), web);
    assert_eq!(taken(21, 0), ftp);
    assert_eq!(taken(20, 0), ftp);
    assert_eq!(taken(1024, 0), ftp);
    assert_eq!(taken(1023, 0), rest);
}

#[test]
fn packets_that_start_nothing_are_left_alone() {
    let mut director = director(&web(Scheduler::Rr), Settings::default(), 1);
    let ignored = Verdict::Ignored { service: WEB };
    for segment in [Segment::Ack, Segment::Fin, Segment::Reset, Segment::Other] {
        let packet = packet((0, 1, 1000), 80, segment);
        assert_eq!(send(&mut director, 0, &packet), ignored);
    }
    assert_eq!(connect(&mut director, 0, (0, 1, 20)), ignored);
    let other = packet((0, 1, 1000), 81, Segment::Syn);
    assert_eq!(send(&mut director, 0, &other), Verdict::NoService);
    director.set_settings(Settings {
        sloppy_tcp: true,
        ..Settings::default()
    });
    let reset = packet((0, 1, 1000), 80, Segment::Reset);
    assert_eq!(send(&mut director, 0, &reset), ignored);
    let ack = packet((0, 1, 1000), 80, Segment::Ack);
    assert_eq!(send(&mut director, 0, &ack), forward(1, Because::Scheduler));
}

#[test]
fn port_0_schedules_only_with_persistence() {
    let rest = ServiceKey::tcp(VIP, 0);
    let mut service = Service::new(rest, Scheduler::Rr);
    let mut director = director(&service, Settings::default(), 1);
    let packet = packet((0, 1, 1000), 81, Segment::Syn);
    assert_eq!(
        send(&mut director, 0, &packet),
        Verdict::Unserved {
            service: rest,
            because: Unserved::OtherPort
        }
    );
    service.persistence = persistent(300);
    director.edit_service(&service).unwrap();
    let verdict = send(&mut director, 0, &packet);
    assert_eq!(verdict.destination(), Some(key(1)));
}

#[test]
fn a_service_without_destination_for_a_client_says_so() {
    let mut director = director(&web(Scheduler::Rr), Settings::default(), 0);
    let verdict = connect(&mut director, 0, (0, 1, 1000));
    assert_eq!(
        alloc::string::ToString::to_string(&verdict),
        "nowhere: TCP 10.1.0.1:80 has no destination for it"
    );
}

#[test]
fn packets_to_a_removed_destination_are_dropped_until_it_returns() {
    let mut director = director(&web(Scheduler::Rr), Settings::default(), 2);
    let client = (0, 1, 1000);
    assert_eq!(
        connect(&mut director, 0, client),
        forward(2, Because::Scheduler)
    );
    director.remove(at(1), &WEB, &key(2)).unwrap();
    let ack = packet(client, 80, Segment::Ack);
    assert_eq!(
        send(&mut director, 1, &ack),
        Verdict::Unserved {
            service: WEB,
            because: Unserved::Removed(key(2))
        }
    );
    director.add(at(2), &WEB, &destination(2, 1)).unwrap();
    assert_eq!(counts(&director, 2), (1, 0, 0));
    assert_eq!(
        send(&mut director, 2, &ack),
        forward(2, Because::Connection)
    );
}

#[test]
fn a_connection_that_ends_in_the_trash_is_counted_there() {
    let mut director = director(&web(Scheduler::Rr), Settings::default(), 1);
    assert_eq!(
        connect(&mut director, 0, (0, 1, 1000)),
        forward(1, Because::Scheduler)
    );
    director.delete_service(at(1), &WEB).unwrap();
    director.add_service(&web(Scheduler::Rr)).unwrap();
    let mut soon = director.clone();
    soon.add(at(2), &WEB, &destination(1, 1)).unwrap();
    assert_eq!(counts(&soon, 1), (1, 0, 0));
    director.add(at(100), &WEB, &destination(1, 1)).unwrap();
    assert_eq!(counts(&director, 1), (0, 0, 0));
}

#[test]
fn where_the_kernel_is_set_to_connections_of_removed_destinations_start_anew() {
    let settings = Settings {
        expire_nodest_conn: true,
        ..Settings::default()
    };
    let mut director = director(&web(Scheduler::Rr), settings, 2);
    let client = (0, 1, 1000);
    assert_eq!(
        connect(&mut director, 0, client),
        forward(2, Because::Scheduler)
    );
    director.remove(at(1), &WEB, &key(2)).unwrap();
    let ack = packet(client, 80, Segment::Ack);
    assert_eq!(
        send(&mut director, 1, &ack),
        Verdict::Ignored { service: WEB }
    );
    assert_eq!(
        connect(&mut director, 1, client),
        forward(1, Because::Scheduler)
    );
    director.edit(at(2), &WEB, &destination(1, 0)).unwrap();
    director.add(at(2), &WEB, &destination(2, 1)).unwrap();
    assert_eq!(counts(&director, 2), (0, 0, 0));
    let anew = connect(&mut director, 2, client);
    assert_eq!(anew, forward(2, Because::Scheduler), "weight 0 and a SYN");
    assert_eq!(counts(&director, 1), (0, 0, 0));
}

#[test]
fn a_syn_starts_anew_what_is_closed_as_the_mode_says() {
    let cases = [
        (ReuseMode::Never, Segment::Reset, Because::Connection),
        (ReuseMode::Closed, Segment::Reset, Because::Scheduler),
        (ReuseMode::Closed, Segment::Fin, Because::Connection),
        (ReuseMode::Closing, Segment::Fin, Because::Scheduler),
        (ReuseMode::Closing, Segment::Ack, Because::Connection),
    ];
    for (conn_reuse_mode, last, because) in cases {
        let settings = Settings {
            conn_reuse_mode,
            ..Settings::default()
        };
        let mut director = director(&web(Scheduler::Rr), settings, 0);
        let routed = Destination {
            forwarding: Forwarding::Route,
            ..destination(1, 1)
        };
        director.add(at(0), &WEB, &routed).unwrap();
        let client = (0, 1, 1000);
        for segment in [Segment::Syn, Segment::Ack, last] {
            let verdict = send(&mut director, 0, &packet(client, 80, segment));
            assert_eq!(verdict.destination(), Some(key(1)));
        }
        let verdict = connect(&mut director, 1, client);
        assert_eq!(verdict, forward(1, because), "{conn_reuse_mode:?} {last:?}");
        assert_eq!(counts(&director, 1), (1, 0, 0));
    }
}

#[test]
fn only_a_syn_of_tcp_starts_anew() {
    let mut tcp = director(&web(Scheduler::Rr), Settings::default(), 1);
    let client = (0, 1, 1000);
    for segment in [
        Segment::Syn,
        Segment::Ack,
        Segment::Reset,
        Segment::Ack,
        Segment::Fin,
    ] {
        let verdict = send(&mut tcp, 0, &packet(client, 80, segment));
        assert_eq!(verdict.destination(), Some(key(1)), "{segment:?}");
    }
    assert_eq!(connect(&mut tcp, 0, client), forward(1, Because::Scheduler));

    let settings = Settings {
        expire_nodest_conn: true,
        ..Settings::default()
    };
    let service = ServiceKey::udp(VIP, 80);
    let mut udp = director(&Service::new(service, Scheduler::Rr), settings, 1);
    let mut datagram = packet(client, 80, Segment::Syn);
    datagram.flow.protocol = Protocol::UDP;
    assert!(send(&mut udp, 0, &datagram).destination().is_some());
    udp.edit(at(1), &service, &destination(1, 0)).unwrap();
    let verdict = send(&mut udp, 1, &datagram);
    assert_eq!(verdict.destination(), Some(key(1)));
}

#[test]
fn what_a_destination_carries_beside_can_be_told() {
    let mut director = director(&web(Scheduler::Lc), Settings::default(), 2);
    let busy = Activity {
        active: 3,
        inactive: 2,
        persistent: 1,
    };
    assert_eq!(director.set_activity(&WEB, &key(2), busy), Ok(()));
    assert_eq!(counts(&director, 2), (3, 2, 1));
    let verdict = connect(&mut director, 0, (0, 1, 1000));
    assert_eq!(verdict, forward(1, Because::Scheduler));
    assert_eq!(
        director.set_activity(&WEB, &key(9), busy),
        Err(DirectorError::Destination(
            crate::table::DestinationError::Missing
        ))
    );
}

#[test]
fn asking_a_clone_changes_nothing() {
    let mut director = director(&web(Scheduler::Rr), Settings::default(), 2);
    let packet = packet((0, 1, 1000), 80, Segment::Syn);
    for _ in 0..3 {
        let verdict = director.clone().schedule(at(0), &packet, [0; 2]);
        assert_eq!(verdict, forward(2, Because::Scheduler));
    }
    assert_eq!(
        director.schedule(at(0), &packet, [0; 2]),
        forward(2, Because::Scheduler)
    );
    assert_eq!(counts(&director, 2), (0, 1, 0));
}

#[test]
fn changes_to_what_is_not_there_are_refused() {
    let mut director = director(&web(Scheduler::Rr), Settings::default(), 1);
    assert_eq!(
        director.add_service(&web(Scheduler::Wlc)),
        Err(DirectorError::Exists)
    );
    let missing = ServiceKey::tcp(VIP, 81);
    assert_eq!(
        director.delete_service(at(0), &missing),
        Err(DirectorError::Missing)
    );
    assert_eq!(
        director.remove(at(0), &missing, &key(1)),
        Err(DirectorError::Missing)
    );
    assert_eq!(
        director.remove(at(0), &WEB, &key(9)),
        Err(DirectorError::Destination(
            crate::table::DestinationError::Missing
        ))
    );
}

#[test]
fn the_scheduler_still_counts_the_closed_connection_that_a_new_one_replaces() {
    let mut director = director(&web(Scheduler::Lc), Settings::default(), 2);
    let (first, second) = ((0, 1, 1000), (0, 2, 1000));
    for (client, number) in [(first, 2), (second, 1)] {
        let verdict = connect(&mut director, 0, client);
        assert_eq!(verdict, forward(number, Because::Scheduler));
    }
    for (client, number) in [(first, 2), (second, 1)] {
        let flagless = packet(client, 80, Segment::Other);
        let verdict = send(&mut director, 0, &flagless);
        assert_eq!(verdict, forward(number, Because::Connection));
    }
    // Without the old connection, destination 1 would have the fewest.
    let again = connect(&mut director, 0, second);
    assert_eq!(again, forward(2, Because::Scheduler));
    assert_eq!(counts(&director, 1), (0, 0, 0));
    assert_eq!(counts(&director, 2), (1, 1, 0));
}
