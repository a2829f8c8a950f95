//! Settings that change while a router runs.

use core::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// Every setting of an Active Router: there is no transition, an advertisement leaves at once, and
/// the next one is an interval later.
#[test]
fn each_setting_of_an_active_router_changes_without_a_transition() {
    let settings = Settings::from(config(Version::V2, 10, 200));
    let faster = Settings {
        interval: Interval::from_centis(200).unwrap(),
        ..settings
    };
    let key = Key::from_password(b"s3cr3t").unwrap();
    let plain = "210ac802 000192ed c0000201 c0000202 0000000000000000";
    type Change = fn(&mut Settings, &mut Policy<'static>);
    let cases: [(Change, &str); 5] = [
        (
            |it, _| it.priority = 150,
            "210a9602 0001c4ed c0000201 c0000202 0000000000000000",
        ),
        (|it, _| it.preempt = false, plain),
        (|it, _| it.accept = true, plain),
        (
            |it, _| it.interval = Interval::from_centis(200).unwrap(),
            "210ac802 000292ec c0000201 c0000202 0000000000000000",
        ),
        (|_, policy| policy.owner_is_deaf = true, plain),
    ];
    for (change, expected) in cases {
        let (mut old_slots, mut new_slots) = (slots(2), slots(2));
        let table = Table::new(Addresses::V4(&LIST), &mut old_slots);
        let mut router = endpoint(config(Version::V2, 10, 200), table);
        start(&mut router, OWN.into());
        let now = elect(&mut router);
        router.installed(0, MAC);
        router.installed(1, MAC);
        assert_eq!(
            (sent(&mut router, now).len(), events(&mut router).len()),
            (11, 2)
        );
        let (mut wanted, mut policy) = (settings, Policy::new(Family::V4));
        change(&mut wanted, &mut policy);
        let mut table = router.storage().with(Addresses::V4(&LIST), &mut new_slots);
        table.policy = policy;
        let then = now + SECOND / 2;
        let wanted = Config::try_from(wanted).unwrap();
        let _former = router.update(then, wanted, table).unwrap();
        assert_eq!(sent(&mut router, then), [octets(expected)]);
        assert_eq!(events(&mut router), [EndpointEvent::AddAddresses]);
        assert_eq!(router.machine().role(), Role::Active);
        let interval = wanted.interval().duration();
        assert_eq!(router.machine().deadline(), Some(then + interval));
        assert_eq!(router.statistics().master_transitions, 1);
        assert!(router.is_installed(0) && router.is_installed(1));
    }
    let (mut old_slots, mut new_slots) = (slots(2), slots(2));
    let table = Table::new(Addresses::V4(&LIST), &mut old_slots);
    let mut router = endpoint(Config::try_from(faster).unwrap(), table);
    start(&mut router, OWN.into());
    let now = elect(&mut router);
    assert_eq!(sent(&mut router, now).len(), 1);
    let mut table = router.storage().with(Addresses::V4(&LIST), &mut new_slots);
    table.policy.expect = Expect::Simple(key);
    let _former = router
        .update(now, Config::try_from(settings).unwrap(), table)
        .unwrap();
    let simple = "210ac802 01019186 c0000201 c0000202 7333637233740000";
    let sent = sent(&mut router, now);
    assert_eq!(sent[0][..6], octets(simple)[..6]);
    assert_eq!(sent[0][16..], octets(simple)[16..]);
}

#[test]
fn addresses_that_stay_are_not_announced_and_new_ones_are() {
    let list = [[192, 0, 2, 9], [192, 0, 2, 2], [192, 0, 2, 1]];
    let (mut old_slots, mut new_slots) = (slots(2), slots(3));
    let (mut router, now) = active(&mut old_slots);
    let table = router.storage().with(Addresses::V4(&list), &mut new_slots);
    let same = *router.machine().config();
    let _former = router.update(now, same, table).unwrap();
    assert_eq!(events(&mut router), [EndpointEvent::AddAddresses]);
    let installed: Vec<_> = (0..4).map(|at| router.is_installed(at)).collect();
    assert_eq!(installed, [false, true, true, false]);
    let advertisement = sent(&mut router, now);
    assert_eq!(advertisement.len(), 1);
    assert_eq!(advertisement[0][8..], octets("c0000209 c0000202 c0000201"));
    for position in 0..3 {
        router.installed(position, MAC);
    }
    let frames = sent(&mut router, now);
    assert_eq!(frames.len(), 5);
    assert!(frames.iter().all(|frame| frame[38..] == [192, 0, 2, 9]));
    // The second block of all three.
    let second = now + 5 * SECOND;
    assert_eq!(router.announcement_deadline(), Some(second));
    assert_eq!(sent(&mut router, second).len(), 15);
}

#[test]
fn what_was_to_be_announced_is_announced_after_an_update() {
    let (mut old_slots, mut new_slots) = (slots(2), slots(1));
    let mut router = backup(&mut old_slots);
    let now = elect(&mut router);
    router.installed(0, MAC);
    router.installed(1, MAC);
    let list = [[192, 0, 2, 2]];
    let table = router.storage().with(Addresses::V4(&list), &mut new_slots);
    let same = *router.machine().config();
    let _former = router.update(now, same, table).unwrap();
    let frames = sent(&mut router, now);
    assert_eq!(frames.len(), 6, "an advertisement and five copies");
    assert!(
        frames[1..]
            .iter()
            .all(|frame| frame[38..] == [192, 0, 2, 2])
    );
}

#[test]
fn settings_that_are_equal_change_nothing() {
    let (mut old_slots, mut new_slots) = (slots(2), slots(2));
    let (mut router, now) = active(&mut old_slots);
    let (deadline, machine) = (router.deadline(), *router.machine());
    let table = router.storage().with(Addresses::V4(&LIST), &mut new_slots);
    let then = now + SECOND / 2;
    let _former = router.update(then, *machine.config(), table).unwrap();
    assert_eq!((router.deadline(), *router.machine()), (deadline, machine));
    assert_eq!(sent(&mut router, then), [[0; 0]; 0]);
    assert_eq!(events(&mut router), []);
    assert_eq!(router.statistics().advertisement_sent, 1);
}

#[test]
fn other_announcements_are_no_reason_to_advertise() {
    let (mut old_slots, mut new_slots) = (slots(2), slots(2));
    let (mut router, now) = active(&mut old_slots);
    let mut table = router.storage().with(Addresses::V4(&LIST), &mut new_slots);
    let settings = announce::Settings {
        refresh: 2 * SECOND,
        ..announce::Settings::default()
    };
    table.announcements.config = announce::Config::try_from(settings).unwrap();
    let same = *router.machine().config();
    let _former = router.update(now, same, table).unwrap();
    assert_eq!(sent(&mut router, now), [[0; 0]; 0]);
    assert_eq!(router.announcement_deadline(), Some(now + 2 * SECOND));
}

#[test]
fn another_router_needs_another_endpoint() {
    let (mut old_slots, mut new_slots) = (slots(2), [slots(2), slots(2), slots(2)]);
    let [first, second, third] = &mut new_slots;
    let (mut router, now) = active(&mut old_slots);
    let machine = *router.machine();
    for (version, vrid, slots) in [(Version::V3, 11, first), (Version::V2, 10, second)] {
        let table = router.storage().with(Addresses::V4(&LIST), slots);
        let refused = router.update(now, config(version, vrid, 200), table);
        assert!(matches!(refused, Err(EndpointError::AnotherRouter(_))));
    }
    let table = router.storage().with(Addresses::V4(&[]), third);
    let refused = router.update(now, *machine.config(), table);
    assert_eq!(refused.unwrap_err(), EndpointError::NoAddresses);
    assert_eq!(*router.machine(), machine);
    assert!(router.is_installed(0), "the former storage is there");
}

#[test]
fn a_long_list_is_taken_over_whatever_comes_before_it() {
    let list = |first: u16, count: u16| {
        let addresses = (first..first + count).map(u16::to_be_bytes);
        addresses
            .map(|[high, low]| [10, 0, high, low])
            .collect::<Vec<_>>()
    };
    let (old, new) = (list(1_000, 1_000), list(0, 2_000));
    let (mut old_slots, mut new_slots) = (slots(1_000), slots(2_000));
    let table = Table::new(Addresses::V4(&old), &mut old_slots);
    let mut router = endpoint(config(Version::V3, 10, 200), table);
    start(&mut router, OWN.into());
    elect(&mut router);
    for position in 0..1_000 {
        router.installed(position, MAC);
    }
    let table = router.storage().with(Addresses::V4(&new), &mut new_slots);
    let same = *router.machine().config();
    let _former = router.update(at(4_000), same, table).unwrap();
    let kept = (0..2_000).filter(|at| router.is_installed(*at));
    assert!(kept.eq(1_000..2_000));
}
