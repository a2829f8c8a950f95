//! The graph of steps without faults, and the time until the routers agree.

use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::lan::Agreement;

/// In an edge: this step takes the time of its state.
const WAIT: u32 = 1 << 31;

/// Undisturbed steps between states, added state by state in order.
#[derive(Debug, Default)]
pub(super) struct Calm {
    agreements: Vec<Agreement>,
    /// Where the edges of each state end.
    ends: Vec<u32>,
    edges: Vec<u32>,
    /// How long the wait of each state is.
    waits: Vec<Duration>,
    wait: Duration,
}

/// The longest spans in which the routers disagree.
#[derive(Debug)]
pub(super) struct Spans {
    pub(super) dual: Span,
    pub(super) leaderless: Span,
    pub(super) unsettled: Span,
}

/// The longest way through some states.
#[derive(Debug)]
pub(super) enum Span {
    /// This long, along these states.
    Longest { span: Duration, path: Vec<u32> },
    /// Along these states and back to this one for ever.
    Endless { path: Vec<u32>, back_to: u32 },
}

impl Span {
    pub(super) const fn longest(&self) -> Option<Duration> {
        match self {
            Self::Longest { span, .. } => Some(*span),
            Self::Endless { .. } => None,
        }
    }

    pub(super) const fn returns_to(&self) -> Option<u32> {
        match self {
            Self::Longest { .. } => None,
            Self::Endless { back_to, .. } => Some(*back_to),
        }
    }
}

impl Calm {
    /// A state was found.
    pub(super) fn state(&mut self, agreement: Agreement) {
        self.agreements.push(agreement);
    }

    /// A step of the state whose steps are being taken.
    pub(super) fn edge(&mut self, to: u32, elapsed: Duration) {
        if elapsed.is_zero() {
            self.edges.push(to);
        } else {
            self.edges.push(to | WAIT);
            self.wait = elapsed;
        }
    }

    /// All steps of that state were taken.
    pub(super) fn end_state(&mut self) {
        self.ends
            .push(u32::try_from(self.edges.len()).unwrap_or(u32::MAX));
        self.waits.push(core::mem::take(&mut self.wait));
    }

    /// The spans, once every state has its steps.
    pub(super) fn spans(self) -> Spans {
        let reverse = Reverse::of(&self);
        let pick = |choose: fn(&Agreement) -> bool| self.agreements.iter().map(choose).collect();
        let unsettled = self.leading_to(&reverse, pick(|it| !it.settled));
        Spans {
            dual: self.longest(&reverse, &pick(|it| it.dual)),
            leaderless: self.longest(&reverse, &pick(|it| it.leaderless)),
            unsettled: self.longest(&reverse, &unsettled),
        }
    }

    /// The next states, and how long each takes to come.
    fn next(&self, state: u32) -> impl Iterator<Item = (u32, Duration)> {
        let state = state as usize;
        let start = state.checked_sub(1).map_or(0, |before| self.ends[before]);
        let edges = self.edges[start as usize..self.ends[state] as usize].iter();
        edges.map(move |edge| {
            let wait = edge & WAIT != 0;
            let span = if wait {
                self.waits[state]
            } else {
                Duration::ZERO
            };
            (edge & !WAIT, span)
        })
    }

    fn states(&self) -> impl Iterator<Item = u32> + use<> {
        0..u32::try_from(self.agreements.len()).unwrap_or(u32::MAX)
    }

    /// `among` and everything from where one of them can be reached.
    fn leading_to(&self, reverse: &Reverse, mut among: Vec<bool>) -> Vec<bool> {
        let mut open: Vec<_> = self
            .states()
            .filter(|state| among[*state as usize])
            .collect();
        while let Some(state) = open.pop() {
            for before in reverse.previous(state) {
                if !core::mem::replace(&mut among[*before as usize], true) {
                    open.push(*before);
                }
            }
        }
        among
    }

    /// The longest way that stays `among` these states, backwards from where they end.
    fn longest(&self, reverse: &Reverse, among: &[bool]) -> Span {
        let members = || self.states().filter(|state| among[*state as usize]);
        let mut open = vec![0_u16; among.len()];
        let mut ready = Vec::new();
        for state in members() {
            let next = self.next(state).filter(|(next, _)| among[*next as usize]);
            let count = next.count();
            open[state as usize] = u16::try_from(count).unwrap_or(u16::MAX);
            if count == 0 {
                ready.push(state);
            }
        }
        let mut spans = vec![Duration::ZERO; among.len()];
        while let Some(state) = ready.pop() {
            let next = self.next(state);
            let longest = next.map(|(next, span)| span + spans[next as usize]).max();
            spans[state as usize] = longest.unwrap_or_default();
            for before in reverse.previous(state).iter().map(|it| *it as usize) {
                if among[before] {
                    open[before] -= 1;
                    if open[before] == 0 {
                        ready.push(reverse.number(before));
                    }
                }
            }
        }
        if let Some(start) = members().find(|state| open[*state as usize] > 0) {
            return self.endless(start, &open);
        }
        let start =
            members().max_by_key(|state| (spans[*state as usize], core::cmp::Reverse(*state)));
        let mut path = Vec::new();
        let mut at = start;
        while let Some(state) = at.filter(|state| among[*state as usize]) {
            path.push(state);
            let rest = spans[state as usize];
            at = self
                .next(state)
                .find(|(next, span)| *span + spans[*next as usize] == rest)
                .map(|(next, _)| next);
        }
        let span = start.map_or(Duration::ZERO, |start| spans[start as usize]);
        Span::Longest { span, path }
    }

    /// From `start` along states that lead into a cycle, until one comes again.
    fn endless(&self, start: u32, open: &[u16]) -> Span {
        let mut seen = vec![false; open.len()];
        let mut path = Vec::new();
        let mut at = start;
        while !core::mem::replace(&mut seen[at as usize], true) {
            path.push(at);
            let mut next = self.next(at).map(|(next, _)| next);
            at = next.find(|next| open[*next as usize] > 0).unwrap_or(at);
        }
        Span::Endless { path, back_to: at }
    }
}

/// The same graph, backwards.
struct Reverse {
    starts: Vec<u32>,
    edges: Vec<u32>,
}

impl Reverse {
    fn of(calm: &Calm) -> Self {
        let mut starts = vec![0_u32; calm.agreements.len() + 1];
        for edge in &calm.edges {
            starts[(edge & !WAIT) as usize + 1] += 1;
        }
        for state in 1..starts.len() {
            starts[state] += starts[state - 1];
        }
        let mut free = starts.clone();
        let mut edges = vec![0; calm.edges.len()];
        for state in calm.states() {
            for (next, _) in calm.next(state) {
                let slot = &mut free[next as usize];
                edges[*slot as usize] = state;
                *slot += 1;
            }
        }
        Self { starts, edges }
    }

    fn previous(&self, state: u32) -> &[u32] {
        let state = state as usize;
        &self.edges[self.starts[state] as usize..self.starts[state + 1] as usize]
    }

    fn number(&self, state: usize) -> u32 {
        debug_assert!(state + 1 < self.starts.len(), "one of the states");
        u32::try_from(state).unwrap_or(u32::MAX)
    }
}
