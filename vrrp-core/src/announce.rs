//! The schedule of gratuitous ARP and unsolicited neighbour advertisements.
//!
//! Both get lost, and switches move slowly: a new Active Router announces its addresses several times
//! at once, again after a delay, and then at the configured refresh interval. [`Schedule`] decides when
//! and how often, [`Pace`] keeps frames apart, and [`Announcer`] is both over the addresses of one
//! router: it returns the address that is next. None of them handles packets or reads a clock.
//!
//! ```
//! use core::time::Duration;
//! use vrrp_core::announce::{Config, Schedule, Settings};
//! use vrrp_core::{Announcement, Instant};
//!
//! let mut settings = Settings::default();
//! settings.delay = Duration::from_secs(2);
//! let mut schedule = Schedule::new(Config::try_from(settings)?);
//! schedule.start(Instant::EPOCH, Announcement::NewActive);
//! let first = schedule.handle(Instant::EPOCH).expect("a block at once");
//! assert_eq!(first.copies, 5);
//! assert_eq!(schedule.deadline(), Some(Instant::from_millis(2_000)));
//! # Ok::<(), vrrp_core::announce::ConfigError>(())
//! ```

mod announcer;
mod pace;

use core::time::Duration;

pub use self::announcer::{Announcer, Slot};
pub use self::pace::Pace;
use crate::{Announcement, Instant};

/// The announce settings of a virtual router, unchecked. With the feature `serde` what is absent is
/// as [`Settings::default`] has it, and spans of time are written as `"5s"` or `"100ms"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(default, deny_unknown_fields, rename_all = "kebab-case")
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct Settings {
    /// Copies per address in each block of a new Active Router; 0 announces nothing.
    pub repeat: u16,
    /// From the first block to the second; zero for no second block.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::span"))]
    pub delay: Duration,
    /// Between refreshes while Active, the first one this long after the router became Active; zero
    /// for none, otherwise 100 ms to a year.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::span"))]
    pub refresh: Duration,
    /// Copies per address in each refresh.
    pub refresh_repeat: u16,
    /// Copies per address in each block after a contest was won; as `repeat` when absent.
    pub lower_prio_repeat: Option<u16>,
    /// From the first block after a won contest to the second; as `delay` when absent. The block
    /// after [`Config::SETTLING`] does not depend on it.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::optional_span"))]
    pub lower_prio_delay: Option<Duration>,
}

impl Default for Settings {
    /// Five copies at once, five more after five seconds, no refresh.
    fn default() -> Self {
        Self {
            repeat: 5,
            delay: Duration::from_secs(5),
            refresh: Duration::ZERO,
            refresh_repeat: 1,
            lower_prio_repeat: None,
            lower_prio_delay: None,
        }
    }
}

/// The validated announcements of a virtual router.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Settings", into = "Settings"))]
pub struct Config(Settings);

impl Config {
    /// Shortest accepted refresh; anything shorter is a storm.
    pub const MIN_REFRESH: Duration = Duration::from_millis(100);
    /// The delay of one more announcement after a contest. The loser may have announced the
    /// addresses after the winner: from its queue, or in answers to others, until it had read that
    /// it lost.
    pub const SETTLING: Duration = Duration::from_millis(100);
    /// For how long each block of a contest counts against [`MAX_CONTESTED`](Self::MAX_CONTESTED).
    pub const CONTEST_PAUSE: Duration = Duration::from_secs(1);
    /// Blocks of contests that may follow each other at once: those of two contests. From then on
    /// there is one per [`CONTEST_PAUSE`](Self::CONTEST_PAUSE), however often losers advertise, and
    /// a block that is put off is sent later: the last contest is always announced.
    pub const MAX_CONTESTED: u32 = 4;
    /// Longest accepted span of any kind.
    pub const MAX_SPAN: Duration = Duration::from_secs(365 * 86_400);

    const fn block(&self, announcement: Announcement) -> (u16, Duration) {
        let normal = (self.0.repeat, self.0.delay);
        match announcement {
            Announcement::NewActive => normal,
            Announcement::LowerPriority => (
                match self.0.lower_prio_repeat {
                    Some(repeat) => repeat,
                    None => normal.0,
                },
                match self.0.lower_prio_delay {
                    Some(delay) => delay,
                    None => normal.1,
                },
            ),
        }
    }

    fn refresh(&self) -> Option<Duration> {
        (self.0.refresh > Duration::ZERO && self.0.refresh_repeat > 0).then_some(self.0.refresh)
    }
}

impl TryFrom<Settings> for Config {
    type Error = ConfigError;

    fn try_from(settings: Settings) -> Result<Self, ConfigError> {
        let refresh = settings.refresh;
        if refresh > Duration::ZERO && refresh < Self::MIN_REFRESH {
            return Err(ConfigError::Refresh { refresh });
        }
        let spans = [
            Some(settings.delay),
            Some(refresh),
            settings.lower_prio_delay,
        ];
        for span in spans.into_iter().flatten() {
            if span > Self::MAX_SPAN {
                return Err(ConfigError::TooLong { span });
            }
        }
        Ok(Self(settings))
    }
}

impl From<Config> for Settings {
    fn from(config: Config) -> Self {
        config.0
    }
}

/// Settings that no schedule can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A refresh interval shorter than [`Config::MIN_REFRESH`].
    #[error("refresh every {}ms is shorter than 100ms", refresh.as_millis())]
    Refresh {
        /// The refresh asked for.
        refresh: Duration,
    },
    /// More than a year.
    #[error("span of {}s is longer than a year", span.as_secs())]
    TooLong {
        /// The span asked for.
        span: Duration,
    },
}

/// Announce every virtual address this often, now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a burst that is not sent is lost"]
pub struct Burst {
    /// Copies per address, at least one.
    pub copies: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    at: Instant,
    copies: u16,
}

/// The announce schedule of one virtual router.
///
/// [`start`](Self::start) it once the addresses are in place (RFC 9568 §8.1.2), call
/// [`handle`](Self::handle) when [`deadline`](Self::deadline) has come, and [`stop`](Self::stop) it
/// when the router is no longer Active. A late call sends what is due once: missed blocks and
/// refreshes do not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    config: Config,
    first: Option<Block>,
    settling: Option<Block>,
    second: Option<Block>,
    refresh_at: Option<Instant>,
    /// Until when the blocks of contests so far count.
    contested_until: Instant,
}

impl Schedule {
    /// An idle schedule.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            first: None,
            settling: None,
            second: None,
            refresh_at: None,
            contested_until: Instant::EPOCH,
        }
    }

    /// The current configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Replaces the configuration. Blocks already due keep their time; a refresh starts, stops or
    /// moves at once if the schedule is running.
    pub fn configure(&mut self, now: Instant, config: Config, active: bool) {
        let before = self.config.refresh();
        self.config = config;
        if before != config.refresh() {
            self.refresh_at = match config.refresh() {
                Some(refresh) if active => Some(now + refresh),
                Some(_) | None => None,
            };
        }
    }

    /// Begins a first block at `now` and, if configured, a second one after the delay.
    ///
    /// A new Active Router starts anew. After a won contest the refresh goes on as it was and a
    /// pending second block stays unless this announcement brings its own. A contest has one more
    /// block, [`Config::SETTLING`] after the last of several. Contests that come faster than their
    /// blocks may have their first block put off to that one, and that one put off.
    pub fn start(&mut self, now: Instant, announcement: Announcement) {
        let (copies, delay) = self.config.block(announcement);
        let second = (delay > Duration::ZERO && copies > 0).then(|| Block {
            at: now + delay,
            copies,
        });
        match announcement {
            Announcement::NewActive => {
                self.settling = None;
                self.second = second;
                self.refresh_at = self.config.refresh().map(|refresh| now + refresh);
                self.begin(now, copies);
            }
            Announcement::LowerPriority => {
                self.settling = (copies > 0).then(|| Block {
                    at: now + Config::SETTLING,
                    copies,
                });
                self.second = second.or(self.second);
                if copies > 0 && self.may_contest_at() <= now {
                    self.contested(now);
                    self.begin(now, copies);
                }
            }
        }
    }

    fn begin(&mut self, now: Instant, copies: u16) {
        let due = self.first.map_or(0, |block| block.copies);
        self.first = Some(Block {
            at: now,
            copies: copies.max(due),
        });
    }

    /// From when on a contest may have another block.
    fn may_contest_at(&self) -> Instant {
        let ahead = Config::CONTEST_PAUSE * (Config::MAX_CONTESTED - 1);
        let ahead = Duration::from_nanos(self.contested_until.as_nanos()).saturating_sub(ahead);
        Instant::EPOCH + ahead
    }

    /// A contest has a block.
    fn contested(&mut self, now: Instant) {
        self.contested_until = self.contested_until.max(now) + Config::CONTEST_PAUSE;
    }

    /// Cancels all announcements: the router is no longer Active.
    pub const fn stop(&mut self) {
        self.first = None;
        self.settling = None;
        self.second = None;
        self.refresh_at = None;
    }

    /// When to call [`handle`](Self::handle) next.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let blocks = [self.first, self.settling, self.second]
            .into_iter()
            .flatten();
        let blocks = blocks.map(|block| block.at).min();
        [blocks, self.refresh_at].into_iter().flatten().min()
    }

    /// Whether nothing is scheduled and no contest counts any more: a new schedule would behave the
    /// same.
    #[must_use]
    pub fn is_idle(&self, now: Instant) -> bool {
        self.contested_until <= now && self.deadline().is_none()
    }

    /// What to announce now. Early calls are no-ops; late ones send the larger of what is due, not
    /// the sum, and do not catch up on missed refreshes.
    pub fn handle(&mut self, now: Instant) -> Option<Burst> {
        let first = self.first.take_if(|block| block.at <= now);
        let mut copies = first.map_or(0, |block| block.copies);
        copies = self.follow_up(now, first.is_some()).max(copies);
        if let (Some(at), Some(refresh)) = (self.refresh_at, self.config.refresh())
            && at <= now
        {
            copies = self.config.0.refresh_repeat.max(copies);
            let next = at + refresh;
            self.refresh_at = Some(if next > now { next } else { now + refresh });
        }
        (copies > 0).then_some(Burst { copies })
    }

    /// The copies of the blocks that follow the first one and are due. They wait while there were
    /// too many of them, unless another block goes out anyway.
    fn follow_up(&mut self, now: Instant, anyway: bool) -> u16 {
        let earliest = if anyway { now } else { self.may_contest_at() };
        let mut copies = 0;
        for follower in [&mut self.settling, &mut self.second] {
            if let Some(block) = follower
                && block.at <= now
            {
                block.at = block.at.max(earliest);
            }
            if let Some(due) = follower.take_if(|block| block.at <= now) {
                copies = due.copies.max(copies);
            }
        }
        if copies > 0 && !anyway {
            self.contested(now);
        }
        copies
    }
}

#[cfg(test)]
mod tests;
