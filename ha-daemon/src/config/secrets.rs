//! Where passwords are written, also where none belongs.

use core::ops::Range;

use super::blank::is_blank;
use super::keywords::{AUTHENTICATION, INSTANCE};

/// The octets of a text that may be a password: whatever follows `auth_pass`, however that is
/// spelt, up to the end of the line, or else the first word of the next line.
pub(super) fn find(text: &str) -> Vec<Range<usize>> {
    let starts = ["auth", "AUTH", "Auth"].map(|start| text.match_indices(start));
    let mut found = Vec::new();
    for (at, _) in starts.into_iter().flatten() {
        if let Some(behind) = behind_keyword(text, at) {
            found.extend(words_behind(text, behind));
        }
    }
    found
}

/// Where `auth_pass`, `auth-pass`, `authpassword` and the like at `at` ends.
fn behind_keyword(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at + 4..)?;
    let rest = rest.strip_prefix(['_', '-']).unwrap_or(rest);
    let is_pass = rest.get(..3)?.eq_ignore_ascii_case("pas");
    let is_part = |c: char| c == '_' || c == '-' || c.is_ascii_alphanumeric();
    let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    is_pass.then(|| text.len() - rest.len() + len)
}

fn words_behind(text: &str, behind: usize) -> Vec<Range<usize>> {
    let end = |from: usize| {
        let line = text.get(from..).and_then(|rest| rest.find('\n'));
        line.map_or(text.len(), |len| from + len)
    };
    let words = words(text, behind..end(behind));
    if !words.is_empty() {
        return words;
    }
    let rest = text.get(behind..).unwrap_or("");
    let blanks = rest.find(|c| !is_blank(c)).unwrap_or(rest.len());
    let next = behind + blanks;
    let mut first = self::words(text, next..end(next));
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
    fn a_password_is_found_wherever_it_is_written() {
        assert_eq!(found("auth_pass s3cret # a comment\n"), ["s3cret"]);
        assert_eq!(found("auth_type PASS auth_pass s3cret"), ["s3cret"]);
        assert_eq!(found("auth_pass=s3cret\n"), ["s3cret"]);
        assert_eq!(found("authentication { auth_pass s3cret }"), ["s3cret"]);
        assert_eq!(found("auth_pass\n\n  s3cret\n"), ["s3cret"]);
        assert_eq!(found("auth_pass\n  priority 5\n"), [""; 0]);
        assert_eq!(found("AUTH_PASSWORD s3cret\nauth-pass b"), ["b", "s3cret"]);
        assert_eq!(found("auth_pass P@##D321!\n"), ["P@##D321!"]);
        assert_eq!(found("auth_pass \"two words\"\n"), ["\"two", "words\""]);
        assert_eq!(found("auth_type PASS\nauthor x\nauth_pass"), [""; 0]);
    }
}
