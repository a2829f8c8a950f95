//! The common part of the acts: waiting for events and printing them.

use core::fmt;
use core::time::Duration;
use std::io::Write;

use vrrp_core::Instant;

use super::failover::{Origin, Step, StepKind};
use super::record::{Advert, Bound};
use super::report::{Seconds, Timeline};
use super::rig::Rig;
use super::role::Role::{DirectorA, DirectorB};
use super::role::{Role, VIRTUAL_ADDRESS};
use super::{LabError, Options};

/// How long the network is left alone after each change of master.
const HOLD: Duration = Duration::from_millis(1200);
/// How long a change of master may take before the laboratory gives up. The protocol's bound is
/// known only once the new master has spoken.
const PATIENCE: Duration = Duration::from_secs(8);

/// An act, as it is played.
pub(super) struct Act<'a, W> {
    pub(super) rig: &'a mut Rig,
    pub(super) timeline: &'a mut Timeline<W>,
    pub(super) options: &'a Options,
}

impl<W: Write> Act<'_, W> {
    /// Kills the master, and waits until the other director has taken over.
    pub(super) fn fail_over(&mut self) -> Result<(Step, Advert), LabError> {
        let killed = self.rig.kill(DirectorA)?;
        self.timeline.event(
            killed,
            format_args!("{DirectorA} is killed (SIGKILL) and its cable cut"),
        )?;
        let last = self.last_advert(DirectorA, killed)?;
        let claim = self.await_claim(DirectorB, killed)?;
        let bound = Bound::active_down(&claim, last.interval);
        let origin = Origin::at(last.at);
        let step = Step::new(StepKind::Takeover, killed, origin, &claim, bound);
        self.master(DirectorB, &step, claim.at, "the last advert")?;
        Ok((step, claim))
    }

    /// When a director that was let go at `go` last became BACKUP. How long a program takes to
    /// start is not the protocol's.
    pub(super) fn backup_since(&self, role: Role, go: Instant) -> Result<Origin, LabError> {
        let latest = self.rig.backup_since(role);
        Ok(Origin {
            earliest: go,
            latest: latest.ok_or_else(|| self.rig.silent(role, "say that it is BACKUP"))?,
        })
    }

    pub(super) fn master(
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

    pub(super) fn last_advert(&self, role: Role, until: Instant) -> Result<Advert, LabError> {
        self.rig
            .adverts
            .last(role.address(), until)
            .ok_or_else(|| self.rig.silent(role, "advertise"))
    }

    pub(super) fn await_claim(&mut self, role: Role, since: Instant) -> Result<Advert, LabError> {
        self.wait(since, format_args!("{role} to become MASTER"), |rig| {
            rig.adverts.first_claim(role.address(), since)
        })?
        .ok_or_else(|| self.rig.silent(role, "become MASTER"))
    }

    pub(super) fn await_resignation(
        &mut self,
        role: Role,
        since: Instant,
    ) -> Result<Advert, LabError> {
        self.wait(since, format_args!("{role} to send priority 0"), |rig| {
            rig.adverts.first_resignation(role.address(), since)
        })?
        .ok_or_else(|| self.rig.silent(role, "send priority 0"))
    }

    /// When the client was first answered by a master that speaks since `since`.
    pub(super) fn await_answer(&mut self, since: Instant) -> Result<Instant, LabError> {
        self.wait(since, format_args!("{VIRTUAL_ADDRESS} to answer"), |rig| {
            rig.pings.first_answer(since)
        })?
        .ok_or(LabError::NoAnswer)
    }

    /// Prints who a host is and what it does.
    pub(super) fn introduce(
        &mut self,
        role: Role,
        what: impl fmt::Display,
    ) -> Result<(), LabError> {
        let (name, address) = (role.name(), role.address().to_string());
        self.timeline
            .line(format_args!("  {name:<10}  {address:<10}  {what}"))
    }

    pub(super) fn hold(&mut self) -> Result<(), LabError> {
        self.watch(HOLD)
    }

    /// Leaves the network alone for a time.
    pub(super) fn watch(&mut self, time: Duration) -> Result<(), LabError> {
        let until = self.rig.now() + time;
        while self.turn(until, format_args!("watching"))? < until {}
        Ok(())
    }

    /// Turns until `found` finds something, at most [`PATIENCE`] after `since`.
    pub(super) fn wait<T>(
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
