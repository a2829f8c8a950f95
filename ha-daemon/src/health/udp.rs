//! `UDP_CHECK`: a datagram is not refused, and is answered if `require_reply` asks for it.
//!
//! Without `require_reply` silence is success: the check then relies on the ICMP error a host sends
//! for a closed port, which is for the owner of the socket to report.

use core::ops::RangeInclusive;
use core::str::FromStr;
use core::time::Duration;

use super::attempt::{Exchange, Failure, Outcome, Passed};

/// Why text is not a string of hexadecimal octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// No digit at all.
    #[error("no hexadecimal digits")]
    Empty,
    /// Neither a digit nor a blank.
    #[error("{0:?} is not a hexadecimal digit")]
    Character(char),
}

/// What is sent: hexadecimal digits, in keepalived's free format.
///
/// Two digits make an octet, a digit alone before a blank is the lower half of one:
/// `Ab12f 3` is `ab 12 0f 03`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Payload(Vec<u8>);

impl From<Vec<u8>> for Payload {
    fn from(octets: Vec<u8>) -> Self {
        Self(octets)
    }
}

impl FromStr for Payload {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let octets = parse(text, |c| digit(c).map(Half::exact))?;
        Ok(Self(octets.into_iter().map(|octet| octet.value).collect()))
    }
}

/// What an answer has to start with: digits as in [`Payload`], and `x` for a digit of any value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Vec<Masked>);

/// Of each octet its value, and the bits of it that matter.
impl FromIterator<(u8, u8)> for Pattern {
    fn from_iter<I: IntoIterator<Item = (u8, u8)>>(octets: I) -> Self {
        let octets = octets.into_iter();
        Self(octets.map(|(value, mask)| Masked { value, mask }).collect())
    }
}

impl FromStr for Pattern {
    type Err = HexError;

    fn from_str(text: &str) -> Result<Self, HexError> {
        let half = |c| match c {
            'x' | 'X' => Some(Half::ANY),
            _ => digit(c).map(Half::exact),
        };
        parse(text, half).map(Self)
    }
}

impl Pattern {
    /// The first octet of `answer` that differs. Octets that only one of them has are not compared.
    fn mismatch(&self, answer: &[u8]) -> Option<usize> {
        let mut pairs = self.0.iter().zip(answer);
        pairs.position(|(expected, octet)| (expected.value ^ octet) & expected.mask != 0)
    }
}

/// An octet and the bits of it that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Masked {
    value: u8,
    mask: u8,
}

/// Half an octet in its lower bits.
struct Half {
    value: u8,
    mask: u8,
}

impl Half {
    const ANY: Self = Self { value: 0, mask: 0 };

    const fn exact(value: u8) -> Self {
        Self { value, mask: 0x0f }
    }
}

fn digit(c: char) -> Option<u8> {
    c.to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn parse(text: &str, half: impl Fn(char) -> Option<Half>) -> Result<Vec<Masked>, HexError> {
    let half = |c| half(c).ok_or(HexError::Character(c));
    let mut octets = Vec::new();
    for word in text.split_ascii_whitespace() {
        let mut characters = word.chars();
        while let Some(first) = characters.next() {
            let first = half(first)?;
            let (upper, lower) = match characters.next() {
                Some(second) => (first, half(second)?),
                None => (Half::exact(0), first),
            };
            octets.push(Masked {
                value: upper.value << 4 | lower.value,
                mask: upper.mask << 4 | lower.mask,
            });
        }
    }
    if octets.is_empty() {
        return Err(HexError::Empty);
    }
    Ok(octets)
}

/// What an answer has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reply {
    /// None is needed; any will do.
    #[default]
    Optional,
    /// `require_reply`.
    Required {
        /// Its first octets, if they are known.
        pattern: Option<Pattern>,
        /// `min_reply_length` to `max_reply_length`, in octets; `None` if neither is configured.
        /// The bounds are then 0 to 255 with a pattern and none without, which is how keepalived
        /// checks.
        length: Option<RangeInclusive<u16>>,
    },
}

/// What a `UDP_CHECK` block says beside where to send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct UdpSettings {
    /// What to send; eight random octets if it is not configured.
    pub payload: Option<Payload>,
    /// What to expect.
    pub reply: Reply,
}

/// Why a UDP service is not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UdpFailure {
    /// An answer that is too short or too long.
    #[error("answer of {length} octets, expected {min}-{max}")]
    Length {
        /// Its length in octets.
        length: usize,
        /// The least allowed.
        min: u16,
        /// The most allowed.
        max: u16,
    },
    /// An answer with other contents.
    #[error("answer differs from what is required at octet {0}")]
    Content(
        /// The first octet that differs, counted from 0.
        usize,
    ),
}

/// A datagram and its answer.
///
/// Datagrams are to be read into a buffer that is longer than the longest allowed: a datagram cut
/// to the length of the buffer is taken to have that length.
#[derive(Clone, Debug)]
pub struct UdpCheck {
    settings: UdpSettings,
    random: u64,
}

impl UdpCheck {
    /// A check that sends `random`, to be drawn for each attempt, if there is no payload.
    #[must_use]
    pub const fn new(settings: UdpSettings, random: u64) -> Self {
        Self { settings, random }
    }

    fn judge(
        pattern: Option<&Pattern>,
        length: Option<&RangeInclusive<u16>>,
        datagram: &[u8],
    ) -> Outcome {
        let bounds = match (length, pattern) {
            (Some(length), _) => Some((*length.start(), *length.end())),
            (None, Some(_)) => Some((0, 255)),
            (None, None) => None,
        };
        let length = datagram.len();
        if let Some((min, max)) = bounds
            && !(usize::from(min)..=usize::from(max)).contains(&length)
        {
            return Err(UdpFailure::Length { length, min, max }.into());
        }
        match pattern.and_then(|pattern| pattern.mismatch(datagram)) {
            Some(at) => Err(UdpFailure::Content(at).into()),
            None => Ok(Passed::default()),
        }
    }
}

impl Exchange for UdpCheck {
    fn request(&mut self, out: &mut Vec<u8>) {
        match &self.settings.payload {
            Some(payload) => out.extend_from_slice(&payload.0),
            None => out.extend_from_slice(&self.random.to_be_bytes()),
        }
    }

    fn answer(&mut self, datagram: &[u8]) -> Option<Outcome> {
        Some(match &self.settings.reply {
            Reply::Optional => Ok(Passed::default()),
            Reply::Required { pattern, length } => {
                Self::judge(pattern.as_ref(), length.as_ref(), datagram)
            }
        })
    }

    fn timed_out(&mut self, limit: Duration) -> Outcome {
        match self.settings.reply {
            Reply::Optional => Ok(Passed::default()),
            Reply::Required { .. } => Err(Failure::NoAnswer(limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PASSED: Outcome = Ok(Passed { weight: None });

    fn required(pattern: Option<&str>, length: Option<RangeInclusive<u16>>) -> UdpCheck {
        let reply = Reply::Required {
            pattern: pattern.map(|text| text.parse().unwrap()),
            length,
        };
        let payload = None;
        UdpCheck::new(UdpSettings { payload, reply }, 0)
    }

    fn sent(payload: Option<&str>) -> Vec<u8> {
        let settings = UdpSettings {
            payload: payload.map(|text| text.parse().unwrap()),
            ..UdpSettings::default()
        };
        let mut out = Vec::new();
        UdpCheck::new(settings, 0x0102_0304_0506_0708).request(&mut out);
        out
    }

    #[test]
    fn sends_the_payload_or_random_octets() {
        assert_eq!(sent(Some("00 ff 7E")), [0x00, 0xff, 0x7e]);
        assert_eq!(sent(None), [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn reads_the_manuals_example() {
        assert_eq!(
            sent(Some("Ab12f 3 456 546443123")),
            [
                0xab, 0x12, 0x0f, 0x03, 0x45, 0x06, 0x54, 0x64, 0x43, 0x12, 0x03
            ]
        );
    }

    #[test]
    fn refuses_other_characters() {
        let payload = |text: &str| text.parse::<Payload>();
        assert_eq!(payload(""), Err(HexError::Empty));
        assert_eq!(payload("  "), Err(HexError::Empty));
        assert_eq!(payload("0x12"), Err(HexError::Character('x')));
        assert_eq!(payload("12,34"), Err(HexError::Character(',')));
        assert_eq!(
            "1y".parse::<Pattern>(),
            Err(HexError::Character('y')),
            "only x is a wildcard"
        );
    }

    #[test]
    fn silence_is_success_unless_an_answer_is_required() {
        let limit = Duration::from_secs(5);
        let mut check = UdpCheck::new(UdpSettings::default(), 0);
        assert_eq!(check.timed_out(limit), PASSED);
        assert_eq!(check.answer(b"anything"), Some(PASSED));
        let silent = required(None, None).timed_out(limit);
        assert_eq!(silent, Err(Failure::NoAnswer(limit)));
    }

    #[test]
    fn compares_the_octets_both_have() {
        let answer = |octets: &[u8]| required(Some("12 3x x4 f"), None).answer(octets).unwrap();
        assert_eq!(answer(&[0x12, 0x3a, 0xb4, 0x0f, 0xee]), PASSED);
        assert_eq!(answer(&[0x12, 0x3f]), PASSED, "shorter");
        assert_eq!(answer(&[]), PASSED, "empty");
        let differs = |at| Err(Failure::from(UdpFailure::Content(at)));
        assert_eq!(answer(&[0x13, 0x3a]), differs(0));
        assert_eq!(answer(&[0x12, 0x4a]), differs(1));
        assert_eq!(answer(&[0x12, 0x3a, 0xb5]), differs(2));
        assert_eq!(answer(&[0x12, 0x3a, 0xb4, 0xff]), differs(3));
    }

    #[test]
    fn length_is_bounded_where_keepalived_bounds_it() {
        let length = |mut check: UdpCheck, len: usize| check.answer(&vec![0; len]).unwrap();
        assert_eq!(length(required(None, None), 1_400), PASSED);
        assert_eq!(length(required(Some("0"), None), 255), PASSED);
        let text = |outcome: Outcome| outcome.unwrap_err().to_string();
        assert_eq!(
            text(length(required(Some("0"), None), 256)),
            "answer of 256 octets, expected 0-255"
        );
        assert_eq!(
            text(length(required(None, Some(2..=3)), 1)),
            "answer of 1 octets, expected 2-3"
        );
        assert_eq!(length(required(None, Some(2..=3)), 2), PASSED);
        assert_eq!(length(required(None, Some(2..=3)), 3), PASSED);
        assert!(length(required(None, Some(2..=3)), 4).is_err());
    }

    proptest! {
        #[test]
        fn digits_round_trip(octets in proptest::collection::vec(any::<u8>(), 1..64)) {
            let text: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            prop_assert_eq!(&sent(Some(&text)), &octets);
            prop_assert_eq!(required(Some(&text), None).answer(&octets), Some(PASSED));
        }

        #[test]
        fn no_text_and_no_datagram_panics(text in "[0-9a-fxX \\t]*|\\PC*", octets: Vec<u8>) {
            if let Ok(pattern) = text.parse::<Pattern>() {
                let reply = Reply::Required { pattern: Some(pattern), length: None };
                let settings = UdpSettings { payload: text.parse().ok(), reply };
                prop_assert!(UdpCheck::new(settings, 0).answer(&octets).is_some());
            }
        }
    }
}
