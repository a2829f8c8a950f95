//! Tests of counters, thresholds and the order of a table.

use core::net::Ipv4Addr;

use alloc::vec::Vec;
use proptest::prelude::*;

use super::overload::Thresholds;
use super::*;
use crate::Forwarding;

const NEW: KernelProfile = KernelProfile::TotalConnections;
const OLD: KernelProfile = KernelProfile::Legacy;

fn destination(number: u8, weight: u32, upper: u32, lower: u32) -> Destination {
    let key = DestinationKey::new(Ipv4Addr::new(10, 3, 0, number).into(), 80);
    Destination {
        upper,
        lower,
        ..Destination::new(key, Forwarding::Masquerade, weight)
    }
}

fn activity(active: u32, inactive: u32) -> Activity {
    Activity {
        active,
        inactive,
        persistent: 0,
    }
}

/// A table of one destination with thresholds `upper` and `lower`.
fn table(profile: KernelProfile, upper: u32, lower: u32) -> Table {
    let mut table = Table::new(profile);
    table.add(&destination(1, 1, upper, lower), None).unwrap();
    table
}

fn bind(table: &mut Table, count: usize) {
    (0..count).for_each(|_| table.bind(0));
}

fn unbind(table: &mut Table, count: usize) {
    (0..count).for_each(|_| table.unbind(0, false));
}

#[test]
fn a_template_that_goes_overloads_nothing() {
    let mut table = table(OLD, 4, 1);
    bind(&mut table, 3);
    table.change(0, ConnectionCounts::bind_template);
    table.change(0, ConnectionCounts::unbind_template);
    assert!(!table.is_overloaded(0));
}

#[test]
fn delay_counts_the_connection_that_is_to_come() {
    assert_eq!(activity(3, 9).delay(), 4);
    assert_eq!(activity(u32::MAX, 0).delay(), 0);
}

#[test]
fn a_table_is_empty_until_a_destination_is_added() {
    assert!(Table::new(NEW).is_empty());
    assert!(!table(NEW, 0, 0).is_empty());
}

#[test]
fn the_newest_destination_is_the_first() {
    let mut table = Table::new(NEW);
    for number in [1, 2, 3] {
        table.add(&destination(number, 1, 0, 0), None).unwrap();
    }
    table.edit(&destination(1, 9, 0, 0)).unwrap();
    let (position, _) = table.remove(&destination(2, 1, 0, 0).key).unwrap();
    assert_eq!(position, 1);
    table.add(&destination(2, 5, 0, 0), None).unwrap();
    let weights: Vec<u32> = table.destinations().iter().map(|d| d.weight).collect();
    assert_eq!(weights, [5, 1, 9]);
}

#[test]
fn a_kernel_refuses_what_it_cannot_hold() {
    let mut table = table(NEW, 0, 0);
    let same = destination(1, 1, 0, 0);
    assert_eq!(table.add(&same, None), Err(DestinationError::Exists));
    let other = destination(2, 1, 0, 0);
    assert_eq!(table.edit(&other), Err(DestinationError::Missing));
    assert_eq!(table.remove(&other.key), None);
    assert_eq!(
        table.edit(&destination(1, 1 << 31, 0, 0)),
        Err(DestinationError::Weight(1 << 31))
    );
    assert_eq!(
        table.edit(&destination(1, 1, 1, 2)),
        Err(DestinationError::Thresholds { upper: 1, lower: 2 })
    );
    let wide = destination(2, 1, 1 << 31, 0);
    assert_eq!(
        table.add(&wide, None),
        Err(DestinationError::Upper(1 << 31))
    );
    assert_eq!(Table::new(OLD).add(&wide, None), Ok(()));
}

#[test]
fn overload_begins_at_the_upper_and_ends_below_the_lower_threshold() {
    for profile in [OLD, NEW] {
        let mut table = table(profile, 4, 2);
        bind(&mut table, 3);
        assert!(!table.is_overloaded(0), "{profile:?}");
        bind(&mut table, 1);
        assert!(table.is_overloaded(0), "{profile:?}");
        unbind(&mut table, 2);
        assert!(table.is_overloaded(0), "{profile:?}: 2 is not below 2");
        unbind(&mut table, 1);
        assert!(!table.is_overloaded(0), "{profile:?}");
    }
}

#[test]
fn without_lower_threshold_overload_ends_below_three_quarters() {
    for (profile, upper, ends_at) in [(NEW, 8, 5), (OLD, 8, 5), (NEW, 5, 3), (OLD, 5, 3)] {
        let mut table = table(profile, upper, 0);
        bind(&mut table, upper as usize);
        assert!(table.is_overloaded(0));
        let mut left = upper;
        while table.is_overloaded(0) {
            unbind(&mut table, 1);
            left -= 1;
        }
        assert_eq!(left, ends_at, "{profile:?} {upper}");
    }
}

#[test]
fn active_and_inactive_connections_count_alike_towards_thresholds() {
    let mut table = table(NEW, 3, 0);
    bind(&mut table, 2);
    table.activate(0, true);
    bind(&mut table, 1);
    assert!(table.is_overloaded(0));
    table.activate(0, false);
    assert!(table.is_overloaded(0));
    assert_eq!(table.activity(0), activity(0, 3));
}

#[test]
fn lowering_the_upper_threshold_overloads_at_once_or_with_the_next_connection() {
    for (profile, at_once) in [(NEW, true), (OLD, false)] {
        let mut table = table(profile, 0, 0);
        bind(&mut table, 5);
        table.edit(&destination(1, 1, 3, 0)).unwrap();
        assert_eq!(table.is_overloaded(0), at_once, "{profile:?}");
        bind(&mut table, 1);
        assert_eq!(table.is_overloaded(0), !at_once || profile == NEW);
    }
}

#[test]
fn since_total_connections_count_only_reaching_a_threshold_overloads() {
    // Counts that begin above the upper threshold cannot reach it.
    let mut table = table(NEW, 3, 0);
    table.set_activity(0, activity(0, 5));
    assert!(table.is_overloaded(0));
    table.edit(&destination(1, 1, 9, 0)).unwrap();
    assert!(!table.is_overloaded(0), "5 is below 7");
    table.edit(&destination(1, 1, 9, 4)).unwrap();
    assert!(!table.is_overloaded(0), "between the thresholds it stays");
    bind(&mut table, 4);
    assert!(table.is_overloaded(0));
    table.edit(&destination(1, 1, 10, 4)).unwrap();
    assert!(table.is_overloaded(0), "between the thresholds it stays");
}

#[test]
fn raising_the_upper_threshold_ends_overload_on_older_kernels() {
    let mut table = table(OLD, 3, 1);
    bind(&mut table, 3);
    table.edit(&destination(1, 1, 3, 2)).unwrap();
    assert!(table.is_overloaded(0));
    table.edit(&destination(1, 1, 4, 2)).unwrap();
    assert!(!table.is_overloaded(0));
}

#[test]
fn templates_count_for_older_kernels_only_as_an_occasion_to_look() {
    for (profile, overloaded) in [(NEW, true), (OLD, false)] {
        let mut table = table(profile, 0, 0);
        bind(&mut table, 5);
        table.edit(&destination(1, 1, 3, 0)).unwrap();
        assert_eq!(table.is_overloaded(0), overloaded);
        table.bind_template(0);
        assert!(table.is_overloaded(0));
        table.unbind_template(0);
        assert!(table.is_overloaded(0));
        assert_eq!(table.activity(0), activity(0, 5));
    }
}

#[test]
fn a_destination_that_comes_back_brings_its_connections_and_overload() {
    let mut table = table(NEW, 4, 1);
    bind(&mut table, 4);
    unbind(&mut table, 2);
    let key = destination(1, 1, 4, 1).key;
    let (_, removed) = table.remove(&key).unwrap();
    assert_eq!(removed.activity(), activity(0, 2));
    let mut forgotten = table.clone();
    forgotten.add(&destination(1, 1, 4, 1), None).unwrap();
    assert!(!forgotten.is_overloaded(0));
    table.add(&destination(1, 1, 4, 1), Some(removed)).unwrap();
    assert!(table.is_overloaded(0));
    assert_eq!(table.activity(0), activity(0, 2));
}

#[test]
fn the_last_weight_outlives_an_edit_to_0_but_not_a_return() {
    let mut table = table(NEW, 0, 0);
    table.edit(&destination(1, 7, 0, 0)).unwrap();
    table.edit(&destination(1, 0, 0, 0)).unwrap();
    assert_eq!(table.last_weights().collect::<Vec<_>>(), [7]);
    let (_, removed) = table.remove(&destination(1, 0, 0, 0).key).unwrap();
    table.add(&destination(1, 0, 0, 0), Some(removed)).unwrap();
    assert_eq!(table.last_weights().collect::<Vec<_>>(), [0]);
}

#[test]
fn a_listing_restores_order_and_counters_and_says_what_it_cannot_tell() {
    let record = |number, total| DestinationRecord {
        destination: destination(number, 1, 4, 1),
        activity: activity(0, total),
        statistics: crate::record::Statistics::default(),
    };
    let table = Table::from_records(NEW, &[record(1, 0), record(2, 2), record(3, 4)]).unwrap();
    let keys: Vec<_> = table.destinations().iter().map(|d| d.key).collect();
    assert_eq!(
        keys,
        [1, 2, 3].map(|number| destination(number, 1, 0, 0).key)
    );
    assert_eq!(table.activity(1), activity(0, 2));
    assert_eq!(
        [0, 1, 2].map(|at| table.is_overloaded(at)),
        [false, false, true]
    );
    assert_eq!(
        [0, 1, 2].map(|at| table.is_ambiguous(at)),
        [false, true, false]
    );
}

#[test]
fn only_between_its_thresholds_a_destination_may_be_overloaded_or_not() {
    for (profile, upper, lower, ambiguous) in [
        (NEW, 4, 2, [false, false, true, true, false, false]),
        (NEW, 4, 0, [false, false, false, true, false, false]),
        (NEW, 0, 0, [false; 6]),
        // With an upper threshold that was lowered, above it too.
        (OLD, 4, 2, [false, false, true, true, true, true]),
        (OLD, 4, 0, [false, false, false, true, true, true]),
        (OLD, 0, 0, [false; 6]),
    ] {
        let mut table = table(profile, upper, lower);
        for (total, expected) in (0..).zip(ambiguous) {
            table.set_activity(0, activity(0, total));
            assert_eq!(
                table.is_ambiguous(0),
                expected,
                "{profile:?} {upper} {lower} {total}"
            );
        }
        assert!(!table.is_ambiguous(1));
    }
}

#[test]
fn a_connection_that_becomes_active_does_not_make_older_kernels_look_at_thresholds() {
    let mut table = table(OLD, 8, 0);
    bind(&mut table, 4);
    table.edit(&destination(1, 1, 4, 0)).unwrap();
    table.activate(0, true);
    assert!(!table.is_overloaded(0), "4 of 4, but none came");
    bind(&mut table, 1);
    assert!(table.is_overloaded(0));
    unbind(&mut table, 2);
    table.edit(&destination(1, 1, 4, 4)).unwrap();
    table.activate(0, false);
    assert!(table.is_overloaded(0), "3 is below 4, but none went");
    unbind(&mut table, 1);
    assert!(!table.is_overloaded(0));
}

#[test]
fn what_is_removed_tells_whether_it_was_overloaded() {
    for (connections, overloaded) in [(1, false), (2, true)] {
        let mut table = table(NEW, 2, 0);
        bind(&mut table, connections);
        let (_, counts) = table.remove(&destination(1, 1, 0, 0).key).unwrap();
        assert_eq!(counts.is_overloaded(), overloaded);
        assert!(!counts.is_idle());
    }
}

#[test]
fn the_load_weighs_an_active_connection_256_or_257_times() {
    for (profile, load) in [(OLD, 2 * 256 + 3), (NEW, 2 * 257 + 3)] {
        let mut table = table(profile, 0, 0);
        table.set_activity(0, activity(2, 3));
        assert_eq!(table.loads(), [load]);
    }
}

/// The flag by the reference's rules for one connection that comes or goes.
fn step(
    profile: KernelProfile,
    (upper, lower): (u32, u32),
    total: u32,
    up: bool,
    flag: bool,
) -> bool {
    let release = if lower == 0 {
        upper - (upper >> 2)
    } else {
        lower
    };
    match (profile, up) {
        (OLD, true) => flag || (upper != 0 && total >= upper),
        (OLD, false) if lower != 0 => flag && total >= lower,
        (OLD, false) if upper != 0 => flag && total * 4 >= upper * 3,
        (OLD, false) => false,
        (NEW, true) if total == upper => upper != 0 && (total >= release || flag),
        (NEW, false) if total + 1 == release => upper != 0 && total >= upper,
        (NEW, _) => flag,
    }
}

proptest! {
    #[test]
    fn counting_at_once_is_counting_one_by_one(
        (upper, lower) in (0..12_u32, 0..12_u32).prop_map(|(a, b)| (a.max(b), a.min(b))),
        from in 0..16_u32,
        to in 0..16_u32,
        flag: bool,
        legacy: bool,
    ) {
        let profile = if legacy { OLD } else { NEW };
        let mut total = from;
        let mut expected = flag;
        while total != to {
            let up = to > total;
            total = if up { total + 1 } else { total - 1 };
            expected = step(profile, (upper, lower), total, up, expected);
        }
        let thresholds = Thresholds::of(&destination(1, 1, upper, lower));
        prop_assert_eq!(thresholds.count(profile, from, to, flag), expected);
    }
}
