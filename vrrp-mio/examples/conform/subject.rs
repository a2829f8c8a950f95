//! The router under test, and the outcome of a check.

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::{Family, Version};

/// A router as it is configured.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) version: Version,
    pub(crate) family: Family,
    pub(crate) vrid: u8,
    /// 2 to 200.
    pub(crate) priority: u8,
    pub(crate) centis: u16,
    pub(crate) preempt: bool,
    /// Whether it is to send from the virtual MAC.
    pub(crate) virtual_mac: bool,
    /// What it is to advertise, in order.
    pub(crate) addresses: Vec<IpAddr>,
}

impl Subject {
    pub(crate) fn interval(&self) -> Duration {
        Duration::from_millis(10) * u32::from(self.centis)
    }

    /// Skew_Time where the Active Router's interval is `interval` (RFC 9568 §6.1, RFC 3768 §6.1).
    pub(crate) fn skew(&self, interval: Duration) -> Duration {
        let span = match self.version {
            Version::V2 => Duration::from_secs(1),
            Version::V3 => interval,
        };
        span * (256 - u32::from(self.priority)) / 256
    }

    /// Active_Down_Interval.
    pub(crate) fn down(&self, interval: Duration) -> Duration {
        3 * interval + self.skew(interval)
    }
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pass,
    /// What was seen instead. The first is the same in every run, the second has the figures.
    Fail(&'static str, String),
    /// The standard leaves it open, and this is what it does.
    Told(&'static str),
    NotApplicable,
}

/// A line of the matrix.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) section: &'static str,
    pub(crate) check: &'static str,
    pub(crate) outcome: Outcome,
}

impl Outcome {
    pub(crate) fn of(passed: bool, otherwise: &'static str) -> Self {
        if passed {
            Self::Pass
        } else {
            Self::Fail(otherwise, String::new())
        }
    }
}

/// Without the figures, which differ from run to run.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass => f.write_str("pass"),
            Self::Fail(seen, _) => write!(f, "FAIL: {seen}"),
            Self::Told(seen) => f.write_str(seen),
            Self::NotApplicable => f.write_str("–"),
        }
    }
}
