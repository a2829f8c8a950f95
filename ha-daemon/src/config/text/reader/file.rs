//! A configuration file, opened without waiting and read with a bound.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::text::line::{Line, without_comment};
use crate::config::text::source::{SourceId, Span};

/// The largest file.
const MAX_FILE: u64 = 64 << 20;

/// A file of which some lines have been read.
#[derive(Debug)]
pub(super) struct FileFrame {
    pub(super) source: SourceId,
    pub(super) text: Arc<String>,
    pub(super) at: usize,
    /// Where a comment has cut the last word of the last line short.
    pub(super) cut: Option<Span>,
    /// What includes are relative to; `None` where files may not be included.
    pub(super) directory: Option<PathBuf>,
    /// `${_PWD}`.
    pub(super) shown_directory: String,
}

impl FileFrame {
    pub(super) fn next(&mut self) -> Option<Line> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let len = rest.find('\n').unwrap_or(rest.len());
        let range = self.at..self.at + len;
        self.at = range.end + 1;
        let line = without_comment(self.source, &self.text, range.clone());
        self.cut = self.cut_by_comment(&line, range.end);
        Some(line)
    }

    /// Where a comment starts that has neither a blank before nor behind it.
    fn cut_by_comment(&self, line: &Line, end: usize) -> Option<Span> {
        let at = line.span()?.end as usize;
        let octets = self.text.as_bytes();
        let is_ink = |at: usize| octets.get(at).is_some_and(|octet| octet.is_ascii_graphic());
        let before = at.checked_sub(1)?;
        let is_in_word = at + 1 < end && is_ink(before) && is_ink(at + 1) && !line.is_blank();
        is_in_word.then(|| Span::new(self.source, at..at + 1))
    }
}

/// Why there is no text in a file.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("it is a directory")]
    Directory,
    #[error("it is no regular file")]
    Special,
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Reads a regular file, and waits for nothing: not for somebody to write into a FIFO, nor for what
/// the kernel has yet to say in a file of its own.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ReadError> {
    use std::io::Read as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let refuse = |data: &std::fs::Metadata| match data.file_type() {
        kind if kind.is_file() => Ok(()),
        kind if kind.is_dir() => Err(ReadError::Directory),
        _ => Err(ReadError::Special),
    };
    refuse(&std::fs::metadata(path)?)?;
    let flags = nix::fcntl::OFlag::O_NONBLOCK | nix::fcntl::OFlag::O_NOCTTY;
    let file = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)?;
    let data = file.metadata()?;
    refuse(&data)?;
    let mut octets = Vec::with_capacity(usize::try_from(data.len().min(MAX_FILE)).unwrap_or(0));
    file.take(MAX_FILE + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > MAX_FILE {
        return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge).into());
    }
    Ok(octets)
}
