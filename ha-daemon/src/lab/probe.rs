//! The common part of the pinger and the visitor: waiting, and reports by lines.

use core::fmt::Display;
use core::time::Duration;
use std::io::{self, Write};

use nix::errno::Errno;
use nix::poll::{PollFd, PollTimeout, poll};

/// Writes a line of the report.
pub(super) fn report(out: &mut impl Write, line: impl Display) -> Result<(), ProbeError> {
    writeln!(out, "{line}").map_err(ProbeError::Report)
}

/// Waits for any of `fds`.
pub(super) fn wait(fds: &mut [PollFd<'_>], at_most: Duration) -> Result<(), ProbeError> {
    let millis = u16::try_from(at_most.as_micros().div_ceil(1000)).unwrap_or(u16::MAX);
    match poll(fds, PollTimeout::from(millis)) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(ProbeError::Receive(errno.into())),
    }
}

/// What a silent or unreachable destination looks like: a lost probe, not a failure of the prober.
pub(super) fn is_loss(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, Interrupted, NetworkUnreachable};
    [
        ConnectionRefused,
        HostUnreachable,
        NetworkUnreachable,
        Interrupted,
    ]
    .contains(&error.kind())
}

/// A line that is no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoReport;

/// A host that cannot probe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// No socket.
    #[error("cannot open a socket")]
    Open(#[source] io::Error),
    /// A request could not be sent for a reason of this host's own.
    #[error("cannot send a request")]
    Send(#[source] io::Error),
    /// The socket failed.
    #[error("cannot wait for answers")]
    Receive(#[source] io::Error),
    /// The clock failed.
    #[error("cannot read the clock")]
    Clock(#[source] io::Error),
    /// The process that collects the record is gone.
    #[error("cannot report")]
    Report(#[source] io::Error),
}
