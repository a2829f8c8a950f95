//! The options of ipvsadm, and the commands that accept each.

use core::fmt;

/// An option of a command, or several that exclude each other.
///
/// In the order in which ipvsadm checks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Opt {
    /// `-n`.
    Numeric,
    /// `-c`.
    Connection,
    /// `-t`, `-u`, `--sctp-service`, `-f`.
    Service,
    /// `-s`.
    Scheduler,
    /// `-p`.
    Persistent,
    /// `-M`.
    Netmask,
    /// `-r`.
    Server,
    /// `-g`, `-i`, `-m`.
    Forwarding,
    /// `-w`.
    Weight,
    /// `-x`.
    Upper,
    /// `-y`.
    Lower,
    /// `--mcast-interface`.
    Interface,
    /// `--timeout`.
    Timeout,
    /// `--daemon`.
    Daemon,
    /// `--stats`.
    Statistics,
    /// `--rate`.
    Rate,
    /// `--thresholds`.
    Thresholds,
    /// `--persistent-conn`.
    PersistentConnections,
    /// `--nosort`.
    NoSort,
    /// `--syncid`.
    SyncId,
    /// `--exact`.
    Exact,
    /// `-o`.
    OnePacket,
    /// `--pe`.
    Engine,
    /// `-b`.
    SchedulerFlags,
    /// `--mcast-group`.
    Group,
    /// `--mcast-port`.
    Port,
    /// `--mcast-ttl`.
    TimeToLive,
    /// `--sync-maxlen`.
    MaxLength,
    /// `--tun-info`.
    TunnelInfo,
    /// `--tun-type`.
    TunnelType,
    /// `--tun-port`.
    TunnelPort,
    /// `--tun-nocsum`.
    TunnelNoChecksum,
    /// `--tun-csum`.
    TunnelChecksum,
    /// `--tun-remcsum`.
    TunnelRemoteChecksum,
}

impl Opt {
    /// Every option, in order.
    pub const ALL: [Self; 34] = [
        Self::Numeric,
        Self::Connection,
        Self::Service,
        Self::Scheduler,
        Self::Persistent,
        Self::Netmask,
        Self::Server,
        Self::Forwarding,
        Self::Weight,
        Self::Upper,
        Self::Lower,
        Self::Interface,
        Self::Timeout,
        Self::Daemon,
        Self::Statistics,
        Self::Rate,
        Self::Thresholds,
        Self::PersistentConnections,
        Self::NoSort,
        Self::SyncId,
        Self::Exact,
        Self::OnePacket,
        Self::Engine,
        Self::SchedulerFlags,
        Self::Group,
        Self::Port,
        Self::TimeToLive,
        Self::MaxLength,
        Self::TunnelInfo,
        Self::TunnelType,
        Self::TunnelPort,
        Self::TunnelNoChecksum,
        Self::TunnelChecksum,
        Self::TunnelRemoteChecksum,
    ];

    /// The name ipvsadm gives it in its messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Numeric => "numeric",
            Self::Connection => "connection",
            Self::Service => "service-address",
            Self::Scheduler => "scheduler",
            Self::Persistent => "persistent",
            Self::Netmask => "netmask",
            Self::Server => "real-server",
            Self::Forwarding => "forwarding-method",
            Self::Weight => "weight",
            Self::Upper => "u-threshold",
            Self::Lower => "l-threshold",
            Self::Interface => "mcast-interface",
            Self::Timeout => "timeout",
            Self::Daemon => "daemon",
            Self::Statistics => "stats",
            Self::Rate => "rate",
            Self::Thresholds => "thresholds",
            Self::PersistentConnections => "persistent-conn",
            Self::NoSort => "nosort",
            Self::SyncId => "syncid",
            Self::Exact => "exact",
            Self::OnePacket => "ops",
            Self::Engine => "pe",
            Self::SchedulerFlags => "sched-flags",
            Self::Group => "mcast-group",
            Self::Port => "mcast-port",
            Self::TimeToLive => "mcast-ttl",
            Self::MaxLength => "sync-maxlen",
            Self::TunnelInfo => "tun-info",
            Self::TunnelType => "tun-type",
            Self::TunnelPort => "tun-port",
            Self::TunnelNoChecksum => "tun-nocsum",
            Self::TunnelChecksum => "tun-csum",
            Self::TunnelRemoteChecksum => "tun-remcsum",
        }
    }
}

impl fmt::Display for Opt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a command line is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommandKind {
    /// `-A`.
    AddService,
    /// `-E`.
    EditService,
    /// `-D`.
    DeleteService,
    /// `-C`.
    Clear,
    /// `-L`.
    List,
    /// `-a`.
    AddServer,
    /// `-d`.
    DeleteServer,
    /// `-e`.
    EditServer,
    /// `--set`.
    Set,
    /// `--start-daemon`.
    StartDaemon,
    /// `--stop-daemon`.
    StopDaemon,
    /// `-R`.
    Restore,
    /// `-S`.
    Save,
    /// `-Z`.
    Zero,
    /// `-h`.
    Help,
    /// `-v`.
    Version,
}

/// Whether a command takes an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Required,
    Optional,
    /// Only one of those that a command has of these.
    Exclusive,
    Illegal,
}

impl CommandKind {
    /// The name ipvsadm gives it in its messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AddService => "add-service",
            Self::EditService => "edit-service",
            Self::DeleteService => "delete-service",
            Self::Clear => "flush",
            Self::List => "list",
            Self::AddServer => "add-server",
            Self::DeleteServer => "delete-server",
            Self::EditServer => "edit-server",
            Self::Set => "set",
            Self::StartDaemon => "start-daemon",
            Self::StopDaemon => "stop-daemon",
            Self::Restore => "restore",
            Self::Save => "save",
            Self::Zero => "zero",
            Self::Help => "help",
            Self::Version => "version",
        }
    }

    const fn required(self) -> &'static [Opt] {
        match self {
            Self::AddService | Self::EditService | Self::DeleteService => &[Opt::Service],
            Self::AddServer | Self::EditServer | Self::DeleteServer => &[Opt::Service, Opt::Server],
            Self::Clear
            | Self::List
            | Self::Set
            | Self::StartDaemon
            | Self::StopDaemon
            | Self::Restore
            | Self::Save
            | Self::Zero
            | Self::Help
            | Self::Version => &[],
        }
    }

    const fn optional(self) -> &'static [Opt] {
        match self {
            Self::AddService | Self::EditService => &[
                Opt::Scheduler,
                Opt::Persistent,
                Opt::Netmask,
                Opt::OnePacket,
                Opt::Engine,
                Opt::SchedulerFlags,
            ],
            Self::AddServer | Self::EditServer => &[
                Opt::Forwarding,
                Opt::Weight,
                Opt::Upper,
                Opt::Lower,
                Opt::TunnelType,
                Opt::TunnelPort,
                Opt::TunnelNoChecksum,
                Opt::TunnelChecksum,
                Opt::TunnelRemoteChecksum,
            ],
            Self::List => &[
                Opt::Numeric,
                Opt::Statistics,
                Opt::Rate,
                Opt::Thresholds,
                Opt::PersistentConnections,
                Opt::NoSort,
                Opt::Exact,
                Opt::TunnelInfo,
            ],
            Self::StartDaemon => &[
                Opt::Interface,
                Opt::SyncId,
                Opt::Group,
                Opt::Port,
                Opt::TimeToLive,
                Opt::MaxLength,
            ],
            Self::StopDaemon => &[Opt::SyncId],
            Self::Save => &[Opt::Numeric],
            Self::Zero => &[Opt::Service],
            Self::DeleteService
            | Self::Clear
            | Self::DeleteServer
            | Self::Set
            | Self::Restore
            | Self::Help
            | Self::Version => &[],
        }
    }

    pub(super) fn place(self, option: Opt) -> Place {
        let exclusive = [Opt::Connection, Opt::Service, Opt::Timeout, Opt::Daemon];
        if self == Self::List && exclusive.contains(&option) {
            Place::Exclusive
        } else if self.required().contains(&option) {
            Place::Required
        } else if self.optional().contains(&option) {
            Place::Optional
        } else {
            Place::Illegal
        }
    }
}

impl fmt::Display for CommandKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
