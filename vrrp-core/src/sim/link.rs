//! The links between simulated routers: delay, loss, duplication and reordering.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::random::Random;
use crate::Instant;

/// The quality of a link. Packets overtake each other when their delays differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Shortest delay.
    pub min_delay: Duration,
    /// Longest delay; at least the shortest.
    pub max_delay: Duration,
    /// Packets lost, in thousandths.
    pub loss: u16,
    /// Packets delivered twice, in thousandths.
    pub duplication: u16,
}

impl Link {
    /// No loss, no duplicates, the same delay for every packet.
    #[must_use]
    pub const fn ideal(delay: Duration) -> Self {
        Self {
            min_delay: delay,
            max_delay: delay,
            loss: 0,
            duplication: 0,
        }
    }

    fn delay(&self, random: &mut Random) -> Duration {
        if self.min_delay >= self.max_delay {
            return self.min_delay;
        }
        let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(random.within(nanos(self.min_delay), nanos(self.max_delay)))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "delay {:?}..={:?}, loss {}‰, duplication {}‰",
            self.min_delay, self.max_delay, self.loss, self.duplication
        )
    }
}

impl Default for Link {
    /// An idle switch: 100 µs.
    fn default() -> Self {
        Self::ideal(Duration::from_micros(100))
    }
}

/// When the copies of a packet arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// The link is cut.
    Blocked,
    /// Bad luck.
    Lost,
    /// After this delay, and for a duplicate after that one.
    Delivered(Duration, Option<Duration>),
}

#[derive(Clone, Copy, Debug)]
struct Wire {
    /// Whether there never is a way, whatever heals.
    absent: bool,
    cut: bool,
    /// Its own quality, where it is not the LAN's.
    quality: Option<Link>,
    clean_since: Option<Instant>,
}

/// All links of a LAN by direction: one quality unless a link has its own, cuts and a partition.
#[derive(Clone, Debug)]
pub(super) struct Links {
    quality: Link,
    stations: usize,
    wires: Vec<Wire>,
    partition: u64,
    /// The longest delay a packet may still have from any weather so far.
    pub(super) longest: Duration,
}

impl Links {
    pub(super) const fn new(quality: Link) -> Self {
        Self {
            quality,
            stations: 0,
            wires: Vec::new(),
            partition: 0,
            longest: quality.max_delay,
        }
    }

    /// Makes room for one more station; all links between stations count as clean from now on.
    pub(super) fn grow(&mut self, now: Instant) {
        self.stations += 1;
        let wire = Wire {
            absent: false,
            cut: false,
            quality: None,
            clean_since: None,
        };
        self.wires = vec![wire; self.stations * self.stations];
        self.refresh(now);
    }

    pub(super) fn quality(&self, from: usize, to: usize) -> &Link {
        let wire = &self.wires[from * self.stations + to];
        wire.quality.as_ref().unwrap_or(&self.quality)
    }

    pub(super) fn set_quality(&mut self, now: Instant, quality: Link) {
        self.quality = quality;
        self.longest = self.longest.max(quality.max_delay);
        self.refresh(now);
    }

    pub(super) fn impair(&mut self, now: Instant, from: usize, to: usize, link: Option<Link>) {
        if let Some(link) = link {
            self.longest = self.longest.max(link.max_delay);
        }
        self.wires[from * self.stations + to].quality = link;
        self.refresh(now);
    }

    pub(super) fn remove(&mut self, now: Instant, from: usize, to: usize) {
        self.wires[from * self.stations + to].absent = true;
        self.refresh(now);
    }

    pub(super) fn cut(&mut self, now: Instant, from: usize, to: usize, cut: bool) {
        self.wires[from * self.stations + to].cut = cut;
        self.refresh(now);
    }

    pub(super) fn split(&mut self, now: Instant, mask: u64) {
        self.partition = mask;
        self.refresh(now);
    }

    pub(super) fn heal(&mut self, now: Instant) {
        self.partition = 0;
        for wire in &mut self.wires {
            wire.cut = false;
            wire.quality = None;
        }
        self.refresh(now);
    }

    /// Delays of earlier weather no longer matter.
    pub(super) fn forget(&mut self) {
        let each = self.wires.iter().filter_map(|wire| wire.quality);
        let longest = each.map(|quality| quality.max_delay).max();
        self.longest = longest.unwrap_or_default().max(self.quality.max_delay);
    }

    fn refresh(&mut self, now: Instant) {
        for index in 0..self.wires.len() {
            let (from, to) = (index / self.stations, index % self.stations);
            let dirty = self.blocked(from, to) || self.quality(from, to).loss > 0;
            let wire = &mut self.wires[index];
            wire.clean_since = match wire.clean_since {
                _ if dirty => None,
                None => Some(now),
                Some(since) => Some(since),
            };
        }
    }

    fn blocked(&self, from: usize, to: usize) -> bool {
        let side = |station: usize| (self.partition >> station) & 1;
        let wire = &self.wires[from * self.stations + to];
        wire.absent || wire.cut || side(from) != side(to)
    }

    /// Since when every packet from one to the other arrives.
    pub(super) fn clean_since(&self, from: usize, to: usize) -> Option<Instant> {
        self.wires[from * self.stations + to].clean_since
    }

    pub(super) fn fate(&self, from: usize, to: usize, random: &mut Random) -> Fate {
        if self.blocked(from, to) {
            return Fate::Blocked;
        }
        let quality = self.quality(from, to);
        if random.chance(quality.loss) {
            return Fate::Lost;
        }
        let first = quality.delay(random);
        let again = random
            .chance(quality.duplication)
            .then(|| quality.delay(random));
        Fate::Delivered(first, again)
    }
}
