//! Virtual servers: keeps the kernel's IPVS table as configured and as the health checks find it.
//!
//! One direction per turn: checkers → [`Pool`](crate::balancing::pool::Pool) → desired services →
//! [`Reconciler`] → requests to the kernel. Nothing waits: checkers and requests are on the
//! daemon's loop, scripts on threads of their own. Without `ip_vs` in the kernel the checkers still
//! run, and the table is set up once it is there.

pub mod build;
mod difference;
mod ends;
mod files;
mod inventory;
mod kernel;
mod log;
mod modules;
pub mod pool;
mod prepared;
pub mod reconciler;
mod reconfigure;
mod server;
pub mod status;
mod suspension;
pub mod synchroniser;
mod system_errors;
mod update;

use core::net::IpAddr;
use core::num::NonZeroUsize;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::io;

use ipvs_core::ServiceKey;
use ipvs_netlink::{Completion, ErrorKind, Reply, Request};
use mio::{Registry, Token};
use tracing::{error, warn};
use vrrp_core::{Instant, Role};
use vrrp_mio::TimeSlice;

pub use self::difference::{Difference, RealServerDifference, RealServerSetting, Setting};
use self::ends::Ending;
use self::files::Files;
use self::inventory::checker_of;
use self::kernel::{Kernel, Opened, Purpose};
use self::log::Endpoint;
pub use self::prepared::{
    PrepareError, Prepared, PreparedChecker, PreparedRealServer, PreparedServer,
};
use self::reconciler::{Finding, Reconciler};
use self::reconfigure::Reconfiguration;
pub use self::server::VirtualServerKey;
use self::server::{CheckerState, VirtualServerState};
use self::synchroniser::Synchroniser;
use self::system_errors::SystemErrors;
pub use self::update::UpdateError;
use crate::config::{Check, FlushOnStop};
use crate::health::attempt::Outcome;
use crate::health::driver::{Checks, Report};
use crate::health::file::FileWeight;
use crate::health::file::watch::FileWatch;
use crate::health::schedule::Verdict;
use crate::notify::Notifier;
use crate::script::Runner;
use crate::slab::{Handle, KeyedSlab, Slab};
use crate::tokens::TokenRange;

/// Attempts of checkers under way at a time; each has a descriptor.
const ATTEMPTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);
/// How long `quorum_up` waits for the kernel's table at the start.
const INITIAL_QUORUM: Duration = Duration::from_secs(1);
/// How long checkers and virtual servers may be ended, updated or added in one turn.
const CHANGING: Duration = Duration::from_micros(300);

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

/// The virtual servers of a daemon, on its loop.
///
/// Call [`ready`](Self::ready) for tokens it [owns](Self::owns), then [`turn`](Self::turn) once a
/// turn, and at [`deadline`](Self::deadline) at the latest.
#[derive(Debug)]
pub struct Balancer {
    servers: KeyedSlab<VirtualServerKey, VirtualServerState>,
    checkers: Slab<CheckerState>,
    /// The addresses on which it depends whether checkers run, and of how many virtual servers' checkers.
    watched: BTreeMap<IpAddr, usize>,
    checks: Checks,
    files: Files,
    notifier: Notifier,
    kernel: Kernel,
    /// What is asked once, before the table.
    settings: VecDeque<Request>,
    flush_on_stop: FlushOnStop,
    synchroniser: Option<Synchroniser>,
    reconciler: Reconciler,
    /// The last refusal of a service, logged once.
    refusals: BTreeMap<Option<ServiceKey>, ErrorKind>,
    system_errors: SystemErrors,
    /// Until when the table may take to be in place before `quorum_up` is run for the first time.
    initial_quorum_until: Option<Instant>,
    ending: Ending,
    reconfiguration: Option<Reconfiguration>,
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
        let Prepared { servers, balancing } = prepared;
        let runner = Some(threads.checks);
        let mut settings = VecDeque::new();
        settings.extend(balancing.flush.then_some(Request::Flush));
        let timeouts = balancing.timeouts;
        settings.extend(timeouts.map(Request::SetTimeouts));
        let mut balancer = Self {
            servers: KeyedSlab::new(),
            checkers: Slab::new(),
            watched: BTreeMap::new(),
            checks: Checks::new(registry, tokens.checks, ATTEMPTS, runner)?,
            files: Files::new(threads.files, registry, tokens.files.first())?,
            notifier: Notifier::new(registry, tokens.notifications, threads.notifications)?,
            kernel: Kernel::new(tokens.ipvs.first()),
            settings,
            flush_on_stop: balancing.flush_on_stop,
            synchroniser: balancing.sync.map(Synchroniser::new),
            reconciler: Reconciler::new(),
            refusals: BTreeMap::new(),
            system_errors: SystemErrors::default(),
            initial_quorum_until: Some(now + INITIAL_QUORUM),
            ending: Ending::None,
            reconfiguration: None,
        };
        for server in servers {
            balancer.add(server, now);
        }
        Ok(balancer)
    }

    /// Whether there is nothing to balance, and nothing left of what there was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
            && self.synchroniser.is_none()
            && self.reconfiguration.is_none()
            && !self.reconciler.owns_any()
            && self.notifier.is_idle()
    }

    /// Whether `token` is one of its own.
    #[must_use]
    pub fn owns(&self, token: Token) -> bool {
        self.kernel.owns(token)
            || self.files.owns(token)
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
            self.initial_quorum_until,
            (self.ending.is_under_way() || self.is_reconfiguring()).then_some(Instant::EPOCH),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// The source with this token is ready.
    pub fn ready(&mut self, token: Token, now: Instant) {
        if self.files.owns(token) {
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
            self.end(&TimeSlice::of(CHANGING, now, clock));
        } else {
            self.reconfigure_in_turn(now, clock);
            self.checks.fire(now);
            for report in self.checks.reports() {
                self.report(report, now);
            }
        }
        self.notifier.fire(now);
        if self.kernel.open(registry, now, clock) == Opened::Now {
            self.reconciler.restart(now);
        }
        self.push_requests(now);
        match self.kernel.drive(now, clock) {
            Some(completions) => {
                for completion in completions {
                    self.conclude(completion, now);
                }
            }
            None => self.reconciler.restart(now),
        }
        self.push_requests(now);
        self.notify_initial_quorum(now);
    }

    fn push_requests(&mut self, now: Instant) {
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
        self.log_findings(findings);
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
                self.log_findings(findings);
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

    fn log_findings(&mut self, findings: Vec<Finding>) {
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
        for (checker, weight, value) in self.files.changes() {
            self.judge_file(checker, weight, value, now);
        }
    }

    fn judge_file(&mut self, checker: Handle, weight: FileWeight, value: i64, now: Instant) {
        let outcome = weight.judge(value);
        let verdict = match &outcome {
            Ok(_) => Verdict::Up,
            Err(failure) => {
                warn!("FILE_CHECK: {failure}");
                Verdict::Down
            }
        };
        self.judge(checker, verdict, outcome, now);
    }

    fn report(&mut self, report: Report, now: Instant) {
        let checker = checker_of(report.checker);
        let Some(state) = self.checkers.get(checker) else {
            return;
        };
        if let Some(server) = self.servers.get(state.virtual_server)
            && let Some(real_server) = server.pool.get(state.real_server)
            && let Some(before) = server.pool.verdict(state.real_server, checker)
            && let Check::Probe { probe, .. } = &state.config.check
        {
            let endpoint = Endpoint::of(real_server.config.key, server.config.keys.first());
            let failure = report.outcome.as_ref().err();
            let change = report.change.since(before, report.verdict);
            let every = state.config.log_all_failures;
            log::outcome(probe, &endpoint, change, failure, every);
            let event = self.system_errors.note(checker, &report.outcome);
            log::system_error(probe, &endpoint, event, &report.outcome);
        }
        self.judge(checker, report.verdict, report.outcome, now);
    }

    /// A checker came to a verdict, which goes to the pool, and what that changes to the scripts and to
    /// the kernel.
    fn judge(&mut self, checker: Handle, verdict: Verdict, outcome: Outcome, now: Instant) {
        let Some(state) = self.checkers.get_mut(checker) else {
            return;
        };
        let weight = outcome.as_ref().ok().and_then(|passed| passed.weight);
        state.last = Some(outcome);
        let (virtual_server, real_server) = (state.virtual_server, state.real_server);
        let mut events = Vec::new();
        if let Some(state) = self.servers.get_mut(virtual_server) {
            let pool = &mut state.pool;
            pool.report(real_server, checker, verdict, weight, &mut events);
        }
        self.follow(virtual_server, &events, now);
    }

    /// Logs what happened to a virtual server, notifies its scripts, and changes its services.
    fn follow(&mut self, virtual_server: Handle, events: &[pool::Event], now: Instant) {
        let Some(state) = self.servers.get_mut(virtual_server) else {
            return;
        };
        for event in events {
            log::event(state, *event);
            state.notify(&mut self.notifier, *event, now);
        }
        if !events.is_empty() {
            self.want(virtual_server);
        }
    }

    fn want(&mut self, virtual_server: Handle) {
        if let Some(state) = self.servers.get(virtual_server) {
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
}

#[cfg(test)]
mod tests;
