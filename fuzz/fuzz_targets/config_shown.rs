//! The property `config_shown` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| ha_daemon::properties::config_shown(octets));
