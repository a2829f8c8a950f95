//! The errors of `ha-daemon ipvsadm`, and their exit codes.

use core::fmt;
use std::io::{self, Write};

use ipvs_core::rules::Reason;
use ipvs_netlink::{ConnectError, Error};

use super::connections;
use crate::observe::log;

/// A command line was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// It is none.
    #[error("{0}")]
    Usage(Reason),
    /// There is no kernel to carry it out.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The kernel refuses to change something.
    #[error(transparent)]
    Change(Error),
    /// The kernel refused to list something.
    #[error(transparent)]
    Ask(Error),
    /// The kernel's list of connections cannot be read.
    #[error("cannot read {path}", path = connections::PATH)]
    Connections(#[source] io::Error),
    /// The rules cannot be read.
    #[error("cannot read the rules")]
    Input(#[source] io::Error),
    /// The output cannot be written.
    #[error("cannot write the output")]
    Output(#[source] io::Error),
    /// What was to be written has no form; it never happens to text in memory.
    #[error("cannot format the output")]
    Format(#[from] fmt::Error),
}

impl Failure {
    /// The exit code of ipvsadm.
    pub(super) const fn status(&self) -> u8 {
        match self {
            Self::Usage(
                Reason::NoCommand
                | Reason::UnknownOption(_)
                | Reason::UnwantedValue(_)
                | Reason::MissingValue(_),
            )
            | Self::Change(_) => 255,
            Self::Usage(_) | Self::Connect(_) => 2,
            Self::Ask(_)
            | Self::Connections(_)
            | Self::Input(_)
            | Self::Output(_)
            | Self::Format(_) => 1,
        }
    }

    /// Whether `-R` goes on behind it.
    pub(super) const fn is_of_one_line(&self) -> bool {
        matches!(
            self,
            Self::Change(_)
                | Self::Usage(
                    Reason::UnknownOption(_) | Reason::UnwantedValue(_) | Reason::MissingValue(_)
                )
        )
    }

    /// Tells it on standard error, with the place in the rules.
    pub(super) fn tell(&self, place: Option<&dyn fmt::Display>) {
        let mut text = format!("{}: ", super::NAME);
        if let Some(place) = place {
            text = format!("{text}{place}: ");
        }
        text.push_str(&log::chain(self));
        if let (Self::Usage(_), 255) = (self, self.status()) {
            text.push_str("; `-h` lists what there is");
        }
        // Whoever closed standard error wants no messages.
        drop(writeln!(io::stderr(), "{text}"));
    }
}
