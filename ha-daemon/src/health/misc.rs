//! `MISC_CHECK`: a script's exit status says whether a real server is fit.

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
    /// The kernel refused to run it.
    #[error("cannot be run: {}", .0.desc())]
    NotStarted(Errno),
    /// It was not run at all.
    #[error("not run: {0}")]
    NotRun(#[from] StartError),
    /// Nobody knows how it ended.
    #[error("outcome lost")]
    Lost,
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
    /// still alive, or there are too many scripts.
    pub fn start(&self, runner: &Runner) -> Result<MiscAttempt, Failure> {
        let run = runner.start(&self.script).map_err(MiscFailure::NotRun)?;
        let dynamic = self.dynamic;
        Ok(MiscAttempt { run, dynamic })
    }
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
        Ending::NotStarted(errno) => Err(MiscFailure::NotStarted(errno).into()),
        Ending::NotRun | Ending::Lost => Err(MiscFailure::Lost.into()),
    }
}

/// A run of the script. Dropping it ends the script and its children.
#[derive(Debug)]
pub struct MiscAttempt {
    run: Run,
    dynamic: bool,
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
        Err(Failure::NoAnswer(limit))
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
            text(Ending::NotStarted(Errno::ENOENT)),
            "cannot be run: No such file or directory"
        );
        assert_eq!(text(Ending::Lost), "outcome lost");
        assert_eq!(
            MiscFailure::from(StartError::Alive).to_string(),
            "not run: the previous run has not ended"
        );
    }
}
