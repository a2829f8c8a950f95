//! Owners of many addresses, which are taken in a part at a time.

use super::*;

/// 250 addresses.
fn crowd() -> impl Iterator<Item = AddressSpec> {
    (0..250).map(spec)
}

/// A host whose owner 1 has them in place.
fn crowded() -> Host {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, crowd());
    host.keeper.set_active(1, true);
    host.settle();
    assert_eq!(host.present.len(), 250);
    host.events();
    host.requests.clear();
    host
}

fn lost(events: &[AddressEvent<u8>]) -> usize {
    let lost = |event: &&AddressEvent<u8>| matches!(event, AddressEvent::Lost { .. });
    events.iter().filter(lost).count()
}

#[test]
fn a_call_takes_in_no_more_than_64_addresses_and_the_first_is_asked_for_at_once() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, crowd());
    host.keeper.set_active(1, true);
    assert_eq!(host.keeper.entries.len(), 0);
    assert!(host.request_one());
    assert_eq!(host.keeper.entries.len(), 64);
    assert!(host.has(0));
    assert!(host.keeper.has_due() && !host.keeper.is_settled());
    assert_eq!(host.keeper.deadline(), Some(Instant::EPOCH));
    host.settle();
    assert_eq!(host.present.len(), 250);
}

#[test]
fn an_owner_is_inactive_at_once_however_many_addresses_it_has() {
    let mut host = crowded();
    host.keeper.set_active(1, false);
    assert!(host.request_one());
    // What others remove now is no loss, and nobody adds it again.
    host.remove(&spec(249).key());
    host.deliver_notifications();
    host.settle();
    assert_eq!(host.events(), []);
    assert!(host.present.is_empty());
    assert_eq!(host.requests.len(), 249);
}

#[test]
fn an_owner_that_is_active_again_learns_of_every_address_once_more() {
    let mut host = crowded();
    host.keeper.set_active(1, false);
    host.keeper.set_active(1, true);
    host.settle();
    let events = host.events();
    assert_eq!((events.len(), lost(&events)), (250, 0));
    assert_eq!(host.requests, []);
}

#[test]
fn a_failure_of_an_earlier_tenure_is_none_of_the_next() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.refuse = Some(13);
    host.turn();
    assert!(host.keeper.failure(&spec(1).key()).is_some());
    host.keeper.set_active(1, false);
    host.keeper.set_active(1, true);
    assert_eq!(host.keeper.failure(&spec(1).key()), None);
}

#[test]
fn declarations_that_follow_each_other_end_with_the_last_one() {
    let mut host = crowded();
    for part in [0..125, 125..250, 100..150] {
        host.keeper.declare(1, Tenure::Virtual, part.map(spec));
    }
    host.settle();
    let last: Vec<_> = (0..=255).filter(|last| host.has(*last)).collect();
    assert_eq!(last, Vec::from_iter(100..150));
    assert_eq!(host.keeper.entries.len(), 50);
}

#[test]
fn an_owner_of_the_name_of_one_forgotten_has_its_own_addresses() {
    let mut host = crowded();
    host.keeper.forget(1);
    host.keeper.declare(1, Tenure::Virtual, [spec(7)]);
    host.settle();
    assert!(host.present.is_empty());
    host.keeper.set_active(1, true);
    host.settle();
    assert_eq!(host.present.len(), 1);
}

#[test]
fn leftovers_are_sought_once_all_is_taken_in_and_a_part_at_a_time() {
    let mut host = Host::with((0..250).map(|last| found(last, Some(18))));
    host.keeper.declare(1, Tenure::Virtual, (0..200).map(spec));
    host.keeper.set_active(1, true);
    host.keeper.condemn_leftovers();
    assert!(!host.request_one());
    assert_eq!(host.keeper.entries.len(), 64);
    host.settle();
    assert_eq!(host.present.len(), 200);
    assert_eq!(host.requests.len(), 50);
}

#[test]
fn the_queue_of_declarations_has_a_bound() {
    let mut host = Host::new();
    for round in 0..3_000 {
        let first = u8::try_from(round % 100).unwrap();
        host.keeper.declare(1, Tenure::Virtual, [spec(first)]);
        host.keeper.set_active(1, round % 2 == 0);
    }
    assert_eq!(host.keeper.tasks.len(), 1_024);
    host.settle();
    assert!(host.present.is_empty());
    assert_eq!(host.keeper.entries.len(), 1);
}
