//! Errors of this host that prevent checks, each logged once.

use std::collections::{BTreeMap, BTreeSet};

use nix::errno::Errno;

use crate::health::attempt::{Failure, Outcome};
use crate::slab::Handle;

/// Attempts that could not be made, by cause.
#[derive(Debug, Default)]
pub(super) struct SystemErrors {
    /// The checkers whose last attempt could not be made.
    affected: BTreeMap<Cause, BTreeSet<Handle>>,
}

/// A call that failed, and the number of how; of one checker if others need not suffer from the same.
type Cause = (&'static str, i32, Option<Handle>);

/// What is to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ErrorEvent {
    /// Nothing that is new.
    None,
    /// The first attempt of many, perhaps, that cannot be made.
    Started,
    /// The last of the attempts that could not be made was made.
    Ended {
        /// The call that had failed.
        call: &'static str,
        /// How it had.
        errno: Errno,
    },
}

impl SystemErrors {
    /// An attempt of a checker ended.
    pub(super) fn note(&mut self, checker: Handle, outcome: &Outcome) -> ErrorEvent {
        let key = match outcome {
            Err(Failure::System { call, errno }) => Some(cause(call, *errno, checker)),
            Ok(_) | Err(_) => None,
        };
        let mut event = ErrorEvent::None;
        self.affected.retain(|other, affected| {
            if Some(*other) != key && affected.remove(&checker) && affected.is_empty() {
                let (call, errno, _) = *other;
                let errno = Errno::from_raw(errno);
                event = ErrorEvent::Ended { call, errno };
            }
            !affected.is_empty()
        });
        if let Some(key) = key {
            let affected = self.affected.entry(key).or_default();
            if affected.is_empty() {
                event = ErrorEvent::Started;
            }
            affected.insert(checker);
        }
        event
    }

    /// A checker is removed.
    pub(super) fn forget(&mut self, checker: Handle) {
        self.affected.retain(|_, affected| {
            affected.remove(&checker);
            !affected.is_empty()
        });
    }
}

fn cause(call: &'static str, errno: Errno, checker: Handle) -> Cause {
    let common = [
        Errno::EAGAIN,
        Errno::EMFILE,
        Errno::ENFILE,
        Errno::ENOBUFS,
        Errno::ENOMEM,
        Errno::ENOSPC,
    ];
    let only = (!common.contains(&errno)).then_some(checker);
    (call, errno as i32, only)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::attempt::Passed;

    const fn at(number: u64) -> Handle {
        Handle::from_bits(number)
    }

    fn error(call: &'static str, errno: Errno) -> Outcome {
        Err(Failure::System { call, errno })
    }

    #[test]
    fn a_shared_error_is_logged_once_and_again_after_all_are_over_it() {
        let mut system_errors = SystemErrors::default();
        let no_descriptor = error("socket", Errno::EMFILE);
        assert_eq!(
            system_errors.note(at(1), &no_descriptor),
            ErrorEvent::Started
        );
        for checker in [2, 3, 1, 2] {
            assert_eq!(
                system_errors.note(at(checker), &no_descriptor),
                ErrorEvent::None
            );
        }
        let passed = Ok(Passed::default());
        assert_eq!(system_errors.note(at(1), &passed), ErrorEvent::None);
        assert_eq!(
            system_errors.note(at(2), &Err(Failure::Refused)),
            ErrorEvent::None
        );
        let ended = ErrorEvent::Ended {
            call: "socket",
            errno: Errno::EMFILE,
        };
        assert_eq!(system_errors.note(at(3), &passed), ended);
        assert_eq!(system_errors.note(at(3), &passed), ErrorEvent::None);
        assert_eq!(
            system_errors.note(at(3), &no_descriptor),
            ErrorEvent::Started
        );
    }

    #[test]
    fn an_error_of_one_checker_is_logged_for_each() {
        let mut system_errors = SystemErrors::default();
        let missing = error("execve", Errno::ENOENT);
        for checker in [1, 2] {
            assert_eq!(
                system_errors.note(at(checker), &missing),
                ErrorEvent::Started
            );
            assert_eq!(system_errors.note(at(checker), &missing), ErrorEvent::None);
        }
        let other = error("execve", Errno::EACCES);
        assert_eq!(system_errors.note(at(1), &other), ErrorEvent::Started);
    }

    #[test]
    fn a_checker_that_is_removed_is_affected_no_more() {
        let mut system_errors = SystemErrors::default();
        let no_descriptor = error("socket", Errno::EMFILE);
        assert_eq!(
            system_errors.note(at(1), &no_descriptor),
            ErrorEvent::Started
        );
        assert_eq!(system_errors.note(at(2), &no_descriptor), ErrorEvent::None);
        system_errors.forget(at(1));
        assert_eq!(system_errors.note(at(3), &no_descriptor), ErrorEvent::None);
        system_errors.forget(at(2));
        system_errors.forget(at(3));
        assert_eq!(
            system_errors.note(at(4), &no_descriptor),
            ErrorEvent::Started
        );
    }
}
