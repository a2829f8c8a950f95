//! The play: an Active Router is offered worse, better and broken advertisements, and a Backup
//! silence, resignations and losers.

mod takeovers;

use core::net::IpAddr;
use core::time::Duration;
use std::io;

use vrrp_core::{Instant, Version};

use super::checks::{advertisement, defects, on_time};
use super::frame::{Advert, Draft, announced};
use super::link::{Frame, Link};
use super::subject::{Outcome, Row, Subject};

/// The priority that the subject is beaten with.
const BETTER: u8 = 254;
/// How long the subject may take to start.
const STARTUP: Duration = Duration::from_secs(10);

/// The frames that came in a span of time.
#[derive(Debug, Default)]
struct Heard {
    adverts: Vec<Advert>,
    announcements: Vec<(Duration, IpAddr)>,
}

/// What an Active Router does about an advertisement.
struct Reaction {
    /// It advertises before its interval is half over.
    at_once: bool,
    /// It advertises afterwards.
    stays: bool,
    /// Its next advertisement comes after its interval, as if nothing had been.
    undisturbed: bool,
}

struct Play<'a> {
    link: &'a mut Link,
    subject: &'a Subject,
    /// Where the subject sends from, and two addresses around it.
    below: IpAddr,
    above: IpAddr,
    with_pseudo_header: bool,
    rows: Vec<Row>,
}

/// Plays against the subject, which is alone on the link or starts now. Without [`Row`]s it never
/// advertised.
pub(crate) fn play(link: &mut Link, subject: &Subject) -> io::Result<Vec<Row>> {
    let Some(first) = first(link, subject)? else {
        return Ok(Vec::new());
    };
    let source = first.ends.source();
    let mut play = Play {
        link,
        subject,
        below: beside(source, 1),
        above: beside(source, 250),
        with_pseudo_header: first.verifies(true) && !first.verifies(false),
        rows: advertisement(&first, subject),
    };
    let played = play.acts();
    match played {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            play.tell(
                "6.4",
                "goes on after the last check",
                Outcome::of(false, "silent"),
            );
        }
        other => other?,
    }
    Ok(play.rows)
}

/// The address with this last octet.
fn beside(address: IpAddr, last: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            [a, b, c, last].into()
        }
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[15] = last;
            octets.into()
        }
    }
}

/// The first advertisement that is not followed by silence: the subject is Active.
fn first(link: &mut Link, subject: &Subject) -> io::Result<Option<Advert>> {
    let limit = link.now() + STARTUP + subject.down(subject.interval());
    while link.now() < limit {
        if let Some(frame) = link.next()?
            && let Some(advert) = Advert::read(frame.time, &frame.octets)
            && advert.vrid() == subject.vrid
            && advert.priority() != 0
        {
            return Ok(Some(advert));
        }
    }
    Ok(None)
}

impl Heard {
    fn take(&mut self, frame: &Frame, subject: &Subject) {
        if let Some(advert) = Advert::read(frame.time, &frame.octets) {
            if advert.vrid() == subject.vrid {
                self.adverts.push(advert);
            }
        } else if let Some(address) = announced(&frame.octets) {
            self.announcements.push((frame.time, address));
        }
    }
}

impl Play<'_> {
    fn acts(&mut self) -> io::Result<()> {
        self.pace()?;
        self.losers()?;
        self.defects()?;
        self.winners()?;
        self.takeovers()
    }

    fn tell(&mut self, section: &'static str, check: &'static str, outcome: Outcome) {
        self.rows.push(Row {
            section,
            check,
            outcome,
        });
    }

    fn is_v3(&self) -> bool {
        self.subject.version == Version::V3
    }

    fn draft(&self, source: IpAddr, priority: u8) -> Draft {
        Draft::new(self.subject, source, priority, self.with_pseudo_header)
    }

    /// Sends, and returns when it left.
    fn send(&mut self, draft: &Draft) -> io::Result<Duration> {
        let frame = draft.frame(self.link.mac());
        let frame = frame.ok_or_else(|| io::Error::other("an advertisement that has no frame"))?;
        self.link.send(&frame)?;
        let limit = self.link.now() + Duration::from_secs(1);
        while self.link.now() < limit {
            // What comes in between came before.
            let _earlier = self.link.next()?;
            if let Some(left) = self.link.left() {
                return Ok(left);
            }
        }
        Err(io::Error::other("a frame that does not leave"))
    }

    fn listen(&mut self, span: Duration) -> io::Result<Heard> {
        self.listen_until(self.link.now() + span, |_| false)
    }

    fn listen_until(
        &mut self,
        limit: Instant,
        enough: impl Fn(&Heard) -> bool,
    ) -> io::Result<Heard> {
        let mut heard = Heard::default();
        while self.link.now() < limit && !enough(&heard) {
            if let Some(frame) = self.link.next()? {
                heard.take(&frame, self.subject);
            }
        }
        Ok(heard)
    }

    /// The subject's next advertisement.
    fn advert(&mut self, span: Duration) -> io::Result<Option<Advert>> {
        let limit = self.link.now() + span;
        let heard = self.listen_until(limit, |heard| !heard.adverts.is_empty())?;
        Ok(heard.adverts.into_iter().next())
    }

    /// Waits until the subject is Active, at the beginning of an interval, and returns when that was.
    fn active(&mut self) -> io::Result<Duration> {
        let longest = 2 * self.subject.interval();
        let span = self.subject.down(longest) + Duration::from_secs(2);
        if let Some(advert) = self.advert(span)? {
            return Ok(advert.time);
        }
        // Who is Active and silent may become a Backup, and Active again.
        let better = self.draft(self.above, BETTER);
        self.send(&better)?;
        let advert = self.advert(span)?;
        let advert = advert.ok_or(io::ErrorKind::TimedOut)?;
        Ok(advert.time)
    }

    /// RFC 9568 §6.4.3: every interval.
    fn pace(&mut self) -> io::Result<()> {
        let interval = self.subject.interval();
        self.active()?;
        self.link.stall = Duration::ZERO;
        let heard = self.listen(4 * interval + interval / 2)?;
        let times: Vec<_> = heard.adverts.iter().map(|advert| advert.time).collect();
        let gaps = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
        let stall = self.link.stall;
        let odd = gaps
            .map(|gap| on_time(Some(gap), interval, interval, stall))
            .find(|outcome| *outcome != Outcome::Pass);
        let outcome = match odd {
            Some(_) => Outcome::of(false, "other times"),
            None => Outcome::of(times.len() >= 3, "silent"),
        };
        self.tell("6.4.3", "Active: advertises every interval", outcome);
        Ok(())
    }

    /// What the subject does about `draft`, sent at the beginning of an interval.
    fn reaction(&mut self, draft: &Draft) -> io::Result<Reaction> {
        let interval = self.subject.interval();
        let last = self.active()?;
        self.link.stall = Duration::ZERO;
        let sent = self.send(draft)?;
        let heard = self.listen(interval * 9 / 5)?;
        let after = |advert: &Advert| advert.time.saturating_sub(sent);
        let next = heard.adverts.first();
        let gap = next.map(|advert| advert.time.saturating_sub(last));
        let outcome = on_time(gap, interval, interval, self.link.stall);
        Ok(Reaction {
            at_once: heard.adverts.iter().any(|one| after(one) < interval / 2),
            stays: heard.adverts.iter().any(|one| after(one) >= interval / 2),
            undisturbed: outcome == Outcome::Pass,
        })
    }

    /// RFC 9568 §6.4.3: advertisements that do not demote an Active Router.
    fn losers(&mut self) -> io::Result<()> {
        let priority = self.subject.priority;
        let lower = self.draft(self.above, priority - 1);
        let Reaction {
            at_once: answered,
            stays,
            ..
        } = self.reaction(&lower)?;
        self.tell(
            "6.4.3",
            "Active: stays against a lower priority",
            Outcome::of(stays, "yields"),
        );
        if self.is_v3() {
            let outcome = Outcome::of(answered, "silent, as RFC 5798");
            self.tell("6.4.3", "Active: answers a lower priority at once", outcome);
        } else {
            let outcome = Outcome::of(!answered, "answers at once, as RFC 9568");
            self.tell(
                "RFC 3768 6.4.3",
                "Active: discards a lower priority silently",
                outcome,
            );
        }
        let equal = self.draft(self.below, priority);
        let Reaction { stays, .. } = self.reaction(&equal)?;
        let outcome = Outcome::of(stays, "yields");
        self.tell(
            "6.4.3",
            "Active: stays against its priority from a lower address",
            outcome,
        );
        let resignation = self.draft(self.above, 0);
        let Reaction {
            at_once: answered, ..
        } = self.reaction(&resignation)?;
        let outcome = Outcome::of(answered, "no answer");
        self.tell("6.4.3", "Active: answers a resignation at once", outcome);
        Ok(())
    }

    /// RFC 9568 §7.1: what is discarded demotes nobody.
    fn defects(&mut self) -> io::Result<()> {
        let good = self.draft(self.above, BETTER);
        for defect in defects(&good, self.subject) {
            let outcome = match &defect.draft {
                None => Outcome::NotApplicable,
                Some(draft) => {
                    // Who obeys an interval of zero is Active again soon.
                    match (defect.open, self.reaction(draft)?.undisturbed) {
                        (true, true) => Outcome::Told("discarded"),
                        (true, false) => Outcome::Told("obeyed"),
                        (false, discarded) => Outcome::of(discarded, "obeyed"),
                    }
                }
            };
            self.tell(defect.section, defect.check, outcome);
        }
        Ok(())
    }

    /// Advertises as another Active Router for so many intervals of `centis`, from when the subject is
    /// Active or not. Returns when the last left and what the subject sent meanwhile, its first
    /// half interval excepted.
    fn reign(
        &mut self,
        draft: &Draft,
        intervals: u32,
        centis: u16,
    ) -> io::Result<(Duration, bool)> {
        let interval = Duration::from_millis(10) * u32::from(centis);
        let mut sent = self.send(draft)?;
        self.listen(interval / 2)?;
        let mut contested = !self.listen(interval / 2)?.adverts.is_empty();
        for _ in 1..intervals {
            sent = self.send(draft)?;
            contested |= !self.listen(interval)?.adverts.is_empty();
        }
        // The last one is followed by silence.
        sent = self.send(draft)?.max(sent);
        Ok((sent, contested))
    }

    /// RFC 9568 §6.4.3: advertisements that demote an Active Router.
    fn winners(&mut self) -> io::Result<()> {
        let priority = self.subject.priority;
        let cases = [
            (
                "Active: yields to a higher priority",
                self.above,
                priority + 1,
            ),
            (
                "Active: yields to its priority from a higher address",
                self.above,
                priority,
            ),
            ("Active: yields to an owner", self.below, 255),
        ];
        for (check, source, priority) in cases {
            self.active()?;
            let draft = self.draft(source, priority);
            let (_, contested) = self.reign(&draft, 3, self.subject.centis)?;
            self.tell("6.4.3", check, Outcome::of(!contested, "stays"));
        }
        self.active()?;
        let better = self.draft(self.above, BETTER);
        self.reign(&better, 1, self.subject.centis)?;
        let equal = self.draft(self.below, priority);
        let (_, contested) = self.reign(&equal, 5, self.subject.centis)?;
        let outcome = Outcome::of(!contested, "takes over");
        self.tell(
            "6.4.2",
            "Backup: follows its priority, whatever the address",
            outcome,
        );
        Ok(())
    }
}
