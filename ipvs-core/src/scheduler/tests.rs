//! The picks of reference §1.3 to §1.11, literally; random sequences against a second model.

mod hashes;
mod naive;
mod properties;

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::*;
use crate::{
    Activity, Destination, DestinationKey, Flow, Forwarding, KernelProfile, Protocol, Table,
};

const NEW: KernelProfile = KernelProfile::TotalConnections;
const OLD: KernelProfile = KernelProfile::Legacy;

/// Destination number `number`.
pub(super) fn key(number: u8) -> DestinationKey {
    DestinationKey::new(Ipv4Addr::new(10, 3, 0, number).into(), 80)
}

pub(super) fn destination(number: u8, weight: u32) -> Destination {
    Destination::new(key(number), Forwarding::Masquerade, weight)
}

/// A packet of client number `client` to the virtual address.
pub(super) fn flow(client: u8) -> Flow {
    Flow {
        protocol: Protocol::UDP,
        client: SocketAddr::new(Ipv4Addr::new(10, 2, 0, client).into(), 20_000),
        target: SocketAddr::new(Ipv4Addr::new(10, 1, 0, 1).into(), 80),
    }
}

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
        self.edit(&Destination {
            upper: 4,
            lower: 1,
            ..before
        });
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
fn an_overloaded_destination_is_passed_over() {
    for scheduler in SCANNING {
        let mut bench = Bench::with(scheduler, &[1, 1, 5]);
        bench.overload(3);
        bench.overload(1);
        assert_eq!(bench.picks(3), [2, 2, 2], "{scheduler}");
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
fn wrr_returns_to_the_head_with_every_edit() {
    let mut bench = Bench::with(Scheduler::Wrr, &[1, 1, 1]);
    assert_eq!(bench.picks(2), [3, 2]);
    bench.edit(&destination(1, 1));
    assert_eq!(bench.picks(2), [3, 2]);
}

#[test]
fn wrr_is_not_slowed_by_a_heavy_destination_that_is_overloaded() {
    let mut bench = Bench::with(Scheduler::Wrr, &[1, 2, i32::MAX.cast_unsigned()]);
    bench.overload(3);
    assert_eq!(bench.picks(6), [2, 1, 2, 2, 1, 2]);
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
fn lblc_forgets_after_a_day() {
    let mut bench = Bench::with(Scheduler::Lblc, &[4, 4]);
    let at = |seconds| Request {
        now: core::time::Duration::from_secs(seconds),
        ..Request::new(flow(1))
    };
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
    let other: Scheduler = "sched-of-mine".parse().unwrap();
    let error = Model::new(&other, NEW).unwrap_err();
    assert_eq!(
        alloc::string::ToString::to_string(&error),
        "no model of scheduler sched-of-mine"
    );
    let mut none = Bench::with("none".parse().unwrap(), &[1]);
    assert_eq!(none.pick(), None);
}
