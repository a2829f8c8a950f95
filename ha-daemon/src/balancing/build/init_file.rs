//! `init_file`: the initial values of tracked files.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use nix::fcntl::OFlag;

use crate::config::{InitFile, TrackFile};

/// The file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {} (init_file of track_file {name})", .path.display())]
pub struct InitFileError {
    /// The `track_file`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// Writes to the file what its `init_file` says, if it says anything and the file does not exist or
/// is to be overwritten.
///
/// # Errors
/// [`InitFileError`]. The file then counts as whatever it contains, or as 0.
pub fn initialise(file: &TrackFile) -> Result<(), InitFileError> {
    let Some(init) = file.init else {
        return Ok(());
    };
    write(file, init).map_err(|source| InitFileError {
        name: file.name.clone(),
        path: file.path.clone(),
        source,
    })
}

fn write(file: &TrackFile, InitFile { value, overwrite }: InitFile) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o644);
    // In a directory that others can write to, the name may be a link to anything, or a FIFO that
    // nobody reads.
    options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    if overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    match options.open(&file.path) {
        Ok(mut opened) => writeln!(opened, "{value}"),
        Err(error) if !overwrite && error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
