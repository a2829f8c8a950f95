//! The errors of the sockets, and whether each is transient.

use std::io;

use nix::errno::Errno;

/// Why a socket could not be opened or set up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such interface, or it was renamed or replaced meanwhile.
    #[error("there is no interface with index {interface}")]
    Interface {
        /// The index asked for.
        interface: u32,
        /// The kernel's error.
        source: io::Error,
    },
    /// The kernel refused the socket, as it does without `CAP_NET_RAW`.
    #[error("cannot create a raw socket")]
    Create {
        /// The kernel's error.
        source: io::Error,
    },
    /// The kernel refused an option.
    #[error("cannot set {option}")]
    Option {
        /// The name of the option.
        option: &'static str,
        /// The kernel's error.
        source: io::Error,
    },
}

/// Why a packet or frame was not sent.
///
/// None of them is an event for the protocol: Backups take over by their timers, and to leave
/// Active because of a full queue would be worse than one lost advertisement.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The queue of the socket is full; try again when it is writable.
    #[error("the send queue is full")]
    WouldBlock,
    /// Lost, but the next one may pass: the interface is down or its queue full, the source address
    /// is missing or still tentative, a firewall or the routing table objects, a peer is unreachable.
    #[error("the packet was lost")]
    Transient {
        /// The kernel's error.
        source: io::Error,
    },
    /// Longer than the interface's MTU.
    #[error("{octets} octets are more than the interface can carry")]
    TooLong {
        /// The length of what was to be sent.
        octets: usize,
    },
    /// The addresses are not of the socket's family. Nothing was sent.
    #[error("the addresses are of another family than the socket")]
    Family,
    /// The interface was deleted, and this socket is unusable.
    #[error("the interface no longer exists")]
    InterfaceGone {
        /// The kernel's error.
        source: io::Error,
    },
    /// The same call would fail again.
    #[error("the kernel refuses to send")]
    Fatal {
        /// The kernel's error.
        source: io::Error,
    },
}

impl SendError {
    /// Sorts `source`, the outcome of sending `octets`.
    pub(crate) fn new(source: io::Error, octets: usize) -> Self {
        match Severity::of(&source) {
            Severity::WouldBlock => Self::WouldBlock,
            Severity::TooLong => Self::TooLong { octets },
            Severity::Transient => Self::Transient { source },
            Severity::Gone => Self::InterfaceGone { source },
            Severity::Fatal => Self::Fatal { source },
        }
    }
}

/// Why nothing could be received.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The kernel reported an earlier error or a transient shortage; receive again.
    #[error("receiving was interrupted")]
    Transient {
        /// The kernel's error.
        source: io::Error,
    },
    /// The same call would fail again.
    #[error("the kernel refuses to receive")]
    Fatal {
        /// The kernel's error.
        source: io::Error,
    },
}

impl ReceiveError {
    /// Sorts `source`; `None` if there was only nothing to receive.
    pub(super) fn new(source: io::Error) -> Option<Self> {
        match Severity::of(&source) {
            Severity::WouldBlock => None,
            Severity::Transient | Severity::TooLong | Severity::Gone => {
                Some(Self::Transient { source })
            }
            Severity::Fatal => Some(Self::Fatal { source }),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    WouldBlock,
    TooLong,
    Transient,
    Gone,
    Fatal,
}

impl Severity {
    fn of(error: &io::Error) -> Self {
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EAGAIN) => Self::WouldBlock,
            Some(Errno::EMSGSIZE) => Self::TooLong,
            Some(
                Errno::EINTR
                | Errno::ENOBUFS
                | Errno::ENOMEM
                | Errno::ENETDOWN
                | Errno::ENETUNREACH
                | Errno::EHOSTDOWN
                | Errno::EHOSTUNREACH
                | Errno::EADDRNOTAVAIL
                | Errno::ECONNREFUSED
                | Errno::EPROTO
                | Errno::ENOPROTOOPT
                // A netfilter verdict, and a "prohibit" route.
                | Errno::EPERM
                | Errno::EACCES,
            ) => Self::Transient,
            Some(Errno::ENODEV | Errno::ENXIO) => Self::Gone,
            Some(_) | None => Self::Fatal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_path_to_the_wire_is_sorted() {
        let table = [
            (Errno::EAGAIN, Severity::WouldBlock),
            (Errno::EMSGSIZE, Severity::TooLong),
            (Errno::ENOBUFS, Severity::Transient),
            (Errno::ENETDOWN, Severity::Transient),
            (Errno::EADDRNOTAVAIL, Severity::Transient),
            (Errno::EINTR, Severity::Transient),
            (Errno::EPERM, Severity::Transient),
            (Errno::ENODEV, Severity::Gone),
            (Errno::ENXIO, Severity::Gone),
            (Errno::EBADF, Severity::Fatal),
            (Errno::EINVAL, Severity::Fatal),
            (Errno::ENOTSOCK, Severity::Fatal),
        ];
        for (errno, severity) in table {
            assert_eq!(Severity::of(&errno.into()), severity, "{errno}");
        }
        let ours = io::Error::other("not from the kernel");
        assert_eq!(Severity::of(&ours), Severity::Fatal);
    }

    #[test]
    fn a_network_that_is_down_does_not_end_receiving() {
        let down = ReceiveError::new(Errno::ENETDOWN.into());
        assert!(matches!(down, Some(ReceiveError::Transient { .. })));
        assert!(ReceiveError::new(Errno::EAGAIN.into()).is_none());
        let closed = ReceiveError::new(Errno::EBADF.into());
        assert!(matches!(closed, Some(ReceiveError::Fatal { .. })));
    }
}
