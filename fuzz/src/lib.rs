//! The table of fuzz targets.
//!
//! A target is a property of another crate; `fuzz_targets/` makes programs of them for libFuzzer.
//! `cargo test -p fuzz` puts what is in `corpus/` through the same properties, on stable Rust and
//! without libFuzzer. `docs/verification.md` has the commands.

/// A property and the name of its program and corpus.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the program and of the directory of its inputs.
    pub name: &'static str,
    /// Panics on an input for which it does not hold.
    pub property: fn(&[u8]),
    /// Where the property is.
    pub path: &'static str,
}

macro_rules! targets {
    ($($name:literal => $property:path,)+) => {
        &[$(Target { name: $name, property: $property, path: stringify!($property) },)+]
    };
}

/// Every target.
pub const TARGETS: &[Target] = targets! {
    "authentication" => vrrp_core::properties::authentication,
    "config" => ha_daemon::properties::config,
    "config_lines" => ha_daemon::properties::config_lines,
    "config_shown" => ha_daemon::properties::config_shown,
    "config_words" => ha_daemon::properties::config_words,
    "control" => ha_daemon::properties::control,
    "decode" => vrrp_core::properties::decode,
    "dns" => ha_daemon::properties::dns,
    "election" => vrrp_core::properties::election,
    "endpoint" => vrrp_core::properties::endpoint,
    "http" => ha_daemon::properties::http,
    "index" => ipvs_core::properties::index,
    "ipvs_answers" => ipvs_netlink::properties::answers,
    "machine" => vrrp_core::properties::machine,
    "network" => vrrp_mio::properties::network,
    "plan" => ipvs_core::properties::plan,
    "resolution" => vrrp_core::properties::resolution,
    "round_trip" => vrrp_core::properties::round_trip,
    "rules" => ipvs_core::properties::rules,
    "schedulers" => ipvs_core::properties::schedulers,
    "smtp" => ha_daemon::properties::smtp,
    "sync_group" => vrrp_core::properties::sync_group,
    "tls" => ha_daemon::properties::tls,
    "tracking" => vrrp_core::properties::tracking,
};
