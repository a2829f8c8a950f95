//! The property `rules` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| ipvs_core::properties::rules(octets));
