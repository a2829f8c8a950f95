//! The invariants that are checked while a simulation runs.

use core::time::Duration;

use super::station::{Power, Station};
use super::violation::{Breach, Violation};
use super::{Lan, RouterId};
use crate::{Cause, Config, Heard, Instant, Interval, Priority, Role, Transition, Version};

/// Clocks may be off by one per cent in either direction.
pub(super) fn stretched(duration: Duration) -> Duration {
    duration * 51 / 50
}

fn skew(config: &Config, priority: Priority, interval: Interval) -> Duration {
    let span = match config.version() {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => interval.duration(),
    };
    span * (256 - u32::from(priority.get())) / 256
}

pub(super) fn down(config: &Config, priority: Priority, interval: Interval) -> Duration {
    interval.duration() * u32::from(config.down_multiplier()) + skew(config, priority, interval)
}

impl Lan {
    pub(super) fn crowd(&self) -> u32 {
        u32::try_from(self.stations.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn break_invariant(&mut self, violation: Violation) {
        let at = self.now;
        self.breach.get_or_insert(Breach { at, violation });
    }

    /// Since when nobody interfered with the LAN: no disturbance, no loss, no cut, no pause.
    fn undisturbed_since(&self) -> Option<Instant> {
        let mut since = self.disturbed_at;
        if self.stations.iter().any(|s| s.power == Power::Paused) {
            return None;
        }
        for segment in &self.segments {
            for from in &segment.stations {
                for to in &segment.stations {
                    since = since.max(self.links.clean_since(*from, *to)?);
                }
            }
        }
        Some(since)
    }

    pub(super) fn settled_for(&self, span: Duration) -> bool {
        self.undisturbed_since()
            .is_some_and(|since| since + span <= self.now)
    }

    pub(super) fn rearmed(&mut self, index: usize) {
        self.stations[index].seen.rearmed = self.local(index);
    }

    /// More advertisements are in order after a change.
    pub(super) fn grant(&mut self, index: usize) {
        self.stations[index].seen.credit += 3_000;
    }

    pub(super) fn note_advert(&mut self, index: usize) {
        let station = &mut self.stations[index];
        let seen = &mut station.seen;
        let elapsed = self.now.as_nanos() - seen.credited.as_nanos();
        let interval = self.segments[station.segment].shortest_interval;
        let interval = u64::from(interval.centis()) * 10_000_000;
        let earned = elapsed.min(2 * interval) * 5_000 / interval;
        seen.credited = self.now;
        let credit = seen
            .credit
            .saturating_add(earned)
            .min(8_000.max(seen.credit));
        match credit.checked_sub(1_000) {
            Some(left) => seen.credit = left,
            None => self.break_invariant(Violation::Storm {
                router: RouterId(index),
            }),
        }
    }

    pub(super) fn note_addresses(&mut self, index: usize, present: bool, again: bool) {
        let station = &mut self.stations[index];
        let was = core::mem::replace(&mut station.addresses, present);
        if was == present && !again {
            let role = station.router.role();
            self.break_invariant(Violation::Addresses {
                router: RouterId(index),
                role,
                present,
            });
        }
    }

    /// Whatever is at least as good as a backup re-arms its timer (RFC 9568 §6.4.2), and so does
    /// anything it tolerates. A resignation counts from the router it follows, or
    /// if it follows none.
    pub(super) fn note_heard(&mut self, index: usize, heard: Heard, resigned: bool) {
        self.stations[index].seen.advertised = heard.interval;
        let router = &self.stations[index].router;
        let config = router.config();
        let tolerant = !config.preempt() || config.preempt_delay() > Duration::ZERO;
        let counts = heard.priority >= router.priority() || tolerant;
        if resigned {
            self.stations[index].seen.resigned = true;
        } else if counts && !heard.priority.is_resign() {
            let lower = heard.priority < router.priority();
            let seen = &mut self.stations[index].seen;
            seen.resigned = false;
            // RFC 9568 §6.4.2: version 3 learns the interval, of a lower priority while it is
            // tolerated.
            seen.interval = if lower {
                heard.interval.max(seen.interval)
            } else {
                heard.interval
            };
            self.rearmed(index);
        }
    }

    /// RFC 9568 §6.4.2: at most Skew_Time is left after a resignation.
    pub(super) fn note_resigned(&mut self, index: usize) {
        let station = &self.stations[index];
        if station.router.role() != Role::Backup {
            return;
        }
        let config = station.router.config();
        let skew = skew(config, station.router.priority(), station.seen.interval);
        self.expect_by(index, self.local(index) + skew);
    }

    /// A router counts with its own interval, too, from here on: as a candidate of its group.
    pub(super) fn note_candidate(&mut self, index: usize) {
        let station = &mut self.stations[index];
        let own = station.router.config().interval();
        station.seen.interval = own.max(station.seen.interval);
        self.rearmed(index);
    }

    /// Forgets the learned interval where a reload does.
    pub(super) fn note_configured(&mut self, index: usize) {
        let station = &mut self.stations[index];
        let config = station.router.config();
        if station.router.active_router().is_none() || config.version() == Version::V2 {
            station.seen.interval = config.interval();
        }
    }

    /// Looks at a router after each of its steps.
    pub(super) fn note_step(&mut self, index: usize) {
        let station = &self.stations[index];
        let (role, present) = (station.router.role(), station.addresses);
        if present != (role == Role::Active) {
            self.break_invariant(Violation::Addresses {
                router: RouterId(index),
                role,
                present,
            });
        }
        let station = &self.stations[index];
        let config = station.router.config();
        let bound = match role {
            Role::Initialize => return,
            Role::Active => self.local(index) + config.interval().duration(),
            Role::Backup => {
                let wait = down(config, station.router.priority(), station.seen.interval);
                station.seen.rearmed + wait
            }
        };
        self.expect_by(index, bound);
    }

    fn expect_by(&mut self, index: usize, bound: Instant) {
        let deadline = self.stations[index].router.deadline();
        let deadline = deadline.unwrap_or(Instant::MAX);
        if deadline > bound {
            self.break_invariant(Violation::Late {
                router: RouterId(index),
                deadline,
                bound,
            });
        }
    }

    pub(super) fn note_transition(&mut self, index: usize, transition: Transition) {
        if self.settled_for(self.convergence()) {
            self.break_invariant(Violation::Restless {
                router: RouterId(index),
            });
        }
        // Whoever follows the router that resigns may not hear the better one.
        let resigned = transition.cause == Cause::ActiveResigned
            || (transition.cause == Cause::GroupElected && self.stations[index].seen.resigned);
        if transition.to == Role::Active && !resigned {
            self.check_displacement(index);
        }
        if transition.to == Role::Backup {
            let station = &mut self.stations[index];
            let own = station.router.config().interval();
            station.seen.interval = transition.peer.map_or(own, |_| station.seen.advertised);
        }
        self.stations[index].seen.steady = self.now;
        self.rearmed(index);
        self.grant(index);
        let segment = self.stations[index].segment;
        self.segments[segment].transitions += 1;
        self.recount(index);
    }

    fn check_displacement(&mut self, index: usize) {
        let station = &self.stations[index];
        let better = self.segments[station.segment]
            .stations
            .iter()
            .find(|peer| **peer != index && self.must_be_heard(**peer, index));
        if let Some(better) = better {
            self.break_invariant(Violation::Displaced {
                router: RouterId(index),
                better: RouterId(*better),
            });
        }
    }

    /// Whether `to` heard the Active Router `from` so lately that its timer cannot have fired.
    fn must_be_heard(&self, from: usize, to: usize) -> bool {
        let (sender, receiver) = (&self.stations[from], &self.stations[to]);
        let Some(clean) = self.links.clean_since(from, to) else {
            return false;
        };
        let steady = clean.max(sender.seen.steady).max(receiver.seen.steady);
        let interval = sender.router.config().interval();
        let quality = self.links.quality(from, to);
        let gap = stretched(interval.duration()) + self.links.longest - quality.min_delay;
        let priority = receiver.router.priority();
        // A faster router that was Active for a moment leaves its interval behind.
        let shortest = self.segments[sender.segment].shortest_interval;
        let patience = down(receiver.router.config(), priority, shortest);
        let understood = receiver.config.version() == Version::V3
            || interval == receiver.router.config().interval();
        sender.is_active()
            && sender.is_fit()
            && sender.router.priority() >= priority
            && understood
            && patience > stretched(gap)
            && steady + gap + self.links.longest < self.now
    }

    /// Looks how many routers of a segment are Active after one of them changed.
    pub(super) fn recount(&mut self, index: usize) {
        let segment = self.stations[index].segment;
        let active = self.active_in(segment).count();
        match self.segments[segment].dual_since {
            None if active > 1 => self.segments[segment].dual_since = Some(self.now),
            Some(_) if active < 2 => {
                self.end_duality(segment, self.now);
                self.segments[segment].dual_since = None;
            }
            None | Some(_) => {}
        }
        match self.segments[segment].vacant_since {
            None if active == 0 => self.segments[segment].vacant_since = Some(self.now),
            Some(_) if active > 0 => {
                self.end_vacancy(segment, self.now);
                self.segments[segment].vacant_since = None;
            }
            None | Some(_) => {}
        }
    }

    /// Judges a vacancy that lasted until `end`. Where nobody is Active nobody advertises: once the
    /// last packets have arrived, every able router's timer runs.
    pub(super) fn end_vacancy(&mut self, segment: usize, end: Instant) {
        let (Some(since), Some(undisturbed)) = (
            self.segments[segment].vacant_since,
            self.undisturbed_since(),
        ) else {
            return;
        };
        let stations = self.segments[segment].stations.iter();
        let waits = stations.filter_map(|index| {
            let station = &self.stations[*index];
            let priority = station.router.priority();
            let wait = down(station.router.config(), priority, station.seen.interval);
            let wait = station.clock.stretched(wait);
            (station.group.is_none() && self.able(station)).then_some(wait)
        });
        let Some(wait) = waits.min() else {
            return;
        };
        let bound = wait + self.links.longest;
        let window = end.saturating_duration_since(since.max(undisturbed));
        if window > bound {
            self.break_invariant(Violation::Vacant { window, bound });
        }
    }

    pub(super) fn end_duality(&mut self, segment: usize, end: Instant) {
        let (Some(since), Some(undisturbed)) =
            (self.segments[segment].dual_since, self.undisturbed_since())
        else {
            return;
        };
        let interval = self.segments[segment].longest_interval.duration();
        let bound = stretched(interval + self.links.longest * 2 * self.crowd());
        let window = end.saturating_duration_since(since.max(undisturbed));
        if window > bound {
            self.break_invariant(Violation::Dual { window, bound });
        }
    }

    pub(super) fn active_in(&self, segment: usize) -> impl Iterator<Item = usize> {
        let stations = self.segments[segment].stations.iter().copied();
        stations.filter(|index| self.stations[*index].is_active())
    }

    pub(super) fn able_in(&self, segment: usize) -> impl Iterator<Item = usize> {
        let stations = self.segments[segment].stations.iter().copied();
        stations.filter(|index| self.able(&self.stations[*index]))
    }

    pub(super) fn able(&self, station: &Station) -> bool {
        let team_is_fit = station.group.is_none_or(|team| {
            let team = self.teams[team].stations.iter();
            team.into_iter().all(|index| self.stations[*index].is_fit())
        });
        station.is_fit() && team_is_fit
    }
}
