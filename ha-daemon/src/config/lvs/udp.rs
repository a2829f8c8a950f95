//! The draft of `UDP_CHECK`.

use super::checker::CommonDraft;
use crate::config::block;
use crate::config::diagnostic::{Code, Diagnostics, Handle};
use crate::config::keyword::{UDP_CHECK, UdpKeyword};
use crate::config::text::source::Place;
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::{Set, Words};
use crate::health::udp::{Payload, Reply, UdpSettings};

/// The value of an octet, and which of its bits count; the others are 0.
type MaskedOctet = (u8, u8);

/// `UDP_CHECK`.
#[derive(Debug, Default)]
pub(super) struct UdpDraft {
    pub(super) payload: Option<Vec<u8>>,
    reply: Option<Vec<MaskedOctet>>,
    min: Option<Set<u16>>,
    max: Option<Set<u16>>,
}

/// What an answer may have at most if nothing is said.
const MAX_REPLY: u16 = 255;

impl UdpDraft {
    /// Reads the block of the check.
    pub(super) fn read(
        &mut self,
        block: &Block<'_>,
        common: &mut CommonDraft,
        diagnostics: &mut Diagnostics,
    ) {
        block::read(block, &UDP_CHECK, diagnostics, |keyword, _, words| {
            self.keyword(keyword, common, words)
        });
    }

    /// Reads the parameter of a keyword.
    fn keyword(
        &mut self,
        keyword: UdpKeyword,
        common: &mut CommonDraft,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            UdpKeyword::Connection(keyword) => common.connection.keyword(keyword, words)?,
            UdpKeyword::Schedule(keyword) => common.schedule(keyword, words)?,
            UdpKeyword::Payload => {
                let first = words.word("hexadecimal digits")?;
                let octets = octets(Some(first), false, words)?;
                self.payload = Some(octets.into_iter().map(|(value, _)| value).collect());
            }
            UdpKeyword::RequireReply => {
                self.reply = Some(Vec::new());
                let first = words.next();
                self.reply = Some(octets(first, true, words)?);
            }
            UdpKeyword::MinReplyLength => self.min = Some(length(words)?),
            UdpKeyword::MaxReplyLength => self.max = Some(length(words)?),
        }
        Ok(())
    }

    /// What the check sends and expects, and where a length is that no answer can have.
    pub(super) fn complete(self) -> (UdpSettings, Option<Place>) {
        let min = self.min.map_or(0, |set| set.value);
        let max = self.max.map_or(MAX_REPLY, |set| set.value);
        let place = if min > max {
            self.max.or(self.min).map(|set| set.place)
        } else {
            None
        };
        let reply = self.reply.map_or(Reply::Optional, |octets| {
            let unbounded = octets.is_empty() && (min, max) == (0, MAX_REPLY);
            Reply::Required {
                pattern: (!octets.is_empty()).then(|| octets.into_iter().collect()),
                length: (!unbounded).then_some(min..=max),
            }
        });
        let payload = self.payload.map(Payload::from);
        (UdpSettings { payload, reply }, place)
    }
}

fn length(words: &mut Words<'_, '_>) -> Result<Set<u16>, Handle> {
    let Set { value, place } = words.number(0..=u16::MAX.into())?;
    let value = u16::try_from(value).unwrap_or(u16::MAX);
    Ok(Set { value, place })
}

/// `first` and the other words of the line as octets: two digits each, or a single one at the end
/// of a word. With `masked` an `x` stands for any digit.
fn octets(
    first: Option<Token<'_>>,
    masked: bool,
    words: &mut Words<'_, '_>,
) -> Result<Vec<MaskedOctet>, Handle> {
    let mut octets = Vec::new();
    let mut next = first;
    while let Some(word) = next {
        for part in word.text.split_whitespace() {
            for pair in part.as_bytes().chunks(2) {
                match octet(pair, masked) {
                    Some(octet) => octets.push(octet),
                    None => return Err(refuse(word, masked, words)),
                }
            }
        }
        next = words.next();
    }
    Ok(octets)
}

fn refuse(word: Token<'_>, masked: bool, words: &mut Words<'_, '_>) -> Handle {
    let allowed = if masked {
        "hexadecimal digits, or `x` for any, are expected"
    } else {
        "hexadecimal digits are expected"
    };
    // What is left of the line belongs to it.
    while words.next().is_some() {}
    words.refuse(Code::BadNumber, word, "no row of octets", allowed)
}

fn octet(digits: &[u8], masked: bool) -> Option<MaskedOctet> {
    digits
        .iter()
        .try_fold((0, 0xf), |(value, mask), &digit| match digit {
            b'x' | b'X' if masked => Some((value << 4, mask << 4)),
            digit => {
                let digit = char::from(digit).to_digit(16)?;
                Some((value << 4 | digit, mask << 4 | 0xf))
            }
        })
        .map(|(value, mask): (u32, u32)| (value.to_le_bytes()[0], mask.to_le_bytes()[0]))
}

#[cfg(test)]
mod tests {
    use super::octet;

    #[test]
    fn octets_have_two_digits_or_one_and_any_number_of_them_may_be_open() {
        for (digits, value, mask) in [
            ("Ab", 0xab, 0xff),
            ("f", 0x0f, 0xff),
            ("ax", 0xa0, 0xf0),
            ("X1", 0x01, 0x0f),
            ("xx", 0x00, 0x00),
            ("x", 0x00, 0xf0),
        ] {
            let octet = octet(digits.as_bytes(), true);
            assert_eq!(octet, Some((value, mask)), "{digits}");
        }
        assert_eq!(octet(b"1g", true), None);
        assert_eq!(octet(b"1x", false), None);
    }
}
