//! The first act: an election, a takeover, a preemption and a graceful handover.

use core::fmt;
use core::time::Duration;
use std::io::Write;

use vrrp_core::Instant;

use super::LabError;
use super::act::Act;
use super::record::{Advert, Bound, PingStatistics};
use super::report::Seconds;
use super::role::Role::{Client, DirectorA, DirectorB};
use super::role::VIRTUAL_ADDRESS;

/// How much later than the protocol says a loaded machine may be.
pub(super) const LATE_TOLERANCE: Duration = Duration::from_millis(500);
/// How much earlier a step may seem: the bridge and the directors do not read the clock together.
const EARLY_TOLERANCE: Duration = Duration::from_millis(50);

/// One change of master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) kind: StepKind,
    /// When the step began, for the pings.
    pub(super) began: Instant,
    /// From the event the protocol counts from to the new master's first advert.
    pub(super) took: Duration,
    /// The same from when that event was the earliest possible.
    pub(super) longest: Duration,
    /// What the protocol allows.
    pub(super) bound: Bound,
}

/// The event from which the protocol counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// It was not before this.
    pub(super) earliest: Instant,
    /// It was not after this.
    pub(super) latest: Instant,
}

impl Origin {
    /// An event whose time is known.
    pub(super) const fn at(at: Instant) -> Self {
        Self {
            earliest: at,
            latest: at,
        }
    }
}

impl Step {
    pub(super) fn new(
        kind: StepKind,
        began: Instant,
        origin: Origin,
        claim: &Advert,
        bound: Bound,
    ) -> Self {
        Self {
            kind,
            began,
            took: claim.at.saturating_duration_since(origin.latest),
            longest: claim.at.saturating_duration_since(origin.earliest),
            bound,
        }
    }

    /// Holds the step against the protocol, which allows no takeover before its time either.
    pub(super) fn check(&self) -> Result<(), LabError> {
        let (step, due) = (self.kind, self.bound.total());
        if self.took > due.saturating_add(LATE_TOLERANCE) {
            let by = self.took.saturating_sub(due);
            return Err(LabError::Late { step, by });
        }
        if self.longest.saturating_add(EARLY_TOLERANCE) < due {
            let by = due.saturating_sub(self.longest);
            return Err(LabError::Early { step, by });
        }
        Ok(())
    }
}

/// What is measured, in the order of the acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// Both directors start; the better one becomes master.
    Election,
    /// The master dies.
    Takeover,
    /// The better director comes back.
    Preemption,
    /// The master stops gracefully.
    Handover,
    /// Requests go to both web servers.
    Spread,
    /// A web server dies.
    Removal,
    /// It comes back.
    Return,
    /// Requests are served again after a takeover.
    Recovery,
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Election => "election",
            Self::Takeover => "takeover",
            Self::Preemption => "preemption",
            Self::Handover => "handover",
            Self::Spread => "spread",
            Self::Removal => "removal",
            Self::Return => "return",
            Self::Recovery => "recovery",
        })
    }
}

/// Plays the act on a rig that has no hosts yet and prints it as it happens, and the table at the
/// end.
pub(super) fn play<W: Write>(act: &mut Act<'_, W>) -> Result<(), LabError> {
    let steps = [
        act.election()?,
        act.takeover()?,
        act.preemption()?,
        act.handover()?,
    ];
    let end = act.stop()?;
    let ends = steps.iter().skip(1).map(|step| step.began).chain([end]);
    let rows: Vec<(Step, PingStatistics)> = steps
        .iter()
        .zip(ends)
        .map(|(&step, until)| (step, act.rig.pings.statistics(step.began, until)))
        .collect();
    act.timeline.table(&rows)?;
    act.timeline.line(format_args!(
        "\nsilence: the longest time without an answer; {} late is allowed a busy machine",
        Seconds(LATE_TOLERANCE)
    ))?;
    steps.iter().try_for_each(Step::check)
}

impl<W: Write> Act<'_, W> {
    fn election(&mut self) -> Result<Step, LabError> {
        let started = self.rig.start(DirectorA)?;
        self.rig.start(DirectorB)?;
        // The bridge may take a second to notice a new cable: long before the first ping.
        self.rig.start(Client)?;
        self.timeline.event(started, "both directors start")?;
        let claim = self.await_claim(DirectorA, started)?;
        let bound = Bound::active_down(&claim, claim.interval);
        self.rig.go(Client)?;
        let began = self.await_answer(claim.at)?;
        let origin = self.backup_since(DirectorA, started)?;
        let step = Step::new(StepKind::Election, began, origin, &claim, bound);
        self.master(DirectorA, &step, claim.at, "it became BACKUP")?;
        self.timeline
            .event(began, format_args!("{VIRTUAL_ADDRESS} answers the client"))?;
        self.hold()?;
        Ok(step)
    }

    fn takeover(&mut self) -> Result<Step, LabError> {
        let (step, claim) = self.fail_over()?;
        self.answered(claim.at)?;
        Ok(step)
    }

    fn preemption(&mut self) -> Result<Step, LabError> {
        let began = self.rig.start(DirectorA)?;
        self.timeline
            .event(began, format_args!("{DirectorA} starts again"))?;
        let claim = self.await_claim(DirectorA, began)?;
        let interval = self.last_advert(DirectorB, claim.at)?.interval;
        let bound = Bound::active_down(&claim, interval);
        let origin = self.backup_since(DirectorA, began)?;
        let step = Step::new(StepKind::Preemption, began, origin, &claim, bound);
        self.master(DirectorA, &step, claim.at, "it became BACKUP")?;
        self.answered(claim.at)?;
        Ok(step)
    }

    fn handover(&mut self) -> Result<Step, LabError> {
        let began = self.rig.terminate(DirectorA)?;
        self.timeline
            .event(began, format_args!("{DirectorA} is stopped (SIGTERM)"))?;
        let resignation = self.await_resignation(DirectorA, began)?;
        let interval = self.last_advert(DirectorA, resignation.at)?.interval;
        let claim = self.await_claim(DirectorB, resignation.at)?;
        let bound = Bound::skew(&claim, interval);
        let origin = Origin::at(resignation.at);
        let step = Step::new(StepKind::Handover, began, origin, &claim, bound);
        self.master(DirectorB, &step, claim.at, "priority 0")?;
        self.answered(claim.at)?;
        self.rig.await_exit(DirectorA)?;
        Ok(step)
    }

    /// Stops what still runs; the time is that of the first request to stop.
    fn stop(&mut self) -> Result<Instant, LabError> {
        let end = self.rig.kill(Client)?;
        let asked = self.rig.terminate(DirectorB)?;
        self.timeline
            .event(asked, format_args!("{DirectorB} is stopped (SIGTERM)"))?;
        self.await_resignation(DirectorB, asked)?;
        let gone = self.rig.await_exit(DirectorB)?;
        self.timeline.event(gone, "everything has stopped")?;
        Ok(end)
    }

    fn answered(&mut self, since: Instant) -> Result<(), LabError> {
        let at = self.await_answer(since)?;
        self.timeline
            .event(at, format_args!("{VIRTUAL_ADDRESS} answers the client"))?;
        self.hold()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_may_be_neither_early_nor_much_too_late() {
        let verdict = |latest, earliest| {
            Step {
                kind: StepKind::Handover,
                began: Instant::EPOCH,
                took: Duration::from_millis(latest),
                longest: Duration::from_millis(earliest),
                bound: Bound::Skew {
                    skew: Duration::from_millis(600),
                },
            }
            .check()
        };
        for (latest, earliest) in [(550, 550), (600, 600), (1100, 1100), (1100, 9000), (0, 550)] {
            assert!(
                verdict(latest, earliest).is_ok(),
                "{latest} to {earliest} ms"
            );
        }
        let text = |latest, earliest| verdict(latest, earliest).unwrap_err().to_string();
        assert_eq!(text(0, 549), "handover came 0.051 s earlier than allowed");
        assert_eq!(text(1101, 9000), "handover came 0.501 s later than allowed");
    }
}
