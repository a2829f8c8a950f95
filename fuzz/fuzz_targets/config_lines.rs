//! The property `config_lines` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| ha_daemon::properties::config_lines(octets));
