//! The driver of health checkers: runs the attempts of many checkers in one event loop.

mod checker;
mod datagram;
mod probe;
mod scratch;
mod scripts;
mod socket;
mod stream;

use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::RandomState;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use vrrp_core::Instant;
use vrrp_mio::Deadlines;

use self::checker::Checker;
use self::probe::{Attempt, Probe, Queue};
use self::scratch::Scratch;
pub use self::scripts::SCRIPTS;
use super::attempt::{Failure, Outcome};
use super::schedule::{Change, Schedule, Verdict};
use super::settings::Settings;
use super::slice::Slice;
use crate::script::{Runner, Turns};
use crate::tokens::TokenRange;

/// Octets read at a time.
const RUN: usize = 16 * 1024;
/// What one call of [`Checks::fire`] takes of this thread's time, but for the step it is over in.
const TURN: Duration = Duration::from_micros(500);
/// What one attempt takes of that before it is another's turn.
const SHARE: Duration = Duration::from_micros(200);

/// Names a checker; its owner chooses the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckerId(pub u64);

/// What an attempt found, and what that means to one checker.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whose.
    pub checker: CheckerId,
    /// What was found.
    pub outcome: Outcome,
    /// Whether connections may go to the server.
    pub verdict: Verdict,
    /// How that differs from before the attempt. [`Change::since`] tells how it differs from the verdict
    /// that the owner has of the checker.
    pub change: Change,
}

/// The checkers of a daemon, on its loop.
///
/// [`add`](Self::add) checkers; call [`ready`](Self::ready) for tokens that are, then
/// [`fire`](Self::fire) once a turn, and at [`deadline`](Self::deadline) at the latest; take what
/// was found by [`reports`](Self::reports). No call waits for anything, and each takes a bounded
/// time: what is left makes [`deadline`](Self::deadline) lie in the past. Attempts take turns, and
/// what one costs here is not counted as time the server took.
///
/// Checkers with equal [`Settings`] share their attempts: one probe on the network, a report to each.
/// A checker that joins another gets the known result at once.
///
/// At most `limit` attempts are under way at a time, as each has a descriptor. Others wait for their
/// turn, those due first before those due later. Scripts take turns by virtual server, so that those of
/// one that hang hold up no other. Waiting is no part of an attempt's time.
///
/// A failure of this host's ([`Failure::System`]) is reported and changes no verdict.
#[derive(Debug)]
pub struct Checks {
    registry: Registry,
    tokens: TokenRange,
    limit: NonZeroUsize,
    probes: Vec<Option<Probe>>,
    free: Vec<usize>,
    by_settings: HashMap<Arc<Settings>, usize>,
    checkers: HashMap<CheckerId, Checker>,
    /// Of each probe: when to try, or while it does, when to give up.
    deadlines: Deadlines,
    /// Probes that are due, but for scripts.
    due: VecDeque<usize>,
    /// Scripts that are due.
    scripts: Turns<usize>,
    /// Probes whose attempt is to be gone on with.
    ready: VecDeque<usize>,
    running: usize,
    reports: Vec<Report>,
    scratch: Scratch,
}

/// What became of an attempt that was looked at.
enum AttemptState {
    /// Nothing more for now.
    Waiting,
    /// There is more to be read, or to be done.
    More,
    /// It is over.
    Done(Outcome),
}

impl Checks {
    /// No checkers yet. Each has one of `tokens`; one without is not
    /// run. At most `limit`
    /// attempts are made at a time; scripts are run by `runner`, and fail to without.
    ///
    /// # Errors
    /// If the kernel gives no other descriptor of the poll.
    pub fn new(
        registry: &Registry,
        tokens: TokenRange,
        limit: NonZeroUsize,
        runner: Option<Runner>,
    ) -> io::Result<Self> {
        Ok(Self {
            registry: registry.try_clone()?,
            tokens,
            limit,
            probes: Vec::new(),
            free: Vec::new(),
            by_settings: HashMap::new(),
            checkers: HashMap::new(),
            deadlines: Deadlines::new(),
            due: VecDeque::new(),
            scripts: Turns::new(SCRIPTS),
            ready: VecDeque::new(),
            running: 0,
            reports: Vec::new(),
            scratch: Scratch {
                buffer: vec![0; RUN],
                seed: RandomState::new(),
                drawn: 0,
                runner,
            },
        })
    }

    /// The probe with these settings, made if there is none.
    fn probe(&mut self, settings: Settings, now: Instant) -> usize {
        let settings = Arc::new(settings);
        let entry = match self.by_settings.entry(Arc::clone(&settings)) {
            Entry::Occupied(entry) => return *entry.get(),
            Entry::Vacant(entry) => entry,
        };
        let timing = settings.timing;
        let warmup = self.scratch.random_up_to(timing.warmup);
        let steps = settings.protocol.steps();
        let probe = Probe {
            settings,
            schedule: Schedule::new(timing, steps, now, warmup),
            attempt: None,
            checkers: Vec::new(),
            awake: 0,
            last: None,
            queue: Queue::None,
            has_turn: false,
            hold: None,
        };
        if let Some(party) = probe.party() {
            self.scripts.enter(party);
        }
        let index = self.free.pop().unwrap_or(self.probes.len());
        entry.insert(index);
        self.deadlines.set(index, probe.schedule.deadline());
        match self.probes.get_mut(index) {
            Some(slot) => *slot = Some(probe),
            None => self.probes.push(Some(probe)),
        }
        index
    }

    /// Whether `token` is one of the checkers'.
    #[must_use]
    pub const fn owns(&self, token: Token) -> bool {
        self.tokens.contains(token)
    }

    /// When to call [`fire`](Self::fire) at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let waiting = !self.due.is_empty() || self.scripts.has_next();
        let startable = waiting && self.running < self.limit.get();
        if startable || !self.ready.is_empty() {
            return Some(Instant::EPOCH);
        }
        self.deadlines.wake_up()
    }

    /// What was found since the last call, in order. There is at most one report per attempt and
    /// checker, so take them every turn.
    #[must_use = "the reports are gone from here"]
    pub fn reports(&mut self) -> Vec<Report> {
        core::mem::take(&mut self.reports)
    }

    /// The source with this token is ready, which [`fire`](Self::fire) looks into. Spurious calls are
    /// harmless.
    pub fn ready(&mut self, token: Token) {
        if let Some(index) = self.tokens.index(token) {
            self.line_up(index);
        }
    }

    /// Does what is due at `now`, as much as there is time for and in turns: an attempt is gone on
    /// with, one is ended by time, one is begun.
    pub fn fire(&mut self, now: Instant) {
        let turn = Slice::of(TURN);
        loop {
            let went_on = self.go_on_next(now);
            let expired = self.expire_next(now);
            let started = self.start_next(now);
            let script = self.start_next_script(now);
            if !(went_on || expired || started || script) || turn.is_over() {
                return;
            }
        }
    }

    fn go_on_next(&mut self, now: Instant) -> bool {
        let Some(index) = self.ready.pop_front() else {
            return false;
        };
        if self.leave(index, Queue::Ready) {
            self.go_on(index, now);
        }
        true
    }

    fn expire_next(&mut self, now: Instant) -> bool {
        let Some(index) = self.deadlines.pop_due(now) else {
            return false;
        };
        self.expire(index, now);
        true
    }

    fn start_next(&mut self, now: Instant) -> bool {
        if self.running >= self.limit.get() {
            return false;
        }
        let Some(index) = self.due.pop_front() else {
            return false;
        };
        if self.leave(index, Queue::Due) {
            self.start(index, now);
        }
        true
    }

    /// The attempt of a probe, if there is one, is to be gone on with.
    fn line_up(&mut self, index: usize) {
        if let Some(probe) = self.probes.get_mut(index).and_then(Option::as_mut)
            && probe.attempt.is_some()
            && probe.queue == Queue::None
        {
            probe.queue = Queue::Ready;
            self.ready.push_back(index);
        }
    }

    /// Whether the probe stood in `queue`, which it has left then. An entry in a queue may be that of
    /// an earlier probe with the same index.
    fn leave(&mut self, index: usize, queue: Queue) -> bool {
        let probe = self.probes.get_mut(index).and_then(Option::as_mut);
        probe.is_some_and(|probe| {
            let there = probe.queue == queue;
            if there {
                probe.queue = Queue::None;
            }
            there
        })
    }

    fn expire(&mut self, index: usize, now: Instant) {
        let Some(probe) = self.probes.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        if probe.attempt.is_none() {
            match probe.party() {
                Some(party) => {
                    probe.queue = Queue::Script;
                    self.scripts.wait(party, index);
                }
                None => {
                    probe.queue = Queue::Due;
                    self.due.push_back(index);
                }
            }
            return;
        }
        // It may have been answered in time, and that not been looked at.
        self.go_on(index, now);
        let probe = self.probes.get_mut(index).and_then(Option::as_mut);
        if let Some(attempt) = probe.and_then(|probe| probe.attempt.as_mut())
            && attempt.deadline().is_some_and(|at| at <= now)
        {
            let outcome = attempt.timed_out();
            self.end(index, outcome, now);
        }
    }

    fn start(&mut self, index: usize, now: Instant) {
        let probe = self.probes.get_mut(index).and_then(Option::as_mut);
        let Some((probe, token)) = probe.zip(self.tokens.token(index)) else {
            return;
        };
        let Some(step) = probe.schedule.begin(now) else {
            return;
        };
        let protocol = &probe.settings.protocol;
        let attempt = Attempt::start(protocol, step, now, &mut self.scratch).and_then(|attempt| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            SourceFd(&attempt.as_raw_fd())
                .register(&self.registry, token, interest)
                .map_err(socket::system("epoll_ctl"))?;
            Ok(attempt)
        });
        match attempt {
            Ok(attempt) => {
                self.deadlines.set(index, attempt.deadline());
                probe.attempt = Some(attempt);
                self.running += 1;
            }
            Err(failure) => self.end(index, Err(failure), now),
        }
    }

    fn go_on(&mut self, index: usize, now: Instant) {
        let Some(probe) = self.probes.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        let Some(attempt) = &mut probe.attempt else {
            return;
        };
        match attempt.ready(now, &Slice::of(SHARE), &mut self.scratch) {
            AttemptState::Done(outcome) => return self.end(index, outcome, now),
            AttemptState::Waiting => {}
            AttemptState::More => self.line_up(index),
        }
        self.await_end(index);
    }

    /// Sets the time when the attempt under way is over at the latest.
    fn await_end(&mut self, index: usize) {
        let probe = self.probes.get(index).and_then(Option::as_ref);
        let attempt = probe.and_then(|probe| probe.attempt.as_ref());
        let deadline = attempt.and_then(Attempt::deadline);
        if self.deadlines.get(index) != deadline {
            self.deadlines.set(index, deadline);
        }
    }

    /// The attempt of a probe is over.
    fn end(&mut self, index: usize, outcome: Outcome, now: Instant) {
        let Some(probe) = self.probes.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        self.running -= usize::from(probe.attempt.take().is_some());
        probe.queue = Queue::None;
        probe.hold = None;
        let change = if let Err(Failure::System { .. }) = outcome {
            probe.schedule.postpone(now);
            Change::Unchanged
        } else {
            probe.last = Some(outcome.clone());
            probe.schedule.conclude(now, outcome.is_ok())
        };
        self.deadlines.set(index, probe.schedule.deadline());
        let verdict = probe.schedule.verdict();
        for id in &probe.checkers {
            let checker = self.checkers.get(id);
            if checker.is_some_and(|checker| !checker.suspended) {
                self.reports.push(Report {
                    checker: *id,
                    outcome: outcome.clone(),
                    verdict,
                    change,
                });
            }
        }
        self.end_turn(index);
    }
}

#[cfg(test)]
mod tests;
