//! The property `index` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| ipvs_core::properties::index(octets));
