//! Tests of the picks of all schedulers, literally.

mod blocks;
mod caches;
mod hashes;
mod index;
mod properties;

use alloc::vec::Vec;
use core::net::IpAddr;

use super::*;
pub(super) use crate::properties::{destination, flow, key};
use crate::record::Activity;
use crate::table::Table;
use crate::{Destination, KernelProfile};

const NEW: KernelProfile = KernelProfile::TotalConnections;
const OLD: KernelProfile = KernelProfile::Legacy;

/// A table and its scheduler.
struct Bench {
    table: Table,
    model: Model,
}

impl Bench {
    fn new(scheduler: Scheduler, profile: KernelProfile) -> Self {
        let table = Table::new(profile);
        let mut model = Model::new(&scheduler, profile).unwrap();
        model.start(&table);
        Self { table, model }
    }

    /// With destinations 1, 2, … of `weights`, added in this order.
    fn with(scheduler: Scheduler, weights: &[u32]) -> Self {
        let mut bench = Self::new(scheduler, NEW);
        for (number, &weight) in (1..).zip(weights) {
            bench.add(number, weight);
        }
        bench
    }

    fn add(&mut self, number: u8, weight: u32) {
        self.table.add(&destination(number, weight), None).unwrap();
        self.model.added(&self.table);
    }

    fn edit(&mut self, destination: &Destination) {
        self.table.edit(destination).unwrap();
        self.model.edited(&self.table);
    }

    fn remove(&mut self, number: u8) {
        let (position, _) = self.table.remove(&key(number)).unwrap();
        self.model.removed(&self.table, position);
    }

    fn carry(&mut self, number: u8, active: u32, inactive: u32) {
        let position = self.table.position(&key(number)).unwrap();
        let activity = Activity {
            active,
            inactive,
            persistent: 0,
        };
        self.table.set_activity(position, activity);
    }

    /// Makes a destination overloaded without a lasting connection.
    fn overload(&mut self, number: u8) {
        let position = self.table.position(&key(number)).unwrap();
        let before = *self.table.get(position).unwrap();
        self.edit(&bounded(before));
        self.carry(number, 0, 4);
        self.carry(number, 0, 1);
        assert!(self.table.is_overloaded(position));
    }

    fn pick_for(&mut self, request: &Request) -> Option<u8> {
        let position = self.model.pick(&self.table, request)?;
        match self.table.get(position)?.key.address {
            IpAddr::V4(address) => Some(address.octets()[3]),
            IpAddr::V6(_) => None,
        }
    }

    fn pick(&mut self) -> Option<u8> {
        self.pick_for(&Request::new(flow(1)))
    }

    fn picks(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.pick().unwrap()).collect()
    }
}

/// `destination`, overloaded from four connections on until there is none.
const fn bounded(destination: Destination) -> Destination {
    Destination {
        upper: 4,
        lower: 1,
        ..destination
    }
}

/// What goes through the table to pick.
const SCANNING: [Scheduler; 8] = [
    Scheduler::Rr,
    Scheduler::Wrr,
    Scheduler::Lc,
    Scheduler::Wlc,
    Scheduler::Sed,
    Scheduler::Nq,
    Scheduler::Fo,
    Scheduler::Ovf,
];

#[test]
fn nobody_is_picked_of_none() {
    for scheduler in Scheduler::ALL {
        assert_eq!(Bench::with(scheduler, &[]).pick(), None, "{scheduler}");
    }
}

#[test]
fn a_destination_of_weight_0_is_never_picked() {
    for scheduler in Scheduler::ALL {
        assert_eq!(Bench::with(scheduler, &[0]).pick(), None, "{scheduler}");
    }
    for scheduler in SCANNING {
        let mut bench = Bench::with(scheduler, &[0, 1, 0]);
        assert_eq!(bench.picks(3), [2, 2, 2], "{scheduler}");
    }
}

#[test]
fn lc_passes_over_the_least_load_where_there_is_no_weight() {
    let mut bench = Bench::with(Scheduler::Lc, &[0, 1]);
    bench.carry(2, 3, 0);
    assert_eq!(bench.pick(), Some(2));
}

#[test]
fn what_no_listing_tells_is_known_of_each_scheduler() {
    let known = [
        (Scheduler::Rr, Hidden::Cursor),
        (Scheduler::Wrr, Hidden::Rotation),
        (Scheduler::Mh, Hidden::LastWeights),
        (Scheduler::Lblc, Hidden::Cache),
        (Scheduler::Lblcr, Hidden::Cache),
        (Scheduler::Twos, Hidden::Draws),
    ];
    for scheduler in Scheduler::ALL {
        let hidden = known.iter().find(|(other, _)| *other == scheduler);
        let hidden = hidden.map(|(_, hidden)| *hidden);
        assert_eq!(scheduler.hidden(), hidden, "{scheduler}");
    }
}

#[test]
fn an_overloaded_destination_is_passed_over() {
    for scheduler in SCANNING {
        let mut bench = Bench::with(scheduler, &[1, 1, 5]);
        bench.overload(3);
        bench.overload(1);
        assert_eq!(bench.picks(3), [2, 2, 2], "{scheduler}");
    }
}

#[test]
fn a_model_that_takes_charge_of_another_table_knows_nothing_of_the_first() {
    let pairs = Scheduler::ALL
        .into_iter()
        .flat_map(|one| [(one, 1), (one, 2)]);
    for (scheduler, before) in pairs {
        let mut bench = Bench::with(scheduler, &[1, 2, 3]);
        bench.picks(before);
        let mut other = Bench::with(scheduler, &[5, 5]);
        other.model = Model::new(&scheduler, NEW).unwrap();
        other.model.start(&other.table);
        bench.table = other.table.clone();
        bench.model.start(&bench.table);
        assert_eq!(bench.picks(7), other.picks(7), "{scheduler}");
        for number in 0..50 {
            let request = Request::new(flow(number));
            let expected = other.pick_for(&request);
            assert_eq!(bench.pick_for(&request), expected, "{scheduler} {number}");
        }
    }
}

#[test]
fn rr_starts_with_the_newest_and_keeps_its_place_over_edits() {
    let mut bench = Bench::with(Scheduler::Rr, &[1, 1, 1]);
    assert_eq!(bench.picks(4), [3, 2, 1, 3]);
    bench.edit(&destination(3, 7));
    assert_eq!(bench.picks(1), [2]);
    bench.add(4, 1);
    assert_eq!(bench.picks(2), [1, 4]);
}

#[test]
fn rr_falls_back_when_its_last_pick_is_removed() {
    let mut bench = Bench::with(Scheduler::Rr, &[1, 1, 1]);
    assert_eq!(bench.picks(2), [3, 2]);
    bench.remove(2);
    assert_eq!(bench.picks(2), [1, 3]);
    bench.remove(3);
    assert_eq!(bench.picks(2), [1, 1]);
}

#[test]
fn rr_goes_on_when_one_behind_its_last_pick_is_removed() {
    let mut bench = Bench::with(Scheduler::Rr, &[1, 1, 1]);
    assert_eq!(bench.picks(1), [3]);
    bench.remove(1);
    assert_eq!(bench.picks(2), [2, 3]);
}

#[test]
fn rr_may_return_to_the_destination_it_picked_last() {
    let mut bench = Bench::with(Scheduler::Rr, &[0, 1, 0]);
    assert_eq!(bench.picks(2), [2, 2]);
    bench.edit(&destination(2, 0));
    assert_eq!(bench.pick(), None);
    bench.edit(&destination(3, 1));
    assert_eq!(bench.picks(1), [3]);
}

#[test]
fn wrr_keeps_the_current_weight_of_the_first_destination_for_the_first_pass() {
    let mut bench = Bench::with(Scheduler::Wrr, &[1, 2, 3]);
    assert_eq!(
        bench.picks(15),
        [3, 2, 1, 3, 3, 2, 3, 2, 1, 3, 3, 2, 3, 2, 1]
    );
}

#[test]
fn wrr_starts_with_the_greatest_weight_when_it_is_set_afterwards() {
    let mut bench = Bench::with(Scheduler::Rr, &[1, 2, 3]);
    bench.model = Model::new(&Scheduler::Wrr, NEW).unwrap();
    bench.model.start(&bench.table);
    assert_eq!(bench.picks(9), [3, 3, 2, 3, 2, 1, 3, 3, 2]);
}

#[test]
fn wrr_returns_to_the_head_with_every_change() {
    let mut bench = Bench::with(Scheduler::Wrr, &[1, 1, 1]);
    assert_eq!(bench.picks(2), [3, 2]);
    bench.edit(&destination(1, 1));
    assert_eq!(bench.picks(1), [3]);
    bench.remove(3);
    assert_eq!(bench.picks(2), [2, 1]);
}

#[test]
fn wrr_is_not_slowed_by_a_heavy_destination_that_is_overloaded() {
    let mut bench = Bench::with(Scheduler::Wrr, &[1, 2, i32::MAX.cast_unsigned()]);
    bench.overload(3);
    assert_eq!(bench.picks(6), [2, 1, 2, 2, 1, 2]);
    let mut bench = Bench::with(Scheduler::Wrr, &[0, 1, i32::MAX.cast_unsigned()]);
    bench.overload(3);
    assert_eq!(bench.picks(3), [2, 2, 2]);
}

#[test]
fn wrr_brings_its_weight_to_the_new_step_with_an_edit() {
    let mut bench = Bench::with(Scheduler::Wrr, &[1, 2]);
    assert_eq!(bench.picks(3), [2, 1, 2]);
    // Steps of 2 from 3: the pass at 2 becomes one at 3, which only a weight of 4 is served in.
    bench.edit(&destination(1, 4));
    assert_eq!(bench.picks(1), [1]);
    let mut bench = Bench::with(Scheduler::Wrr, &[6, 4]);
    assert_eq!(bench.picks(3), [2, 1, 1]);
}

#[test]
fn wrr_passes_over_the_weights_of_an_overloaded_destination_in_its_steps() {
    let mut bench = Bench::with(Scheduler::Wrr, &[1, 0, 2]);
    bench.edit(&bounded(destination(1, 1024)));
    bench.carry(1, 0, 4);
    bench.carry(1, 0, 1);
    assert_eq!(bench.picks(3), [3, 3, 3]);
    bench.edit(&destination(2, 6));
    assert_eq!(bench.picks(1), [3]);
}

#[test]
fn wrr_goes_back_to_the_head_when_nothing_is_open() {
    let mut bench = Bench::with(Scheduler::Wrr, &[1, 4]);
    for (number, weight) in [(1, 1), (2, 4)] {
        bench.edit(&bounded(destination(number, weight)));
    }
    assert_eq!(bench.picks(3), [2, 1, 2]);
    for connections in [4, 1] {
        bench.carry(1, 0, connections);
        bench.carry(2, 0, connections);
    }
    assert_eq!(bench.pick(), None);
    bench.carry(1, 0, 0);
    bench.carry(2, 0, 0);
    assert_eq!(bench.picks(1), [2]);
}

#[test]
fn lc_looks_at_loads_alone_and_the_first_wins() {
    let mut bench = Bench::with(Scheduler::Lc, &[1, 100, 1]);
    assert_eq!(bench.pick(), Some(3));
    bench.carry(3, 0, 1);
    bench.carry(2, 0, 1);
    assert_eq!(bench.pick(), Some(1));
}

#[test]
fn wlc_sets_loads_against_weights() {
    let mut bench = Bench::with(Scheduler::Wlc, &[1, 3]);
    bench.carry(1, 0, 1);
    bench.carry(2, 0, 3);
    assert_eq!(bench.pick(), Some(2));
    bench.carry(2, 0, 4);
    assert_eq!(bench.pick(), Some(1));
}

#[test]
fn kernels_differ_in_how_an_active_connection_weighs() {
    for (profile, expected) in [(OLD, 2), (NEW, 1)] {
        for scheduler in [Scheduler::Lc, Scheduler::Wlc] {
            let mut bench = Bench::new(scheduler, profile);
            bench.add(1, 1);
            bench.add(2, 1);
            bench.carry(2, 1, 0);
            bench.carry(1, 0, 256);
            assert_eq!(bench.pick(), Some(expected), "{profile:?} {scheduler}");
        }
    }
}

#[test]
fn lc_compares_without_sign_and_wlc_with() {
    for (scheduler, expected) in [(Scheduler::Lc, 2), (Scheduler::Wlc, 1)] {
        let mut bench = Bench::with(scheduler, &[1, 1]);
        bench.carry(1, 1 << 23, 0);
        bench.carry(2, 1, 0);
        assert_eq!(bench.pick(), Some(expected), "{scheduler}");
    }
}

#[test]
fn wlc_may_pick_weight_0_against_a_load_that_wrapped() {
    let mut bench = Bench::with(Scheduler::Wlc, &[0, 1]);
    bench.carry(1, 1 << 23, 0);
    bench.carry(2, 1, 0);
    assert_eq!(bench.pick(), Some(1));
    bench.carry(1, 0, 0);
    assert_eq!(bench.pick(), Some(2));
}

#[test]
fn the_first_of_equals_wins_beyond_the_weights_that_ratios_tell() {
    for scheduler in [Scheduler::Wlc, Scheduler::Sed, Scheduler::Nq] {
        let mut bench = Bench::with(scheduler, &[1 << 17, 1 << 17, 0]);
        for number in 1..=3 {
            bench.carry(number, 1, 0);
        }
        assert_eq!(bench.pick(), Some(2));
    }
}

#[test]
fn sed_counts_the_new_connection_and_no_inactive_ones() {
    let mut bench = Bench::with(Scheduler::Sed, &[1, 2]);
    bench.carry(2, 0, 100);
    assert_eq!(bench.pick(), Some(2));
    bench.carry(2, 1, 100);
    assert_eq!(bench.pick(), Some(2));
    bench.carry(2, 2, 100);
    assert_eq!(bench.pick(), Some(1));
}

#[test]
fn nq_prefers_a_destination_without_active_connections() {
    let mut bench = Bench::with(Scheduler::Nq, &[1, 100]);
    bench.carry(2, 1, 0);
    assert_eq!(bench.pick(), Some(1));
    bench.carry(1, 1, 0);
    assert_eq!(bench.pick(), Some(2));
}

#[test]
fn fo_takes_the_greatest_weight_and_the_first_of_equals() {
    let mut bench = Bench::with(Scheduler::Fo, &[5, 9, 9, 3]);
    assert_eq!(bench.pick(), Some(3));
    bench.edit(&destination(3, 0));
    assert_eq!(bench.pick(), Some(2));
}

#[test]
fn ovf_fills_a_destination_to_one_more_than_its_weight() {
    let mut bench = Bench::with(Scheduler::Ovf, &[1, 2]);
    bench.carry(2, 2, 50);
    assert_eq!(bench.pick(), Some(2));
    bench.carry(2, 3, 50);
    assert_eq!(bench.pick(), Some(1));
    bench.carry(1, 2, 0);
    assert_eq!(bench.pick(), None);
}

#[test]
fn twos_takes_the_lighter_of_two_draws() {
    let mut bench = Bench::with(Scheduler::Twos, &[1, 1, 2]);
    let draws = |first: u32, second: u32| Request {
        // Of 0..=4, both ends included: 0 to 2 is destination 3, 3 is 2, 4 is 1.
        draws: [first * (u32::MAX / 5) + 10, second * (u32::MAX / 5) + 10],
        ..Request::new(flow(1))
    };
    assert_eq!(bench.pick_for(&draws(0, 0)), Some(3));
    assert_eq!(bench.pick_for(&draws(2, 2)), Some(3));
    assert_eq!(bench.pick_for(&draws(3, 4)), Some(2));
    bench.carry(2, 0, 1);
    assert_eq!(bench.pick_for(&draws(3, 4)), Some(1));
    bench.carry(3, 0, 2);
    assert_eq!(
        bench.pick_for(&draws(3, 1)),
        Some(2),
        "equals: the first draw"
    );
    assert_eq!(
        bench.pick_for(&draws(1, 3)),
        Some(3),
        "equals: the first draw"
    );
}

#[test]
fn names_of_schedulers_without_model_are_told() {
    let other: Scheduler = Scheduler::named("sched-of-mine").unwrap();
    let error = Model::new(&other, NEW).unwrap_err();
    assert_eq!(
        alloc::string::ToString::to_string(&error),
        "no model of scheduler sched-of-mine"
    );
    let mut none = Bench::with(Scheduler::named("none").unwrap(), &[1]);
    assert_eq!(none.pick(), None);
}
