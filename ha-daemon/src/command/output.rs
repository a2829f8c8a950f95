//! The output and the exit status of subcommands.

use std::io::{self, Write};
#[cfg(feature = "lab")]
use std::process::ExitCode;

#[cfg(feature = "lab")]
use crate::observe::log;

#[cfg(feature = "lab")]
pub(super) fn outcome<E: core::error::Error>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("ha-daemon: {}", log::chain(&error)));
            ExitCode::FAILURE
        }
    }
}

/// A reader that went away is no failure of ours.
pub(super) fn print(text: &str) {
    drop(io::stdout().write_all(text.as_bytes()));
}

pub(super) fn complain(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
