//! The clock every process of the laboratory shares.

use nix::time::{ClockId, clock_gettime};
use vrrp_core::Instant;

/// `CLOCK_MONOTONIC`, which reads the same in every network namespace of one machine.
pub(super) fn now() -> nix::Result<Instant> {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC)?;
    let part = |value: i64| u64::try_from(value).unwrap_or(0);
    Ok(Instant::from_nanos(
        part(time.tv_sec()) * 1_000_000_000 + part(time.tv_nsec()),
    ))
}
