//! The schedule of a checker's attempts, and the verdict from their outcomes.

use core::num::NonZeroUsize;
use core::time::Duration;

use vrrp_core::Instant;

/// How long after its start a checker makes its first attempt at the earliest.
///
/// keepalived's `BOOTSTRAP_DELAY`: addresses and routes of a booting host have that time to appear.
pub const BOOTSTRAP: Duration = Duration::from_secs(1);

/// How often a checker tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timing {
    /// From the end of an attempt to the next (`delay_loop`, 60 s).
    pub delay_loop: Duration,
    /// Up to how much later than [`BOOTSTRAP`] the first attempt is, by a random choice of the
    /// schedule's owner (`warmup`, as `delay_loop`; zero for none).
    pub warmup: Duration,
    /// Failures in a row that leave an available server available (`retry`, 1).
    pub retry: u32,
    /// From a failed attempt to its repetition while the server is available
    /// (`delay_before_retry`, 1 s; 3 s for HTTP).
    pub delay_before_retry: Duration,
    /// Whether the server is unavailable until it has passed (`alpha`).
    pub alpha: bool,
    /// Whether steps follow one another without delay until all have passed (`fast_recovery`).
    pub fast_recovery: bool,
}

impl Timing {
    /// keepalived's defaults for most checkers at a `delay_loop`.
    #[must_use]
    pub const fn every(delay_loop: Duration) -> Self {
        Self {
            delay_loop,
            warmup: delay_loop,
            retry: 1,
            delay_before_retry: Duration::from_secs(1),
            alpha: false,
            fast_recovery: false,
        }
    }
}

/// Whether connections may go to the checked server, as far as one checker knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// They may.
    Up,
    /// They may not.
    Down,
}

/// What the end of an attempt did to the verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the verdict may have changed"]
pub enum Change {
    /// Nothing.
    Unchanged,
    /// The first attempts confirmed what was assumed: [`Verdict::Up`].
    Confirmed,
    /// From [`Verdict::Down`] to [`Verdict::Up`].
    Rose,
    /// From [`Verdict::Up`] to [`Verdict::Down`].
    Fell {
        /// How many repetitions had failed as well.
        retries: u32,
    },
}

impl Change {
    /// What it is to a checker of which the verdict was `before` and is now `after`: it may share the
    /// attempts of others, and not have been told of what changed before.
    pub const fn since(self, before: Verdict, after: Verdict) -> Self {
        match (before, after, self) {
            (Verdict::Up, Verdict::Up, Self::Confirmed | Self::Rose) => Self::Confirmed,
            (Verdict::Up, Verdict::Up, Self::Unchanged | Self::Fell { .. })
            | (Verdict::Down, Verdict::Down, _) => Self::Unchanged,
            (Verdict::Down, Verdict::Up, _) => Self::Rose,
            (Verdict::Up, Verdict::Down, fell @ Self::Fell { .. }) => fell,
            (Verdict::Up, Verdict::Down, _) => Self::Fell { retries: 0 },
        }
    }
}

/// The schedule of one checker: when its next attempt is due, and its [`Verdict`].
///
/// A checker has one step or several (the urls of `HTTP_GET`), one attempt each. Ask
/// [`deadline`](Self::deadline), then call [`begin`](Self::begin), make the attempt it names, and
/// pass its outcome to [`conclude`](Self::conclude). Delays run from the end of an attempt, so
/// however late the owner is, at most one attempt is due.
///
/// - The first attempt is [`BOOTSTRAP`] plus the warm-up after the start. Until all steps have
///   passed once, one failure takes the server down.
/// - Later `retry` failures in a row are borne, and the step that failed is repeated.
/// - While the server is down the step that failed is repeated every `delay_loop`. Once it passes
///   the others follow, and the server is up when all have passed since the last failure.
///   keepalived has the step that failed pass a second time, and waits `delay_before_retry` where
///   that is longer than `delay_loop`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    timing: Timing,
    steps: NonZeroUsize,
    /// The step to be tried next, or under way.
    step: usize,
    state: State,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has failed since the start; `left` steps are yet to pass.
    New { left: usize },
    /// Available, after so many failures in a row.
    Up { failures: u32 },
    /// Not available; `left` steps are yet to pass.
    Down { left: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Waiting { until: Instant },
    Trying,
    Suspended,
}

impl Schedule {
    /// A schedule that starts at `now`, with a first attempt `warmup` after [`BOOTSTRAP`].
    ///
    /// `warmup` is for the owner to choose at random, from zero to [`Timing::warmup`]; what is
    /// beyond counts as that.
    #[must_use]
    pub fn new(timing: Timing, steps: NonZeroUsize, now: Instant, warmup: Duration) -> Self {
        Self {
            timing,
            steps,
            step: 0,
            state: State::New { left: steps.get() },
            phase: Phase::Waiting {
                until: now + BOOTSTRAP + warmup.min(timing.warmup),
            },
        }
    }

    /// What the attempts so far amount to. The verdict of a checker is its owner's, who is told of it by
    /// reports: it outlasts the time in which a checker is suspended.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self.state {
            State::New { .. } if self.timing.alpha => Verdict::Down,
            State::New { .. } | State::Up { .. } => Verdict::Up,
            State::Down { .. } => Verdict::Down,
        }
    }

    /// Whether the verdict rests on attempts rather than on what `alpha` says.
    #[must_use]
    pub const fn is_founded(&self) -> bool {
        !matches!(self.state, State::New { .. })
    }

    /// When the next attempt is due; `None` during one, and while suspended.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Waiting { until } => Some(until),
            Phase::Trying | Phase::Suspended => None,
        }
    }

    /// The step to be tried, from zero, if one is due at `now`. It is under way then.
    pub fn begin(&mut self, now: Instant) -> Option<usize> {
        let due = self.deadline().is_some_and(|at| at <= now);
        due.then(|| {
            self.phase = Phase::Trying;
            self.step
        })
    }

    /// The attempt under way ended at `now`. Without one under way this does nothing.
    pub fn conclude(&mut self, now: Instant, passed: bool) -> Change {
        if self.phase != Phase::Trying {
            return Change::Unchanged;
        }
        let (change, delay) = if passed { self.passed() } else { self.failed() };
        self.phase = Phase::Waiting { until: now + delay };
        change
    }

    fn passed(&mut self) -> (Change, Duration) {
        self.step = (self.step + 1) % self.steps;
        let every = self.timing.delay_loop;
        let between = if self.timing.fast_recovery {
            Duration::ZERO
        } else {
            every
        };
        match self.state {
            State::Up { .. } => {
                self.state = State::Up { failures: 0 };
                (Change::Unchanged, every)
            }
            State::New { left } if left > 1 => {
                self.state = State::New { left: left - 1 };
                (Change::Unchanged, between)
            }
            State::Down { left } if left > 1 => {
                self.state = State::Down { left: left - 1 };
                (Change::Unchanged, between)
            }
            State::New { .. } | State::Down { .. } => {
                let change = match self.verdict() {
                    Verdict::Up => Change::Confirmed,
                    Verdict::Down => Change::Rose,
                };
                self.state = State::Up { failures: 0 };
                (change, every)
            }
        }
    }

    fn failed(&mut self) -> (Change, Duration) {
        let Timing {
            delay_loop,
            delay_before_retry,
            retry,
            ..
        } = self.timing;
        if let State::Up { failures } = self.state
            && failures < retry
        {
            self.state = State::Up {
                failures: failures + 1,
            };
            return (Change::Unchanged, delay_before_retry);
        }
        let change = match (self.verdict(), self.state) {
            (Verdict::Down, _) => Change::Unchanged,
            (Verdict::Up, State::Up { failures }) => Change::Fell { retries: failures },
            (Verdict::Up, State::New { .. } | State::Down { .. }) => Change::Fell { retries: 0 },
        };
        self.state = State::Down {
            left: self.steps.get(),
        };
        (change, delay_loop)
    }

    /// The attempt under way could not be made, for a reason that is not the server's. It is made
    /// again after `delay_before_retry`, and no later than after `delay_loop`.
    pub fn postpone(&mut self, now: Instant) {
        let Timing {
            delay_loop,
            delay_before_retry,
            ..
        } = self.timing;
        if self.phase == Phase::Trying {
            self.phase = Phase::Waiting {
                until: now + delay_loop.min(delay_before_retry),
            };
        }
    }

    /// Stops trying, and forgets the attempt under way; the verdict stays (`ha_suspend`).
    pub const fn suspend(&mut self) {
        self.phase = Phase::Suspended;
    }

    /// Goes on with another timing or number of steps. What is known of the server stays, and so does
    /// the attempt under way. The next one is when it was planned, and no later than it would be after an
    /// attempt at `now`. As long as nothing is known of the server, another `alpha` is another verdict.
    pub fn update(&mut self, timing: Timing, steps: NonZeroUsize, now: Instant) {
        self.timing = timing;
        self.steps = steps;
        self.step %= steps;
        let fits = |left: usize| left.min(steps.get());
        let longest = match self.state {
            State::New { left } => {
                self.state = State::New { left: fits(left) };
                BOOTSTRAP + timing.warmup.max(timing.delay_loop)
            }
            State::Down { left } => {
                self.state = State::Down { left: fits(left) };
                timing.delay_loop
            }
            State::Up { .. } => timing.delay_loop.max(timing.delay_before_retry),
        };
        if let Phase::Waiting { until } = &mut self.phase {
            *until = (*until).min(now + longest);
        }
    }

    /// The same for another checker of the server, which goes on from here: the attempt under way is
    /// not its own, and it makes one at `now`.
    #[must_use]
    pub fn inherited(mut self, timing: Timing, steps: NonZeroUsize, now: Instant) -> Self {
        if self.phase == Phase::Trying {
            self.phase = Phase::Waiting { until: now };
        }
        self.update(timing, steps, now);
        self
    }

    /// Tries again from `now` on, if suspended: what is known is out of date.
    pub fn resume(&mut self, now: Instant) {
        if self.phase == Phase::Suspended {
            self.phase = Phase::Waiting { until: now };
        }
    }
}

#[cfg(test)]
mod tests;
