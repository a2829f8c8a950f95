//! `HTTP_GET` and `SSL_GET`.

use core::fmt;

use super::Connection;
use crate::config::model::Written;
use crate::health::http::HttpVersion;

/// Requests over a connection, and the answers that are good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpCheck {
    /// Where.
    pub connection: Connection,
    /// `SSL_GET`.
    pub tls: Option<Tls>,
    /// `http_protocol`.
    pub version: HttpVersion,
    /// `url`, never empty: one attempt is about one of them.
    pub urls: Vec<Url>,
}

impl HttpCheck {
    /// The name to ask the server for in the TLS handshake: `sni_name`, else with `enable_sni`
    /// the virtual host of the URL.
    #[must_use]
    pub fn server_name<'c>(&'c self, url: &'c Url) -> Option<&'c str> {
        let tls = self.tls.as_ref().filter(|tls| tls.enable_sni)?;
        tls.name.as_deref().or(url.virtual_host.as_deref())
    }
}

/// What is special to `SSL_GET`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// `enable_sni`, or `sni_name` given.
    pub enable_sni: bool,
    /// `sni_name`.
    pub name: Option<String>,
    /// `tls_compliant`: a connection that ends without a closing alert is a failure.
    pub compliant: bool,
}

/// One `url`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    /// `path`, as it was written.
    pub path: String,
    /// `virtualhost` of the URL, else of the check, the real server or the virtual server; the
    /// address if absent.
    pub virtual_host: Option<String>,
    /// `status_code`: those that are good.
    pub status: StatusCodes,
    /// `digest` of the body.
    pub digest: Option<Digest>,
    /// `regex` for the body.
    pub pattern: Option<BodyPattern>,
}

/// An MD5 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 16]);

/// 32 hexadecimal digits.
impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A set of status codes, 100..=599.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatusCodes {
    /// First and last, in ascending order, neither overlapping nor adjacent.
    ranges: Vec<(u16, u16)>,
}

impl StatusCodes {
    /// 200 to 299.
    #[must_use]
    pub fn success() -> Self {
        Self::of([(200, 299)])
    }

    /// The codes from the first to the last of each pair.
    #[must_use]
    pub fn of(pairs: impl IntoIterator<Item = (u16, u16)>) -> Self {
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_unstable();
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for (first, last) in pairs {
            match ranges.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last);
                }
                Some(_) | None => ranges.push((first, last)),
            }
        }
        Self { ranges }
    }

    /// First and last of each run of codes, in ascending order.
    pub fn ranges(&self) -> impl Iterator<Item = (u16, u16)> + '_ {
        self.ranges.iter().copied()
    }

    /// Whether `code` is one of them.
    #[must_use]
    pub fn contains(&self, code: u16) -> bool {
        let mut ranges = self.ranges.iter();
        ranges.any(|&(first, last)| (first..=last).contains(&code))
    }
}

/// `200-299, 404`.
impl fmt::Display for StatusCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, &(first, last)) in self.ranges.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            if first == last {
                write!(f, "{first}")?;
            } else {
                write!(f, "{first}-{last}")?;
            }
        }
        Ok(())
    }
}

/// `regex` and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BodyPattern {
    /// `regex`.
    pub pattern: String,
    /// Where that was written.
    pub at: Written,
    /// `regex_no_match`: matching is the failure.
    pub negated: bool,
    /// `regex_options`, each once, in order.
    pub options: Vec<PatternOption>,
    /// `regex_min_offset`: where in the body to start looking.
    pub min_offset: usize,
    /// `regex_max_offset`: before which octet a match has to start; anywhere if absent.
    pub max_offset: Option<usize>,
}

/// An option of a regular expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PatternOption {
    /// `caseless`: letters match those of the other case.
    Caseless,
    /// `dotall`: a dot matches a line end.
    Dotall,
    /// `extended`: blanks in the pattern do not count.
    Extended,
    /// `multiline`: `^` and `$` match at every line.
    Multiline,
    /// `ungreedy`: repetitions are lazy unless followed by `?`.
    Ungreedy,
    /// `utf`: pattern and body are UTF-8.
    Utf,
}
