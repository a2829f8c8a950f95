//! Errors of this host that prevent checks, each logged once.

use std::collections::{BTreeMap, BTreeSet};

use nix::errno::Errno;

use crate::health::attempt::{Failure, Outcome};
use crate::slab::Handle;

/// Attempts that could not be made, by cause.
#[derive(Debug, Default)]
pub(super) struct Hardships {
    /// The checkers whose last attempt could not be made.
    sufferers: BTreeMap<Cause, BTreeSet<Handle>>,
}

/// A call that failed, and the number of how; of one checker if others need not suffer from the same.
type Cause = (&'static str, i32, Option<Handle>);

/// What is to be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tidings {
    /// Nothing that is new.
    Nothing,
    /// The first attempt of many, perhaps, that cannot be made.
    Begins,
    /// The last of the attempts that could not be made was made.
    Ends {
        /// The call that had failed.
        call: &'static str,
        /// How it had.
        errno: Errno,
    },
}

impl Hardships {
    /// An attempt of a checker ended.
    pub(super) fn note(&mut self, checker: Handle, outcome: &Outcome) -> Tidings {
        let key = match outcome {
            Err(Failure::System { call, errno }) => Some(cause(call, *errno, checker)),
            Ok(_) | Err(_) => None,
        };
        let mut tidings = Tidings::Nothing;
        self.sufferers.retain(|other, sufferers| {
            if Some(*other) != key && sufferers.remove(&checker) && sufferers.is_empty() {
                let (call, errno, _) = *other;
                let errno = Errno::from_raw(errno);
                tidings = Tidings::Ends { call, errno };
            }
            !sufferers.is_empty()
        });
        if let Some(key) = key {
            let sufferers = self.sufferers.entry(key).or_default();
            if sufferers.is_empty() {
                tidings = Tidings::Begins;
            }
            sufferers.insert(checker);
        }
        tidings
    }

    /// A checker is removed.
    pub(super) fn forget(&mut self, checker: Handle) {
        self.sufferers.retain(|_, sufferers| {
            sufferers.remove(&checker);
            !sufferers.is_empty()
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

    fn lack(call: &'static str, errno: Errno) -> Outcome {
        Err(Failure::System { call, errno })
    }

    #[test]
    fn a_lack_is_told_once_however_many_suffer_and_again_when_all_are_over_it() {
        let mut hardships = Hardships::default();
        let no_descriptor = lack("socket", Errno::EMFILE);
        assert_eq!(hardships.note(at(1), &no_descriptor), Tidings::Begins);
        for checker in [2, 3, 1, 2] {
            assert_eq!(
                hardships.note(at(checker), &no_descriptor),
                Tidings::Nothing
            );
        }
        let passed = Ok(Passed::default());
        assert_eq!(hardships.note(at(1), &passed), Tidings::Nothing);
        assert_eq!(
            hardships.note(at(2), &Err(Failure::Refused)),
            Tidings::Nothing
        );
        let ends = Tidings::Ends {
            call: "socket",
            errno: Errno::EMFILE,
        };
        assert_eq!(hardships.note(at(3), &passed), ends);
        assert_eq!(hardships.note(at(3), &passed), Tidings::Nothing);
        assert_eq!(hardships.note(at(3), &no_descriptor), Tidings::Begins);
    }

    #[test]
    fn what_concerns_one_checker_is_told_of_each() {
        let mut hardships = Hardships::default();
        let missing = lack("execve", Errno::ENOENT);
        for checker in [1, 2] {
            assert_eq!(hardships.note(at(checker), &missing), Tidings::Begins);
            assert_eq!(hardships.note(at(checker), &missing), Tidings::Nothing);
        }
        let other = lack("execve", Errno::EACCES);
        assert_eq!(hardships.note(at(1), &other), Tidings::Begins);
    }

    #[test]
    fn a_checker_that_is_removed_suffers_no_more() {
        let mut hardships = Hardships::default();
        let no_descriptor = lack("socket", Errno::EMFILE);
        assert_eq!(hardships.note(at(1), &no_descriptor), Tidings::Begins);
        assert_eq!(hardships.note(at(2), &no_descriptor), Tidings::Nothing);
        hardships.forget(at(1));
        assert_eq!(hardships.note(at(3), &no_descriptor), Tidings::Nothing);
        hardships.forget(at(2));
        hardships.forget(at(3));
        assert_eq!(hardships.note(at(4), &no_descriptor), Tidings::Begins);
    }
}
