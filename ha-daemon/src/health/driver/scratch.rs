//! The buffers that the driver and its attempts share.

use core::hash::BuildHasher;
use core::time::Duration;
use std::hash::RandomState;

use crate::script::Runner;

/// What attempts use in turn.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) buffer: Vec<u8>,
    pub(super) seed: RandomState,
    pub(super) drawn: u64,
    pub(super) runner: Option<Runner>,
}

impl Scratch {
    /// A number others cannot guess: the standard library's keyed hash of a count.
    pub(super) fn random(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        self.seed.hash_one(self.drawn)
    }

    /// A duration from zero to `limit`.
    pub(super) fn random_up_to(&mut self, limit: Duration) -> Duration {
        let nanos = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX - 1);
        Duration::from_nanos(self.random() % nanos.saturating_add(1))
    }
}
