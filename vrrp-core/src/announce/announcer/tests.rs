use std::vec;
use std::vec::Vec;

use super::*;
use crate::announce::Settings;

const MAC: Option<MacAddr> = Some(MacAddr([2, 0, 0, 0, 0, 1]));

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn announcer(arp: u64, neighbor: u64) -> Announcer {
    Announcer::new(
        Config::default(),
        Duration::from_millis(arp),
        Duration::from_millis(neighbor),
    )
}

fn slots(families: &[Family]) -> Vec<Slot> {
    let mut slots = vec![Slot::EMPTY; families.len()];
    for (slot, family) in slots.iter_mut().zip(families) {
        assert!(slot.install(*family, MAC));
    }
    slots
}

fn drain(announcer: &mut Announcer, now: u64, slots: &mut [Slot]) -> Vec<usize> {
    core::iter::from_fn(|| announcer.next(at(now), slots)).collect()
}

#[test]
fn neighbour_advertisements_do_not_wait_for_gratuitous_arp() {
    let mut announcer = announcer(500, 0);
    let mut slots = slots(&[Family::V4, Family::V4, Family::V6]);
    for position in 0..3 {
        announcer.owe(&mut slots, position, 3);
    }
    assert_eq!(drain(&mut announcer, 1_000, &mut slots), [0, 2, 2, 2]);
    assert_eq!(announcer.deadline(), Some(at(1_500)));
    assert_eq!(drain(&mut announcer, 1_499, &mut slots), [0; 0]);
    assert_eq!(drain(&mut announcer, 1_500, &mut slots), [1]);
    announcer.clear(&mut slots);
    assert_eq!(announcer.deadline(), None);
    assert!(!announcer.is_idle(at(1_999)), "the pace is remembered");
    assert!(announcer.is_idle(at(2_000)));
}

#[test]
fn both_kinds_go_in_turns_where_neither_has_a_pace() {
    let mut announcer = announcer(0, 0);
    let mut slots = slots(&[Family::V4, Family::V4, Family::V6, Family::V6]);
    for position in 0..4 {
        announcer.owe(&mut slots, position, 1);
    }
    assert_eq!(drain(&mut announcer, 0, &mut slots), [0, 2, 1, 3]);
}

#[test]
fn every_address_has_its_first_copy_before_any_has_its_second() {
    let mut slots = slots(&[Family::V4; 3]);
    let mut by_owing = announcer(0, 0);
    for position in 0..3 {
        by_owing.owe(&mut slots, position, 2);
    }
    assert_eq!(drain(&mut by_owing, 0, &mut slots), [0, 1, 2, 0, 1, 2]);
    assert_eq!(by_owing.deadline(), None);
    let settings = Settings {
        repeat: 2,
        delay: Duration::ZERO,
        ..Settings::default()
    };
    let config = Config::try_from(settings).unwrap();
    let mut by_schedule = Announcer::new(config, Duration::ZERO, Duration::ZERO);
    by_schedule.start(at(0), Announcement::NewActive);
    assert_eq!(by_schedule.deadline(), Some(at(0)));
    assert_eq!(drain(&mut by_schedule, 0, &mut slots), [0, 1, 2, 0, 1, 2]);
    assert!(by_schedule.is_idle(at(0)));
}

#[test]
fn a_block_that_comes_while_another_is_owed_does_not_add_up() {
    let mut announcer = announcer(0, 0);
    let mut slots = slots(&[Family::V4; 2]);
    announcer.owe(&mut slots, 0, 5);
    assert_eq!(announcer.next(at(0), &mut slots), Some(0));
    assert_eq!(announcer.next(at(0), &mut slots), Some(0));
    announcer.owe(&mut slots, 0, 1);
    announcer.owe(&mut slots, 1, 1);
    announcer.owe(&mut slots, 0, 4);
    assert_eq!(drain(&mut announcer, 0, &mut slots), [0, 1, 0, 0, 0]);
}

/// D4: an address is announced once it is in place, never before.
#[test]
fn an_address_that_is_not_in_place_is_passed_over_and_can_be_owed_anew() {
    let mut announcer = announcer(0, 0);
    let mut slots = vec![Slot::EMPTY; 3];
    slots[1].install(Family::V4, MAC);
    announcer.owe(&mut slots, 0, 3);
    announcer.start(at(0), Announcement::NewActive);
    assert_eq!(drain(&mut announcer, 0, &mut slots), [1; 5]);
    announcer.owe(&mut slots, 1, 3);
    slots[1].remove();
    assert_eq!(drain(&mut announcer, 0, &mut slots), [0; 0]);
    assert!(slots[1].install(Family::V4, MAC));
    assert!(!slots[1].install(Family::V4, MAC), "it was there");
    announcer.owe(&mut slots, 1, 1);
    announcer.owe(&mut slots, 1, 0);
    assert_eq!(drain(&mut announcer, 0, &mut slots), [1]);
    // A link without address resolution has nobody to tell.
    assert!(slots[2].install(Family::V4, None));
    announcer.owe(&mut slots, 2, 1);
    assert_eq!(drain(&mut announcer, 0, &mut slots), [0; 0]);
    assert!(slots[2].is_installed());
}

#[test]
fn an_address_that_left_its_queue_and_came_back_is_queued_once() {
    let mut announcer = announcer(0, 0);
    let mut slots = slots(&[Family::V4; 2]);
    announcer.owe(&mut slots, 0, 2);
    announcer.owe(&mut slots, 1, 2);
    slots[0].remove();
    slots[0].install(Family::V4, MAC);
    announcer.owe(&mut slots, 0, 1);
    assert_eq!(drain(&mut announcer, 0, &mut slots), [0, 1, 1]);
}

#[test]
fn frames_keep_their_distance_and_a_late_caller_does_not_catch_up() {
    let mut announcer = announcer(10, 0);
    let mut slots = slots(&[Family::V4; 60]);
    announcer.start(at(100), Announcement::NewActive);
    assert_eq!(drain(&mut announcer, 100, &mut slots), [0]);
    assert_eq!(drain(&mut announcer, 109, &mut slots), [0; 0]);
    assert_eq!(announcer.deadline(), Some(at(110)));
    assert_eq!(drain(&mut announcer, 500, &mut slots), [1]);
    assert_eq!(announcer.deadline(), Some(at(510)));
}

#[test]
fn bursts_faster_than_the_pace_still_reach_the_last_address() {
    let mut announcer = announcer(0, 0);
    let mut slots = slots(&[Family::V4; 5]);
    let mut seen = [0; 5];
    for round in 0..5 {
        announcer.start(at(round), Announcement::NewActive);
        for _ in 0..2 {
            seen[announcer.next(at(round), &mut slots).unwrap()] += 1;
        }
    }
    assert_eq!(seen, [2, 2, 2, 2, 2]);
}

#[test]
fn a_frame_that_found_no_room_is_sent_again_later() {
    for copies in [1, 2] {
        let mut announcer = announcer(0, 0);
        let mut slots = slots(&[Family::V4; 2]);
        announcer.owe(&mut slots, 0, copies);
        announcer.owe(&mut slots, 1, copies);
        assert_eq!(announcer.next(at(0), &mut slots), Some(0));
        announcer.blocked(&mut slots, at(1));
        assert_eq!(announcer.deadline(), Some(at(1)));
        assert_eq!(drain(&mut announcer, 0, &mut slots), [0; 0]);
        let mut sent = drain(&mut announcer, 1, &mut slots);
        sent.sort_unstable();
        let all: Vec<_> = [0, 1]
            .map(|position| [position].repeat(copies.into()))
            .concat();
        assert_eq!(sent, all);
    }
}

#[test]
fn one_call_looks_at_no_more_than_64_positions() {
    let mut announcer = announcer(0, 0);
    let mut slots = vec![Slot::EMPTY; 200];
    slots[199].install(Family::V4, MAC);
    announcer.start(at(0), Announcement::NewActive);
    for _ in 0..3 {
        assert_eq!(announcer.next(at(0), &mut slots), None);
        assert_eq!(announcer.deadline(), Some(at(0)), "go on at once");
    }
    assert_eq!(announcer.next(at(0), &mut slots), Some(199));
}

#[test]
fn another_pace_holds_from_now_on() {
    let mut announcer = announcer(10_000, 0);
    let mut slots = slots(&[Family::V4; 2]);
    announcer.start(at(0), Announcement::NewActive);
    assert_eq!(drain(&mut announcer, 0, &mut slots), [0]);
    let config = *announcer.schedule().config();
    let tenth = Duration::from_millis(100);
    announcer.configure(at(50), config, tenth, Duration::ZERO, true);
    assert_eq!(announcer.deadline(), Some(at(150)));
    assert_eq!(drain(&mut announcer, 150, &mut slots), [1]);
    assert_eq!(announcer.deadline(), Some(at(250)));
}
