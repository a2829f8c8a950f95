//! The daemon: configured instances on a driver, signals, the control socket and the log.

mod identity;
mod orphans;
mod tracking;
mod waiting;

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mio::{Interest, Token};
use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::flag;
use signal_hook_mio::v1_0::Signals;
use tracing::{error, info, warn};
use vrrp_core::track::{Effect, Tracker, Verdict};
use vrrp_core::{Event, Instant, Priority};
use vrrp_mio::{Driver, DriverError, InterfaceName, Notice, RouterId, Turn};

use crate::balancer::{Balancer, PrepareError, Prepared};
use crate::config::{Config, Global, Instance};
use crate::control::Server;
use crate::narrator;
use crate::privilege::{self, PrivilegeError};
use crate::routers::{SpecError, specify};
use crate::status::{InstanceStatus, Status, TrackedStatus};

const SIGNALS: Token = Token(Driver::FIRST_FREE_TOKEN);
const CONTROL: usize = Driver::FIRST_FREE_TOKEN + 16;
const BALANCER: usize = Driver::FIRST_FREE_TOKEN + (1 << 16);
/// How long a stopping daemon waits for the kernel to remove its addresses.
const FAREWELL: Duration = Duration::from_secs(3);

/// How to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to listen for `status`; nowhere if absent.
    pub control: Option<PathBuf>,
}

/// The daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// An instance cannot be made of its configuration.
    #[error("vrrp_instance {name}")]
    Instance {
        /// Its name.
        name: String,
        /// Why.
        source: SpecError,
    },
    /// The driver cannot be made, or failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// Capabilities are missing, or cannot be given up.
    #[error(transparent)]
    Privilege(#[from] PrivilegeError),
    /// Virtual servers cannot be made of their configuration.
    #[error(transparent)]
    Balancer(#[from] PrepareError),
    /// Virtual servers cannot be watched.
    #[error("cannot watch virtual servers")]
    Watch(#[source] io::Error),
    /// Signals cannot be received.
    #[error("cannot receive signals")]
    Signals(#[source] io::Error),
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// [`EngineError`]. An interface that is missing or down is no error: its instances wait in FAULT.
pub fn run(config: Config, options: &Options) -> Result<(), EngineError> {
    let mut engine = Engine::new(config, options)?;
    let outcome = loop {
        match engine.turn() {
            Ok(Progress::Running) => {}
            Ok(Progress::Stopped) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    engine.balancer.finish(engine.driver.clock());
    outcome
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Running,
    Stopped,
}

struct Engine {
    driver: Driver,
    balancer: Balancer,
    signals: Signals,
    /// Set by SIGTERM and SIGINT, whose notice over a socket may find no memory.
    told_to_stop: Arc<AtomicBool>,
    control: Option<Server>,
    global: Global,
    members: Vec<Member>,
    /// Member of each router, by its index.
    by_router: Vec<usize>,
    started_at: Instant,
    /// When routers are switched on (`vrrp_startup_delay`).
    start_at: Option<Instant>,
    /// Whether the kernel has told its interfaces and addresses. No router is switched on before:
    /// an owner would be Active until its tracked interfaces are known.
    network_known: bool,
    /// Until when a stopping daemon waits.
    farewell: Option<Instant>,
    /// Whether there may be children of nobody's that have ended.
    orphans: bool,
    /// Holds the name that says which daemon this network namespace has.
    _lock: Option<std::os::unix::net::UnixDatagram>,
}

/// A configured instance and its router.
#[derive(Debug)]
struct Member {
    name: Box<str>,
    /// As configured.
    priority: Priority,
    place: Place,
    trackers: Box<[(InterfaceName, Tracker)]>,
    verdict: Option<Verdict>,
    entered: bool,
    told_waiting: bool,
    /// Whether a refused address was told of since one was last put in place.
    told_refusal: bool,
}

/// Whether an instance has a router.
#[derive(Debug)]
enum Place {
    /// It is not known yet on which interface the unicast source is.
    Sought(Box<Instance>),
    /// What else there is to know of the instance, the driver keeps.
    Found(RouterId),
}

impl Member {
    const fn router(&self) -> Option<RouterId> {
        match self.place {
            Place::Sought(_) => None,
            Place::Found(router) => Some(router),
        }
    }
}

impl Engine {
    fn new(config: Config, options: &Options) -> Result<Self, EngineError> {
        // Reads files and starts scripts as other users, which needs more than is kept.
        let prepared = Prepared::new(&config)?;
        privilege::restrict()?;
        let mut driver = Driver::new()?;
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD])
            .map_err(EngineError::Signals)?;
        let told_to_stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            flag::register(signal, Arc::clone(&told_to_stop)).map_err(EngineError::Signals)?;
        }
        // A parent may have left them blocked.
        let unblocked = [
            Signal::SIGTERM,
            Signal::SIGINT,
            Signal::SIGHUP,
            Signal::SIGCHLD,
        ]
        .into_iter()
        .collect();
        SigSet::thread_unblock(&unblocked).map_err(|errno| EngineError::Signals(errno.into()))?;
        let registered = driver
            .registry()
            .register(&mut signals, SIGNALS, Interest::READABLE);
        registered.map_err(EngineError::Signals)?;
        let control = options
            .control
            .as_deref()
            .and_then(|path| listen(path, &driver));
        let lock = identity::only_one_here();
        if lock.is_some() {
            driver.clean_leftovers();
        } else {
            warn!("another ha-daemon runs in this network namespace; leftovers are not cleaned");
        }
        driver.set_ah_sequence(identity::rising_sequence());
        let now = driver.now();
        let balancer = Balancer::new(prepared, driver.registry(), BALANCER, now);
        let mut engine = Self {
            balancer: balancer.map_err(EngineError::Watch)?,
            driver,
            signals,
            told_to_stop,
            control,
            members: Vec::new(),
            by_router: Vec::new(),
            started_at: now,
            start_at: Some(now + config.global.startup_delay),
            global: config.global,
            network_known: false,
            farewell: None,
            orphans: true,
            _lock: lock,
        };
        for instance in config.instances {
            engine.enlist(instance)?;
        }
        if engine.members.is_empty() && engine.balancer.is_empty() {
            warn!("the configuration has no vrrp_instance and no virtual_server");
        }
        info!(
            "Startup complete: {} VRRP instances, {} virtual servers",
            engine.members.len(),
            config.virtual_servers.len()
        );
        Ok(engine)
    }

    fn enlist(&mut self, instance: Instance) -> Result<(), EngineError> {
        let trackers = tracking::trackers(&instance);
        let trackers = trackers.map_err(|source| refused(&instance, source))?;
        let (name, priority) = (instance.name.as_str().into(), instance.priority);
        let index = self.members.len();
        let place = match &instance.interface {
            Some(interface) => {
                let interface = interface.parse();
                let interface =
                    interface.map_err(|error| refused(&instance, SpecError::Interface(error)))?;
                Place::Found(self.install(index, &instance, interface)?)
            }
            None => Place::Sought(Box::new(instance)),
        };
        self.members.push(Member {
            name,
            priority,
            place,
            trackers,
            verdict: None,
            entered: false,
            told_waiting: false,
            told_refusal: false,
        });
        Ok(())
    }

    /// The router of member `index` on `interface`.
    fn install(
        &mut self,
        index: usize,
        instance: &Instance,
        interface: InterfaceName,
    ) -> Result<RouterId, EngineError> {
        let spec = specify(instance, &self.global, interface);
        let spec = spec.map_err(|source| refused(instance, source))?;
        narrator::placed(&instance.name, &spec);
        let router = self.driver.add(spec);
        let router = router.map_err(|source| refused(instance, source.into()))?;
        if self.by_router.len() <= router.index() {
            self.by_router.resize(router.index() + 1, usize::MAX);
        }
        if let Some(slot) = self.by_router.get_mut(router.index()) {
            *slot = index;
        }
        Ok(router)
    }

    fn start_if_due(&mut self) {
        if self.network_known && self.start_at.is_some_and(|at| at <= self.driver.now()) {
            self.start_at = None;
            for router in self.members.iter().filter_map(Member::router) {
                self.driver.start(router);
            }
            for index in 0..self.members.len() {
                self.tell_waiting(index);
            }
        }
    }

    fn turn(&mut self) -> Result<Progress, EngineError> {
        let now = self.driver.now();
        let start_at = self.start_at.filter(|_| self.network_known);
        let wake = start_at.into_iter().chain(self.farewell);
        let wake = wake.chain(self.orphans.then_some(now));
        let wake = wake.chain(self.balancer.deadline()).min();
        let limit = wake.map(|at| at.saturating_duration_since(now));
        let Turn {
            notices,
            ready,
            network_changed,
        } = self.driver.turn(limit)?;
        for notice in notices {
            self.narrate(&notice);
        }
        let learned = !self.network_known && self.driver.knows_network();
        self.network_known |= learned;
        if self.network_known && (learned || network_changed) {
            self.follow_network();
        }
        self.start_if_due();
        for token in ready {
            self.attend(token);
        }
        if self.orphans {
            self.orphans = orphans::reap();
        }
        if self.told_to_stop.load(Ordering::Relaxed) {
            self.stop();
        }
        let now = self.driver.now();
        if learned || network_changed {
            self.note_addresses(now);
        }
        let clock = || self.driver.now();
        self.balancer.turn(self.driver.registry(), now, &clock);
        Ok(match self.farewell {
            Some(_) if self.driver.is_settled() && self.balancer.is_stopped() => {
                info!("Stopped");
                Progress::Stopped
            }
            Some(until) if until <= now => {
                warn!("Stopped; the kernel did not confirm that everything is removed");
                Progress::Stopped
            }
            Some(_) | None => Progress::Running,
        })
    }

    fn attend(&mut self, token: Token) {
        if token == SIGNALS {
            let pending: Vec<_> = self.signals.pending().collect();
            for signal in pending {
                match signal {
                    SIGCHLD => self.orphans = true,
                    SIGHUP => warn!("reload is not supported yet; SIGHUP ignored"),
                    SIGUSR1 | SIGUSR2 => {
                        warn!("there are no dump files; ask `ha-daemon status` instead");
                    }
                    _ => self.stop(),
                }
            }
            return;
        }
        let now = self.driver.now();
        if self.balancer.owns(token) {
            self.balancer.ready(token, now);
            return;
        }
        let Some(mut control) = self.control.take_if(|control| control.owns(token)) else {
            return;
        };
        if let Err(error) = control.serve(token, self.driver.registry(), now, || self.status()) {
            warn!("control socket: {error}");
        }
        self.control = Some(control);
    }

    /// Delivers what tracking says to a router that is there.
    fn tell(&mut self, router: RouterId, event: Event) {
        if let Err(error) = self.driver.tell(router, event) {
            error!("{event:?}: {error}");
        }
    }

    fn stop(&mut self) {
        if self.farewell.is_some() {
            return;
        }
        info!("Stopping");
        self.farewell = Some(self.driver.now() + FAREWELL);
        for router in self.members.iter().filter_map(Member::router) {
            self.driver.stop(router);
        }
        self.balancer.stop(self.driver.now());
    }

    /// Tells the balancer which of its addresses are this host's.
    fn note_addresses(&mut self, now: Instant) {
        let interfaces = self.driver.interfaces();
        let is_local = |address| interfaces.addresses().any(|own| own.address == address);
        self.balancer.note_addresses(is_local, now);
    }

    /// Looks at tracked interfaces, and for the interface of a unicast source.
    fn follow_network(&mut self) {
        for index in 0..self.members.len() {
            match self.members.get(index).and_then(Member::router) {
                None => self.seek(index),
                Some(router) => {
                    self.track(index, router);
                    self.tell_waiting(index);
                }
            }
        }
    }

    fn narrate(&mut self, notice: &Notice) {
        let id = notice.router();
        let router = id.and_then(|id| self.driver.router(id));
        let member = id
            .and_then(|id| self.by_router.get(id.index()))
            .and_then(|index| self.members.get_mut(*index));
        let name = member.as_ref().map_or("", |member| &*member.name);
        match (notice, router) {
            (Notice::Transition { transition, .. }, Some(router)) => {
                let first = member.as_ref().is_some_and(|member| !member.entered);
                narrator::transition(name, router, transition, first);
                self.balancer.note_role(name, transition.to);
                if let Some(member) = member {
                    member.entered = true;
                }
            }
            (Notice::Unknown { .. }, _) if !self.global.log_unknown_vrids => {}
            // It is tried again every few seconds, and there may be thousands.
            (Notice::AddressFailed { .. }, _)
                if member.as_ref().is_some_and(|member| member.told_refusal) => {}
            (notice, router) => {
                narrator::notice(name, router, notice);
                if let Some(member) = member {
                    member.told_refusal |= matches!(notice, Notice::AddressFailed { .. });
                    member.told_refusal &= !matches!(notice, Notice::AddressInstalled { .. });
                }
            }
        }
    }

    fn status(&self) -> Status {
        let now = self.driver.now();
        Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_seconds: now.saturating_duration_since(self.started_at).as_secs_f64(),
            instances: self
                .members
                .iter()
                .filter_map(|member| self.instance_status(member, now))
                .collect(),
            virtual_servers: self.balancer.status(),
        }
    }

    fn instance_status(&self, member: &Member, now: Instant) -> Option<InstanceStatus> {
        let tracked = member.trackers.iter().map(|(name, tracker)| {
            let effect = self.effect(*name, *tracker);
            TrackedStatus {
                interface: name.to_string(),
                up: self.driver.is_usable(*name),
                adjustment: match effect {
                    Effect::Adjust(adjustment) => adjustment,
                    Effect::Fault => 0,
                },
                fault: effect == Effect::Fault,
            }
        });
        Some(match &member.place {
            Place::Found(router) => InstanceStatus::new(
                &member.name,
                self.driver.router(*router)?,
                tracked.collect(),
                self.failing(*router),
                now,
            ),
            Place::Sought(instance) => {
                let uptime = now.saturating_duration_since(self.started_at);
                InstanceStatus::unplaced(instance, tracked.collect(), uptime)
            }
        })
    }
}

fn refused(instance: &Instance, source: SpecError) -> EngineError {
    EngineError::Instance {
        name: instance.name.clone(),
        source,
    }
}

/// The control socket; a daemon without one still keeps its addresses.
fn listen(path: &Path, driver: &Driver) -> Option<Server> {
    match Server::bind(path, driver.registry(), CONTROL) {
        Ok(server) => Some(server),
        Err(error) => {
            error!(
                "no control socket at {}: {error}; going on without",
                path.display()
            );
            None
        }
    }
}
