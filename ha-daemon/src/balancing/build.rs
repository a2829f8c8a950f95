//! The construction of health checkers from the configuration.

mod init_file;
mod probe;
mod refusal;
mod tls;

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::init_file::{InitFileError, initialise};
pub use self::refusal::{Note, Notes, Refusal, refusals};
pub use self::tls::TlsFileError;

use self::tls::Clients;
use crate::config::{self, Check, Config, FileCheck, Probe, Written};
use crate::health::dns::DomainNameError;
use crate::health::file::FileWeight;
use crate::health::schedule::Timing;
use crate::health::settings::{Protocol, Settings};
use crate::health::smtp::HelloNameError;
use crate::script::security::{self, ProgramError};
use crate::script::{Credentials, Script, UserError, Users};

/// What the configuration allows and no checker can be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The user of a script.
    #[error(transparent)]
    User(#[from] UserError),
    /// The program of a script that is to run as root.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A script of no words.
    #[error("a script without a program")]
    NoProgram,
    /// A file of the `SSL` block.
    #[error(transparent)]
    TlsFile(#[from] TlsFileError),
    /// A `helo_name`.
    #[error(transparent)]
    Hello(#[from] HelloNameError),
    /// The name `DNS_CHECK` is to ask for.
    #[error("{name:?}")]
    Domain {
        /// The name.
        name: String,
        /// What it is not.
        source: DomainNameError,
    },
}

impl BuildError {
    /// Whether it is the host that cannot or must not run a script: that is left out, and everything
    /// else runs.
    #[must_use]
    pub const fn is_of_script(&self) -> bool {
        match self {
            Self::User(_) | Self::Program(_) => true,
            Self::NoProgram | Self::TlsFile(_) | Self::Hello(_) | Self::Domain { .. } => false,
        }
    }
}

/// A checker, by who makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is made, and most are probes"
)]
pub enum Kind {
    /// [`Checks`](crate::health::driver::Checks) does.
    Probe(Settings),
    /// [`FileWatch`](crate::health::file::watch::FileWatch) does.
    File {
        /// Which of [`Builder::files`].
        file: u32,
        /// What its number means.
        weight: FileWeight,
    },
}

impl Kind {
    /// The same, which takes turns with others of `party`.
    #[must_use]
    pub fn of(mut self, party: u64) -> Self {
        if let Self::Probe(Settings {
            protocol: Protocol::Misc(misc),
            ..
        }) = &mut self
        {
            misc.party = party;
        }
        self
    }
}

/// Makes the checkers of a configuration.
///
/// What is equal is made once: TLS clients, scripts of `MISC_CHECK`s that agree in everything, and
/// files. It reads files and looks up users, so it has no place in a loop, and is to be used before
/// [`privilege::restrict`](crate::daemon::privilege::restrict).
#[derive(Debug)]
pub struct Builder {
    users: Users,
    /// Whether scripts that others than root could change are refused.
    secure: bool,
    /// Whether scripts that name nobody run as root.
    is_root: bool,
    clients: Clients,
    scripts: HashMap<(config::MiscCheck, Timing), Arc<Script>>,
    files: Vec<PathBuf>,
    numbers: BTreeMap<PathBuf, u32>,
}

impl Builder {
    /// Looks up `script_user`, and reads the files of `SSL` if an `SSL_GET` needs them. Where there is no
    /// such user, scripts that name no other are refused.
    ///
    /// # Errors
    /// [`BuildError::TlsFile`].
    pub fn new(config: &Config) -> Result<Self, BuildError> {
        let (mut builder, refusals) = Self::begin(config);
        builder.is_root = nix::unistd::geteuid().is_root();
        let mut errors = refusals.into_iter().map(|refusal| refusal.error);
        match errors.find(|error| !error.is_of_script()) {
            Some(error) => Err(error),
            None => Ok(builder),
        }
    }

    /// The same with all refusals, as if run by root, and without the files that cannot be read.
    fn begin(config: &Config) -> (Self, Vec<Refusal>) {
        let mut refusals = Vec::new();
        let mut refuse = |at: Written, error| {
            let place = at.0;
            refusals.push(Refusal { place, error });
        };
        let user = config.global.script_user.as_ref();
        let named = user.map(|user| (user.user.as_str(), user.group.as_deref()));
        let secure = config.global.script_security;
        let users = Users::new(named, secure);
        if let (Some(error), Some(user)) = (users.lack(), user) {
            refuse(user.at, error.clone().into());
        }
        let files = &config.balancing.tls;
        let needs_files = files.are_given()
            && probes(config)
                .any(|probe| matches!(probe, Probe::Http(check) if check.tls.is_some()));
        let clients = needs_files.then(|| Clients::read(files)).transpose();
        let clients = clients.unwrap_or_else(|error| {
            refuse(files.at, error.into());
            None
        });
        let builder = Self {
            users,
            secure,
            is_root: true,
            clients: clients.unwrap_or_default(),
            scripts: HashMap::new(),
            files: Vec::new(),
            numbers: BTreeMap::new(),
        };
        (builder, refusals)
    }

    /// Makes a checker.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn checker(&mut self, checker: &config::Checker) -> Result<Kind, BuildError> {
        match &checker.check {
            Check::Probe { probe, timing } => {
                let timing = **timing;
                let protocol = self.protocol(probe, timing)?;
                Ok(Kind::Probe(Settings { protocol, timing }))
            }
            Check::File(FileCheck { path, weight, .. }) => Ok(Kind::File {
                file: self.file(path),
                // Its sign is turned already if it is to be.
                weight: FileWeight::new(*weight, false),
            }),
        }
    }

    /// A script of its own for each call: it runs whether equal ones do or not.
    ///
    /// # Errors
    /// [`BuildError::User`], [`BuildError::NoProgram`], and [`BuildError::Program`] with
    /// `enable_script_security` if others than root could change what runs as root.
    pub fn script(&self, script: &config::Script) -> Result<Arc<Script>, BuildError> {
        let config::Script {
            command,
            user,
            group,
            at: _,
        } = script;
        let credentials = self.users.credentials(user.as_deref(), group.as_deref())?;
        let words = command.iter().map(Into::into).collect();
        let script = Script::new(words, credentials).ok_or(BuildError::NoProgram)?;
        match self.inspect(script.program(), credentials) {
            Err(error @ ProgramError::Insecure { .. }) if self.secure => Err(error.into()),
            Ok(()) | Err(_) => Ok(Arc::new(script)),
        }
    }

    /// What is wrong with a program, if it is to run as root.
    fn inspect(&self, program: &OsStr, as_whom: Option<Credentials>) -> Result<(), ProgramError> {
        let runs_as_root = as_whom.map_or(self.is_root, |user| user.uid == 0);
        if runs_as_root {
            security::inspect(program)
        } else {
            Ok(())
        }
    }

    /// The files of the checkers made so far.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The same, to be given to [`FileWatch`](crate::health::file::watch::FileWatch).
    #[must_use]
    pub fn into_files(self) -> Vec<PathBuf> {
        self.files
    }

    fn file(&mut self, path: &Path) -> u32 {
        if let Some(number) = self.numbers.get(path) {
            return *number;
        }
        // More files than that do not fit into memory.
        let number = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(path.to_owned());
        self.numbers.insert(path.to_owned(), number);
        number
    }

    /// The script of a `MISC_CHECK`. It is shared among checkers that share their attempts, and no
    /// others: one whose script is still running for another schedule would take that for a failure.
    fn misc(
        &mut self,
        check: &config::MiscCheck,
        timing: Timing,
    ) -> Result<Arc<Script>, BuildError> {
        let key = (check.clone(), timing);
        if let Some(script) = self.scripts.get(&key) {
            return Ok(Arc::clone(script));
        }
        let script = self.script(&check.script)?;
        self.scripts.insert(key, Arc::clone(&script));
        Ok(script)
    }
}

fn probes(config: &Config) -> impl Iterator<Item = &Probe> {
    let servers = config.virtual_servers.iter();
    let servers = servers.flat_map(|server| &server.real_servers);
    let checkers = servers.flat_map(|server| &server.checkers);
    checkers.filter_map(|checker| match &checker.check {
        Check::Probe { probe, .. } => Some(probe),
        Check::File(_) => None,
    })
}

#[cfg(test)]
mod tests;
