//! The first act: an election, a takeover, a preemption and a graceful handover.

use core::fmt;
use core::time::Duration;
use std::io::Write;

use vrrp_core::Instant;

use super::record::{Advert, Bound, PingStatistics};
use super::report::{Seconds, Timeline};
use super::rig::Rig;
use super::role::Role::{Client, DirectorA, DirectorB};
use super::role::{Role, VIRTUAL_ADDRESS};
use super::{LabError, Options};

/// How long the network is left alone after each change of master.
const HOLD: Duration = Duration::from_millis(1200);
/// How long a change of master may take before the laboratory gives up. The protocol's bound is
/// known only once the new master has spoken.
const PATIENCE: Duration = Duration::from_secs(8);
/// How much later than the protocol says a loaded machine may be.
const LATE_TOLERANCE: Duration = Duration::from_millis(500);
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
    /// What the protocol allows.
    pub(super) bound: Bound,
}

impl Step {
    fn new(
        kind: StepKind,
        began: Instant,
        counted_from: Instant,
        claim: &Advert,
        bound: Bound,
    ) -> Self {
        Self {
            kind,
            began,
            took: claim.at.saturating_duration_since(counted_from),
            bound,
        }
    }

    /// Holds the step against the protocol, which allows no takeover before its time either.
    fn check(&self) -> Result<(), LabError> {
        let (step, due) = (self.kind, self.bound.total());
        if self.took > due.saturating_add(LATE_TOLERANCE) {
            let by = self.took.saturating_sub(due);
            return Err(LabError::Late { step, by });
        }
        if self.took.saturating_add(EARLY_TOLERANCE) < due {
            let by = due.saturating_sub(self.took);
            return Err(LabError::Early { step, by });
        }
        Ok(())
    }
}

/// The kinds of change, in the order of the act.
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
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Election => "election",
            Self::Takeover => "takeover",
            Self::Preemption => "preemption",
            Self::Handover => "handover",
        })
    }
}

/// Runs the act on a rig that has no hosts yet and prints it as it happens, and the table at the
/// end.
pub(super) fn run<W: Write>(
    rig: &mut Rig,
    timeline: &mut Timeline<W>,
    options: &Options,
) -> Result<(), LabError> {
    let mut act = Act {
        rig,
        timeline,
        options,
    };
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

struct Act<'a, W> {
    rig: &'a mut Rig,
    timeline: &'a mut Timeline<W>,
    options: &'a Options,
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
        let step = Step::new(StepKind::Election, began, started, &claim, bound);
        self.master(DirectorA, &step, claim.at, "its start")?;
        self.timeline
            .event(began, format_args!("{VIRTUAL_ADDRESS} answers the client"))?;
        self.hold()?;
        Ok(step)
    }

    fn takeover(&mut self) -> Result<Step, LabError> {
        let killed = self.rig.kill(DirectorA)?;
        self.timeline.event(
            killed,
            format_args!("{DirectorA} is killed (SIGKILL) and its cable cut"),
        )?;
        let last = self.last_advert(DirectorA, killed)?;
        let claim = self.await_claim(DirectorB, killed)?;
        let bound = Bound::active_down(&claim, last.interval);
        let step = Step::new(StepKind::Takeover, killed, last.at, &claim, bound);
        self.master(DirectorB, &step, claim.at, "the last advert")?;
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
        let step = Step::new(StepKind::Preemption, began, began, &claim, bound);
        self.master(DirectorA, &step, claim.at, "its start")?;
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
        let step = Step::new(StepKind::Handover, began, resignation.at, &claim, bound);
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

    fn master(
        &mut self,
        role: Role,
        step: &Step,
        at: Instant,
        counted_from: &str,
    ) -> Result<(), LabError> {
        let took = Seconds(step.took);
        self.timeline.event(
            at,
            format_args!(
                "{role} is MASTER: {} {took} after {counted_from}",
                step.kind
            ),
        )
    }

    fn answered(&mut self, since: Instant) -> Result<(), LabError> {
        let at = self.await_answer(since)?;
        self.timeline
            .event(at, format_args!("{VIRTUAL_ADDRESS} answers the client"))?;
        self.hold()
    }

    fn last_advert(&self, role: Role, until: Instant) -> Result<Advert, LabError> {
        self.rig
            .adverts
            .last(role.address(), until)
            .ok_or_else(|| self.rig.silent(role, "advertise"))
    }

    fn await_claim(&mut self, role: Role, since: Instant) -> Result<Advert, LabError> {
        self.wait(since, format_args!("{role} to become MASTER"), |rig| {
            rig.adverts.first_claim(role.address(), since)
        })?
        .ok_or_else(|| self.rig.silent(role, "become MASTER"))
    }

    fn await_resignation(&mut self, role: Role, since: Instant) -> Result<Advert, LabError> {
        self.wait(since, format_args!("{role} to send priority 0"), |rig| {
            rig.adverts.first_resignation(role.address(), since)
        })?
        .ok_or_else(|| self.rig.silent(role, "send priority 0"))
    }

    /// When the client was first answered by a master that speaks since `since`.
    fn await_answer(&mut self, since: Instant) -> Result<Instant, LabError> {
        self.wait(since, format_args!("{VIRTUAL_ADDRESS} to answer"), |rig| {
            rig.pings.first_answer(since)
        })?
        .ok_or(LabError::NoAnswer)
    }

    fn hold(&mut self) -> Result<(), LabError> {
        let until = self.rig.now() + HOLD;
        while self.turn(until, format_args!("watching"))? < until {}
        Ok(())
    }

    /// Turns until `found` finds something, at most [`PATIENCE`] after `since`.
    fn wait<T>(
        &mut self,
        since: Instant,
        what: fmt::Arguments<'_>,
        found: impl Fn(&Rig) -> Option<T>,
    ) -> Result<Option<T>, LabError> {
        let limit = since + PATIENCE;
        loop {
            if let Some(found) = found(self.rig) {
                return Ok(Some(found));
            }
            if self.turn(limit, format_args!("waiting for {what}"))? >= limit {
                return Ok(None);
            }
        }
    }

    fn turn(&mut self, until: Instant, doing: fmt::Arguments<'_>) -> Result<Instant, LabError> {
        let now = self.rig.turn(until)?;
        for line in self.rig.log.drain(..) {
            if self.options.verbose {
                self.timeline
                    .event(line.at, format_args!("  {}: {}", line.role, line.text))?;
            }
        }
        self.timeline.progress(now, doing)?;
        Ok(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_may_be_neither_early_nor_much_too_late() {
        let verdict = |millis| {
            Step {
                kind: StepKind::Handover,
                began: Instant::EPOCH,
                took: Duration::from_millis(millis),
                bound: Bound::Skew {
                    skew: Duration::from_millis(600),
                },
            }
            .check()
        };
        for millis in [550, 600, 1100] {
            assert!(verdict(millis).is_ok(), "{millis} ms");
        }
        let text = |millis| verdict(millis).unwrap_err().to_string();
        assert_eq!(
            text(549),
            "handover came 0.051 s earlier than the protocol allows"
        );
        assert_eq!(
            text(1101),
            "handover came 0.501 s later than the protocol allows"
        );
    }
}
