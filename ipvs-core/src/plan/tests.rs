use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::{Flags, Forwarding, Granularity, Name, Persistence, Scheduler, Tunnel, TunnelChecksum};

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
    let mut with = entry(OTHER, &[]);
    with.service.persistence = Some(Persistence {
        timeout: 300,
        granularity: Granularity::V4(Ipv4Addr::BROADCAST),
        engine: Some(Name::new("sip").unwrap()),
    });
    let mut without = with.clone();
    without.service.persistence = without.service.persistence.map(|persistence| Persistence {
        engine: None,
        ..persistence
    });
    assert_eq!(
        plan_any(&table(&[with]), &table(&[without.clone()])),
        vec![Change::EditService(without.service)]
    );
}

#[test]
fn what_a_kernel_reads_back_is_no_difference() {
    let mut told = entry(VIP, &[real(1, 1)]);
    told.service.scheduler = Scheduler::Other(Name::new("wlc").unwrap());
    told.service.persistence = Some(Persistence {
        timeout: u32::MAX,
        granularity: Granularity::V6(64),
        engine: None,
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
        engine: None,
    });
    read.destinations[0].forwarding = Forwarding::Tunnel(Tunnel::Gue {
        port: 6080,
        checksum: TunnelChecksum::Outer,
    });
    assert_eq!(plan_any(&table(&[read]), &table(&[told])), vec![]);
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

fn keys() -> Vec<ServiceKey> {
    vec![
        VIP,
        OTHER,
        ServiceKey::Mark {
            mark: 7.try_into().unwrap(),
            family: crate::Family::V6,
        },
    ]
}

fn any_service(key: ServiceKey) -> impl Strategy<Value = Service> {
    let persistence = prop::option::of((1_u32..4, prop::bool::ANY));
    (0_usize..4, 0_u32..2, persistence).prop_map(move |(scheduler, flag, persistence)| Service {
        key,
        scheduler: Scheduler::ALL[scheduler],
        flags: Flags::from_bits(flag << 3),
        persistence: persistence.map(|(timeout, engine)| Persistence {
            timeout,
            granularity: Granularity::single(key.family()),
            engine: engine.then(|| Name::new("sip").unwrap()),
        }),
    })
}

fn any_destination() -> impl Strategy<Value = (u32, u32, bool)> {
    (0_u32..2, 0_u32..3, prop::bool::ANY)
}

fn any_entry(key: ServiceKey) -> impl Strategy<Value = ServiceEntry> {
    let hosts = prop::collection::btree_map(1_u8..4, any_destination(), 0..4);
    let shuffled = hosts.prop_map(Vec::from_iter).prop_shuffle();
    (any_service(key), shuffled).prop_map(move |(service, hosts)| ServiceEntry {
        service,
        destinations: hosts
            .into_iter()
            .map(|(host, (weight, upper, tunnel))| Destination {
                upper,
                forwarding: if tunnel {
                    Forwarding::Tunnel(Tunnel::Ipip)
                } else {
                    Forwarding::Masquerade
                },
                ..real(host, weight)
            })
            .collect(),
    })
}

fn any_configuration() -> impl Strategy<Value = Configuration> {
    let entries: Vec<_> = keys()
        .into_iter()
        .map(|key| prop::option::of(any_entry(key)))
        .collect();
    entries.prop_map(|entries| entries.into_iter().flatten().collect())
}

/// What a configuration has in its owned services, without the order of destinations if that does
/// not matter.
fn owned_part(
    table: &Configuration,
    owned: impl Fn(&ServiceKey) -> bool,
    order: Order,
) -> Vec<ServiceEntry> {
    let mut entries: Vec<_> = table.entries().cloned().collect();
    entries.retain(|entry| owned(&entry.service.key));
    if order == Order::Any {
        for entry in &mut entries {
            entry.destinations.sort_by_key(|it| it.key);
        }
    }
    entries
}

fn any_order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Any), Just(Order::Exact)]
}

proptest! {
    #[test]
    fn a_plan_leads_to_what_is_desired_and_no_step_is_refused(
        actual in any_configuration(),
        desired in any_configuration(),
        owned in prop::collection::vec(prop::bool::ANY, 3),
        order in any_order(),
    ) {
        let owned: Vec<_> = keys().into_iter().zip(owned).filter(|it| it.1).map(|it| it.0).collect();
        let is_owned = |key: &ServiceKey| owned.contains(key);
        let is_foreign = |key: &ServiceKey| !owned.contains(key);
        let mut table = actual.clone();
        for change in plan(&actual, &desired, is_owned, order) {
            prop_assert!(is_owned(&change.service()));
            prop_assert_eq!(table.apply(&change), Ok(()));
        }
        prop_assert_eq!(
            owned_part(&table, is_owned, order),
            owned_part(&desired, is_owned, order)
        );
        prop_assert_eq!(
            owned_part(&table, is_foreign, Order::Exact),
            owned_part(&actual, is_foreign, Order::Exact)
        );
        prop_assert_eq!(plan(&table, &desired, is_owned, order), vec![]);
    }

    #[test]
    fn a_service_that_serves_before_and_after_serves_at_every_step(
        actual in any_configuration(),
        desired in any_configuration(),
    ) {
        let serves = |table: &Configuration, key| table.get(&key).is_some_and(ServiceEntry::is_serving);
        let mut table = actual.clone();
        for change in plan(&actual, &desired, |_| true, Order::Any) {
            prop_assert_eq!(table.apply(&change), Ok(()));
            for key in keys() {
                let throughout = serves(&actual, key) && serves(&desired, key);
                prop_assert!(!throughout || serves(&table, key), "{:?}", change);
            }
        }
    }

    #[test]
    fn no_step_empties_a_service_that_has_destinations_before_and_after(
        actual in any_configuration(),
        desired in any_configuration(),
    ) {
        let filled = |table: &Configuration, key| {
            table.get(&key).is_some_and(|entry| !entry.destinations.is_empty())
        };
        let mut table = actual.clone();
        for change in plan(&actual, &desired, |_| true, Order::Exact) {
            prop_assert_eq!(table.apply(&change), Ok(()));
            for key in keys() {
                let throughout = filled(&actual, key) && filled(&desired, key);
                prop_assert!(!throughout || filled(&table, key), "{:?}", change);
            }
        }
    }

    #[test]
    fn a_destination_that_stays_is_never_deleted(
        actual in any_configuration(),
        desired in any_configuration(),
    ) {
        for change in plan(&actual, &desired, |_| true, Order::Any) {
            if let Change::DeleteDestination(key, destination) = change {
                let wanted = desired.get(&key).and_then(|entry| entry.destination(&destination));
                prop_assert_eq!(wanted, None);
            }
        }
    }
}
