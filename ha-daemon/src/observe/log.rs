//! The log: lines to standard error, written by a thread of their own. A terminal or pipe that
//! nobody reads costs lines, never an advert.

use std::io::{self, IsTerminal};
use std::thread;

use tracing::Level;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

/// Lines that may wait for their reader.
const LINES: usize = 8_192;

/// Starts to log at `level` and above. Lines are written until the guard is dropped.
///
/// # Errors
/// If there can be no thread for the log: the limit of tasks is reached, or there is no memory.
pub fn start(level: Level) -> io::Result<WorkerGuard> {
    // The appender panics where it cannot start its thread.
    let trial = thread::Builder::new().spawn(|| {})?;
    drop(trial.join());
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
    Ok(guard)
}

/// An error and its causes on one line, whatever lines they are made of themselves.
#[must_use]
pub fn chain(error: &dyn core::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        let lines = error.to_string();
        let parts: Vec<&str> = lines.lines().map(str::trim).collect();
        text.push_str(&parts.join(" "));
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot do this\n  and that")]
    struct Outer(#[source] io::Error);

    #[test]
    fn errors_and_their_causes_are_one_line() {
        let error = Outer(io::Error::other("first\r\n\tsecond"));
        assert_eq!(chain(&error), "cannot do this and that: first second");
        assert_eq!(chain(&io::Error::other("plain")), "plain");
    }
}
