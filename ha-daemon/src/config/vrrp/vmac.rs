//! The parameters of `use_vmac`.

use vrrp_core::{MacAddr, Vrid};

use crate::config::diagnostic::{Code, Handle};
use crate::config::value::Words;

/// The parameters of `use_vmac`.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct VmacDraft {
    pub(in crate::config) name: Option<String>,
    pub(in crate::config) mac: Option<Mac>,
}

/// A MAC address, or all of it but the VRID at its end.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) enum Mac {
    Whole([u8; 6]),
    Prefix([u8; 5]),
}

impl Mac {
    pub(in crate::config) const fn with(self, vrid: Vrid) -> MacAddr {
        match self {
            Self::Whole(octets) => MacAddr(octets),
            Self::Prefix([a, b, c, d, e]) => MacAddr([a, b, c, d, e, vrid.get()]),
        }
    }
}

/// `[[name] INTERFACE] [MAC] [netlink_notify_msg] [group N]`.
pub(in crate::config) fn parse(words: &mut Words<'_, '_>) -> Result<VmacDraft, Handle> {
    let mut draft = VmacDraft::default();
    while let Some(word) = words.peek() {
        match word.text {
            "netlink_notify_msg" => {
                words.next();
                words.not_supported(word);
            }
            "group" => {
                words.next();
                let number = words.word_after(word, "the number of a link group")?;
                words.number_in(number, 0..=i64::from(u32::MAX))?;
                words.not_supported(word);
            }
            "name" => {
                words.next();
                let name = words.word_after(word, "the name of an interface")?;
                draft.name = Some(words.interface(name)?);
            }
            text if text.contains(':') => {
                words.next();
                let Some(mac) = mac(text).filter(|mac| !is_group(*mac)) else {
                    let expected = "5 or 6 octets as 02:00:5e:00:01:33 are expected";
                    return Err(words.refuse(Code::BadAddress, word, "no MAC address", expected));
                };
                draft.mac = Some(mac);
            }
            _ if draft.name.is_none() => {
                words.next();
                draft.name = Some(words.interface(word)?);
            }
            _ => break,
        }
    }
    Ok(draft)
}

fn mac(text: &str) -> Option<Mac> {
    let octet = |text: &str| match text.len() {
        1 | 2 => u8::from_str_radix(text, 16).ok(),
        _ => None,
    };
    let octets: Vec<u8> = text.split(':').map(octet).collect::<Option<_>>()?;
    match *octets.as_slice() {
        [a, b, c, d, e] => Some(Mac::Prefix([a, b, c, d, e])),
        [a, b, c, d, e, f] => Some(Mac::Whole([a, b, c, d, e, f])),
        _ => None,
    }
}

/// Whether it is the address of a group, which no interface can have.
const fn is_group(mac: Mac) -> bool {
    let (Mac::Whole([first, ..]) | Mac::Prefix([first, ..])) = mac;
    first & 1 == 1
}
