//! The regular expression that a body has to match.

use core::hash::{Hash, Hasher};
use std::sync::Arc;

use regex_automata::hybrid::dfa::DFA;
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::util::syntax;
use regex_syntax::hir::{Capture, Dot, Hir, HirKind, Look, Repetition};

use super::dialect::translated;

/// Compiled expressions are no larger, in octets.
const SIZE_LIMIT: usize = 1 << 20;
/// The first octet where a match may begin is no further from the first where none may any more.
const MAX_REACH: u32 = 1 << 13;
/// What a search remembers of states that it has been in, in octets.
const MEMORY: usize = 256 * 1024;
/// States of the expression that are gone through before the clock is looked at, at the most.
const STRIDE: usize = 1 << 14;

/// A regular expression and where a body may match it.
///
/// A body is searched octet by octet as it arrives, and nothing of it is held: a match is found
/// wherever it is and however long it is. (keepalived holds 4 KiB.) An octet takes time in
/// proportion to the size of the expression at the worst, and the search can be left after each; in
/// return there is neither look-around nor back-reference. Only the body is searched, after the
/// transfer coding is removed.
///
/// The text is read as PCRE reads it where both have it: `$` also matches before a line feed that ends the body, and `\b` looks at ASCII
/// letters, digits and underscores, with `unicode` too.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<str>,
    options: PatternOptions,
    pub(super) dfa: Arc<DFA>,
    /// Octets searched between two looks at the clock.
    pub(super) stride: usize,
}

/// How a [`Pattern`] is read, and what it means (`regex_options` and its neighbours).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatternOptions {
    /// Letters match in either case (`caseless`).
    pub caseless: bool,
    /// `.` matches line feeds (`dotall`).
    pub dotall: bool,
    /// White space in the pattern is ignored (`extended`).
    pub extended: bool,
    /// `^` and `$` match at lines (`multiline`).
    pub multiline: bool,
    /// Repetitions are short unless followed by `?` (`ungreedy`).
    pub ungreedy: bool,
    /// Characters are those of UTF-8 rather than octets (`utf`, `ucp`).
    pub unicode: bool,
    /// A match is a failure (`regex_no_match`).
    pub negated: bool,
    /// The first octet of the body where a match may begin (`regex_min_offset`).
    pub min_offset: u64,
    /// The first octet where it may not any more (`regex_max_offset`); `None` for no limit.
    pub max_offset: Option<u64>,
}

/// An expression that cannot be searched for. The text is one clause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnusablePattern {
    /// It is no expression, or has what PCRE has and we have not.
    #[error("{}", Clause::of(.0))]
    Syntax(Box<regex_syntax::Error>),
    /// It would take more than 1 MiB.
    #[error("compiled it is larger than {SIZE_LIMIT} octets")]
    TooLarge,
    /// A match may begin at more than 8192 places, which are counted in the expression.
    #[error("regex_max_offset lies more than {MAX_REACH} octets behind regex_min_offset")]
    Reach,
}

/// What of an error goes into a line: the last of many, which draw the expression.
struct Clause;

impl Clause {
    fn of(error: &regex_syntax::Error) -> String {
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        last.strip_prefix("error: ").unwrap_or(last).to_owned()
    }
}

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// [`UnusablePattern`].
    pub fn new(text: &str, options: PatternOptions) -> Result<Self, UnusablePattern> {
        let syntax = syntax::Config::new()
            .case_insensitive(options.caseless)
            .dot_matches_new_line(options.dotall)
            .ignore_whitespace(options.extended)
            .multi_line(options.multiline)
            .swap_greed(options.ungreedy)
            .unicode(options.unicode)
            .utf8(false);
        let parsed = syntax::parse_with(&translated(text), &syntax);
        let parsed = parsed.map_err(|error| UnusablePattern::Syntax(Box::new(error)))?;
        let expression = as_pcre(parsed);
        let expression = match options.max_offset {
            None => expression,
            Some(max) => Hir::concat(vec![start(options.min_offset, max)?, expression]),
        };
        let config = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(SIZE_LIMIT))
            .which_captures(WhichCaptures::None);
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_from_hir(&expression)
            .map_err(|_| UnusablePattern::TooLarge)?;
        let stride = (STRIDE / nfa.states().len().max(1)).clamp(1, 1024);
        let config = DFA::config()
            .cache_capacity(MEMORY)
            .skip_cache_capacity_check(true);
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa);
        Ok(Self {
            text: text.into(),
            options,
            dfa: Arc::new(dfa.map_err(|_| UnusablePattern::TooLarge)?),
            stride,
        })
    }

    /// How it was compiled.
    #[must_use]
    pub const fn options(&self) -> PatternOptions {
        self.options
    }

    /// The expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// What comes before a match that may begin from octet `min` on and not at `max` any more, seen from
/// `min`.
fn start(min: u64, max: u64) -> Result<Hir, UnusablePattern> {
    let Some(last) = max
        .checked_sub(min)
        .and_then(|places| places.checked_sub(1))
    else {
        return Ok(Hir::fail());
    };
    match u32::try_from(last) {
        Ok(last @ ..MAX_REACH) => Ok(Hir::repetition(Repetition {
            min: 0,
            max: Some(last),
            greedy: false,
            sub: Box::new(Hir::dot(Dot::AnyByte)),
        })),
        Ok(_) | Err(_) => Err(UnusablePattern::Reach),
    }
}

/// An expression with the assertions that PCRE has. Expressions are nested no deeper than the parser
/// allows.
fn as_pcre(expression: Hir) -> Hir {
    let all = |parts: Vec<Hir>| parts.into_iter().map(as_pcre);
    match expression.into_kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Look(look) => assertion(look),
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            sub: Box::new(as_pcre(*repetition.sub)),
            ..repetition
        }),
        HirKind::Capture(capture) => Hir::capture(Capture {
            sub: Box::new(as_pcre(*capture.sub)),
            ..capture
        }),
        HirKind::Concat(parts) => Hir::concat(all(parts).collect()),
        HirKind::Alternation(parts) => Hir::alternation(all(parts).collect()),
    }
}

fn assertion(look: Look) -> Hir {
    let look = match look {
        Look::End => {
            let feed = Hir::repetition(Repetition {
                min: 0,
                max: Some(1),
                greedy: true,
                sub: Box::new(Hir::literal(*b"\n")),
            });
            return Hir::concat(vec![feed, Hir::look(Look::End)]);
        }
        Look::WordUnicode => Look::WordAscii,
        Look::WordUnicodeNegate => Look::WordAsciiNegate,
        Look::WordStartUnicode => Look::WordStartAscii,
        Look::WordEndUnicode => Look::WordEndAscii,
        Look::WordStartHalfUnicode => Look::WordStartHalfAscii,
        Look::WordEndHalfUnicode => Look::WordEndHalfAscii,
        other @ (Look::Start
        | Look::StartLF
        | Look::EndLF
        | Look::StartCRLF
        | Look::EndCRLF
        | Look::WordAscii
        | Look::WordAsciiNegate
        | Look::WordStartAscii
        | Look::WordEndAscii
        | Look::WordStartHalfAscii
        | Look::WordEndHalfAscii) => other,
    };
    Hir::look(look)
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str() && self.options == other.options
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
        self.options.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_compare_by_text_and_options() {
        let plain = Pattern::new("a", PatternOptions::default()).unwrap();
        let caseless = PatternOptions {
            caseless: true,
            ..PatternOptions::default()
        };
        assert_eq!(plain, Pattern::new("a", plain.options()).unwrap());
        assert_ne!(plain, Pattern::new("b", plain.options()).unwrap());
        assert_ne!(plain, Pattern::new("a", caseless).unwrap());
    }

    #[test]
    fn what_cannot_be_searched_for_is_refused_in_words() {
        let refused = |text: &str, options| Pattern::new(text, options).unwrap_err().to_string();
        let plain = PatternOptions::default();
        assert_eq!(
            refused("a(?=b)", plain),
            "look-around, including look-ahead and look-behind, is not supported"
        );
        assert_eq!(refused(r"(a)\1", plain), "backreferences are not supported");
        assert_eq!(
            refused("a{100}{100}{100}", plain),
            "compiled it is larger than 1048576 octets"
        );
        let from_to = |min_offset, max_offset| PatternOptions {
            min_offset,
            max_offset: Some(max_offset),
            ..plain
        };
        assert!(Pattern::new("a", from_to(70_000, 70_000 + 8192)).is_ok());
        assert_eq!(
            refused("a", from_to(70_000, 70_001 + 8192)),
            "regex_max_offset lies more than 8192 octets behind regex_min_offset"
        );
    }

    #[test]
    fn a_large_expression_is_searched_in_small_strides() {
        let stride = |text: &str| {
            let pattern = Pattern::new(text, PatternOptions::default()).unwrap();
            pattern.stride
        };
        assert_eq!(stride("ok"), 1024);
        assert!(stride("a[ab]{1000}c") < 20);
    }
}
