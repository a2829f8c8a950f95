//! `vrrp_instance`, as it is written.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::{Priority, Version, Vrid};

use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Handle, Severity, is_like};
use crate::config::given::GivenKeywords;
use crate::config::global::{EarlyDefaults, Garp, group, repeat, version};
use crate::config::keyword::{AUTHENTICATION, INSTANCE, Known};
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
    seen: GivenKeywords,
    /// Keywords that were meant, but not understood.
    tried: Vec<(&'static str, Handle)>,
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
            seen: GivenKeywords::NONE,
            tried: Vec::new(),
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
        for node in block.nodes() {
            match INSTANCE.check(&node, diagnostics) {
                Known::Reported(handle, meant) => {
                    references.named_in(&node);
                    if node.keyword.text == "auth_hmac" {
                        hide_keys(&node, diagnostics);
                    }
                    draft.tried.extend(meant.map(|meant| (meant, handle)));
                }
                Known::Supported(keyword) => match &node.block {
                    Some(block) => draft.block(keyword.name, &node, block, diagnostics),
                    None => draft.leaf(keyword.name, &node, diagnostics),
                },
            }
        }
        draft
    }

    /// Where a keyword was given.
    pub(in crate::config) fn place(&self, keyword: &str) -> Option<Place> {
        self.seen.place(keyword)
    }

    /// What was reported when a keyword was meant, but not understood.
    pub(in crate::config) fn tried(&self, keyword: &str) -> Option<Handle> {
        let mut tried = self.tried.iter();
        tried
            .find(|(name, _)| *name == keyword)
            .map(|&(_, handle)| handle)
    }

    fn leaf(&mut self, name: &'static str, node: &Node<'_>, diagnostics: &mut Diagnostics) {
        if name != "state" {
            let place = node.keyword.place;
            self.seen.note(canonical(name), name, place, diagnostics);
        }
        let mut words = Words::of(node, diagnostics);
        let result = if name.starts_with("garp_") {
            self.garp(name, &mut words)
        } else if is_switch(name) {
            self.switch(name, &mut words)
        } else {
            self.value(name, &mut words)
        };
        match result {
            Ok(()) => self.tried.extend(words.end(&INSTANCE)),
            Err(handle) => self.tried.push((name, handle)),
        }
    }

    fn value(&mut self, name: &str, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        match name {
            "state" => self.state(words)?,
            "interface" => {
                words.severity = Severity::Fatal;
                let word = words.word("the name of an interface")?;
                if word.text == "lo" {
                    let allowed = "name an interface that leads to the other routers";
                    return Err(words.refuse(Code::BadName, word, "the loopback", allowed));
                }
                self.interface = Some(words.interface(word)?);
            }
            "virtual_router_id" => {
                words.severity = Severity::Fatal;
                self.vrid = Vrid::new(words.count(1, u8::MAX)?);
            }
            "priority" => {
                self.priority = Some(Priority::DEFAULT);
                self.priority = Priority::new(words.count(1, u8::MAX)?);
            }
            "version" => self.version = Some(version(words)?),
            "advert_int" => self.interval = Some(words.seconds(10_000, 255_000_000)?),
            "preempt_delay" => {
                self.preempt_delay = Some(words.seconds(0, 1_000_000_000)?.value);
            }
            "unicast_src_ip" | "mcast_src_ip" => {
                let word = words.word("an address")?;
                let value = words.address(word)?;
                let place = word.place;
                self.source = Some(Set { value, place });
                self.is_unicast |= name == "unicast_src_ip";
            }
            "mcast_dst_ip" => {
                let is_v4 = words.peek().is_none_or(|word| !word.text.contains(':'));
                let place = words.peek().map_or(words.first.place, |word| word.place);
                let value = group(words, is_v4)?;
                self.group = Some(Set { value, place });
            }
            "unicast_ttl" => self.ttl = Some(words.count(1, u8::MAX)?),
            "down_timer_adverts" => self.down_timer_adverts = words.count(1_u8, 100)?,
            _ => self.vmac = Some(parse_vmac(words)?),
        }
        Ok(())
    }

    fn switch(&mut self, name: &str, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        let takes_value = matches!(
            name,
            "check_unicast_src"
                | "higher_prio_send_advert"
                | "lower_prio_no_advert"
                | "owner_ignore_adverts"
                | "skip_check_adv_addr"
                | "strict_mode"
                | "v3_checksum_as_v2"
        );
        let on = if takes_value { words.boolean()? } else { true };
        match name {
            "native_ipv6" => self.native_ipv6 = on,
            "no_virtual_ipaddress" => self.no_address = on,
            "preempt" => self.preempt = Some(true),
            "nopreempt" => self.preempt = Some(false),
            "accept" => self.accept = Some(true),
            "no_accept" => self.accept = Some(false),
            "dont_track_primary" => self.track_primary = false,
            "vmac_xmit_base" => self.vmac_xmit_base = on,
            "check_unicast_src" => self.check_source = Some(on),
            "v3_checksum_as_v2" => self.v3_checksum_as_v2 = on,
            "strict_mode" => self.strict = Some(on),
            "skip_check_adv_addr" => self.skip_check_adv_addr = on,
            "lower_prio_no_advert" => self.lower_prio_no_advert = Some(on),
            "higher_prio_send_advert" => self.higher_prio_send_advert = Some(on),
            _ => self.owner_ignore_adverts = Some(on),
        }
        Ok(())
    }

    fn garp(&mut self, name: &str, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        let garp = &mut self.garp;
        match name {
            "garp_master_delay" => garp.delay = words.count(0, u32::MAX)?,
            "garp_master_repeat" => garp.repeat = repeat(words)?,
            "garp_master_refresh" => garp.refresh = words.count(0, u32::MAX)?,
            "garp_master_refresh_repeat" => garp.refresh_repeat = repeat(words)?,
            "garp_lower_prio_delay" => garp.lower_prio_delay = Some(words.count(0, u32::MAX)?),
            _ => garp.lower_prio_repeat = Some(words.count(0, u32::MAX)?),
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
                let first_place = words.first.place;
                self.seen
                    .note("state", "state", first_place, words.diagnostics);
                self.initial = Some(Set { value, place });
            }
        }
        Ok(())
    }

    fn block(
        &mut self,
        name: &'static str,
        node: &Node<'_>,
        block: &Block<'_>,
        diagnostics: &mut Diagnostics,
    ) {
        Words::of(node, diagnostics).end(&INSTANCE);
        if name == "authentication" {
            let place = node.keyword.place;
            self.seen.note(name, name, place, diagnostics);
            return self.authentication(block, diagnostics);
        }
        self.seen.first(name, node.keyword.place);
        for line in block.nodes() {
            if let Some(inner) = &line.block {
                let text = format!("no block belongs into `{name}`");
                let diagnostic = Diagnostic::error(Code::UnexpectedBrace, inner.open, text);
                let handle = diagnostics.push(diagnostic.label("skipped with its line"));
                self.tried.push((name, handle));
                continue;
            }
            let mut words = Words::of(&line, diagnostics);
            let result = match name {
                "virtual_ipaddress" => address::parse(&mut words).map(|a| self.addresses.push(a)),
                "virtual_ipaddress_excluded" => {
                    address::parse(&mut words).map(|a| self.excluded.push(a))
                }
                "unicast_peer" => peer(&mut words).map(|peer| self.peers.push(peer)),
                _ => tracked(&mut words).map(|tracked| self.track.push(tracked)),
            };
            match result {
                Ok(()) => {
                    words.end(&INSTANCE);
                }
                Err(handle) => self.tried.push((name, handle)),
            }
        }
    }

    fn authentication(&mut self, block: &Block<'_>, diagnostics: &mut Diagnostics) {
        for node in block.nodes() {
            let words = node.arguments.clone();
            // `auth_type` is followed by no secret, unless that is in the wrong place.
            let is_type = node.keyword.text == "auth_type";
            let secrets = words.enumerate().filter(|(index, word)| {
                !is_type || *index > 0 || !is_like(word.text, &["PASS", "AH"])
            });
            let secrets = secrets.map(|(_, word)| word.place.span);
            diagnostics.secrets.extend(secrets);
            match AUTHENTICATION.check(&node, diagnostics) {
                Known::Reported(handle, meant) => {
                    if meant.is_none() && node.arguments.first().is_none() {
                        diagnostics.secrets.push(node.keyword.place.span);
                    }
                    self.tried.extend(meant.map(|meant| (meant, handle)));
                }
                Known::Supported(keyword) => {
                    let (name, place) = (keyword.name, node.keyword.place);
                    self.seen.note(name, name, place, diagnostics);
                    let mut words = Words::of(&node, diagnostics);
                    let result = match keyword.name {
                        "auth_type" => auth_type(&mut words).map(|t| self.auth_type = Some(t)),
                        _ => auth_pass(&mut words).map(|p| self.auth_pass = Some(p)),
                    };
                    match result {
                        Ok(()) => {
                            words.end(&AUTHENTICATION);
                        }
                        Err(handle) => self.tried.push((keyword.name, handle)),
                    }
                }
            }
        }
    }
}

/// Keywords that set the same thing, under one name.
fn canonical(name: &'static str) -> &'static str {
    match name {
        "no_accept" => "accept",
        "nopreempt" => "preempt",
        "mcast_src_ip" => "unicast_src_ip",
        _ => name,
    }
}

/// Whether a keyword is on or off and nothing else.
fn is_switch(name: &str) -> bool {
    !matches!(
        name,
        "state"
            | "interface"
            | "virtual_router_id"
            | "priority"
            | "version"
            | "advert_int"
            | "preempt_delay"
            | "unicast_src_ip"
            | "mcast_src_ip"
            | "mcast_dst_ip"
            | "unicast_ttl"
            | "down_timer_adverts"
            | "use_vmac"
    )
}

/// The keys of `auth_hmac` are secrets.
fn hide_keys(node: &Node<'_>, diagnostics: &mut Diagnostics) {
    let lines = node.block.iter().flat_map(|block| block.nodes());
    let words = lines.flat_map(|line| line.arguments);
    diagnostics
        .secrets
        .extend(words.map(|word| word.place.span));
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
