//! The part of the configuration that is set up before privileges are dropped.

use core::fmt;
use std::path::PathBuf;

use tracing::warn;

use super::modules;
use super::server::VirtualServerState;
use crate::balancing::build::{self, BuildError, Builder, Kind};
use crate::config::{Balancing, Config, Script, VirtualServer};
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
    pub(super) servers: Vec<VirtualServerState>,
    pub(super) checkers: Vec<PlacedChecker>,
    pub(super) hooks: Vec<PlacedHooks>,
    /// Tracked files, by the number that checkers have them under.
    pub(super) files: Vec<PathBuf>,
    pub(super) balancing: Balancing,
}

/// A checker and whose it is.
#[derive(Debug)]
pub(super) struct PlacedChecker {
    pub(super) virtual_server: usize,
    pub(super) real_server: usize,
    pub(super) checker: usize,
    pub(super) kind: Kind,
}

/// Scripts and whose they are; the quorum's if of no real server.
#[derive(Debug)]
pub(super) struct PlacedHooks {
    pub(super) virtual_server: usize,
    pub(super) real_server: Option<usize>,
    pub(super) hooks: Hooks,
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
        let mut prepared = Self {
            servers: Vec::new(),
            checkers: Vec::new(),
            hooks: Vec::new(),
            files: Vec::new(),
            balancing: config.balancing.clone(),
        };
        for server in &config.virtual_servers {
            let added = prepared.add(server, &mut builder);
            added.map_err(|source| PrepareError::VirtualServer {
                virtual_server: server.name.clone(),
                source,
            })?;
        }
        for file in &config.track_files {
            if let Err(failure) = build::initialise(file) {
                warn!("track_file {}: {}", file.name, chain(&failure));
            }
        }
        prepared.files = builder.into_files();
        Ok(prepared)
    }

    fn add(&mut self, config: &VirtualServer, builder: &mut Builder) -> Result<(), BuildError> {
        let virtual_server = self.servers.len();
        let mut able = config.clone();
        for (real_server, server) in config.real_servers.iter().enumerate() {
            let name = format!("{} of {}", server.key, config.name);
            let mut checkers = Vec::with_capacity(server.checkers.len());
            for configured in &server.checkers {
                let what = format_args!("a checker of {name}");
                let Some(kind) = unless_of_script(builder.checker(configured), &what)? else {
                    continue;
                };
                self.checkers.push(PlacedChecker {
                    virtual_server,
                    real_server,
                    checker: checkers.len(),
                    kind: kind.of(virtual_server),
                });
                checkers.push(configured.clone());
            }
            if let Some(server) = able.real_servers.get_mut(real_server) {
                server.checkers = checkers;
            }
            let (up, down) = (server.notify_up.as_deref(), server.notify_down.as_deref());
            let hooks = hooks(name, up, down, 2 * virtual_server + 1, builder)?;
            self.hooks.extend(hooks.map(|hooks| PlacedHooks {
                virtual_server,
                real_server: Some(real_server),
                hooks,
            }));
        }
        let (up, down) = (config.quorum_up.as_deref(), config.quorum_down.as_deref());
        let hooks = hooks(config.name.clone(), up, down, 2 * virtual_server, builder)?;
        self.hooks.extend(hooks.map(|hooks| PlacedHooks {
            virtual_server,
            real_server: None,
            hooks,
        }));
        self.servers.push(VirtualServerState::new(able));
        Ok(())
    }
}

fn hooks(
    name: String,
    up: Option<&Script>,
    down: Option<&Script>,
    party: usize,
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
        party,
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
