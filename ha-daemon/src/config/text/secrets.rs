//! The places of passwords in a text, also where a password does not belong, so that no diagnostic
//! shows them.

use core::ops::Range;

use crate::config::diagnostic::is_like;
use crate::config::keyword::{AUTHENTICATION, INSTANCE};
use crate::config::text::blank::is_blank;

/// The octets of a text that may be a password: whatever follows `auth_pass`, however that is
/// spelt, up to the end of the line, or else the first word of the next line.
pub(in crate::config) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for at in keywords(text) {
        match Keyword::at(text, at) {
            Some(Keyword::Pass { behind }) => found.extend(words_behind(text, behind)),
            Some(Keyword::Type { behind }) => {
                let mut words = words(text, behind..line_end(text, behind));
                let first = words.first().and_then(|word| text.get(word.clone()));
                if first.is_some_and(|word| is_like(word, &["PASS", "AH"])) {
                    words.remove(0);
                }
                found.extend(words);
            }
            Some(Keyword::Block { behind }) => found.extend(words_of_block(text, behind)),
            None => {}
        }
    }
    found
}

/// Where `auth` is, also in capital letters or with the first one a capital.
fn keywords(text: &str) -> impl Iterator<Item = usize> {
    /// Octets that are looked at at once, without branches.
    const PART: usize = 64;
    let octets = text.as_bytes();
    let next = octets.get(1..).unwrap_or_default();
    let parts = octets.chunks(PART).zip(next.chunks(PART)).enumerate();
    let parts = parts.filter(|(_, (part, next))| {
        let pairs = part.iter().zip(*next);
        let is_start = pairs.map(|(a, u)| (a | 0x20 == b'a') & (u | 0x20 == b'u'));
        is_start.fold(false, |any, this| any | this)
    });
    let places = parts.flat_map(|(number, _)| (number * PART..).take(PART));
    let starts: [&[u8]; 3] = [b"auth", b"AUTH", b"Auth"];
    places.filter(move |&at| {
        let rest = octets.get(at..).unwrap_or_default();
        starts.iter().any(|start| rest.starts_with(start))
    })
}

/// How many octets of a block are looked through, which may not be closed.
const LONGEST_BLOCK: usize = 1024;

/// What may be secret in a block of `authentication`, also where that is not known.
fn words_of_block(text: &str, behind: usize) -> Vec<Range<usize>> {
    let rest = text.get(behind..).unwrap_or("");
    let Some(open) = rest
        .find(|c| !is_blank(c))
        .filter(|&at| rest[at..].starts_with('{'))
    else {
        return Vec::new();
    };
    let mut at = behind + open + 1;
    let len = text.get(at..).and_then(|rest| rest.find('}'));
    let end = at + len.unwrap_or(0).min(LONGEST_BLOCK);
    let mut found = Vec::new();
    while at < end {
        let line = at..line_end(text, at).min(end);
        at = line.end + 1;
        let mut words = words(text, line);
        let first = words.first().and_then(|word| text.get(word.clone()));
        if first.is_none_or(|word| is_like(word, &["auth_type", "auth_pass"])) {
            // The others are found behind it.
            continue;
        }
        if words.len() > 1 {
            words.remove(0);
        }
        found.extend(words);
    }
    found
}

/// What passwords stand behind, and where it ends.
enum Keyword {
    /// `auth_pass`, `auth-pass`, `authpassword` and the like.
    Pass { behind: usize },
    /// `auth_type`, where nothing secret belongs.
    Type { behind: usize },
    /// `authentication` or `auth_hmac`.
    Block { behind: usize },
}

impl Keyword {
    fn at(text: &str, at: usize) -> Option<Self> {
        let rest = text.get(at + 4..)?;
        let rest = rest.strip_prefix(['_', '-']).unwrap_or(rest);
        let is = |word: &str| {
            let start = rest.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        let is_part = |c: char| c == '_' || c == '-' || c.is_ascii_alphanumeric();
        let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let behind = text.len() - rest.len() + len;
        if is("pas") {
            Some(Self::Pass { behind })
        } else if is("type") {
            Some(Self::Type { behind })
        } else if is("entication") || is("hmac") {
            Some(Self::Block { behind })
        } else {
            None
        }
    }
}

fn line_end(text: &str, from: usize) -> usize {
    let line = text.get(from..).and_then(|rest| rest.find('\n'));
    line.map_or(text.len(), |len| from + len)
}

fn words_behind(text: &str, behind: usize) -> Vec<Range<usize>> {
    let words = words(text, behind..line_end(text, behind));
    if !words.is_empty() {
        return words;
    }
    let rest = text.get(behind..).unwrap_or("");
    let blanks = rest.find(|c| !is_blank(c)).unwrap_or(rest.len());
    let next = behind + blanks;
    let mut first = self::words(text, next..line_end(text, next));
    first.truncate(1);
    first.retain(|range| {
        let word = text.get(range.clone()).unwrap_or("");
        INSTANCE.find(word).is_none() && AUTHENTICATION.find(word).is_none()
    });
    first
}

/// The words of a part of a line up to a comment of its own.
fn words(text: &str, part: Range<usize>) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = part.start;
    let line = text.get(part.clone()).unwrap_or("");
    for word in line.split(|c| is_blank(c) || matches!(c, '{' | '}' | '=')) {
        let range = at..at + word.len();
        at = range.end + 1;
        if word.starts_with(['#', '!']) && range.start > part.start {
            break;
        }
        if !word.is_empty() {
            words.push(range);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut found: Vec<_> = find(text).into_iter().map(|range| &text[range]).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn the_keyword_is_found_at_every_offset() {
        for blanks in 0..200 {
            let text = format!("{}Auth_pass s3cret\nauth_pass b", " ".repeat(blanks));
            assert_eq!(found(&text), ["b", "s3cret"], "{blanks}");
        }
        assert_eq!(found("aUTH_PASS s3cret"), [""; 0]);
    }

    #[test]
    fn a_password_is_found_wherever_it_is_written() {
        assert_eq!(found("auth_pass s3cret # a comment\n"), ["s3cret"]);
        let both = ["auth_pass", "s3cret", "s3cret"];
        assert_eq!(found("auth_type PASS auth_pass s3cret"), both);
        assert_eq!(found("auth_pass=s3cret\n"), ["s3cret"]);
        assert_eq!(found("auth_type PASS s3cret\n"), ["s3cret"]);
        assert_eq!(found("auth_type s3cret\n"), ["s3cret"]);
        assert_eq!(found("auth_type pas # a comment\n"), [""; 0]);
        assert_eq!(found("authentication { auth_pass s3cret }"), ["s3cret"]);
        assert_eq!(found("auth_pass\n\n  s3cret\n"), ["s3cret"]);
        assert_eq!(found("authentication\n{\n s3cret\n}\nx\n"), ["s3cret"]);
        assert_eq!(found("authentication {\n password s3cret\n}\n"), ["s3cret"]);
        assert_eq!(found("authentication {\n password s3cret\n"), [""; 0]);
        assert_eq!(found("auth_pass\n  priority 5\n"), [""; 0]);
        assert_eq!(found("AUTH_PASSWORD s3cret\nauth-pass b"), ["b", "s3cret"]);
        assert_eq!(found("auth_pass P@##D321!\n"), ["P@##D321!"]);
        assert_eq!(found("auth_pass \"two words\"\n"), ["\"two", "words\""]);
        assert_eq!(found("auth_type PASS\nauthor x\nauth_pass"), [""; 0]);
    }
}
