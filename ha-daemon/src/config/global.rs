//! `global_defs`.

pub(super) mod lvs;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_core::Version;

use self::lvs::LvsGlobals;
use super::diagnostic::{Code, Diagnostic, Diagnostics, Handle};
use super::given::GivenKeywords;
use super::keyword::{GLOBAL, Known};
use super::script;
use vrrp_core::wire::{MULTICAST_V4, MULTICAST_V6};

use super::model::{DynamicInterfaces, Global, ScriptUser, Written};
use super::text::source::Place;
use super::text::tree::{Block, Node};
use super::value::Words;

/// What instances start with.
#[derive(Clone, Debug)]
pub(super) struct Defaults {
    pub(super) version: Version,
    pub(super) strict: bool,
    pub(super) check_unicast_src: bool,
    pub(super) multicast_v4: Ipv4Addr,
    pub(super) multicast_v6: Ipv6Addr,
    pub(super) lower_prio_no_advert: bool,
    pub(super) higher_prio_send_advert: bool,
    pub(super) owner_ignore_adverts: bool,
    pub(super) vmac_prefix: String,
    pub(super) early: EarlyDefaults,
}

/// What instances copy where they begin: later `global_defs` do not change it.
#[derive(Clone, Copy, Debug)]
pub(super) struct EarlyDefaults {
    pub(super) skip_check_adv_addr: bool,
    pub(super) v3_checksum_as_v2: bool,
    pub(super) down_timer_adverts: u8,
    pub(super) garp: Garp,
}

/// Gratuitous ARP settings as they are written: seconds and counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Garp {
    pub(super) delay: u32,
    pub(super) repeat: u32,
    pub(super) refresh: u32,
    pub(super) refresh_repeat: u32,
    pub(super) lower_prio_delay: Option<u32>,
    pub(super) lower_prio_repeat: Option<u32>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            version: Version::V2,
            strict: false,
            check_unicast_src: false,
            multicast_v4: MULTICAST_V4,
            multicast_v6: MULTICAST_V6,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            owner_ignore_adverts: false,
            vmac_prefix: "vrrp".to_owned(),
            early: EarlyDefaults {
                skip_check_adv_addr: false,
                v3_checksum_as_v2: false,
                down_timer_adverts: 3,
                garp: Garp {
                    delay: 5,
                    repeat: 5,
                    refresh: 0,
                    refresh_repeat: 1,
                    lower_prio_delay: None,
                    lower_prio_repeat: None,
                },
            },
        }
    }
}

/// Everything `global_defs` says, in all of its blocks.
#[derive(Debug, Default)]
pub(super) struct Globals {
    pub(super) global: Global,
    pub(super) defaults: Defaults,
    pub(super) lvs: LvsGlobals,
    seen: GivenKeywords,
}

impl Globals {
    /// Reads a `global_defs` block, which comes after `first_instance`.
    pub(super) fn read(
        &mut self,
        block: &Block<'_>,
        first_instance: Option<Place>,
        diagnostics: &mut Diagnostics,
    ) {
        for node in block.nodes() {
            if let Known::Supported(keyword) = GLOBAL.check(&node, diagnostics) {
                let place = node.keyword.place;
                self.seen
                    .note(keyword.name, keyword.name, place, diagnostics);
                if let (true, Some(instance)) = (is_early(keyword.name), first_instance) {
                    let text = format!("`{}` comes too late for some instances", keyword.name);
                    diagnostics.push(
                        Diagnostic::warning(Code::LateDefaults, place, text)
                            .label("only for instances further down")
                            .and(instance, "this one has its defaults already"),
                    );
                }
                self.keyword(keyword.name, &node, diagnostics);
            }
        }
    }

    fn keyword(&mut self, name: &str, node: &Node<'_>, diagnostics: &mut Diagnostics) {
        let mut words = Words::of(node, diagnostics);
        let result = if LvsGlobals::has(name) {
            self.lvs.keyword(name, &mut words)
        } else if name.starts_with("vrrp_garp_") {
            self.garp(name, &mut words)
        } else {
            self.other(name, &mut words)
        };
        if result.is_ok() {
            words.end(&GLOBAL);
        }
    }

    fn garp(&mut self, name: &str, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        let garp = &mut self.defaults.early.garp;
        match name {
            "vrrp_garp_interval" => self.global.garp_interval = pause(words)?,
            "vrrp_garp_master_delay" => garp.delay = words.count(0, u32::MAX)?,
            "vrrp_garp_master_repeat" => garp.repeat = repeat(words)?,
            "vrrp_garp_master_refresh" => garp.refresh = words.count(0, u32::MAX)?,
            "vrrp_garp_master_refresh_repeat" => garp.refresh_repeat = repeat(words)?,
            "vrrp_garp_lower_prio_delay" => {
                garp.lower_prio_delay = Some(words.count(0, u32::MAX)?);
            }
            _ => garp.lower_prio_repeat = Some(words.count(0, u32::MAX)?),
        }
        Ok(())
    }

    fn other(&mut self, name: &str, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        let defaults = &mut self.defaults;
        match name {
            "router_id" => self.global.router_id = Some(words.word("a name")?.text.to_string()),
            "vrrp_version" => defaults.version = version(words)?,
            "vrrp_strict" => defaults.strict = words.boolean()?,
            "vrrp_skip_check_adv_addr" => defaults.early.skip_check_adv_addr = words.boolean()?,
            "vrrp_check_unicast_src" => defaults.check_unicast_src = words.boolean()?,
            "vrrp_mcast_group4" => {
                if let IpAddr::V4(group) = group(words, true)? {
                    defaults.multicast_v4 = group;
                }
            }
            "vrrp_mcast_group6" => {
                if let IpAddr::V6(group) = group(words, false)? {
                    defaults.multicast_v6 = group;
                }
            }
            "v3_checksum_as_v2" => defaults.early.v3_checksum_as_v2 = words.boolean()?,
            "vrrp_gna_interval" => self.global.gna_interval = pause(words)?,
            "vrrp_min_garp" => {
                if words.boolean()? {
                    defaults.early.garp.delay = 0;
                    defaults.early.garp.repeat = 1;
                }
            }
            "vrrp_down_timer_adverts" => {
                defaults.early.down_timer_adverts = words.count(1_u8, 100)?;
            }
            "vrrp_lower_prio_no_advert" => defaults.lower_prio_no_advert = words.boolean()?,
            "vrrp_higher_prio_send_advert" => defaults.higher_prio_send_advert = words.boolean()?,
            "vrrp_owner_ignore_adverts" => defaults.owner_ignore_adverts = words.boolean()?,
            "vrrp_startup_delay" => {
                self.global.startup_delay = words.seconds(0, u64::from(u32::MAX))?.value;
            }
            "dynamic_interfaces" => self.global.dynamic_interfaces = dynamic(words)?,
            "vmac_prefix" => {
                let prefix = words.word("the start of a name")?;
                defaults.vmac_prefix = words.interface(prefix)?;
            }
            "enable_script_security" => self.global.script_security = true,
            "script_user" => {
                let user = words.word("the name of a user")?;
                let at = Written(user.place);
                if let (Some(user), group) = script::owner(user, words) {
                    self.global.script_user = Some(ScriptUser { user, group, at });
                }
            }
            _ => self.global.log_unknown_vrids = words.boolean()?,
        }
        Ok(())
    }
}

/// Whether instances copy the setting where they begin.
fn is_early(name: &str) -> bool {
    name == "v3_checksum_as_v2"
        || name == "vrrp_skip_check_adv_addr"
        || name == "vrrp_down_timer_adverts"
        || name == "vrrp_min_garp"
        || (name.starts_with("vrrp_garp_") && name != "vrrp_garp_interval")
}

/// A number of messages; 0 counts as 1.
pub(super) fn repeat(words: &mut Words<'_, '_>) -> Result<u32, Handle> {
    let number = words.number(0..=i64::from(u32::MAX))?;
    if number.value == 0 {
        let text = format!("`{}` has to be at least 1", words.first.text);
        let diagnostic = Diagnostic::error(Code::OutOfRange, number.place, text);
        words.report(diagnostic.label("1 is used"));
    }
    Ok(u32::try_from(number.value).unwrap_or(u32::MAX).max(1))
}

/// `2` or `3`.
pub(super) fn version(words: &mut Words<'_, '_>) -> Result<Version, Handle> {
    let word = words.word("a version, 2 or 3")?;
    words.choice(word, &[("2", Version::V2), ("3", Version::V3)])
}

/// The time between two messages. Zero is not in keepalived's range, but in its sample.
fn pause(words: &mut Words<'_, '_>) -> Result<core::time::Duration, Handle> {
    let pause = words.seconds(0, 4_294_967_295)?;
    if pause.value.is_zero() {
        let text = format!("`{}` of zero has no effect", words.first.text);
        let diagnostic = Diagnostic::warning(Code::NoEffect, pause.place, text);
        words.report(diagnostic.label("there is no pause unless one is set"));
    }
    Ok(pause.value)
}

pub(super) fn group(words: &mut Words<'_, '_>, is_v4: bool) -> Result<IpAddr, Handle> {
    let word = words.word("the address of a group")?;
    let address = words.address(word)?;
    if address.is_ipv4() != is_v4 {
        let family = if is_v4 { "an IPv4" } else { "an IPv6" };
        let expected = format!("{family} address is expected");
        return Err(words.refuse(Code::WrongFamily, word, "of the other family", expected));
    }
    if !address.is_multicast() {
        let expected = "a multicast address is expected";
        return Err(words.refuse(Code::BadAddress, word, "no group", expected));
    }
    Ok(address)
}

fn dynamic(words: &mut Words<'_, '_>) -> Result<DynamicInterfaces, Handle> {
    let Some(word) = words.next() else {
        return Ok(DynamicInterfaces::Dynamic);
    };
    let choices = [
        ("on", DynamicInterfaces::Dynamic),
        ("true", DynamicInterfaces::Dynamic),
        ("yes", DynamicInterfaces::Dynamic),
        ("off", DynamicInterfaces::Required),
        ("false", DynamicInterfaces::Required),
        ("no", DynamicInterfaces::Required),
        ("allow_if_changes", DynamicInterfaces::Changing),
    ];
    words.choice(word, &choices)
}
