//! `track_file`: a file with a number in it.

use std::path::PathBuf;

use crate::config::text::source::Span;

/// `track_file NAME { … }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackFile {
    /// The name after `track_file`; unique.
    pub name: String,
    /// Where that name was written.
    pub span: Span,
    /// `file`.
    pub path: PathBuf,
    /// `weight`, which the number is multiplied with unless who tracks it has another one;
    /// negative if `reverse`.
    pub weight: i32,
    /// `init_file`.
    pub init: Option<InitFile>,
}

/// `init_file`: what to write to the file at start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InitFile {
    /// The number.
    pub value: i64,
    /// Also if the file exists.
    pub overwrite: bool,
}
