//! `HTTP_GET` and `SSL_GET`: a page, and what it has to be like.

mod body;
mod pattern;
mod status;

use core::fmt;
use core::net::SocketAddr;
use std::sync::Arc;

pub use self::pattern::{Pattern, PatternOptions, WINDOW};
pub use self::status::{StatusError, StatusSet};

use self::body::{Chunk, End, Framing};
use self::pattern::Search;
use super::attempt::{Dialogue, Failure, Outcome, Passed, Progress};
use super::digest::{Digest, Digester};

/// Heads of a response, interim ones included, are no larger, in octets.
pub const MAX_HEAD: usize = 16 * 1024;
/// Fields of a head are no more.
const MAX_FIELDS: usize = 100;

/// Why a response is not what was hoped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpFailure {
    /// What came is no head of an HTTP response.
    #[error("not an HTTP response: {0}")]
    Head(httparse::Error),
    /// The head is longer than [`MAX_HEAD`].
    #[error("the head of the response is longer than {MAX_HEAD} octets")]
    LongHead,
    /// The chunked coding is broken (RFC 9112 §7.1).
    #[error("malformed chunk in the response")]
    Chunk,
    /// The status code is none of the expected.
    #[error("status {found}, expected {expected}")]
    Status {
        /// That of the response.
        found: u16,
        /// Those hoped for.
        expected: StatusSet,
    },
    /// The body is another.
    #[error("the body has digest {found}, expected {expected}")]
    Digest {
        /// That of the body.
        found: Digest,
        /// That hoped for.
        expected: Digest,
    },
    /// The body does not match, or matches and must not.
    #[error("the body {}", if *.negated { "matches the regex" } else { "does not match the regex" })]
    Pattern {
        /// Whether it must not.
        negated: bool,
    },
}

/// What the request says of the protocol (`http_protocol`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HttpVersion {
    /// `1.0`: the server closes when it has answered.
    #[default]
    Http10,
    /// `1.0C`: the same, asked for once more.
    Http10Close,
    /// `1.1`, with `Connection: close`.
    Http11,
}

/// Text that can stand in a line of a request: neither empty nor with control characters or spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestText(Box<str>);

/// The text would change the meaning of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("text in an HTTP request is not empty and has neither spaces nor control characters")]
pub struct RequestTextError;

impl TryFrom<&str> for RequestText {
    type Error = RequestTextError;

    fn try_from(text: &str) -> Result<Self, RequestTextError> {
        if text.is_empty() || text.bytes().any(|octet| octet <= b' ' || octet == 0x7f) {
            return Err(RequestTextError);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for RequestText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A page and what it has to be like (`url`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    /// What to ask for, from the slash on.
    pub path: RequestText,
    /// Whose page; the address and port of the server if absent.
    pub virtualhost: Option<RequestText>,
    /// Status codes that pass.
    pub status: StatusSet,
    /// What the body has to digest to.
    pub digest: Option<Digest>,
    /// What the body has to match.
    pub pattern: Option<Pattern>,
}

impl Url {
    /// A page that passes with any status of success.
    #[must_use]
    pub fn new(path: RequestText) -> Self {
        Self {
            path,
            virtualhost: None,
            status: StatusSet::default(),
            digest: None,
            pattern: None,
        }
    }

    /// The octets of the request, for a server at `to`.
    #[must_use]
    pub fn request(&self, version: HttpVersion, to: SocketAddr) -> String {
        let minor = u8::from(version == HttpVersion::Http11);
        let close = match version {
            HttpVersion::Http10 => "",
            HttpVersion::Http10Close | HttpVersion::Http11 => "Connection: close\r\n",
        };
        let path = &self.path;
        let host = match &self.virtualhost {
            Some(name) => name.to_string(),
            // A zone has no meaning on the other side (RFC 6874 §1).
            None if to.is_ipv6() => format!("[{}]:{}", to.ip(), to.port()),
            None => to.to_string(),
        };
        format!(
            "GET {path} HTTP/1.{minor}\r\nUser-Agent: KeepAliveClient\r\n{close}Host: {host}\r\n\r\n"
        )
    }
}

/// One GET: a request, and the judgement of the response.
///
/// A response is read to its end whatever it is judged by, so that the server is not cut short. It
/// costs [`MAX_HEAD`] octets and [`WINDOW`] more if a [`Pattern`] has to be searched, however long
/// the body. A connection closed in the middle of a body ends the body: keepalived looks at neither
/// `Content-Length` nor chunks, and servers that pass there are not to fail here.
#[derive(Debug)]
pub struct Get {
    url: Arc<Url>,
    request: String,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Head(Head),
    Body(Body),
}

/// The octets before a body.
#[derive(Debug, Default)]
struct Head {
    octets: Vec<u8>,
    /// Where the search for the empty line goes on.
    searched: usize,
    /// How long earlier interim heads were.
    interim: usize,
}

/// What a complete head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Status {
    code: u16,
    framing: Framing,
}

#[derive(Debug)]
struct Body {
    framing: Framing,
    digester: Option<Digester>,
    search: Search,
}

impl Get {
    /// A GET of `url` from the server at `to`.
    #[must_use]
    pub fn new(url: Arc<Url>, version: HttpVersion, to: SocketAddr) -> Self {
        let request = url.request(version, to);
        Self {
            url,
            request,
            stage: Stage::Head(Head::default()),
        }
    }

    fn read(&mut self, octets: &[u8]) -> Result<End, HttpFailure> {
        match &mut self.stage {
            Stage::Body(body) => body.read(&self.url, octets),
            Stage::Head(head) => {
                head.octets.extend_from_slice(octets);
                let Some((status, length)) = head.next(&self.url.status)? else {
                    return Ok(End::Ahead);
                };
                if !self.url.status.contains(status.code) {
                    return Err(HttpFailure::Status {
                        found: status.code,
                        expected: self.url.status,
                    });
                }
                let rest = head.octets.split_off(length);
                let mut body = Body {
                    framing: status.framing,
                    digester: self.url.digest.map(|_| Digester::default()),
                    search: Search::default(),
                };
                let end = body.read(&self.url, &rest);
                self.stage = Stage::Body(body);
                end
            }
        }
    }

    /// The judgement of a complete body.
    fn judge(&mut self) -> Outcome {
        let Stage::Body(body) = &mut self.stage else {
            return Err(Failure::Closed);
        };
        if let Some((digester, expected)) = body.digester.take().zip(self.url.digest) {
            let found = digester.finish();
            if found != expected {
                return Err(HttpFailure::Digest { found, expected }.into());
            }
        }
        if let Some(pattern) = &self.url.pattern
            && !core::mem::take(&mut body.search).finish(pattern)
        {
            let negated = pattern.options().negated;
            return Err(HttpFailure::Pattern { negated }.into());
        }
        Ok(Passed::default())
    }
}

impl Dialogue for Get {
    fn start(&mut self, out: &mut Vec<u8>) -> Progress {
        out.extend_from_slice(self.request.as_bytes());
        Progress::Continue
    }

    fn receive(&mut self, octets: &[u8], _out: &mut Vec<u8>) -> Progress {
        match self.read(octets) {
            Ok(End::Ahead) => Progress::Continue,
            Ok(End::Reached) => Progress::Done(self.judge()),
            Err(failure) => Progress::Done(Err(failure.into())),
        }
    }

    fn closed(&mut self) -> Outcome {
        self.judge()
    }
}

impl Head {
    /// The final head and its length in `octets`, once it is complete. Interim ones are dropped
    /// (RFC 9110 §15.2) unless they are `expected`.
    fn next(&mut self, expected: &StatusSet) -> Result<Option<(Status, usize)>, HttpFailure> {
        loop {
            let limit = MAX_HEAD.saturating_sub(self.interim);
            let Some(length) = self.length() else {
                return if self.octets.len() > limit {
                    Err(HttpFailure::LongHead)
                } else {
                    Ok(None)
                };
            };
            if length > limit {
                return Err(HttpFailure::LongHead);
            }
            let status = parse(self.octets.get(..length).unwrap_or_default())?;
            let interim = (100..200).contains(&status.code) && status.code != 101;
            if !interim || expected.contains(status.code) {
                return Ok(Some((status, length)));
            }
            self.octets.drain(..length);
            self.interim += length;
            self.searched = 0;
        }
    }

    /// How long the head is, the empty line included. Looks at every octet about once.
    fn length(&mut self) -> Option<usize> {
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
        self.searched = self.octets.len().saturating_sub(2);
        end.map(|end| from + end)
    }
}

fn parse(head: &[u8]) -> Result<Status, HttpFailure> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let parsed = httparse::ParserConfig::default()
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .allow_multiple_spaces_in_response_status_delimiters(true)
        .ignore_invalid_headers_in_responses(true)
        .parse_response(&mut response, head);
    let complete = parsed.map_err(HttpFailure::Head)?.is_complete();
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

/// The one length that all fields agree on. Where they do not, the end of the connection tells.
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

impl Body {
    fn read(&mut self, url: &Url, octets: &[u8]) -> Result<End, HttpFailure> {
        if self.framing.is_over() {
            return Ok(End::Reached);
        }
        if octets.is_empty() {
            return Ok(End::Ahead);
        }
        let Self {
            framing,
            digester,
            search,
        } = self;
        framing.read(octets, |data| {
            if let Some(digester) = digester {
                digester.update(data);
            }
            if let Some(pattern) = &url.pattern {
                search.update(pattern, data);
            }
        })
    }
}

#[cfg(test)]
mod tests;
