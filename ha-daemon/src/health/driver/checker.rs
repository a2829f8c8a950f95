//! The checkers of the driver, which are added, suspended and removed one by one. Checkers with the same
//! probe share its attempts.

use std::sync::Arc;

use vrrp_core::Instant;

use super::probe::Queue;
use super::{CheckerId, Checks, Report};
use crate::health::schedule::Change;
use crate::health::settings::{Protocol, Settings};

/// Who wants the attempts of a probe.
#[derive(Debug)]
pub(super) struct Checker {
    pub(super) probe: usize,
    pub(super) suspended: bool,
}

impl Checks {
    /// Starts a checker at `now`, in place of one of that name.
    pub fn add(&mut self, id: CheckerId, settings: Settings, now: Instant) {
        self.remove(id);
        let probe = self.probe(settings, now);
        self.checkers.insert(
            id,
            Checker {
                probe,
                suspended: false,
            },
        );
        if let Some(probe) = self.probes.get_mut(probe).and_then(Option::as_mut) {
            probe.checkers.push(id);
        }
        self.wake(id, now);
    }

    /// Ends a checker. There are no more reports of it, those not taken yet included.
    pub fn remove(&mut self, id: CheckerId) {
        self.suspend(id);
        let Some(checker) = self.checkers.remove(&id) else {
            return;
        };
        self.reports.retain(|report| report.checker != id);
        let Some(slot) = self.probes.get_mut(checker.probe) else {
            return;
        };
        // Thousands may share it, and mostly go in the order in which they came.
        if let Some(probe) = slot
            && let Some(place) = probe.checkers.iter().position(|other| *other == id)
        {
            probe.checkers.remove(place);
        }
        if let Some(probe) = slot.take_if(|probe| probe.checkers.is_empty()) {
            if let Some(party) = probe.party() {
                self.scripts.leave(party);
            }
            self.by_settings.remove(&probe.settings);
            self.deadlines.set(checker.probe, None);
            self.free.push(checker.probe);
        }
    }

    /// The settings of a checker.
    #[must_use]
    pub fn settings(&self, id: CheckerId) -> Option<&Settings> {
        let checker = self.checkers.get(&id)?;
        let probe = self.probes.get(checker.probe)?.as_ref()?;
        Some(&probe.settings)
    }

    /// Whether attempts have told whether the server of a checker is available. Until then its verdict
    /// is what `alpha` says.
    #[must_use]
    pub fn is_founded(&self, id: CheckerId) -> bool {
        let checker = self.checkers.get(&id);
        let probe = checker.and_then(|checker| self.probes.get(checker.probe)?.as_ref());
        probe.is_some_and(|probe| probe.schedule.is_founded())
    }

    /// Gives a checker other settings from its next attempt on. What is known of its server stays. One
    /// that comes to share the attempts of others gets their known result at once. Of one that is not
    /// [founded](Self::is_founded) another `alpha` changes the verdict, which is not reported.
    pub fn update(&mut self, id: CheckerId, settings: Settings, now: Instant) {
        let Some(checker) = self.checkers.get(&id) else {
            return;
        };
        let (index, suspended) = (checker.probe, checker.suspended);
        let Some(probe) = self.probes.get(index).and_then(Option::as_ref) else {
            return;
        };
        if *probe.settings == settings {
            return;
        }
        let is_script = matches!(settings.protocol, Protocol::Misc(_));
        let is_alone = probe.checkers.len() == 1 && probe.party().is_some() == is_script;
        if is_alone && !self.by_settings.contains_key(&settings) {
            self.update_probe(index, settings, now);
            return;
        }
        let schedule = probe.schedule;
        let schedule = schedule.inherited(settings.timing, settings.protocol.steps(), now);
        let last = probe.last.clone();
        self.add(id, settings, now);
        let index = self.checkers.get(&id).map(|checker| checker.probe);
        let probe = index.and_then(|index| self.probes.get_mut(index)?.as_mut());
        if let Some((index, probe)) = index.zip(probe)
            && probe.checkers.len() == 1
        {
            probe.schedule = schedule;
            probe.last = last;
            self.deadlines.set(index, probe.schedule.deadline());
        }
        if suspended {
            self.suspend(id);
            self.reports.retain(|report| report.checker != id);
        }
    }

    /// Gives a probe other settings, which no other has. The attempt under way has the former ones.
    fn update_probe(&mut self, index: usize, mut settings: Settings, now: Instant) {
        let Some(probe) = self.probes.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        // It may be waiting for its turn, or have it.
        if let (Some(party), Protocol::Misc(misc)) = (probe.party(), &mut settings.protocol) {
            misc.party = party;
        }
        let settings = Arc::new(settings);
        self.by_settings.remove(&probe.settings);
        self.by_settings.insert(Arc::clone(&settings), index);
        let steps = settings.protocol.steps();
        probe.schedule.update(settings.timing, steps, now);
        probe.settings = settings;
        if probe.attempt.is_none() && probe.queue == Queue::None {
            self.deadlines.set(index, probe.schedule.deadline());
        }
    }

    /// How many checkers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.checkers.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checkers.is_empty()
    }

    /// Whether there is one of that name.
    #[must_use]
    pub fn contains(&self, id: CheckerId) -> bool {
        self.checkers.contains_key(&id)
    }

    /// Makes no attempts for a checker until it is [resumed](Self::resume) (`ha_suspend`); its
    /// verdict stays as reported.
    pub fn suspend(&mut self, id: CheckerId) {
        let checker = self.checkers.get_mut(&id);
        let Some(checker) = checker.filter(|checker| !checker.suspended) else {
            return;
        };
        checker.suspended = true;
        let index = checker.probe;
        let Some(probe) = self.probes.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        probe.awake -= 1;
        if probe.awake == 0 {
            self.running -= usize::from(probe.attempt.take().is_some());
            probe.schedule.suspend();
            probe.queue = Queue::None;
            self.deadlines.set(index, None);
            self.end_turn(index);
        }
    }

    /// Makes attempts for a suspended checker again, the first at once.
    pub fn resume(&mut self, id: CheckerId, now: Instant) {
        let checker = self.checkers.get_mut(&id);
        if let Some(checker) = checker.filter(|checker| checker.suspended) {
            checker.suspended = false;
            self.wake(id, now);
        }
    }

    /// One more checker has need of its probe.
    fn wake(&mut self, id: CheckerId, now: Instant) {
        let Some(checker) = self.checkers.get_mut(&id) else {
            return;
        };
        let index = checker.probe;
        let Some(probe) = self.probes.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        probe.awake += 1;
        if probe.awake == 1 {
            probe.schedule.resume(now);
            self.deadlines.set(index, probe.schedule.deadline());
        } else if let Some(outcome) = &probe.last
            && probe.schedule.is_founded()
        {
            self.reports.push(Report {
                checker: id,
                outcome: outcome.clone(),
                verdict: probe.schedule.verdict(),
                change: Change::Confirmed,
            });
        }
    }
}
