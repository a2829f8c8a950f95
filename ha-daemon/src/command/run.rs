//! `run`: the daemon in the foreground.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::process::ExitCode;

use super::output::complain;
use super::{check, load_options};
use crate::config::{self, Severity};
use crate::daemon::{self, EngineError, Options, privilege, signals};
use crate::observe::log;

/// As keepalived: 2 for a configuration that cannot run, 4 for missing privileges.
pub(super) fn execute(
    file: &Path,
    options: &Options,
    config_id: Option<String>,
    level: tracing::Level,
) -> ExitCode {
    // Before there are any of our own.
    privilege::close_inherited();
    if let Err(error) = signals::withstand() {
        complain(&format!("ha-daemon: cannot handle signals: {error}"));
        return ExitCode::FAILURE;
    }
    let Some(config) = read(file, config_id) else {
        complain("ha-daemon: the configuration cannot run");
        return ExitCode::from(2);
    };
    let _log = match log::start(level) {
        Ok(log) => log,
        Err(error) => {
            complain(&format!(
                "ha-daemon: cannot start the log's thread: {error}"
            ));
            return ExitCode::FAILURE;
        }
    };
    match daemon::run(config, options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{}", log::chain(&error));
            if matches!(error, EngineError::Privilege(_)) {
                ExitCode::from(4)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}

/// Reads a configuration and says what is wrong with it; `None` if it cannot run. What only the
/// diagnostics point into is not kept.
fn read(file: &Path, config_id: Option<String>) -> Option<config::Config> {
    let mut loaded = config::load(file, &load_options(config_id));
    check::examine(&mut loaded);
    check::compare(&mut loaded);
    let said = check::shown(&loaded, io::stderr().is_terminal()).to_string();
    if !said.is_empty() {
        complain(said.trim_end());
    }
    if loaded.omitted > 0 {
        complain(&format!(
            "{} more diagnostics are not shown",
            loaded.omitted
        ));
    }
    (loaded.worst() != Some(Severity::Fatal)).then_some(loaded.config)
}
