//! The runner of the conformance vectors in `tests/vectors`, whose README says what they mean.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod packets;
mod timers;
mod transitions;

use vrrp_core::Version;

/// The version that a vector states by its number.
fn version(number: u8) -> Version {
    match number {
        2 => Version::V2,
        3 => Version::V3,
        other => panic!("there is no version {other}"),
    }
}
