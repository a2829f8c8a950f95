//! The log: lines to standard error, written by a thread of their own. A terminal or pipe that
//! nobody reads costs lines, never an advert.

use std::io::{self, IsTerminal};

use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

/// Lines that may wait for their reader.
const LINES: usize = 16_384;

/// Starts to log at `level` and above. Lines are written until the guard is dropped.
#[must_use = "the log ends with the guard"]
pub fn start(level: Level) -> WorkerGuard {
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(LINES)
        .thread_name("log")
        .finish(io::stderr());
    tracing_subscriber::fmt()
        .with_writer(writer)
        .with_max_level(level)
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .init();
    guard
}

/// An error and its causes on one line.
#[must_use]
pub fn chain(error: &dyn core::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
