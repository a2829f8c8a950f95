//! The scripts of virtual servers: `notify_up`, `notify_down`, `quorum_up` and `quorum_down`.
//!
//! As with keepalived they get no arguments but those configured. keepalived starts a script for every
//! change, however many of them still run. Here a change that happens while a script runs waits for
//! its end, so that a script that withdraws a route cannot overtake the one that announces it; and of
//! several changes that wait, the last one counts. No owner waits for the scripts of another: the
//! quorum and the real servers of each virtual server have turns of their own.

use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use vrrp_core::Instant;
use vrrp_mio::Clock;

use crate::script::{Ending, Run, Runner, Script, StartError, Turns};
use crate::slab::{Handle, Slab};
use crate::tokens::TokenRange;

mod log;

/// How long a script may run.
const LIMIT: Duration = Duration::from_secs(60);
/// How long to wait for the descriptor, the process or the memory that a script lacks.
const RETRY: Duration = Duration::from_secs(1);
/// What scripts that are cancelled have to go: the grace of the runner, and some.
const GRACE: Duration = Duration::from_millis(2_500);

/// Scripts that run at a time.
const TURNS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// An event of a subject, for its scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A real server is fit, or there is a quorum.
    Up,
    /// It is not, or there is none.
    Down,
}

/// The scripts of one subject: a real server, or a virtual server's quorum.
#[derive(Clone, Debug)]
pub struct Hooks {
    /// What the log calls it.
    pub name: String,
    /// `notify_up`, `quorum_up`.
    pub up: Option<Arc<Script>>,
    /// `notify_down`, `quorum_down`.
    pub down: Option<Arc<Script>>,
    /// Who they take turns with where not all can run at a time.
    pub party: u64,
}

/// Names the [`Hooks`] given to a [`Notifier`], for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HooksId(Handle);

/// Runs the scripts of a daemon, on its loop.
///
/// [`add`](Self::add) who has scripts and [`notify`](Self::notify) of changes; call
/// [`ready`](Self::ready) for tokens that are, and [`fire`](Self::fire) at
/// [`deadline`](Self::deadline) at the latest. No call but [`finish`](Self::finish) waits.
///
/// Of each [`Hooks`] one script runs at a time, and of all of them no more than [`Self::TOKENS`]; the
/// others take turns, by party. A script that runs for more than 60 s is ended. One that cannot be
/// started for want of resources is tried again every second. How scripts end is logged.
#[derive(Debug)]
pub struct Notifier {
    registry: Registry,
    tokens: TokenRange,
    limit: Duration,
    runner: Runner,
    subjects: Slab<Subject>,
    /// Subjects with something to run and nothing running, each once.
    turns: Turns<Handle>,
    slots: Vec<Option<Live>>,
    /// When to start scripts again, if none can be.
    retry_at: Option<Instant>,
    /// Subjects whose script found no process, and when each is to be tried again.
    resting: VecDeque<(Instant, Handle)>,
    /// The shortage that was logged since a script last started.
    logged_shortage: Option<Errno>,
}

#[derive(Debug)]
struct Subject {
    hooks: Hooks,
    /// What is to be run next.
    pending: Option<Event>,
    /// Whether it runs or waits for its turn.
    engaged: bool,
    /// Whether it is removed once it does neither.
    leaving: bool,
}

/// A script that runs.
#[derive(Debug)]
struct Live {
    subject: Handle,
    event: Event,
    run: Run,
    /// When its time is over; `None` if it was.
    until: Option<Instant>,
}

impl Hooks {
    /// Whether these are the same scripts of a subject of the same name.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |ours: &Option<Arc<Script>>, theirs: &Option<Arc<Script>>| match (ours, theirs) {
            (Some(ours), Some(theirs)) => ours.is_same(theirs),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let Self {
            name,
            up,
            down,
            party: _,
        } = self;
        *name == other.name && same(up, &other.up) && same(down, &other.down)
    }

    const fn script(&self, event: Event) -> Option<&Arc<Script>> {
        match event {
            Event::Up => self.up.as_ref(),
            Event::Down => self.down.as_ref(),
        }
    }
}

impl Notifier {
    /// How many tokens it uses, and how many scripts run at a time.
    pub const TOKENS: NonZeroUsize = TURNS;

    /// A notifier without scripts. It uses `tokens`, at most [`Self::TOKENS`] of them.
    ///
    /// # Errors
    /// If the kernel gives no other descriptor of the poll.
    pub fn new(registry: &Registry, tokens: TokenRange, runner: Runner) -> io::Result<Self> {
        Ok(Self {
            registry: registry.try_clone()?,
            tokens,
            limit: LIMIT,
            runner,
            subjects: Slab::new(),
            turns: Turns::new(TURNS),
            slots: (0..TURNS.get()).map(|_| None).collect(),
            retry_at: None,
            resting: VecDeque::new(),
            logged_shortage: None,
        })
    }

    /// Adds the scripts of a subject.
    pub fn add(&mut self, hooks: Hooks) -> HooksId {
        self.turns.enter(hooks.party);
        HooksId(self.subjects.insert(Subject {
            hooks,
            pending: None,
            engaged: false,
            leaving: false,
        }))
    }

    /// The scripts of a subject.
    #[must_use]
    pub fn get(&self, id: HooksId) -> Option<&Hooks> {
        self.subjects.get(id.0).map(|subject| &subject.hooks)
    }

    /// Gives a subject other scripts, and leaves its party as it is. A script that runs goes on, and those
    /// for later changes wait for its end as ever.
    pub fn update(&mut self, id: HooksId, hooks: Hooks) {
        if let Some(subject) = self.subjects.get_mut(id.0) {
            let party = subject.hooks.party;
            subject.hooks = Hooks { party, ..hooks };
        }
    }

    /// Removes the scripts of a subject. What they were notified of before still has them run.
    pub fn remove(&mut self, id: HooksId) {
        if let Some(subject) = self.subjects.get_mut(id.0) {
            subject.leaving = true;
        }
        self.leave(id.0);
    }

    /// Removes a subject that is to go and has nothing left to run.
    fn leave(&mut self, handle: Handle) {
        let subject = self.subjects.get(handle);
        if subject.is_some_and(|subject| subject.leaving && !subject.engaged)
            && let Some(subject) = self.subjects.remove(handle)
        {
            self.turns.leave(subject.hooks.party);
        }
    }

    /// Has the script for `event` run, if there is one: at once, or after what runs for the same
    /// subject, in place of what waits for that.
    pub fn notify(&mut self, id: HooksId, event: Event, now: Instant) {
        let subject = self.subjects.get_mut(id.0);
        let has_script = |subject: &&mut Subject| subject.hooks.script(event).is_some();
        let subject = subject.filter(|subject| !subject.leaving);
        let Some(subject) = subject.filter(has_script) else {
            return;
        };
        if let Some(earlier) = subject.pending.replace(event) {
            log::superseded(&subject.hooks, earlier);
        }
        if !subject.engaged {
            subject.engaged = true;
            self.turns.wait(subject.hooks.party, id.0);
            self.start(now);
        }
    }

    /// Whether `token` is one of its own.
    #[must_use]
    pub const fn owns(&self, token: Token) -> bool {
        self.tokens.contains(token)
    }

    /// When to call [`fire`](Self::fire) at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let limits = self.slots.iter().flatten().filter_map(|live| live.until);
        let rest = self.resting.front().map(|(at, _)| *at);
        limits.chain(self.retry_at).chain(rest).min()
    }

    /// Whether nothing runs and nothing waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let waits = self.turns.waiting() > 0 || !self.resting.is_empty();
        !waits && self.slots.iter().all(Option::is_none)
    }

    /// The source with this token is ready. Spurious calls are harmless.
    pub fn ready(&mut self, token: Token, now: Instant) {
        if let Some(slot) = self.tokens.index(token) {
            self.look(slot, now);
            self.start(now);
        }
    }

    /// Does what is due at `now`.
    pub fn fire(&mut self, now: Instant) {
        for live in self.slots.iter_mut().flatten() {
            if live.until.is_some_and(|until| until <= now) {
                // It is over when the runner says so, and not before: the next may not overlap.
                live.until = None;
                live.run.cancel();
                if let Some(subject) = self.subjects.get(live.subject) {
                    log::too_long(&subject.hooks, live.event, self.limit);
                }
            }
        }
        self.retry_at = self.retry_at.filter(|at| *at > now);
        while let Some((at, handle)) = self.resting.front().copied()
            && at <= now
        {
            self.resting.pop_front();
            if let Some(subject) = self.subjects.get(handle) {
                self.turns.wait(subject.hooks.party, handle);
            }
        }
        self.start(now);
    }

    /// Runs what is left to be run for at most `limit`, waiting meanwhile. What still runs then is ended,
    /// for which it has two seconds, and what waits for that has its turn: at most `limit` again. Whether
    /// all processes have gone.
    pub fn finish(mut self, clock: &Clock, limit: Duration) -> bool {
        self.run_for(clock, limit);
        if !self.is_idle() {
            for live in self.slots.iter_mut().flatten() {
                live.until = None;
                live.run.cancel();
                if let Some(subject) = self.subjects.get(live.subject) {
                    log::cut_short(&subject.hooks, live.event);
                }
            }
            self.run_for(clock, GRACE + limit);
        }
        for (_, subject) in self.subjects.iter() {
            if let Some(event) = subject.pending {
                log::not_run(&subject.hooks, event);
            }
        }
        self.slots.clear();
        self.runner.finish(GRACE)
    }

    fn run_for(&mut self, clock: &Clock, limit: Duration) {
        let end = clock.now() + limit;
        while !self.is_idle() && clock.now() < end {
            let wake = self.deadline().map_or(end, |at| at.min(end));
            self.wait(wake.saturating_duration_since(clock.now()));
            let now = clock.now();
            for slot in 0..self.slots.len() {
                self.look(slot, now);
            }
            self.fire(now);
        }
    }

    /// Waits until a script has ended, or for `limit`.
    fn wait(&self, limit: Duration) {
        let runs = self.slots.iter().flatten();
        let mut fds: Vec<_> = runs
            .map(|live| PollFd::new(live.run.as_fd(), PollFlags::POLLIN))
            .collect();
        let limit = limit.max(Duration::from_millis(1));
        let limit = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
        // Interrupted or not, what has ended is looked for.
        let _ready = poll(&mut fds, limit);
    }

    /// Whether the script in a slot has ended; its subject has its next turn then.
    fn look(&mut self, slot: usize, now: Instant) {
        let Some(slot) = self.slots.get_mut(slot) else {
            return;
        };
        let Some(live) = slot else {
            return;
        };
        let Some(ending) = live.run.poll() else {
            return;
        };
        let (handle, event) = (live.subject, live.event);
        // The descriptor leaves the poll as it is closed.
        *slot = None;
        let Some(subject) = self.subjects.get_mut(handle) else {
            return;
        };
        let party = subject.hooks.party;
        self.turns.done(party);
        match ending {
            // It is this host that could not, for the moment.
            Ending::NotStarted(errno) if is_shortage(errno) => {
                if self.logged_shortage.replace(errno) != Some(errno) {
                    log::put_off(&subject.hooks, event, errno.desc());
                }
                subject.pending.get_or_insert(event);
                self.resting.push_back((now + RETRY, handle));
            }
            Ending::Exited(_)
            | Ending::Killed(_)
            | Ending::NotStarted(_)
            | Ending::NotRun
            | Ending::Lost => {
                self.logged_shortage = None;
                log::ended(&subject.hooks, event, ending);
                subject.engaged = subject.pending.is_some();
                if subject.engaged {
                    self.turns.wait(party, handle);
                }
                self.leave(handle);
            }
        }
    }

    /// Starts what waits, as far as there is room.
    fn start(&mut self, now: Instant) {
        while self.retry_at.is_none()
            && let Some(slot) = self.slots.iter().position(Option::is_none)
            && let Some(token) = self.tokens.token(slot)
            && let Some((party, handle)) = self.turns.next()
        {
            let Some(subject) = self.subjects.get_mut(handle) else {
                self.turns.done(party);
                continue;
            };
            let pending = subject.pending.take();
            let hooks = &subject.hooks;
            let Some((event, script)) =
                pending.and_then(|event| Some((event, hooks.script(event)?)))
            else {
                subject.engaged = false;
                self.turns.done(party);
                self.leave(handle);
                continue;
            };
            match begin(&self.runner, &self.registry, token, script) {
                Ok(run) => {
                    log::begun(&subject.hooks, event);
                    let until = Some(now + self.limit);
                    if let Some(slot) = self.slots.get_mut(slot) {
                        *slot = Some(Live {
                            subject: handle,
                            event,
                            run,
                            until,
                        });
                    }
                }
                Err(error) => {
                    let errno = match error {
                        StartError::Descriptor(errno) => errno,
                        StartError::Alive | StartError::Busy => Errno::EAGAIN,
                    };
                    if self.logged_shortage.replace(errno) != Some(errno) {
                        log::put_off(&subject.hooks, event, error);
                    }
                    subject.pending = pending;
                    self.turns.done(party);
                    self.turns.wait(party, handle);
                    self.retry_at = Some(now + RETRY);
                }
            }
        }
    }
}

/// Whether it is something that comes back: processes, memory, descriptors, a program being written.
fn is_shortage(errno: Errno) -> bool {
    let shortages = [
        Errno::EAGAIN,
        Errno::ENOMEM,
        Errno::EMFILE,
        Errno::ENFILE,
        Errno::ENOBUFS,
        Errno::ETXTBSY,
    ];
    shortages.contains(&errno)
}

/// Has a script started, and its end make `token` ready.
fn begin(
    runner: &Runner,
    registry: &Registry,
    token: Token,
    script: &Arc<Script>,
) -> Result<Run, StartError> {
    let run = runner.start(script)?;
    SourceFd(&run.as_fd().as_raw_fd())
        .register(registry, token, Interest::READABLE)
        .map_err(|error| {
            let errno = error.raw_os_error().unwrap_or_default();
            StartError::Descriptor(Errno::from_raw(errno))
        })?;
    Ok(run)
}

#[cfg(test)]
mod tests;
