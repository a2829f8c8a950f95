//! The draft of `HTTP_GET` and `SSL_GET`.

use super::checker::CommonDraft;
use crate::config::block::{self, Seen, deprecated};
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Handle};
use crate::config::keyword::{HTTP_CHECK, HttpKeyword, TimingKeyword, URL, UrlKeyword};
use crate::config::model::{BodyPattern, Digest, PatternOption, StatusCodes, Tls, Url, Written};
use crate::config::text::source::Place;
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::Words;
use crate::health::http::HttpVersion;

/// `HTTP_GET` or `SSL_GET`.
#[derive(Debug)]
pub(super) struct HttpDraft {
    pub(super) tls: Option<Tls>,
    pub(super) version: HttpVersion,
    pub(super) fast_recovery: bool,
    pub(super) virtual_host: Option<String>,
    pub(super) urls: Vec<Url>,
    /// There is a `url`, though perhaps none that can be used.
    pub(super) has_url: bool,
}

const VERSIONS: [(&str, HttpVersion); 4] = [
    ("1.0", HttpVersion::Http10),
    ("1.0C", HttpVersion::Http10Close),
    ("1.0c", HttpVersion::Http10Close),
    ("1.1", HttpVersion::Http11),
];

impl HttpDraft {
    /// Reads the block of the check.
    pub(super) fn read(
        is_tls: bool,
        block: &Block<'_>,
        common: &mut CommonDraft,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut draft = Self {
            tls: is_tls.then(Tls::default),
            version: HttpVersion::default(),
            fast_recovery: false,
            virtual_host: None,
            urls: Vec::new(),
            has_url: false,
        };
        let seen = block::read(block, &HTTP_CHECK, diagnostics, |keyword, block, words| {
            draft.keyword(keyword, block, common, words)
        });
        draft.has_url |= seen.was_tried(HttpKeyword::Url);
        draft
    }

    fn keyword(
        &mut self,
        keyword: HttpKeyword,
        block: Option<&Block<'_>>,
        common: &mut CommonDraft,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            HttpKeyword::Connection(keyword) => common.connection.keyword(keyword, words)?,
            HttpKeyword::Schedule(keyword) => common.schedule(keyword, words)?,
            HttpKeyword::NbGetRetry => {
                deprecated(words, "write `retry`");
                common.timing.keyword(TimingKeyword::Retry, 0, words)?;
            }
            HttpKeyword::Url => {
                words.end(&HTTP_CHECK);
                self.has_url = true;
                let url = block.and_then(|block| {
                    let place = words.first.place;
                    UrlDraft::read(block, words.diagnostics).complete(place, words.diagnostics)
                });
                self.urls.extend(url);
            }
            HttpKeyword::HttpProtocol => {
                let word = words.word("1.0, 1.0C or 1.1")?;
                self.version = words.choice(word, &VERSIONS)?;
            }
            HttpKeyword::FastRecovery => self.fast_recovery = words.boolean()?,
            HttpKeyword::Virtualhost => self.virtual_host = Some(host(words)?),
            HttpKeyword::EnableSni => {
                if let Some(tls) = self.tls(words) {
                    tls.enable_sni = true;
                }
            }
            HttpKeyword::SniName => {
                if let Some(tls) = self.tls(words) {
                    tls.name = Some(host(words)?);
                    tls.enable_sni = true;
                }
            }
            HttpKeyword::TlsCompliant => {
                if let Some(tls) = self.tls(words) {
                    tls.compliant = words.boolean()?;
                }
            }
        }
        Ok(())
    }

    /// What is special to `SSL_GET`; reports the keyword elsewhere.
    fn tls(&mut self, words: &mut Words<'_, '_>) -> Option<&mut Tls> {
        if self.tls.is_none() {
            let text = format!("`{}` has no effect without TLS", words.first.text);
            let diagnostic = Diagnostic::warning(Code::NoEffect, words.first.place, text);
            words.report(diagnostic.help("`SSL_GET` checks with TLS"));
        }
        self.tls.as_mut()
    }
}

/// A name for a `Host` field or a TLS handshake.
pub(super) fn host(words: &mut Words<'_, '_>) -> Result<String, Handle> {
    let word = words.word("a host name")?;
    printable(word, words)?;
    Ok(word.text.to_string())
}

/// Refuses what would not stay in its place in a request.
fn printable(word: Token<'_>, words: &mut Words<'_, '_>) -> Result<(), Handle> {
    let text = word.text;
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let allowed = "printable ASCII without blanks is expected";
    Err(words.refuse(Code::BadName, word, "nothing to send in a request", allowed))
}

/// A `url` before defaults.
#[derive(Debug, Default)]
struct UrlDraft {
    path: Option<String>,
    virtual_host: Option<String>,
    codes: Vec<(u16, u16)>,
    digest: Option<Digest>,
    pattern: Option<(String, Written)>,
    negated: bool,
    options: Vec<PatternOption>,
    min_offset: usize,
    max_offset: Option<usize>,
    seen: Seen<UrlKeyword>,
}

impl UrlDraft {
    fn read(block: &Block<'_>, diagnostics: &mut Diagnostics) -> Self {
        let mut url = Self::default();
        let seen = block::read(block, &URL, diagnostics, |keyword, _, words| {
            url.keyword(keyword, words)
        });
        url.seen = seen;
        url
    }

    fn keyword(&mut self, keyword: UrlKeyword, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        match keyword {
            UrlKeyword::Path => {
                let word = words.word("a path")?;
                printable(word, words)?;
                self.path = Some(word.text.to_string());
            }
            UrlKeyword::Virtualhost => self.virtual_host = Some(host(words)?),
            UrlKeyword::Digest => self.digest = Some(digest(words)?),
            UrlKeyword::StatusCode => {
                let mut word = Some(words.word("a status code")?);
                while let Some(code) = word {
                    self.codes.push(codes(code, words)?);
                    word = words.next();
                }
            }
            UrlKeyword::Regex => {
                let word = words.word("a regular expression")?;
                self.pattern = Some((word.text.to_string(), Written(word.place)));
            }
            UrlKeyword::RegexNoMatch => self.negated = true,
            UrlKeyword::RegexOptions => {
                while let Some(word) = words.next() {
                    self.options.extend(pattern_option(word, words)?);
                }
            }
            UrlKeyword::RegexMinOffset => self.min_offset = offset(words)?,
            UrlKeyword::RegexMaxOffset => self.max_offset = Some(offset(words)?),
            UrlKeyword::RegexStack => {
                words.next();
                words.next();
                let text = format!("`{}` has no effect", words.first.text);
                let diagnostic = Diagnostic::warning(Code::NoEffect, words.first.place, text);
                words.report(diagnostic.label("matching needs no stack"));
            }
        }
        Ok(())
    }

    fn complete(self, place: Place, diagnostics: &mut Diagnostics) -> Option<Url> {
        let Some(path) = self.path else {
            if !self.seen.was_tried(UrlKeyword::Path) {
                let diagnostic = Diagnostic::error(Code::MissingSetting, place, "no `path` to get");
                diagnostics.push(diagnostic.label("left out"));
            }
            return None;
        };
        if let (None, Some(place)) = (&self.pattern, self.seen.regex_option()) {
            let diagnostic = Diagnostic::warning(Code::NoEffect, place, "there is no `regex`");
            diagnostics.push(diagnostic.label("this has no effect"));
        }
        let mut options = self.options;
        options.sort_unstable();
        options.dedup();
        Some(Url {
            path,
            virtual_host: self.virtual_host,
            status: if self.codes.is_empty() {
                StatusCodes::success()
            } else {
                StatusCodes::of(self.codes)
            },
            digest: self.digest,
            pattern: self.pattern.map(|(pattern, at)| BodyPattern {
                pattern,
                at,
                negated: self.negated,
                options,
                min_offset: self.min_offset,
                max_offset: self.max_offset,
            }),
        })
    }
}

impl Seen<UrlKeyword> {
    /// Where something was said about a regular expression.
    fn regex_option(&self) -> Option<Place> {
        [
            UrlKeyword::RegexNoMatch,
            UrlKeyword::RegexMinOffset,
            UrlKeyword::RegexMaxOffset,
        ]
        .into_iter()
        .find_map(|keyword| self.place(keyword))
    }
}

fn offset(words: &mut Words<'_, '_>) -> Result<usize, Handle> {
    let number = words.number(0..=i64::from(u32::MAX))?;
    Ok(usize::try_from(number.value).unwrap_or(usize::MAX))
}

/// `CODE` or `CODE-CODE`.
fn codes(word: Token<'_>, words: &mut Words<'_, '_>) -> Result<(u16, u16), Handle> {
    let (first, last) = word.text.split_once('-').unwrap_or((word.text, word.text));
    if let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>())
        && 100 <= first
        && first <= last
        && last <= 599
    {
        return Ok((first, last));
    }
    let allowed = "100 to 599, or a range like 200-299, is allowed";
    Err(words.refuse(Code::OutOfRange, word, "no status code", allowed))
}

fn digest(words: &mut Words<'_, '_>) -> Result<Digest, Handle> {
    let word = words.word("32 hexadecimal digits")?;
    let mut octets = [0_u8; 16];
    let (pairs, rest) = word.text.as_bytes().as_chunks::<2>();
    let mut fits = pairs.len() == octets.len() && rest.is_empty();
    for (octet, pair) in octets.iter_mut().zip(pairs) {
        let text = str::from_utf8(pair).ok();
        // `from_str_radix` takes a sign.
        let text = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match text.map(|text| u8::from_str_radix(text, 16)) {
            Some(Ok(value)) => *octet = value,
            Some(Err(_)) | None => fits = false,
        }
    }
    if fits {
        return Ok(Digest(octets));
    }
    let allowed = "the 32 hexadecimal digits of an MD5 digest are expected";
    Err(words.refuse(Code::BadNumber, word, "no digest", allowed))
}

const OPTIONS: [(&str, Option<PatternOption>); 21] = [
    ("allow_empty_class", None),
    ("alt_bsux", None),
    ("alt_circumflex", None),
    ("alt_verbnames", None),
    ("auto_callout", None),
    ("caseless", Some(PatternOption::Caseless)),
    ("dollar_endonly", None),
    ("dotall", Some(PatternOption::Dotall)),
    ("dupnames", None),
    ("extended", Some(PatternOption::Extended)),
    ("firstline", None),
    ("match_unset_backref", None),
    ("multiline", Some(PatternOption::Multiline)),
    ("never_backslash_c", None),
    ("never_ucp", None),
    ("never_utf", None),
    ("no_auto_capture", None),
    ("ucp", None),
    ("ungreedy", Some(PatternOption::Ungreedy)),
    ("use_offset_limit", None),
    ("utf", Some(PatternOption::Utf)),
];

/// Options that change nothing but how fast matching is.
const OPTIMISATIONS: [&str; 3] = ["no_auto_possess", "no_dotstar_anchor", "no_start_optimize"];

fn pattern_option(
    word: Token<'_>,
    words: &mut Words<'_, '_>,
) -> Result<Option<PatternOption>, Handle> {
    if OPTIMISATIONS.contains(&word.text) {
        return Ok(None);
    }
    let option = words.choice(word, &OPTIONS)?;
    if option.is_none() {
        words.not_supported(word);
    }
    Ok(option)
}
