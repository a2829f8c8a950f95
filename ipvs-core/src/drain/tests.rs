//! Tests of draining.

use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::{Change, Forwarding, Order, Scheduler, Service, plan};

const VIP: ServiceKey = ServiceKey::tcp(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 80);
const LIMIT: Duration = Duration::from_secs(60);

fn real(host: u8, weight: u32) -> Destination {
    let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, host));
    Destination::new(DestinationKey::new(address, 80), Forwarding::Route, weight)
}

fn table(destinations: &[Destination]) -> Configuration {
    let entry = ServiceEntry {
        service: Service::new(VIP, Scheduler::Rr),
        destinations: destinations.to_vec(),
    };
    [entry].into_iter().collect()
}

/// One turn of a reconciler: the changes that a table with `carries` on each destination gets.
fn turn(
    drain: &mut Drain,
    seconds: u64,
    actual: &mut Configuration,
    desired: &Configuration,
    carries: Activity,
) -> Vec<Change> {
    let now = Duration::from_secs(seconds);
    let held = drain.hold(now, actual, desired, |_| true, |_, _| Some(carries));
    let changes = plan(actual, &held, |_| true, Order::Exact);
    for change in &changes {
        actual.apply(change).unwrap();
    }
    changes
}

const IDLE: Activity = Activity {
    active: 0,
    inactive: 0,
    persistent: 0,
};
const BUSY: Activity = Activity { active: 1, ..IDLE };

#[test]
fn a_destination_is_quiesced_and_goes_with_its_last_connection() {
    let mut drain = Drain::new(LIMIT, Until::Connections);
    let mut actual = table(&[real(1, 5), real(2, 5)]);
    let desired = table(&[real(2, 5)]);
    assert_eq!(
        turn(&mut drain, 0, &mut actual, &desired, BUSY),
        vec![Change::EditDestination(VIP, real(1, 0))]
    );
    assert_eq!(drain.deadline(), Some(LIMIT));
    assert_eq!(turn(&mut drain, 1, &mut actual, &desired, BUSY), vec![]);
    assert_eq!(
        turn(&mut drain, 2, &mut actual, &desired, IDLE),
        vec![Change::DeleteDestination(VIP, real(1, 0).key)]
    );
    assert_eq!(drain.deadline(), None);
}

#[test]
fn a_connection_that_ends_holds_a_destination_as_an_active_one_does() {
    let mut drain = Drain::new(LIMIT, Until::Connections);
    let mut actual = table(&[real(1, 0), real(2, 5)]);
    let desired = table(&[real(2, 5)]);
    let ending = Activity {
        inactive: 1,
        ..IDLE
    };
    assert_eq!(turn(&mut drain, 0, &mut actual, &desired, ending), vec![]);
    assert_eq!(drain.deadline(), Some(LIMIT));
}

#[test]
fn an_idle_destination_is_quiesced_first() {
    let mut drain = Drain::new(LIMIT, Until::Connections);
    let mut actual = table(&[real(1, 5), real(2, 5)]);
    let desired = table(&[real(2, 5)]);
    assert_eq!(
        turn(&mut drain, 0, &mut actual, &desired, IDLE),
        vec![Change::EditDestination(VIP, real(1, 0))]
    );
    assert_eq!(
        turn(&mut drain, 1, &mut actual, &desired, IDLE),
        vec![Change::DeleteDestination(VIP, real(1, 0).key)]
    );
}

#[test]
fn a_destination_goes_at_its_deadline_whatever_it_carries() {
    let mut drain = Drain::new(LIMIT, Until::Connections);
    let mut actual = table(&[real(1, 5), real(2, 5)]);
    let desired = table(&[real(2, 5)]);
    turn(&mut drain, 10, &mut actual, &desired, BUSY);
    assert_eq!(turn(&mut drain, 69, &mut actual, &desired, BUSY), vec![]);
    assert_eq!(
        turn(&mut drain, 70, &mut actual, &desired, BUSY),
        vec![Change::DeleteDestination(VIP, real(1, 0).key)]
    );
}

#[test]
fn a_destination_that_is_wanted_again_gets_its_weight_back() {
    let mut drain = Drain::new(LIMIT, Until::Connections);
    let mut actual = table(&[real(1, 5), real(2, 5)]);
    let both = table(&[real(1, 5), real(2, 5)]);
    let desired = table(&[real(2, 5)]);
    turn(&mut drain, 0, &mut actual, &desired, BUSY);
    assert_eq!(
        turn(&mut drain, 30, &mut actual, &both, BUSY),
        vec![Change::EditDestination(VIP, real(1, 5))]
    );
    assert_eq!(drain.deadline(), None);
    turn(&mut drain, 50, &mut actual, &desired, BUSY);
    assert_eq!(drain.deadline(), Some(Duration::from_secs(110)));
}

#[test]
fn a_service_goes_with_its_last_destination() {
    let mut drain = Drain::new(LIMIT, Until::Connections);
    let mut actual = table(&[real(1, 5)]);
    let desired = Configuration::new();
    assert_eq!(
        turn(&mut drain, 0, &mut actual, &desired, BUSY),
        vec![Change::EditDestination(VIP, real(1, 0))]
    );
    assert_eq!(
        turn(&mut drain, 1, &mut actual, &desired, IDLE),
        vec![Change::DeleteService(VIP)]
    );
}

#[test]
fn templates_are_waited_for_when_asked() {
    let templates = Activity {
        persistent: 1,
        ..IDLE
    };
    let desired = table(&[real(2, 5)]);
    for (until, carries, held) in [
        (Until::Connections, templates, false),
        (Until::Templates, templates, true),
        (Until::Templates, IDLE, false),
    ] {
        let mut drain = Drain::new(LIMIT, until);
        let mut actual = table(&[real(1, 0), real(2, 5)]);
        turn(&mut drain, 0, &mut actual, &desired, carries);
        let kept = actual.get(&VIP).unwrap().destination(&real(1, 0).key);
        assert_eq!(kept.is_some(), held, "{until:?}");
    }
}

#[test]
fn nothing_waits_without_time() {
    let mut drain = Drain::new(Duration::ZERO, Until::Templates);
    let mut actual = table(&[real(1, 5), real(2, 5)]);
    assert_eq!(
        turn(&mut drain, 0, &mut actual, &table(&[real(2, 5)]), BUSY),
        vec![Change::DeleteDestination(VIP, real(1, 0).key)]
    );
}

#[test]
fn what_drains_keeps_its_place_in_the_order() {
    let mut drain = Drain::new(LIMIT, Until::Connections);
    let mut actual = table(&[real(1, 1), real(2, 1), real(3, 1), real(4, 1)]);
    let desired = table(&[real(9, 1), real(2, 1)]);
    assert_eq!(
        turn(&mut drain, 0, &mut actual, &desired, BUSY),
        vec![
            Change::AddDestination(VIP, real(9, 1)),
            Change::EditDestination(VIP, real(4, 0)),
            Change::EditDestination(VIP, real(3, 0)),
            Change::EditDestination(VIP, real(1, 0)),
        ]
    );
}

#[test]
fn what_is_not_owned_is_not_held() {
    let mut drain = Drain::new(LIMIT, Until::Connections);
    let actual = table(&[real(1, 5)]);
    let desired = Configuration::new();
    let held = drain.hold(
        Duration::ZERO,
        &actual,
        &desired,
        |_| false,
        |_, _| Some(BUSY),
    );
    assert_eq!(held, Configuration::new());
    assert_eq!(drain.held().count(), 0);
}
