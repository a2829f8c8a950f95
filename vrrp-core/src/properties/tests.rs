//! Property tests: random octets through each property.

use std::vec::Vec;

use proptest::prelude::*;

use super::*;

fn octets(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

fn one_of(starts: &'static [&'static [u8]]) -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(starts)
}

/// Octets that often start like a packet of ours.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    let start = one_of(&[
        b"",
        b"\x45\xc0\0\x28\0\0\0\0\xff\x70\0\0\xc0\0\x02\x01\xe0\0\0\x12\x21\x01\x64\x01",
        b"\x45\xc0\0\x20\0\0\0\0\xff\x70\0\0\xc0\0\x02\x01\xe0\0\0\x12\x31\x01\x64\x01",
        b"\x45\xc0\0\x40\0\0\0\0\xff\x33\0\0\xc0\0\x02\x01\xe0\0\0\x12\x70\x04",
        b"\x4f\xc0\0\x64\0\0\0\0\xff\x70",
        b"\x60\0\0\0\0\x18\x70\xff",
        b"\x60\0\0\0\0\x18\x70\xff\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\
          \xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x12\x31\x01\x64\x01",
    ]);
    (start, octets(200)).prop_map(|(start, rest)| [start, &rest].concat())
}

/// Octets that often start like a frame of ours.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let start = one_of(&[
        b"",
        b"\x08\x06\0\x01\x08\0\x06\x04\0\x01",
        b"\x08\x06\0\x01\x08\0\x06\x04\0\x02",
        b"\x86\xdd\x60\0\0\0\0\x18\x3a\xff",
        b"\x86\xdd\x60\0\0\0\0\x20\x3a\xff",
    ]);
    (any::<[u8; 12]>(), start, neighbor_message())
        .prop_map(|(macs, start, rest)| [&macs[..], start, &rest].concat())
}

/// Two addresses and a neighbor advertisement, mostly.
fn neighbor_message() -> impl Strategy<Value = Vec<u8>> {
    let message = one_of(&[b"", b"\x88\0\0\0\xa0\0\0\0"]);
    let option = one_of(&[b"", b"\x02\x01"]);
    let rest = (any::<[u8; 16]>(), option, octets(20));
    (any::<[u8; 32]>(), message, rest).prop_map(|(ends, message, (target, option, rest))| {
        [&ends[..], message, &target, option, &rest].concat()
    })
}

proptest! {
    #[test]
    fn what_decodes_is_written_back(packet in packet()) {
        decode(&packet);
    }

    #[test]
    fn what_is_sent_is_read_and_no_flipped_bit_goes_unseen(input in octets(200)) {
        round_trip(&input);
    }

    #[test]
    fn an_authenticated_packet_verifies_with_its_key_alone(packet in packet()) {
        authentication(&packet);
    }

    #[test]
    fn frames_that_resolve_addresses_are_written_back(frame in frame()) {
        resolution(&frame);
    }

    #[test]
    fn no_sequence_of_events_misleads_the_machine(input in octets(600)) {
        machine(&input);
    }

    #[test]
    fn no_sequence_of_inputs_misleads_an_endpoint(input in octets(600)) {
        endpoint(&input);
    }

    /// Whatever happens, every invariant holds; a failure prints its timeline.
    #[test]
    fn random_networks_keep_the_invariants(input in octets(80)) {
        election(&input);
    }

    #[test]
    fn a_sync_group_is_of_one_mind(input in octets(300)) {
        sync_group(&input);
    }

    #[test]
    fn replacing_one_by_one_is_summing_anew(input in octets(300)) {
        tracking(&input);
    }
}
