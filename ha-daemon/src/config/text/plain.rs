//! The reader of plain lines: those in which there is nothing for the preprocessor, as almost all lines
//! of a large file.

use crate::config::text::lexer::{BLANK, DIRECTIVE, MARK, SPECIAL, is};
use crate::config::text::macros::MAX_LINE;
use crate::config::text::source::SourceId;
use crate::config::text::tape::{CellKind, Tape};

/// How much there may be of a configuration.
#[derive(Debug)]
pub(in crate::config) struct Limits<'l> {
    /// How many more lines that are not blank.
    pub(in crate::config) lines: &'l mut usize,
    /// How many words, braces and lines that do not end with a brace on the whole tape.
    pub(in crate::config) lexemes: usize,
}

/// Appends the lines of `source`, whose text is `text`, from the octet `from` on. Returns where the first
/// line begins that is not plain, or more than there may be, or has a quote that is not closed.
pub(in crate::config) fn push_lines(
    tape: &mut Tape,
    source: SourceId,
    text: &str,
    from: usize,
    limits: Limits<'_>,
) -> usize {
    let octets = text.as_bytes();
    let mut at = from;
    tape.enter(source);
    while at < octets.len() {
        let before = tape.len();
        let line = push_line(tape, octets, at).filter(|line| {
            let is_allowed = tape.count() + line.lexemes <= limits.lexemes && *limits.lines > 0;
            line.lexemes == 0 || is_allowed
        });
        let Some(Line {
            end,
            lexemes,
            ends_with_word,
        }) = line
        else {
            tape.truncate(before);
            return at;
        };
        *limits.lines -= usize::from(lexemes > 0);
        tape.add_count(lexemes + usize::from(ends_with_word));
        at = end + 1;
    }
    at
}

/// A line on the tape.
struct Line {
    /// Where its line feed is.
    end: usize,
    /// How many words and braces it has.
    lexemes: usize,
    ends_with_word: bool,
}

/// Appends the words and braces of the line that begins at `from`; some of them if it is not plain.
fn push_line(tape: &mut Tape, octets: &[u8], from: usize) -> Option<Line> {
    let mut line = Line {
        end: from + spaces(octets, from),
        lexemes: 0,
        ends_with_word: false,
    };
    while let Some(&octet) = octets.get(line.end) {
        let start = line.end;
        // However long it is, not much of it is on the tape.
        if start - from > MAX_LINE {
            return None;
        }
        if is(octet, BLANK) {
            if octet == b'\n' {
                break;
            }
            line.end += 1;
            continue;
        }
        let rest = octets.get(start..)?;
        let (kind, len) = match octet {
            b'{' => (CellKind::Open, 1),
            b'}' => (CellKind::Close, 1),
            _ => {
                if line.lexemes == 0 && (is(octet, DIRECTIVE) || rest.starts_with(b"include")) {
                    return None;
                }
                let kind = if line.ends_with_word {
                    CellKind::Argument
                } else {
                    CellKind::Keyword
                };
                (kind, word_len(octet, rest)?)
            }
        };
        tape.push_plain(kind, start, u16::try_from(len).ok()?);
        line.end += len;
        line.lexemes += 1;
        line.ends_with_word = matches!(kind, CellKind::Keyword | CellKind::Argument);
    }
    (line.end - from <= MAX_LINE).then_some(line)
}

/// How many spaces there are, or a few less: eight at a time, as most lines are indented.
fn spaces(octets: &[u8], from: usize) -> usize {
    let (eights, _) = octets.get(from..).unwrap_or_default().as_chunks();
    let spaces = eights.iter().take_while(|eight| *eight == b"        ");
    8 * spaces.count()
}

/// The length of the word or quoted text that `rest` begins with.
fn word_len(first: u8, rest: &[u8]) -> Option<usize> {
    if first == b'"' {
        let body = rest.get(1..)?;
        let is_end = |&octet: &u8| matches!(octet, b'"' | b'\n') || is(octet, SPECIAL);
        let len = body.iter().position(is_end)?;
        return (body.get(len) == Some(&b'"')).then_some(len + 2);
    }
    let mut octets = rest.iter();
    let len = octets.position(|&octet| is(octet, BLANK | MARK | SPECIAL));
    let len = len.unwrap_or(rest.len());
    let is_plain = rest.get(len).is_none_or(|&octet| !is(octet, SPECIAL));
    is_plain.then_some(len)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::text::source::Sources;

    const MANY: usize = 1000;

    /// The words and braces of the plain lines that a text begins with, and what is left of it.
    fn read(text: &str, mut lines: usize, lexemes: usize) -> (Vec<String>, String) {
        let mut sources = Sources::default();
        let source = sources.add(String::new(), Arc::new(text.to_owned()), None);
        let mut tape = Tape::default();
        let limits = Limits {
            lines: &mut lines,
            lexemes,
        };
        let end = push_lines(&mut tape, source, text, 0, limits);
        let cells = (0..tape.len()).filter(|&at| tape.kind(at) != Some(CellKind::End));
        let words = cells.map(|at| {
            let kind = match tape.kind(at) {
                Some(CellKind::Keyword) => "k:",
                Some(CellKind::Argument) => "a:",
                _ => "",
            };
            format!("{kind}{}", tape.token(at, &sources).text)
        });
        let rest = text.get(end..).unwrap_or_default();
        (words.collect(), rest.to_owned())
    }

    fn words(text: &str) -> String {
        let (words, rest) = read(text, MANY, MANY);
        format!("{} | {rest}", words.join(" "))
    }

    #[test]
    fn plain_lines_are_read_to_the_end() {
        assert_eq!(
            words("a b\r\n\n            c{ \"d e\" }\n  \n\tf\"g\""),
            "k:a a:b k:c { k:d e } k:f a:g | "
        );
        assert_eq!(words(""), " | ");
        assert_eq!(words(" inclined a@b ~c\n"), "k:inclined a:a@b a:~c | ");
    }

    #[test]
    fn nothing_is_taken_of_a_line_that_is_not_plain() {
        for line in [
            "b # c",
            "b ! c",
            "b#c",
            "b $c",
            "\"b $c\"",
            "\"b #\"",
            " ~SEQ(a)",
            "@a b",
            "include a",
            "  includes a",
            "b\0",
            "b ä",
            "{ ä",
            "b \"c",
        ] {
            let text = format!("a b\n{line}\n\"d\n");
            assert_eq!(words(&text), format!("k:a a:b | {line}\n\"d\n"));
        }
    }

    #[test]
    fn lines_words_and_octets_have_their_limits() {
        let read = |lines, lexemes| {
            let (words, rest) = read("a\n\n{ }\nb c\n", lines, lexemes);
            (words.len(), rest)
        };
        // A line that ends with a word counts as one more.
        assert_eq!(read(3, 6), (5, String::new()));
        assert_eq!(read(2, 6), (3, "b c\n".to_owned()));
        assert_eq!(read(3, 5), (3, "b c\n".to_owned()));
        assert_eq!(read(0, 6), (0, "a\n\n{ }\nb c\n".to_owned()));
        let line = |blanks: usize| format!("{}a\n", " ".repeat(blanks));
        assert_eq!(words(&line(MAX_LINE - 1)), "k:a | ");
        let long = line(MAX_LINE);
        assert_eq!(words(&long), format!(" | {long}"));
    }
}
