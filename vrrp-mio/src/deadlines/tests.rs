//! Tests of the deadlines.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

#[test]
fn due_ids_come_out_in_the_order_of_their_deadlines() {
    let mut deadlines = Deadlines::new();
    deadlines.set(2, Some(at(30)));
    deadlines.set(0, Some(at(10)));
    deadlines.set(1, Some(at(20)));
    assert_eq!(deadlines.wake_up(), Some(at(10)));
    assert_eq!(deadlines.pop_due(at(9)), None);
    assert_eq!(deadlines.pop_due(at(25)), Some(0));
    assert_eq!(deadlines.pop_due(at(25)), Some(1));
    assert_eq!(deadlines.pop_due(at(25)), None);
    assert_eq!(deadlines.wake_up(), Some(at(30)));
}

#[test]
fn a_deadline_put_off_wakes_at_its_old_time_but_is_due_at_its_new_one() {
    let mut deadlines = Deadlines::new();
    deadlines.set(0, Some(at(10)));
    deadlines.set(0, Some(at(50)));
    assert_eq!(deadlines.wake_up(), Some(at(10)));
    assert_eq!(deadlines.pop_due(at(10)), None);
    assert_eq!(deadlines.wake_up(), Some(at(50)));
    assert_eq!(deadlines.pop_due(at(50)), Some(0));
    assert_eq!(deadlines.wake_up(), None);
}

#[test]
fn a_deadline_put_forward_is_due_once_and_at_its_new_time() {
    let mut deadlines = Deadlines::new();
    deadlines.set(0, Some(at(10)));
    deadlines.set(1, Some(at(100)));
    deadlines.set(1, Some(at(5)));
    assert_eq!(deadlines.wake_up(), Some(at(5)));
    assert_eq!(deadlines.pop_due(at(5)), Some(1));
    assert_eq!(deadlines.pop_due(Instant::MAX), Some(0));
    assert_eq!(deadlines.pop_due(Instant::MAX), None);
}

#[test]
fn a_cancelled_deadline_is_never_due() {
    let mut deadlines = Deadlines::new();
    deadlines.set(0, Some(at(10)));
    deadlines.set(0, None);
    deadlines.set(7, None);
    assert_eq!(deadlines.get(0), None);
    assert_eq!(deadlines.pop_due(Instant::MAX), None);
    assert_eq!(deadlines.wake_up(), None);
}

#[test]
fn moving_deadlines_to_and_fro_does_not_grow_the_queue() {
    let mut deadlines = Deadlines::new();
    for nanos in (0..100_000).rev() {
        deadlines.set(0, Some(at(nanos)));
        deadlines.set(2, Some(at(200_000 - nanos)));
        deadlines.set(2, None);
    }
    assert!(deadlines.queue.len() <= 6);
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Set(usize, Option<u64>),
    PopDue(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let id = 0..12_usize;
    // Few distinct times, so that equal deadlines are common.
    let time = prop_oneof![0..20_u64, Just(u64::MAX)];
    prop_oneof![
        4 => (id, proptest::option::weighted(0.8, time.clone())).prop_map(|(id, at)| Op::Set(id, at)),
        3 => time.prop_map(Op::PopDue),
    ]
}

fn earliest(model: &BTreeMap<usize, Instant>) -> Option<(Instant, usize)> {
    model.iter().map(|(&id, &at)| (at, id)).min()
}

fn assert_well_formed(deadlines: &Deadlines) {
    assert!(deadlines.queue.len() <= 2 * deadlines.slots.len());
    for slot in &deadlines.slots {
        if let Some(deadline) = slot.deadline {
            assert!(slot.queued.is_some_and(|queued| queued <= deadline));
        }
    }
}

proptest! {
    #[test]
    fn behaves_as_a_map_searched_from_end_to_end(ops in proptest::collection::vec(op(), 0..200)) {
        let mut deadlines = Deadlines::new();
        let mut model = BTreeMap::new();
        for op in ops {
            match op {
                Op::Set(id, nanos) => {
                    deadlines.set(id, nanos.map(at));
                    match nanos {
                        Some(nanos) => model.insert(id, at(nanos)),
                        None => model.remove(&id),
                    };
                    prop_assert_eq!(deadlines.get(id), model.get(&id).copied());
                }
                Op::PopDue(now) => {
                    let due = earliest(&model).filter(|(deadline, _)| *deadline <= at(now));
                    if let Some((_, id)) = due {
                        model.remove(&id);
                    }
                    prop_assert_eq!(deadlines.pop_due(at(now)), due.map(|(_, id)| id));
                    let asleep = deadlines.wake_up().is_none_or(|wake_up| wake_up > at(now));
                    prop_assert!(due.is_some() || asleep, "would spin");
                }
            }
            if let Some((deadline, _)) = earliest(&model) {
                prop_assert!(deadlines.wake_up().is_some_and(|wake_up| wake_up <= deadline));
            }
            assert_well_formed(&deadlines);
        }
    }
}
