//! `MISC_CHECK`: a script whose exit status is the verdict.

use core::time::Duration;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use nix::errno::Errno;

use super::attempt::{DynamicWeight, Failure, Outcome, Passed, Process};
use crate::script::{Ending, Run, Runner, Script, StartError};

/// Why a script's run makes a real server unfit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MiscFailure {
    /// Status 1, or any but 0 without `misc_dynamic`.
    #[error("exit status {0}")]
    Exited(u8),
    /// A signal that was not sent because of the time it took.
    #[error("ended by signal {0}")]
    Killed(i32),
    /// The process of an attempt that took too long cannot be ended.
    #[error("the process of the attempt before cannot be ended")]
    Stuck,
}

/// A `MISC_CHECK` block.
#[derive(Clone, Debug)]
pub struct MiscCheck {
    script: Arc<Script>,
    dynamic: bool,
}

impl MiscCheck {
    /// `dynamic` is `misc_dynamic`: statuses from 2 on are weights.
    #[must_use]
    pub const fn new(script: Arc<Script>, dynamic: bool) -> Self {
        Self { script, dynamic }
    }

    /// Begins an attempt, without waiting for anything.
    ///
    /// # Errors
    /// The outcome of the attempt, if it is over before it began: the script's last process is
    /// still alive ([`MiscFailure::Stuck`]), or this host can run no more.
    pub fn start(&self, runner: &Runner) -> Result<MiscAttempt, Failure> {
        let run = runner.start(&self.script).map_err(|error| match error {
            StartError::Alive => MiscFailure::Stuck.into(),
            StartError::Busy => system("fork", Errno::EAGAIN),
            StartError::Descriptor(errno) => system("socketpair", errno),
        })?;
        let dynamic = self.dynamic;
        Ok(MiscAttempt { run, dynamic })
    }
}

/// What keeps a script from running says nothing of the server it is to look at.
const fn system(call: &'static str, errno: Errno) -> Failure {
    Failure::System { call, errno }
}

/// What an exit status means: 0 is fit; with `dynamic`, 2 to 255 are fit with a weight of 0 to 253;
/// all others are unfit.
fn judge(ending: Ending, dynamic: bool) -> Outcome {
    match ending {
        Ending::Exited(0) => Ok(Passed::default()),
        Ending::Exited(status @ 2..) if dynamic => Ok(Passed {
            weight: Some(DynamicWeight::Absolute(u32::from(status - 2))),
        }),
        Ending::Exited(status) => Err(MiscFailure::Exited(status).into()),
        Ending::Killed(signal) => Err(MiscFailure::Killed(signal).into()),
        Ending::NotStarted(errno) => Err(system("execve", errno)),
        Ending::NotRun => Err(system("fork", Errno::ECANCELED)),
        Ending::Lost => Err(system("wait", Errno::ECHILD)),
    }
}

/// A run of the script. Dropping it ends the script and its children.
#[derive(Debug)]
pub struct MiscAttempt {
    run: Run,
    dynamic: bool,
}

impl MiscAttempt {
    /// Whether the script had begun at the last [`poll`](Process::poll): its time runs from then.
    #[must_use]
    pub const fn has_begun(&self) -> bool {
        self.run.has_begun()
    }
}

impl AsFd for MiscAttempt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.run.as_fd()
    }
}

impl Process for MiscAttempt {
    fn poll(&mut self) -> Option<Outcome> {
        self.run.poll().map(|ending| judge(ending, self.dynamic))
    }

    fn timed_out(&mut self, limit: Duration) -> Outcome {
        self.run.cancel();
        Err(match self.run.has_begun() {
            true => Failure::NoAnswer(limit),
            false => system("execve", Errno::ETIMEDOUT),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(weight: u32) -> Outcome {
        Ok(Passed {
            weight: Some(DynamicWeight::Absolute(weight)),
        })
    }

    fn exited(status: u8) -> Outcome {
        Err(MiscFailure::Exited(status).into())
    }

    #[test]
    fn only_status_0_passes() {
        assert_eq!(judge(Ending::Exited(0), false), Ok(Passed::default()));
        for status in 1..=255 {
            assert_eq!(judge(Ending::Exited(status), false), exited(status));
        }
    }

    #[test]
    fn dynamic_statuses_are_weights() {
        assert_eq!(judge(Ending::Exited(0), true), Ok(Passed::default()));
        assert_eq!(judge(Ending::Exited(1), true), exited(1));
        assert_eq!(judge(Ending::Exited(2), true), weight(0));
        assert_eq!(judge(Ending::Exited(3), true), weight(1));
        assert_eq!(judge(Ending::Exited(255), true), weight(253));
    }

    #[test]
    fn other_endings_fail_in_words() {
        let text = |ending| judge(ending, true).unwrap_err().to_string();
        assert_eq!(text(Ending::Exited(1)), "exit status 1");
        assert_eq!(text(Ending::Killed(15)), "ended by signal 15");
        assert_eq!(
            MiscFailure::Stuck.to_string(),
            "the process of the attempt before cannot be ended"
        );
    }

    #[test]
    fn what_keeps_a_script_from_running_is_a_failure_of_this_host() {
        for (ending, text) in [
            (Ending::NotStarted(Errno::EAGAIN), "execve: Try again"),
            (
                Ending::NotStarted(Errno::ENOENT),
                "execve: No such file or directory",
            ),
            (Ending::NotRun, "fork: Operation canceled"),
            (Ending::Lost, "wait: No child processes"),
        ] {
            let failure = judge(ending, false).unwrap_err();
            assert!(matches!(failure, Failure::System { .. }), "{failure:?}");
            assert_eq!(failure.to_string(), text);
        }
    }
}
