//! The property `ipvs_answers` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| ipvs_netlink::properties::answers(octets));
