//! Which daemon this is, among others and after earlier ones.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The socket whose name says which daemon this network namespace has; none if another has it. An
/// abstract name belongs to the network namespace and vanishes with the process.
pub(super) fn only_one_here() -> Option<UnixDatagram> {
    let address = SocketAddr::from_abstract_name("ha-daemon").ok()?;
    UnixDatagram::bind_addr(&address).ok()
}

/// A number that is higher at each start, however soon: eight per second since 2024, for 17 years.
#[expect(
    clippy::disallowed_methods,
    reason = "has to rise across restarts, which no other clock does"
)]
pub(super) fn rising_sequence() -> u32 {
    const START_OF_2024: u64 = 1_704_067_200;
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    let eighths = since
        .as_secs()
        .saturating_sub(START_OF_2024)
        .saturating_mul(8);
    u32::try_from(eighths).unwrap_or(0)
}
