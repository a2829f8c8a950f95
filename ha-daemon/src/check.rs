//! `check`: what is wrong with a configuration, and what it would run.

use core::fmt;
use core::time::Duration;
use std::path::Path;

use serde::Serialize;

use crate::config::{
    Code, Diagnostic, InitialState, Instance, LoadOptions, Loaded, Record, Severity, Transport,
    VirtualAddress, load_all,
};

mod balancing;

pub use self::balancing::{RealSummary, ServerSummary};

/// How to check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What the configuration may depend on.
    pub load: LoadOptions,
    /// Let every diagnostic count in the exit status, also those keepalived does not count.
    pub strict_exit: bool,
}

/// The exit status of `keepalived --config-test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// 0: nothing is wrong.
    Good,
    /// 5: there are mistakes, but it would run.
    Faulty,
    /// 6: scripts could be changed by somebody who must not.
    Insecure,
    /// 4: it cannot run.
    Unusable,
    /// 2: it cannot run because a parameter is missing.
    MissingParameter,
}

impl ExitStatus {
    /// The number to exit with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::MissingParameter => 2,
            Self::Unusable => 4,
            Self::Faulty => 5,
            Self::Insecure => 6,
        }
    }

    fn of(diagnostic: &Diagnostic, strict: bool) -> Self {
        match (diagnostic.severity, diagnostic.code) {
            (Severity::Fatal, Code::MissingArgument) => Self::MissingParameter,
            (Severity::Fatal, _) => Self::Unusable,
            (Severity::Warning, code) if code.is_tolerated() && !strict => Self::Good,
            (Severity::Warning | Severity::Error, _) => Self::Faulty,
        }
    }
}

/// What a check found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The configuration and its diagnostics.
    pub loaded: Loaded,
    /// The worst that was found.
    pub status: ExitStatus,
}

/// Checks a configuration made of `files`. Needs neither root nor the interfaces.
#[must_use]
pub fn run(files: &[&Path], options: &Options) -> Report {
    let loaded = load_all(files, &options.load);
    let each = loaded.diagnostics.iter();
    let status = each
        .map(|diagnostic| ExitStatus::of(diagnostic, options.strict_exit))
        .max()
        .unwrap_or(ExitStatus::Good);
    Report { loaded, status }
}

impl Report {
    /// The diagnostics and what would run, for a person.
    #[must_use]
    pub fn text(&self, colour: bool) -> String {
        let Loaded {
            config,
            diagnostics,
            sources,
            omitted: _,
        } = &self.loaded;
        let mut parts: Vec<String> = diagnostics
            .iter()
            .map(|diagnostic| diagnostic.render(sources, colour))
            .collect();
        if self.loaded.worst() != Some(Severity::Fatal) {
            parts.extend(config.instances.iter().map(|i| Summary::of(i).to_string()));
            let servers = config.virtual_servers.iter();
            parts.extend(servers.map(|server| ServerSummary::of(server).to_string()));
        }
        parts.push(self.verdict());
        parts.join("\n\n") + "\n"
    }

    fn verdict(&self) -> String {
        let count = |severity| {
            let each = self.loaded.diagnostics.iter();
            each.filter(|diagnostic| diagnostic.severity == severity)
                .count()
        };
        let errors = count(Severity::Error) + count(Severity::Fatal);
        let warnings = count(Severity::Warning);
        let runs = if self.loaded.worst() == Some(Severity::Fatal) {
            "this configuration cannot run"
        } else {
            "this configuration runs"
        };
        let config = &self.loaded.config;
        let mut parts = counted(config.instances.len(), "instance");
        match config.virtual_servers.len() {
            0 => {}
            count => parts = format!("{parts}, {}", counted(count, "virtual server")),
        }
        let verdict = format!(
            "{runs}: {parts}, {}, {}",
            counted(errors, "error"),
            counted(warnings, "warning"),
        );
        match self.loaded.omitted {
            0 => verdict,
            omitted => format!("{verdict}, {omitted} more not shown"),
        }
    }

    /// The diagnostics and what would run, as one JSON object.
    ///
    /// # Errors
    /// Those of [`serde_json`], none of which is expected.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        #[derive(Serialize)]
        struct Document {
            status: u8,
            runs: bool,
            diagnostics: Vec<Record>,
            omitted: usize,
            instances: Vec<Summary>,
            virtual_servers: Vec<ServerSummary>,
        }
        let loaded = &self.loaded;
        let records = loaded.diagnostics.iter();
        let document = Document {
            status: self.status.code(),
            runs: loaded.worst() != Some(Severity::Fatal),
            diagnostics: records.map(|d| d.record(&loaded.sources)).collect(),
            omitted: loaded.omitted,
            instances: loaded.config.instances.iter().map(Summary::of).collect(),
            virtual_servers: loaded
                .config
                .virtual_servers
                .iter()
                .map(ServerSummary::of)
                .collect(),
        };
        serde_json::to_string(&document)
    }
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// What an instance would do, with nothing left to defaults. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Its interface.
    pub interface: Option<String>,
    /// Its VRID.
    pub virtual_router_id: u8,
    /// `IPv4` or `IPv6`.
    pub family: String,
    /// 2 or 3.
    pub version: u8,
    /// `MASTER` or `BACKUP`.
    pub state: &'static str,
    /// Its priority.
    pub priority: u8,
    /// The advertisement interval in milliseconds.
    pub interval_ms: u64,
    /// Skew_Time in nanoseconds.
    pub skew_ns: u64,
    /// Active_Down_Interval in nanoseconds.
    pub active_down_ns: u64,
    /// Whether it takes over from a lower priority.
    pub preempt: bool,
    /// How long it waits before that, in milliseconds.
    pub preempt_delay_ms: u64,
    /// Whether it accepts packets to its addresses without being their owner.
    pub accept: bool,
    /// The group, or the peers.
    pub destinations: Vec<String>,
    /// Advertised addresses.
    pub addresses: Vec<String>,
    /// Addresses that are not advertised.
    pub excluded: Vec<String>,
}

impl Summary {
    /// The summary of an instance.
    #[must_use]
    pub fn of(instance: &Instance) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let list = |addresses: &[VirtualAddress]| addresses.iter().map(address).collect();
        Self {
            name: instance.name.clone(),
            interface: instance.interface.clone(),
            virtual_router_id: instance.vrid.get(),
            family: instance.family.to_string(),
            version: instance.version.number(),
            state: match instance.initial {
                InitialState::Master => "MASTER",
                InitialState::Backup => "BACKUP",
            },
            priority: instance.priority.get(),
            interval_ms: millis(instance.interval.duration()),
            skew_ns: nanos(instance.skew()),
            active_down_ns: nanos(instance.active_down()),
            preempt: instance.preempt,
            preempt_delay_ms: millis(instance.preempt_delay),
            accept: instance.accept,
            destinations: match &instance.transport {
                Transport::Multicast { group, .. } => vec![group.to_string()],
                Transport::Unicast { peers, .. } => {
                    peers.iter().map(|peer| peer.address.to_string()).collect()
                }
            },
            addresses: list(&instance.addresses),
            excluded: list(&instance.excluded),
        }
    }
}

fn address(address: &VirtualAddress) -> String {
    let device = address.device.as_ref();
    let device = device.map_or_else(String::new, |device| format!(" on {device}"));
    format!("{}/{}{device}", address.address, address.prefix_len)
}

/// Nanoseconds as seconds, exactly.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let decimals = format!("{rest:09}");
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{whole} s"),
            decimals => write!(f, "{whole}.{decimals} s"),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "instance {}: VRID {} on {}, {}, VRRPv{}",
            self.name,
            self.virtual_router_id,
            self.interface.as_deref().unwrap_or("any interface"),
            self.family,
            self.version
        )?;
        writeln!(f, "  adverts to    {}", self.destinations.join(", "))?;
        writeln!(
            f,
            "  state         {}, priority {}",
            self.state, self.priority
        )?;
        writeln!(
            f,
            "  interval      {}, skew {}, takes over after {}",
            Seconds(self.interval_ms * 1_000_000),
            Seconds(self.skew_ns),
            Seconds(self.active_down_ns)
        )?;
        let preempt = match (self.preempt, self.preempt_delay_ms) {
            (false, _) => "never takes over from a lower priority".to_owned(),
            (true, 0) => "takes over from a lower priority".to_owned(),
            (true, delay) => format!(
                "takes over from a lower priority after {}",
                Seconds(delay * 1_000_000)
            ),
        };
        writeln!(f, "  preemption    {preempt}")?;
        write!(f, "  addresses     {}", self.addresses.join(", "))?;
        if !self.excluded.is_empty() {
            write!(f, "\n  excluded      {}", self.excluded.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
