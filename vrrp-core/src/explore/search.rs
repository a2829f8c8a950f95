//! The breadth-first search.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::calm::{Calm, Span};
use super::lan::Lan;
use super::network::Network;
use super::step::{Flaw, Flaws, Step};
use super::trace::{Trace, retrace};
use super::visited::{Number, Visited};
use super::{Report, Violation, Windows};

/// How a state was first reached.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) parent: u32,
    pub(super) step: Step,
}

/// What is known of the states seen so far, which are numbered in the order they were found.
#[derive(Debug)]
pub(super) struct Search<'a, const N: usize> {
    pub(super) network: &'a Network<N>,
    pub(super) visited: Visited,
    pub(super) origins: Vec<Origin>,
    queue: VecDeque<Lan<N>>,
    calm: Calm,
    transitions: u64,
    depth: u32,
    flaws: Flaws,
    found: Vec<(Flaw, u32, Step)>,
    complete: bool,
}

/// Visits every state of `network`.
pub(super) fn explore<const N: usize>(network: &Network<N>) -> Report {
    let mut search = Search {
        network,
        visited: Visited::new(),
        origins: Vec::new(),
        queue: VecDeque::new(),
        calm: Calm::default(),
        transitions: 0,
        depth: 0,
        flaws: Flaws::default(),
        found: Vec::new(),
        complete: true,
    };
    search.reach(
        Lan::new(network),
        Origin {
            parent: 0,
            step: Step::Wait,
        },
    );
    search.run();
    search.report()
}

impl<const N: usize> Search<'_, N> {
    fn run(&mut self) {
        let mut steps = Vec::new();
        let mut index = 0;
        let mut level_ends = 1;
        while let Some(lan) = self.queue.pop_front() {
            if index == level_ends {
                self.depth += 1;
                level_ends = self.count();
            }
            lan.calm_steps(&mut |step| steps.push(step));
            lan.disturbances(self.network, &mut |step| steps.push(step));
            for step in steps.drain(..) {
                self.take(&lan, index, step);
            }
            self.calm.end_state();
            if self.count() >= self.network.limit {
                self.complete = false;
                return;
            }
            index += 1;
        }
    }

    fn take(&mut self, lan: &Lan<N>, parent: u32, step: Step) {
        let mut next = *lan;
        let outcome = next.take(self.network, step);
        self.transitions += 1;
        self.complete &= !outcome.overflow;
        let new = outcome.flaws.without(self.flaws);
        if !new.is_empty() {
            self.flaws = self.flaws.union(new);
            self.found
                .extend(new.iter().map(|flaw| (flaw, parent, step)));
        }
        let elapsed = next.now.saturating_duration_since(lan.now);
        let index = self.reach(next, Origin { parent, step });
        if step.is_calm() {
            self.calm.edge(index, elapsed);
        }
    }

    fn reach(&mut self, lan: Lan<N>, origin: Origin) -> u32 {
        match self.visited.number(lan.fingerprint(self.network)) {
            Number::Known(index) => index,
            Number::New(index) => {
                self.calm.state(lan.agreement(self.network));
                self.origins.push(origin);
                self.queue.push_back(lan);
                index
            }
        }
    }

    fn count(&self) -> u32 {
        u32::try_from(self.origins.len()).unwrap_or(u32::MAX)
    }

    fn report(mut self) -> Report {
        self.queue = VecDeque::new();
        let found = core::mem::take(&mut self.found);
        let mut violations: Vec<_> = found
            .into_iter()
            .map(|(flaw, parent, step)| Violation {
                flaw,
                trace: retrace(&self, parent, Some(step), &[], None),
            })
            .collect();
        let mut windows = Windows::default();
        if self.complete {
            let spans = core::mem::take(&mut self.calm).spans();
            let bounds = self.network.bounds;
            let [dual, leaderless, unsettled] = [
                (Flaw::Dual, spans.dual, bounds.dual),
                (Flaw::Leaderless, spans.leaderless, bounds.leaderless),
                (Flaw::Unsettled, spans.unsettled, bounds.unsettled),
            ]
            .map(|(flaw, span, bound)| {
                // Whoever never agrees never settles, either.
                let known = flaw == Flaw::Unsettled
                    && violations
                        .iter()
                        .any(|it: &Violation| matches!(it.flaw, Flaw::Dual | Flaw::Leaderless));
                let trace = (!known).then(|| self.breach(&span, bound)).flatten();
                violations.extend(trace.map(|trace| Violation { flaw, trace }));
                span.longest()
            });
            windows = Windows {
                dual,
                leaderless,
                unsettled,
            };
        }
        Report {
            states: self.count(),
            transitions: self.transitions,
            depth: self.depth,
            complete: self.complete,
            windows,
            violations,
        }
    }

    /// The run that is longer than its bound, if there is one.
    fn breach(&self, span: &Span, bound: core::time::Duration) -> Option<Trace> {
        let path = match span {
            Span::Endless { path, .. } => path,
            Span::Longest { span, path } if *span > bound => path,
            Span::Longest { .. } => return None,
        };
        let (first, rest) = path.split_first()?;
        Some(retrace(self, *first, None, rest, span.returns_to()))
    }
}
