//! Distributions of measured times: median and percentiles.

use core::fmt;
use core::time::Duration;

/// Measured spans, sorted.
#[derive(Debug)]
pub struct Distribution(Vec<Duration>);

impl Distribution {
    /// The sample that `percent` of all samples do not exceed (nearest rank).
    pub fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0[rank - 1]
    }

    /// The shortest sample.
    pub fn min(&self) -> Duration {
        self.percentile(0)
    }

    /// The longest sample.
    pub fn max(&self) -> Duration {
        self.percentile(100)
    }
}

impl From<Vec<Duration>> for Distribution {
    fn from(mut samples: Vec<Duration>) -> Self {
        assert!(!samples.is_empty(), "nothing was measured");
        samples.sort();
        Self(samples)
    }
}

/// `n 30 min 1.234 median 1.300 p99 2.000 max 2.000 ms`.
impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n {}", self.0.len())?;
        for (name, percent) in [("min", 0), ("median", 50), ("p99", 99), ("max", 100)] {
            let micros = self.percentile(percent).as_micros();
            write!(f, " {name} {}.{:03}", micros / 1000, micros % 1000)?;
        }
        f.write_str(" ms")
    }
}
