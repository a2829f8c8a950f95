//! Random changes, counters and picks: the models against the second ones, the index against the
//! scan.

use proptest::prelude::*;

use super::naive::Naive;
use super::{destination, flow, key};
use crate::scheduler::scan::lightest;
use crate::scheduler::{Criterion, Indexed, Lc, Model, Request, Schedule, Scheduler, Sed, Wlc};
use crate::{Activity, Destination, Flags, KernelProfile, Table, Trash};

#[derive(Clone, Copy, Debug)]
enum Op {
    Add {
        number: u8,
        weight: u32,
        upper: u32,
        lower: u32,
    },
    Edit {
        number: u8,
        weight: u32,
        upper: u32,
        lower: u32,
    },
    Remove {
        number: u8,
    },
    Carry {
        number: u8,
        active: u32,
        inactive: u32,
    },
    Bind {
        number: u8,
    },
    Unbind {
        number: u8,
    },
    Restart,
    Pick {
        client: u8,
        flags: u32,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let number = || 0..12_u8;
    let weight = || prop_oneof![Just(0), Just(1), Just(6), 1..13_u32];
    let thresholds = || (0..8_u32, 0..8_u32).prop_map(|(a, b)| (a.max(b), a.min(b)));
    prop_oneof![
        3 => (number(), weight(), thresholds()).prop_map(|(number, weight, (upper, lower))| Op::Add {
            number, weight, upper, lower }),
        2 => (number(), weight(), thresholds()).prop_map(|(number, weight, (upper, lower))| Op::Edit {
            number, weight, upper, lower }),
        1 => number().prop_map(|number| Op::Remove { number }),
        3 => (number(), 0..9_u32, 0..9_u32).prop_map(|(number, active, inactive)| Op::Carry {
            number, active, inactive }),
        2 => number().prop_map(|number| Op::Bind { number }),
        2 => number().prop_map(|number| Op::Unbind { number }),
        1 => Just(Op::Restart),
        9 => (any::<u8>(), any::<u32>()).prop_map(|(client, flags)| Op::Pick { client, flags }),
    ]
}

fn edited(number: u8, weight: u32, upper: u32, lower: u32) -> Destination {
    Destination {
        upper,
        lower,
        ..destination(number, weight)
    }
}

fn request(client: u8, flags: u32) -> Request {
    Request {
        flags: Flags::from_bits(flags),
        ..Request::new(flow(client))
    }
}

fn activity(active: u32, inactive: u32) -> Activity {
    Activity {
        active,
        inactive,
        persistent: 0,
    }
}

fn profile() -> impl Strategy<Value = KernelProfile> {
    prop_oneof![
        Just(KernelProfile::Legacy),
        Just(KernelProfile::TotalConnections)
    ]
}

const SERVICE: crate::ServiceKey = crate::ServiceKey::udp(
    core::net::IpAddr::V4(core::net::Ipv4Addr::new(10, 1, 0, 1)),
    80,
);

/// Applies `op` to a table with its models; picks are returned.
fn apply(
    op: Op,
    scheduler: Scheduler,
    table: &mut Table,
    trash: &mut Trash,
    model: &mut Model,
    naive: &mut Naive,
) -> Result<(), TestCaseError> {
    let now = core::time::Duration::ZERO;
    match op {
        Op::Add {
            number,
            weight,
            upper,
            lower,
        } => {
            if table.position(&key(number)).is_none() {
                let removed = trash.revive(now, &SERVICE, &key(number));
                let added = edited(number, weight, upper, lower);
                prop_assert_eq!(table.add(&added, removed), Ok(()));
                model.added(table);
                naive.changed(scheduler, table, None);
            }
        }
        Op::Edit {
            number,
            weight,
            upper,
            lower,
        } => {
            if table.edit(&edited(number, weight, upper, lower)).is_ok() {
                model.edited(table);
                if scheduler != Scheduler::Dh {
                    naive.changed(scheduler, table, None);
                }
            }
        }
        Op::Remove { number } => {
            if let Some((position, removed)) = table.remove(&key(number)) {
                trash.keep(now, &SERVICE, key(number), removed);
                model.removed(table, position);
                let previous = position.checked_sub(1).and_then(|before| table.get(before));
                let previous = previous.map(|before| before.key);
                naive.changed(scheduler, table, Some((key(number), previous)));
            }
        }
        Op::Carry {
            number,
            active,
            inactive,
        } => {
            if let Some(position) = table.position(&key(number)) {
                table.set_activity(position, activity(active, inactive));
            }
        }
        Op::Bind { number } => {
            if let Some(position) = table.position(&key(number)) {
                table.bind(position);
            }
        }
        Op::Unbind { number } => {
            if let Some(position) = table.position(&key(number)) {
                table.unbind(position, number % 2 == 0);
            }
        }
        Op::Restart => {
            model.start(table);
            naive.start(scheduler, table);
        }
        Op::Pick { client, flags } => {
            let request = request(client, flags);
            let picked = model.pick(table, &request);
            let picked = picked
                .and_then(|position| table.get(position))
                .map(|picked| picked.key);
            prop_assert_eq!(picked, naive.pick(scheduler, table, &request));
        }
    }
    Ok(())
}

/// The schedulers that the second model has.
fn transcribed() -> impl Strategy<Value = Scheduler> {
    let mut all = Scheduler::ALL.to_vec();
    all.retain(|scheduler| !matches!(scheduler, Scheduler::Mh | Scheduler::Twos));
    proptest::sample::select(all)
}

proptest! {
    #[test]
    fn models_pick_what_the_pseudocode_picks(
        ops in proptest::collection::vec(op(), 1..80),
        scheduler in transcribed(),
        profile in profile(),
    ) {
        let mut table = Table::new(profile);
        let mut trash = Trash::new();
        let mut model = Model::new(&scheduler, profile).unwrap();
        let mut naive = Naive::default();
        model.start(&table);
        naive.start(scheduler, &table);
        for op in ops {
            apply(op, scheduler, &mut table, &mut trash, &mut model, &mut naive)?;
        }
    }

    #[test]
    fn only_open_destinations_are_picked(
        ops in proptest::collection::vec(op(), 1..60),
        scheduler in proptest::sample::select(alloc::vec![Scheduler::Mh, Scheduler::Twos]),
        draws: [u32; 2],
    ) {
        let profile = KernelProfile::TotalConnections;
        let mut table = Table::new(profile);
        let mut model = Model::new(&scheduler, profile).unwrap();
        model.start(&table);
        for op in ops {
            match op {
                Op::Add { number, weight, upper, lower } => {
                    if table.add(&edited(number, weight, upper, lower), None).is_ok() {
                        model.added(&table);
                    }
                }
                Op::Edit { number, weight, upper, lower } => {
                    if table.edit(&edited(number, weight, upper, lower)).is_ok() {
                        model.edited(&table);
                    }
                }
                Op::Remove { number } => {
                    if let Some((position, _)) = table.remove(&key(number)) {
                        model.removed(&table, position);
                    }
                }
                Op::Carry { number, .. } | Op::Bind { number } | Op::Unbind { number } => {
                    if let Some(position) = table.position(&key(number)) {
                        table.bind(position);
                    }
                }
                Op::Restart => model.start(&table),
                Op::Pick { client, flags } => {
                    let request = Request { draws, ..request(client, flags) };
                    let picked = model.pick(&table, &request);
                    prop_assert!(picked.is_none_or(|position| table.is_open(position)));
                }
            }
        }
    }

    #[test]
    fn an_index_picks_what_a_scan_picks(
        ops in proptest::collection::vec(op(), 1..120),
        criterion in proptest::sample::select(alloc::vec![Criterion::Lc, Criterion::Wlc, Criterion::Sed]),
        huge in proptest::bool::weighted(0.2),
        profile in profile(),
    ) {
        let mut indexed = Indexed::new(criterion, Table::new(profile));
        for op in ops {
            match op {
                Op::Add { number, weight, upper, lower } => {
                    let added = edited(number, weight, upper, lower);
                    let _: Result<(), _> = indexed.add(&added, None);
                }
                Op::Edit { number, weight, upper, lower } => {
                    let edited = edited(number, weight, upper, lower);
                    let _: Result<usize, _> = indexed.edit(&edited);
                }
                Op::Remove { number } => {
                    indexed.remove(&key(number));
                }
                Op::Carry { number, active, inactive } => {
                    let active = if huge { active << 21 } else { active };
                    if let Some(position) = indexed.table().position(&key(number)) {
                        indexed.set_activity(position, activity(active, inactive));
                    }
                }
                Op::Bind { number } => {
                    if let Some(position) = indexed.table().position(&key(number)) {
                        indexed.bind(position);
                        indexed.activate(position, true);
                    }
                }
                Op::Unbind { number } => {
                    if let Some(position) = indexed.table().position(&key(number)) {
                        indexed.unbind(position, number % 2 == 0);
                    }
                }
                Op::Restart => {}
                Op::Pick { client, flags } => {
                    let request = request(client, flags);
                    let table = indexed.table();
                    let scanned = match criterion {
                        Criterion::Lc => Lc.pick(table, &request),
                        Criterion::Wlc => Wlc.pick(table, &request),
                        Criterion::Sed => Sed.pick(table, &request),
                    };
                    prop_assert_eq!(indexed.pick(&request), scanned);
                }
            }
        }
    }

    #[test]
    fn ratios_tell_what_products_tell(
        destinations in proptest::collection::vec(
            (
                prop_oneof![0..5_u32, 65_530..65_540_u32, 1..0x7fff_ffff_u32],
                prop_oneof![0..5_u32, 0x7f_0000..0x80_0001_u32],
                0..3_u32,
            ),
            0..50,
        ),
    ) {
        let mut table = Table::new(KernelProfile::TotalConnections);
        for (number, (weight, active, inactive)) in (0..).zip(destinations) {
            table.add(&destination(number, weight), None).unwrap();
            table.set_activity(0, activity(active, inactive));
        }
        let request = request(0, 0);
        let scanned = lightest(table.shares(), table.loads(), |load| load, 0);
        prop_assert_eq!(Wlc.pick(&table, &request), scanned);
        let delay = |active: u32| (active + 1).cast_signed();
        let scanned = lightest(table.shares(), table.active(), delay, 0);
        prop_assert_eq!(Sed.pick(&table, &request), scanned);
    }
}
