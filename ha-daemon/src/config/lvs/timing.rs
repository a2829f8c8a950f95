//! The timing of checks: settings of a virtual server, a real server or a check.

use core::time::Duration;

use crate::config::diagnostic::Handle;
use crate::config::keyword::TimingKeyword;
use crate::config::value::Words;
use crate::health::schedule::Timing;

/// The most microseconds a delay may have.
const LONGEST: u64 = u32::MAX as u64 * 1_000_000;

/// What is set; the rest comes from around it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct TimingDraft {
    pub(super) delay_loop: Option<Duration>,
    warmup: Option<Duration>,
    retry: Option<u32>,
    delay_before_retry: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) alpha: Option<bool>,
}

/// What a kind of check has if nothing is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Defaults {
    /// `fast_recovery`.
    pub(super) fast_recovery: bool,
    pub(super) retry: u32,
    /// `delay_loop` if absent.
    pub(super) delay_before_retry: Option<Duration>,
}

impl TimingDraft {
    pub(super) const NONE: Self = Self {
        delay_loop: None,
        warmup: None,
        retry: None,
        delay_before_retry: None,
        connect_timeout: None,
        alpha: None,
    };
    pub(super) const DELAY_LOOP: Duration = Duration::from_secs(60);
    pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// Reads the parameter of a keyword, with at least `least_retry` retries.
    pub(super) fn keyword(
        &mut self,
        keyword: TimingKeyword,
        least_retry: u32,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            TimingKeyword::DelayLoop => self.delay_loop = seconds(words, 1)?,
            TimingKeyword::Warmup => self.warmup = seconds(words, 0)?,
            TimingKeyword::DelayBeforeRetry => self.delay_before_retry = seconds(words, 0)?,
            TimingKeyword::Retry => self.retry = Some(words.count(least_retry, u32::MAX)?),
        }
        Ok(())
    }

    /// Reads the parameter of `connect_timeout`.
    pub(super) fn connect_timeout(&mut self, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        self.connect_timeout = Some(words.seconds(1, u32::MAX.into())?.value);
        Ok(())
    }

    /// These settings, and where there is none that of `outer`.
    pub(super) fn or(self, outer: Self) -> Self {
        Self {
            delay_loop: self.delay_loop.or(outer.delay_loop),
            warmup: self.warmup.or(outer.warmup),
            retry: self.retry.or(outer.retry),
            delay_before_retry: self.delay_before_retry.or(outer.delay_before_retry),
            connect_timeout: self.connect_timeout.or(outer.connect_timeout),
            alpha: self.alpha.or(outer.alpha),
        }
    }

    pub(super) fn complete(self, defaults: Defaults) -> Timing {
        let delay_loop = self.delay_loop.unwrap_or(Self::DELAY_LOOP);
        Timing {
            delay_loop,
            warmup: self.warmup.unwrap_or(delay_loop),
            retry: self.retry.unwrap_or(defaults.retry),
            delay_before_retry: self
                .delay_before_retry
                .or(defaults.delay_before_retry)
                .unwrap_or(delay_loop),
            alpha: self.alpha.unwrap_or(false),
            fast_recovery: defaults.fast_recovery,
        }
    }
}

fn seconds(words: &mut Words<'_, '_>, least: u64) -> Result<Option<Duration>, Handle> {
    Ok(Some(words.seconds(least, LONGEST)?.value))
}
