//! The splitting of a command into words.

use core::iter::Peekable;
use core::slice::Iter;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

/// Why a command cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    /// A quotation mark without its like.
    #[error("{0} is not closed")]
    Unclosed(char),
    /// An escape for the octet 0, which no argument can contain.
    #[error("an argument cannot contain a NUL")]
    Nul,
}

/// Splits a command as keepalived does: at blanks, except between `'` or between `"`, which are
/// dropped and may start and end within a word.
///
/// A backslash makes the next character an ordinary one, in quotes as well, or stands for an octet:
/// `\a \b \E \f \n \r \t \v`, `\nnn` (up to three octal digits), `\xhh` (any number of hexadecimal
/// digits, of which the last two count) and `\cC` (the control version of `C`).
///
/// # Errors
/// [`WordsError`].
pub fn split(command: &str) -> Result<Vec<OsString>, WordsError> {
    let mut words = Vec::new();
    let mut word: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut octets = command.as_bytes().iter().peekable();
    while let Some(&octet) = octets.next() {
        match (octet, quote) {
            (b'\\', _) => word.get_or_insert_default().push(escape(&mut octets)),
            (_, Some(open)) if octet == open => quote = None,
            (b'\'' | b'"', None) => {
                quote = Some(octet);
                word.get_or_insert_default();
            }
            (b' ' | b'\t'..=b'\r', None) => words.extend(word.take()),
            (_, _) => word.get_or_insert_default().push(octet),
        }
    }
    if let Some(open) = quote {
        return Err(WordsError::Unclosed(char::from(open)));
    }
    words.extend(word);
    if words.iter().any(|word| word.contains(&0)) {
        return Err(WordsError::Nul);
    }
    Ok(words.into_iter().map(OsString::from_vec).collect())
}

/// The octet that an escape stands for; the backslash is taken already.
fn escape(octets: &mut Peekable<Iter<'_, u8>>) -> u8 {
    let Some(&&octet) = octets.peek() else {
        return b'\\';
    };
    if octet.is_ascii_digit() && octet < b'8' {
        return number(octets, 8, 3);
    }
    octets.next();
    match octet {
        b'a' => 0x07,
        b'b' => 0x08,
        b'E' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'x' if octets.peek().is_some_and(|digit| digit.is_ascii_hexdigit()) => {
            number(octets, 16, usize::MAX)
        }
        b'c' => octets.next().map_or(b'c', |control| control & 0x1f),
        _ => octet,
    }
}

/// Up to `limit` digits. Their number is taken modulo 256.
fn number(octets: &mut Peekable<Iter<'_, u8>>, radix: u8, limit: usize) -> u8 {
    let mut value = 0_u8;
    for _ in 0..limit {
        let digit = octets.peek().map(|&&octet| char::from(octet));
        let digit = digit.and_then(|digit| digit.to_digit(radix.into()));
        let Some(digit) = digit.and_then(|digit| u8::try_from(digit).ok()) else {
            break;
        };
        value = value.wrapping_mul(radix).wrapping_add(digit);
        octets.next();
    }
    value
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use proptest::prelude::*;

    use super::*;

    fn words(command: &str) -> Vec<String> {
        let words = split(command).unwrap();
        words
            .into_iter()
            .map(|word| word.into_string().unwrap())
            .collect()
    }

    #[test]
    fn blanks_separate() {
        assert_eq!(words("/bin/check  a\tb "), ["/bin/check", "a", "b"]);
        assert_eq!(words(""), [""; 0]);
        assert_eq!(words("  "), [""; 0]);
    }

    #[test]
    fn quotes_join_and_nest() {
        assert_eq!(words("c 'a b' \"c d\""), ["c", "a b", "c d"]);
        assert_eq!(words("a'b c'd"), ["ab cd"]);
        assert_eq!(words("'it\"s' \"it's\""), ["it\"s", "it's"]);
        assert_eq!(words("c '' \"\""), ["c", "", ""]);
    }

    #[test]
    fn escapes_are_decoded_in_and_out_of_quotes() {
        assert_eq!(words(r"a\ b 'a\tb'"), ["a b", "a\tb"]);
        assert_eq!(words(r#"\\ \" '\''"#), ["\\", "\"", "'"]);
        assert_eq!(words(r"\a\b\E\f\n\r\t\v"), ["\x07\x08\x1b\x0c\n\r\t\x0b"]);
        assert_eq!(
            words(r"\101\1012 \x41 \x141g \cA \q"),
            ["AA2", "A", "Ag", "\x01", "q"]
        );
        assert_eq!(words(r"a\"), ["a\\"]);
    }

    #[test]
    fn octets_need_not_be_utf_8() {
        assert_eq!(split(r"\xff").unwrap()[0].as_bytes(), [0xff]);
    }

    #[test]
    fn what_cannot_be_split_is_refused() {
        assert_eq!(split("a 'b"), Err(WordsError::Unclosed('\'')));
        assert_eq!(split("a \"b"), Err(WordsError::Unclosed('"')));
        assert_eq!(split(r"a \0"), Err(WordsError::Nul));
        assert_eq!(split("a\0b"), Err(WordsError::Nul));
    }

    proptest! {
        #[test]
        fn any_command_is_split_or_refused(command in "[\\\\'\" axc07\\PC]*") {
            if let Ok(words) = split(&command) {
                let length: usize = words.iter().map(|word| word.len()).sum();
                prop_assert!(length <= command.len());
            }
        }

        #[test]
        fn quoted_words_round_trip(words in proptest::collection::vec("\\PC*", 0..5)) {
            let quoted: Vec<_> = words
                .iter()
                .map(|word| format!("'{}'", word.replace('\\', r"\\").replace('\'', r"\'")))
                .collect();
            let expected: Vec<OsString> = words.iter().map(OsString::from).collect();
            prop_assert_eq!(split(&quoted.join(" ")), Ok(expected));
        }
    }
}
