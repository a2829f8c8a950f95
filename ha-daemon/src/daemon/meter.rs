//! The histogram of the processor time that turns of the loop take.

use core::time::Duration;

use vrrp_mio::Clock;

use crate::observe::status::{TurnBucket, TurnStatus};

/// What no turn is to exceed, single system calls of the kernel's excepted.
const BOUND: Duration = Duration::from_micros(2_000);
/// Powers of two: the last one is of what took a second and more.
const BUCKETS: usize = 22;

/// The processor time of each turn, counted by powers of two.
#[derive(Debug)]
pub(super) struct Meter {
    clock: Clock,
    /// What this thread had had when the last turn ended.
    ended: Duration,
    longest: Duration,
    beyond: u64,
    counts: [u64; BUCKETS],
}

impl Meter {
    /// A meter of the turns from now on, on this thread.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            ended: clock.thread_time(),
            longest: Duration::ZERO,
            beyond: 0,
            counts: [0; BUCKETS],
        }
    }

    /// A turn ends here, and the next one begins. To sleep takes no time of the processor's.
    pub(super) fn lap(&mut self) {
        let now = self.clock.thread_time();
        self.count(now.saturating_sub(self.ended));
        self.ended = now;
    }

    fn count(&mut self, taken: Duration) {
        self.longest = self.longest.max(taken);
        self.beyond += u64::from(taken > BOUND);
        let micros = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
        let bits = usize::try_from(u64::BITS - micros.leading_zeros()).unwrap_or(BUCKETS);
        if let Some(count) = self.counts.get_mut(bits.min(BUCKETS - 1)) {
            *count += 1;
        }
    }

    pub(super) fn status(&self) -> TurnStatus {
        let powers = (0..).map(|power| 1_u64 << power);
        let buckets = powers.zip(self.counts).filter(|(_, turns)| *turns > 0);
        TurnStatus {
            count: self.counts.iter().sum(),
            longest_us: u64::try_from(self.longest.as_micros()).unwrap_or(u64::MAX),
            over_2000_us: self.beyond,
            cpu_us: buckets
                .map(|(below, turns)| TurnBucket { below, turns })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_counted_by_powers_of_two() {
        let mut meter = Meter::new(Clock::new().unwrap());
        for micros in [0, 1, 2, 3, 4, 1_023, 1_024, 2_000, 2_001, 3_000_000_000] {
            meter.count(Duration::from_micros(micros));
        }
        let status = meter.status();
        let buckets = status.cpu_us.iter().map(|b| (b.below, b.turns));
        assert_eq!(
            buckets.collect::<Vec<_>>(),
            [
                (1, 1),
                (2, 1),
                (4, 2),
                (8, 1),
                (1_024, 1),
                (2_048, 3),
                (2_097_152, 1)
            ]
        );
        assert_eq!(status.count, 10);
        assert_eq!(status.longest_us, 3_000_000_000);
        assert_eq!(status.over_2000_us, 2);
    }

    #[test]
    fn a_turn_costs_what_it_computes_and_not_what_it_sleeps() {
        let clock = Clock::new().unwrap();
        let mut meter = Meter::new(clock);
        std::thread::sleep(Duration::from_millis(20));
        meter.lap();
        assert!(meter.longest < Duration::from_millis(10));
        let until = clock.thread_time() + Duration::from_millis(5);
        while clock.thread_time() < until {}
        meter.lap();
        assert!(meter.longest >= Duration::from_millis(5));
        assert_eq!(meter.status().over_2000_us, 1);
    }
}
