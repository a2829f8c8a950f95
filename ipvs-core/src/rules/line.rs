//! The lines of a file of rules.

use alloc::vec::Vec;

use thiserror::Error;

use super::{Command, CommandError, Names, Reason, parse};

/// A line that is not a valid command line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("column {column}: {reason}")]
#[non_exhaustive]
pub struct LineError {
    /// Where, in characters from 1; where the line ends if something is missing.
    pub column: usize,
    /// Why.
    pub reason: Reason,
}

/// A line of a file that is not a valid command line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {reason}")]
#[non_exhaustive]
pub struct RuleError {
    /// Which line, from 1.
    pub line: usize,
    /// Where, in characters from 1; where the line ends if something is missing.
    pub column: usize,
    /// Why.
    pub reason: Reason,
}

/// The command on a line of rules; `None` if the line is blank or a comment, which starts with
/// `#`.
///
/// Words are separated by space, nothing is quoted, and the first may be `ipvsadm`.
///
/// # Errors
///
/// What ipvsadm would refuse, and where.
pub fn parse_line(line: &str, names: &mut dyn Names) -> Result<Option<Command>, LineError> {
    let trimmed = line.trim_ascii_start();
    if trimmed.is_empty() || trimmed.starts_with('#') {
        return Ok(None);
    }
    let mut words: Vec<_> = line.split_ascii_whitespace().collect();
    words.retain(|word| *word != "ipvsadm");
    if words.is_empty() {
        return Ok(None);
    }
    parse(&words, names).map(Some).map_err(|error| {
        let CommandError { word, reason } = error;
        LineError {
            column: column(line, word.and_then(|word| words.get(word)).copied()),
            reason,
        }
    })
}

/// Where `word`, a part of `line`, begins, or where `line` ends.
fn column(line: &str, word: Option<&str>) -> usize {
    let start = match word {
        Some(word) => word.as_ptr().addr().saturating_sub(line.as_ptr().addr()),
        None => line.trim_ascii_end().len(),
    };
    let before = line.get(..start).unwrap_or(line);
    before.chars().count().saturating_add(1)
}

/// The commands in a file of rules, each with the number of its line from 1.
///
/// # Errors
///
/// Each line that ipvsadm would refuse; reading goes on behind it.
pub fn read<'a>(
    text: &'a str,
    names: &'a mut dyn Names,
) -> impl Iterator<Item = Result<(usize, Command), RuleError>> + 'a {
    text.lines().enumerate().filter_map(move |(index, line)| {
        let number = index.saturating_add(1);
        match parse_line(line, names) {
            Ok(command) => command.map(|command| Ok((number, command))),
            Err(LineError { column, reason }) => Some(Err(RuleError {
                line: number,
                column,
                reason,
            })),
        }
    })
}
