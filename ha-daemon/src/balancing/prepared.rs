//! The part of the configuration that is set up before privileges are dropped.

use core::fmt;

use tracing::warn;

use super::modules;
use crate::balancing::build::{self, BuildError, Builder, Kind};
use crate::config::{Balancing, Checker, Config, RealServer, Script, VirtualServer};
use crate::notify::Hooks;
use crate::observe::log::chain;

/// Virtual servers cannot be made of their configuration.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// What all of them need.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A checker or a script.
    #[error("virtual_server {virtual_server}")]
    VirtualServer {
        /// Of which virtual server.
        virtual_server: String,
        /// Why.
        source: BuildError,
    },
}

/// Virtual servers that are ready to run: files read, users looked up, modules loaded.
#[derive(Debug)]
pub struct Prepared {
    pub(super) servers: Vec<PreparedServer>,
    pub(super) balancing: Balancing,
}

/// A virtual server that is ready to run.
#[derive(Debug)]
pub struct PreparedServer {
    /// Without its real servers.
    pub(super) config: VirtualServer,
    pub(super) quorum_hooks: Option<Hooks>,
    pub(super) real_servers: Vec<PreparedRealServer>,
}

/// A real server that is ready to run.
#[derive(Debug)]
pub struct PreparedRealServer {
    /// Without its checkers.
    pub(super) config: RealServer,
    pub(super) hooks: Option<Hooks>,
    pub(super) checkers: Vec<PreparedChecker>,
}

/// A checker that is ready to run.
#[derive(Debug)]
pub struct PreparedChecker {
    pub(super) config: Checker,
    pub(super) kind: Kind,
}

impl Prepared {
    /// Prepares the virtual servers of `config`. It reads files, looks up users and loads kernel modules,
    /// which takes privileges and time: have the [`Worker`](crate::daemon::host::Worker) do it.
    ///
    /// # Errors
    /// [`PrepareError`].
    pub fn new(config: &Config) -> Result<Self, PrepareError> {
        let mut builder = Builder::new(config)?;
        modules::load(config);
        let servers = config.virtual_servers.iter().map(|server| {
            let prepared = PreparedServer::new(server.clone(), &mut builder);
            prepared.map_err(|source| PrepareError::VirtualServer {
                virtual_server: server.name.clone(),
                source,
            })
        });
        let servers = servers.collect::<Result<_, _>>()?;
        for file in &config.track_files {
            if let Err(failure) = build::initialise(file) {
                warn!("track_file {}: {}", file.name, chain(&failure));
            }
        }
        Ok(Self {
            servers,
            balancing: config.balancing.clone(),
        })
    }

    /// The virtual servers, in the order of the configuration.
    #[must_use]
    pub fn into_servers(self) -> Vec<PreparedServer> {
        self.servers
    }
}

impl PreparedServer {
    fn new(mut config: VirtualServer, builder: &mut Builder) -> Result<Self, BuildError> {
        let real_servers = core::mem::take(&mut config.real_servers).into_iter();
        let real_servers = real_servers.map(|server| {
            let name = format!("{} of {}", server.key, config.name);
            PreparedRealServer::new(server, name, builder)
        });
        let real_servers = real_servers.collect::<Result<_, _>>()?;
        let (up, down) = (config.quorum_up.as_deref(), config.quorum_down.as_deref());
        Ok(Self {
            quorum_hooks: hooks(config.name.clone(), up, down, builder)?,
            real_servers,
            config,
        })
    }

    /// Its real servers, in the order of the configuration.
    #[must_use]
    pub fn into_real_servers(self) -> Vec<PreparedRealServer> {
        self.real_servers
    }
}

impl PreparedRealServer {
    fn new(
        mut config: RealServer,
        name: String,
        builder: &mut Builder,
    ) -> Result<Self, BuildError> {
        let mut checkers = Vec::with_capacity(config.checkers.len());
        for config in core::mem::take(&mut config.checkers) {
            let what = format_args!("a checker of {name}");
            if let Some(kind) = unless_of_script(builder.checker(&config), &what)? {
                checkers.push(PreparedChecker { config, kind });
            }
        }
        let (up, down) = (config.notify_up.as_deref(), config.notify_down.as_deref());
        Ok(Self {
            hooks: hooks(name, up, down, builder)?,
            checkers,
            config,
        })
    }

    /// Its checkers, in the order of the configuration.
    #[must_use]
    pub fn into_checkers(self) -> Vec<PreparedChecker> {
        self.checkers
    }
}

fn hooks(
    name: String,
    up: Option<&Script>,
    down: Option<&Script>,
    builder: &Builder,
) -> Result<Option<Hooks>, BuildError> {
    if up.is_none() && down.is_none() {
        return Ok(None);
    }
    let what = format_args!("a script of {name}");
    let script = |script: Option<&Script>| match script {
        Some(script) => unless_of_script(builder.script(script), &what),
        None => Ok(None),
    };
    let (up, down) = (script(up)?, script(down)?);
    Ok(Some(Hooks {
        name,
        up,
        down,
        party: 0,
    }))
}

/// What was made, or nothing if it is a script that this host cannot or must not run.
fn unless_of_script<T>(
    made: Result<T, BuildError>,
    what: &fmt::Arguments<'_>,
) -> Result<Option<T>, BuildError> {
    match made {
        Ok(made) => Ok(Some(made)),
        Err(error) if error.is_of_script() => {
            warn!("{what} is left out: {}", chain(&error));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
