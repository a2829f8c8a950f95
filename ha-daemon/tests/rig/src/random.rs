//! Random numbers from a seed.

use core::hash::BuildHasher;
use core::ops::Range;
use core::time::Duration;
use std::env;
use std::hash::RandomState;

/// A number of the environment, if it has one.
///
/// # Panics
/// If it is not one.
pub fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    let number = value.parse();
    Some(number.unwrap_or_else(|_| panic!("{variable} is a number, not {value:?}")))
}

/// `SEED`, or another one each time.
pub fn seed() -> u64 {
    number("SEED").unwrap_or_else(|| RandomState::new().hash_one(0) >> 32)
}

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The source of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The source of the episode `index` of the run `seed`, so that an episode can be drawn alone.
    pub fn of_episode(seed: u64, index: u64) -> Self {
        let mut source = Self(seed);
        Self(source.next() ^ index.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of `0..end`, which is not empty.
    pub fn below<T: TryInto<u64> + TryFrom<u64>>(&mut self, end: T) -> T {
        let end = end.try_into().ok().expect("a length of 64 bits");
        let drawn = T::try_from(self.next() % end);
        drawn.ok().expect("less than a length")
    }

    /// True once in `count` times.
    pub fn one_in(&mut self, count: u16) -> bool {
        self.below(count) == 0
    }

    /// A whole number of milliseconds.
    pub fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(range.start + self.next() % (range.end - range.start))
    }

    /// One of `choices`.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
