//! The errors of a command line.

use alloc::string::String;

use thiserror::Error;

use super::{CommandKind, Opt};
use crate::service::Persistence;
use crate::{Destination, NameError, SyncDaemon};

/// A command line that ipvsadm would refuse, and where it went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{reason}")]
#[non_exhaustive]
pub struct CommandError {
    /// Which of the words, counted from 0; `None` if it is something that is missing or does not
    /// go together.
    pub word: Option<usize>,
    /// Why.
    pub reason: Reason,
}

/// Why a command line is refused: one variant per refusal of ipvsadm.
///
/// ipvsadm exits with status 2, but for the first four, which give 255.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The first word is not a command.
    #[error(
        "no command, allowed are -A, -E, -D, -C, -R, -S, -a, -e, -d, -L, -l, -Z, -h, -v, --set, --start-daemon and --stop-daemon"
    )]
    NoCommand,
    /// An option that ipvsadm does not have, in the word given, or a value to one that takes none.
    #[error("unknown option {0}")]
    UnknownOption(String),
    /// A value to an option that takes none, in the word given.
    #[error("{0}: the option takes no value")]
    UnwantedValue(String),
    /// An option at the end that needs a value.
    #[error("{0} without its value")]
    MissingValue(String),
    /// A second command, in the word given.
    #[error("{0} after another command")]
    SecondCommand(String),
    /// A word that belongs to no option.
    #[error("unexpected {0:?}")]
    Unexpected(String),
    /// The same option twice.
    #[error("{0} more than once")]
    Repeated(Opt),
    /// An option that a command needs.
    #[error("{1} without {0}")]
    Missing(Opt, CommandKind),
    /// An option that a command does not take.
    #[error("{0}, which {1} does not take")]
    Illegal(Opt, CommandKind),
    /// Two options of which a command takes one.
    #[error("{0} and {1}, of which {2} takes one")]
    Conflict(Opt, Opt, CommandKind),
    /// Columns of a table for something that has no such columns.
    #[error("columns of the table together with connections, timeouts or daemons")]
    ListConflict,
    /// The address of a service.
    #[error("{0:?} is no virtual server, which is ADDRESS[:PORT] or [IPV6]:PORT")]
    VirtualServer(String),
    /// The address of a destination.
    #[error("{0:?} is no real server, which is ADDRESS[:PORT] or [IPV6]:PORT")]
    RealServer(String),
    /// A mark.
    #[error("{0:?} is no mark, allowed are 1 to 4294967295")]
    Mark(String),
    /// `-6` with nothing to belong to.
    #[error("-6 without a mark (-f) before it")]
    Ipv6BeforeMark,
    /// A scheduler.
    #[error("{0:?} is no scheduler: {1}")]
    Scheduler(String, NameError),
    /// A persistence engine.
    #[error("{0:?} is no persistence engine: {1}")]
    Engine(String, NameError),
    /// A timeout of `-p` or `--set`.
    #[error("{0:?} is no timeout, allowed are 1 (0 for --set) to {max} s", max = Persistence::MAX_TIMEOUT)]
    Timeout(String),
    /// An IPv4 netmask.
    #[error("{0:?} is no netmask, which is an IPv4 address such as 255.255.255.0")]
    Netmask(String),
    /// An IPv6 prefix length.
    #[error("{0:?} is no prefix length, allowed are 1 to 128")]
    Prefix(String),
    /// A flag of another scheduler.
    #[error("{0:?}, which is a flag of another scheduler")]
    IncompatibleFlag(String),
    /// A flag that no scheduler has.
    #[error(
        "{0:?} is no scheduler flag, allowed are flag-1, flag-2, flag-3, sh-fallback, sh-port, mh-fallback and mh-port"
    )]
    UnknownFlag(String),
    /// A weight.
    #[error("{0:?} is no weight, allowed are 0 to {max}", max = Destination::MAX_WEIGHT)]
    Weight(String),
    /// An upper threshold.
    #[error("{0:?} is no upper threshold, allowed are 0 to {max}", max = Destination::MAX_THRESHOLD)]
    Upper(String),
    /// A lower threshold.
    #[error("{0:?} is no lower threshold, allowed are 0 to {max}", max = Destination::MAX_THRESHOLD)]
    Lower(String),
    /// A tunnel type.
    #[error("{0:?} is no tunnel type, allowed are ipip, gue and gre")]
    TunnelType(String),
    /// A tunnel port.
    #[error("{0:?} is no tunnel port, allowed are 1 to 65535")]
    TunnelPort(String),
    /// Port 0 without persistence.
    #[error("port 0 without -p, which takes every port")]
    ZeroPort,
    /// One-packet scheduling of connections.
    #[error("-o with a service that is not of UDP or a mark")]
    OnePacket,
    /// Another family, and no tunnel.
    #[error("a real server of another address family without -i")]
    MixedFamilies,
    /// Tunnel options, and no tunnel.
    #[error("tunnel options without -i")]
    NotTunnel,
    /// An option that a tunnel needs.
    #[error("a {1} tunnel without {0}")]
    TunnelMissing(Opt, &'static str),
    /// An option that a tunnel has not.
    #[error("{0}, which a {1} tunnel does not take")]
    TunnelIllegal(Opt, &'static str),
    /// Two options of which a tunnel takes one.
    #[error("{0} and {1}, of which a {2} tunnel takes one")]
    TunnelConflict(Opt, Opt, &'static str),
    /// `--set` without its three values.
    #[error("--set without three timeouts: TCP, TCP after a FIN, UDP")]
    SetValues,
    /// The state of `--start-daemon`.
    #[error("{0:?} is no daemon to start, allowed are master and backup")]
    StartState(String),
    /// The state of `--stop-daemon`.
    #[error("{0:?} is no daemon to stop, allowed are master and backup")]
    StopState(String),
    /// An interface.
    #[error("{0:?} is no interface: {1}")]
    Interface(String, NameError),
    /// A synchronisation identifier.
    #[error("{0:?} is no synchronisation identifier, allowed are 0 to 255")]
    SyncId(String),
    /// A multicast group.
    #[error("{0:?} is no multicast group")]
    Group(String),
    /// A port of a multicast group.
    #[error("{0:?} is no port, allowed are 1 to 65535")]
    Port(String),
    /// A time to live.
    #[error("{0:?} is no time to live, allowed are 1 to 255")]
    TimeToLive(String),
    /// A length of datagrams.
    #[error("{0:?} is no length of datagrams, allowed are 1 to {max}", max = SyncDaemon::MAX_LENGTH)]
    MaxLength(String),
}

impl Reason {
    pub(super) const fn at(self, word: usize) -> CommandError {
        CommandError {
            word: Some(word),
            reason: self,
        }
    }

    pub(super) const fn nowhere(self) -> CommandError {
        CommandError {
            word: None,
            reason: self,
        }
    }
}
