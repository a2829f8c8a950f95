//! The file of the control socket: its mode, and the removal of one that an earlier run left.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, PermissionsExt};
use std::os::unix::net as blocking;
use std::path::Path;

use mio::net::UnixListener;
use nix::sys::stat::{Mode, fchmod};
use socket2::{Domain, SockAddr, Socket, Type};

use super::MODE;

/// Clients that wait to be accepted; the others wait before they connect.
const BACKLOG: i32 = 16;

pub(super) fn bind(path: &Path) -> io::Result<UnixListener> {
    if let Some(directory) = path.parent() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(directory)?;
    }
    let address = SockAddr::unix(path)?;
    let is_socket = fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    if is_socket {
        if is_listened_to(&address)? {
            return Err(ErrorKind::AddrInUse.into());
        }
        fs::remove_file(path)?;
    }
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    // The file has this mode from the beginning, less what the umask takes, which is put back.
    fchmod(socket.as_fd(), Mode::from_bits_truncate(MODE))?;
    socket.bind(&address)?;
    fs::set_permissions(path, Permissions::from_mode(MODE))?;
    socket.listen(BACKLOG)?;
    let listener = blocking::UnixListener::from(OwnedFd::from(socket));
    Ok(UnixListener::from_std(listener))
}

/// Whether some process has a socket at `address`. It may be stopped, and its queue full: nothing is
/// waited for.
fn is_listened_to(address: &SockAddr) -> io::Result<bool> {
    let probe = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
    let Err(error) = probe.connect(address) else {
        return Ok(true);
    };
    // The second: it has gone meanwhile.
    let nobody = [ErrorKind::ConnectionRefused, ErrorKind::NotFound];
    if nobody.contains(&error.kind()) {
        Ok(false)
    } else if error.kind() == ErrorKind::WouldBlock {
        Ok(true)
    } else {
        Err(error)
    }
}
