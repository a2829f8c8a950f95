//! The draft of `vrrp_instance`: what is written in its block, before defaults.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::{Priority, Version, Vrid};

use crate::config::block::{self, Seen, set_twice};
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Handle, Severity, is_like};

use crate::config::global::{EarlyDefaults, Garp, group, version};
use crate::config::keyword::{
    AUTHENTICATION, AuthenticationKeyword, INSTANCE, InstanceKeyword, ListKeyword, SwitchKeyword,
};
use crate::config::model::{InitialState, Password, Peer, TrackedInterface, VirtualAddress};
use crate::config::text::source::Place;
use crate::config::text::tape::Token;
use crate::config::text::tree::{Block, Node};
use crate::config::value::{Set, Words};
use crate::config::vrrp::address;
use crate::config::vrrp::references::References;
use crate::config::vrrp::vmac::{VmacDraft, parse as parse_vmac};

/// The argument of `auth_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum AuthType {
    Pass,
    Ah,
}

/// What is written in an instance, before defaults.
#[derive(Debug)]
pub(in crate::config) struct Draft<'n> {
    pub(in crate::config) name: Token<'n>,
    seen: Seen<InstanceKeyword>,
    /// What was given in `authentication`.
    pub(in crate::config) authentication: Seen<AuthenticationKeyword>,
    /// Where `state` was given last, unless that was ignored.
    state: Option<Place>,
    pub(in crate::config) interface: Option<String>,
    pub(in crate::config) vrid: Option<Vrid>,
    pub(in crate::config) initial: Option<Set<InitialState>>,
    pub(in crate::config) priority: Option<Priority>,
    pub(in crate::config) version: Option<Version>,
    pub(in crate::config) native_ipv6: bool,
    pub(in crate::config) interval: Option<Set<Duration>>,
    pub(in crate::config) auth_type: Option<AuthType>,
    pub(in crate::config) auth_pass: Option<Password>,
    pub(in crate::config) addresses: Vec<Set<VirtualAddress>>,
    pub(in crate::config) excluded: Vec<Set<VirtualAddress>>,
    pub(in crate::config) no_address: bool,
    pub(in crate::config) preempt: Option<bool>,
    pub(in crate::config) preempt_delay: Option<Duration>,
    pub(in crate::config) source: Option<Set<IpAddr>>,
    /// Whether the source is given for unicast.
    pub(in crate::config) is_unicast: bool,
    pub(in crate::config) group: Option<Set<IpAddr>>,
    pub(in crate::config) peers: Vec<Set<Peer>>,
    pub(in crate::config) ttl: Option<u8>,
    pub(in crate::config) check_source: Option<bool>,
    pub(in crate::config) garp: Garp,
    pub(in crate::config) vmac: Option<VmacDraft>,
    pub(in crate::config) vmac_xmit_base: bool,
    pub(in crate::config) track: Vec<Set<TrackedInterface>>,
    pub(in crate::config) track_primary: bool,
    pub(in crate::config) accept: Option<bool>,
    pub(in crate::config) v3_checksum_as_v2: bool,
    pub(in crate::config) strict: Option<bool>,
    pub(in crate::config) skip_check_adv_addr: bool,
    pub(in crate::config) down_timer_adverts: u8,
    pub(in crate::config) lower_prio_no_advert: Option<bool>,
    pub(in crate::config) higher_prio_send_advert: Option<bool>,
    pub(in crate::config) owner_ignore_adverts: Option<bool>,
}

impl<'n> Draft<'n> {
    const fn new(name: Token<'n>, early: EarlyDefaults) -> Self {
        Self {
            name,
            seen: Seen::new(),
            authentication: Seen::new(),
            state: None,
            interface: None,
            vrid: None,
            initial: None,
            priority: None,
            version: None,
            native_ipv6: false,
            interval: None,
            auth_type: None,
            auth_pass: None,
            addresses: Vec::new(),
            excluded: Vec::new(),
            no_address: false,
            preempt: None,
            preempt_delay: None,
            source: None,
            is_unicast: false,
            group: None,
            peers: Vec::new(),
            ttl: None,
            check_source: None,
            garp: early.garp,
            vmac: None,
            vmac_xmit_base: false,
            track: Vec::new(),
            track_primary: true,
            accept: None,
            v3_checksum_as_v2: early.v3_checksum_as_v2,
            strict: None,
            skip_check_adv_addr: early.skip_check_adv_addr,
            down_timer_adverts: early.down_timer_adverts,
            lower_prio_no_advert: None,
            higher_prio_send_advert: None,
            owner_ignore_adverts: None,
        }
    }

    /// Reads the block of an instance.
    pub(in crate::config) fn read(
        name: Token<'n>,
        block: &Block<'n>,
        early: EarlyDefaults,
        references: &mut References<'n>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut draft = Self::new(name, early);
        let mut seen = Seen::new();
        block::read_with(
            block,
            &INSTANCE,
            &mut seen,
            diagnostics,
            |node, _, diagnostics| {
                references.named_in(node);
                if node.keyword.text == "auth_hmac" {
                    hide_keys(node, diagnostics);
                }
            },
            |keyword, block, words| draft.keyword(keyword, block, words),
        );
        draft.seen = seen;
        draft
    }

    /// Where a setting was given.
    pub(in crate::config) fn place(&self, setting: InstanceKeyword) -> Option<Place> {
        self.seen.place(setting)
    }

    /// What was reported when a setting was meant, but not understood or not read.
    pub(in crate::config) fn tried(&self, setting: InstanceKeyword) -> Option<Handle> {
        let seen = &self.seen;
        seen.tried(setting).or_else(|| seen.misplaced(setting))
    }

    fn keyword(
        &mut self,
        keyword: InstanceKeyword,
        block: Option<&Block<'_>>,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            InstanceKeyword::Authentication => {
                words.end(&INSTANCE);
                if let Some(block) = block {
                    self.authentication(block, words.diagnostics);
                }
            }
            InstanceKeyword::List(keyword) => {
                words.end(&INSTANCE);
                return block.map_or(Ok(()), |block| self.list(keyword, block, words));
            }
            InstanceKeyword::Garp(keyword) => self.garp.keyword(keyword, words)?,
            InstanceKeyword::Switch(keyword) => self.switch(keyword, words)?,
            InstanceKeyword::State => self.state(words)?,
            InstanceKeyword::Interface => {
                words.severity = Severity::Fatal;
                let word = words.word("the name of an interface")?;
                if word.text == "lo" {
                    let allowed = "name an interface that leads to the other routers";
                    return Err(words.refuse(Code::BadName, word, "the loopback", allowed));
                }
                self.interface = Some(words.interface(word)?);
            }
            InstanceKeyword::VirtualRouterId => {
                words.severity = Severity::Fatal;
                self.vrid = Vrid::new(words.count(1, u8::MAX)?);
            }
            InstanceKeyword::Priority => {
                self.priority = Some(Priority::DEFAULT);
                self.priority = Priority::new(words.count(1, u8::MAX)?);
            }
            InstanceKeyword::Version => self.version = Some(version(words)?),
            InstanceKeyword::AdvertInt => {
                self.interval = Some(words.seconds(10_000, 255_000_000)?);
            }
            InstanceKeyword::PreemptDelay => {
                self.preempt_delay = Some(words.seconds(0, 1_000_000_000)?.value);
            }
            InstanceKeyword::UnicastSrcIp => {
                self.source = Some(source(words)?);
                self.is_unicast = true;
            }
            InstanceKeyword::McastSrcIp => self.source = Some(source(words)?),
            InstanceKeyword::McastDstIp => {
                let is_v4 = words.peek().is_none_or(|word| !word.text.contains(':'));
                let place = words.peek().map_or(words.first.place, |word| word.place);
                let value = group(words, is_v4)?;
                self.group = Some(Set { value, place });
            }
            InstanceKeyword::UnicastTtl => self.ttl = Some(words.count(1, u8::MAX)?),
            InstanceKeyword::DownTimerAdverts => {
                self.down_timer_adverts = words.count(1_u8, 100)?;
            }
            InstanceKeyword::UseVmac => self.vmac = Some(parse_vmac(words)?),
        }
        Ok(())
    }

    fn switch(&mut self, keyword: SwitchKeyword, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        match keyword {
            SwitchKeyword::NativeIpv6 => self.native_ipv6 = true,
            SwitchKeyword::NoVirtualIpaddress => self.no_address = true,
            SwitchKeyword::Preempt => self.preempt = Some(true),
            SwitchKeyword::Nopreempt => self.preempt = Some(false),
            SwitchKeyword::Accept => self.accept = Some(true),
            SwitchKeyword::NoAccept => self.accept = Some(false),
            SwitchKeyword::DontTrackPrimary => self.track_primary = false,
            SwitchKeyword::VmacXmitBase => self.vmac_xmit_base = true,
            SwitchKeyword::CheckUnicastSrc => self.check_source = Some(words.boolean()?),
            SwitchKeyword::V3ChecksumAsV2 => self.v3_checksum_as_v2 = words.boolean()?,
            SwitchKeyword::StrictMode => self.strict = Some(words.boolean()?),
            SwitchKeyword::SkipCheckAdvAddr => self.skip_check_adv_addr = words.boolean()?,
            SwitchKeyword::LowerPrioNoAdvert => self.lower_prio_no_advert = Some(words.boolean()?),
            SwitchKeyword::HigherPrioSendAdvert => {
                self.higher_prio_send_advert = Some(words.boolean()?);
            }
            SwitchKeyword::OwnerIgnoreAdverts => self.owner_ignore_adverts = Some(words.boolean()?),
        }
        Ok(())
    }

    /// `state`: MASTER stays once it is given.
    fn state(&mut self, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        let word = words.word("MASTER or BACKUP")?;
        let states = [
            ("MASTER", InitialState::Master),
            ("BACKUP", InitialState::Backup),
        ];
        let value = words.choice(word, &states)?;
        let place = word.place;
        match self.initial {
            Some(first) if first.value == InitialState::Master && value != first.value => {
                let text = "`state` is MASTER already";
                let diagnostic = Diagnostic::error(Code::Conflict, place, text).label("ignored");
                words.report(diagnostic.and(first.place, "first set here"));
            }
            _ => {
                let first = words.first;
                if let Some(before) = self.state.replace(first.place) {
                    words.report(set_twice(first.text, first.place, first.text, before));
                }
                self.initial = Some(Set { value, place });
            }
        }
        Ok(())
    }

    /// Reads lines that do not start with keywords. The error is the first one.
    fn list(
        &mut self,
        keyword: ListKeyword,
        block: &Block<'_>,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        let mut list = Ok(());
        for line in block.nodes() {
            if let Some(inner) = &line.block {
                let text = format!("no block belongs into `{}`", words.first.text);
                let diagnostic = Diagnostic::error(Code::UnexpectedBrace, inner.open, text);
                let handle = words.report(diagnostic.label("skipped with its line"));
                list = list.and(Err(handle));
                continue;
            }
            let mut words = Words::of(&line, words.diagnostics);
            let result = match keyword {
                ListKeyword::VirtualIpaddress => {
                    address::parse(&mut words).map(|a| self.addresses.push(a))
                }
                ListKeyword::VirtualIpaddressExcluded => {
                    address::parse(&mut words).map(|a| self.excluded.push(a))
                }
                ListKeyword::UnicastPeer => peer(&mut words).map(|peer| self.peers.push(peer)),
                ListKeyword::TrackInterface => {
                    tracked(&mut words).map(|tracked| self.track.push(tracked))
                }
            };
            if result.is_ok() {
                words.end(&INSTANCE);
            }
            list = list.and(result);
        }
        list
    }

    fn authentication(&mut self, block: &Block<'_>, diagnostics: &mut Diagnostics) {
        for node in block.nodes() {
            let words = node.arguments.clone();
            // `auth_type` is followed by no secret, unless that is in the wrong place.
            let keyword = AUTHENTICATION.variant(node.keyword.text);
            let is_type = keyword == Some(AuthenticationKeyword::AuthType);
            let secrets = words.enumerate().filter(|(index, word)| {
                !is_type || *index > 0 || !is_like(word.text, &["PASS", "AH"])
            });
            let secrets = secrets.map(|(_, word)| word.place.span);
            diagnostics.secrets.extend(secrets);
        }
        let (kind, password) = (&mut self.auth_type, &mut self.auth_pass);
        block::read_with(
            block,
            &AUTHENTICATION,
            &mut self.authentication,
            diagnostics,
            |node, meant, diagnostics| {
                if meant.is_none() && node.arguments.first().is_none() {
                    diagnostics.secrets.push(node.keyword.place.span);
                }
            },
            |keyword, _, words| {
                match keyword {
                    AuthenticationKeyword::AuthType => *kind = Some(auth_type(words)?),
                    AuthenticationKeyword::AuthPass => *password = Some(auth_pass(words)?),
                }
                Ok(())
            },
        );
    }
}

/// The keys of `auth_hmac` are secrets.
fn hide_keys(node: &Node<'_>, diagnostics: &mut Diagnostics) {
    let lines = node.block.iter().flat_map(|block| block.nodes());
    let words = lines.flat_map(|line| line.arguments);
    diagnostics
        .secrets
        .extend(words.map(|word| word.place.span));
}

fn source(words: &mut Words<'_, '_>) -> Result<Set<IpAddr>, Handle> {
    let word = words.word("an address")?;
    let value = words.address(word)?;
    let place = word.place;
    Ok(Set { value, place })
}

fn auth_type(words: &mut Words<'_, '_>) -> Result<AuthType, Handle> {
    let word = words.word("PASS or AH")?;
    words.choice(word, &[("PASS", AuthType::Pass), ("AH", AuthType::Ah)])
}

fn auth_pass(words: &mut Words<'_, '_>) -> Result<Password, Handle> {
    let word = words.word("a password")?;
    let octets = word.text.len();
    if octets > 8 {
        let text = format!("the password has {octets} octets");
        let diagnostic = Diagnostic::warning(Code::TruncatedPassword, word.place, text);
        words.report(diagnostic.label("VRRPv2 carries 8, the rest is cut off"));
    }
    Ok(Password::truncated(word.text))
}

/// `ADDRESS [min_ttl N] [max_ttl N]`.
fn peer(words: &mut Words<'_, '_>) -> Result<Set<Peer>, Handle> {
    let first = words.first;
    let mut peer = Peer {
        address: words.address(first)?,
        min_ttl: None,
        max_ttl: None,
    };
    while let Some(word) = words.peek() {
        let ttl = match word.text {
            "min_ttl" => &mut peer.min_ttl,
            "max_ttl" => &mut peer.max_ttl,
            _ => break,
        };
        words.next();
        let number = words.word_after(word, "a number from 0 to 255")?;
        *ttl = u8::try_from(words.number_in(number, 0..=255)?).ok();
    }
    Ok(Set {
        value: peer,
        place: first.place,
    })
}

/// `INTERFACE [weight N [reverse]]`.
fn tracked(words: &mut Words<'_, '_>) -> Result<Set<TrackedInterface>, Handle> {
    let first = words.first;
    let mut tracked = TrackedInterface {
        interface: words.interface(first)?,
        weight: 0,
        reverse: false,
    };
    if let Some(word) = words.peek().filter(|word| word.text == "weight") {
        words.next();
        let number = words.word_after(word, "a number from -253 to 253")?;
        let weight = words.number_in(number, -253..=253)?;
        tracked.weight = i16::try_from(weight).unwrap_or_default();
    }
    if words.peek().is_some_and(|word| word.text == "reverse") {
        words.next();
        tracked.reverse = true;
    }
    Ok(Set {
        value: tracked,
        place: first.place,
    })
}
