//! The parser of traces: one scenario, a line for each step.

use core::net::{IpAddr, SocketAddr};
use core::num::ParseIntError;

use ipvs_core::record::Activity;
use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{
    Destination, DestinationKey, Family, Forwarding, Protocol, Scheduler, Service, ServiceKey,
};
use thiserror::Error;

/// A step of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A service begins the scenario.
    Service(Service),
    /// A destination is added.
    Add(Destination),
    /// A destination is edited.
    Edit(Destination),
    /// A destination is removed.
    Delete(DestinationKey),
    /// A client connects.
    Flow {
        /// The client.
        client: SocketAddr,
        /// Where the kernel sent it.
        picked: Option<DestinationKey>,
        /// The counters just before.
        before: Counters,
        /// The counters once it is connected, where the trace has them.
        after: Option<Counters>,
    },
    /// A client has closed its connection; the counters since.
    Close(Counters),
    /// The scenario ends.
    End,
}

/// What each destination carries.
pub(crate) type Counters = Vec<(DestinationKey, Activity)>;

/// Why a line is no step.
#[derive(Debug, Error)]
pub(crate) enum LineError {
    #[error("`{0}` is no step")]
    Step(String),
    #[error("`{0}` is missing")]
    Missing(&'static str),
    #[error("`{0}` is too much")]
    Extra(String),
    #[error("`{0}` is no protocol")]
    Protocol(String),
    #[error("`{0}` is no address and port")]
    Address(String),
    #[error("`{0}` is no scheduler")]
    Scheduler(String),
    #[error("`{0}` is no flag")]
    Flag(String),
    #[error("`{word}` is no number")]
    Number { word: String, source: ParseIntError },
    #[error("`{0}` is no DESTINATION=WEIGHT/ACTIVE/INACTIVE")]
    Counter(String),
    #[error("`{0}` is no list of counters")]
    Counters(String),
}

/// Reads a line; `None` of an empty one.
pub(crate) fn read(line: &str) -> Result<Option<Step>, LineError> {
    let mut parts = line.split('#');
    let mut words = Words(parts.next().unwrap_or("").split_whitespace());
    let Some(step) = words.0.next() else {
        return match parts.next() {
            None => Ok(None),
            Some(_) => Err(LineError::Step(line.trim().into())),
        };
    };
    let step = match step {
        "service" => Step::Service(service(&mut words)?),
        "add" => Step::Add(destination(&mut words)?),
        "edit" => Step::Edit(destination(&mut words)?),
        "del" => Step::Delete(key(words.next("DESTINATION")?)?),
        "flow" => flow(&mut words, &mut parts)?,
        "close" => {
            address(words.next("CLIENT")?)?;
            Step::Close(counters(parts.next().unwrap_or(""))?)
        }
        "end" => Step::End,
        other => return Err(LineError::Step(other.into())),
    };
    match words.0.next().or_else(|| parts.next()) {
        None => Ok(Some(step)),
        Some(extra) => Err(LineError::Extra(extra.into())),
    }
}

struct Words<'a>(core::str::SplitWhitespace<'a>);

impl<'a> Words<'a> {
    fn next(&mut self, what: &'static str) -> Result<&'a str, LineError> {
        self.0.next().ok_or(LineError::Missing(what))
    }

    /// The value of the next word, which is `NAME=VALUE`.
    fn value(&mut self, name: &'static str) -> Result<&'a str, LineError> {
        let word = self.0.next().and_then(|word| word.strip_prefix(name));
        word.and_then(|word| word.strip_prefix('='))
            .ok_or(LineError::Missing(name))
    }
}

fn number(word: &str) -> Result<u32, LineError> {
    word.parse().map_err(|source| LineError::Number {
        word: word.into(),
        source,
    })
}

fn address(word: &str) -> Result<SocketAddr, LineError> {
    word.parse().map_err(|_| LineError::Address(word.into()))
}

fn key(word: &str) -> Result<DestinationKey, LineError> {
    address(word).map(|address| DestinationKey::new(address.ip(), address.port()))
}

fn service(words: &mut Words<'_>) -> Result<Service, LineError> {
    let protocol = match words.next("PROTOCOL")? {
        "tcp" => Protocol::TCP,
        "udp" => Protocol::UDP,
        "sctp" => Protocol::SCTP,
        other => return Err(LineError::Protocol(other.into())),
    };
    let virtual_address = address(words.next("ADDRESS:PORT")?)?;
    let name = words.next("SCHEDULER")?;
    let scheduler = Scheduler::named(name).map_err(|_| LineError::Scheduler(name.into()))?;
    let flags = flags(words.value("flags")?)?;
    let timeout = number(words.value("persistent")?)?;
    let persistence = (timeout != 0).then(|| Persistence {
        timeout,
        granularity: Granularity::single(family(virtual_address.ip())),
    });
    Ok(Service {
        key: ServiceKey::Address {
            protocol,
            address: virtual_address.ip(),
            port: virtual_address.port(),
        },
        scheduler,
        flags,
        persistence,
        engine: None,
    })
}

fn family(address: IpAddr) -> Family {
    Family::of(address)
}

fn flags(word: &str) -> Result<Flags, LineError> {
    if word == "-" {
        return Ok(Flags::NONE);
    }
    word.split(',').try_fold(Flags::NONE, |flags, name| {
        let flag = match name {
            "ops" => Flags::ONE_PACKET,
            "sh-fallback" | "mh-fallback" | "flag-1" => Flags::SCHED_1,
            "sh-port" | "mh-port" | "flag-2" => Flags::SCHED_2,
            "flag-3" => Flags::SCHED_3,
            other => return Err(LineError::Flag(other.into())),
        };
        Ok(flags.with(flag))
    })
}

fn destination(words: &mut Words<'_>) -> Result<Destination, LineError> {
    let key = key(words.next("DESTINATION")?)?;
    let weight = number(words.value("weight")?)?;
    let upper = number(words.value("upper")?)?;
    let lower = number(words.value("lower")?)?;
    Ok(Destination {
        upper,
        lower,
        ..Destination::new(key, Forwarding::Masquerade, weight)
    })
}

fn flow<'a>(
    words: &mut Words<'_>,
    parts: &mut impl Iterator<Item = &'a str>,
) -> Result<Step, LineError> {
    let client = address(words.next("CLIENT")?)?;
    match words.next("->")? {
        "->" => {}
        other => return Err(LineError::Extra(other.into())),
    }
    let picked = match words.next("DESTINATION or none")? {
        "none" => None,
        destination => Some(key(destination)?),
    };
    let before = parts.next().ok_or(LineError::Missing("before"))?;
    let before = listed("before", before)?;
    let after = parts
        .next()
        .map(|after| listed("after", after))
        .transpose()?;
    Ok(Step::Flow {
        client,
        picked,
        before,
        after,
    })
}

fn listed(name: &'static str, text: &str) -> Result<Counters, LineError> {
    match text.trim_start().strip_prefix(name) {
        Some(list) => counters(list),
        None => Err(LineError::Counters(text.into())),
    }
}

fn counters(list: &str) -> Result<Counters, LineError> {
    list.split_whitespace().map(counter).collect()
}

fn counter(word: &str) -> Result<(DestinationKey, Activity), LineError> {
    let wrong = || LineError::Counter(word.into());
    let (destination, numbers) = word.rsplit_once('=').ok_or_else(wrong)?;
    let mut numbers = numbers.split('/');
    let mut next = || numbers.next().ok_or_else(wrong).and_then(number);
    let (_weight, active, inactive) = (next()?, next()?, next()?);
    let activity = Activity {
        active,
        inactive,
        persistent: 0,
    };
    match numbers.next() {
        None => Ok((key(destination)?, activity)),
        Some(_) => Err(wrong()),
    }
}
