//! The outcomes of a failure.

use core::fmt;

/// What a daemon made of one failed system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was Active twice, answered, ended well, and left nothing.
    Recovered,
    /// It ended at its start and said why.
    Refused(String),
    /// The call was not made so often.
    NotReached,
    /// Neither.
    Violation(String),
}

impl Outcome {
    pub(crate) const fn is_violation(&self) -> bool {
        matches!(self, Self::Violation(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recovered => f.write_str("recovered"),
            Self::Refused(why) => write!(f, "refused to start: {why}"),
            Self::NotReached => f.write_str("not reached"),
            Self::Violation(what) => f.write_str(what),
        }
    }
}
