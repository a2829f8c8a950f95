//! `DNS_CHECK`: a name server answers a question without an error (RFC 1035 §4.1).
//!
//! As keepalived judges it: response code 0 passes, whatever the sections say (an empty answer and
//! a truncated one are answers), any other fails, and a datagram that is not the response to this
//! query is waited past. Beyond that the response has to repeat the question, so that guessing the
//! identifier is not enough to answer for the server. Only header and question are read.

use hickory_proto::op::{Header, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{Name, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder, DecodeError};

use core::str::FromStr;
use core::time::Duration;

use super::attempt::{Exchange, Failure, Outcome, Passed};

/// Record types `DNS_CHECK` can ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "named as in RFC 1035 §3.2.2 and RFC 3596")]
pub enum DnsType {
    A,
    Ns,
    Cname,
    #[default]
    Soa,
    Mx,
    Txt,
    Aaaa,
}

/// A word that names no record type `DNS_CHECK` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the record type is one of A, NS, CNAME, SOA, MX, TXT, AAAA")]
pub struct DnsTypeError;

impl DnsType {
    /// Every type.
    pub const ALL: [Self; 7] = [
        Self::A,
        Self::Ns,
        Self::Cname,
        Self::Soa,
        Self::Mx,
        Self::Txt,
        Self::Aaaa,
    ];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Ns => "NS",
            Self::Cname => "CNAME",
            Self::Soa => "SOA",
            Self::Mx => "MX",
            Self::Txt => "TXT",
            Self::Aaaa => "AAAA",
        }
    }
}

impl FromStr for DnsType {
    type Err = DnsTypeError;

    /// In any case, as keepalived reads it.
    fn from_str(word: &str) -> Result<Self, DnsTypeError> {
        let mut types = Self::ALL.into_iter();
        let known = types.find(|kind| kind.name().eq_ignore_ascii_case(word));
        known.ok_or(DnsTypeError)
    }
}

impl From<DnsType> for RecordType {
    fn from(kind: DnsType) -> Self {
        match kind {
            DnsType::A => Self::A,
            DnsType::Ns => Self::NS,
            DnsType::Cname => Self::CNAME,
            DnsType::Soa => Self::SOA,
            DnsType::Mx => Self::MX,
            DnsType::Txt => Self::TXT,
            DnsType::Aaaa => Self::AAAA,
        }
    }
}

/// A domain name; relative to the root with or without the final dot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(Name);

/// Not a domain name: an empty or too long label, or more than 255 octets (RFC 1035 §2.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a domain name")]
pub struct DomainNameError;

impl FromStr for DomainName {
    type Err = DomainNameError;

    fn from_str(text: &str) -> Result<Self, DomainNameError> {
        if text.is_empty() {
            return Err(DomainNameError);
        }
        let mut name = Name::from_ascii(text).map_err(|_| DomainNameError)?;
        name.set_fqdn(true);
        Ok(Self(name))
    }
}

/// The root, `.`.
impl Default for DomainName {
    fn default() -> Self {
        Self(Name::root())
    }
}

/// Why a name server is not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsFailure {
    /// A response code other than 0.
    #[error("response code {} ({})", .0.low(), .0.to_str())]
    Code(ResponseCode),
}

/// One question to a name server.
#[derive(Clone, Debug)]
pub struct DnsCheck {
    id: u16,
    question: Query,
}

impl DnsCheck {
    /// Asks for the records `kind` of `name`. The `id` is to be drawn at random for each attempt:
    /// it distinguishes the answer from answers to others and from forged ones.
    #[must_use]
    pub fn new(id: u16, name: &DomainName, kind: DnsType) -> Self {
        Self {
            id,
            question: Query::query(name.0.clone(), kind.into()),
        }
    }

    /// The response code if `datagram` answers this question.
    fn response_code(&self, datagram: &[u8]) -> Result<Option<ResponseCode>, DecodeError> {
        let mut decoder = BinDecoder::new(datagram);
        let header = Header::read(&mut decoder)?;
        if header.id != self.id
            || header.message_type != MessageType::Response
            || header.op_code != OpCode::Query
        {
            return Ok(None);
        }
        let code = header.response_code;
        let repeated = match header.counts.queries {
            // A server that could not read the question cannot repeat it.
            0 => code != ResponseCode::NoError,
            1 => Query::read(&mut decoder)? == self.question,
            _ => false,
        };
        Ok(repeated.then_some(code))
    }
}

impl Exchange for DnsCheck {
    fn request(&mut self, out: &mut Vec<u8>) {
        let mut message = Message::new(self.id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(self.question.clone());
        // One name of at most 255 octets is encoded without fail; if it were not, the empty
        // datagram would find no answer.
        if let Ok(octets) = message.to_vec() {
            out.extend_from_slice(&octets);
        }
    }

    fn answer(&mut self, datagram: &[u8]) -> Option<Outcome> {
        match self.response_code(datagram) {
            Ok(Some(ResponseCode::NoError)) => Some(Ok(Passed::default())),
            Ok(Some(code)) => Some(Err(DnsFailure::Code(code).into())),
            Ok(None) | Err(_) => None,
        }
    }

    fn timed_out(&mut self, limit: Duration) -> Outcome {
        Err(Failure::NoAnswer(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 1035 §4.1.1: id, flags, counts of questions, answers, authorities, additionals.
    const ROOT_SOA: &[u8] = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\
        \x00\x00\x06\x00\x01";

    fn root() -> DnsCheck {
        DnsCheck::new(0x1234, &DomainName::default(), DnsType::default())
    }

    /// The query for `. SOA` as a response with these flags.
    fn response(flags: u16) -> Vec<u8> {
        let mut octets = ROOT_SOA.to_vec();
        octets[2..4].copy_from_slice(&flags.to_be_bytes());
        octets
    }

    const PASSED: Option<Outcome> = Some(Ok(Passed { weight: None }));

    #[test]
    fn asks_for_the_root_by_default() {
        let mut out = Vec::new();
        root().request(&mut out);
        assert_eq!(out, ROOT_SOA);
    }

    #[test]
    fn asks_for_a_name_and_type() {
        let expected = b"\xab\xcd\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\
            \x03www\x07example\x00\x00\x1c\x00\x01";
        for name in ["www.example", "www.example."] {
            let name = name.parse().unwrap();
            let mut out = Vec::new();
            DnsCheck::new(0xabcd, &name, DnsType::Aaaa).request(&mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn any_answer_without_error_passes() {
        assert_eq!(root().answer(&response(0x8180)), PASSED);
        assert_eq!(root().answer(&response(0x8580)), PASSED, "authoritative");
        assert_eq!(root().answer(&response(0x8380)), PASSED, "truncated");
        let mut counted = response(0x8180);
        counted[7] = 5;
        assert_eq!(root().answer(&counted), PASSED, "records are not read");
    }

    #[test]
    fn response_codes_fail_by_name() {
        let text = |flags| match root().answer(&response(flags)) {
            Some(Err(failure)) => failure.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(text(0x8181), "response code 1 (Form Error)");
        assert_eq!(text(0x8182), "response code 2 (Server Failure)");
        assert_eq!(text(0x8183), "response code 3 (Non-Existent Domain)");
        assert_eq!(text(0x8185), "response code 5 (Query Refused)");
    }

    #[test]
    fn waits_past_what_is_not_the_answer() {
        let mut other_id = response(0x8180);
        other_id[1] ^= 1;
        let mut other_type = response(0x8180);
        other_type[14] = 1;
        let mut other_name = response(0x8180);
        other_name.splice(12..13, *b"\x01x\x00");
        let mut no_question = response(0x8180)[..12].to_vec();
        no_question[5] = 0;
        for datagram in [
            &other_id[..],
            &other_type,
            &other_name,
            &no_question,
            ROOT_SOA,
            &response(0xa180),
            &response(0x8180)[..16],
            b"",
        ] {
            assert_eq!(root().answer(datagram), None, "{datagram:02x?}");
        }
    }

    #[test]
    fn an_error_need_not_repeat_the_question() {
        let mut octets = response(0x8181)[..12].to_vec();
        octets[5] = 0;
        assert_eq!(
            root().answer(&octets),
            Some(Err(DnsFailure::Code(ResponseCode::FormErr).into()))
        );
    }

    #[test]
    fn the_question_may_come_back_in_another_case() {
        let mut check = DnsCheck::new(1, &"www.example".parse().unwrap(), DnsType::A);
        let octets = b"\x00\x01\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\
            \x03WWW\x07Example\x00\x00\x01\x00\x01";
        assert_eq!(check.answer(octets), PASSED);
    }

    #[test]
    fn types_are_read_in_any_case() {
        assert_eq!("cname".parse(), Ok(DnsType::Cname));
        assert_eq!("AAAA".parse(), Ok(DnsType::Aaaa));
        assert_eq!("PTR".parse::<DnsType>(), Err(DnsTypeError));
    }

    #[test]
    fn names_are_checked() {
        let wrong = |text: &str| text.parse::<DomainName>() == Err(DomainNameError);
        assert!(wrong("") && wrong("a..b") && wrong(&"x".repeat(64)) && wrong(&"a.".repeat(128)));
        assert_eq!(".".parse(), Ok(DomainName::default()));
        assert!("_sip._udp.example".parse::<DomainName>().is_ok());
    }

    #[test]
    fn silence_fails() {
        let limit = Duration::from_secs(5);
        assert_eq!(root().timed_out(limit), Err(Failure::NoAnswer(limit)));
    }
}
