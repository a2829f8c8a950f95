//! `ha-daemon simulate`: plays the configurations of some hosts through faults, and reports the
//! masters.
//!
//! Each configuration is a host of a [simulated LAN](vrrp_core::sim). Its instances run the state
//! machine that the daemon runs; those with the same interface, VRID and family on different hosts
//! stand in for each other. Interface names distinguish LANs.
//!
//! A script has a step per line, in the order of time; `#` starts a comment:
//!
//! ```text
//! 10s   crash a                # its power fails
//! 20s   restart a              # its daemon starts
//! 30s   stop a                 # SIGTERM: it resigns
//! 40s   pause master 5s        # SIGSTOP, and SIGCONT 5 s later; its addresses stay
//! 50s   link a eth0 down       # or up; the first interface if none is named
//! 60s   partition a | b c      # hosts not named are one more side
//! 70s   oneway a -> b others   # nothing from the first reaches the second
//! 80s   loss 10%               # of all packets; also `duplicate 1%`, `delay 1ms 20ms`
//! 90s   heal                   # links are as at first: 100 µs, nothing lost
//! ```
//! `master` is the host that is master of the first virtual router then, `others` are the hosts not
//! named. Times are numbers with `ms`, `s`, `m` or `h`.

use core::time::Duration;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::output::{complain, print};
use crate::config::{self, LoadOptions, Loaded, Severity};
use crate::observe::log;

mod network;
mod play;
mod report;
mod round;
mod script;
mod span;
mod steps;
#[cfg(test)]
mod tests;

use self::network::Network;
use self::play::{Play, settling};
pub use self::report::Report;
pub use self::script::Mistakes;
use self::script::Step;
pub use self::span::{Span, SpanError};

/// What to simulate.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The configurations, one for each host.
    pub files: Vec<PathBuf>,
    /// The names of the first hosts; the others are called as their files.
    pub hosts: Vec<String>,
    /// What happens; a standard round of faults without it.
    pub script: Option<PathBuf>,
    /// What chance follows from, where packets are lost.
    pub seed: u64,
    /// How long it goes on; until everything has settled without it.
    pub length: Option<Duration>,
    /// What the configurations may depend on; `@ID` lines are held against the names of the hosts.
    pub load: LoadOptions,
}

/// Why there is nothing to simulate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// A configuration does not run.
    #[error("{path} cannot run")]
    Configuration {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        loaded: Box<Loaded>,
    },
    /// An instance has parameters that no virtual router can have.
    #[error("{host} cannot have the instance {instance}")]
    Instance {
        /// The host.
        host: String,
        /// The instance.
        instance: String,
    },
    /// No host has an instance.
    #[error("there is no instance to simulate")]
    NoInstance,
    /// The hosts have more instances than a simulated LAN takes.
    #[error("there are more than {} instances", vrrp_core::sim::Lan::MAX_ROUTERS)]
    TooManyInstances,
    /// Two hosts have the same name.
    #[error("two hosts are called {name}; --host names them")]
    SameName {
        /// The name.
        name: String,
    },
    /// A name that a script could not use.
    #[error("a host cannot be called `{name}`")]
    BadName {
        /// The name.
        name: String,
    },
    /// The script could not be read.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The script has mistakes.
    #[error("{path} has mistakes")]
    Script {
        /// The file.
        path: PathBuf,
        /// Which.
        mistakes: Box<Mistakes>,
    },
}

impl SimulateError {
    /// The diagnostics behind the error, rendered.
    #[must_use]
    pub fn details(&self, colour: bool) -> Vec<String> {
        let (diagnostics, sources) = match self {
            Self::Configuration { loaded, .. } => (&loaded.diagnostics, &loaded.sources),
            Self::Script { mistakes, .. } => (&mistakes.diagnostics, &mistakes.sources),
            Self::Instance { .. }
            | Self::NoInstance
            | Self::TooManyInstances
            | Self::SameName { .. }
            | Self::BadName { .. }
            | Self::Read { .. } => return Vec::new(),
        };
        let rendered = diagnostics.iter().map(|d| d.render(sources, colour));
        rendered.collect()
    }
}

/// A simulation that is ready to run.
#[derive(Debug)]
pub struct Simulation {
    /// The configurations, whose diagnostics are worth a look.
    pub loaded: Vec<Loaded>,
    network: Network,
    steps: Vec<Step>,
    length: Option<Duration>,
}

/// The longest script, in octets.
const MAX_SCRIPT: u64 = 1 << 20;

/// Reads the configurations and the script.
///
/// # Errors
/// [`SimulateError`] if one of them cannot be read or makes no sense.
pub fn prepare(options: &Options) -> Result<Simulation, SimulateError> {
    let names = names(options)?;
    let mut loaded = Vec::new();
    let mut configs = Vec::new();
    for (path, name) in options.files.iter().zip(&names) {
        let host = config::load(
            path,
            &LoadOptions {
                config_id: name.clone(),
                ..options.load.clone()
            },
        );
        if host.worst() == Some(Severity::Fatal) {
            return Err(SimulateError::Configuration {
                path: path.clone(),
                loaded: Box::new(host),
            });
        }
        configs.push((name.clone(), host.config.clone()));
        loaded.push(host);
    }
    let network = Network::new(configs, options.seed)?;
    let steps = match &options.script {
        Some(path) => {
            let text = read(path).map_err(|source| SimulateError::Read {
                path: path.clone(),
                source,
            })?;
            script::parse(path, &text, &names).map_err(|mistakes| SimulateError::Script {
                path: path.clone(),
                mistakes,
            })?
        }
        None => round::standard(names.len(), network.pause()),
    };
    Ok(Simulation {
        loaded,
        network,
        steps,
        length: options.length,
    })
}

impl Simulation {
    /// Plays it to its end.
    #[must_use]
    pub fn run(self) -> Report {
        Play::new(self.network, self.steps).run(self.length)
    }
}

impl Network {
    /// Long enough for everything to settle.
    fn pause(&self) -> Duration {
        let delays = self.hosts.iter().map(|host| host.startup_delay);
        settling(&self.lan) + delays.max().unwrap_or_default()
    }
}

/// Runs a simulation and prints its report.
pub(super) fn execute(options: &Options) -> ExitCode {
    let colour = io::stderr().is_terminal();
    match prepare(options) {
        Ok(simulation) => {
            for loaded in &simulation.loaded {
                for diagnostic in &loaded.diagnostics {
                    complain(&diagnostic.render(&loaded.sources, colour));
                }
            }
            let report = simulation.run();
            print(&report.to_string());
            ExitCode::from(u8::from(!report.is_sound()))
        }
        Err(error) => {
            for detail in error.details(colour) {
                complain(&detail);
            }
            complain(&format!("ha-daemon: {}", log::chain(&error)));
            ExitCode::from(2)
        }
    }
}

fn names(options: &Options) -> Result<Vec<String>, SimulateError> {
    let mut names: Vec<String> = Vec::new();
    for (index, path) in options.files.iter().enumerate() {
        let stem = || {
            path.file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        };
        let name = options.hosts.get(index).cloned().unwrap_or_else(stem);
        if names.contains(&name) {
            return Err(SimulateError::SameName { name });
        }
        let reserved = ["others", "|", "->", "up", "down", ""];
        if reserved.contains(&name.as_str())
            || name.contains(|c: char| c.is_whitespace() || c == '#')
        {
            return Err(SimulateError::BadName { name });
        }
        names.push(name);
    }
    Ok(names)
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_SCRIPT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SCRIPT {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "larger than 1 MiB",
        ));
    }
    Ok(text)
}
