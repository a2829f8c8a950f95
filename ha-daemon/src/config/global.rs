//! The settings of `global_defs`, and the defaults that instances take from them.

pub(super) mod lvs;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use vrrp_core::Version;

use self::lvs::LvsGlobals;
use super::block::{self, Seen};
use super::diagnostic::{Code, Diagnostic, Diagnostics, Handle};
use super::keyword::{GLOBAL, GarpKeyword, GlobalKeyword};
use super::script;
use vrrp_core::wire::{MULTICAST_V4, MULTICAST_V6};

use super::model::{DynamicInterfaces, Global, ScriptUser, Written};
use super::text::source::Place;
use super::text::tape::Token;
use super::text::tree::Block;
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
    seen: Seen<GlobalKeyword>,
}

impl Globals {
    /// Reads a `global_defs` block, which comes after `first_instance`.
    pub(super) fn read(
        &mut self,
        block: &Block<'_>,
        first_instance: Option<Place>,
        diagnostics: &mut Diagnostics,
    ) {
        let mut seen = core::mem::take(&mut self.seen);
        block::read_more(
            block,
            &GLOBAL,
            &mut seen,
            diagnostics,
            |keyword, _, words| {
                if let Some(instance) = first_instance.filter(|_| is_early(keyword)) {
                    let Token { text: name, place } = words.first;
                    let text = format!("`{name}` comes too late for some instances");
                    words.report(
                        Diagnostic::warning(Code::LateDefaults, place, text)
                            .label("only for instances further down")
                            .and(instance, "this one has its defaults already"),
                    );
                }
                self.keyword(keyword, words)
            },
        );
        self.seen = seen;
    }

    fn keyword(&mut self, keyword: GlobalKeyword, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        let (global, defaults) = (&mut self.global, &mut self.defaults);
        let early = &mut defaults.early;
        match keyword {
            GlobalKeyword::Lvs(keyword) => self.lvs.keyword(keyword, words)?,
            GlobalKeyword::Garp(keyword) => early.garp.keyword(keyword, words)?,
            GlobalKeyword::GarpInterval => global.garp_interval = pause(words)?,
            GlobalKeyword::GnaInterval => global.gna_interval = pause(words)?,
            GlobalKeyword::RouterId => {
                global.router_id = Some(words.word("a name")?.text.to_string());
            }
            GlobalKeyword::Version => defaults.version = version(words)?,
            GlobalKeyword::Strict => defaults.strict = words.boolean()?,
            GlobalKeyword::SkipCheckAdvAddr => early.skip_check_adv_addr = words.boolean()?,
            GlobalKeyword::CheckUnicastSrc => defaults.check_unicast_src = words.boolean()?,
            GlobalKeyword::McastGroup4 => {
                if let IpAddr::V4(group) = group(words, true)? {
                    defaults.multicast_v4 = group;
                }
            }
            GlobalKeyword::McastGroup6 => {
                if let IpAddr::V6(group) = group(words, false)? {
                    defaults.multicast_v6 = group;
                }
            }
            GlobalKeyword::V3ChecksumAsV2 => early.v3_checksum_as_v2 = words.boolean()?,
            GlobalKeyword::MinGarp => {
                if words.boolean()? {
                    early.garp.delay = 0;
                    early.garp.repeat = 1;
                }
            }
            GlobalKeyword::DownTimerAdverts => early.down_timer_adverts = words.count(1_u8, 100)?,
            GlobalKeyword::LowerPrioNoAdvert => defaults.lower_prio_no_advert = words.boolean()?,
            GlobalKeyword::HigherPrioSendAdvert => {
                defaults.higher_prio_send_advert = words.boolean()?;
            }
            GlobalKeyword::OwnerIgnoreAdverts => defaults.owner_ignore_adverts = words.boolean()?,
            GlobalKeyword::StartupDelay => {
                global.startup_delay = words.seconds(0, u64::from(u32::MAX))?.value;
            }
            GlobalKeyword::DynamicInterfaces => global.dynamic_interfaces = dynamic(words)?,
            GlobalKeyword::VmacPrefix => {
                let prefix = words.word("the start of a name")?;
                defaults.vmac_prefix = words.interface(prefix)?;
            }
            GlobalKeyword::EnableScriptSecurity => global.script_security = true,
            GlobalKeyword::ScriptUser => self.script_user(words)?,
            GlobalKeyword::LogUnknownVrids => global.log_unknown_vrids = words.boolean()?,
        }
        Ok(())
    }

    fn script_user(&mut self, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        let user = words.word("the name of a user")?;
        let at = Written(user.place);
        if let (Some(user), group) = script::owner(user, words) {
            self.global.script_user = Some(ScriptUser { user, group, at });
        }
        Ok(())
    }
}

impl Garp {
    /// Reads the parameter of a keyword of `global_defs` or of an instance.
    pub(super) fn keyword(
        &mut self,
        keyword: GarpKeyword,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            GarpKeyword::Delay => self.delay = words.count(0, u32::MAX)?,
            GarpKeyword::Repeat => self.repeat = repeat(words)?,
            GarpKeyword::Refresh => self.refresh = words.count(0, u32::MAX)?,
            GarpKeyword::RefreshRepeat => self.refresh_repeat = repeat(words)?,
            GarpKeyword::LowerPrioDelay => {
                self.lower_prio_delay = Some(words.count(0, u32::MAX)?);
            }
            GarpKeyword::LowerPrioRepeat => {
                self.lower_prio_repeat = Some(words.count(0, u32::MAX)?);
            }
        }
        Ok(())
    }
}

/// Whether instances copy the setting where they begin.
const fn is_early(keyword: GlobalKeyword) -> bool {
    matches!(
        keyword,
        GlobalKeyword::DownTimerAdverts
            | GlobalKeyword::Garp(_)
            | GlobalKeyword::MinGarp
            | GlobalKeyword::SkipCheckAdvAddr
            | GlobalKeyword::V3ChecksumAsV2
    )
}

/// A number of messages; 0 counts as 1.
fn repeat(words: &mut Words<'_, '_>) -> Result<u32, Handle> {
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
