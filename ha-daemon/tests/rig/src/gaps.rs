//! The gaps between successive adverts.

use core::fmt;
use core::ops::Range;
use core::time::Duration;

use super::capture::Advert;
use super::clock::stall;
use super::distribution::Distribution;

/// The gaps between the adverts of one host.
#[derive(Debug)]
pub struct Gaps(Vec<Range<Duration>>);

impl Gaps {
    /// Between the adverts of `host`.
    pub fn of(host: usize, adverts: &[Advert]) -> Self {
        let own = adverts.iter().filter(|advert| advert.host == host);
        let times: Vec<_> = own.map(|advert| advert.time).collect();
        Self(times.windows(2).map(|pair| pair[0]..pair[1]).collect())
    }

    /// Those that are late: longer than `interval` by more than a fifth of it and what the machine
    /// itself stalled meanwhile.
    pub fn late(&self, interval: Duration) -> Vec<Duration> {
        let due = interval * 12 / 10;
        let late = self.0.iter().filter(|gap| length(gap) > due);
        late.filter(|gap| length(gap) > due + stall(gap.start, gap.end))
            .map(length)
            .collect()
    }
}

fn length(gap: &Range<Duration>) -> Duration {
    gap.end - gap.start
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths: Vec<_> = self.0.iter().map(length).collect();
        Distribution::from(lengths).fmt(f)
    }
}
