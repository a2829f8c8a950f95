//! The draft of `virtual_server`.

use core::net::{IpAddr, Ipv4Addr};
use core::num::NonZeroU32;

use ipvs_core::service::Flags;
use ipvs_core::{Destination, Family, Forwarding, Name, Protocol, Scheduler};

use super::group::{FAMILIES, mark, port};
use super::http::host;
use super::method;
use super::real_server::RealServerDraft;
use super::timing::TimingDraft;
use crate::config::block::{self, Seen};
use crate::config::diagnostic::{Code, Diagnostics, Handle};
use crate::config::global::lvs::LONGEST_TIMEOUT;
use crate::config::keyword::{FlagKeyword, TOP, VIRTUAL_SERVER, VirtualServerKeyword};
use crate::config::model::Script;
use crate::config::script;
use crate::config::text::source::Place;
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::{Set, Words};
use crate::health::http::RequestText;

/// What a virtual server is given by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Selector<'n> {
    Address(IpAddr, u16),
    Mark(NonZeroU32),
    Group(Token<'n>),
}

/// `persistence_granularity`, as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mask {
    V4(Ipv4Addr),
    Length(u8),
}

/// `sorry_server`, as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct SorryDraft {
    pub(super) address: Set<IpAddr>,
    /// 0 if there is none.
    pub(super) port: u16,
}

/// A virtual server before defaults.
#[derive(Debug)]
pub(super) struct VirtualServerDraft<'n> {
    /// Its address, mark or group.
    pub(super) name: Token<'n>,
    pub(super) selector: Selector<'n>,
    pub(super) seen: Seen<VirtualServerKeyword>,
    pub(super) timing: TimingDraft,
    pub(super) scheduler: Option<Scheduler>,
    /// Flags, and the scheduler that each belongs to.
    pub(super) flags: Vec<(Set<Flags>, Option<Scheduler>)>,
    pub(super) one_packet: Option<Place>,
    pub(super) method: Option<Forwarding>,
    pub(super) persistence: Option<u32>,
    pub(super) mask: Option<Set<Mask>>,
    pub(super) engine: Option<Name>,
    pub(super) protocol: Option<Protocol>,
    pub(super) ha_suspend: bool,
    pub(super) family: Option<Set<Family>>,
    pub(super) virtual_host: Option<RequestText>,
    pub(super) omega: bool,
    pub(super) quorum: u32,
    pub(super) hysteresis: u32,
    pub(super) quorum_up: Option<Box<Script>>,
    pub(super) quorum_down: Option<Box<Script>>,
    pub(super) weight: u32,
    pub(super) inhibit: bool,
    pub(super) sorry: Option<SorryDraft>,
    pub(super) sorry_inhibit: bool,
    pub(super) sorry_method: Option<Forwarding>,
    pub(super) real_servers: Vec<RealServerDraft<'n>>,
}

/// `persistence_timeout` without a number, in seconds.
pub(super) const PERSISTENCE: u32 = 360;

impl<'n> VirtualServerDraft<'n> {
    /// Reads what it is given by; nothing is left without that.
    pub(super) fn new(words: &mut Words<'n, '_>) -> Result<Self, Handle> {
        let (name, selector) = selector(words)?;
        words.end(&TOP);
        Ok(Self {
            name,
            selector,
            seen: Seen::new(),
            timing: TimingDraft::NONE,
            scheduler: None,
            flags: Vec::new(),
            one_packet: None,
            method: None,
            persistence: None,
            mask: None,
            engine: None,
            protocol: None,
            ha_suspend: false,
            family: None,
            virtual_host: None,
            omega: false,
            quorum: 1,
            hysteresis: 0,
            quorum_up: None,
            quorum_down: None,
            weight: 1,
            inhibit: false,
            sorry: None,
            sorry_inhibit: false,
            sorry_method: None,
            real_servers: Vec::new(),
        })
    }

    /// Reads its block.
    pub(super) fn read(&mut self, block: &Block<'n>, diagnostics: &mut Diagnostics) {
        let mut seen = Seen::new();
        block::read_more(
            block,
            &VIRTUAL_SERVER,
            &mut seen,
            diagnostics,
            |keyword, block, words| self.keyword(keyword, block, words),
        );
        self.seen = seen;
    }

    fn keyword(
        &mut self,
        keyword: VirtualServerKeyword,
        block: Option<&Block<'n>>,
        words: &mut Words<'n, '_>,
    ) -> Result<(), Handle> {
        use VirtualServerKeyword as Keyword;
        match keyword {
            Keyword::RealServer => {
                if let Some(block) = block {
                    RealServerDraft::read(block, words, &mut self.real_servers)?;
                }
            }
            Keyword::Timing(keyword) => self.timing.keyword(keyword, 1, words)?,
            Keyword::ConnectTimeout => self.timing.connect_timeout(words)?,
            Keyword::Alpha => self.timing.alpha = Some(true),
            Keyword::LvsSched => self.scheduler = Some(scheduler(words)?),
            Keyword::LvsMethod => self.method = Some(method::parse(words)?),
            Keyword::Protocol => self.protocol = Some(protocol(words)?),
            Keyword::IpFamily => {
                let word = words.word("inet or inet6")?;
                let value = words.choice(word, &FAMILIES)?;
                let place = words.first.place;
                self.family = Some(Set { value, place });
            }
            Keyword::Ops => self.one_packet = Some(words.first.place),
            Keyword::Flag(keyword) => {
                let (value, scheduler) = flag(keyword);
                let place = words.first.place;
                self.flags.push((Set { value, place }, scheduler));
            }
            Keyword::PersistenceTimeout => self.persistence = Some(persistence(words)?),
            Keyword::PersistenceGranularity => self.mask = Some(mask(words)?),
            Keyword::PersistenceEngine => {
                let word = words.word("the name of an engine")?;
                let sip = Name::new("sip").ok();
                self.engine = words.choice(word, &[("sip", sip)])?;
            }
            Keyword::Virtualhost => self.virtual_host = Some(host(words)?),
            Keyword::Weight => self.weight = words.count(1, Destination::MAX_WEIGHT)?,
            Keyword::Quorum => {
                self.quorum = 1;
                self.quorum = words.count(1, u32::MAX)?;
            }
            Keyword::Hysteresis => self.hysteresis = words.count(0, u32::MAX)?,
            Keyword::QuorumUp => self.quorum_up = Some(script::parse(words)?),
            Keyword::QuorumDown => self.quorum_down = Some(script::parse(words)?),
            Keyword::Omega => self.omega = true,
            Keyword::HaSuspend => self.ha_suspend = true,
            Keyword::InhibitOnFailure => self.inhibit = true,
            Keyword::SorryServer => self.sorry_server(words)?,
            Keyword::SorryServerInhibit => self.sorry_inhibit = true,
            Keyword::SorryServerLvsMethod => self.sorry_method = Some(method::parse(words)?),
        }
        Ok(())
    }

    fn sorry_server(&mut self, words: &mut Words<'n, '_>) -> Result<(), Handle> {
        let word = words.word("an address")?;
        let value = words.address(word)?;
        let place = word.place;
        self.sorry = Some(SorryDraft {
            address: Set { value, place },
            port: port(words)?,
        });
        Ok(())
    }
}

/// `ADDRESS [PORT]`, `fwmark N` or `group NAME`.
fn selector<'n>(words: &mut Words<'n, '_>) -> Result<(Token<'n>, Selector<'n>), Handle> {
    let first = words.word("an address, `fwmark` or `group`")?;
    match first.text {
        "fwmark" => {
            let name = words.peek().unwrap_or(first);
            Ok((name, Selector::Mark(mark(words)?)))
        }
        "group" => {
            let name = words.word_after(first, "the name of a group")?;
            Ok((name, Selector::Group(name)))
        }
        _ => {
            let expected = "ADDRESS [PORT], `fwmark` MARK or `group` NAME is expected";
            let address = words.host(first, expected)?;
            Ok((first, Selector::Address(address, port(words)?)))
        }
    }
}

/// Names of [`Scheduler::ALL`].
const SCHEDULERS: [&str; 14] = [
    "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
];

fn scheduler(words: &mut Words<'_, '_>) -> Result<Scheduler, Handle> {
    let word = words.word("the name of a scheduler")?;
    let known = Scheduler::ALL;
    let mut choices = Vec::with_capacity(known.len());
    choices.extend(SCHEDULERS.into_iter().zip(known));
    words.choice(word, &choices)
}

/// What a flag sets, and the scheduler that it belongs to.
const fn flag(keyword: FlagKeyword) -> (Flags, Option<Scheduler>) {
    match keyword {
        FlagKeyword::Flag1 => (Flags::SCHED_1, None),
        FlagKeyword::Flag2 => (Flags::SCHED_2, None),
        FlagKeyword::Flag3 => (Flags::SCHED_3, None),
        FlagKeyword::MhFallback => (Flags::SCHED_1, Some(Scheduler::Mh)),
        FlagKeyword::MhPort => (Flags::SCHED_2, Some(Scheduler::Mh)),
        FlagKeyword::ShFallback => (Flags::SCHED_1, Some(Scheduler::Sh)),
        FlagKeyword::ShPort => (Flags::SCHED_2, Some(Scheduler::Sh)),
    }
}

/// `[SECONDS]`.
fn persistence(words: &mut Words<'_, '_>) -> Result<u32, Handle> {
    match words.peek() {
        Some(_) => words.count(1, LONGEST_TIMEOUT),
        None => Ok(PERSISTENCE),
    }
}

/// A mask for IPv4, a prefix length for IPv6.
fn mask(words: &mut Words<'_, '_>) -> Result<Set<Mask>, Handle> {
    let word = words.word("a mask or a prefix length")?;
    let value = match word.text.parse() {
        Ok(mask) => Mask::V4(mask),
        Err(_) if word.text.contains('.') => {
            let expected = "a mask like 255.255.255.0 is expected";
            return Err(words.refuse(Code::BadAddress, word, "no mask", expected));
        }
        Err(_) => {
            let len = words.number_in(word, 1..=128)?;
            Mask::Length(u8::try_from(len).unwrap_or(128))
        }
    };
    let place = word.place;
    Ok(Set { value, place })
}

/// `TCP`, `UDP` or `SCTP` in letters of either case.
fn protocol(words: &mut Words<'_, '_>) -> Result<Protocol, Handle> {
    let word = words.word("TCP, UDP or SCTP")?;
    let protocols = [
        ("TCP", Protocol::TCP),
        ("UDP", Protocol::UDP),
        ("SCTP", Protocol::SCTP),
    ];
    let known = protocols
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word.text));
    match known {
        Some(&(_, protocol)) => Ok(protocol),
        None => words.choice(word, &protocols),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedulers_are_in_the_order_of_their_names() {
        assert_eq!(Scheduler::ALL.each_ref().map(Scheduler::name), SCHEDULERS);
    }
}
