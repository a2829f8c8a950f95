//! The dropping of capabilities, and the closing of inherited descriptors.

use std::fs;
use std::os::fd::RawFd;

use caps::errors::CapsError;
use caps::{CapSet, Capability, CapsHashSet};
use nix::errno::Errno;

/// For raw and packet sockets, and for addresses and links.
const NEEDED: [Capability; 2] = [Capability::CAP_NET_RAW, Capability::CAP_NET_ADMIN];

/// For checkers with a `bind_port` below 1024; who has none can do without.
const USEFUL: Capability = Capability::CAP_NET_BIND_SERVICE;

/// The daemon may not do what it is for, or cannot give up what it does not need.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// A needed capability is missing.
    #[error("{capability} is missing; run as root, or with CAP_NET_RAW and CAP_NET_ADMIN")]
    Missing {
        /// Which one.
        capability: Capability,
    },
    /// The kernel refused to read or to change a set.
    #[error("cannot restrict capabilities")]
    Restrict(#[from] CapsError),
    /// The kernel refused to forbid new privileges.
    #[error("cannot forbid new privileges")]
    NewPrivileges(#[from] Errno),
}

/// Checks that the needed capabilities are there and gives up all others for good, but for
/// `CAP_NET_BIND_SERVICE` if it is there.
///
/// This is about the calling thread and those it makes from now on. Threads made before keep what they
/// have: a [`Runner`](crate::script::Runner) whose scripts are to have other users has to be older.
///
/// # Errors
/// [`PrivilegeError`].
pub fn restrict() -> Result<(), PrivilegeError> {
    let held = caps::read(None, CapSet::Effective)?;
    if let Some(capability) = NEEDED.into_iter().find(|needed| !held.contains(needed)) {
        return Err(PrivilegeError::Missing { capability });
    }
    let mut needed = CapsHashSet::from(NEEDED);
    needed.extend(held.get(&USEFUL));
    // The bounding set first: to change it takes a capability that is about to go.
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP)? {
        for capability in caps::read(None, CapSet::Bounding)?.difference(&needed) {
            caps::drop(None, CapSet::Bounding, *capability)?;
        }
    }
    caps::clear(None, CapSet::Ambient)?;
    caps::clear(None, CapSet::Inheritable)?;
    caps::set(None, CapSet::Effective, &needed)?;
    caps::set(None, CapSet::Permitted, &needed)?;
    nix::sys::prctl::set_no_new_privs()?;
    Ok(())
}

/// Closes inherited descriptors, except the standard streams: scripts would
/// inherit it. Only for the begin of a program, that has opened nothing itself and has one thread.
pub fn close_inherited() {
    const FIRST: RawFd = 3;
    /// Where there is no `/proc`.
    const LAST: RawFd = 1023;
    let open: Vec<RawFd> = match fs::read_dir("/proc/self/fd") {
        Ok(entries) => entries
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect(),
        Err(_) => (FIRST..=LAST).collect(),
    };
    for descriptor in open.into_iter().filter(|descriptor| *descriptor >= FIRST) {
        // That of the directory itself is closed already.
        let _closed = nix::unistd::close(descriptor);
    }
}
