//! The timeline and the table for the user.

use core::fmt;
use core::time::Duration;
use std::io::Write;

use vrrp_core::Instant;

use super::LabError;
use super::failover::{Step, StepKind};
use super::record::{Bound, PingStatistics};
use super::requests::Spread;

/// Prints events as they happen, each with its time since the first.
pub(super) struct Timeline<W> {
    out: W,
    epoch: Instant,
    progress: Progress,
}

/// Whether a line that is overwritten makes sense, and whether one is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Off,
    Hidden,
    /// With this many tenths of a second.
    Shown(u128),
}

impl<W: Write> Timeline<W> {
    /// A timeline that starts at `epoch`; `terminal` allows a progress line.
    pub(super) const fn new(out: W, epoch: Instant, terminal: bool) -> Self {
        let progress = if terminal {
            Progress::Hidden
        } else {
            Progress::Off
        };
        Self {
            out,
            epoch,
            progress,
        }
    }

    /// Prints a line as it is.
    pub(super) fn line(&mut self, text: impl fmt::Display) -> Result<(), LabError> {
        self.clear()?;
        writeln!(self.out, "{text}").map_err(LabError::Print)
    }

    /// Prints an event.
    pub(super) fn event(&mut self, at: Instant, what: impl fmt::Display) -> Result<(), LabError> {
        let since = Seconds(at.saturating_duration_since(self.epoch)).to_string();
        self.line(format_args!("{since:>10}  {what}"))
    }

    /// Says what is being waited for, on a terminal, until the next event overwrites it.
    pub(super) fn progress(
        &mut self,
        now: Instant,
        doing: fmt::Arguments<'_>,
    ) -> Result<(), LabError> {
        if self.progress == Progress::Off {
            return Ok(());
        }
        let tenths = now.saturating_duration_since(self.epoch).as_millis() / 100;
        let shown = Progress::Shown(tenths);
        if self.progress == shown {
            return Ok(());
        }
        self.progress = shown;
        let (whole, tenth) = (tenths / 10, tenths % 10);
        write!(self.out, "\r\x1b[K{whole:>6}.{tenth} s  ... {doing}")
            .and_then(|()| self.out.flush())
            .map_err(LabError::Print)
    }

    fn clear(&mut self) -> Result<(), LabError> {
        if matches!(self.progress, Progress::Shown(_)) {
            self.progress = Progress::Hidden;
            write!(self.out, "\r\x1b[K").map_err(LabError::Print)?;
        }
        Ok(())
    }

    /// Prints what each step took, what the protocol allows and what the client noticed.
    pub(super) fn table(&mut self, rows: &[(Step, PingStatistics)]) -> Result<(), LabError> {
        self.line("")?;
        self.line(Row(
            "step",
            "took",
            "the protocol allows",
            "pings lost",
            "silence",
        ))?;
        for (step, pings) in rows {
            self.line(Row(
                step.kind,
                Seconds(step.took).to_string(),
                step.bound,
                format_args!("{} of {}", pings.lost, pings.sent),
                Seconds(pings.silence).to_string(),
            ))?;
        }
        Ok(())
    }
}

/// What a step of the second act took, and what became of the requests meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceRow {
    pub(super) kind: StepKind,
    pub(super) took: Option<Duration>,
    pub(super) due: Due,
    pub(super) spread: Spread,
}

/// What is promised of a step of the second act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Requests go to the servers in turn.
    InTurn,
    /// A check notices within this time.
    Check(Duration),
    /// As the protocol allows.
    Protocol(Bound),
}

impl fmt::Display for Due {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InTurn => f.write_str("in turn"),
            Self::Check(time) => write!(f, "delay_loop + timeout = {}", Seconds(*time)),
            Self::Protocol(bound) => bound.fmt(f),
        }
    }
}

impl<W: Write> Timeline<W> {
    /// Prints what each step of the second act took and what became of the requests.
    pub(super) fn service_table(&mut self, rows: &[ServiceRow]) -> Result<(), LabError> {
        self.line("")?;
        let row = |step: &str, took: &str, due: &str, web: [&str; 2], lost: &str| {
            let [web_a, web_b] = web;
            format!("{step:<10}  {took:>8}  {due:<33}  {web_a:>6}  {web_b:>6}  {lost:>10}")
        };
        let heading = ["web-a", "web-b"];
        self.line(row("step", "took", "allowed", heading, "lost"))?;
        for ServiceRow {
            kind,
            took,
            due,
            spread,
        } in rows
        {
            let took = took.map(|took| Seconds(took).to_string());
            let Spread { web_a, web_b, .. } = spread;
            self.line(row(
                &kind.to_string(),
                &took.unwrap_or_default(),
                &due.to_string(),
                [&web_a.to_string(), &web_b.to_string()],
                &format!("{} of {}", spread.lost, spread.all()),
            ))?;
        }
        Ok(())
    }
}

/// One row of the table.
struct Row<A, B, C, D, E>(A, B, C, D, E);

impl<A, B, C, D, E> fmt::Display for Row<A, B, C, D, E>
where
    A: fmt::Display,
    B: fmt::Display,
    C: fmt::Display,
    D: fmt::Display,
    E: fmt::Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(step, took, bound, lost, silence) = self;
        let (bound, lost) = (bound.to_string(), lost.to_string());
        write!(
            f,
            "{step:<10}  {took:>8}  {bound:<33}  {lost:>10}  {silence:>8}"
        )
    }
}

/// A span of time in seconds, rounded to the millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seconds(pub(super) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = self.0.saturating_add(Duration::from_micros(500));
        write!(f, "{}.{:03} s", rounded.as_secs(), rounded.subsec_millis())
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = Seconds(self.total());
        match self {
            Self::ActiveDown { interval, skew } => {
                let interval = interval.to_string();
                let interval = interval.trim_end_matches('s');
                write!(f, "3 x {interval} s + skew {} = {total}", Seconds(*skew))
            }
            Self::Skew { .. } => write!(f, "skew {total}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vrrp_core::Interval;

    fn printed(terminal: bool, print: impl FnOnce(&mut Timeline<&mut Vec<u8>>)) -> String {
        let mut out = Vec::new();
        print(&mut Timeline::new(
            &mut out,
            Instant::from_millis(1000),
            terminal,
        ));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_is_aligned() {
        let skew = Duration::from_nanos(609_375_000);
        let step = |kind, millis, bound| Step {
            kind,
            began: Instant::EPOCH,
            took: Duration::from_millis(millis),
            longest: Duration::from_millis(millis),
            bound,
        };
        let takeover = step(
            StepKind::Takeover,
            3611,
            Bound::ActiveDown {
                interval: Interval::DEFAULT,
                skew,
            },
        );
        let handover = step(StepKind::Handover, 610, Bound::Skew { skew });
        let pings = |sent, lost, millis| PingStatistics {
            sent,
            lost,
            silence: Duration::from_millis(millis),
        };
        let text = printed(false, |timeline| {
            timeline
                .table(&[
                    (takeover, pings(240, 158, 3180)),
                    (handover, pings(91, 31, 640)),
                ])
                .unwrap();
        });
        assert_eq!(
            text,
            "
step            took  the protocol allows                pings lost   silence
takeover     3.611 s  3 x 1 s + skew 0.609 s = 3.609 s   158 of 240   3.180 s
handover     0.610 s  skew 0.609 s                         31 of 91   0.640 s
"
        );
    }

    #[test]
    fn the_table_of_requests_is_aligned() {
        let row = |kind, took: Option<u64>, due, [web_a, web_b, lost]: [usize; 3]| ServiceRow {
            kind,
            took: took.map(Duration::from_millis),
            due,
            spread: Spread {
                web_a,
                web_b,
                lost,
                last_lost: Duration::ZERO,
            },
        };
        let check = Due::Check(Duration::from_secs(2));
        let text = printed(false, |timeline| {
            timeline
                .service_table(&[
                    row(StepKind::Spread, None, Due::InTurn, [25, 26, 0]),
                    row(StepKind::Removal, Some(1480), check, [0, 98, 19]),
                ])
                .unwrap();
        });
        assert_eq!(
            text,
            "
step            took  allowed                             web-a   web-b        lost
spread                in turn                                25      26     0 of 51
removal      1.480 s  delay_loop + timeout = 2.000 s          0      98   19 of 117
"
        );
    }

    #[test]
    fn a_terminal_gets_a_progress_line_that_the_next_event_overwrites() {
        let print = |timeline: &mut Timeline<&mut Vec<u8>>| {
            timeline
                .progress(Instant::from_millis(3250), format_args!("waiting"))
                .unwrap();
            timeline
                .progress(Instant::from_millis(3299), format_args!("waiting"))
                .unwrap();
            timeline.event(Instant::from_millis(4001), "done").unwrap();
        };
        assert_eq!(
            printed(true, print),
            "\r\x1b[K     2.2 s  ... waiting\r\x1b[K   3.001 s  done\n"
        );
        assert_eq!(printed(false, print), "   3.001 s  done\n");
    }

    #[test]
    fn seconds_round_to_the_millisecond() {
        assert_eq!(
            Seconds(Duration::from_nanos(3_609_375_000)).to_string(),
            "3.609 s"
        );
        assert_eq!(
            Seconds(Duration::from_micros(999_500)).to_string(),
            "1.000 s"
        );
    }
}
