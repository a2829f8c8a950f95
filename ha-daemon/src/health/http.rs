//! `HTTP_GET` and `SSL_GET`: fetch a page and check its status, digest or text.

mod body;
mod dialect;
mod head;
mod pattern;
mod search;
mod status;

use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;
use std::sync::Arc;

pub use self::head::MAX_HEAD;
pub use self::pattern::{Pattern, PatternOptions, UnusablePattern};
pub use self::status::{StatusError, StatusSet};

use self::body::{End, Framing};
use self::head::Head;
use self::search::Search;
use super::attempt::{Dialogue, Failure, Outcome, Passed, Progress};
use super::digest::{Digest, Digester};
use super::slice::Slice;

/// What a search for a [`Pattern`] may cost of a processor's time.
pub const PATTERN_TIME: Duration = Duration::from_millis(250);

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
    /// The search took [`PATTERN_TIME`], and the body goes on.
    #[error(
        "the regex is too costly for this body: {} ms of searching did not decide it",
        PATTERN_TIME.as_millis()
    )]
    Cost,
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

impl RequestText {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
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
/// costs [`MAX_HEAD`] octets, and what a search for a [`Pattern`] remembers, however long the body. A
/// connection closed in the middle of a body ends the body: keepalived looks at neither
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

#[derive(Debug)]
struct Body {
    framing: Framing,
    /// Whether all of it has arrived.
    ended: bool,
    digester: Option<Digester>,
    search: Option<Search>,
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

    fn read(&mut self, octets: &[u8]) -> Result<(), HttpFailure> {
        match &mut self.stage {
            Stage::Body(body) => body.read(octets),
            Stage::Head(head) => {
                let Some((status, rest)) = head.read(octets, &self.url.status)? else {
                    return Ok(());
                };
                if !self.url.status.contains(status.code) {
                    return Err(HttpFailure::Status {
                        found: status.code,
                        expected: self.url.status,
                    });
                }
                let mut body = Body::new(status.framing, &self.url);
                body.read(&rest)?;
                self.stage = Stage::Body(body);
                Ok(())
            }
        }
    }

    /// What there is to do with what arrived.
    fn progress(&mut self) -> Progress {
        match &self.stage {
            Stage::Head(_) => Progress::Continue,
            Stage::Body(body) if body.search.as_ref().is_some_and(Search::is_behind) => {
                Progress::Busy
            }
            Stage::Body(body) if body.ended => Progress::Done(self.judge()),
            Stage::Body(_) => Progress::Continue,
        }
    }

    /// The judgement of a complete body, searched through.
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
        if let Some((search, pattern)) = body.search.take().zip(self.url.pattern.as_ref())
            && !search.finish(pattern)
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
            Ok(()) => self.progress(),
            Err(failure) => Progress::Done(Err(failure.into())),
        }
    }

    fn go_on(&mut self, _out: &mut Vec<u8>, slice: &Slice) -> Progress {
        if let Stage::Body(Body {
            search: Some(search),
            ..
        }) = &mut self.stage
            && let Some(pattern) = &self.url.pattern
            && let Err(failure) = search.go_on(pattern, slice)
        {
            return Progress::Done(Err(failure.into()));
        }
        self.progress()
    }

    fn closed(&mut self) -> Outcome {
        self.judge()
    }
}

impl Body {
    fn new(framing: Framing, url: &Url) -> Self {
        Self {
            ended: framing.is_over(),
            framing,
            digester: url.digest.map(|_| Digester::default()),
            search: url.pattern.as_ref().map(Search::new),
        }
    }

    fn read(&mut self, octets: &[u8]) -> Result<(), HttpFailure> {
        if self.ended || octets.is_empty() {
            return Ok(());
        }
        let Self {
            framing,
            digester,
            search,
            ..
        } = self;
        let end = framing.read(octets, |data| {
            if let Some(digester) = digester {
                digester.update(data);
            }
            if let Some(search) = search {
                search.update(data);
            }
        })?;
        self.ended = end == End::Reached;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
