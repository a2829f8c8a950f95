//! Skew_Time and Active_Down_Interval, exact to the nanosecond (RFC 9568 §6.1, RFC 3768 §6.1).

use core::time::Duration;

use crate::{Config, Interval, Priority, Version};

/// Skew_Time of a router of `priority` behind an Active Router that advertises every
/// `active_interval`.
///
/// VRRPv3 scales it with the interval; VRRPv2 does not (RFC 9568 §6.1, RFC 3768 §6.1). The result
/// never exceeds one interval, or one second in version 2, and differs between any two priorities.
#[must_use]
pub const fn skew(version: Version, priority: Priority, active_interval: Interval) -> Duration {
    Duration::from_nanos(skew_nanos(version, priority, active_interval))
}

/// How long a router of `priority` waits for the Active Router that advertises every
/// `active_interval`: the configured number of intervals (three in the RFCs) plus [`skew`].
#[must_use]
pub const fn active_down_interval(
    config: &Config,
    priority: Priority,
    active_interval: Interval,
) -> Duration {
    Duration::from_nanos(active_down_nanos(config, priority, active_interval))
}

const fn skew_nanos(version: Version, priority: Priority, active_interval: Interval) -> u64 {
    let span = match version {
        Version::V2 => 1_000_000_000,
        Version::V3 => active_interval.nanos(),
    };
    (256 - priority.get() as u64) * span / 256
}

/// [`active_down_interval`] in nanoseconds, which every advertisement asks for: below 2⁴⁵, as no
/// configuration waits for more than a hundred intervals.
pub(super) const fn active_down_nanos(
    config: &Config,
    priority: Priority,
    active_interval: Interval,
) -> u64 {
    let silence = active_interval.nanos() * config.down_multiplier() as u64;
    silence + skew_nanos(config.version(), priority, active_interval)
}
