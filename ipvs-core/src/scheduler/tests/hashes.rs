//! Tests of the picks of `sh`, `dh` and `mh`, literally.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, SocketAddr};

use super::{Bench, destination, flow};
use crate::scheduler::{Mh, Model, Request, Schedule, Scheduler, TableSize, sh};
use crate::service::Flags;
use crate::{Destination, DestinationKey, Flow, Forwarding};

/// A request of the client 0.0.0.`client`, whose bucket is `client * 0x61C88647 >> 24`.
fn hashed(client: u32, flags: Flags) -> Request {
    let flow = Flow {
        client: SocketAddr::new(Ipv4Addr::from_bits(client).into(), 7),
        ..flow(0)
    };
    Request {
        flags,
        ..Request::new(flow)
    }
}

#[test]
fn sh_deals_buckets_by_weight_from_the_head() {
    // 256 buckets: 100 of destination 3, 1 of destination 2 although its weight is 0, 155 of 1.
    let mut bench = Bench::with(Scheduler::Sh, &[155, 0, 100]);
    assert_eq!(sh::bucket(Ipv4Addr::from_bits(0).into(), 0), 0);
    assert_eq!(sh::bucket(Ipv4Addr::from_bits(1).into(), 0), 0x61);
    assert_eq!(sh::bucket(Ipv4Addr::from_bits(2).into(), 0), 0xc3);
    assert_eq!(bench.pick_for(&hashed(0, Flags::NONE)), Some(3));
    assert_eq!(bench.pick_for(&hashed(1, Flags::NONE)), Some(3));
    assert_eq!(bench.pick_for(&hashed(2, Flags::NONE)), Some(1));
    // 0x61 = 97: with 97 buckets of destination 3 it is the one of destination 2.
    bench.edit(&destination(3, 97));
    assert_eq!(bench.pick_for(&hashed(1, Flags::NONE)), None);
    bench.edit(&destination(2, 1));
    assert_eq!(bench.pick_for(&hashed(1, Flags::NONE)), Some(2));
}

#[test]
fn sh_has_no_bucket_for_destinations_after_256() {
    let mut bench = Bench::with(Scheduler::Sh, &[9, 256]);
    for client in 0..=255 {
        assert_eq!(bench.pick_for(&hashed(client, Flags::NONE)), Some(2));
    }
}

#[test]
fn sh_falls_back_from_twice_the_bucket() {
    // Buckets 0..=0x60 of 4, 0x61 of 3, 0x62..=0xc1 of 2, the rest of 1. The client's is 0x61; a
    // second choice by the next bucket would be 2, by twice the bucket, 0xc2, it is 1.
    let mut bench = Bench::with(Scheduler::Sh, &[62, 96, 1, 97]);
    assert_eq!(bench.pick_for(&hashed(1, Flags::SCHED_1)), Some(3));
    bench.edit(&destination(3, 0));
    assert_eq!(bench.pick_for(&hashed(1, Flags::NONE)), None);
    assert_eq!(bench.pick_for(&hashed(1, Flags::SCHED_1)), Some(1));
    bench.overload(1);
    // From 0xc2 on all are of 1 up to 255, then 0 is of 4.
    assert_eq!(bench.pick_for(&hashed(1, Flags::SCHED_1)), Some(4));
}

#[test]
fn sh_hashes_the_port_only_when_asked() {
    assert_eq!(sh::bucket(Ipv4Addr::from_bits(1).into(), 7), 0x0e);
    let mut bench = Bench::with(Scheduler::Sh, &[241, 15]);
    assert_eq!(bench.pick_for(&hashed(1, Flags::NONE)), Some(1));
    assert_eq!(bench.pick_for(&hashed(1, Flags::SCHED_2)), Some(2));
}

#[test]
fn dh_ignores_weights_and_has_no_second_choice() {
    let mut bench = Bench::with(Scheduler::Dh, &[1, 1000]);
    let request = |target: u32| Request {
        flags: Flags::ALL,
        ..Request::new(Flow {
            target: SocketAddr::new(Ipv4Addr::from_bits(target).into(), 80),
            ..flow(1)
        })
    };
    // Buckets 0x61 and 0 of two destinations: odd is the second in the list.
    assert_eq!(bench.pick_for(&request(1)), Some(1));
    assert_eq!(bench.pick_for(&request(0)), Some(2));
    bench.edit(&destination(1, 0));
    assert_eq!(bench.pick_for(&request(1)), None);
    assert_eq!(bench.pick_for(&request(0)), Some(2));
}

/// By the reference's pseudocode, written down a second time in another language.
#[test]
fn mh_deals_slots_by_weights_in_units_of_their_divisor_and_of_the_greatest() {
    let picks = |bench: &mut Bench, flags| -> Vec<_> {
        (0..24)
            .map(|client| bench.pick_for(&hashed(client, flags)).unwrap())
            .collect()
    };
    // The greatest has 10 bits, of which 6 count: 62, 6 and 1 slots at a time.
    let mut bench = Bench::with(Scheduler::Mh, &[1, 100, 1000]);
    let mut expected = [3; 24];
    (expected[1], expected[22]) = (2, 2);
    assert_eq!(picks(&mut bench, Flags::NONE), expected);
    // 10, 1 and 5 slots at a time.
    bench.edit(&destination(1, 500));
    assert_eq!(
        picks(&mut bench, Flags::NONE),
        [
            1, 2, 3, 3, 1, 3, 1, 3, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 1, 3, 3, 2, 1
        ]
    );
    bench.edit(&destination(3, 0));
    assert_eq!(
        picks(&mut bench, Flags::SCHED_1),
        [
            1, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 2, 2, 1, 1, 1, 1, 2, 1
        ]
    );
}

#[test]
fn mh_moves_nobody_else_when_a_weight_becomes_0() {
    let mut bench = Bench::with(Scheduler::Mh, &[10, 10, 10]);
    let before: Vec<_> = (0..=255)
        .map(|client| bench.pick_for(&hashed(client, Flags::NONE)))
        .collect();
    bench.edit(&destination(2, 0));
    for (client, before) in (0..=255).zip(before) {
        let after = bench.pick_for(&hashed(client, Flags::NONE));
        assert_eq!(after, before.filter(|&number| number != 2));
        let other = bench.pick_for(&hashed(client, Flags::SCHED_1));
        assert!(matches!(other, Some(1 | 3)) && (before == Some(2) || other == before));
    }
}

#[test]
fn mh_gives_no_slots_to_a_destination_added_with_weight_0() {
    let mut bench = Bench::with(Scheduler::Mh, &[10, 0]);
    for client in 0..=255 {
        assert_eq!(bench.pick_for(&hashed(client, Flags::NONE)), Some(1));
    }
}

#[test]
fn mh_goes_on_with_its_table_when_destinations_outnumber_slots() {
    let table_size = TableSize::new(8).unwrap();
    let mut bench = Bench::with(Scheduler::Mh, &[]);
    bench.model = Model::Mh(Mh::new(table_size));
    for number in 0..251_u32 {
        let key = DestinationKey::new(Ipv4Addr::from_bits(number).into(), 80);
        let added = Destination::new(key, Forwarding::Masquerade, 1);
        bench.table.add(&added, None).unwrap();
        bench.model.added(&bench.table);
    }
    let clients = || (0..=255).map(|client| hashed(client, Flags::NONE));
    let mut full = bench.model.clone();
    let before: Vec<_> = clients()
        .map(|request| full.pick(&bench.table, &request).unwrap() + 1)
        .collect();
    bench.add(1, 1);
    for _ in 0..2 {
        let after: Vec<_> = clients()
            .map(|request| bench.model.pick(&bench.table, &request).unwrap())
            .collect();
        assert_eq!(after, before);
        bench.add(2, 1);
        bench.remove(2);
    }
}
