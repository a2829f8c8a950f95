//! `keepalived.conf`: from text to a [`Config`], with a [`Diagnostic`] for every mistake.
//!
//! ```text
//! files -> reader (comments, @id, $macros, ~SEQ, include) -> lines -> tape of words and braces
//!       -> tree of keywords -> Config
//! ```
//! Every token knows the file, line and column it was written at, the `include` lines that led to
//! that file and the macros it came through, so a diagnostic points at text and never at a number
//! of a line in an intermediate form.

mod block;
mod diagnostic;
mod global;
mod keyword;
mod lvs;
mod model;
#[cfg(any(test, feature = "properties"))]
pub(crate) mod properties;
mod script;
mod text;
mod top;
mod track_file;
mod unique;
mod value;
mod vrrp;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::diagnostic::Diagnostics;
pub use self::diagnostic::render::{Position, Record, Related};
pub use self::diagnostic::{Code, Diagnostic, Label, Severity};
pub use self::model::{
    Announce, Authentication, Balancing, Broadcast, Check, Checker, Config, DnsCheck,
    DynamicInterfaces, FileCheck, FlushOnStop, Global, HttpCheck, InitFile, InitialState, Instance,
    Lifetime, MiscCheck, Password, Peer, Probe, RealServer, Script, ScriptUser, Secret, SmtpCheck,
    SorryServer, Synchronisation, Tls, TlsFiles, TrackFile, TrackedInterface, Transport, UdpCheck,
    VirtualAddress, VirtualServer, Vmac, Written,
};
use self::text::reader::Reader;
pub use self::text::source::{Place, Source, SourceId, Sources, Span, UseId};
use self::text::tree::Tree;

/// What a configuration may depend on besides its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// Lines that start with `@ID` count if this is the ID: the host name up to its first dot.
    pub config_id: String,
    /// `${_INSTANCE}`.
    pub instance: String,
    /// What `${_ENV NAME}` looks names up in.
    pub environment: BTreeMap<String, String>,
    /// What `${_RANDOM}` counts from.
    pub seed: u64,
    /// How many lines there may be with all macros, sequences and files expanded.
    pub max_lines: usize,
    /// What the `include` lines of [`load_str`] are relative to; without it they are refused.
    pub directory: Option<PathBuf>,
}

impl Default for LoadOptions {
    /// No name, no environment, and the same random numbers every time.
    fn default() -> Self {
        Self {
            config_id: String::new(),
            instance: String::new(),
            environment: BTreeMap::new(),
            seed: 0,
            max_lines: 1_000_000,
            directory: None,
        }
    }
}

impl LoadOptions {
    /// What this process sees: its host name, its environment, and some random seed.
    #[must_use]
    pub fn of_process() -> Self {
        use core::hash::BuildHasher as _;
        use std::hash::RandomState;
        let host = nix::unistd::gethostname().unwrap_or_default();
        let host = host.to_string_lossy();
        Self {
            config_id: host.split('.').next().unwrap_or_default().to_owned(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            seed: RandomState::new().hash_one(std::process::id()),
            ..Self::default()
        }
    }
}

/// A configuration and everything there is to say about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is to run; only to be run if nothing is [`Severity::Fatal`].
    pub config: Config,
    /// In the order of the text, one per mistake.
    pub diagnostics: Vec<Diagnostic>,
    /// How many more diagnostics there were.
    pub omitted: usize,
    /// What the diagnostics point into.
    pub sources: Sources,
}

impl Loaded {
    /// The worst of the diagnostics.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.diagnostics.iter().map(|d| d.severity).max()
    }

    /// Adds what was found out without reading the text.
    pub(crate) fn add(&mut self, found: impl IntoIterator<Item = Diagnostic>) {
        let before = core::mem::take(&mut self.diagnostics);
        let mut diagnostics = Diagnostics::resume(before, self.omitted);
        for diagnostic in found {
            diagnostics.push(diagnostic);
        }
        (self.diagnostics, self.omitted) = diagnostics.finish();
    }
}

/// Reads the configuration file `path` and what it includes.
///
/// A file that cannot be read is a diagnostic too ([`Code::UnreadableFile`]).
#[must_use]
pub fn load(path: &Path, options: &LoadOptions) -> Loaded {
    load_all(&[path], options)
}

/// Reads several files as if the first one included the others at its end.
#[must_use]
pub fn load_all(paths: &[&Path], options: &LoadOptions) -> Loaded {
    let mut reader = Reader::new(options);
    let mut trees = Vec::new();
    for path in paths {
        reader.open_file(path, None);
        trees.push(Tree::read(&mut reader));
    }
    interpret(reader, &trees)
}

/// Reads a text, calling it `name` in diagnostics.
#[must_use]
pub fn load_str(name: &str, text: &str, options: &LoadOptions) -> Loaded {
    let mut reader = Reader::new(options);
    reader.open_text(name, text);
    let tree = Tree::read(&mut reader);
    interpret(reader, &[tree])
}

fn interpret(reader: Reader<'_>, trees: &[Tree]) -> Loaded {
    let Reader {
        mut sources,
        mut diagnostics,
        ..
    } = reader;
    let config = top::interpret(trees, &sources, &mut diagnostics);
    let mut secrets = core::mem::take(&mut diagnostics.secrets);
    secrets.extend(sources.passwords());
    let (mut diagnostics, omitted) = diagnostics.finish();
    if diagnostics.is_empty() {
        sources.hide(secrets);
    } else if !secrets.is_empty() {
        let shown = sources.clone();
        sources.hide(secrets);
        for diagnostic in &mut diagnostics {
            diagnostic.hide(&shown, &sources);
        }
    }
    Loaded {
        config,
        diagnostics,
        omitted,
        sources,
    }
}
