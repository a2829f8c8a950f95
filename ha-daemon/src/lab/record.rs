//! The record of adverts and pings, and the figures derived from them.

use core::net::Ipv4Addr;
use core::time::Duration;

use vrrp_core::{Instant, Interval, Priority, Version, skew};

use super::pinger::Report;

/// Adverts and pings beyond this many are not kept: an hour of adverts, and twenty minutes of pings.
const CAPACITY: usize = 1 << 16;

/// An advertisement as it crossed the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Advert {
    pub(super) at: Instant,
    pub(super) source: Ipv4Addr,
    pub(super) version: Version,
    pub(super) priority: Priority,
    pub(super) interval: Interval,
}

/// The adverts in the order they crossed the bridge.
#[derive(Debug, Default)]
pub(super) struct AdvertRecord(Vec<Advert>);

impl AdvertRecord {
    pub(super) fn push(&mut self, advert: Advert) {
        if self.0.len() < CAPACITY {
            self.0.push(advert);
        }
    }

    /// The first advert of `source` at or after `since` that claims the address.
    pub(super) fn first_claim(&self, source: Ipv4Addr, since: Instant) -> Option<Advert> {
        self.since(source, since)
            .find(|advert| !advert.priority.is_resign())
    }

    /// The first advert of `source` at or after `since` that gives the address up (priority 0).
    pub(super) fn first_resignation(&self, source: Ipv4Addr, since: Instant) -> Option<Advert> {
        self.since(source, since)
            .find(|advert| advert.priority.is_resign())
    }

    /// The last advert of `source` before `until`.
    pub(super) fn last(&self, source: Ipv4Addr, until: Instant) -> Option<Advert> {
        self.0
            .iter()
            .rfind(|advert| advert.source == source && advert.at < until)
            .copied()
    }

    fn since(&self, source: Ipv4Addr, since: Instant) -> impl Iterator<Item = Advert> {
        self.0
            .iter()
            .copied()
            .filter(move |advert| advert.source == source && advert.at >= since)
    }
}

#[derive(Clone, Copy, Debug)]
struct Ping {
    sent: Instant,
    answered: Option<Instant>,
}

/// The client's pings in the order they were sent.
#[derive(Debug, Default)]
pub(super) struct PingRecord(Vec<Ping>);

impl PingRecord {
    /// Adds what the client reported. Sequence numbers count from zero without a gap; a second
    /// answer to one request changes nothing.
    pub(super) fn add(&mut self, report: Report) {
        match report {
            Report::Sent { sequence, at } => {
                if usize::from(sequence) == self.0.len() && self.0.len() < CAPACITY {
                    self.0.push(Ping {
                        sent: at,
                        answered: None,
                    });
                }
            }
            Report::Answered { sequence, at } => {
                if let Some(ping) = self.0.get_mut(usize::from(sequence)) {
                    ping.answered.get_or_insert(at);
                }
            }
        }
    }

    /// The first answer to a ping sent at or after `since`.
    pub(super) fn first_answer(&self, since: Instant) -> Option<Instant> {
        self.0
            .iter()
            .filter(|ping| ping.sent >= since)
            .find_map(|ping| ping.answered)
    }

    /// What became of the pings sent from `since` until before `until`.
    pub(super) fn statistics(&self, since: Instant, until: Instant) -> PingStatistics {
        let window = since..until;
        let mut statistics = PingStatistics::default();
        for ping in self.0.iter().filter(|ping| window.contains(&ping.sent)) {
            statistics.sent += 1;
            statistics.lost += usize::from(ping.answered.is_none());
        }
        let mut answers: Vec<Instant> = self
            .0
            .iter()
            .filter_map(|ping| ping.answered)
            .filter(|at| window.contains(at))
            .collect();
        answers.push(until);
        answers.sort_unstable();
        let mut previous = since;
        for at in answers {
            let silence = at.saturating_duration_since(previous);
            statistics.silence = statistics.silence.max(silence);
            previous = at;
        }
        statistics
    }
}

/// What the client noticed in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PingStatistics {
    /// Requests sent.
    pub(super) sent: usize,
    /// Requests never answered.
    pub(super) lost: usize,
    /// The longest time without an answer; the ends of the span count as answers.
    pub(super) silence: Duration,
}

/// How long the protocol lets a router wait before it takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    /// Active_Down_Interval (RFC 9568 §6.1): three intervals and the skew.
    ActiveDown { interval: Interval, skew: Duration },
    /// Skew_Time alone, after a resignation (RFC 9568 §6.4.2).
    Skew { skew: Duration },
}

impl Bound {
    /// The wait of the router that sent `claim` for one that advertised every `interval`.
    pub(super) const fn active_down(claim: &Advert, interval: Interval) -> Self {
        Self::ActiveDown {
            interval,
            skew: skew(claim.version, claim.priority, interval),
        }
    }

    /// The wait of the router that sent `claim` after the resignation of one that advertised every
    /// `interval`.
    pub(super) const fn skew(claim: &Advert, interval: Interval) -> Self {
        Self::Skew {
            skew: skew(claim.version, claim.priority, interval),
        }
    }

    /// The wait itself.
    pub(super) const fn total(self) -> Duration {
        match self {
            Self::ActiveDown { interval, skew } => {
                interval.duration().saturating_mul(3).saturating_add(skew)
            }
            Self::Skew { skew } => skew,
        }
    }
}

#[cfg(test)]
mod tests;
