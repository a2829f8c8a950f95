//! Tests of persistence templates.

use super::{
    WEB, at, connect, counts, destination, director, forward, key, packet, persistent, send, web,
};
use crate::connection::{Because, Segment, Settings, TcpState};
use crate::record::Activity;
use crate::{Destination, Director, KernelProfile, Scheduler, Service};

/// A persistent service of two destinations; the first client of network 0 has destination 2.
fn persistent_director(settings: Settings) -> Director {
    let service = Service {
        persistence: persistent(300),
        ..web(Scheduler::Rr)
    };
    let mut director = director(&service, settings, 2);
    let first = connect(&mut director, 0, (0, 1, 1000));
    assert_eq!(first, forward(2, Because::Scheduler));
    assert_eq!(counts(&director, 2), (1, 0, 1));
    director
}

#[test]
fn clients_of_one_network_return_and_others_do_not() {
    let mut director = persistent_director(Settings::default());
    let again = connect(&mut director, 0, (0, 9, 1000));
    assert_eq!(again, forward(2, Because::Template));
    let other = connect(&mut director, 0, (1, 1, 1000));
    assert_eq!(other, forward(1, Because::Scheduler));
    let first = connect(&mut director, 0, (0, 8, 1000));
    assert_eq!(first, forward(2, Because::Template));
}

#[test]
fn clients_return_to_a_destination_of_weight_0_or_overload() {
    let mut director = persistent_director(Settings::default());
    let limited = Destination {
        upper: 1,
        ..destination(2, 0)
    };
    director.edit(at(1), &WEB, &limited).unwrap();
    let again = connect(&mut director, 1, (0, 2, 1000));
    assert_eq!(again, forward(2, Because::Template));
}

#[test]
fn expiring_quiescent_templates_sends_clients_elsewhere() {
    let settings = Settings {
        expire_quiescent_template: true,
        ..Settings::default()
    };
    let mut director = persistent_director(settings);
    director.edit(at(1), &WEB, &destination(2, 0)).unwrap();
    let again = connect(&mut director, 1, (0, 2, 1000));
    assert_eq!(again, forward(1, Because::Scheduler));
    director.edit(at(2), &WEB, &destination(2, 1)).unwrap();
    let again = connect(&mut director, 2, (0, 3, 1000));
    assert_eq!(again, forward(1, Because::Template));
    assert_eq!(counts(&director, 2), (1, 0, 1), "the old template lives on");
    let again = connect(&mut director, 250, (0, 4, 1000));
    assert_eq!(again, forward(1, Because::Template));
    let again = connect(&mut director, 400, (0, 5, 1000));
    assert_eq!(counts(&director, 2), (0, 0, 0), "the old one is gone");
    assert_eq!(again, forward(1, Because::Template));
}

#[test]
fn a_template_lives_as_long_as_its_connections_and_a_minute_at_a_time() {
    let mut director = persistent_director(Settings::default());
    let ack = packet((0, 1, 1000), 80, Segment::Ack);
    let established = send(&mut director, 10, &ack);
    assert_eq!(established, forward(2, Because::Connection));
    director.advance(at(909));
    assert_eq!(counts(&director, 2), (1, 0, 1));
    director.advance(at(910));
    assert_eq!(counts(&director, 2), (0, 0, 1));
    // The template was due at 300 s, and looked at every minute since.
    director.advance(at(959));
    assert_eq!(counts(&director, 2), (0, 0, 1));
    director.advance(at(960));
    assert_eq!(counts(&director, 2), (0, 0, 0));
}

#[test]
fn time_that_passes_at_once_is_time_that_passes_by_seconds() {
    let mut director = persistent_director(Settings::default());
    let ack = packet((0, 1, 1000), 80, Segment::Ack);
    let established = send(&mut director, 0, &ack);
    assert_eq!(established, forward(2, Because::Connection));
    // The connection expires at 900 s, when the template is looked at for the tenth time.
    for (start, end) in [(0, 900), (300, 900), (840, 900), (899, 900), (0, 1000)] {
        let mut at_once = director.clone();
        at_once.advance(at(start));
        at_once.advance(at(end));
        assert_eq!(counts(&at_once, 2), (0, 0, 0), "{start} {end}");
    }
}

#[test]
fn a_template_that_outlived_its_time_lasts_a_minute_from_each_use() {
    let mut director = persistent_director(Settings::default());
    let ack = packet((0, 1, 1000), 80, Segment::Ack);
    let established = send(&mut director, 0, &ack);
    assert_eq!(established, forward(2, Because::Connection));
    // Due at 300 s, then every minute; used at 330 s, so due again at 390 s.
    let again = connect(&mut director, 330, (0, 2, 1000));
    assert_eq!(again, forward(2, Because::Template));
    for (host, segment) in [(1, Segment::Reset), (2, Segment::Ack), (2, Segment::Reset)] {
        let packet = packet((0, host, 1000), 80, segment);
        assert_eq!(
            send(&mut director, 331, &packet),
            forward(2, Because::Connection)
        );
    }
    director.advance(at(389));
    assert_eq!(counts(&director, 2), (0, 0, 1));
    director.advance(at(390));
    assert_eq!(counts(&director, 2), (0, 0, 0));
}

#[test]
fn a_template_of_a_removed_destination_is_lost_even_if_nobody_takes_its_place() {
    let mut director = persistent_director(Settings::default());
    director.remove(at(1), &WEB, &key(2)).unwrap();
    director.edit(at(1), &WEB, &destination(1, 0)).unwrap();
    let verdict = connect(&mut director, 1, (0, 2, 1000));
    assert_eq!(verdict.destination(), None);
    director.add(at(2), &WEB, &destination(2, 1)).unwrap();
    let verdict = connect(&mut director, 2, (0, 3, 1000));
    assert_eq!(verdict, forward(2, Because::Scheduler));
}

#[test]
fn a_persistent_connection_is_not_started_anew() {
    let mut director = persistent_director(Settings::default());
    let reset = packet((0, 1, 1000), 80, Segment::Reset);
    assert_eq!(
        send(&mut director, 0, &reset),
        forward(2, Because::Connection)
    );
    let again = connect(&mut director, 1, (0, 1, 1000));
    assert_eq!(again, forward(2, Because::Connection));
}

#[test]
fn what_a_kernel_lists_is_taken_over() {
    let service = Service {
        persistence: persistent(300),
        ..web(Scheduler::Wlc)
    };
    let record = |number, activity| crate::record::DestinationRecord {
        destination: destination(number, 1),
        activity,
        statistics: crate::record::Statistics::default(),
    };
    let busy = Activity {
        active: 1,
        inactive: 0,
        persistent: 1,
    };
    let records = [record(2, Activity::default()), record(1, busy)];
    let profile = KernelProfile::TotalConnections;
    let mut director = Director::new(profile, Settings::default());
    director
        .insert(crate::balancer::Balancer::from_records(&service, profile, &records).unwrap())
        .unwrap();
    let ack = packet((0, 1, 1000), 80, Segment::Ack);
    director
        .restore_template(at(0), &WEB, &key(1), &ack.flow, at(40))
        .unwrap();
    let state = (TcpState::Established, at(15));
    director
        .restore_connection(at(0), &WEB, &key(1), &ack.flow, state)
        .unwrap();
    let mut asked = director.clone();
    assert_eq!(send(&mut asked, 1, &ack), forward(1, Because::Connection));
    let near = connect(&mut asked, 1, (0, 2, 1000));
    assert_eq!(near, forward(1, Because::Template));
    let far = connect(&mut asked, 1, (1, 1, 1000));
    assert_eq!(far, forward(2, Because::Scheduler));
    director.advance(at(15));
    assert_eq!(counts(&director, 1), (0, 0, 1));
    director.advance(at(40));
    assert_eq!(counts(&director, 1), (0, 0, 0));
}

#[test]
fn where_the_kernel_is_set_to_templates_of_removed_destinations_end_with_their_connections() {
    let mut director = persistent_director(Settings {
        expire_nodest_conn: true,
        ..Settings::default()
    });
    director.remove(at(1), &WEB, &key(2)).unwrap();
    director.add(at(1), &WEB, &destination(2, 1)).unwrap();
    assert_eq!(counts(&director, 2), (0, 0, 0));
    let again = connect(&mut director, 1, (0, 9, 1000));
    assert_eq!(again, forward(2, Because::Scheduler));
}
