//! Tests of the caches of `lblc` and `lblcr`.

use core::time::Duration;

use super::{Bench, destination, flow, key};
use crate::scheduler::{Request, Schedule, Scheduler};

fn at(seconds: u64) -> Request {
    Request {
        now: Duration::from_secs(seconds),
        ..Request::new(flow(1))
    }
}

#[test]
fn lblc_stays_with_its_destination_even_overloaded() {
    let mut bench = Bench::with(Scheduler::Lblc, &[5, 5]);
    assert_eq!(bench.pick(), Some(2));
    bench.overload(2);
    assert_eq!(bench.pick(), Some(2));
    bench.edit(&destination(2, 0));
    assert_eq!(bench.pick(), Some(1));
}

#[test]
fn lblc_moves_on_when_saturated_while_another_is_half_idle() {
    let mut bench = Bench::with(Scheduler::Lblc, &[4, 4]);
    assert_eq!(bench.pick(), Some(2));
    bench.carry(2, 4, 0);
    assert_eq!(bench.pick(), Some(2), "no more than its weight");
    bench.carry(2, 5, 0);
    bench.carry(1, 2, 0);
    assert_eq!(bench.pick(), Some(2), "the other has half of its weight");
    bench.carry(1, 1, 0);
    assert_eq!(bench.pick(), Some(1));
}

#[test]
fn lblc_knows_a_destination_that_comes_back() {
    let mut bench = Bench::with(Scheduler::Lblc, &[4, 4]);
    assert_eq!(bench.pick(), Some(2));
    bench.remove(2);
    bench.add(2, 4);
    bench.carry(2, 1, 0);
    assert_eq!(bench.pick(), Some(2));
}

#[test]
fn what_was_remembered_of_another_table_is_forgotten() {
    for scheduler in [Scheduler::Lblc, Scheduler::Lblcr] {
        let mut bench = Bench::with(scheduler, &[1]);
        assert_eq!(bench.pick(), Some(1));
        bench.table = Bench::with(scheduler, &[1, 1]).table;
        bench.model.start(&bench.table);
        assert_eq!(bench.pick(), Some(2), "{scheduler}");
    }
}

#[test]
fn lblc_forgets_after_a_day() {
    let mut bench = Bench::with(Scheduler::Lblc, &[4, 4]);
    assert_eq!(bench.pick_for(&at(0)), Some(2));
    bench.carry(2, 1, 0);
    assert_eq!(bench.pick_for(&at(86_000)), Some(2));
    // Idle for a day at 172,400 s; the kernel looks at all of them every 1,800 s.
    let mut late = bench.model.clone();
    assert_eq!(bench.pick_for(&at(172_799)), Some(2));
    assert_eq!(late.pick(&bench.table, &at(172_800)), Some(1));
    assert_eq!(bench.table.get(1).map(|picked| picked.key), Some(key(1)));
}

#[test]
fn lblcr_adds_a_destination_when_saturated_and_passes_overload_over() {
    let mut bench = Bench::with(Scheduler::Lblcr, &[4, 4, 4]);
    assert_eq!(bench.pick(), Some(3));
    bench.carry(3, 5, 0);
    assert_eq!(bench.pick(), Some(2));
    // Both are of the set; the lighter serves although 1 is lighter still.
    bench.carry(2, 1, 0);
    assert_eq!(bench.pick(), Some(2));
    bench.overload(2);
    assert_eq!(bench.pick(), Some(1));
}

#[test]
fn an_overloaded_destination_that_is_half_idle_makes_another_saturated() {
    for (active, picked) in [(2, 2), (1, 3)] {
        let mut bench = Bench::with(Scheduler::Lblc, &[4, 4, 4]);
        bench.edit(&destination(3, 0));
        assert_eq!(bench.pick(), Some(2));
        bench.edit(&destination(3, 4));
        bench.overload(1);
        bench.carry(1, active, 0);
        bench.carry(2, 5, 0);
        bench.carry(3, 2, 0);
        assert_eq!(bench.pick(), Some(picked), "{active} of the overloaded one");
    }
}

#[test]
fn lblcr_leaves_a_member_without_weight() {
    let mut bench = Bench::with(Scheduler::Lblcr, &[4, 4]);
    assert_eq!(bench.pick(), Some(2));
    bench.edit(&destination(2, 0));
    assert_eq!(bench.pick(), Some(1));
}

#[test]
fn lblcr_takes_the_newest_of_equal_members() {
    let mut bench = Bench::with(Scheduler::Lblcr, &[4, 4]);
    assert_eq!(bench.pick(), Some(2));
    bench.carry(2, 5, 0);
    assert_eq!(bench.pick(), Some(1));
    bench.carry(1, 5, 0);
    assert_eq!(bench.pick(), Some(1));
}

#[test]
fn lblcr_sets_loads_of_members_against_weights() {
    let mut bench = Bench::with(Scheduler::Lblcr, &[1, 4]);
    assert_eq!(bench.pick(), Some(2));
    bench.carry(2, 5, 0);
    assert_eq!(bench.pick(), Some(1));
    bench.carry(1, 1, 0);
    bench.carry(2, 3, 0);
    assert_eq!(bench.pick(), Some(2));
}

#[test]
fn lblcr_drops_the_heaviest_member_a_day_after_the_last_change() {
    let mut bench = Bench::with(Scheduler::Lblcr, &[4, 4]);
    assert_eq!(bench.pick_for(&at(0)), Some(2));
    bench.carry(2, 5, 0);
    assert_eq!(bench.pick_for(&at(10)), Some(1));
    bench.carry(1, 1, 0);
    for (now, again) in [(86_410, 2), (86_411, 1)] {
        assert_eq!(bench.pick_for(&at(now)), Some(1));
        // Idle again, 2 is picked if it still is a member.
        let mut later = bench.table.clone();
        let heavy = later.position(&key(2)).unwrap();
        later.set_activity(heavy, crate::record::Activity::default());
        let picked = bench.model.clone().pick(&later, &at(now)).unwrap();
        let picked = later.get(picked).map(|picked| picked.key);
        assert_eq!(picked, Some(key(again)), "{now}");
    }
}

#[test]
fn lblcr_does_not_drop_a_member_without_weight() {
    let mut bench = Bench::with(Scheduler::Lblcr, &[4, 4]);
    assert_eq!(bench.pick_for(&at(0)), Some(2));
    bench.carry(2, 5, 0);
    assert_eq!(bench.pick_for(&at(10)), Some(1));
    bench.edit(&destination(1, 0));
    bench.carry(2, 1, 0);
    assert_eq!(bench.pick_for(&at(80_000)), Some(2));
    assert_eq!(bench.pick_for(&at(90_000)), Some(2));
    // 2 was dropped: it is the only one with a weight.
    bench.edit(&destination(1, 4));
    bench.carry(1, 3, 0);
    assert_eq!(bench.pick_for(&at(90_000)), Some(1));
}
