//! The answer as text.

use core::fmt;

use ipvs_core::service::Flags;
use ipvs_core::{Scheduler, Service};

use super::answer::{Answer, Availability, Candidate, Decision, Row};

/// By what a scheduler picks; completes "SCHEDULER picks".
pub(super) const fn rule(scheduler: &Scheduler, flags: Flags) -> &'static str {
    match scheduler {
        Scheduler::Rr => "them in turn",
        Scheduler::Wrr => "them in turn, each as often as its weight says",
        Scheduler::Lc => "the least load, the first of equals",
        Scheduler::Wlc => "the least load for its weight, the first of equals",
        Scheduler::Lblc => {
            "what the virtual address had before, unless that is busy; else the least load for its \
             weight"
        }
        Scheduler::Lblcr => {
            "among what the virtual address had before, unless that is busy; else the least load \
             for its weight"
        }
        Scheduler::Dh => "by a hash of the virtual address",
        Scheduler::Sh if flags.contains(Flags::SCHED_2) => {
            "by a hash of the client's address and port"
        }
        Scheduler::Sh => "by a hash of the client's address",
        Scheduler::Sed => "the shortest delay: active connections with this one, for the weight",
        Scheduler::Nq => {
            "the first that is idle, or else the shortest delay: active connections with this one, \
             for the weight"
        }
        Scheduler::Fo => "the greatest weight, the first of equals",
        Scheduler::Ovf => "the greatest weight that active connections do not exceed",
        Scheduler::Mh if flags.contains(Flags::SCHED_2) => {
            "by a Maglev hash of the client's address and port"
        }
        Scheduler::Mh => "by a Maglev hash of the client's address",
        Scheduler::Twos => "the lesser load for its weight of two that are drawn by weight",
        Scheduler::Other(_) => "by rules of its own",
    }
}

/// The flags of a scheduler by name.
pub(super) fn flag_names(scheduler: &Scheduler) -> &'static [(Flags, &'static str)] {
    match scheduler {
        Scheduler::Sh => &[(Flags::SCHED_1, "sh-fallback"), (Flags::SCHED_2, "sh-port")],
        Scheduler::Mh => &[(Flags::SCHED_1, "mh-fallback"), (Flags::SCHED_2, "mh-port")],
        Scheduler::Rr
        | Scheduler::Wrr
        | Scheduler::Lc
        | Scheduler::Wlc
        | Scheduler::Lblc
        | Scheduler::Lblcr
        | Scheduler::Dh
        | Scheduler::Sed
        | Scheduler::Nq
        | Scheduler::Fo
        | Scheduler::Ovf
        | Scheduler::Twos
        | Scheduler::Other(_) => &[],
    }
}

/// Why a scheduler picks none of `rows`.
pub(super) fn refusal(service: &Service, rows: &[Row]) -> &'static str {
    let open = |row: &Row| {
        matches!(
            row.availability,
            Availability::Available | Availability::MaybeOverloaded
        )
    };
    if rows.is_empty() {
        "the service has no destination"
    } else if !rows.iter().any(open) {
        "no destination takes new connections"
    } else {
        match service.scheduler {
            Scheduler::Sh => {
                "the hash gives one that takes no new connections, and sh-fallback is not set"
            }
            Scheduler::Mh => {
                "the hash gives one that takes no new connections, and mh-fallback is not set"
            }
            Scheduler::Dh => "the hash gives one that takes no new connections",
            Scheduler::Ovf => "every destination has more active connections than its weight",
            Scheduler::Other(_) => "the service has no scheduler",
            Scheduler::Rr
            | Scheduler::Wrr
            | Scheduler::Lc
            | Scheduler::Wlc
            | Scheduler::Lblc
            | Scheduler::Lblcr
            | Scheduler::Sed
            | Scheduler::Nq
            | Scheduler::Fo
            | Scheduler::Twos => "the scheduler picks none",
        }
    }
}

impl Answer {
    /// The consequence for the client where there is no destination.
    const fn consequence(&self) -> &'static str {
        match self.decision {
            Decision::Connection | Decision::Template | Decision::Scheduler => "",
            Decision::Removed => "none: the packet is dropped",
            Decision::NoDestination | Decision::OtherPort => {
                "none: the client is told that the port is unreachable"
            }
            Decision::Ignored | Decision::NoService => {
                "none: the packet goes on as if there were no IPVS"
            }
        }
    }

    fn certainty(&self) -> String {
        let mut of = self.candidates.iter();
        let count = of.len();
        let odds = |candidate: &Candidate| candidate.odds.map(|odds| odds.cases);
        let first = of.next().and_then(odds);
        let even = first.is_some() && of.all(|other| odds(other) == first);
        match (self.exact, even) {
            (true, _) => "exact".to_owned(),
            (false, true) => format!("one of {count}, each as likely"),
            (false, false) if first.is_some() => format!("the likeliest of {count}"),
            (false, false) => format!("one of {count}, which cannot be told"),
        }
    }
}

/// Some lines for a person, each ended.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.packet)?;
        let mut line = |name: &str, text: &dyn fmt::Display| writeln!(f, "{name:<13}{text}");
        if let (Some(service), Some(by)) = (&self.service, self.matched_by) {
            line("service", &format_args!("{service}, {}", by.text()))?;
        }
        if let Some(scheduler) = &self.scheduler {
            match self.persistence_s {
                None => line("scheduler", scheduler)?,
                Some(seconds) => {
                    let text = format_args!("{scheduler}, persistent for {seconds} s");
                    line("scheduler", &text)?;
                }
            }
        }
        match &self.destination {
            Some(destination) => line("destination", destination)?,
            None => line("destination", &self.consequence())?,
        }
        line("why", &self.why)?;
        if !self.candidates.is_empty() {
            line("certainty", &self.certainty())?;
        }
        for unknown in &self.unknown {
            line("unknown", unknown)?;
        }
        for assumed in &self.assumed {
            line("assumed", assumed)?;
        }
        self.write_rows(f)
    }
}

impl Answer {
    fn write_rows(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.destinations.first() else {
            return Ok(());
        };
        let names = self.destinations.iter().map(|row| row.destination.len());
        let width = names.max().unwrap_or(0).max("destination".len());
        let cost = first.cost.is_some();
        write!(
            f,
            "\n   {:<width$}  {:<11}  {:>6}  {:>6}  {:>8}",
            "destination", "method", "weight", "active", "inactive"
        )?;
        if cost {
            let name = match self.scheduler.as_deref() {
                Some("sed" | "nq") => "delay",
                _ => "load",
            };
            write!(f, "  {name:>8}")?;
        }
        f.write_str("\n")?;
        for row in &self.destinations {
            let here = self.destination.as_ref() == Some(&row.destination);
            write!(
                f,
                "{} {:<width$}  {:<11}  {:>6}  {:>6}  {:>8}",
                if here { "->" } else { "  " },
                row.destination,
                row.method,
                row.weight,
                row.active,
                row.inactive
            )?;
            if let Some(cost) = row.cost {
                write!(f, "  {cost:>8}")?;
            }
            writeln!(f, "{}", self.remark(row))?;
        }
        Ok(())
    }

    /// What is to say of a destination beside its numbers.
    fn remark(&self, row: &Row) -> String {
        let mut candidates = self.candidates.iter();
        let candidate = candidates
            .find(|candidate| candidate.destination.as_ref() == Some(&row.destination))
            .filter(|_| !self.exact);
        let odds = candidate.map(|candidate| match candidate.odds {
            Some(odds) => format!("  {} in {}", odds.cases, odds.of),
            None => "  possible".to_owned(),
        });
        let availability = match row.availability {
            Availability::Available => "",
            Availability::Quiescent => "  weight 0",
            Availability::Overloaded => "  overloaded",
            Availability::MaybeOverloaded => "  perhaps overloaded",
        };
        odds.unwrap_or_default() + availability
    }
}
