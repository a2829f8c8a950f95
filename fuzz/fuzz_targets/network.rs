//! The property `network` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| vrrp_mio::properties::network(octets));
