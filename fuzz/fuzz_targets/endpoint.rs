//! The property `endpoint` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| vrrp_core::properties::endpoint(octets));
