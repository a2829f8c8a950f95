//! The source of the table: the running kernel, or a file of rules.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use ipvs_core::connection::{ReuseMode, Settings};
use ipvs_core::record::{Activity, DestinationRecord, Statistics};
use ipvs_core::rules::{self, Command, Numeric};
use ipvs_core::{Change, Configuration, Service};
use ipvs_netlink::Client;

use super::answer::{Answer, Facts};
use super::history::History;
use super::service::{Match, matched};
use super::{LocateError, Question};

/// Octets of rules: 37,000 real servers take 3 MB.
const MAX_RULES: u64 = 16 * 1024 * 1024;

/// Where the table comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The kernel, with the connections it has.
    Live,
    /// A file of rules, as `ipvsadm -Sn` writes: the kernel that has just read it with
    /// `ipvsadm -R`, before the first connection.
    Rules(PathBuf),
}

pub(super) fn find(question: &Question, source: &Source) -> Result<Answer, LocateError> {
    match source {
        Source::Live => live(question),
        Source::Rules(path) => {
            let text = File::open(path).and_then(bounded);
            let text = text.map_err(|source| LocateError::Read {
                path: path.clone(),
                source,
            })?;
            restored(question, &read(&text, path)?)
        }
    }
}

/// The text of a file, which may be a pipe or have no end.
pub(super) fn bounded(file: impl Read) -> io::Result<String> {
    let mut text = String::new();
    file.take(MAX_RULES + 1).read_to_string(&mut text)?;
    match u64::try_from(text.len()) {
        Ok(0..=MAX_RULES) => Ok(text),
        Ok(_) | Err(_) => Err(io::Error::new(
            ErrorKind::FileTooLarge,
            "longer than any table: more than 16 MiB",
        )),
    }
}

fn live(question: &Question) -> Result<Answer, LocateError> {
    let mut client = Client::connect()?;
    let records = client.services()?;
    let services: Vec<Service> = records.iter().map(|record| record.service).collect();
    let settings = settings(&|path| fs::read_to_string(path).ok()?.trim().parse().ok());
    let matched = matched(&services, &settings, question);
    let service = matched.service();
    let records = match service {
        Some(service) => client.destinations(&service.key)?,
        None => Vec::new(),
    };
    Answer::of(&Facts {
        question,
        settings,
        matched,
        records: &records,
        history: Some(History::load(question, service)),
    })
}

/// The answer of a kernel that has `table` and no connection.
pub(super) fn restored(question: &Question, table: &Configuration) -> Result<Answer, LocateError> {
    let settings = Settings::default();
    let services: Vec<Service> = table.entries().map(|entry| entry.service).collect();
    let matched = matched(&services, &settings, question);
    let entry = matched
        .service()
        .and_then(|service| table.get(&service.key));
    let records: Vec<DestinationRecord> = entry
        .iter()
        .flat_map(|entry| &entry.destinations)
        .map(|destination| DestinationRecord {
            destination: *destination,
            activity: Activity::default(),
            statistics: Statistics::default(),
        })
        .collect();
    Answer::of(&Facts {
        question,
        settings,
        matched,
        records: &records,
        history: None,
    })
}

/// The table after the commands of `text`; those that do not concern it are passed over.
pub(super) fn read(text: &str, path: &Path) -> Result<Configuration, LocateError> {
    let mut table = Configuration::new();
    for rule in rules::read(text, &mut Numeric) {
        let (line, command) = rule.map_err(|source| LocateError::Rule {
            path: path.to_owned(),
            source,
        })?;
        let change = match command {
            Command::AddService(service) => Change::AddService(service),
            Command::EditService(service) => Change::EditService(service),
            Command::DeleteService(key) => Change::DeleteService(key),
            Command::AddDestination(key, destination) => Change::AddDestination(key, destination),
            Command::EditDestination(key, destination) => Change::EditDestination(key, destination),
            Command::DeleteDestination(key, destination) => {
                Change::DeleteDestination(key, destination)
            }
            Command::Clear => {
                table = Configuration::new();
                continue;
            }
            Command::Zero(_)
            | Command::SetTimeouts(_)
            | Command::StartDaemon(_)
            | Command::StopDaemon { .. }
            | Command::List(_)
            | Command::Save { .. }
            | Command::Restore
            | Command::Help
            | Command::Version => continue,
        };
        table.apply(&change).map_err(|source| LocateError::Apply {
            path: path.to_owned(),
            line,
            source,
        })?;
    }
    Ok(table)
}

/// The kernel's settings by what `read` finds in `/proc/sys`; its defaults where there is nothing.
pub(super) fn settings(read: &dyn Fn(&str) -> Option<u32>) -> Settings {
    let ipvs = |name: &str| read(&format!("/proc/sys/net/ipv4/vs/{name}"));
    let switch = |name: &str| ipvs(name).is_some_and(|value| value != 0);
    let unprivileged = read("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let mut settings = Settings::default();
    settings.expire_nodest_conn = switch("expire_nodest_conn");
    settings.expire_quiescent_template = switch("expire_quiescent_template");
    settings.conn_reuse_mode = match ipvs("conn_reuse_mode") {
        None => settings.conn_reuse_mode,
        Some(0) => ReuseMode::Never,
        Some(mode) if mode & 2 != 0 => ReuseMode::Closing,
        Some(_) => ReuseMode::Closed,
    };
    settings.sloppy_tcp = switch("sloppy_tcp");
    settings.first_unprivileged_port = unprivileged
        .and_then(|port| u16::try_from(port).ok())
        .unwrap_or(settings.first_unprivileged_port);
    settings
}

impl<'a> Match<'a> {
    /// The service it is about.
    pub(super) const fn service(&self) -> Option<&'a Service> {
        match *self {
            Self::Service(service) | Self::OtherPort(service) | Self::Ignored(service) => {
                Some(service)
            }
            Self::None => None,
        }
    }
}
