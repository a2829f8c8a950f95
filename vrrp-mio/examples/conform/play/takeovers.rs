//! When a Backup takes over.

use core::net::IpAddr;
use core::time::Duration;
use std::io;

use super::{BETTER, Heard, Play, STARTUP};
use crate::checks::on_time;
use crate::subject::Outcome;

impl Play<'_> {
    /// RFC 9568 §6.4.2: when a Backup takes over, and how.
    pub(super) fn takeovers(&mut self) -> io::Result<()> {
        self.silence()?;
        self.learned_interval()?;
        self.resignation()?;
        self.preemption()?;
        self.discarded_meanwhile()
    }

    /// Makes the subject a Backup, and returns when it last heard of it.
    fn demote(&mut self, centis: u16) -> io::Result<Duration> {
        self.active()?;
        let mut draft = self.draft(self.above, BETTER);
        draft.set_interval(self.subject.version, centis);
        let (sent, _) = self.reign(&draft, 2, centis)?;
        self.link.stall = Duration::ZERO;
        Ok(sent)
    }

    /// How long after `since` the subject takes over, and what it sends until soon after. FRR's first
    /// advertisement over IPv6 is lost, its announcements are not.
    fn taken(
        &mut self,
        since: Duration,
        longest: Duration,
    ) -> io::Result<(Option<Duration>, Heard)> {
        let limit = self.link.now() + longest;
        let mut heard = self.listen_until(limit, |heard| !heard.adverts.is_empty())?;
        let ours = |address: &IpAddr| self.subject.addresses.contains(address);
        let mut announced = heard.announcements.iter();
        let announced = announced.find(|(time, address)| *time > since && ours(address));
        let first = heard.adverts.first().map(|one| one.time).into_iter();
        let taken = first.chain(announced.map(|(time, _)| *time)).min();
        if taken.is_some() {
            let rest = self.listen(self.subject.interval() / 2)?;
            heard.announcements.extend(rest.announcements);
        }
        Ok((taken.map(|time| time.saturating_sub(since)), heard))
    }

    fn silence(&mut self) -> io::Result<()> {
        let interval = self.subject.interval();
        let sent = self.demote(self.subject.centis)?;
        let due = self.subject.down(interval);
        let (taken, heard) = self.taken(sent, 2 * due + STARTUP)?;
        let outcome = on_time(taken, due, interval, self.link.stall);
        self.tell(
            "6.4.2",
            "Backup: takes over after Active_Down_Interval",
            outcome,
        );
        let first = heard.adverts.first().map(|one| one.time);
        let announced =
            |address: &IpAddr| heard.announcements.iter().any(|(_, one)| one == address);
        let all = self.subject.addresses.iter().all(announced);
        let outcome = Outcome::of(all, "not all");
        self.tell(
            "6.4.2",
            "announces every address when it becomes Active",
            outcome,
        );
        let earlier = heard
            .announcements
            .iter()
            .any(|(time, _)| Some(*time) < first);
        let outcome = Outcome::of(!earlier, "announces first");
        self.tell("6.4.2", "advertises before it announces", outcome);
        Ok(())
    }

    fn learned_interval(&mut self) -> io::Result<()> {
        const CHECK: &str = "Backup: learns the Active Router's interval";
        if !self.is_v3() {
            self.tell("6.4.2", CHECK, Outcome::NotApplicable);
            return Ok(());
        }
        let theirs = 2 * self.subject.interval();
        let sent = self.demote(2 * self.subject.centis)?;
        let due = self.subject.down(theirs);
        let (taken, _) = self.taken(sent, 2 * due + STARTUP)?;
        let outcome = on_time(taken, due, self.subject.interval(), self.link.stall);
        self.tell("6.4.2", CHECK, outcome);
        Ok(())
    }

    fn resignation(&mut self) -> io::Result<()> {
        let interval = self.subject.interval();
        self.demote(self.subject.centis)?;
        self.listen(interval / 4)?;
        self.link.stall = Duration::ZERO;
        let draft = self.draft(self.above, 0);
        let sent = self.send(&draft)?;
        let due = self.subject.skew(interval);
        let (taken, _) = self.taken(sent, 2 * self.subject.down(interval) + STARTUP)?;
        let outcome = on_time(taken, due, interval, self.link.stall);
        self.tell(
            "6.4.2",
            "Backup: takes over Skew_Time after a resignation",
            outcome,
        );
        Ok(())
    }

    /// A lower priority goes on where a better one was.
    fn preemption(&mut self) -> io::Result<()> {
        let interval = self.subject.interval();
        let sent = self.demote(self.subject.centis)?;
        let lower = self.draft(self.above, self.subject.priority - 1);
        let due = self.subject.down(interval);
        let mut taken = None;
        let limit = self.link.now() + 2 * due;
        while taken.is_none() && self.link.now() < limit {
            (taken, _) = self.taken(sent, interval)?;
            if taken.is_none() {
                self.send(&lower)?;
            }
        }
        let (check, outcome) = if self.subject.preempt {
            let outcome = on_time(taken, due, interval, self.link.stall);
            (
                "Backup: preempts a lower priority at the running deadline",
                outcome,
            )
        } else {
            let outcome = Outcome::of(taken.is_none(), "takes over");
            ("Backup: does not preempt a lower priority", outcome)
        };
        self.tell("6.4.2", check, outcome);
        Ok(())
    }

    /// Packets that are discarded do not keep a Backup.
    fn discarded_meanwhile(&mut self) -> io::Result<()> {
        let interval = self.subject.interval();
        let sent = self.demote(self.subject.centis)?;
        let mut far = self.draft(self.above, BETTER);
        far.ttl = 254;
        let mut taken = None;
        let due = self.subject.down(interval);
        let limit = self.link.now() + 2 * due;
        while taken.is_none() && self.link.now() < limit {
            self.send(&far)?;
            (taken, _) = self.taken(sent, interval)?;
        }
        let outcome = on_time(taken, due, interval, self.link.stall);
        self.tell(
            "6.4.2",
            "Backup: what it discards does not keep it from taking over",
            outcome,
        );
        Ok(())
    }
}
