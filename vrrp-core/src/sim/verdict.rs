//! The checks at the end of a simulation, after a calm.

use core::time::Duration;

use super::invariant::{down, stretched};
use super::{Breach, Lan, RouterId, Violation};
use crate::Priority;

impl Lan {
    /// The first invariant that broke so far.
    ///
    /// # Errors
    /// The [`Breach`].
    pub fn check(&mut self) -> Result<(), Breach> {
        let mut settled = false;
        for segment in 0..self.segments.len() {
            self.end_duality(segment, self.now);
            self.end_vacancy(segment, self.now);
            if self.breach.is_none() {
                self.check_flapping(segment);
            }
            if self.breach.is_none() && self.settled_for(self.convergence()) {
                self.check_settled(segment);
                settled = true;
            }
        }
        if settled && self.breach.is_none() {
            self.forget_troubles();
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

    /// What was settled once may not excuse what happens later.
    fn forget_troubles(&mut self) {
        self.disturbances = 0;
        self.losses = 0;
        self.links.forget();
        for segment in &mut self.segments {
            segment.transitions = 0;
        }
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
