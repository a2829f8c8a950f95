//! The lexer: words, quoted strings and braces of a line.

use core::ops::Range;

use crate::config::text::blank::is_blank;

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum Kind {
    /// A word, or a text with its double quotes.
    Word,
    /// `{`.
    Open,
    /// `}`.
    Close,
    /// The rest of a line in which a quote is not closed.
    Unterminated,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::config) struct Lexeme {
    pub(in crate::config) kind: Kind,
    /// Its octets, never none.
    pub(in crate::config) range: Range<usize>,
}

/// The parts of a line, one by one.
#[derive(Debug)]
pub(in crate::config) struct Lexer<'l> {
    text: &'l str,
    at: usize,
}

impl<'l> Lexer<'l> {
    pub(in crate::config) const fn new(text: &'l str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Lexeme;

    #[inline]
    fn next(&mut self) -> Option<Lexeme> {
        let octets = self.text.as_bytes().get(self.at..)?;
        let blanks = octets.iter().position(|&octet| !is(octet, BLANK))?;
        let start = self.at + blanks;
        let first = *octets.get(blanks)?;
        let rest = self.text.get(start..)?;
        let (kind, len) = match first {
            b'{' => (Kind::Open, 1),
            b'}' => (Kind::Close, 1),
            b'"' => match rest.get(1..).and_then(|body| body.find('"')) {
                Some(len) => (Kind::Word, len + 2),
                None => (Kind::Unterminated, rest.len()),
            },
            _ => (Kind::Word, word_len(rest)),
        };
        self.at = start + len;
        Some(Lexeme {
            kind,
            range: start..self.at,
        })
    }
}

/// What a quoted text is without its quotes; any other word is as it is.
pub(in crate::config) fn unquoted(word: &str) -> &str {
    let body = word.strip_prefix('"');
    body.and_then(|body| body.strip_suffix('"')).unwrap_or(word)
}

/// The length of the word `text` starts with; `${…}` never ends a word.
fn word_len(text: &str) -> usize {
    let mut octets = text.as_bytes().iter();
    let plain = octets.position(|&octet| is(octet, BLANK | MARK | VARIABLE));
    let plain = plain.unwrap_or(text.len());
    match text.as_bytes().get(plain) {
        Some(&octet) if is(octet, VARIABLE) => {}
        Some(_) | None => return plain,
    }
    let mut previous = ' ';
    let mut in_variable = false;
    for (at, c) in text.get(plain..).unwrap_or("").char_indices() {
        let at = plain + at;
        match c {
            '{' if previous == '$' => in_variable = true,
            '}' if in_variable => in_variable = false,
            '{' | '}' | '"' => return at,
            _ if is_blank(c) && !in_variable => return at,
            _ => {}
        }
        previous = c;
    }
    text.len()
}

/// Blanks of ASCII; a line feed is one.
pub(super) const BLANK: u8 = 1;
/// Braces and quotes.
pub(super) const MARK: u8 = 1 << 1;
/// What starts a variable.
const VARIABLE: u8 = 1 << 2;
/// What starts a comment.
const COMMENT: u8 = 1 << 3;
/// What starts a line that is a directive.
pub(super) const DIRECTIVE: u8 = 1 << 4;
/// Control characters that are no blanks, and what is not ASCII.
const STRANGE: u8 = 1 << 5;

/// What the preprocessor may change or report, wherever it is.
pub(super) const SPECIAL: u8 = VARIABLE | COMMENT | STRANGE;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut octet = 0_u8;
    loop {
        classes[octet as usize] = match octet {
            b'\t'..=b'\r' | b' ' => BLANK,
            b'{' | b'}' | b'"' => MARK,
            b'$' => VARIABLE,
            b'#' | b'!' => COMMENT,
            b'@' | b'~' => DIRECTIVE,
            0..=0x1f | 0x7f.. => STRANGE,
            _ => 0,
        };
        if octet == u8::MAX {
            return classes;
        }
        octet += 1;
    }
}

/// Whether an octet is of one of some classes.
pub(super) fn is(octet: u8, classes: u8) -> bool {
    CLASSES[usize::from(octet)] & classes != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(Kind, &str)> {
        let each = Lexer::new(text);
        each.map(|lexeme| (lexeme.kind, &text[lexeme.range]))
            .collect()
    }

    #[test]
    fn braces_and_quotes_end_words() {
        assert_eq!(
            words("a{b \"c d\"e}"),
            [
                (Kind::Word, "a"),
                (Kind::Open, "{"),
                (Kind::Word, "b"),
                (Kind::Word, "\"c d\""),
                (Kind::Word, "e"),
                (Kind::Close, "}"),
            ]
        );
        assert_eq!(words(" \"a b "), [(Kind::Unterminated, "\"a b ")]);
    }

    #[test]
    fn a_variable_in_braces_is_part_of_its_word() {
        assert_eq!(
            words("a${b c}d e"),
            [(Kind::Word, "a${b c}d"), (Kind::Word, "e")]
        );
        assert_eq!(words("$a{"), [(Kind::Word, "$a"), (Kind::Open, "{")]);
    }

    #[test]
    fn blanks_are_those_of_ascii() {
        assert_eq!(
            words("\u{b}a\u{c}\u{a0}ä\u{3000}b\u{1}"),
            [(Kind::Word, "a"), (Kind::Word, "\u{a0}ä\u{3000}b\u{1}")]
        );
    }
}
