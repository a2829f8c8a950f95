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
    assert_eq!(deadlines.earliest(), Some(at(10)));
    assert_eq!(deadlines.pop_due(at(9)), None);
    assert_eq!(deadlines.pop_due(at(25)), Some(0));
    assert_eq!(deadlines.pop_due(at(25)), Some(1));
    assert_eq!(deadlines.pop_due(at(25)), None);
    assert_eq!(deadlines.earliest(), Some(at(30)));
}

#[test]
fn a_deadline_put_off_does_not_fire_at_its_old_time() {
    let mut deadlines = Deadlines::new();
    deadlines.set(0, Some(at(10)));
    deadlines.set(0, Some(at(50)));
    assert_eq!(deadlines.pop_due(at(49)), None);
    assert_eq!(deadlines.earliest(), Some(at(50)));
    assert_eq!(deadlines.pop_due(at(50)), Some(0));
    assert_eq!(deadlines.earliest(), None);
}

#[test]
fn a_deadline_put_forward_fires_at_its_new_time() {
    let mut deadlines = Deadlines::new();
    deadlines.set(0, Some(at(10)));
    deadlines.set(1, Some(at(100)));
    deadlines.set(1, Some(at(5)));
    assert_eq!(deadlines.earliest(), Some(at(5)));
    assert_eq!(deadlines.pop_due(at(5)), Some(1));
}

#[test]
fn a_cancelled_deadline_never_fires() {
    let mut deadlines = Deadlines::new();
    deadlines.set(0, Some(at(10)));
    deadlines.set(0, None);
    deadlines.set(7, None);
    assert_eq!(deadlines.get(0), None);
    assert_eq!(deadlines.earliest(), None);
    assert_eq!(deadlines.pop_due(Instant::MAX), None);
}

#[test]
fn putting_one_deadline_off_a_million_times_keeps_one_entry() {
    let mut deadlines = Deadlines::new();
    for nanos in 0..1_000_000 {
        deadlines.set(0, Some(at(nanos)));
        deadlines.set(0, None);
    }
    assert_eq!(deadlines.heap.len(), 1);
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Set(usize, Option<u64>),
    Earliest,
    PopDue(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let id = 0..12_usize;
    // Few distinct times, so that equal deadlines are common.
    let time = prop_oneof![0..20_u64, Just(u64::MAX)];
    prop_oneof![
        4 => (id, proptest::option::weighted(0.8, time.clone())).prop_map(|(id, at)| Op::Set(id, at)),
        1 => Just(Op::Earliest),
        3 => time.prop_map(Op::PopDue),
    ]
}

fn earliest(model: &BTreeMap<usize, Instant>) -> Option<(Instant, usize)> {
    model.iter().map(|(&id, &at)| (at, id)).min()
}

fn assert_well_formed(deadlines: &Deadlines) {
    assert!(deadlines.heap.len() <= deadlines.slots.len());
    for (position, entry) in deadlines.heap.iter().enumerate() {
        assert_eq!(deadlines.slots[entry.id].position, position);
        assert!(deadlines.heap[position.saturating_sub(1) / 2] <= *entry);
        if let Some(deadline) = deadlines.slots[entry.id].deadline {
            assert!(entry.at <= deadline);
        }
    }
    for slot in &deadlines.slots {
        assert!(slot.deadline.is_none() || slot.position != ABSENT);
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
                Op::Earliest => {
                    prop_assert_eq!(deadlines.earliest(), earliest(&model).map(|(at, _)| at));
                }
                Op::PopDue(now) => {
                    let due = earliest(&model).filter(|(deadline, _)| *deadline <= at(now));
                    if let Some((_, id)) = due {
                        model.remove(&id);
                    }
                    prop_assert_eq!(deadlines.pop_due(at(now)), due.map(|(_, id)| id));
                }
            }
            assert_well_formed(&deadlines);
        }
    }
}
