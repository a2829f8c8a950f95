//! Skew_Time and Active_Down_Interval, exact to the nanosecond (RFC 9568 §6.1, RFC 3768 §6.1).

use core::time::Duration;

use crate::{Config, Interval, Priority, Version};

/// Skew_Time of a router of `priority` behind an Active Router that advertises every
/// `active_interval`.
///
/// VRRPv3 scales it with the interval; VRRPv2 does not (P3, V5). The result never exceeds one
/// interval, or one second in version 2, and differs between any two priorities.
#[must_use]
pub const fn skew(version: Version, priority: Priority, active_interval: Interval) -> Duration {
    let span = match version {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => active_interval.duration(),
    };
    // 255 s is 2³⁸ ns: the product with 256 stays far below 2⁶⁴.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 255 s in nanoseconds"
    )]
    let nanos = span.as_nanos() as u64;
    Duration::from_nanos((256 - priority.get() as u64) * nanos / 256)
}

/// How long a router of `priority` waits for the Active Router that advertises every
/// `active_interval`: the configured number of intervals (three in the RFCs) plus [`skew`].
#[must_use]
pub const fn active_down_interval(
    config: &Config,
    priority: Priority,
    active_interval: Interval,
) -> Duration {
    let skew = skew(config.version(), priority, active_interval);
    let silence = active_interval
        .duration()
        .saturating_mul(config.down_multiplier() as u32);
    silence.saturating_add(skew)
}
