//! Tests of the cache.

use core::net::Ipv4Addr;

use super::*;

const OLD: KernelProfile = KernelProfile::Legacy;
const NEW: KernelProfile = KernelProfile::TotalConnections;

/// An address that nothing is remembered of.
const STRANGER: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The inverse of the hash's factor 0x61C88647, modulo 2³².
const INVERSE: u32 = 0xEBB3_4377;

/// The address `number` of those in `bucket`, which is the upper 10 bits of the product.
fn address(bucket: u32, number: u32) -> IpAddr {
    let hash = bucket << 22 | number;
    Ipv4Addr::from_bits(hash.wrapping_mul(INVERSE)).into()
}

/// A cache with `each` addresses in every bucket, all used at time 0.
fn filled(profile: KernelProfile, each: u32) -> Cache<u32> {
    let mut cache = Cache::new(profile);
    assert_eq!(cache.touch(STRANGER, at(0)), None);
    for bucket in 0..1024 {
        for number in 0..each {
            cache.insert(address(bucket, number), at(0), number);
        }
    }
    cache
}

fn sizes(cache: &Cache<u32>, buckets: core::ops::Range<usize>) -> Vec<usize> {
    cache.buckets[buckets].iter().map(Vec::len).collect()
}

#[test]
fn a_value_takes_the_place_of_the_one_its_address_had() {
    let mut cache = Cache::new(NEW);
    for (number, value) in [(1, 10), (2, 20), (3, 30), (2, 21)] {
        cache.insert(address(7, number), at(0), value);
    }
    let mut values = [1, 2, 3, 4].map(|number| cache.touch(address(7, number), at(0)).copied());
    assert_eq!(values, [Some(10), Some(21), Some(30), None]);
    values[3] = cache.touch(address(8, 1), at(0)).copied();
    assert_eq!(values[3], None);
    assert_eq!(cache.entries, 3);
}

#[test]
fn newer_kernels_remember_24576_addresses_and_older_ones_any_number() {
    for (profile, kept) in [(OLD, Some(99)), (NEW, None)] {
        let mut cache = filled(profile, 24);
        cache.insert(address(0, 23), at(0), 23);
        cache.insert(address(0, 99), at(0), 99);
        assert_eq!(cache.touch(address(0, 99), at(0)).copied(), kept);
        assert_eq!(cache.entries, 24_576 + usize::from(kept.is_some()));
    }
}

#[test]
fn what_is_not_used_for_a_day_goes_with_the_next_look_at_all() {
    // All are looked at every 1,800 s from the start on: the 48th time after 86,400 s.
    let uses = [(0, 86_400), (600, 88_200), (630, 88_200), (2400, 90_000)];
    let cases = [0, 10].map(|start| uses.map(|(first_use, gone)| (start, first_use, gone)));
    for (start, first_use, gone) in cases.into_iter().flatten() {
        let at = |seconds: u64| at(start + seconds);
        let mut cache = Cache::new(NEW);
        assert_eq!(cache.touch(STRANGER, at(0)), None);
        assert_eq!(cache.touch(STRANGER, at(first_use)), None);
        cache.insert(address(5, 1), at(first_use), 1);
        cache.insert(address(6, 1), at(first_use), 2);
        cache.touch(address(6, 1), at(3_700));
        let mut soon = cache.clone();
        soon.touch(STRANGER, at(gone - 1));
        assert_eq!(sizes(&soon, 5..7), [1, 1], "{start} {first_use}");
        cache.touch(STRANGER, at(gone));
        assert_eq!(sizes(&cache, 5..7), [0, 1], "{start} {first_use}");
        assert_eq!(cache.entries, 1);
    }
}

#[test]
fn too_many_addresses_are_thinned_by_a_third_more_than_is_too_many() {
    let mut cache = filled(NEW, 16);
    for number in 0..24 {
        cache.insert(address(1000, 16 + number), at(0), 0);
    }
    cache.touch(address(2, 3), at(100));
    cache.touch(STRANGER, at(359));
    assert_eq!(cache.entries, 16_408);
    // 32 are to go: those of two buckets, and as one was used one more bucket.
    cache.touch(STRANGER, at(360));
    assert_eq!(sizes(&cache, 0..6), [16, 0, 1, 0, 16, 16]);
    assert_eq!(cache.entries, 16_408 - 47);
    cache.touch(STRANGER, at(420));
    assert_eq!(cache.entries, 16_408 - 47, "no longer too many");
}

#[test]
fn thinning_takes_8192_at_a_time_and_goes_on_where_it_stopped() {
    let mut cache = filled(OLD, 40);
    cache.touch(STRANGER, at(360));
    assert_eq!(sizes(&cache, 203..208), [0, 0, 0, 40, 40]);
    assert_eq!(sizes(&cache, 0..2), [40, 0]);
    cache.touch(STRANGER, at(420));
    assert_eq!(sizes(&cache, 408..413), [0, 0, 0, 40, 40]);
    assert_eq!(cache.entries, 40_960 - 410 * 40);
}
