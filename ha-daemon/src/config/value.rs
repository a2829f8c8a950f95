//! The parser of parameters: numbers, seconds, addresses, switches and choices.

use core::net::IpAddr;
use core::ops::RangeInclusive;
use core::time::Duration;

use super::diagnostic::{Code, Diagnostic, Diagnostics, Handle, Severity};
use super::keyword::{Table, Variant};
use super::text::blank::trimmed_start;
use super::text::source::Place;
use super::text::tape::Token;
use super::text::tree::{Arguments, Node};

/// Something and where it was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Set<T> {
    pub(super) value: T,
    pub(super) place: Place,
}

/// The words of a line, taken one by one.
#[derive(Debug)]
pub(super) struct Words<'n, 'd> {
    /// The first word of the line.
    pub(super) first: Token<'n>,
    rest: Arguments<'n>,
    pub(super) diagnostics: &'d mut Diagnostics,
    /// How bad a value is that cannot be used.
    pub(super) severity: Severity,
}

impl<'n, 'd> Words<'n, 'd> {
    pub(super) fn of(node: &Node<'n>, diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            first: node.keyword,
            rest: node.arguments.clone(),
            diagnostics,
            severity: Severity::Error,
        }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) -> Handle {
        self.diagnostics.push(diagnostic)
    }

    /// Reports an option that is understood and does nothing so far.
    pub(super) fn not_supported(&mut self, word: Token<'_>) {
        let text = format!("`{}` is not yet supported here", word.text);
        let diagnostic = Diagnostic::warning(Code::NotSupported, word.place, text);
        self.report(diagnostic.label("skipped"));
    }

    /// The next word, if there is one.
    pub(super) fn next(&mut self) -> Option<Token<'n>> {
        self.rest.next()
    }

    pub(super) fn peek(&self) -> Option<Token<'n>> {
        self.rest.first()
    }

    /// The next word, which has to be there: `after` is what it belongs to.
    pub(super) fn word_after(&mut self, after: Token<'_>, what: &str) -> Result<Token<'n>, Handle> {
        match self.rest.next() {
            Some(word) => Ok(word),
            None => {
                let text = format!("`{}` needs {what}", after.text);
                let diagnostic = Diagnostic::fatal(Code::MissingArgument, after.place, text);
                Err(self.report(diagnostic.label("nothing follows")))
            }
        }
    }

    /// The next word, which the option `after` cannot do without; the rest goes on without it.
    pub(super) fn value_after(
        &mut self,
        after: Token<'_>,
        what: &str,
    ) -> Result<Token<'n>, Handle> {
        match self.rest.next() {
            Some(word) => Ok(word),
            None => {
                let text = format!("`{}` needs {what}", after.text);
                let diagnostic = Diagnostic::error(Code::MissingArgument, after.place, text);
                Err(self.report(diagnostic.label("nothing follows")))
            }
        }
    }

    /// The parameter, which has to be there.
    pub(super) fn word(&mut self, what: &str) -> Result<Token<'n>, Handle> {
        self.word_after(self.first, what)
    }

    /// Reports a word that cannot be used; `allowed` is what could.
    pub(super) fn refuse(
        &mut self,
        code: Code,
        word: Token<'_>,
        what: &str,
        allowed: impl Into<String>,
    ) -> Handle {
        let text = format!("`{}` is {what}", word.text);
        self.report(Diagnostic::new(self.severity, code, word.place, text).label(allowed))
    }

    /// `word` as a number out of `range`.
    pub(super) fn number_in(
        &mut self,
        word: Token<'_>,
        range: RangeInclusive<i64>,
    ) -> Result<i64, Handle> {
        let (low, high) = (range.start(), range.end());
        let Ok(number) = trimmed_start(word.text).parse::<i64>() else {
            let allowed = format!("a number from {low} to {high} is expected");
            return Err(self.refuse(Code::BadNumber, word, "no number", allowed));
        };
        if range.contains(&number) {
            return Ok(number);
        }
        let allowed = format!("{low} to {high} are allowed");
        Err(self.refuse(Code::OutOfRange, word, "out of range", allowed))
    }

    /// The parameter as a number out of `range`.
    pub(super) fn number(&mut self, range: RangeInclusive<i64>) -> Result<Set<i64>, Handle> {
        let word = self.word("a number")?;
        let value = self.number_in(word, range)?;
        Ok(Set {
            value,
            place: word.place,
        })
    }

    /// The parameter as a number of `T`s own range above `low`.
    pub(super) fn count<T>(&mut self, low: T, high: T) -> Result<T, Handle>
    where
        T: Into<i64> + TryFrom<i64> + Copy,
    {
        let number = self.number(low.into()..=high.into())?;
        Ok(T::try_from(number.value).unwrap_or(high))
    }

    /// The parameter as seconds with up to six decimals, within `low..=high` microseconds.
    pub(super) fn seconds(&mut self, low: u64, high: u64) -> Result<Set<Duration>, Handle> {
        let word = self.word("a number of seconds")?;
        let allowed = || format!("{} to {} seconds", Micros(low), Micros(high));
        let Some((micros, exact)) = micros(trimmed_start(word.text)) else {
            let allowed = format!("{} are expected", allowed());
            return Err(self.refuse(Code::BadNumber, word, "no number", allowed));
        };
        if !(low..=high).contains(&micros) {
            let allowed = format!("{} are allowed", allowed());
            return Err(self.refuse(Code::OutOfRange, word, "out of range", allowed));
        }
        if !exact {
            let text = format!("`{}` has more than six decimals", word.text);
            let label = format!("rounded to {}", Micros(micros));
            self.report(Diagnostic::error(Code::Rounded, word.place, text).label(label));
        }
        Ok(Set {
            value: Duration::from_micros(micros),
            place: word.place,
        })
    }

    /// An optional BOOL, true if it is absent.
    pub(super) fn boolean(&mut self) -> Result<bool, Handle> {
        let Some(word) = self.next() else {
            return Ok(true);
        };
        match word.text {
            "on" | "true" | "yes" => Ok(true),
            "off" | "false" | "no" => Ok(false),
            other => {
                let allowed = "on, off, true, false, yes or no is expected";
                let text = format!("`{other}` is neither on nor off");
                let diagnostic = Diagnostic::new(self.severity, Code::BadChoice, word.place, text);
                let words = ["on", "off", "true", "false", "yes", "no"];
                Err(self.report(diagnostic.label(allowed).suggest(other, words)))
            }
        }
    }

    /// `word` as one of some words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        word: Token<'_>,
        choices: &[(&'static str, T)],
    ) -> Result<T, Handle> {
        if let Some((_, value)) = choices.iter().find(|(name, _)| word.text == *name) {
            return Ok(*value);
        }
        let names = choices.iter().map(|(name, _)| *name);
        let allowed = names.clone().collect::<Vec<_>>().join(", ");
        let text = format!("`{}` is not known after `{}`", word.text, self.first.text);
        let diagnostic = Diagnostic::new(self.severity, Code::BadChoice, word.place, text)
            .label(format!("allowed: {allowed}"))
            .suggest(word.text, names);
        Err(self.report(diagnostic))
    }

    /// `word` as an address.
    pub(super) fn address(&mut self, word: Token<'_>) -> Result<IpAddr, Handle> {
        self.host(word, "an IPv4 or IPv6 address is expected")
    }

    /// `word` as an address, or else `expected` is said. A prefix length behind it means nothing, as
    /// with keepalived.
    pub(super) fn host(&mut self, word: Token<'_>, expected: &str) -> Result<IpAddr, Handle> {
        let (text, length) = match word.text.split_once('/') {
            Some((text, length)) => (text, Some(length)),
            None => (word.text, None),
        };
        let Ok(address) = text.parse() else {
            return Err(self.refuse(Code::BadAddress, word, "no address", expected));
        };
        if length.is_some() {
            let text = format!("`{}` is one address", word.text);
            let diagnostic = Diagnostic::warning(Code::NoEffect, word.place, text);
            self.report(diagnostic.label("the length has no effect"));
        }
        Ok(address)
    }

    /// `word` as the name of an interface.
    pub(super) fn interface(&mut self, word: Token<'_>) -> Result<String, Handle> {
        let bad = |c: char| c == '/' || c.is_whitespace() || c.is_control();
        let text = word.text;
        if text.is_empty() || text.len() > 15 || text.contains(bad) || text == "." || text == ".." {
            let allowed = "1 to 15 octets without blanks and `/`";
            return Err(self.refuse(Code::BadName, word, "no name of an interface", allowed));
        }
        Ok(text.to_owned())
    }

    /// Reports what is left of the line; `table` is that of the keywords around it. Returns the
    /// setting of the keyword that was put there by mistake.
    pub(super) fn end<K: Variant>(&mut self, table: &Table<K>) -> Option<(K, Handle)> {
        let (first, last) = (self.rest.first()?, self.rest.farthest()?);
        self.rest.clear();
        if let Some(keyword) = table.find(first.text) {
            let name = keyword.name;
            let text = format!("`{name}` is a keyword of its own");
            let diagnostic = Diagnostic::error(Code::KeywordAsArgument, first.place, text)
                .label(format!("not read after `{}`", self.first.text));
            let help = format!("put `{name}` on a line of its own");
            let handle = self.report(diagnostic.help(help));
            return keyword.setting().map(|setting| (setting, handle));
        }
        let mut place = first.place;
        if first.place.via == last.place.via && first.place.span.source == last.place.span.source {
            place.span.end = last.place.span.end.max(place.span.end);
        }
        let text = format!("too many parameters for `{}`", self.first.text);
        self.report(Diagnostic::warning(Code::ExtraArgument, place, text).label("not read"));
        None
    }
}

/// Microseconds, shown as seconds.
struct Micros(u64);

impl core::fmt::Display for Micros {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{rest:06}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

/// A decimal number in millionths, and whether that is exact.
fn micros(text: &str) -> Option<(u64, bool)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().unwrap_or(u64::MAX)
    };
    let digits = fraction.bytes().map(|digit| u64::from(digit - b'0'));
    let kept = digits.chain(core::iter::repeat(0)).take(6);
    let rest = fraction.get(6..).unwrap_or("");
    let round_up = rest.starts_with(['5', '6', '7', '8', '9']);
    let micros = whole
        .saturating_mul(1_000_000)
        .saturating_add(kept.fold(0, |number, digit| number * 10 + digit))
        .saturating_add(u64::from(round_up));
    Some((micros, rest.bytes().all(|byte| byte == b'0')))
}
