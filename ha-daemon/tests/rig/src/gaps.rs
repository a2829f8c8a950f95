//! From one advert to the next.

use core::fmt;
use core::ops::Range;
use core::time::Duration;

use super::capture::Advert;
use super::clock::stolen;
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

    /// The longest, where what the hypervisor took is left out of each.
    pub fn longest(&self) -> Duration {
        let own = |gap: &Range<_>| length(gap).saturating_sub(stolen(gap.start, gap.end));
        self.0.iter().map(own).max().expect("there are gaps")
    }
}

fn length(gap: &Range<Duration>) -> Duration {
    gap.end - gap.start
}

impl fmt::Display for Gaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths: Vec<_> = self.0.iter().map(length).collect();
        let longest = self.longest();
        write!(
            f,
            "{}, at most {longest:?} without stolen time",
            Distribution::from(lengths)
        )
    }
}
