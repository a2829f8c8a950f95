//! Tests of the planner.

use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use super::*;
use crate::destination::{Tunnel, TunnelChecksum};
use crate::service::{Granularity, Persistence};
use crate::{Forwarding, Name, Scheduler};

const VIP: ServiceKey = ServiceKey::tcp(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 80);
const OTHER: ServiceKey = ServiceKey::udp(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 53);

fn real(host: u8, weight: u32) -> Destination {
    let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, host));
    Destination::new(
        DestinationKey::new(address, 80),
        Forwarding::Masquerade,
        weight,
    )
}

fn entry(key: ServiceKey, destinations: &[Destination]) -> ServiceEntry {
    ServiceEntry {
        service: Service::new(key, Scheduler::Wlc),
        destinations: destinations.to_vec(),
    }
}

fn table(entries: &[ServiceEntry]) -> Configuration {
    entries.iter().cloned().collect()
}

fn plan_any(actual: &Configuration, desired: &Configuration) -> Vec<Change> {
    plan(actual, desired, |_| true, Order::Any)
}

fn plan_exact(actual: &Configuration, desired: &Configuration) -> Vec<Change> {
    plan(actual, desired, |_| true, Order::Exact)
}

#[test]
fn a_new_service_comes_with_its_destinations_last_first() {
    let desired = table(&[entry(VIP, &[real(1, 1), real(2, 2)])]);
    assert_eq!(
        plan_any(&Configuration::new(), &desired),
        vec![
            Change::AddService(Service::new(VIP, Scheduler::Wlc)),
            Change::AddDestination(VIP, real(2, 2)),
            Change::AddDestination(VIP, real(1, 1)),
        ]
    );
}

#[test]
fn the_sorry_server_comes_before_the_last_real_server_goes() {
    let actual = table(&[entry(VIP, &[real(1, 1)])]);
    let desired = table(&[entry(VIP, &[real(9, 1)])]);
    assert_eq!(
        plan_any(&actual, &desired),
        vec![
            Change::AddDestination(VIP, real(9, 1)),
            Change::DeleteDestination(VIP, real(1, 1).key),
        ]
    );
}

#[test]
fn a_sorry_server_that_is_a_real_server_too_is_edited() {
    let sorry = Destination {
        forwarding: Forwarding::Local,
        ..real(1, 1)
    };
    assert_eq!(
        plan_any(
            &table(&[entry(VIP, &[real(1, 1), real(2, 1)])]),
            &table(&[entry(VIP, &[sorry])])
        ),
        vec![
            Change::EditDestination(VIP, sorry),
            Change::DeleteDestination(VIP, real(2, 1).key),
        ]
    );
}

#[test]
fn weights_rise_before_others_fall() {
    let actual = table(&[entry(VIP, &[real(1, 5), real(2, 0)])]);
    let desired = table(&[entry(VIP, &[real(1, 0), real(2, 5)])]);
    assert_eq!(
        plan_any(&actual, &desired),
        vec![
            Change::EditDestination(VIP, real(2, 5)),
            Change::EditDestination(VIP, real(1, 0)),
        ]
    );
}

#[test]
fn what_keeps_its_weight_is_edited_before_others_fall() {
    let local = Destination {
        forwarding: Forwarding::Local,
        ..real(1, 1)
    };
    assert_eq!(
        plan_any(
            &table(&[entry(VIP, &[real(1, 1), real(2, 5)])]),
            &table(&[entry(VIP, &[local, real(2, 1)])])
        ),
        vec![
            Change::EditDestination(VIP, local),
            Change::EditDestination(VIP, real(2, 1)),
        ]
    );
}

#[test]
fn a_service_goes_after_the_one_that_takes_its_place_is_complete() {
    let actual = table(&[entry(VIP, &[real(1, 1)])]);
    let desired = table(&[entry(OTHER, &[real(1, 1)])]);
    assert_eq!(
        plan_any(&actual, &desired),
        vec![
            Change::AddService(Service::new(OTHER, Scheduler::Wlc)),
            Change::AddDestination(OTHER, real(1, 1)),
            Change::DeleteService(VIP),
        ]
    );
}

#[test]
fn another_scheduler_is_an_edit() {
    let actual = table(&[entry(VIP, &[real(1, 1)])]);
    let mut changed = entry(VIP, &[real(1, 1)]);
    changed.service.scheduler = Scheduler::Mh;
    assert_eq!(
        plan_any(&actual, &table(&[changed.clone()])),
        vec![Change::EditService(changed.service)]
    );
}

#[test]
fn an_engine_that_is_no_longer_wanted_is_edited_away() {
    let persistence = Persistence {
        timeout: 300,
        granularity: Granularity::V4(Ipv4Addr::BROADCAST),
    };
    for persistence in [Some(persistence), None] {
        let mut without = entry(OTHER, &[]);
        without.service.persistence = persistence;
        let mut with = without.clone();
        with.service.engine = Some(Name::new("sip").unwrap());
        assert_eq!(
            plan_any(&table(&[with]), &table(&[without.clone()])),
            vec![Change::EditService(without.service)]
        );
    }
}

#[test]
fn what_a_kernel_reads_back_is_no_difference() {
    let mut told = entry(VIP, &[real(1, 1)]);
    told.service.scheduler = Scheduler::Other(Name::new("wlc").unwrap());
    told.service.persistence = Some(Persistence {
        timeout: u32::MAX,
        granularity: Granularity::V6(64),
    });
    told.destinations[0].forwarding = Forwarding::Tunnel(Tunnel::Other {
        kind: 1,
        port: 6080,
        flags: 1,
    });
    let mut read = entry(VIP, &[real(1, 1)]);
    read.service.persistence = Some(Persistence {
        timeout: 2_678_400,
        granularity: Granularity::V4(Ipv4Addr::BROADCAST),
    });
    read.destinations[0].forwarding = Forwarding::Tunnel(Tunnel::Gue {
        port: 6080,
        checksum: TunnelChecksum::Outer,
    });
    assert_eq!(plan_any(&table(&[read]), &table(&[told])), vec![]);
}

#[test]
fn a_tunnel_by_number_is_the_one_by_name() {
    let number = |kind, port, flags| Tunnel::Other { kind, port, flags };
    for (told, read, same) in [
        (number(0, 0, 0), Tunnel::Ipip, true),
        (number(0, 1, 0), Tunnel::Ipip, false),
        (number(1, 6080, 0), gue(TunnelChecksum::None), true),
        (number(1, 6080, 2), gue(TunnelChecksum::Remote), true),
        (number(1, 6080, 3), gue(TunnelChecksum::Outer), false),
        (number(2, 0, 0), gre(TunnelChecksum::None), true),
        (number(2, 0, 1), gre(TunnelChecksum::Outer), true),
        (number(2, 0, 1), gre(TunnelChecksum::None), false),
        (number(2, 1, 0), gre(TunnelChecksum::None), false),
        (number(3, 0, 0), gre(TunnelChecksum::None), false),
    ] {
        let [told, read] = [told, read].map(|tunnel| Destination {
            forwarding: Forwarding::Tunnel(tunnel),
            ..real(1, 1)
        });
        let changes = plan_any(
            &table(&[entry(VIP, &[read])]),
            &table(&[entry(VIP, &[told])]),
        );
        assert_eq!(changes.is_empty(), same, "{told:?}");
    }
}

const fn gue(checksum: TunnelChecksum) -> Tunnel {
    let port = 6080;
    Tunnel::Gue { port, checksum }
}

const fn gre(checksum: TunnelChecksum) -> Tunnel {
    Tunnel::Gre { checksum }
}

#[test]
fn what_is_not_owned_is_not_touched() {
    let actual = table(&[entry(VIP, &[real(1, 1)]), entry(OTHER, &[real(2, 1)])]);
    let changes = plan(
        &actual,
        &Configuration::new(),
        |key| *key == OTHER,
        Order::Any,
    );
    assert_eq!(changes, vec![Change::DeleteService(OTHER)]);
    let desired = table(&[entry(VIP, &[])]);
    assert_eq!(plan(&actual, &desired, |_| false, Order::Any), vec![]);
}

#[test]
fn order_is_left_alone_unless_it_matters() {
    let actual = table(&[entry(VIP, &[real(1, 1), real(2, 1), real(3, 1)])]);
    let desired = table(&[entry(VIP, &[real(2, 1), real(1, 1), real(3, 1)])]);
    assert_eq!(plan_any(&actual, &desired), vec![]);
    assert_eq!(
        plan_exact(&actual, &desired),
        vec![
            Change::DeleteDestination(VIP, real(2, 1).key),
            Change::AddDestination(VIP, real(2, 1)),
        ]
    );
}

#[test]
fn what_comes_before_a_new_destination_is_added_again() {
    let actual = table(&[entry(VIP, &[real(1, 1)])]);
    let desired = table(&[entry(VIP, &[real(1, 1), real(2, 1)])]);
    assert_eq!(
        plan_exact(&actual, &desired),
        vec![
            Change::AddDestination(VIP, real(2, 1)),
            Change::DeleteDestination(VIP, real(1, 1).key),
            Change::AddDestination(VIP, real(1, 1)),
        ]
    );
}

#[test]
fn a_destination_that_is_dumped_twice_is_handled_once() {
    let actual = table(&[entry(VIP, &[real(1, 1), real(2, 1), real(1, 1)])]);
    let desired = table(&[entry(VIP, &[real(3, 1), real(3, 9)])]);
    assert_eq!(
        plan_any(&actual, &desired),
        vec![
            Change::AddDestination(VIP, real(3, 1)),
            Change::DeleteDestination(VIP, real(1, 1).key),
            Change::DeleteDestination(VIP, real(2, 1).key),
        ]
    );
}
