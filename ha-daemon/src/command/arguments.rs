//! The command line.

use core::num::NonZeroU32;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use super::locate::Endpoint;
use super::simulate;
#[cfg(feature = "lab")]
use crate::lab;
use crate::observe::control;

/// What `where --table` takes for the kernel's table.
pub(super) const LIVE: &str = "live";

const DEFAULT_CONFIG: &str = "/etc/keepalived/keepalived.conf";

/// VRRP and balanced virtual servers from a keepalived.conf.
#[derive(Debug, Parser)]
#[command(name = "ha-daemon", version)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run in the foreground until SIGTERM or SIGINT.
    Run {
        /// The configuration.
        #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG)]
        file: PathBuf,
        /// Where `status` asks.
        #[arg(long, value_name = "PATH", default_value = control::DEFAULT_PATH)]
        socket: PathBuf,
        /// What this daemon is called where several run in a network namespace: of each name one may,
        /// and one without a name.
        #[arg(long, value_name = "NAME")]
        instance: Option<String>,
        /// What `@ID` lines of the configuration are held against; the host name by default.
        #[arg(short = 'i', long, value_name = "ID")]
        config_id: Option<String>,
        /// The least level that is logged.
        #[arg(long, value_name = "LEVEL", default_value = "info")]
        log_level: tracing::Level,
    },
    /// Say what is wrong with a configuration, and what it would run.
    ///
    /// Exit status as of `keepalived -t`: 0 good, 2 a parameter is missing, 4 it cannot run, 5 there
    /// are mistakes but it would run, 6 scripts are insecure or an `includer` and the like fails. Where
    /// keepalived says 5 of what neither it nor this daemon would run, this is 4; where it says 0 of
    /// what is not supported here, 4 or 5; and 0, not 5, of an interface that this host lacks.
    /// docs/compatibility.md lists every difference.
    Check {
        /// The configuration, in as many files.
        #[arg(value_name = "FILE", default_value = DEFAULT_CONFIG)]
        files: Vec<PathBuf>,
        /// The same, as `run` and keepalived take it.
        #[arg(short, long, value_name = "FILE", conflicts_with = "files")]
        file: Vec<PathBuf>,
        /// What `@ID` lines of the configuration are held against; the host name by default.
        #[arg(short = 'i', long, value_name = "ID")]
        config_id: Option<String>,
        /// For people or for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
        /// Let every warning count in the exit status.
        #[arg(long)]
        strict_exit: bool,
    },
    /// Ask the running daemon what its instances do and why.
    Status {
        /// Machine-readable.
        #[arg(long)]
        json: bool,
        /// Where the daemon listens.
        #[arg(long, value_name = "PATH", default_value = control::DEFAULT_PATH)]
        socket: PathBuf,
    },
    /// Show or change the kernel's IPVS as ipvsadm does, whose command line it takes.
    #[command(disable_help_flag = true)]
    Ipvsadm {
        /// As of ipvsadm 1.31; `-h` lists them.
        #[arg(
            trailing_var_arg = true,
            allow_hyphen_values = true,
            value_name = "WORD"
        )]
        words: Vec<OsString>,
    },
    /// Say which real server would get a client now, and why.
    ///
    /// Exit status: 0 there is one, 1 there is none, 2 the question or the table cannot be read.
    #[command(name = "where")]
    Where {
        /// Where the packet comes from.
        #[arg(value_name = "CLIENT[:PORT]")]
        client: Endpoint,
        /// Where it goes.
        #[arg(value_name = "VIP:PORT")]
        target: Endpoint,
        /// It is UDP, not TCP.
        #[arg(long, conflicts_with = "sctp")]
        udp: bool,
        /// It is SCTP, not TCP.
        #[arg(long)]
        sctp: bool,
        /// The mark that the packet filter gives it.
        #[arg(long, value_name = "N")]
        mark: Option<NonZeroU32>,
        /// `live` for the kernel's, or a file as `ipvsadm -Sn` writes.
        #[arg(long, value_name = "FILE|live", default_value = LIVE)]
        table: PathBuf,
        /// Machine-readable.
        #[arg(long)]
        json: bool,
    },
    /// Play the hosts of these configurations through faults: who becomes master when and why, how
    /// long nobody is, and which faults make two.
    ///
    /// Needs neither root nor a network. Exit status: 0 every invariant held, 1 something took longer
    /// than the protocol allows, 2 a configuration or the script cannot be used.
    Simulate {
        /// The configuration of a host; once for each host.
        #[arg(short, long = "file", value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// The name of a host, in the order of the files; the file's without `.conf` by default.
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
        /// What happens, as `10s crash NAME`; a standard round of faults by default.
        #[arg(long, value_name = "FILE")]
        script: Option<PathBuf>,
        /// What chance follows from, where packets are lost.
        #[arg(long, value_name = "N", default_value_t = 1)]
        seed: u64,
        /// How long it goes on, as `90s` or `10m`; until everything has settled by default.
        #[arg(long = "for", value_name = "TIME")]
        length: Option<simulate::Span>,
    },
    #[cfg(feature = "lab")]
    /// Show a failover in network namespaces on this machine; takes about 15 seconds.
    Lab {
        /// Print what the daemons log.
        #[arg(short, long)]
        verbose: bool,
    },
    #[cfg(feature = "lab")]
    /// A host of the laboratory.
    #[command(hide = true)]
    LabHost {
        /// Which one.
        role: lab::Role,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}
