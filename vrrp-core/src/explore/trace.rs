//! A run of the exploration as text.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::lan::{Lan, Outcome};
use super::network::Network;
use super::search::{Origin, Search};
use super::step::Step;
use crate::{Instant, Transition};

const SECOND: u64 = 1_000_000_000;

/// What happened to the routers, which are numbered as the model lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// One router heard another.
    Heard {
        /// The sender.
        from: usize,
        /// The receiver.
        to: usize,
        /// Whether the sender resigned.
        resigns: bool,
        /// Whether the same comes again.
        again: bool,
    },
    /// An advertisement to this router was lost.
    Lost {
        /// The sender.
        from: usize,
        /// Who missed it.
        to: usize,
    },
    /// The timer of this router fired.
    Fired(usize),
    /// This router's start, pause or lack of carrier is over.
    Woke(usize),
    /// This router begins to start, or its carrier to return.
    Returning(usize, Duration),
    /// A router ended without a word.
    Crashed(usize),
    /// A router was shut down.
    ShutDown(usize),
    /// A router lost its carrier.
    LostCarrier(usize),
    /// The process of a router was stopped.
    Paused(usize, Duration),
    /// A router was cut off.
    Isolated(usize),
    /// The way from one router to another was cut.
    Cut(usize, usize),
    /// Nothing is cut any more.
    Healed,
    /// The [`Resigner`](super::Resigner) sent.
    Resigned,
}

/// A [`Happening`], when it was, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, since the beginning.
    pub at: Instant,
    /// What.
    pub what: Happening,
    /// The router that changed its role, and how.
    pub transition: Option<(usize, Transition)>,
    /// The routers that are Active from here on.
    pub active: Vec<usize>,
}

/// A run from the start, with every router off, to a [`Flaw`](super::Flaw).
///
/// It prints one line for each entry; routers are counted from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// What happened, in order.
    pub entries: Vec<Entry>,
    /// The entry from which on everything comes again and again, if it does.
    pub repeats_from: Option<usize>,
}

impl fmt::Display for Happening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Heard {
                from,
                to,
                resigns,
                again,
            } => {
                let what = if resigns { " resign" } else { "" };
                let again = if again { " (and will again)" } else { "" };
                write!(f, "{} hears {}{what}{again}", to + 1, from + 1)
            }
            Self::Lost { from, to } => write!(f, "{} misses {}", to + 1, from + 1),
            Self::Fired(router) => write!(f, "{} timer", router + 1),
            Self::Woke(router) => write!(f, "{} is there", router + 1),
            Self::Returning(router, wait) => write!(f, "! {} returns in {wait:?}", router + 1),
            Self::Crashed(router) => write!(f, "! {} crashes", router + 1),
            Self::ShutDown(router) => write!(f, "! {} is shut down", router + 1),
            Self::LostCarrier(router) => write!(f, "! {} loses its carrier", router + 1),
            Self::Paused(router, span) => write!(f, "! {} is stopped for {span:?}", router + 1),
            Self::Isolated(router) => write!(f, "! {} is cut off", router + 1),
            Self::Cut(from, to) => write!(f, "! {} cannot reach {}", from + 1, to + 1),
            Self::Healed => f.write_str("! everybody can reach everybody"),
            Self::Resigned => f.write_str("the broken router resigns"),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.entries.iter().enumerate() {
            if self.repeats_from == Some(index) {
                writeln!(f, "  again and again:")?;
            }
            let nanos = entry.at.as_nanos();
            let (seconds, rest) = (nanos / SECOND, nanos % SECOND);
            write!(f, "{seconds:>5}.{rest:09}  {}", entry.what)?;
            if let Some((
                router,
                Transition {
                    from, to, cause, ..
                },
            )) = entry.transition
            {
                write!(f, ": {} {from} -> {to} because {cause}", router + 1)?;
                f.write_str("; Active:")?;
                for active in &entry.active {
                    write!(f, " {}", active + 1)?;
                }
                if entry.active.is_empty() {
                    f.write_str(" none")?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// The run to `state`, then `step`, then along the undisturbed states `onwards` and back to one of
/// them.
pub(super) fn retrace<const N: usize>(
    search: &Search<'_, N>,
    state: u32,
    step: Option<Step>,
    onwards: &[u32],
    back_to: Option<u32>,
) -> Trace {
    let mut steps = Vec::new();
    let mut at = state;
    while at != 0 {
        let Origin { parent, step } = search.origins[at as usize];
        steps.push(step);
        at = parent;
    }
    let mut run = Run {
        network: search.network,
        lan: Lan::new(search.network),
        trace: Trace::default(),
    };
    for step in steps.into_iter().rev().chain(step) {
        run.take(step);
    }
    let mut from = state;
    for next in onwards.iter().copied().chain(back_to) {
        if back_to == Some(from) && run.trace.repeats_from.is_none() {
            run.trace.repeats_from = Some(run.trace.entries.len());
        }
        let mut steps = Vec::new();
        run.lan.calm_steps(&mut |step| steps.push(step));
        let step = steps.into_iter().find(|step| {
            let mut lan = run.lan;
            let _: Outcome = lan.take(search.network, *step);
            search.visited.known(lan.fingerprint(search.network)) == Some(next)
        });
        let Some(step) = step else { break };
        run.take(step);
        from = next;
    }
    run.trace
}

struct Run<'a, const N: usize> {
    network: &'a Network<N>,
    lan: Lan<N>,
    trace: Trace,
}

impl<const N: usize> Run<'_, N> {
    fn take(&mut self, step: Step) {
        let what = self.describe(step);
        let outcome = self.lan.take(self.network, step);
        let active = self.lan.hosts.iter().enumerate();
        let active = active.filter(|(_, host)| host.is_active());
        if let Some(what) = what {
            self.trace.entries.push(Entry {
                at: self.lan.now,
                what,
                transition: outcome.transition,
                active: active.map(|(router, _)| router).collect(),
            });
        }
    }

    /// `None` for a wait: the next entry has the time.
    fn describe(&self, step: Step) -> Option<Happening> {
        let packet = |slot| self.lan.packet(slot);
        let wait = |wait: u8| self.network.waits[usize::from(wait)];
        Some(match step {
            Step::Wait => return None,
            Step::Deliver { packet: slot } | Step::Duplicate { packet: slot } => {
                let label = packet(slot)?.label;
                Happening::Heard {
                    from: label.from(),
                    to: label.to(),
                    resigns: label.resigns(),
                    again: matches!(step, Step::Duplicate { .. }),
                }
            }
            Step::Drop { packet: slot } => {
                let label = packet(slot)?.label;
                Happening::Lost {
                    from: label.from(),
                    to: label.to(),
                }
            }
            Step::Fire { router } => Happening::Fired(router.into()),
            Step::Wake { router } => Happening::Woke(router.into()),
            Step::Return { router, wait: it } => Happening::Returning(router.into(), wait(it)),
            Step::Crash { router } => Happening::Crashed(router.into()),
            Step::Shutdown { router } => Happening::ShutDown(router.into()),
            Step::LoseCarrier { router } => Happening::LostCarrier(router.into()),
            Step::Pause { router, wait: it } => Happening::Paused(router.into(), wait(it)),
            Step::Isolate { router } => Happening::Isolated(router.into()),
            Step::Cut { from, to } => Happening::Cut(from.into(), to.into()),
            Step::Heal => Happening::Healed,
            Step::Resign => Happening::Resigned,
        })
    }
}
