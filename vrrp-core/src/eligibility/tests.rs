use core::net::IpAddr;
use std::vec::Vec;

use super::*;
use crate::track::Weight;
use crate::{Config, Family, Instant, Role, Settings, Version};
use Status::{Down, Up, Value};

fn tracker(weight: i16) -> Tracker {
    Tracker::new(Weight::new(weight).unwrap())
}

fn new(configured: u8) -> Eligibility {
    Eligibility::new(Priority::from_wire(configured))
}

const fn priority(priority: u8, reason: Reason) -> Decision {
    let event = Event::Priority(Priority::from_wire(priority));
    Decision { event, reason }
}

const fn fault(reason: Reason) -> Decision {
    let event = Event::Fault;
    Decision { event, reason }
}

const fn recover(reason: Reason) -> Decision {
    let event = Event::Recover;
    Decision { event, reason }
}

fn assess<const N: usize>(
    eligibility: &mut Eligibility,
    trackers: &mut [Tracked; N],
    status: [Status; N],
) -> Vec<Decision> {
    let decisions = eligibility.assess(trackers.iter_mut().zip(status));
    decisions.collect()
}

fn up(weight: i16) -> (Tracker, Status) {
    (tracker(weight), Up)
}

fn down(weight: i16) -> (Tracker, Status) {
    (tracker(weight), Down)
}

fn reversed(thing: (Tracker, Status)) -> (Tracker, Status) {
    (thing.0.reversed(), thing.1)
}

fn value(weight: i16, value: i32) -> (Tracker, Status) {
    (tracker(weight), Value(value))
}

/// The configured priority, two things, the effective priority, and what is decided.
#[test]
fn what_two_things_do_to_a_router() {
    let to = |to, place| Some(priority(to, Reason::Tracker(place)));
    let stop = |place| Some(fault(Reason::Tracker(place)));
    for (row, (configured, one, two, effective, expected)) in [
        (100, up(10), up(20), 130, to(130, 0)),
        (100, down(10), up(20), 120, to(120, 1)),
        (100, down(10), down(20), 100, None),
        (100, up(-10), up(-20), 100, None),
        (100, down(-10), up(-20), 90, to(90, 0)),
        (100, up(-10), down(-20), 80, to(80, 1)),
        (100, up(10), down(-20), 90, to(90, 0)),
        (100, up(10), down(-10), 100, None),
        (100, reversed(up(10)), up(0), 90, to(90, 0)),
        (100, up(0), reversed(down(-10)), 110, to(110, 1)),
        (100, value(2, -20), value(0, 0), 60, to(60, 0)),
        (100, down(-60), down(-60), 1, to(1, 0)),
        (200, up(60), up(60), 254, to(254, 0)),
        (254, up(60), up(60), 254, None),
        (1, down(-1), up(0), 1, None),
        (255, down(-60), up(60), 255, None),
        (100, down(10), down(0), 100, stop(1)),
        (100, reversed(up(0)), down(0), 100, stop(0)),
        (255, down(-60), value(1, -254), 255, stop(1)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut trackers = [one, two].map(|(tracker, _)| Tracked::new(tracker));
        let mut it = new(configured);
        let decided = assess(&mut it, &mut trackers, [one.1, two.1]);
        assert_eq!(decided, Vec::from_iter(expected), "row {row}");
        assert_eq!(it.tracking().priority(), Priority::from_wire(effective));
        let fault = expected.filter(|decided| decided.event == Event::Fault);
        assert_eq!(it.fault(), fault.map(|decided| decided.reason), "row {row}");
    }
}

#[test]
fn a_priority_is_told_before_the_fault_and_before_its_end() {
    let mut trackers = [tracker(-10), tracker(0), tracker(1)].map(Tracked::new);
    let mut eligibility = new(100);
    let mut decided = |status| assess(&mut eligibility, &mut trackers, status);
    let (by, one) = (Reason::Tracker(0), Reason::Tracker(1));
    assert_eq!(decided([Up, Up, Value(0)]), []);
    assert_eq!(
        decided([Down, Down, Value(0)]),
        [priority(90, by), fault(one)]
    );
    let two = Reason::Tracker(2);
    assert_eq!(decided([Down, Down, Value(30)]), [priority(120, two)]);
    assert_eq!(
        decided([Down, Up, Value(-254)]),
        [priority(90, two)],
        "a fault follows another"
    );
    assert_eq!(
        decided([Up, Up, Value(7)]),
        [priority(107, by), recover(two)]
    );
    assert_eq!(decided([Up, Up, Value(7)]), []);
    let effects = trackers.map(|tracked| tracked.effect());
    let adjust = Effect::Adjust;
    assert_eq!(effects, [adjust(0), adjust(0), adjust(7)]);
    assert_eq!(trackers[0].tracker(), tracker(-10));
}

#[test]
fn a_fault_stops_even_the_owner_and_recovery_brings_the_priority_of_the_moment() {
    let mut owner = new(255);
    assert!(
        owner
            .assess([(&mut Tracked::new(tracker(0)), Down)])
            .eq([fault(Reason::Tracker(0))])
    );

    let mut trackers = [tracker(0), tracker(0), tracker(-10)].map(Tracked::new);
    let mut eligibility = new(100);
    let mut decided = |status| assess(&mut eligibility, &mut trackers, status);
    let [zero, one, two] = [0, 1, 2].map(Reason::Tracker);
    assert_eq!(decided([Down, Up, Up]), [fault(zero)]);
    assert_eq!(decided([Down, Down, Up]), []);
    assert_eq!(decided([Down, Down, Down]), [priority(90, two)]);
    assert_eq!(decided([Up, Down, Down]), []);
    assert_eq!(decided([Up, Up, Down]), [recover(one)]);
}

#[test]
fn what_changes_nothing_is_not_told() {
    let mut trackers = [Tracked::new(tracker(1))];
    let mut eligibility = new(254);
    let mut decided = |value| assess(&mut eligibility, &mut trackers, [Value(value)]);
    assert_eq!(decided(10), []);
    assert_eq!(decided(20), []);
    assert_eq!(decided(-4), [priority(250, Reason::Tracker(0))]);
}

#[test]
fn faults_of_every_kind_are_one_for_the_router() {
    let mut trackers = [Tracked::new(tracker(0))];
    let mut it = new(100);
    let tracked = Reason::Tracker(0);
    assert!(it.group(Event::Fault).eq([fault(Reason::Group)]));
    assert_eq!(it.fault(), Some(Reason::Group));
    assert_eq!(assess(&mut it, &mut trackers, [Down]), []);
    assert_eq!(it.fault(), Some(tracked));
    assert!(it.own(true).eq([]));
    assert_eq!(it.fault(), Some(Reason::Own));
    assert!(it.group(Event::Fault).eq([]));
    assert_eq!(assess(&mut it, &mut trackers, [Up]), []);
    assert!(it.group(Event::Recover).eq([]));
    assert!(it.own(false).eq([recover(Reason::Own)]));
    assert!(it.own(false).eq([]));
    assert_eq!(it.fault(), None);
}

#[test]
fn a_reload_remembers_what_the_limits_hid() {
    let mut trackers = [Tracked::new(tracker(-253))];
    let mut it = new(100);
    let tracked = Reason::Tracker(0);
    assert_eq!(
        assess(&mut it, &mut trackers, [Down]),
        [priority(1, tracked)]
    );
    let configured = Reason::Configuration;
    assert!(
        it.configure(Priority::from_wire(200))
            .eq([priority(1, configured)])
    );
    assert_eq!(
        assess(&mut it, &mut trackers, [Up]),
        [priority(200, tracked)]
    );
    assert_eq!(
        assess(&mut it, &mut trackers, [Down]),
        [priority(1, tracked)]
    );
    assert!(
        it.assess([]).eq([priority(200, configured)]),
        "it tracks nothing any more"
    );
}

#[test]
fn what_a_group_decides_else_is_passed_on() {
    let mut it = new(100);
    for event in [Event::Elect, Event::Yield] {
        let reason = Reason::Group;
        assert!(it.group(event).eq([Decision { event, reason }]));
    }
    assert_eq!(it, new(100));
}

/// What the group decided a member is none of the member's own faults, or the group would never let go.
#[test]
fn a_group_sees_what_a_member_would_lack_without_it() {
    let settings = Settings::new(Version::V3, Family::V4, 51);
    let mut router = VirtualRouter::new(Config::try_from(settings).unwrap());
    let mut it = new(100);
    let mut member = Member {
        role: Role::Initialize,
        candidate: false,
        fault: true,
    };
    assert_eq!(it.member(&router), member, "it has no primary address");
    let primary = Some(IpAddr::from([192, 0, 2, 1]));
    let _actions = router.handle(Instant::EPOCH, Event::PrimaryAddress(primary));
    member.fault = false;
    assert_eq!(it.member(&router), member);
    assert_eq!(it.group(Event::Fault).count(), 1);
    assert_eq!(it.member(&router), member);
    assert_eq!(it.own(true).count(), 0);
    member.fault = true;
    assert_eq!(it.member(&router), member);
    assert_eq!(it.own(false).count(), 0);
    let mut tracked = Tracked::new(tracker(0));
    assert_eq!(it.assess([(&mut tracked, Down)]).count(), 0);
    assert_eq!(it.member(&router), member);
}
