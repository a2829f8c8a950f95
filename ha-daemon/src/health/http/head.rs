//! The head of a response.

use super::HttpFailure;
use super::body::{Chunk, Framing};
use super::status::StatusSet;

/// Heads of a response, interim ones included, are no larger, in octets.
pub const MAX_HEAD: usize = 64 * 1024;

/// The octets before a body.
#[derive(Debug, Default)]
pub(super) struct Head {
    octets: Vec<u8>,
    /// Where the head begins that interim ones came before.
    begin: usize,
    /// Where the search for the empty line goes on.
    searched: usize,
}

/// What a complete head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) code: u16,
    pub(super) framing: Framing,
}

impl Head {
    /// More octets: what the final head says, once it is complete, and what follows it. Interim ones
    /// are left out (RFC 9110 §15.2) unless they are `expected`.
    pub(super) fn read(
        &mut self,
        octets: &[u8],
        expected: &StatusSet,
    ) -> Result<Option<(Status, Vec<u8>)>, HttpFailure> {
        self.octets.extend_from_slice(octets);
        while let Some(end) = self.end() {
            if end > MAX_HEAD {
                return Err(HttpFailure::LongHead);
            }
            let status = parse(self.octets.get(self.begin..end).unwrap_or_default())?;
            let interim = (100..200).contains(&status.code) && status.code != 101;
            if !interim || expected.contains(status.code) {
                return Ok(Some((status, self.octets.split_off(end))));
            }
            self.begin = end;
            self.searched = end;
        }
        match self.octets.len() {
            0..=MAX_HEAD => Ok(None),
            _ => Err(HttpFailure::LongHead),
        }
    }

    /// Where the head ends, the empty line included. Looks at every octet about once.
    fn end(&mut self) -> Option<usize> {
        let from = self.searched;
        let fresh = self.octets.get(from..)?;
        let mut feeds = fresh
            .iter()
            .enumerate()
            .filter(|(_, octet)| **octet == b'\n');
        let end = feeds.find_map(|(at, _)| match fresh.get(at + 1..)? {
            [b'\n', ..] => Some(at + 2),
            [b'\r', b'\n', ..] => Some(at + 3),
            _ => None,
        });
        self.searched = self.octets.len().saturating_sub(2).max(self.begin);
        end.map(|end| from + end)
    }
}

fn parse(head: &[u8]) -> Result<Status, HttpFailure> {
    // Each field has a line at least.
    let lines = head.iter().filter(|octet| **octet == b'\n').count();
    let mut fields = vec![httparse::EMPTY_HEADER; lines];
    let mut response = httparse::Response::new(&mut fields);
    let parsed = httparse::ParserConfig::default()
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true)
        .parse_response(&mut response, head);
    let complete = match parsed {
        Ok(parsed) => parsed.is_complete(),
        // keepalived looks at the code alone, and at the end of the connection.
        Err(error) => {
            let framing = Framing::Close;
            let status = code(head).map(|code| Status { code, framing });
            return status.ok_or(HttpFailure::Head(error));
        }
    };
    let (Some(code), true) = (response.code, complete) else {
        return Err(HttpFailure::Head(httparse::Error::Status));
    };
    let values = |name: &'static str| {
        let fields = response.headers.iter();
        fields
            .filter(move |field| field.name.eq_ignore_ascii_case(name))
            .map(|field| field.value)
    };
    let chunked = response.version == Some(1)
        && values("Transfer-Encoding")
            .next_back()
            .is_some_and(|value| {
                let last = value.rsplit(|octet| *octet == b',').next();
                last.is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"))
            });
    let framing = if matches!(code, 100..=199 | 204 | 304) {
        Framing::Length(0)
    } else if chunked {
        Framing::Chunked(Chunk::FIRST)
    } else {
        length(values("Content-Length")).map_or(Framing::Close, Framing::Length)
    };
    Ok(Status { code, framing })
}

/// The status code of a head that is not quite one of HTTP: the three digits behind the version.
fn code(head: &[u8]) -> Option<u16> {
    let line = head.strip_prefix(b"HTTP/")?;
    let behind = line.iter().position(|octet| *octet == b' ')? + 1;
    let digits = line.get(behind..behind + 3)?;
    let alone = line.get(behind + 3).is_none_or(u8::is_ascii_whitespace);
    let plain = alone && digits.iter().all(u8::is_ascii_digit);
    str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
}

/// The one length that all fields agree on. Otherwise the body ends with the connection.
fn length<'a>(mut values: impl Iterator<Item = &'a [u8]>) -> Option<u64> {
    let length = |value: &[u8]| {
        let digits = value.trim_ascii();
        let plain = digits.iter().all(u8::is_ascii_digit);
        str::from_utf8(digits).ok().filter(|_| plain)?.parse().ok()
    };
    let first = length(values.next()?)?;
    values
        .all(|value| length(value) == Some(first))
        .then_some(first)
}
