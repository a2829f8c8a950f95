//! Virtual servers: keeps the kernel's IPVS table as configured and as the health checks find it.
//!
//! One direction per turn: checkers → [`Pool`](crate::balancing::pool::Pool) → desired services →
//! [`Reconciler`] → requests to the kernel. Nothing waits: checkers and requests are on the
//! daemon's loop, scripts on threads of their own. Without `ip_vs` in the kernel the checkers still
//! run, and the table is set up once it is there.

pub mod build;
mod ends;
mod hardship;
mod kernel;
mod modules;
mod narrator;
pub mod pool;
mod prepared;
pub mod reconciler;
mod server;
pub mod status;
mod suspension;
pub mod synchroniser;

use core::net::IpAddr;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use ipvs_core::ServiceKey;
use ipvs_netlink::{Completion, ErrorKind, Reply, Request};
use mio::event::Source as _;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use tracing::{error, warn};
use vrrp_core::{Instant, Role};
use vrrp_mio::TimeSlice;

use self::ends::Ending;
use self::hardship::Hardships;
use self::kernel::{Kernel, Opened, Purpose};
use self::narrator::Endpoint;
pub use self::prepared::{PrepareError, Prepared};
use self::reconciler::{Finding, Reconciler};
use self::server::VirtualServerState;
use self::synchroniser::Synchroniser;
use crate::config::{Check, FlushOnStop};
use crate::health::attempt::Outcome;
use crate::health::driver::{CheckerId, Checks, Report};
use crate::health::file::FileWeight;
use crate::health::file::watch::FileWatch;
use crate::health::schedule::Verdict;
use crate::notify::Notifier;
use crate::script::Runner;
use crate::tokens::TokenRange;

/// Attempts of checkers under way at a time; each has a descriptor.
const ATTEMPTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);
/// How long `quorum_up` waits for the kernel's table at the start.
const GREETING: Duration = Duration::from_secs(1);
/// How long checkers and virtual servers may be ended in one turn.
const ENDING: Duration = Duration::from_micros(300);

/// The poll tokens of virtual servers.
#[derive(Clone, Copy, Debug)]
pub struct Tokens {
    /// One for the requests to the kernel.
    pub ipvs: TokenRange,
    /// One for the reports of tracked files.
    pub files: TokenRange,
    /// One for each script that runs because of a change.
    pub notifications: TokenRange,
    /// One for each checker.
    pub checks: TokenRange,
}

/// The threads that virtual servers have work done by.
#[derive(Debug)]
pub struct Threads {
    /// For the scripts of checkers.
    pub checks: Runner,
    /// For the scripts that are told of changes.
    pub notifications: Runner,
    /// For tracked files.
    pub files: FileWatch,
}

/// A checker that a report or a file is about.
#[derive(Clone, Copy, Debug)]
struct Place {
    virtual_server: usize,
    real_server: usize,
    checker: usize,
}

/// The virtual servers of a daemon, on its loop.
///
/// Call [`ready`](Self::ready) for tokens it [owns](Self::owns), then [`turn`](Self::turn) once a
/// turn, and at [`deadline`](Self::deadline) at the latest.
#[derive(Debug)]
pub struct Balancer {
    servers: Vec<VirtualServerState>,
    watched: BTreeSet<IpAddr>,
    checks: Checks,
    /// By checker identifier.
    places: Vec<Place>,
    /// `None` once its thread is lost.
    files: Option<FileWatch>,
    files_token: Token,
    /// Who reads a file, by its number.
    readers: BTreeMap<u32, Vec<(Place, FileWeight)>>,
    notifier: Notifier,
    kernel: Kernel,
    /// What is asked once, before the table.
    settings: VecDeque<Request>,
    flush_on_stop: FlushOnStop,
    synchroniser: Option<Synchroniser>,
    reconciler: Reconciler,
    /// The last refusal of a service, logged once.
    refusals: BTreeMap<Option<ServiceKey>, ErrorKind>,
    hardships: Hardships,
    /// Until when the table may take to be in place before `quorum_up` is run for the first time.
    greeting: Option<Instant>,
    ending: Ending,
}

impl Balancer {
    /// Starts the checkers of what was prepared.
    ///
    /// # Errors
    /// If the kernel gives no descriptors for it.
    pub fn new(
        prepared: Prepared,
        threads: Threads,
        registry: &Registry,
        tokens: Tokens,
        now: Instant,
    ) -> io::Result<Self> {
        let Prepared {
            servers,
            checkers,
            files,
            hooks,
            balancing,
        } = prepared;
        let runner = Some(threads.checks);
        let files_token = tokens.files.first();
        let mut settings = VecDeque::new();
        settings.extend(balancing.flush.then_some(Request::Flush));
        let timeouts = balancing.timeouts;
        settings.extend(timeouts.map(Request::SetTimeouts));
        let mut balancer = Self {
            checks: Checks::new(registry, tokens.checks, ATTEMPTS, runner)?,
            places: Vec::new(),
            files: None,
            files_token,
            readers: BTreeMap::new(),
            notifier: Notifier::new(registry, tokens.notifications, threads.notifications)?,
            kernel: Kernel::new(tokens.ipvs.first()),
            settings,
            flush_on_stop: balancing.flush_on_stop,
            synchroniser: balancing.sync.map(Synchroniser::new),
            reconciler: Reconciler::new(),
            refusals: BTreeMap::new(),
            watched: suspension::watched(&servers),
            hardships: Hardships::default(),
            greeting: Some(now + GREETING),
            ending: Ending::None,
            servers,
        };
        let mut watch = threads.files;
        SourceFd(&watch.as_fd().as_raw_fd()).register(registry, files_token, Interest::READABLE)?;
        let files: Vec<_> = files.into_iter().map(|path| watch.watch(path)).collect();
        balancer.files = Some(watch);
        balancer.enlist(checkers, &files, now);
        balancer.hook(hooks);
        for index in 0..balancer.servers.len() {
            balancer.want(index);
        }
        Ok(balancer)
    }

    /// Starts checkers, of which those of a file know it by its place in `files`.
    fn enlist(&mut self, checkers: Vec<prepared::PlacedChecker>, files: &[u32], now: Instant) {
        for placed in checkers {
            let place = Place {
                virtual_server: placed.virtual_server,
                real_server: placed.real_server,
                checker: placed.checker,
            };
            match placed.kind {
                build::Kind::Probe(settings) => {
                    let id = CheckerId(self.places.len());
                    self.places.push(place);
                    self.checks.add(id, settings, now);
                }
                build::Kind::File { file, weight } => {
                    if let Some(file) = usize::try_from(file).ok().and_then(|file| files.get(file))
                    {
                        self.readers.entry(*file).or_default().push((place, weight));
                    }
                }
            }
        }
    }

    fn hook(&mut self, hooks: Vec<prepared::PlacedHooks>) {
        for placed in hooks {
            let id = self.notifier.add(placed.hooks);
            let Some(state) = self.servers.get_mut(placed.virtual_server) else {
                continue;
            };
            match placed.real_server {
                None => state.quorum_hooks = Some(id),
                Some(server) => {
                    if let Some(slot) = state.hooks.get_mut(server) {
                        *slot = Some(id);
                    }
                }
            }
        }
    }

    /// Whether there is anything to balance.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.servers.is_empty() && self.synchroniser.is_none()
    }

    /// Whether `token` is one of its own.
    #[must_use]
    pub fn owns(&self, token: Token) -> bool {
        self.kernel.owns(token)
            || token == self.files_token
            || self.notifier.owns(token)
            || self.checks.owns(token)
    }

    /// When to call [`turn`](Self::turn) at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.is_empty() {
            return None;
        }
        let reconciler = self
            .kernel
            .is_open()
            .then(|| self.reconciler.deadline())
            .flatten();
        let deadlines = [
            self.checks.deadline(),
            self.kernel.deadline(),
            reconciler,
            self.notifier.deadline(),
            self.greeting,
            self.ending.is_under_way().then_some(Instant::EPOCH),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// The source with this token is ready.
    pub fn ready(&mut self, token: Token, now: Instant) {
        if token == self.files_token {
            // What is going is not wanted again.
            if self.ending == Ending::None {
                self.read_files(now);
            }
        } else if self.notifier.owns(token) {
            self.notifier.ready(token, now);
        } else if !self.kernel.owns(token) && self.checks.owns(token) {
            self.checks.ready(token);
        }
    }

    /// Does what is due: attempts, scripts, and as many requests as a turn has time for.
    pub fn turn(&mut self, registry: &Registry, now: Instant, clock: &dyn Fn() -> Instant) {
        if self.is_empty() {
            return;
        }
        if self.ending.is_under_way() {
            self.end(&TimeSlice::of(ENDING, now, clock));
        } else {
            self.checks.fire(now);
            for report in self.checks.reports() {
                self.report(report, now);
            }
        }
        self.notifier.fire(now);
        if self.kernel.open(registry, now, clock) == Opened::Now {
            self.reconciler.restart(now);
        }
        self.ask(now);
        match self.kernel.drive(now, clock) {
            Some(completions) => {
                for completion in completions {
                    self.conclude(completion, now);
                }
            }
            None => self.reconciler.restart(now),
        }
        self.ask(now);
        self.greet(now);
    }

    fn ask(&mut self, now: Instant) {
        let mut findings = Vec::new();
        while self.kernel.room() > 0 {
            if let Some(request) = self.settings.pop_front() {
                self.kernel.push(request, Purpose::Setting);
            } else if let Some(request) = self.reconciler.poll(now, &mut findings) {
                if let (Request::Services, Some(sync)) = (request, &mut self.synchroniser) {
                    sync.verify();
                }
                self.kernel.push(request, Purpose::Table);
            // After the table: a daemon may take the kernel seconds to stop.
            } else if let Some(request) = self.synchroniser.as_mut().and_then(Synchroniser::poll) {
                self.kernel.push(request, Purpose::Setting);
            } else {
                break;
            }
        }
        self.tell(findings);
    }

    fn conclude(&mut self, completion: Completion<Purpose>, now: Instant) {
        let Completion {
            tag,
            request,
            result,
        } = completion;
        match tag {
            Purpose::Table => {
                let mut findings = Vec::new();
                self.reconciler.answer(now, &request, result, &mut findings);
                self.tell(findings);
            }
            Purpose::Setting => match result {
                Ok(reply @ Reply::Daemons(_)) => {
                    if let Some(sync) = &mut self.synchroniser {
                        sync.answer(&reply);
                    }
                }
                Ok(_) => drop(self.refusals.remove(&None)),
                Err(failure) => {
                    if self.refusals.insert(None, failure.kind) != Some(failure.kind) {
                        error!("IPVS: {failure}");
                    }
                }
            },
        }
    }

    fn tell(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            match finding {
                Finding::Drift { service, changes } => {
                    warn!(
                        "IPVS service {service} was changed by somebody else; putting back {changes} changes"
                    );
                }
                Finding::Refused(failure) => {
                    let service = failure.request.service();
                    if self.refusals.insert(service, failure.kind) != Some(failure.kind) {
                        error!("IPVS: {failure}");
                    }
                }
            }
        }
    }

    fn read_files(&mut self, now: Instant) {
        let Some(files) = &mut self.files else {
            return;
        };
        let mut changes = Vec::new();
        loop {
            match files.next_change() {
                Ok(Some(change)) => changes.push(change),
                Ok(None) => break,
                Err(failure) => {
                    error!("tracked files are no longer read: {failure}");
                    self.files = None;
                    break;
                }
            }
        }
        for change in changes {
            let readers = self.readers.get(&change.file).cloned().unwrap_or_default();
            for (place, weight) in readers {
                let outcome = weight.judge(change.value);
                let verdict = match &outcome {
                    Ok(_) => Verdict::Up,
                    Err(failure) => {
                        warn!("FILE_CHECK: {failure}");
                        Verdict::Down
                    }
                };
                self.judge(place, verdict, outcome, now);
            }
        }
    }

    fn report(&mut self, report: Report, now: Instant) {
        let Some(place) = self.places.get(report.checker.0).copied() else {
            return;
        };
        if let Some(state) = self.servers.get(place.virtual_server)
            && let Some(server) = state.config.real_servers.get(place.real_server)
            && let Some(checker) = server.checkers.get(place.checker)
            && let Check::Probe { probe, .. } = &checker.check
        {
            let endpoint = Endpoint::of(server.key, state.config.keys.first());
            let failure = report.outcome.as_ref().err();
            let every = checker.log_all_failures;
            narrator::outcome(probe, &endpoint, report.change, failure, every);
            let tidings = self.hardships.note(report.checker.0, &report.outcome);
            narrator::hardship(probe, &endpoint, tidings, &report.outcome);
        }
        self.judge(place, report.verdict, report.outcome, now);
    }

    fn judge(&mut self, place: Place, verdict: Verdict, outcome: Outcome, now: Instant) {
        let Some(state) = self.servers.get_mut(place.virtual_server) else {
            return;
        };
        let mut events = Vec::new();
        let position = (place.real_server, place.checker);
        state.report(position, verdict, outcome, &mut events);
        for event in &events {
            narrator::event(state, *event);
            state.notify(&mut self.notifier, *event, now);
        }
        if !events.is_empty() {
            self.want(place.virtual_server);
        }
    }

    fn want(&mut self, index: usize) {
        if let Some(state) = self.servers.get(index) {
            for entry in state.desired() {
                self.refusals.remove(&Some(entry.service.key));
                self.reconciler.want(entry);
            }
        }
    }

    /// An instance has another role.
    pub fn note_role(&mut self, instance: &str, role: Role) {
        if let Some(sync) = &mut self.synchroniser {
            sync.note_role(instance, role);
        }
    }

    /// A virtual server without its real servers, for `status`.
    #[must_use]
    pub fn status(&self, index: usize) -> Option<status::VirtualServerStatus> {
        let state = self.servers.get(index)?;
        Some(status::VirtualServerStatus::new(state, &self.reconciler))
    }

    /// A real server of it.
    #[must_use]
    pub fn real_server_status(
        &self,
        virtual_server: usize,
        index: usize,
    ) -> Option<status::RealServerStatus> {
        status::RealServerStatus::new(self.servers.get(virtual_server)?, index)
    }
}
