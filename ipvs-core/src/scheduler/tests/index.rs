//! Tests of the index after each kind of change.

use super::{NEW, destination, flow, key};
use crate::record::Activity;
use crate::scheduler::{Criterion, Indexed, Request};
use crate::table::{DestinationError, Table};

/// Destinations 1 to 5 of weight 1, at positions 4 to 0.
fn index(criterion: Criterion) -> Indexed {
    let mut index = Indexed::new(criterion, Table::new(NEW));
    for number in 1..=5 {
        index.add(&destination(number, 1), None).unwrap();
    }
    index
}

fn carry(index: &mut Indexed, position: usize, active: u32) {
    let activity = Activity {
        active,
        ..Activity::default()
    };
    index.set_activity(position, activity);
}

fn pick(index: &mut Indexed) -> Option<usize> {
    index.pick(&Request::new(flow(1)))
}

#[test]
fn counts_move_the_pick() {
    for criterion in [Criterion::Lc, Criterion::Wlc, Criterion::Sed] {
        let mut index = index(criterion);
        for position in 0..5 {
            assert_eq!(pick(&mut index), Some(position), "{criterion:?}");
            index.bind(position);
            assert_eq!(index.table().activity(position).inactive, 1);
            index.activate(position, true);
        }
        assert_eq!(pick(&mut index), Some(0));
        index.activate(3, false);
        assert_eq!(index.table().activity(3).inactive, 1);
        assert_eq!(pick(&mut index), Some(3));
        index.unbind(3, false);
        carry(&mut index, 3, 2);
        assert_eq!(pick(&mut index), Some(0));
        index.unbind(4, true);
        assert_eq!(index.table().activity(4), Activity::default());
        assert_eq!(pick(&mut index), Some(4));
    }
}

#[test]
fn nothing_is_picked_without_a_weight() {
    for criterion in [Criterion::Lc, Criterion::Wlc, Criterion::Sed] {
        let mut index = index(criterion);
        for number in 1..=5 {
            index.edit(&destination(number, 0)).unwrap();
        }
        assert_eq!(pick(&mut index), None, "{criterion:?}");
    }
}

#[test]
fn edits_move_the_pick() {
    let mut index = index(Criterion::Wlc);
    for position in 0..5 {
        carry(&mut index, position, 2);
    }
    assert_eq!(pick(&mut index), Some(0));
    assert_eq!(index.edit(&destination(3, 2)), Ok(2));
    assert_eq!(pick(&mut index), Some(2));
    assert_eq!(index.edit(&destination(3, 0)), Ok(2));
    assert_eq!(pick(&mut index), Some(0));
    assert_eq!(
        index.edit(&destination(9, 1)),
        Err(DestinationError::Missing)
    );
}

#[test]
fn a_removed_destination_is_returned_with_its_place_and_what_it_carried() {
    let mut index = index(Criterion::Lc);
    carry(&mut index, 3, 7);
    assert_eq!(pick(&mut index), Some(0));
    let (position, counts) = index.remove(&key(2)).unwrap();
    assert_eq!((position, counts.activity().active), (3, 7));
    assert_eq!(index.remove(&key(2)), None);
    for position in 0..3 {
        carry(&mut index, position, 1);
    }
    assert_eq!(pick(&mut index), Some(3));
    assert_eq!(index.table().get(3).map(|last| last.key), Some(key(1)));
    index.add(&destination(2, 1), Some(counts)).unwrap();
    assert_eq!(index.table().activity(0).active, 7);
    assert_eq!(pick(&mut index), Some(4));
}

#[test]
fn while_a_load_has_wrapped_the_pick_is_that_of_the_kernels_scan() {
    let mut index = index(Criterion::Wlc);
    for position in 0..5 {
        carry(&mut index, position, 1);
    }
    index.edit(&destination(1, 0)).unwrap();
    // A scan takes even a destination without weight if its load is below zero.
    carry(&mut index, 4, 1 << 23);
    assert_eq!(pick(&mut index), Some(4));
    index.add(&destination(6, 0), None).unwrap();
    assert_eq!(pick(&mut index), Some(5));
    index.remove(&key(6)).unwrap();
    assert_eq!(pick(&mut index), Some(4));
    carry(&mut index, 2, 1 << 23);
    assert_eq!(pick(&mut index), Some(4));
    carry(&mut index, 4, 1);
    assert_eq!(pick(&mut index), Some(2));
    carry(&mut index, 2, 1);
    assert_eq!(pick(&mut index), Some(0));
}
