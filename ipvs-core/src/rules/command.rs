//! The commands of a command line.

use crate::{Destination, DestinationKey, Service, ServiceKey, SyncDaemon, SyncRole, Timeouts};

/// One ipvsadm command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// `-A`: a new service.
    AddService(Service),
    /// `-E`: another scheduler, flags or persistence.
    EditService(Service),
    /// `-D`: a service goes, with its destinations.
    DeleteService(ServiceKey),
    /// `-a`: a new destination.
    AddDestination(ServiceKey, Destination),
    /// `-e`: another weight, forwarding method or thresholds.
    EditDestination(ServiceKey, Destination),
    /// `-d`: a destination goes.
    DeleteDestination(ServiceKey, DestinationKey),
    /// `-C`: the table is emptied.
    Clear,
    /// `-Z`: the statistics of a service, or of all, start anew.
    Zero(Option<ServiceKey>),
    /// `--set`: other timeouts.
    SetTimeouts(Timeouts),
    /// `--start-daemon`: synchronisation starts.
    StartDaemon(SyncDaemon),
    /// `--stop-daemon`: synchronisation stops.
    StopDaemon {
        /// Which daemon.
        role: SyncRole,
        /// Its identifier, which no kernel looks at.
        id: u8,
    },
    /// `-L`: something is shown.
    List(Listing),
    /// `-S`: the table is written as rules.
    Save {
        /// `-n`: without names of hosts and services.
        numeric: bool,
    },
    /// `-R`: rules are read.
    Restore,
    /// `-h`: the options are explained.
    Help,
    /// `-v`: the version is shown.
    Version,
}

/// What `-L` shows, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// What is shown.
    pub content: Content,
    /// `-n`: addresses and ports are numbers.
    pub numeric: bool,
    /// `--exact`: counts are not rounded.
    pub exact: bool,
    /// `--stats`: counts instead of connections.
    pub statistics: bool,
    /// `--rate`: rates instead of connections.
    pub rates: bool,
    /// `--thresholds`: thresholds and connections.
    pub thresholds: bool,
    /// `--persistent-conn`: persistence templates too; of connections their engine's data.
    pub persistent: bool,
    /// `--tun-info`: the tunnels too.
    pub tunnels: bool,
    /// `--nosort`: in the order of the kernel.
    pub unsorted: bool,
}

/// What there is to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// All services.
    #[default]
    Table,
    /// One service.
    Service(ServiceKey),
    /// `-c`: the connections.
    Connections,
    /// `--timeout`: the timeouts.
    Timeouts,
    /// `--daemon`: the synchronisation daemons.
    Daemons,
}
