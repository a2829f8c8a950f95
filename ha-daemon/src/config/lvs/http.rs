//! The draft of `HTTP_GET` and `SSL_GET`.

use super::checker::CommonDraft;
use crate::config::block::{self, Seen, deprecated};
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Handle};
use crate::config::keyword::{HTTP_CHECK, HttpKeyword, TimingKeyword, URL, UrlKeyword};
use crate::config::model::Tls;
use crate::config::text::source::Place;
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::Words;
use crate::health::digest::Digest;
use crate::health::http::{HttpVersion, PatternOptions, RequestText, StatusSet, Url};

/// `HTTP_GET` or `SSL_GET`.
#[derive(Debug)]
pub(super) struct HttpDraft {
    pub(super) tls: Option<Tls>,
    pub(super) version: HttpVersion,
    pub(super) fast_recovery: bool,
    pub(super) virtual_host: Option<RequestText>,
    pub(super) urls: Vec<UrlDraft>,
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
    /// Nothing but whether it is `SSL_GET`.
    pub(super) fn new(is_tls: bool) -> Self {
        Self {
            tls: is_tls.then(Tls::default),
            version: HttpVersion::default(),
            fast_recovery: false,
            virtual_host: None,
            urls: Vec::new(),
            has_url: false,
        }
    }

    /// Reads the block of the check.
    pub(super) fn read(
        &mut self,
        block: &Block<'_>,
        common: &mut CommonDraft,
        diagnostics: &mut Diagnostics,
    ) {
        let seen = block::read(block, &HTTP_CHECK, diagnostics, |keyword, block, words| {
            self.keyword(keyword, block, common, words)
        });
        self.has_url |= seen.was_tried(HttpKeyword::Url);
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
                    UrlBlock::read(block, words.diagnostics).complete(place, words.diagnostics)
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
                    tls.name = Some(host(words)?.to_string());
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
pub(super) fn host(words: &mut Words<'_, '_>) -> Result<RequestText, Handle> {
    let word = words.word("a host name")?;
    printable(word, words)
}

/// Refuses what would not stay in its place in a request.
fn printable(word: Token<'_>, words: &mut Words<'_, '_>) -> Result<RequestText, Handle> {
    if word.text.is_ascii()
        && let Ok(text) = RequestText::try_from(word.text)
    {
        return Ok(text);
    }
    let allowed = "printable ASCII without blanks is expected";
    Err(words.refuse(Code::BadName, word, "nothing to send in a request", allowed))
}

/// A `url` without what it inherits.
#[derive(Debug)]
pub(super) struct UrlDraft {
    /// Its pattern is not there yet.
    pub(super) url: Url,
    pub(super) pattern: Option<PatternDraft>,
}

/// A `regex` that is not compiled yet.
#[derive(Debug)]
pub(super) struct PatternDraft {
    pub(super) text: String,
    pub(super) place: Place,
    pub(super) options: PatternOptions,
}

/// What is written in the block of a `url`.
#[derive(Debug, Default)]
struct UrlBlock {
    path: Option<RequestText>,
    virtual_host: Option<RequestText>,
    status: Option<StatusSet>,
    digest: Option<Digest>,
    pattern: Option<(String, Place)>,
    options: PatternOptions,
    seen: Seen<UrlKeyword>,
}

impl UrlBlock {
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
                self.path = Some(printable(word, words)?);
            }
            UrlKeyword::Virtualhost => self.virtual_host = Some(host(words)?),
            UrlKeyword::Digest => self.digest = Some(digest(words)?),
            UrlKeyword::StatusCode => {
                let mut word = Some(words.word("a status code")?);
                while let Some(code) = word {
                    let mut status = self.status.unwrap_or(StatusSet::EMPTY);
                    codes(code, &mut status, words)?;
                    self.status = Some(status);
                    word = words.next();
                }
            }
            UrlKeyword::Regex => {
                let word = words.word("a regular expression")?;
                self.pattern = Some((word.text.to_owned(), word.place));
            }
            UrlKeyword::RegexNoMatch => self.options.negated = true,
            UrlKeyword::RegexOptions => {
                while let Some(word) = words.next() {
                    pattern_option(word, &mut self.options, words)?;
                }
            }
            UrlKeyword::RegexMinOffset => self.options.min_offset = offset(words)?,
            UrlKeyword::RegexMaxOffset => self.options.max_offset = Some(offset(words)?),
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

    fn complete(self, place: Place, diagnostics: &mut Diagnostics) -> Option<UrlDraft> {
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
        let options = self.options;
        Some(UrlDraft {
            url: Url {
                virtualhost: self.virtual_host,
                status: self.status.unwrap_or_default(),
                digest: self.digest,
                ..Url::new(path)
            },
            pattern: self.pattern.map(|(text, place)| PatternDraft {
                text,
                place,
                options,
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

fn offset(words: &mut Words<'_, '_>) -> Result<u64, Handle> {
    let number = words.number(0..=i64::from(u32::MAX))?;
    Ok(u64::try_from(number.value).unwrap_or(u64::MAX))
}

/// Adds `CODE` or `CODE-CODE` to a set.
fn codes(word: Token<'_>, into: &mut StatusSet, words: &mut Words<'_, '_>) -> Result<(), Handle> {
    let (first, last) = word.text.split_once('-').unwrap_or((word.text, word.text));
    if let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>())
        && into.insert(first..=last).is_ok()
    {
        return Ok(());
    }
    let allowed = "100 to 599, or a range like 200-299, is allowed";
    Err(words.refuse(Code::OutOfRange, word, "no status code", allowed))
}

fn digest(words: &mut Words<'_, '_>) -> Result<Digest, Handle> {
    let word = words.word("32 hexadecimal digits")?;
    if let Ok(digest) = word.text.parse() {
        return Ok(digest);
    }
    let allowed = "the 32 hexadecimal digits of an MD5 digest are expected";
    Err(words.refuse(Code::BadNumber, word, "no digest", allowed))
}

/// The switch of each of `regex_options`, if it has any.
type Switch = Option<fn(&mut PatternOptions)>;

const OPTIONS: [(&str, Switch); 21] = [
    ("allow_empty_class", None),
    ("alt_bsux", None),
    ("alt_circumflex", None),
    ("alt_verbnames", None),
    ("auto_callout", None),
    ("caseless", Some(|options| options.caseless = true)),
    ("dollar_endonly", None),
    ("dotall", Some(|options| options.dotall = true)),
    ("dupnames", None),
    ("extended", Some(|options| options.extended = true)),
    ("firstline", None),
    ("match_unset_backref", None),
    ("multiline", Some(|options| options.multiline = true)),
    ("never_backslash_c", None),
    ("never_ucp", None),
    ("never_utf", None),
    ("no_auto_capture", None),
    ("ucp", None),
    ("ungreedy", Some(|options| options.ungreedy = true)),
    ("use_offset_limit", None),
    ("utf", Some(|options| options.unicode = true)),
];

/// Options that change nothing but how fast matching is.
const OPTIMISATIONS: [&str; 3] = ["no_auto_possess", "no_dotstar_anchor", "no_start_optimize"];

fn pattern_option(
    word: Token<'_>,
    options: &mut PatternOptions,
    words: &mut Words<'_, '_>,
) -> Result<(), Handle> {
    if OPTIMISATIONS.contains(&word.text) {
        return Ok(());
    }
    match words.choice(word, &OPTIONS)? {
        Some(switch) => switch(options),
        None => words.not_supported(word),
    }
    Ok(())
}
