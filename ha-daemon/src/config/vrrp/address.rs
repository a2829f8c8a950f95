//! The parser of virtual addresses: the lines of `virtual_ipaddress` and
//! `virtual_ipaddress_excluded`.

use core::net::IpAddr;

use vrrp_core::Family;

use crate::config::diagnostic::{Code, Diagnostic, Handle};
use crate::config::model::{Broadcast, Lifetime, VirtualAddress};
use crate::config::text::tape::Token;
use crate::config::value::{Set, Words};

pub(in crate::config) const OPTIONS: [&str; 14] = [
    "-nodad",
    "autojoin",
    "brd",
    "broadcast",
    "dev",
    "home",
    "label",
    "mngtmpaddr",
    "no_track",
    "noprefixroute",
    "peer",
    "preferred_lft",
    "scope",
    "use_vmac",
];

const SCOPES: [(&str, u8); 5] = [
    ("global", 0),
    ("site", 200),
    ("link", 253),
    ("host", 254),
    ("nowhere", 255),
];

/// Reads a line. An option that cannot be used is left out; without an address nothing is left.
pub(in crate::config) fn parse(words: &mut Words<'_, '_>) -> Result<Set<VirtualAddress>, Handle> {
    let first = words.first;
    let (address, prefix_len) = prefixed(words, first)?;
    let is_v6 = address.is_ipv6();
    let mut line = VirtualAddress {
        address,
        prefix_len,
        device: None,
        broadcast: None,
        scope: None,
        label: None,
        peer: None,
        home: false,
        nodad: is_v6,
        mngtmpaddr: false,
        noprefixroute: false,
        autojoin: false,
        track: true,
        preferred_lifetime: if is_v6 && prefix_len == 128 {
            Lifetime::Seconds(0)
        } else {
            Lifetime::Forever
        },
    };
    while let Some(word) = words.next() {
        if option(&mut line, word, words).is_err() {
            // It has been reported; what follows up to the next option belongs to it.
            let is_option = |word: Token<'_>| OPTIONS.contains(&word.text);
            while words.peek().is_some_and(|word| !is_option(word)) {
                words.next();
            }
        }
    }
    Ok(Set {
        value: line,
        place: first.place,
    })
}

fn option(
    line: &mut VirtualAddress,
    word: Token<'_>,
    words: &mut Words<'_, '_>,
) -> Result<(), Handle> {
    let family = Family::of(line.address);
    match word.text {
        "dev" => {
            let device = words.word_after(word, "the name of an interface")?;
            line.device = Some(words.interface(device)?);
        }
        "brd" | "broadcast" => line.broadcast = Some(broadcast(word, words, family)?),
        "scope" => {
            let scope = words.word_after(word, "a scope")?;
            line.scope = Some(match scope.text.parse::<u8>() {
                Ok(number) => number,
                Err(_) => words.choice(scope, &SCOPES)?,
            });
        }
        "label" => {
            let label = words.word_after(word, "a label")?;
            only(Family::V4, family, word, words)?;
            line.label = Some(words.interface(label)?);
        }
        "peer" => {
            let peer = words.word_after(word, "an address")?;
            let (address, prefix_len) = prefixed(words, peer)?;
            if Family::of(address) != family {
                let expected = format!("an {family} address is expected");
                return Err(words.refuse(Code::WrongFamily, peer, "of the other family", expected));
            }
            line.peer = Some((address, prefix_len));
        }
        "preferred_lft" => {
            let lifetime = words.word_after(word, "a number of seconds or `forever`")?;
            line.preferred_lifetime = match lifetime.text {
                "forever" => Lifetime::Forever,
                _ => {
                    let seconds = words.number_in(lifetime, 0..=i64::from(u32::MAX - 1))?;
                    Lifetime::Seconds(u32::try_from(seconds).unwrap_or(u32::MAX))
                }
            };
        }
        "use_vmac" => words.not_supported(word),
        "home" => {
            only(Family::V6, family, word, words)?;
            line.home = true;
        }
        "-nodad" => {
            only(Family::V6, family, word, words)?;
            line.nodad = false;
        }
        "mngtmpaddr" => {
            only(Family::V6, family, word, words)?;
            line.mngtmpaddr = true;
        }
        "noprefixroute" => line.noprefixroute = true,
        "autojoin" => line.autojoin = true,
        "no_track" => line.track = false,
        other => {
            let text = format!("`{other}` is no option of a virtual address");
            let diagnostic = Diagnostic::error(Code::BadChoice, word.place, text).label("ignored");
            return Err(words.report(diagnostic.suggest(other, OPTIONS)));
        }
    }
    Ok(())
}

fn broadcast(
    word: Token<'_>,
    words: &mut Words<'_, '_>,
    family: Family,
) -> Result<Broadcast, Handle> {
    let argument = words.word_after(word, "an address, `+` or `-`")?;
    only(Family::V4, family, word, words)?;
    match argument.text {
        "+" => Ok(Broadcast::Ones),
        "-" => Ok(Broadcast::Zeros),
        text => match text.parse() {
            Ok(address) => Ok(Broadcast::Address(address)),
            Err(_) => Err(words.refuse(
                Code::BadAddress,
                argument,
                "no broadcast address",
                "an IPv4 address, `+` or `-` is expected",
            )),
        },
    }
}

/// Reports an option that the family of the address does not have.
fn only(
    wanted: Family,
    family: Family,
    word: Token<'_>,
    words: &mut Words<'_, '_>,
) -> Result<(), Handle> {
    if wanted == family {
        return Ok(());
    }
    let text = format!("`{}` is for {wanted} addresses", word.text);
    let diagnostic = Diagnostic::error(Code::WrongFamily, word.place, text);
    Err(words.report(diagnostic.label("ignored")))
}

/// `ADDRESS` or `ADDRESS/LENGTH`. A length that cannot be is the longest one.
fn prefixed(words: &mut Words<'_, '_>, word: Token<'_>) -> Result<(IpAddr, u8), Handle> {
    let (text, len) = match word.text.split_once('/') {
        Some((text, len)) => (text, Some(len)),
        None => (word.text, None),
    };
    let Ok(address) = text.parse::<IpAddr>() else {
        let expected = "ADDRESS or ADDRESS/PREFIX-LENGTH is expected";
        return Err(words.refuse(Code::BadAddress, word, "no address", expected));
    };
    let longest: u8 = if address.is_ipv6() { 128 } else { 32 };
    match len.map(|len| (len, len.parse::<u8>())) {
        None => Ok((address, longest)),
        Some((_, Ok(len))) if len <= longest => Ok((address, len)),
        Some((len, _)) => {
            let is_number = !len.is_empty() && len.bytes().all(|octet| octet.is_ascii_digit());
            let text = if is_number {
                format!("`{}` has a prefix length above {longest}", word.text)
            } else {
                format!("`{}` has no prefix length", word.text)
            };
            let label = format!("0 to {longest} are allowed, {longest} is used");
            words.report(Diagnostic::error(Code::OutOfRange, word.place, text).label(label));
            Ok((address, longest))
        }
    }
}
