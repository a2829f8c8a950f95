//! What a body has to match.

use core::hash::{Hash, Hasher};

use regex::bytes::{Regex, RegexBuilder};

/// How much of a body is held at a time for a [`Pattern`].
pub const WINDOW: usize = 64 * 1024;

/// Compiled patterns are no larger.
const SIZE_LIMIT: usize = 1 << 20;

/// A regular expression and where a body may match it.
///
/// Matching takes linear time; in return there is neither look-around nor back-reference.
/// [`WINDOW`] octets of the body are held, the later half of them while more arrive, so a match of up
/// to half of [`WINDOW`] is found wherever it is, a longer one perhaps. (keepalived holds 4 KiB.)
/// Only the body is searched, after the transfer coding is removed.
#[derive(Clone, Debug)]
pub struct Pattern {
    regex: Regex,
    options: PatternOptions,
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

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// What is wrong with the expression, or that it is too large.
    pub fn new(text: &str, options: PatternOptions) -> Result<Self, regex::Error> {
        let regex = RegexBuilder::new(text)
            .case_insensitive(options.caseless)
            .dot_matches_new_line(options.dotall)
            .ignore_whitespace(options.extended)
            .multi_line(options.multiline)
            .swap_greed(options.ungreedy)
            .unicode(options.unicode)
            .size_limit(SIZE_LIMIT)
            .build()?;
        Ok(Self { regex, options })
    }

    /// How it was compiled.
    #[must_use]
    pub const fn options(&self) -> PatternOptions {
        self.options
    }

    /// The expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.regex.as_str()
    }
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

/// A search of a body that arrives in portions.
#[derive(Clone, Debug, Default)]
pub(super) struct Search {
    held: Vec<u8>,
    /// Where in the body `held` begins.
    offset: u64,
    found: bool,
}

impl Search {
    pub(super) fn update(&mut self, pattern: &Pattern, mut octets: &[u8]) {
        while !octets.is_empty() && !self.is_over(pattern) {
            let room = WINDOW - self.held.len();
            let (portion, rest) = octets.split_at(room.min(octets.len()));
            self.held.extend_from_slice(portion);
            octets = rest;
            if self.held.len() == WINDOW {
                self.look(pattern, false);
                self.held.drain(..WINDOW / 2);
                self.offset += WINDOW as u64 / 2;
            }
        }
    }

    /// Whether the body, complete now, is as `pattern` wants it.
    pub(super) fn finish(mut self, pattern: &Pattern) -> bool {
        if !self.is_over(pattern) {
            self.look(pattern, true);
        }
        self.found != pattern.options.negated
    }

    fn is_over(&self, pattern: &Pattern) -> bool {
        let max = pattern.options.max_offset;
        self.found || max.is_some_and(|max| self.offset >= max)
    }

    fn look(&mut self, pattern: &Pattern, complete: bool) {
        // The octet before tells whether a word or a line begins.
        let min = pattern.options.min_offset.saturating_sub(self.offset);
        let start = usize::try_from(min)
            .unwrap_or(usize::MAX)
            .max(usize::from(self.offset > 0));
        if start > self.held.len() {
            return;
        }
        let Some(found) = pattern.regex.find_at(&self.held, start) else {
            return;
        };
        // What follows may make it another match or none, where it ends with the window.
        if !complete && found.end() == self.held.len() {
            return;
        }
        let at = self.offset + found.start() as u64;
        self.found = pattern.options.max_offset.is_none_or(|max| at < max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(text: &str, options: PatternOptions, portions: &[&[u8]]) -> bool {
        let pattern = Pattern::new(text, options).unwrap();
        let mut search = Search::default();
        for portion in portions {
            search.update(&pattern, portion);
            assert!(search.held.len() < WINDOW);
        }
        search.finish(&pattern)
    }

    #[test]
    fn match_is_found_across_portions() {
        let options = PatternOptions::default();
        assert!(matches("^ok [0-9]+$", options, &[b"o", b"k 4", b"2"]));
        assert!(!matches("^ok [0-9]+$", options, &[b"o", b"k 4", b"x"]));
        assert!(matches("a*", options, &[]));
    }

    #[test]
    fn negation_turns_the_outcome() {
        let options = PatternOptions {
            negated: true,
            ..PatternOptions::default()
        };
        assert!(!matches("down", options, &[b"is down"]));
        assert!(matches("down", options, &[b"is up"]));
    }

    #[test]
    fn offsets_limit_where_a_match_begins() {
        let within = |min_offset, max_offset| {
            let options = PatternOptions {
                min_offset,
                max_offset,
                ..PatternOptions::default()
            };
            matches("ok", options, &[b"0123ok"])
        };
        assert!(within(4, None));
        assert!(!within(5, None));
        assert!(within(0, Some(5)));
        assert!(!within(0, Some(4)));
        assert!(!within(u64::MAX, None));
    }

    #[test]
    fn match_is_found_anywhere_in_a_long_body() {
        let filler = vec![b'.'; WINDOW / 2 - 3];
        let options = PatternOptions::default();
        for before in [0, 1, 2, 3, 7] {
            let mut portions = vec![filler.as_slice(); before];
            portions.push(b"needle");
            portions.extend([filler.as_slice(); 3]);
            assert!(matches("needle", options, &portions), "{before}");
        }
    }

    #[test]
    fn edges_of_the_window_are_not_those_of_the_body() {
        let mut body = vec![b'.'; 3 * WINDOW];
        for at in (0..body.len()).step_by(WINDOW / 2) {
            body[at] = b'a';
            body[at + WINDOW / 2 - 1] = b'z';
        }
        let options = PatternOptions::default();
        assert!(matches(r"^a", options, &[&body]));
        assert!(matches(r"z$", options, &[&body]));
        body[0] = b'.';
        *body.last_mut().unwrap() = b'.';
        assert!(!matches(r"^a", options, &[&body]));
        assert!(!matches(r"z$", options, &[&body]));
    }

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
        assert!(Pattern::new("a(?=b)", plain.options()).is_err());
    }
}
