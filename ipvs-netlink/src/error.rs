//! The errors of the crate, and the meaning of the kernel's error numbers for each request.

use core::fmt;
use std::io;

use nix::libc;
use thiserror::Error;

use crate::decode::DecodeError;
use crate::request::Request;

/// A request failed.
///
/// ```
/// use ipvs_netlink::memory::Kernel;
/// use ipvs_netlink::{ErrorKind, Request};
///
/// let mut client = Kernel::new().client()?;
/// let service = "udp 192.0.2.1:53".parse()?;
/// let error = client.delete_service(&service).unwrap_err();
/// assert_eq!(*error.request, Request::DeleteService(service));
/// assert_eq!((error.kind, error.errno), (ErrorKind::ServiceMissing, Some(3)));
/// assert_eq!(
///     error.to_string(),
///     "cannot delete service UDP 192.0.2.1:53: there is no such service"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cannot {request}: {kind}{}", Words(text.as_deref()))]
#[non_exhaustive]
pub struct Error {
    /// The request.
    pub request: Box<Request>,
    /// The kind of failure.
    pub kind: ErrorKind,
    /// The kernel's error number, if it refused.
    pub errno: Option<i32>,
    /// The kernel's message beside its error number.
    pub text: Option<Box<str>>,
}

impl Error {
    /// A failure without the kernel's word.
    #[must_use]
    pub fn new(request: Request, kind: ErrorKind) -> Self {
        Self {
            request: Box::new(request),
            kind,
            errno: None,
            text: None,
        }
    }

    pub(crate) fn refused(request: Request, errno: i32, text: Option<Box<str>>) -> Self {
        Self {
            request: Box::new(request),
            kind: ErrorKind::of(&request, errno),
            errno: Some(errno),
            text,
        }
    }
}

struct Words<'a>(Option<&'a str>);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |words| write!(f, " ({words})"))
    }
}

/// Why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `EEXIST`: there is such a service.
    #[error("the service exists")]
    ServiceExists,
    /// `ESRCH`: there is no such service.
    #[error("there is no such service")]
    ServiceMissing,
    /// `ENOENT`: the kernel has no such scheduler.
    #[error("the kernel has no such scheduler")]
    SchedulerUnknown,
    /// `ENOENT`: the kernel lacks the scheduler or the persistence engine.
    #[error("the kernel has no such scheduler or persistence engine")]
    SchedulerOrEngineUnknown,
    /// `EEXIST`: the service has such a destination.
    #[error("the destination exists")]
    DestinationExists,
    /// `ENOENT`: the service has no such destination.
    #[error("there is no such destination")]
    DestinationMissing,
    /// `ERANGE`: the weight is beyond 2³¹-1, or the lower threshold beyond the upper.
    #[error("the weight or a threshold is out of range")]
    Range,
    /// `EEXIST`: such a synchronisation daemon runs.
    #[error("the daemon is running")]
    DaemonRunning,
    /// `ESRCH`: no such synchronisation daemon runs.
    #[error("the daemon is not running")]
    DaemonNotRunning,
    /// `ENODEV`: there is no such interface.
    #[error("there is no such interface")]
    InterfaceMissing,
    /// `EAFNOSUPPORT`: the kernel's IPVS lacks the address family.
    #[error("the kernel does not balance this address family")]
    FamilyUnsupported,
    /// `EPERM`: it takes `CAP_NET_ADMIN` in the initial user namespace.
    #[error("not permitted; it takes CAP_NET_ADMIN in the initial user namespace")]
    Permission,
    /// `ENOENT` where nothing asked for can be missing: ip_vs was unloaded.
    #[error("the kernel has no ip_vs any more")]
    NotAvailable,
    /// `EOPNOTSUPP`: the kernel does not know the request.
    #[error("the kernel does not support this")]
    Unsupported,
    /// `EINVAL`: the kernel refuses a value.
    #[error("the kernel refuses a value as invalid")]
    Invalid,
    /// `ENOMEM` or `ENOBUFS`: the kernel has no memory for it.
    #[error("the kernel has no memory for it")]
    OutOfMemory,
    /// `EBUSY`: a list is being read.
    #[error("the kernel is busy")]
    Busy,
    /// Another error number, whose meaning here is unknown.
    #[error("{}", io::Error::from_raw_os_error(*.0))]
    Other(i32),
    /// The answer was lost: what was to change may have changed or not.
    #[error("the kernel's answer was lost")]
    AnswerLost,
    /// No answer came for 5 s: what was to change may yet change.
    #[error("the kernel did not answer")]
    TimedOut,
    /// The list changed while it was read.
    #[error("the list changed while it was read")]
    Interrupted,
    /// The answer is not understood.
    #[error("the kernel's answer is not understood: {0}")]
    Malformed(DecodeError),
    /// The persistence granularity is of the other address family; nothing was sent.
    #[error("the persistence granularity is not of the service's address family")]
    GranularityMismatch,
    /// It does not fit a netlink message; nothing was sent.
    #[error("the request does not fit a netlink message")]
    Unencodable,
    /// The socket failed with this error number: what was to change may have changed or not.
    #[error("the netlink socket failed: {}", io::Error::from_raw_os_error(*.0))]
    Socket(i32),
}

impl ErrorKind {
    /// What the kernel means by `errno` in answer to `request`.
    fn of(request: &Request, errno: i32) -> Self {
        Self::particular(request, errno).unwrap_or(match errno {
            libc::EPERM => Self::Permission,
            libc::ENOENT => Self::NotAvailable,
            libc::EINVAL => Self::Invalid,
            libc::EOPNOTSUPP => Self::Unsupported,
            libc::ENOMEM | libc::ENOBUFS => Self::OutOfMemory,
            libc::EBUSY => Self::Busy,
            _ => Self::Other(errno),
        })
    }

    /// The meanings that depend on the request.
    const fn particular(request: &Request, errno: i32) -> Option<Self> {
        Some(match (request, errno) {
            (Request::AddService(_), libc::EEXIST) => Self::ServiceExists,
            (Request::AddService(service) | Request::EditService(service), libc::ENOENT) => {
                match service.engine {
                    Some(_) => Self::SchedulerOrEngineUnknown,
                    None => Self::SchedulerUnknown,
                }
            }
            (Request::AddDestination(..), libc::EEXIST) => Self::DestinationExists,
            (Request::EditDestination(..) | Request::DeleteDestination(..), libc::ENOENT) => {
                Self::DestinationMissing
            }
            (Request::AddDestination(..) | Request::EditDestination(..), libc::ERANGE) => {
                Self::Range
            }
            (Request::StartDaemon(_), libc::EEXIST) => Self::DaemonRunning,
            (Request::StartDaemon(_), libc::ENODEV) => Self::InterfaceMissing,
            (Request::StopDaemon(_), libc::ESRCH) => Self::DaemonNotRunning,
            (request, libc::ESRCH) if request.service().is_some() => Self::ServiceMissing,
            (request, libc::EAFNOSUPPORT) if request.service().is_some() => Self::FamilyUnsupported,
            _ => return None,
        })
    }

    /// Whether a change may have been made nevertheless: list what there is to know.
    #[must_use]
    pub const fn is_uncertain(self) -> bool {
        matches!(self, Self::AnswerLost | Self::TimedOut | Self::Socket(_))
    }
}

/// No connection to the kernel's IPVS.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The kernel has no ip_vs, and could not load it.
    #[error("the kernel has no ip_vs: load the module (`modprobe ip_vs`)")]
    NotAvailable,
    /// IPVS is for `CAP_NET_ADMIN` in the initial user namespace.
    #[error("IPVS takes CAP_NET_ADMIN in the initial user namespace")]
    Permission,
    /// The netlink socket failed.
    #[error("the netlink socket failed")]
    Socket(#[from] io::Error),
    /// No answer came for 5 s.
    #[error("the kernel does not answer")]
    TimedOut,
    /// The kernel refused to report its version, with this error number.
    #[error("the kernel refused: {}", io::Error::from_raw_os_error(*.0))]
    Refused(i32),
    /// The answer is not understood.
    #[error("the kernel's answer is not understood")]
    Malformed(#[from] DecodeError),
    /// The kernel did not report its version.
    #[error(transparent)]
    Info(Error),
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        if error.kind == ErrorKind::Permission {
            Self::Permission
        } else if error.kind == ErrorKind::NotAvailable {
            Self::NotAvailable
        } else if error.kind == ErrorKind::TimedOut {
            Self::TimedOut
        } else {
            Self::Info(error)
        }
    }
}

#[cfg(test)]
mod tests;
