//! Runs the scripts that are told of changes: `notify_up`, `notify_down`, `quorum_up` and
//! `quorum_down`.
//!
//! As with keepalived they get no arguments but those configured, and the daemon's environment.
//! keepalived starts a script for every change, however many of them still run. Here a change that
//! happens while a script runs waits for its end, so that a script that withdraws a route cannot
//! overtake the one that announces it; and of several changes that wait, the last one counts.

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

use crate::config::Config;
use crate::script::{Run, Runner, Script, StartError};

mod narration;

/// How long a script may run.
const LIMIT: Duration = Duration::from_secs(60);
/// How long to wait for the descriptor or the thread that a script lacks.
const RETRY: Duration = Duration::from_secs(1);
/// What scripts that are cancelled in the end have to go: the grace of the runner, and some.
const GRACE: Duration = Duration::from_millis(2_500);

/// What happened to whom scripts are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// A real server is fit, or there is a quorum.
    Up,
    /// It is not, or there is none.
    Down,
}

/// Scripts that are told of the same real server, or the same virtual server's quorum.
#[derive(Clone, Debug)]
pub struct Hooks {
    /// What the log calls it.
    pub name: String,
    /// `notify_up`, `quorum_up`.
    pub up: Option<Arc<Script>>,
    /// `notify_down`, `quorum_down`.
    pub down: Option<Arc<Script>>,
}

/// Names the [`Hooks`] given to a [`Notifier`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HooksId(usize);

/// Runs the scripts of a daemon, on its loop.
///
/// [`add`](Self::add) who has scripts and [`notify`](Self::notify) of changes; call
/// [`ready`](Self::ready) for tokens that are, and [`fire`](Self::fire) at
/// [`deadline`](Self::deadline) at the latest. No call but [`finish`](Self::finish) waits.
///
/// Of each [`Hooks`] one script runs at a time, and of all of them no more than [`Self::TOKENS`]; the
/// others take turns. A script that runs for more than 60 s is ended. One that cannot be started for
/// want of resources is tried again every second. How scripts end is logged.
#[derive(Debug)]
pub struct Notifier {
    registry: Registry,
    first_token: usize,
    limit: Duration,
    runner: Runner,
    subjects: Vec<Subject>,
    /// Subjects with something to run and nothing running, each once.
    waiting: VecDeque<usize>,
    slots: [Option<Live>; Self::TOKENS],
    /// When to try again what could not be started.
    retry_at: Option<Instant>,
}

#[derive(Debug)]
struct Subject {
    hooks: Hooks,
    /// What is to be run next.
    pending: Option<Event>,
    /// Whether it runs or waits for its turn.
    engaged: bool,
}

/// A script that runs.
#[derive(Debug)]
struct Live {
    subject: usize,
    event: Event,
    run: Run,
    /// When its time is over; `None` if it was.
    until: Option<Instant>,
}

impl Hooks {
    const fn script(&self, event: Event) -> Option<&Arc<Script>> {
        match event {
            Event::Up => self.up.as_ref(),
            Event::Down => self.down.as_ref(),
        }
    }
}

impl Notifier {
    /// How many tokens it uses, and how many scripts run at a time.
    pub const TOKENS: usize = 16;

    /// A notifier of nobody yet. Tokens from `first_token` on are its own.
    ///
    /// # Errors
    /// If the kernel gives no other descriptor of the poll.
    pub fn new(registry: &Registry, first_token: usize, runner: Runner) -> io::Result<Self> {
        Ok(Self {
            registry: registry.try_clone()?,
            first_token,
            limit: LIMIT,
            runner,
            subjects: Vec::new(),
            waiting: VecDeque::new(),
            slots: [const { None }; Self::TOKENS],
            retry_at: None,
        })
    }

    /// Takes up somebody's scripts.
    pub fn add(&mut self, hooks: Hooks) -> HooksId {
        self.subjects.push(Subject {
            hooks,
            pending: None,
            engaged: false,
        });
        HooksId(self.subjects.len() - 1)
    }

    /// Has the script for `event` run, if there is one: at once, or after what runs for the same
    /// subject, in place of what waits for that.
    pub fn notify(&mut self, id: HooksId, event: Event, now: Instant) {
        let subject = self.subjects.get_mut(id.0);
        let Some(subject) = subject.filter(|subject| subject.hooks.script(event).is_some()) else {
            return;
        };
        subject.pending = Some(event);
        if !subject.engaged {
            subject.engaged = true;
            self.waiting.push_back(id.0);
            self.start(now);
        }
    }

    /// Whether `token` is one of its own.
    #[must_use]
    pub const fn owns(&self, token: Token) -> bool {
        token.0 >= self.first_token && token.0 - self.first_token < Self::TOKENS
    }

    /// When to call [`fire`](Self::fire) at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let limits = self.slots.iter().flatten().filter_map(|live| live.until);
        limits.chain(self.retry_at).min()
    }

    /// Whether nothing runs and nothing waits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.slots.iter().all(Option::is_none)
    }

    /// The source with this token is ready. Spurious calls are harmless.
    pub fn ready(&mut self, token: Token, now: Instant) {
        if let Some(slot) = token.0.checked_sub(self.first_token) {
            self.look(slot);
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
                    narration::too_long(&subject.hooks, live.event, self.limit);
                }
            }
        }
        if self.retry_at.is_some_and(|at| at <= now) {
            self.retry_at = None;
            self.start(now);
        }
    }

    /// Runs what is left to be run for at most `limit`, waiting meanwhile, and ends what still runs
    /// then, for which it has two seconds more. Whether everything was run and all of it has gone.
    pub fn finish(mut self, clock: &Clock, limit: Duration) -> bool {
        let end = clock.now() + limit;
        while !self.is_idle() && clock.now() < end {
            let wake = self.deadline().map_or(end, |at| at.min(end));
            self.wait(wake.saturating_duration_since(clock.now()));
            let now = clock.now();
            for slot in 0..Self::TOKENS {
                self.look(slot);
            }
            self.start(now);
            self.fire(now);
        }
        let idle = self.is_idle();
        for Live { subject, event, .. } in self.slots.iter().flatten() {
            if let Some(subject) = self.subjects.get(*subject) {
                narration::cut_short(&subject.hooks, *event);
            }
        }
        for subject in &self.subjects {
            if let Some(event) = subject.pending {
                narration::not_run(&subject.hooks, event);
            }
        }
        self.slots = [const { None }; Self::TOKENS];
        self.runner.finish(GRACE) && idle
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
    fn look(&mut self, slot: usize) {
        let Some(slot) = self.slots.get_mut(slot) else {
            return;
        };
        let Some(live) = slot else {
            return;
        };
        let Some(ending) = live.run.poll() else {
            return;
        };
        let (index, event) = (live.subject, live.event);
        // The descriptor leaves the poll as it is closed.
        *slot = None;
        let Some(subject) = self.subjects.get_mut(index) else {
            return;
        };
        narration::ended(&subject.hooks, event, ending);
        subject.engaged = subject.pending.is_some();
        if subject.engaged {
            self.waiting.push_back(index);
        }
    }

    /// Starts what waits, as far as there is room.
    fn start(&mut self, now: Instant) {
        while self.retry_at.is_none()
            && let Some(slot) = self.slots.iter().position(Option::is_none)
            && let Some(index) = self.waiting.pop_front()
        {
            let Some(subject) = self.subjects.get_mut(index) else {
                continue;
            };
            let pending = subject.pending.take();
            let hooks = &subject.hooks;
            let Some((event, script)) =
                pending.and_then(|event| Some((event, hooks.script(event)?)))
            else {
                subject.engaged = false;
                continue;
            };
            let token = Token(self.first_token + slot);
            match begin(&self.runner, &self.registry, token, script) {
                Ok(run) => {
                    narration::begun(&subject.hooks, event);
                    let until = Some(now + self.limit);
                    if let Some(slot) = self.slots.get_mut(slot) {
                        *slot = Some(Live {
                            subject: index,
                            event,
                            run,
                            until,
                        });
                    }
                }
                Err(error) => {
                    narration::put_off(&subject.hooks, event, error);
                    subject.pending = pending;
                    self.waiting.push_back(index);
                    self.retry_at = Some(now + RETRY);
                }
            }
        }
    }
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

/// Who runs the scripts of a configuration's [`Hooks`], if it has any, with the rights of the calling
/// thread: call it before [`privilege::restrict`](crate::privilege::restrict).
///
/// # Errors
/// The system has no more threads to give.
pub fn runner(config: &Config) -> io::Result<Option<Runner>> {
    let virtual_servers = config.virtual_servers.iter();
    let scripts = virtual_servers.flat_map(|server| {
        let real_servers = server.real_servers.iter();
        let own = real_servers.flat_map(|server| [&server.notify_up, &server.notify_down]);
        own.chain([&server.quorum_up, &server.quorum_down])
    });
    let most = Notifier::TOKENS;
    let attendants = NonZeroUsize::new(scripts.flatten().take(most).count());
    attendants.map(Runner::new).transpose()
}

#[cfg(test)]
mod tests;
