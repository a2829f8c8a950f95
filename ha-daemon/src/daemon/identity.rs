//! The lock that keeps a second daemon from starting in the same network namespace.
//!
//! A lock on a file says that a daemon runs. It is in a directory of root's, so that nobody else
//! can claim to be one, is named by the network namespace, and goes with the process. A daemon that
//! sees another `/run`, as in a container on the host's network, is recognised by an abstract
//! socket, whose names are the namespace's: there it counts who has it.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use nix::sys::socket::sockopt::PeerCredentials;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, connect, getsockopt, listen, socket,
};
use nix::unistd::{Uid, geteuid};
use tracing::warn;

use crate::observe::log::chain;

const DIRECTORY: &str = "/run/ha-daemon";

/// Another daemon runs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Occupied {
    /// Its process, if it said so.
    pub(super) process: Option<u32>,
}

/// What says that this daemon runs, until it is dropped.
#[derive(Debug)]
pub(super) struct Identity {
    /// Whether it is the only one here, whatever they are called.
    pub(super) alone: bool,
    _held: Vec<Held>,
}

#[derive(Debug)]
#[expect(dead_code, reason = "held for what the kernel makes of them")]
enum Held {
    File(LockFile),
    Name(OwnedFd),
}

/// Claims to be the daemon `instance` of this network namespace.
///
/// # Errors
/// [`Occupied`] if there is one. That it cannot be found out is logged, and no reason not to run.
pub(super) fn claim(instance: Option<&str>) -> Result<Identity, Occupied> {
    claim_in(Path::new(DIRECTORY), instance)
}

pub(super) fn claim_in(directory: &Path, instance: Option<&str>) -> Result<Identity, Occupied> {
    let suffix = instance.map_or_else(String::new, |name| format!(".{name}"));
    let mut held = Vec::new();
    let namespace = fs::metadata("/proc/self/ns/net").map_or(0, |meta| meta.ino());
    let file = |name: &str| directory.join(format!("{name}.{namespace}"));
    let mut alone = true;
    match LockFile::take(&file(&format!("daemon{suffix}"))) {
        Ok(Lock::Taken(lock)) => held.push(Held::File(lock)),
        Ok(Lock::Occupied(occupied)) => return Err(occupied),
        Err(error) => warn!(
            "whether another daemon runs is not known for sure: {}",
            chain(&error)
        ),
    }
    let by_file = !held.is_empty();
    if by_file {
        // The names are other ones: of daemons that are called something, the first is alone.
        match LockFile::take(&file("first")) {
            Ok(Lock::Taken(lock)) => held.push(Held::File(lock)),
            Ok(Lock::Occupied(_)) | Err(_) => alone = false,
        }
    }
    match name(&format!("ha-daemon{suffix}")) {
        Ok(Name::Taken(socket)) => held.push(Held::Name(socket)),
        Ok(Name::Occupied) => return Err(Occupied { process: None }),
        Ok(Name::Claimed(user)) => {
            alone &= by_file;
            warn!(
                "user {user} has the name by which a daemon in another container is told; ignored"
            );
        }
        Ok(Name::Unknown) | Err(_) => alone &= by_file,
    }
    Ok(Identity { alone, _held: held })
}

/// A locked file, removed when it is dropped.
#[derive(Debug)]
struct LockFile {
    path: PathBuf,
    file: Flock<File>,
}

enum Lock {
    Taken(LockFile),
    Occupied(Occupied),
}

impl LockFile {
    fn take(path: &Path) -> io::Result<Lock> {
        if let Some(directory) = path.parent() {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o750).create(directory)?;
        }
        loop {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).bits())
                .open(path)?;
            let mut file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(file) => file,
                Err((mut file, Errno::EWOULDBLOCK)) => {
                    let mut text = String::new();
                    let read = (&mut file).take(16).read_to_string(&mut text);
                    let process = read.ok().and_then(|_| text.trim().parse().ok());
                    return Ok(Lock::Occupied(Occupied { process }));
                }
                Err((_, errno)) => return Err(errno.into()),
            };
            // Who ends removes the file, perhaps between our opening and locking it.
            if fs::metadata(path).is_ok_and(|meta| is_same(&file, &meta)) {
                file.set_len(0)?;
                file.write_all(format!("{}\n", std::process::id()).as_bytes())?;
                let path = path.to_owned();
                return Ok(Lock::Taken(Self { path, file }));
            }
        }
    }
}

fn is_same(file: &File, meta: &fs::Metadata) -> bool {
    file.metadata()
        .is_ok_and(|own| (own.dev(), own.ino()) == (meta.dev(), meta.ino()))
}

impl Drop for LockFile {
    fn drop(&mut self) {
        if fs::metadata(&self.path).is_ok_and(|meta| is_same(&self.file, &meta)) {
            drop(fs::remove_file(&self.path));
        }
    }
}

enum Name {
    Taken(OwnedFd),
    /// By a process of root's or of this user's.
    Occupied,
    /// By another user, who may not have a daemon.
    Claimed(Uid),
    /// By somebody.
    Unknown,
}

/// Takes an abstract name, or finds out who has it. Nothing is waited for.
fn name(name: &str) -> io::Result<Name> {
    let address = UnixAddr::new_abstract(name.as_bytes())?;
    let open = || {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        socket(AddressFamily::Unix, SockType::Stream, flags, None)
    };
    let own = open()?;
    match bind(own.as_raw_fd(), &address) {
        Ok(()) => {
            listen(&own, Backlog::new(1)?)?;
            return Ok(Name::Taken(own));
        }
        Err(Errno::EADDRINUSE) => {}
        Err(errno) => return Err(errno.into()),
    }
    let probe = open()?;
    if connect(probe.as_raw_fd(), &address).is_err() {
        return Ok(Name::Unknown);
    }
    let owner = getsockopt(&probe.as_fd(), PeerCredentials)?;
    let uid = Uid::from_raw(owner.uid());
    Ok(match uid.is_root() || uid == geteuid() {
        true => Name::Occupied,
        false => Name::Claimed(uid),
    })
}

/// Whether a daemon may be called this: it is a part of a file's name.
///
/// # Errors
/// [`ErrorKind::InvalidInput`].
pub(super) fn check_name(name: &str) -> io::Result<()> {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
    match !name.is_empty() && name.len() <= 64 && name.bytes().all(fits) {
        true => Ok(()),
        false => Err(ErrorKind::InvalidInput.into()),
    }
}

/// A number that is higher at each start, however soon: eight per second since 2024, for 17 years.
#[expect(
    clippy::disallowed_methods,
    reason = "has to rise across restarts, which no other clock does"
)]
pub(super) fn rising_sequence() -> u32 {
    const START_OF_2024: u64 = 1_704_067_200;
    let since = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or_default();
    let eighths = since
        .as_secs()
        .saturating_sub(START_OF_2024)
        .saturating_mul(8);
    u32::try_from(eighths).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::thread;

    use super::*;

    fn taken(path: &Path) -> Option<LockFile> {
        match LockFile::take(path).unwrap() {
            Lock::Taken(lock) => Some(lock),
            Lock::Occupied(occupied) => {
                let process = Some(std::process::id());
                assert_eq!(occupied, Occupied { process });
                None
            }
        }
    }

    #[test]
    fn a_lock_is_held_by_one_and_a_file_left_over_by_none() {
        let name = format!("ha-daemon-identity-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        let path = directory.join("daemon");
        fs::create_dir_all(&directory).unwrap();
        // By a daemon that was killed.
        fs::write(&path, "1\n").unwrap();
        let first = taken(&path);
        assert!(first.is_some() && taken(&path).is_none());
        assert!(taken(&directory.join("daemon.other")).is_some());
        drop(first);
        assert!(!path.exists());
        drop(taken(&path).unwrap());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_name_is_told_to_be_ours() {
        let text = format!("ha-daemon-test-{}", std::process::id());
        let first = name(&text).unwrap();
        assert!(matches!(first, Name::Taken(_)));
        assert!(matches!(name(&text).unwrap(), Name::Occupied));
        drop(first);
        // A script of another test may have a copy of it until it is executed.
        assert!((0..1_000).any(|_| {
            thread::sleep(Duration::from_millis(1));
            matches!(name(&text).unwrap(), Name::Taken(_))
        }));
    }

    #[test]
    fn a_daemon_is_called_something_that_fits_a_file_name() {
        for good in ["a", "edge-2", "A_b"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "..", "a/b", "a b", "é", &"a".repeat(65)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
