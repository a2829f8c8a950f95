//! The property `http` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| ha_daemon::properties::http(octets));
