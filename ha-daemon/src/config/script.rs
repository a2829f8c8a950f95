//! The parser of script commands and of the users they run as.

use crate::config::diagnostic::{Code, Diagnostic, Handle};
use crate::config::model::{Script, Written};
use crate::config::text::blank::is_blank;
use crate::config::text::tape::Token;
use crate::config::value::Words;

/// `COMMAND [USER [GROUP]]`.
pub(super) fn parse(words: &mut Words<'_, '_>) -> Result<Box<Script>, Handle> {
    let word = words.word("a command")?;
    let command = command(word, words)?;
    let mut at = Written(word.place);
    let (user, group) = match words.next() {
        Some(user) => {
            at = Written(user.place);
            owner(user, words)
        }
        None => (None, None),
    };
    Ok(Box::new(Script {
        command,
        user,
        group,
        at,
    }))
}

/// `USER [GROUP]`, in which a colon may precede the group.
pub(in crate::config) fn owner(
    user: Token<'_>,
    words: &mut Words<'_, '_>,
) -> (Option<String>, Option<String>) {
    let text = user.text;
    if let Some((user, group)) = text.split_once(':') {
        return (Some(user.to_owned()), Some(group.to_owned()));
    }
    let group = words.next().map(|group| {
        let text = group.text;
        text.strip_prefix(':').unwrap_or(text).to_owned()
    });
    (Some(text.to_owned()), group)
}

/// The words of a command that is written as one parameter.
pub(super) fn command(word: Token<'_>, words: &mut Words<'_, '_>) -> Result<Vec<String>, Handle> {
    match split(word.text) {
        Ok(command) if !command.is_empty() => Ok(command),
        Ok(_) => {
            let diagnostic = Diagnostic::error(Code::BadName, word.place, "an empty command");
            Err(words.report(diagnostic))
        }
        Err(mistake) => {
            let diagnostic = Diagnostic::error(Code::BadName, word.place, mistake);
            Err(words.report(diagnostic.label("left out")))
        }
    }
}

/// Splits at blanks that are neither in quotes nor behind a backslash.
fn split(text: &str) -> Result<Vec<String>, &'static str> {
    let mut parts = Vec::new();
    let mut part: Option<String> = None;
    let mut quote = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                let c = escaped(&mut rest)?;
                part.get_or_insert_default().push(c);
            }
            c if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => {
                quote = Some(c);
                part.get_or_insert_default();
            }
            c if is_blank(c) && quote.is_none() => parts.extend(part.take()),
            c => part.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("a quote in the command is not closed");
    }
    parts.extend(part);
    Ok(parts)
}

/// The character an escape stands for, without its backslash.
fn escaped(rest: &mut core::iter::Peekable<core::str::Chars<'_>>) -> Result<char, &'static str> {
    let Some(c) = rest.next() else {
        return Err("the command ends with a backslash");
    };
    Ok(match c {
        'a' => '\x07',
        'b' => '\x08',
        'E' => '\x1b',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'c' => match rest.next() {
            Some(c) if c.is_ascii() => char::from_u32(u32::from(c) & 0x1f).unwrap_or(c),
            Some(_) | None => return Err("there is no such control character"),
        },
        'x' => number(None, 16, 2, rest)?,
        '0'..='7' => number(c.to_digit(8), 8, 2, rest)?,
        c => c,
    })
}

/// A character by its number: `first` and up to `more` further digits.
fn number(
    first: Option<u32>,
    radix: u32,
    more: usize,
    rest: &mut core::iter::Peekable<core::str::Chars<'_>>,
) -> Result<char, &'static str> {
    let mut value = first;
    for _ in 0..more {
        let Some(digit) = rest.peek().and_then(|c| c.to_digit(radix)) else {
            break;
        };
        rest.next();
        value = Some(value.unwrap_or(0) * radix + digit);
    }
    match value.and_then(char::from_u32) {
        Some(c) if c.is_ascii() && c != '\0' => Ok(c),
        Some(_) | None => Err("an escape in the command is no ASCII character"),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn commands_are_split_at_blanks_outside_of_quotes() {
        for (text, parts) in [
            ("/bin/true", &["/bin/true"][..]),
            ("  /x  a\tb ", &["/x", "a", "b"]),
            ("/x 'a b' c'd e'f", &["/x", "a b", "cd ef"]),
            ("/x '' \"it's\"", &["/x", "", "it's"]),
            (
                r"/x a\ b \\ \' \n\t\x41\101\cA",
                &["/x", "a b", "\\", "'", "\n\tAA\x01"],
            ),
            ("", &[]),
        ] {
            assert_eq!(split(text).unwrap(), parts, "{text}");
        }
    }

    #[test]
    fn commands_that_cannot_be_split_are_refused() {
        for text in [
            "/x 'a",
            "/x \\",
            "/x \\xff",
            "/x \\0",
            "/x \\xg",
            "/x \\c\u{e9}",
        ] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
