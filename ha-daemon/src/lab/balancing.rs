//! The second act: two web servers behind the virtual address, of which one dies and returns, and
//! then the master dies.

use core::time::Duration;
use std::io::Write;

use vrrp_core::Instant;

use super::LabError;
use super::act::Act;
use super::failover::{LATE_TOLERANCE, StepKind};
use super::report::{Due, Seconds, ServiceRow};
use super::requests::Spread;
use super::role::Role::{DirectorA, DirectorB, Visitor, WebA, WebB};
use super::role::{Role, VIRTUAL_ADDRESS};
use super::visitor;

/// How long requests are watched while nothing happens.
const STEADY: Duration = Duration::from_secs(2);
/// The examples' `delay_loop`.
const DELAY_LOOP: Duration = Duration::from_secs(1);
/// The examples' `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a check may take to notice that a server died or is back.
pub(super) const CHECK: Duration = DELAY_LOOP.saturating_add(CONNECT_TIMEOUT);
/// How long the bridge may take to notice a new cable.
const CABLE: Duration = Duration::from_millis(1200);
/// A request this much older than an event may still be under way when it happens.
const UNDER_WAY: Duration = Duration::from_millis(100);

/// Plays the act on a rig without hosts and prints it as it happens, and the table at the end.
pub(super) fn play<W: Write>(act: &mut Act<'_, W>) -> Result<(), LabError> {
    act.timeline.line(format_args!(
        "\nThe same directors, and behind {VIRTUAL_ADDRESS} two web servers:"
    ))?;
    for (role, what) in [
        (WebA, "serves its name, by direct routing"),
        (WebB, "serves its name, by direct routing"),
    ] {
        act.introduce(role, what)?;
    }
    let period = visitor::PERIOD.as_millis();
    act.introduce(Visitor, format_args!("asks every {period} ms\n"))?;
    let steady = act.raise()?;
    act.watch(STEADY)?;
    let died = act.take_down()?;
    let (returned, back) = act.bring_back()?;
    act.watch(STEADY)?;
    let (takeover, claimed) = act.fail_over_serving()?;
    let end = act.rig.now();
    act.watch(visitor::PATIENCE)?;
    act.close()?;

    let spread = |since: Instant, until: Instant| act.rig.requests.spread(since, until);
    let killed = before(takeover.began);
    let rows = [
        ServiceRow {
            kind: StepKind::Spread,
            took: None,
            due: Due::InTurn,
            spread: spread(steady, before(died)),
        },
        removal(spread(before(died), returned)),
        ServiceRow {
            kind: StepKind::Return,
            took: Some(back),
            due: Due::Check(CHECK),
            spread: spread(returned, killed),
        },
        ServiceRow {
            kind: StepKind::Takeover,
            took: Some(takeover.took),
            due: Due::Protocol(takeover.bound),
            spread: spread(killed, end),
        },
    ];
    act.timeline.service_table(&rows)?;
    let total = spread(steady, end);
    act.timeline.line(format_args!(
        "\n{} requests, {} served, {} lost; {} late is allowed a busy machine",
        total.all(),
        total.web_a + total.web_b,
        total.lost,
        Seconds(LATE_TOLERANCE)
    ))?;
    takeover.check()?;
    rows.iter().try_for_each(ServiceRow::check)?;
    recovered(
        &spread(killed, end),
        claimed.saturating_duration_since(killed),
    )
}

/// From when on requests may suffer from what happened at `at`.
fn before(at: Instant) -> Instant {
    let since = Duration::from_nanos(at.as_nanos());
    Instant::EPOCH + since.saturating_sub(UNDER_WAY)
}

/// Taking a dead server out has taken as long as requests went to it.
fn removal(spread: Spread) -> ServiceRow {
    ServiceRow {
        kind: StepKind::Removal,
        took: Some(spread.last_lost.saturating_sub(UNDER_WAY)),
        due: Due::Check(CHECK),
        spread,
    }
}

/// Whether no request was lost long after the new master had spoken.
fn recovered(spread: &Spread, claimed: Duration) -> Result<(), LabError> {
    match spread.last_lost.checked_sub(claimed) {
        Some(by) if by > LATE_TOLERANCE => Err(LabError::Late {
            step: StepKind::Recovery,
            by,
        }),
        Some(_) | None => Ok(()),
    }
}

impl ServiceRow {
    /// Holds the step against what the configuration promises.
    fn check(&self) -> Result<(), LabError> {
        let Spread {
            web_a, web_b, lost, ..
        } = self.spread;
        let step = self.kind;
        match self.due {
            Due::InTurn if web_a.abs_diff(web_b) > 2 => Err(LabError::Uneven { web_a, web_b }),
            Due::InTurn if lost > 0 => Err(LabError::Lost { step, lost }),
            Due::Check(due) => {
                let took = self.took.unwrap_or_default();
                if took > due.saturating_add(LATE_TOLERANCE) {
                    let by = took.saturating_sub(due);
                    return Err(LabError::Late { step, by });
                }
                if step == StepKind::Return && lost > 0 {
                    return Err(LabError::Lost { step, lost });
                }
                Ok(())
            }
            Due::InTurn | Due::Protocol(_) => Ok(()),
        }
    }
}

impl<W: Write> Act<'_, W> {
    /// Starts everything; the time is that from which both servers serve.
    fn raise(&mut self) -> Result<Instant, LabError> {
        let started = self.rig.start(DirectorA)?;
        for role in [DirectorB, WebA, WebB, Visitor] {
            self.rig.start(role)?;
        }
        self.timeline.event(started, "both directors start")?;
        let claim = self.await_claim(DirectorA, started)?;
        self.timeline
            .event(claim.at, format_args!("{DirectorA} is MASTER"))?;
        for role in [WebA, WebB, Visitor] {
            self.rig.go(role)?;
        }
        let mut both = claim.at;
        for role in [WebA, WebB] {
            both = both.max(self.await_served(role, claim.at)?);
        }
        self.timeline
            .event(both, format_args!("{WebA} and {WebB} serve in turn"))?;
        Ok(both)
    }

    /// Kills a web server; the time is that of its death.
    fn take_down(&mut self) -> Result<Instant, LabError> {
        let died = self.rig.kill(WebA)?;
        self.timeline.event(
            died,
            format_args!("{WebA} is killed (SIGKILL) and its cable cut"),
        )?;
        self.watch(CHECK + LATE_TOLERANCE + visitor::PATIENCE)?;
        let spread = self.rig.requests.spread(died, self.rig.now());
        self.timeline.event(
            died + spread.last_lost,
            format_args!("{WebA} is taken out: the last request is lost"),
        )?;
        Ok(died)
    }

    /// Starts the web server again: when, and how long it took until it was asked.
    fn bring_back(&mut self) -> Result<(Instant, Duration), LabError> {
        self.rig.start(WebA)?;
        self.watch(CABLE)?;
        let returned = self.rig.go(WebA)?;
        self.timeline
            .event(returned, format_args!("{WebA} serves again"))?;
        let asked = self.await_served(WebA, returned)?;
        let took = asked.saturating_duration_since(returned);
        self.timeline.event(
            asked,
            format_args!("{WebA} is asked again, after {}", Seconds(took)),
        )?;
        Ok((returned, took))
    }

    /// Kills the master while requests go on: the change, and when the new master spoke.
    fn fail_over_serving(&mut self) -> Result<(super::failover::Step, Instant), LabError> {
        let (step, claim) = self.fail_over()?;
        let served = self.wait(
            claim.at,
            format_args!("{VIRTUAL_ADDRESS} to serve"),
            |rig| {
                let served = |role| rig.requests.first_served(role, claim.at);
                served(WebA).into_iter().chain(served(WebB)).min()
            },
        )?;
        let served = served.ok_or(LabError::NoAnswer)?;
        self.timeline
            .event(served, format_args!("{VIRTUAL_ADDRESS} serves"))?;
        self.watch(STEADY)?;
        Ok((step, claim.at))
    }

    fn close(&mut self) -> Result<(), LabError> {
        for role in [Visitor, WebA, WebB] {
            self.rig.kill(role)?;
        }
        let asked = self.rig.terminate(DirectorB)?;
        self.timeline
            .event(asked, format_args!("{DirectorB} is stopped (SIGTERM)"))?;
        let gone = self.rig.await_exit(DirectorB)?;
        self.timeline.event(gone, "everything has stopped")
    }

    fn await_served(&mut self, role: Role, since: Instant) -> Result<Instant, LabError> {
        self.wait(since, format_args!("{role} to be asked"), |rig| {
            rig.requests.first_served(role, since)
        })?
        .ok_or_else(|| self.rig.silent(role, "get a request"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::record::Bound;

    fn verdict(kind: StepKind, due: Due, millis: u64, spread: [usize; 3]) -> String {
        let [web_a, web_b, lost] = spread;
        let row = ServiceRow {
            kind,
            took: Some(Duration::from_millis(millis)),
            due,
            spread: Spread {
                web_a,
                web_b,
                lost,
                last_lost: Duration::ZERO,
            },
        };
        row.check()
            .map_or_else(|error| error.to_string(), |()| "good".to_owned())
    }

    #[test]
    fn requests_are_spread_evenly_and_none_is_lost_while_nothing_happens() {
        let spread = |spread| verdict(StepKind::Spread, Due::InTurn, 0, spread);
        assert_eq!(spread([25, 27, 0]), "good");
        assert_eq!(
            spread([25, 28, 0]),
            "requests were not spread in turn: web-a had 25, web-b 28"
        );
        assert_eq!(spread([25, 25, 1]), "spread: 1 request lost");
    }

    #[test]
    fn a_dead_server_is_out_and_a_living_one_in_within_a_check() {
        let check = |kind, millis, lost| verdict(kind, Due::Check(CHECK), millis, [9, 9, lost]);
        assert_eq!(check(StepKind::Removal, 2500, 30), "good");
        assert_eq!(
            check(StepKind::Removal, 2501, 30),
            "removal came 0.501 s later than allowed"
        );
        assert_eq!(check(StepKind::Return, 2500, 0), "good");
        assert_eq!(check(StepKind::Return, 100, 2), "return: 2 requests lost");
    }

    #[test]
    fn requests_are_served_once_the_new_master_has_spoken() {
        let lost = |millis| Spread {
            last_lost: Duration::from_millis(millis),
            ..Spread::default()
        };
        let claimed = Duration::from_millis(3600);
        assert!(recovered(&lost(4100), claimed).is_ok());
        assert_eq!(
            recovered(&lost(4101), claimed).unwrap_err().to_string(),
            "recovery came 0.501 s later than allowed"
        );
        let skew = Duration::ZERO;
        let protocol = Due::Protocol(Bound::Skew { skew });
        assert_eq!(verdict(StepKind::Takeover, protocol, 9, [0, 9, 9]), "good");
    }
}
