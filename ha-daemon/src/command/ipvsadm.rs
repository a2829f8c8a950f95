//! `ha-daemon ipvsadm`: the options, the output and the exit codes of ipvsadm 1.31.
//!
//! Listings that scripts compare are the same octet for octet. The differences:
//!
//! - `-h` and the messages of errors are in other words; the exit codes are the same. `-h` and `-v`
//!   need no ip_vs in the kernel.
//! - Counters of destinations are 64 bits wide in `--stats` and `--rate`; ipvsadm cuts them to 32.
//! - `-R` skips comments, and sends many lines at once to the kernel.
//!
//! Without `-n`, hosts are looked up as the system does, which may wait for name servers.

use core::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;

use ipvs_core::rules::{self, Command, Content, Listing, Reason};
use ipvs_core::{Destination, Protocol, ServiceKey, SyncDaemon, SyncRole};
use ipvs_netlink::{Client, Request};

pub(crate) mod connections;
mod endpoint;
mod failure;
mod figure;
mod order;
mod port_names;
mod restore;
mod table;
mod usage;

use self::connections::Connection;
use self::endpoint::{Endpoints, SystemNames};
use self::failure::Failure;
use self::table::Entry;

/// The name under which the daemon's binary is this program.
pub const NAME: &str = "ipvsadm";

/// Does what the command line `words`, without the name of the program, asks for.
#[must_use]
pub fn run(words: &[String]) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut program = Program::new();
    let status = match program.run(&words) {
        Ok(status) => status,
        Err(failure) => {
            failure.tell(None);
            failure.status()
        }
    };
    ExitCode::from(status)
}

/// What one run has open.
struct Program {
    // Connected when it is first needed.
    kernel: Option<Client>,
    names: SystemNames,
    output: Output,
}

impl Program {
    fn new() -> Self {
        Self {
            kernel: None,
            names: SystemNames::load(),
            output: Output(String::new()),
        }
    }

    fn run(&mut self, words: &[&str]) -> Result<u8, Failure> {
        let command = match words {
            [] => Command::List(Listing::default()),
            words => rules::parse(words, &mut self.names)
                .map_err(|error| Failure::Usage(error.reason))?,
        };
        if let Command::Restore = command {
            let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
            return restore::run(self, &mut input);
        }
        self.perform(&command)?;
        Ok(0)
    }

    /// Carries out any command but `-R`.
    fn perform(&mut self, command: &Command) -> Result<(), Failure> {
        if let Some(request) = request(command) {
            let reply = self.kernel()?.request(request);
            return reply.map(drop).map_err(Failure::Change);
        }
        match command {
            Command::List(listing) => self.list(listing)?,
            Command::Save { numeric } => self.save(*numeric)?,
            Command::Help => self.output.0.push_str(&usage::text()),
            Command::Version => self.output.0.push_str(usage::VERSION),
            Command::Restore => return Err(Failure::Usage(Reason::NoCommand)),
            Command::AddService(_)
            | Command::EditService(_)
            | Command::DeleteService(_)
            | Command::AddDestination(..)
            | Command::EditDestination(..)
            | Command::DeleteDestination(..)
            | Command::Clear
            | Command::Zero(_)
            | Command::SetTimeouts(_)
            | Command::StartDaemon(_)
            | Command::StopDaemon { .. } => {}
        }
        self.output.flush()
    }

    fn kernel(&mut self) -> Result<&mut Client, Failure> {
        match &mut self.kernel {
            Some(client) => Ok(client),
            none => Ok(none.insert(Client::connect()?)),
        }
    }

    fn list(&mut self, listing: &Listing) -> Result<(), Failure> {
        match listing.content {
            Content::Table => {
                let info = self.kernel()?.info().map_err(Failure::Ask)?;
                writeln!(
                    self.output.0,
                    "IP Virtual Server version {} (size={})",
                    info.version, info.connection_table_size
                )?;
                let entries = self.entries(!listing.unsorted)?;
                self.write_table(listing, &entries)
            }
            Content::Service(key) => {
                let record = self.kernel()?.service(&key).map_err(Failure::Ask)?;
                let entry = self.entry(record, !listing.unsorted)?;
                self.write_table(listing, &[entry])
            }
            Content::Connections => self.list_connections(listing),
            Content::Timeouts => {
                let timeouts = self.kernel()?.timeouts().map_err(Failure::Ask)?;
                writeln!(
                    self.output.0,
                    "Timeout (tcp tcpfin udp): {} {} {}",
                    timeouts.tcp, timeouts.tcp_fin, timeouts.udp
                )?;
                Ok(())
            }
            Content::Daemons => {
                for daemon in self.kernel()?.daemons().map_err(Failure::Ask)? {
                    write_daemon(&mut self.output.0, &daemon)?;
                }
                Ok(())
            }
        }
    }

    fn write_table(&mut self, listing: &Listing, entries: &[Entry]) -> Result<(), Failure> {
        let mut endpoints = endpoints(&mut self.names, listing.numeric);
        table::write(&mut self.output.0, listing, entries, &mut endpoints)?;
        Ok(())
    }

    fn entries(&mut self, sorted: bool) -> Result<Vec<Entry>, Failure> {
        let records = self.kernel()?.services().map_err(Failure::Ask)?;
        let entries = records
            .into_iter()
            .map(|record| self.entry(record, sorted))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(if sorted {
            order::services(entries)
        } else {
            entries
        })
    }

    fn entry(
        &mut self,
        record: ipvs_core::record::ServiceRecord,
        sorted: bool,
    ) -> Result<Entry, Failure> {
        let destinations = self
            .kernel()?
            .destinations(&record.service.key)
            .map_err(Failure::Ask)?;
        Ok(Entry {
            record,
            destinations: if sorted {
                order::destinations(destinations)
            } else {
                destinations
            },
        })
    }

    fn list_connections(&mut self, listing: &Listing) -> Result<(), Failure> {
        // ip_vs is loaded then, if it can be.
        self.kernel()?;
        let file = File::open(connections::PATH).map_err(Failure::Connections)?;
        self.output.0.push_str(connections::HEADING);
        if listing.persistent {
            self.output.0.push_str(connections::ENGINE_HEADING);
        }
        self.output.0.push('\n');
        for line in BufReader::new(file).lines() {
            let line = line.map_err(Failure::Connections)?;
            let Some(connection) = Connection::parse(&line) else {
                continue;
            };
            let mut endpoints = endpoints(&mut self.names, listing.numeric);
            connection.write(&mut self.output.0, listing.persistent, &mut endpoints)?;
            if self.output.0.len() > OUTPUT_PIECE {
                self.output.flush()?;
            }
        }
        Ok(())
    }

    fn save(&mut self, numeric: bool) -> Result<(), Failure> {
        for entry in self.entries(true)? {
            let service = &entry.record.service;
            let destinations: Vec<Destination> = entry
                .destinations
                .iter()
                .map(|record| record.destination)
                .collect();
            let mut endpoints = endpoints(&mut self.names, numeric);
            let marked = matches!(service.key, ServiceKey::Mark { .. });
            rules::save(
                &mut self.output.0,
                service,
                &destinations,
                &mut |out, address, port, protocol| {
                    // The ports of a mark are of no protocol, so have no names.
                    let protocol = if marked { Protocol(0) } else { protocol };
                    out.write_str(&endpoints.text(address, port, protocol))
                },
            )?;
        }
        Ok(())
    }
}

const OUTPUT_PIECE: usize = 1 << 16;

/// What is yet to be written to standard output.
struct Output(String);

impl Output {
    /// A reader that went away is no failure.
    fn flush(&mut self) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        let written = stdout
            .write_all(self.0.as_bytes())
            .and_then(|()| stdout.flush());
        self.0.clear();
        match written {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

fn endpoints(names: &mut SystemNames, numeric: bool) -> Endpoints<'_> {
    if numeric {
        Endpoints::Numeric
    } else {
        Endpoints::Named(names)
    }
}

/// The request to the kernel; `None` for a command that only reads.
fn request(command: &Command) -> Option<Request> {
    Some(match *command {
        Command::AddService(service) => Request::AddService(service),
        Command::EditService(service) => Request::EditService(service),
        Command::DeleteService(key) => Request::DeleteService(key),
        Command::AddDestination(key, destination) => Request::AddDestination(key, destination),
        Command::EditDestination(key, destination) => Request::EditDestination(key, destination),
        Command::DeleteDestination(key, destination) => {
            Request::DeleteDestination(key, destination)
        }
        Command::Clear => Request::Flush,
        Command::Zero(key) => Request::Zero(key),
        Command::SetTimeouts(timeouts) => Request::SetTimeouts(timeouts),
        Command::StartDaemon(daemon) => Request::StartDaemon(daemon),
        Command::StopDaemon { role, .. } => Request::StopDaemon(role),
        Command::List(_)
        | Command::Save { .. }
        | Command::Restore
        | Command::Help
        | Command::Version => return None,
    })
}

fn write_daemon(out: &mut dyn core::fmt::Write, daemon: &SyncDaemon) -> core::fmt::Result {
    let role = match daemon.role {
        SyncRole::Master => "master",
        SyncRole::Backup => "backup",
    };
    let (interface, id) = (daemon.interface, daemon.id);
    write!(out, "{role} sync daemon (mcast={interface}, syncid={id}")?;
    if let Some(length) = daemon.max_length {
        write!(out, ", maxlen={length}")?;
    }
    if let Some(group) = daemon.group {
        write!(out, ", group={group}")?;
    }
    if let Some(port) = daemon.port {
        write!(out, ", port={port}")?;
    }
    if let Some(ttl) = daemon.ttl {
        write!(out, ", ttl={ttl}")?;
    }
    out.write_str(")\n")
}

#[cfg(test)]
mod tests;
