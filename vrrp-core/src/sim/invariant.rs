//! What must hold whatever happens to the LAN.

use core::time::Duration;

use super::station::{Power, Station};
use super::{Lan, RouterId};
use crate::{Cause, Config, Heard, Instant, Interval, Priority, Role, Transition, Version};

/// The first broken invariant and when it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at {at}: {violation}")]
pub struct Breach {
    /// When, on the LAN's clock.
    pub at: Instant,
    /// What.
    #[source]
    pub violation: Violation,
}

/// An invariant that did not hold.
///
/// The first seven are watched all the time. The others hold once a LAN without loss, cuts and paused
/// routers was left alone for [`Lan::convergence`]. All of them suppose that the delays of a LAN
/// differ by less than Active_Down_Interval minus one interval, and that addresses are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The virtual addresses are present exactly while Active, added and removed once each.
    #[error("{router} is {role} and its addresses are present: {present}")]
    Addresses {
        /// The router.
        router: RouterId,
        /// Its role.
        role: Role,
        /// Whether the addresses are on the interface.
        present: bool,
    },
    /// A backup takes over at most Active_Down_Interval after the last advertisement that counts,
    /// and at most Skew_Time after a resignation; an Active Router advertises every interval.
    #[error("{router} waits until {deadline} on its own clock instead of {bound}")]
    Late {
        /// The router.
        router: RouterId,
        /// When it will act.
        deadline: Instant,
        /// When it has to.
        bound: Instant,
    },
    /// A timeout that was due moves the deadline into the future.
    #[error("{router} does not move on when its timer fires")]
    Stuck {
        /// The router.
        router: RouterId,
    },
    /// A live Active Router that is heard is not displaced by one of lower or equal priority
    /// (RFC 9568 §2.3).
    #[error("{router} displaced {better}")]
    Displaced {
        /// The router that became Active.
        router: RouterId,
        /// The one it should have heard.
        better: RouterId,
    },
    /// A router sends at most five advertisements per interval (its own, and two answers of each
    /// kind; the shortest interval of the LAN counts), and a few at each change.
    #[error("{router} sends more than five advertisements per interval")]
    Storm {
        /// The router.
        router: RouterId,
    },
    /// On a LAN left alone, two Active Routers see each other within an interval and yield.
    #[error("two routers were Active for {window:?}, more than {bound:?}")]
    Dual {
        /// How long both were.
        window: Duration,
        /// How long they may.
        bound: Duration,
    },
    /// A sync group comes to a decision.
    #[error("the sync group of {router} does not settle")]
    GroupUnsettled {
        /// One of its members.
        router: RouterId,
    },
    /// There is exactly one Active Router if any router can be, otherwise none.
    #[error("{active} routers are Active, {able} able to be")]
    Agreement {
        /// How many are.
        active: usize,
        /// How many could be.
        able: usize,
    },
    /// The Active Router is the best, unless the better ones do not preempt.
    #[error("{active} is Active instead of {better}")]
    Validity {
        /// The Active Router.
        active: RouterId,
        /// A preempting router of higher priority.
        better: RouterId,
    },
    /// Nothing changes any more.
    #[error("{router} still changed its role")]
    Restless {
        /// The router.
        router: RouterId,
    },
    /// Roles change a bounded number of times per disturbance and lost packet.
    #[error("{transitions} changes of role where {budget} are enough")]
    Flapping {
        /// How many changes there were.
        transitions: u64,
        /// How many there may be.
        budget: u64,
    },
    /// Where announcements are refreshed, every neighbour sends to the Active Router.
    #[error("the neighbour of {neighbour} does not send to {active}")]
    Neighbour {
        /// Where the neighbour is.
        neighbour: RouterId,
        /// The Active Router.
        active: RouterId,
    },
}

/// Clocks may be off by one per cent in either direction.
fn stretched(duration: Duration) -> Duration {
    duration * 51 / 50
}

fn skew(config: &Config, priority: Priority, interval: Interval) -> Duration {
    let span = match config.version() {
        Version::V2 => Duration::from_secs(1),
        Version::V3 => interval.duration(),
    };
    span * (256 - u32::from(priority.get())) / 256
}

fn down(config: &Config, priority: Priority, interval: Interval) -> Duration {
    interval.duration() * u32::from(config.down_multiplier()) + skew(config, priority, interval)
}

impl Lan {
    /// The first invariant that broke so far.
    ///
    /// # Errors
    /// The [`Breach`].
    pub fn check(&mut self) -> Result<(), Breach> {
        for segment in 0..self.segments.len() {
            self.end_duality(segment, self.now);
            if self.breach.is_none() {
                self.check_flapping(segment);
            }
            if self.breach.is_none() && self.settled_for(self.convergence()) {
                self.check_settled(segment);
            }
        }
        self.breach.map_or(Ok(()), Err)
    }

    /// How long after the last disturbance the LAN is settled: the longest preempt delay, three
    /// times the longest Active_Down_Interval, one interval, and the packets in between. Twice that
    /// with sync groups, whose members wait for each other.
    #[must_use]
    pub fn convergence(&self) -> Duration {
        let mut bound = Duration::ZERO;
        for station in &self.stations {
            let interval = self.segments[station.segment].longest_interval;
            let lowest = Priority::from_wire(1);
            let down = down(&station.config, lowest, interval);
            bound = bound.max(station.config.preempt_delay() + 3 * down + interval.duration());
        }
        let groups = if self.teams.is_empty() { 1 } else { 2 };
        stretched(bound + self.links.longest * 4 * self.crowd()) * groups
    }

    fn crowd(&self) -> u32 {
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

    fn settled_for(&self, span: Duration) -> bool {
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
        let elapsed = self.now.saturating_duration_since(seen.credited);
        let interval = self.segments[station.segment].shortest_interval.duration();
        let earned = elapsed.as_nanos() * 5_000 / interval.as_nanos();
        let earned = u64::try_from(earned).unwrap_or(u64::MAX);
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

    /// Whatever is at least as good as a backup re-arms its timer (F7), and so does anything it
    /// tolerates (F9). A resignation counts from the router it follows, or if it follows none.
    pub(super) fn note_heard(&mut self, index: usize, heard: Heard, resigned: bool) {
        let router = &self.stations[index].router;
        let config = router.config();
        let tolerant = !config.preempt() || config.preempt_delay() > Duration::ZERO;
        let counts = heard.priority >= router.priority() || tolerant;
        if resigned {
            self.stations[index].seen.resigned = true;
        } else if counts && !heard.priority.is_resign() {
            self.stations[index].seen.resigned = false;
            self.rearmed(index);
        }
    }

    /// F6: at most Skew_Time is left after a resignation.
    pub(super) fn note_resigned(&mut self, index: usize) {
        let station = &self.stations[index];
        if station.router.role() != Role::Backup {
            return;
        }
        let interval = self.segments[station.segment].longest_interval;
        let skew = skew(station.router.config(), station.router.priority(), interval);
        self.expect_by(index, self.local(index) + skew);
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
                let interval = self.segments[station.segment].longest_interval;
                station.seen.rearmed + down(config, station.router.priority(), interval)
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
        let quality = self.links.quality();
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
    }

    fn end_duality(&mut self, segment: usize, end: Instant) {
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

    fn active_in(&self, segment: usize) -> impl Iterator<Item = usize> {
        let stations = self.segments[segment].stations.iter().copied();
        stations.filter(|index| self.stations[*index].is_active())
    }

    fn able_in(&self, segment: usize) -> impl Iterator<Item = usize> {
        let stations = self.segments[segment].stations.iter().copied();
        stations.filter(|index| self.is_able(&self.stations[*index]))
    }

    fn is_able(&self, station: &Station) -> bool {
        let team_is_fit = station.group.is_none_or(|team| {
            let team = self.teams[team].stations.iter();
            team.into_iter().all(|index| self.stations[*index].is_fit())
        });
        station.is_fit() && team_is_fit
    }

    fn check_flapping(&mut self, segment: usize) {
        let crowd = u64::from(self.crowd());
        let transitions = self.segments[segment].transitions;
        let budget = 4 * crowd * (1 + self.disturbances + self.losses);
        if transitions > budget {
            self.break_invariant(Violation::Flapping {
                transitions,
                budget,
            });
        }
    }

    fn check_settled(&mut self, segment: usize) {
        let able = self.able_in(segment).count();
        let count = self.active_in(segment).count();
        if count != able.min(1) {
            self.break_invariant(Violation::Agreement {
                active: count,
                able,
            });
        }
        let Some(active) = self.active_in(segment).next() else {
            return;
        };
        let priority = self.stations[active].router.priority();
        let better = self.able_in(segment).find(|index| {
            let router = &self.stations[*index].router;
            router.config().preempt() && router.priority() > priority
        });
        if let Some(better) = better {
            self.break_invariant(Violation::Validity {
                active: RouterId(active),
                better: RouterId(better),
            });
        }
        self.check_neighbours(segment, active);
    }

    fn check_neighbours(&mut self, segment: usize, active: usize) {
        let settings = crate::announce::Settings::from(*self.stations[active].schedule.config());
        let refreshed = settings.refresh_repeat > 0 && settings.refresh > Duration::ZERO;
        let span = self.convergence() + stretched(settings.delay + 2 * settings.refresh);
        if !refreshed || !self.settled_for(span) {
            return;
        }
        let stations = self.segments[segment].stations.iter();
        let lost = stations.into_iter().find(|index| {
            let station = &self.stations[**index];
            station.carrier && station.believes != Some(active)
        });
        if let Some(neighbour) = lost {
            self.break_invariant(Violation::Neighbour {
                neighbour: RouterId(*neighbour),
                active: RouterId(active),
            });
        }
    }
}
