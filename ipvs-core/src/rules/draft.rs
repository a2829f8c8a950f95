//! The parser of a command line: it collects options into a draft.

mod build;

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use super::value::{endpoint, mark, number};
use super::words::{Given, Switch, Words};
use super::{Command, CommandError, CommandKind, Names, Opt, Reason};
use crate::destination::TunnelChecksum;
use crate::service::{Flags, Persistence};
use crate::{Family, Name, Protocol, ServiceKey, SyncDaemon, SyncRole};

/// The command in `words`, which are those of an ipvsadm command line after the program's name.
///
/// # Errors
///
/// What ipvsadm would refuse. Of several things it is the one that ipvsadm names, unless one
/// concerns `-r`, `-s` or `-M`, which are looked at when the other options are known.
pub fn parse(words: &[&str], names: &mut dyn Names) -> Result<Command, CommandError> {
    let mut options = Words::new(words);
    let first = match options.option() {
        Ok(Some(Given {
            switch: Switch::Command(kind),
            word,
            value,
            ..
        })) => Some((kind, word, value)),
        Ok(Some(_) | None) | Err(_) => None,
    };
    let (kind, word, value) = first.ok_or_else(|| Reason::NoCommand.nowhere())?;
    let mut draft = Draft::new(kind);
    match kind {
        CommandKind::Help => return Ok(Command::Help),
        CommandKind::Version => return Ok(Command::Version),
        CommandKind::StartDaemon | CommandKind::StopDaemon => {
            let (at, state) = value.unwrap_or((word, ""));
            draft.role = role(kind, state).map_err(|reason| reason.at(at))?;
        }
        CommandKind::AddService
        | CommandKind::EditService
        | CommandKind::DeleteService
        | CommandKind::Clear
        | CommandKind::List
        | CommandKind::AddServer
        | CommandKind::DeleteServer
        | CommandKind::EditServer
        | CommandKind::Set
        | CommandKind::Restore
        | CommandKind::Save
        | CommandKind::Zero => {}
    }
    while let Some(given) = options.option()? {
        draft.take(given, names)?;
    }
    draft.arguments(options.leftovers())?;
    draft.build(names)
}

fn role(kind: CommandKind, state: &str) -> Result<SyncRole, Reason> {
    match state {
        "master" => Ok(SyncRole::Master),
        "backup" => Ok(SyncRole::Backup),
        _ if kind == CommandKind::StartDaemon => Err(Reason::StartState(state.to_owned())),
        _ => Err(Reason::StopState(state.to_owned())),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Gateway,
    Tunnel,
    Masquerade,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TunnelKind {
    Ipip,
    Gue,
    Gre,
}

/// What the options have said so far.
struct Draft<'a> {
    kind: CommandKind,
    given: Vec<Opt>,
    key: Option<ServiceKey>,
    scheduler: Option<(usize, &'a str)>,
    flags: Flags,
    scheduler_flags: Option<(usize, &'a str)>,
    timeout: Option<u32>,
    netmask: Option<(usize, &'a str)>,
    engine: Option<Name>,
    server: Option<(usize, &'a str)>,
    method: Method,
    weight: u32,
    upper: u32,
    lower: u32,
    tunnel: TunnelKind,
    tunnel_port: u16,
    checksum: TunnelChecksum,
    role: SyncRole,
    interface: Option<Name>,
    sync_id: u8,
    group: Option<IpAddr>,
    port: Option<u16>,
    ttl: Option<u8>,
    max_length: Option<u16>,
    timeouts: [u32; 3],
}

impl<'a> Draft<'a> {
    const fn new(kind: CommandKind) -> Self {
        Self {
            kind,
            given: Vec::new(),
            key: None,
            scheduler: None,
            flags: Flags::NONE,
            scheduler_flags: None,
            timeout: None,
            netmask: None,
            engine: None,
            server: None,
            method: Method::Gateway,
            weight: 1,
            upper: 0,
            lower: 0,
            tunnel: TunnelKind::Ipip,
            tunnel_port: 0,
            checksum: TunnelChecksum::None,
            role: SyncRole::Master,
            interface: None,
            sync_id: 0,
            group: None,
            port: None,
            ttl: None,
            max_length: None,
            timeouts: [0; 3],
        }
    }

    fn has(&self, option: Opt) -> bool {
        self.given.contains(&option)
    }

    /// Notes that `option` is there, which it can be once.
    fn note(&mut self, option: Opt, word: usize) -> Result<(), CommandError> {
        if self.has(option) {
            return Err(Reason::Repeated(option).at(word));
        }
        self.given.push(option);
        Ok(())
    }

    fn take(&mut self, given: Given<'a>, names: &mut dyn Names) -> Result<(), CommandError> {
        let word = given.word;
        let (at, value) = given.value.unwrap_or((word, ""));
        match given.switch {
            Switch::Command(_) => Err(Reason::SecondCommand(given.text.to_owned()).at(word)),
            Switch::Tcp => self.service(Protocol::TCP, word, at, value, names),
            Switch::Udp => self.service(Protocol::UDP, word, at, value, names),
            Switch::Sctp => self.service(Protocol::SCTP, word, at, value, names),
            Switch::Mark => {
                self.note(Opt::Service, word)?;
                let mark = mark(value).ok_or_else(|| Reason::Mark(value.to_owned()).at(at))?;
                let family = Family::V4;
                self.key = Some(ServiceKey::Mark { mark, family });
                Ok(())
            }
            Switch::Ipv6 => self.ipv6().map_err(|reason| reason.at(word)),
            Switch::Gateway => self.forward(Method::Gateway, word),
            Switch::Tunnel => self.forward(Method::Tunnel, word),
            Switch::Masquerade => self.forward(Method::Masquerade, word),
            Switch::Sort => Ok(()),
            Switch::Plain(option) => {
                self.note(option, word)?;
                let value = given.value.map(|_| (at, value));
                self.set(option, value).map_err(|reason| reason.at(at))
            }
        }
    }

    fn service(
        &mut self,
        protocol: Protocol,
        word: usize,
        at: usize,
        value: &str,
        names: &mut dyn Names,
    ) -> Result<(), CommandError> {
        self.note(Opt::Service, word)?;
        let (address, port) = endpoint(value, protocol, names)
            .ok_or_else(|| Reason::VirtualServer(value.to_owned()).at(at))?;
        self.key = Some(ServiceKey::Address {
            protocol,
            address,
            port: port.unwrap_or(0),
        });
        Ok(())
    }

    fn ipv6(&mut self) -> Result<(), Reason> {
        let Some(ServiceKey::Mark { mark, .. }) = self.key else {
            return Err(Reason::Ipv6BeforeMark);
        };
        let family = Family::V6;
        self.key = Some(ServiceKey::Mark { mark, family });
        Ok(())
    }

    fn forward(&mut self, method: Method, word: usize) -> Result<(), CommandError> {
        self.note(Opt::Forwarding, word)?;
        self.method = method;
        Ok(())
    }

    fn set(&mut self, option: Opt, value: Option<(usize, &'a str)>) -> Result<(), Reason> {
        let text = value.map_or("", |(_, text)| text);
        match option {
            Opt::Scheduler => self.scheduler = value,
            Opt::SchedulerFlags => self.scheduler_flags = value,
            Opt::Netmask => self.netmask = value,
            Opt::Server => self.server = value,
            Opt::Persistent => self.timeout = Some(persistence(value)?),
            Opt::OnePacket => self.flags = self.flags.with(Flags::ONE_PACKET),
            Opt::Engine => self.engine = name(text, Reason::Engine)?,
            Opt::Weight => self.weight = within(text, 0..=MAX_INT, Reason::Weight)?,
            Opt::Upper => self.upper = within(text, 0..=MAX_INT, Reason::Upper)?,
            Opt::Lower => self.lower = within(text, 0..=MAX_INT, Reason::Lower)?,
            Opt::Interface => self.interface = name(text, Reason::Interface)?,
            Opt::SyncId => self.sync_id = within(text, 0..=255, Reason::SyncId)?,
            Opt::Group => self.group = Some(group(text)?),
            Opt::Port => self.port = Some(within(text, 1..=65_535, Reason::Port)?),
            Opt::TimeToLive => self.ttl = Some(within(text, 1..=255, Reason::TimeToLive)?),
            Opt::MaxLength => {
                let range = 1..=i64::from(SyncDaemon::MAX_LENGTH);
                self.max_length = Some(within(text, range, Reason::MaxLength)?);
            }
            Opt::TunnelType => self.tunnel = tunnel_kind(text)?,
            Opt::TunnelPort => self.tunnel_port = within(text, 1..=65_535, Reason::TunnelPort)?,
            Opt::TunnelNoChecksum => self.checksum = TunnelChecksum::None,
            Opt::TunnelChecksum => self.checksum = TunnelChecksum::Outer,
            Opt::TunnelRemoteChecksum => self.checksum = TunnelChecksum::Remote,
            Opt::Numeric
            | Opt::Connection
            | Opt::Service
            | Opt::Forwarding
            | Opt::Timeout
            | Opt::Daemon
            | Opt::Statistics
            | Opt::Rate
            | Opt::Thresholds
            | Opt::PersistentConnections
            | Opt::NoSort
            | Opt::Exact
            | Opt::TunnelInfo => {}
        }
        Ok(())
    }

    /// The words that belong to no option: the timeouts of `--set`.
    fn arguments(&mut self, leftovers: Vec<(usize, &str)>) -> Result<(), CommandError> {
        let mut leftovers = leftovers.into_iter();
        if self.kind == CommandKind::Set {
            for timeout in &mut self.timeouts {
                let (word, text) = leftovers
                    .next()
                    .ok_or_else(|| Reason::SetValues.nowhere())?;
                *timeout = within(text, 0..=MAX_TIMEOUT, Reason::Timeout)
                    .map_err(|reason| reason.at(word))?;
            }
        }
        match leftovers.next() {
            Some((word, text)) => Err(Reason::Unexpected(text.to_owned()).at(word)),
            None => Ok(()),
        }
    }
}

const MAX_INT: i64 = i32::MAX as i64;
const MAX_TIMEOUT: i64 = Persistence::MAX_TIMEOUT as i64;

/// The timeout of `-p` that has none, in seconds.
const DEFAULT_TIMEOUT: u32 = 360;

fn persistence(value: Option<(usize, &str)>) -> Result<u32, Reason> {
    match value {
        Some((_, text)) => within(text, 1..=MAX_TIMEOUT, Reason::Timeout),
        None => Ok(DEFAULT_TIMEOUT),
    }
}

fn within<T: TryFrom<i64>>(
    text: &str,
    range: core::ops::RangeInclusive<i64>,
    reason: fn(String) -> Reason,
) -> Result<T, Reason> {
    number(text, range).ok_or_else(|| reason(text.to_owned()))
}

/// A name, or none if there is nothing.
fn name(
    text: &str,
    reason: fn(String, crate::NameError) -> Reason,
) -> Result<Option<Name>, Reason> {
    if text.is_empty() {
        return Ok(None);
    }
    match Name::new(text) {
        Ok(name) => Ok(Some(name)),
        Err(error) => Err(reason(text.to_owned(), error)),
    }
}

fn group(text: &str) -> Result<IpAddr, Reason> {
    text.parse::<IpAddr>()
        .ok()
        .filter(IpAddr::is_multicast)
        .ok_or_else(|| Reason::Group(text.to_owned()))
}

fn tunnel_kind(text: &str) -> Result<TunnelKind, Reason> {
    match text {
        "ipip" => Ok(TunnelKind::Ipip),
        "gue" => Ok(TunnelKind::Gue),
        "gre" => Ok(TunnelKind::Gre),
        _ => Err(Reason::TunnelType(text.to_owned())),
    }
}
