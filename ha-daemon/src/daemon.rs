//! The daemon: configured instances on a driver, signals, the control socket and the log.

pub mod descriptors;
pub mod host;
mod identity;
mod meter;
mod notices;
mod orphans;
pub mod privilege;
mod reconfigure;
mod report;
pub mod signals;
mod tokens;
mod tracking;
mod turn;
mod waiting;

use core::fmt;
use core::sync::atomic::AtomicBool;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mio::Interest;
use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::SIGCHLD;
use signal_hook::flag;
use signal_hook_mio::v1_0::Signals;
use tracing::{error, info, warn};
use vrrp_core::{Event, Instant};
use vrrp_mio::{Driver, DriverError, RouterId};

use self::host::{Host, Worker, WorkerLost};
use self::identity::Identity;
use self::meter::Meter;
use self::notices::NoticeLog;
use self::privilege::PrivilegeError;
pub use self::turn::Progress;
use self::turn::Switching;
use crate::balancing::{Balancer, PrepareError, Prepared, Threads};
use crate::config::{Config, Global};
use crate::observe::control::Server;
use crate::slab::Cursor;
use crate::vrrp::instances::{InstanceError, Instances};

/// How to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where to listen for `status`; nowhere if absent.
    pub control: Option<PathBuf>,
    /// What this daemon is called among others in the same network namespace; of each name one may
    /// run, and one without a name.
    pub instance: Option<String>,
}

/// The daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is one already.
    #[error("daemon is already running{}", process(*.0))]
    Running(Option<u32>),
    /// A daemon cannot be called so.
    #[error("a name of a daemon has letters, digits, `-` and `_`, at most 64")]
    Name,
    /// An instance cannot be made of its configuration.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The driver cannot be made, or failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// Capabilities are missing, or cannot be given up.
    #[error(transparent)]
    Privilege(#[from] PrivilegeError),
    /// The threads beside the loop cannot be had.
    #[error("cannot start the threads of scripts and files")]
    Threads(#[source] io::Error),
    /// The thread that prepares virtual servers is lost.
    #[error(transparent)]
    Worker(#[from] WorkerLost),
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
    engine.finish();
    outcome
}

/// What is known of the process that runs already.
fn process(process: Option<u32>) -> String {
    process.map_or_else(String::new, |process| format!(" (process {process})"))
}

/// A daemon on the loop of its caller: [`run`] without the loop.
pub struct Engine {
    driver: Driver,
    balancer: Balancer,
    signals: Signals,
    /// Set by SIGTERM and SIGINT, whose notice over a socket may find no memory.
    stop_requested: Arc<AtomicBool>,
    control: Option<Server>,
    global: Global,
    instances: Instances,
    started_at: Instant,
    /// When routers are switched on (`vrrp_startup_delay`).
    start_at: Option<Instant>,
    /// Whether the kernel has listed its interfaces and addresses. No router is switched on before:
    /// an owner would be Active until its tracked interfaces are known.
    network_known: bool,
    /// Until when a stopping daemon waits.
    stop_by: Option<Instant>,
    switching: Switching,
    /// Whether addresses changed since the balancer was told which are this host's.
    addresses_changed: bool,
    /// How many instances are to be looked at because the network changed, and which one is next.
    checks_left: usize,
    next_checked: Cursor,
    notices: NoticeLog,
    meter: Meter,
    /// Says that this daemon runs.
    _identity: Identity,
    /// Whether orphaned children may have ended.
    orphans: bool,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("instances", &self.instances)
            .field("balancer", &self.balancer)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Drops the privileges that the daemon does not need, and adds what is configured. Call
    /// [`turn`](Self::turn) over and over then.
    ///
    /// # Errors
    /// [`EngineError`].
    pub fn new(config: Config, options: &Options) -> Result<Self, EngineError> {
        let host = Host::new().map_err(EngineError::Threads)?;
        let identity = identify(options.instance.as_deref())?;
        privilege::restrict()?;
        let (config, prepared) = prepare(&host.worker, config)?;
        let driver = Driver::new()?;
        let (signals, stop_requested) = take_signals(&driver).map_err(EngineError::Signals)?;
        let control = options
            .control
            .as_deref()
            .and_then(|path| listen(path, &driver));
        let alone = identity.alone;
        let mut engine = Self {
            control,
            stop_requested,
            ..Self::assemble(driver, host, prepared, signals, identity)?
        };
        if alone {
            engine.driver.clean_leftovers();
        } else {
            warn!("another ha-daemon runs in this network namespace; leftovers are not cleaned");
        }
        engine.start_at = Some(engine.started_at + config.global.startup_delay);
        engine.global = config.global;
        let count = config.instances.len();
        engine.instances.reserve(&mut engine.driver, count);
        for instance in config.instances {
            engine.add_instance(instance)?;
        }
        if engine.instances.is_empty() && engine.balancer.is_empty() {
            warn!("the configuration has no vrrp_instance and no virtual_server");
        }
        info!(
            "Startup complete: {} VRRP instances, {} virtual servers",
            engine.instances.len(),
            config.virtual_servers.len()
        );
        engine.meter = Meter::new(*engine.driver.clock());
        Ok(engine)
    }

    /// A daemon without instances, control socket and settings.
    fn assemble(
        mut driver: Driver,
        host: Host,
        prepared: Prepared,
        signals: Signals,
        identity: Identity,
    ) -> Result<Self, EngineError> {
        driver.set_ah_sequence(identity::rising_sequence());
        let (now, clock) = (driver.now(), *driver.clock());
        let threads = Threads {
            checks: host.checks,
            notifications: host.notifications,
            files: host.files,
        };
        let balancer = Balancer::new(prepared, threads, driver.registry(), tokens::BALANCING, now);
        Ok(Self {
            balancer: balancer.map_err(EngineError::Watch)?,
            driver,
            signals,
            stop_requested: Arc::default(),
            control: None,
            global: Global::default(),
            instances: Instances::new(),
            started_at: now,
            start_at: None,
            network_known: false,
            stop_by: None,
            switching: Switching::Done,
            addresses_changed: false,
            checks_left: 0,
            next_checked: Cursor::default(),
            notices: NoticeLog::new(),
            meter: Meter::new(clock),
            _identity: identity,
            orphans: true,
        })
    }

    /// Ends what is left of scripts, after the last turn; waits for them a little.
    pub fn finish(self) {
        self.balancer.finish(self.driver.clock());
    }

    /// Delivers what tracking says to a router that is there.
    fn deliver(&mut self, router: RouterId, event: Event) {
        if let Err(error) = self.driver.tell(router, event) {
            error!("{event:?}: {error}");
        }
    }
}

/// What takes more privileges than the loop keeps, or time.
fn prepare(worker: &Worker, config: Config) -> Result<(Config, Prepared), EngineError> {
    let job = move || {
        descriptors::raise(descriptors::needed(&config));
        let prepared = Prepared::new(&config);
        (config, prepared)
    };
    let (config, prepared) = worker.start(job).map_err(EngineError::Threads)?.wait()?;
    Ok((config, prepared?))
}

/// The signals as a source of the loop, and a flag for those that end the daemon.
fn take_signals(driver: &Driver) -> io::Result<(Signals, Arc<AtomicBool>)> {
    let heard = signals::ENDING
        .into_iter()
        .chain(signals::harmless())
        .chain([SIGCHLD]);
    let mut signals = Signals::new(heard)?;
    let stop_requested = Arc::new(AtomicBool::new(false));
    for signal in signals::ENDING {
        flag::register(signal, Arc::clone(&stop_requested))?;
    }
    // A parent may have left them blocked.
    let unblocked: SigSet = [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGCHLD,
    ]
    .into_iter()
    .collect();
    unblocked.thread_unblock()?;
    driver
        .registry()
        .register(&mut signals, tokens::SIGNALS.first(), Interest::READABLE)?;
    Ok((signals, stop_requested))
}

fn identify(instance: Option<&str>) -> Result<Identity, EngineError> {
    if let Some(name) = instance {
        identity::check_name(name).map_err(|_| EngineError::Name)?;
    }
    identity::claim(instance).map_err(|occupied| EngineError::Running(occupied.process))
}

/// The control socket; a daemon without one still keeps its addresses.
fn listen(path: &Path, driver: &Driver) -> Option<Server> {
    match Server::bind(path, driver.registry(), tokens::CONTROL) {
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
