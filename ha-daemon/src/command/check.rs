//! `ha-daemon check`: reports the mistakes of a configuration, and what it would run.

use core::fmt;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use crate::config::{
    Code, Config, Diagnostic, LoadOptions, Loaded, Place, Record, Severity, load_all,
};

mod balancing;
mod grouped;
mod host;
mod instance;
mod refusals;
mod text;

pub use self::balancing::{RealSummary, ServerSummary};
use self::grouped::Grouped;
pub use self::host::compare;
pub use self::instance::Summary;
use self::text::PushText;
use super::arguments::Format;
use super::output::print;

/// How many octets of a report are written at once.
const OUTPUT: usize = 64 * 1024;

/// How to check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What the configuration may depend on.
    pub load: LoadOptions,
    /// Let every diagnostic count in the exit status, also those keepalived does not count.
    pub strict_exit: bool,
    /// Compare it with this host too, as [`compare`] does.
    pub host: bool,
}

/// The exit status of `keepalived --config-test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// 0: nothing is wrong.
    Good,
    /// 5: there are mistakes, but it would run.
    Faulty,
    /// 6: scripts could be changed by somebody who must not, or an include insists on what is not
    /// there.
    Insecure,
    /// 4: it cannot run.
    Unusable,
    /// 2: it cannot run because a parameter is missing.
    MissingParameter,
}

impl ExitStatus {
    /// The number to exit with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::MissingParameter => 2,
            Self::Unusable => 4,
            Self::Faulty => 5,
            Self::Insecure => 6,
        }
    }

    fn of(diagnostic: &Diagnostic, strict: bool) -> Self {
        match (diagnostic.severity, diagnostic.code) {
            (Severity::Fatal, Code::MissingArgument) => Self::MissingParameter,
            (Severity::Fatal, _) => Self::Unusable,
            (Severity::Warning, Code::InsecureScript | Code::ScriptSecurity) => Self::Insecure,
            (Severity::Error, Code::IncludeMissing | Code::IncludeSkipped) => Self::Insecure,
            (Severity::Warning, code) if code.is_tolerated() && !strict => Self::Good,
            (Severity::Warning | Severity::Error, _) => Self::Faulty,
        }
    }
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The configuration and its diagnostics.
    pub loaded: Loaded,
    /// The worst that was found.
    pub status: ExitStatus,
}

/// Checks a configuration made of `files`. Needs neither root nor the interfaces.
#[must_use]
pub fn run(files: &[&Path], options: &Options) -> Report {
    Report::new(load_all(files, &options.load), options)
}

/// Checks `files` and prints what was found.
pub(super) fn execute(files: &[PathBuf], options: &Options, format: Format) -> ExitCode {
    let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    let report = run(&files, options);
    match format {
        Format::Text => {
            // A big report is never in memory as a whole.
            let mut output = BufWriter::with_capacity(OUTPUT, io::stdout().lock());
            let text = report.display(io::stdout().is_terminal());
            drop(write!(output, "{text}").and_then(|()| output.flush()));
        }
        Format::Json => print(&(report.json().unwrap_or_default() + "\n")),
    }
    let status = ExitCode::from(report.status.code());
    // The process ends: giving back the memory of each part of a big report would take a while.
    core::mem::forget(report);
    status
}

/// Adds what is wrong with a configuration beyond its text: what it names and this host has not, what
/// cannot be made of it. It reads files and looks up users.
pub fn examine(loaded: &mut Loaded) {
    let refused = refusals::diagnostics(&loaded.config);
    loaded.add(refused);
    let Config {
        instances,
        virtual_servers,
        balancing,
        ..
    } = &loaded.config;
    let is_empty = instances.is_empty() && virtual_servers.is_empty() && balancing.sync.is_none();
    if is_empty && loaded.worst() != Some(Severity::Fatal) {
        let text = "there is neither a vrrp_instance nor a virtual_server: nothing would run";
        let code = Code::NothingToRun;
        let diagnostic = Diagnostic::new(Severity::Warning, code, Place::default(), text);
        loaded.add([diagnostic]);
    }
}

/// All diagnostics for a person, with ANSI colours if `colour`; those that say the same are one.
pub fn shown(loaded: &Loaded, colour: bool) -> impl fmt::Display + '_ {
    Grouped::new(loaded, colour)
}

impl Report {
    fn new(mut loaded: Loaded, options: &Options) -> Self {
        examine(&mut loaded);
        if options.host {
            compare(&mut loaded);
        }
        let each = loaded.diagnostics.iter();
        let status = each
            .map(|diagnostic| ExitStatus::of(diagnostic, options.strict_exit))
            .max()
            .unwrap_or(ExitStatus::Good);
        Self { loaded, status }
    }

    /// The diagnostics and what would run, for a person.
    #[must_use]
    pub fn text(&self, colour: bool) -> String {
        self.display(colour).to_string()
    }

    /// The same, to be written piece by piece.
    #[must_use]
    pub fn display(&self, colour: bool) -> impl fmt::Display + '_ {
        Text {
            report: self,
            colour,
        }
    }

    fn verdict(&self) -> String {
        let count = |severity| {
            let each = self.loaded.diagnostics.iter();
            each.filter(|diagnostic| diagnostic.severity == severity)
                .count()
        };
        let errors = count(Severity::Error) + count(Severity::Fatal);
        let warnings = count(Severity::Warning);
        let config = &self.loaded.config;
        let is_empty = config.instances.is_empty() && config.virtual_servers.is_empty();
        let runs = match (self.loaded.worst(), is_empty, self.status) {
            (Some(Severity::Fatal), _, _) => "this configuration cannot run",
            (Some(Severity::Error | Severity::Warning) | None, true, _) => {
                "this configuration runs nothing"
            }
            (Some(Severity::Error), false, _) => {
                "this configuration runs, but not as it is written"
            }
            (Some(Severity::Warning) | None, false, ExitStatus::Good) => "this configuration runs",
            (Some(Severity::Warning) | None, false, _) => {
                "this configuration runs, but there are mistakes in it"
            }
        };
        let mut verdict = format!("{runs}: ");
        verdict.push_count(config.instances.len(), "instance");
        match config.virtual_servers.len() {
            0 => {}
            count => {
                verdict.push_str(", ");
                verdict.push_count(count, "virtual server");
            }
        }
        verdict.push_str(", ");
        verdict.push_count(errors, "error");
        verdict.push_str(", ");
        verdict.push_count(warnings, "warning");
        match self.loaded.omitted {
            0 => verdict,
            omitted => format!("{verdict}, {omitted} more not shown"),
        }
    }

    /// The diagnostics and what would run, as one JSON object.
    ///
    /// # Errors
    /// Those of [`serde_json`], none of which is expected.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        #[derive(Serialize)]
        struct Document {
            status: u8,
            runs: bool,
            diagnostics: Vec<Record>,
            omitted: usize,
            instances: Vec<Summary>,
            virtual_servers: Vec<ServerSummary>,
        }
        let loaded = &self.loaded;
        let records = loaded.diagnostics.iter();
        let document = Document {
            status: self.status.code(),
            runs: loaded.worst() != Some(Severity::Fatal),
            diagnostics: records.map(|d| d.record(&loaded.sources)).collect(),
            omitted: loaded.omitted,
            instances: loaded.config.instances.iter().map(Summary::of).collect(),
            virtual_servers: loaded
                .config
                .virtual_servers
                .iter()
                .map(ServerSummary::of)
                .collect(),
        };
        serde_json::to_string(&document)
    }
}

/// A report for a person.
struct Text<'r> {
    report: &'r Report,
    colour: bool,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.report.loaded.config;
        write!(f, "{}", shown(&self.report.loaded, self.colour))?;
        if self.report.loaded.worst() != Some(Severity::Fatal) {
            let mut text = String::new();
            for instance in &config.instances {
                text.clear();
                instance::describe(instance, &mut text);
                text.push_str("\n\n");
                f.write_str(&text)?;
            }
            for server in &config.virtual_servers {
                text.clear();
                balancing::describe(server, &mut text);
                text.push_str("\n\n");
                f.write_str(&text)?;
            }
        }
        writeln!(f, "{}", self.report.verdict())
    }
}

#[cfg(test)]
mod tests;
