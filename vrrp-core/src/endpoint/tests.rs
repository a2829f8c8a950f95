use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::announce::Slot;
use crate::receive::{Discard, Expect, Peer, Reach};
use crate::wire::{Addresses, DecodeError, EncodeError, Key, MULTICAST_V4, PseudoHeader};
use crate::{Cause, Interval, Settings, Version};

mod memory;
mod receive;
mod transmit;
mod update;

pub(super) const LIST: [[u8; 4]; 2] = [[192, 0, 2, 1], [192, 0, 2, 2]];
pub(super) const OWN: [u8; 4] = [192, 0, 2, 251];
pub(super) const MAC: Option<MacAddr> = Some(MacAddr([2, 0, 0, 0, 0, 1]));

pub(super) fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    let pairs = digits.chunks(2).map(|pair| pair.iter().collect::<String>());
    pairs
        .map(|pair| u8::from_str_radix(&pair, 16).unwrap())
        .collect()
}

pub(super) fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

pub(super) fn config(version: Version, vrid: u8, priority: u8) -> Config {
    let settings = Settings {
        priority,
        ..Settings::new(version, Family::V4, vrid)
    };
    Config::try_from(settings).unwrap()
}

pub(super) fn slots(count: usize) -> Vec<Slot> {
    vec![Slot::EMPTY; count]
}

pub(super) fn endpoint(config: Config, table: Table<'_>) -> Endpoint<Table<'_>> {
    Endpoint::new(Instant::EPOCH, config, table).unwrap()
}

/// A router of version 3, VRID 10, priority 200 and two addresses, in Backup since the epoch.
pub(super) fn backup(slots: &mut [Slot]) -> Endpoint<Table<'_>> {
    let table = Table::new(Addresses::V4(&LIST), slots);
    let mut router = endpoint(config(Version::V3, 10, 200), table);
    start(&mut router, OWN.into());
    router
}

pub(super) fn start(router: &mut Endpoint<Table<'_>>, own: IpAddr) {
    router.handle(Instant::EPOCH, Event::PrimaryAddress(Some(own)));
    router.handle(Instant::EPOCH, Event::Startup);
    assert_eq!(router.machine().role(), Role::Backup);
    while router.poll_event().is_some() {}
}

/// Lets the timer of a Backup fire; the time then.
pub(super) fn elect(router: &mut Endpoint<Table<'_>>) -> Instant {
    let now = router.deadline().unwrap();
    router.timeout(now);
    assert_eq!(router.machine().role(), Role::Active);
    now
}

pub(super) fn sent(router: &mut Endpoint<Table<'_>>, now: Instant) -> Vec<Vec<u8>> {
    let mut buf = [0; MAX_TRANSMIT];
    let mut sent = Vec::new();
    while let Some(transmit) = router.poll_transmit(now, &mut buf) {
        sent.push(transmit.octets().to_vec());
    }
    sent
}

pub(super) fn events(router: &mut Endpoint<Table<'_>>) -> Vec<EndpointEvent> {
    core::iter::from_fn(|| router.poll_event()).collect()
}

/// Active, with both addresses in place, announced and its events polled.
pub(super) fn active(slots: &mut [Slot]) -> (Endpoint<Table<'_>>, Instant) {
    let mut router = backup(slots);
    let now = elect(&mut router);
    assert_eq!(events(&mut router).len(), 2);
    router.installed(0, MAC);
    router.installed(1, MAC);
    assert_eq!(sent(&mut router, now).len(), 11);
    (router, now)
}

#[test]
fn a_life_is_told_in_order() {
    let mut slots = slots(2);
    let mut router = backup(&mut slots);
    assert_eq!(router.deadline(), Some(Instant::from_nanos(3_218_750_000)));
    let now = elect(&mut router);
    let active = Transition {
        from: Role::Backup,
        to: Role::Active,
        cause: Cause::ActiveTimeout,
        peer: None,
    };
    let told = [
        EndpointEvent::AddAddresses,
        EndpointEvent::Transition(active),
    ];
    assert_eq!(events(&mut router), told);
    assert_eq!(
        (router.since(), router.last_transition()),
        (now, Some(active))
    );
    router.handle(now, Event::Shutdown);
    let [removed, EndpointEvent::Transition(stopped)] = events(&mut router)[..] else {
        panic!("two events");
    };
    assert_eq!(removed, EndpointEvent::RemoveAddresses);
    assert_eq!(
        (stopped.to, stopped.cause),
        (Role::Initialize, Cause::Shutdown)
    );
    assert_eq!(router.deadline(), None);
    let statistics = router.statistics();
    assert_eq!(
        (statistics.master_transitions, statistics.master_releases),
        (1, 1)
    );
}

/// What was not polled in time is bounded, and says what is to be done now.
#[test]
fn of_events_that_are_not_polled_the_latest_of_each_kind_is_kept() {
    let mut slots = slots(2);
    let mut router = backup(&mut slots);
    let now = elect(&mut router);
    router.handle(now, Event::Shutdown);
    assert_eq!(events(&mut router)[0], EndpointEvent::RemoveAddresses);
    let mut buf = [0; MAX_TRANSMIT];
    let resignation = router.poll_transmit(now, &mut buf).unwrap();
    assert_eq!(resignation.octets()[2], 0);
    assert_eq!(router.poll_transmit(now, &mut buf), None);
    assert_eq!(router.statistics().advertisement_sent, 1);
}

/// Nothing leaves an interface that is down, not even what was due before.
#[test]
fn an_advertisement_that_was_not_polled_is_not_sent_by_a_router_that_stopped() {
    let mut slots = slots(2);
    let (mut router, now) = active(&mut slots);
    let next = now + core::time::Duration::from_secs(1);
    router.timeout(next);
    router.handle(next, Event::InterfaceDown);
    assert_eq!(sent(&mut router, next), [[0; 0]; 0]);
    assert_eq!(router.statistics().advertisement_sent, 1);
}

#[test]
fn a_held_router_asks_its_group() {
    let mut slots = slots(2);
    let mut router = backup(&mut slots);
    router.handle(at(0), Event::Hold);
    let due = router.deadline().unwrap();
    router.timeout(due);
    assert_eq!(events(&mut router), [EndpointEvent::Candidate]);
    router.handle(due, Event::Elect);
    assert_eq!(router.machine().role(), Role::Active);
}

/// A runtime cannot make an endpoint that would fail later.
#[test]
fn what_makes_no_router_is_refused() {
    let v3 = config(Version::V3, 10, 100);
    let peer = |address: [u8; 4]| Peer {
        address: address.into(),
        min_ttl: 0,
        max_ttl: 255,
    };
    let refusal = |config: Config, addresses, count, change: &dyn Fn(&mut Policy<'static>)| {
        let mut slots = slots(count);
        let mut table = Table::new(addresses, &mut slots);
        let mut policy = Policy::new(addresses.family());
        change(&mut policy);
        table.policy = policy;
        Endpoint::new(at(0), config, table).map(drop)
    };
    let list = Addresses::V4(&LIST);
    let same = |_: &mut Policy<'static>| ();
    assert_eq!(refusal(v3, list, 2, &same), Ok(()));
    let slots = 1;
    assert_eq!(
        refusal(v3, list, 1, &same),
        Err(EndpointError::Slots { slots })
    );
    let (router, addresses) = (Family::V4, Family::V6);
    let family = Err(EndpointError::Family { router, addresses });
    assert_eq!(refusal(v3, Addresses::V6(&[[1; 16]]), 1, &same), family);
    let nothing = Addresses::V4(&[]);
    assert_eq!(
        refusal(v3, nothing, 0, &same),
        Err(EndpointError::NoAddresses)
    );
    let v2 = config(Version::V2, 10, 100);
    assert_eq!(refusal(v2, nothing, 0, &same), Ok(()));
    let key = Key::from_password(b"s3cr3t").unwrap();
    let simple = |policy: &mut Policy<'static>| policy.expect = Expect::Simple(key);
    let version = Version::V3;
    let authentication = Err(EndpointError::Authentication { version });
    assert_eq!(refusal(v3, list, 2, &simple), authentication);
    assert_eq!(refusal(v2, list, 2, &simple), Ok(()));
    let mute = |policy: &mut Policy<'static>| policy.hop_limit = 0;
    assert_eq!(refusal(v3, list, 2, &mute), Err(EndpointError::HopLimit));
    let alone = |policy: &mut Policy<'static>| {
        policy.reach = Reach::Peers {
            peers: &[],
            only: true,
        };
    };
    assert_eq!(refusal(v3, list, 2, &alone), Err(EndpointError::NoPeers));
    let family = Family::V4;
    let to = |address: [u8; 4]| {
        let address = address.into();
        Err(EndpointError::Destination { address, family })
    };
    let no_group = |policy: &mut Policy<'static>| policy.reach = Reach::Group(OWN.into());
    assert_eq!(refusal(v3, list, 2, &no_group), to(OWN));
    let group_peer: &'static [Peer] = vec![peer([224, 0, 0, 18])].leak();
    let no_peer = |policy: &mut Policy<'static>| {
        policy.reach = Reach::Peers {
            peers: group_peer,
            only: true,
        };
    };
    assert_eq!(refusal(v3, list, 2, &no_peer), to([224, 0, 0, 18]));
}

#[test]
fn a_primary_address_of_another_family_changes_nothing() {
    let mut slots = slots(2);
    let mut router = backup(&mut slots);
    let address = "fe80::1".parse().unwrap();
    router.handle(at(0), Event::PrimaryAddress(Some(address)));
    assert_eq!(router.machine().primary(), Some(OWN.into()));
    let now = elect(&mut router);
    assert_eq!(sent(&mut router, now).len(), 1);
}

#[test]
fn an_endpoint_takes_less_than_two_kilobytes() {
    let octets = size_of::<Endpoint<Table<'_>>>();
    assert!(octets < 2_000, "{octets}");
}
