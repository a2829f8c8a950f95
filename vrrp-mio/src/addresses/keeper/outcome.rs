//! The outcome of a request, from the kernel's answer.

use nix::errno::Errno;

use super::entry::Change;
use crate::netlink::RequestError;

pub(super) enum Outcome {
    Done,
    /// Somebody else had done it.
    Already,
    Uncertain,
    Refused(RequestError),
}

impl Outcome {
    pub(super) fn of(change: Change, result: Result<(), RequestError>) -> Self {
        let Err(error) = result else {
            return Self::Done;
        };
        if error.is_uncertain() {
            return Self::Uncertain;
        }
        match (change, error.errno().map(Errno::from_raw)) {
            (Change::Add, Some(Errno::EEXIST))
            | (Change::Remove, Some(Errno::EADDRNOTAVAIL | Errno::ENODEV)) => Self::Already,
            (Change::Add | Change::Remove, Some(_) | None) => Self::Refused(error),
        }
    }
}
