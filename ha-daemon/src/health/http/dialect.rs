//! The translation of regular expressions from PCRE's syntax to the crate `regex`'s.

/// `text` in the words of the parser, meaning what PCRE takes it to mean.
///
/// A brace that begins no repetition is a brace, `\<` and `\>` are `<` and `>`, and in a class there
/// are neither classes nor operators. `\h`, `\R` and `\Z` are spelt out. What neither has is left as
/// it is.
pub(super) fn translated(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    let mut in_class = false;
    while let Some(first) = rest.chars().next() {
        let (piece, behind) = match (first, in_class) {
            ('\\', _) => escape(rest, in_class),
            ('{', false) if !is_repetition(rest) => (r"\{", after(rest, 1)),
            ('[', false) => {
                in_class = true;
                rest.split_at(opening(rest))
            }
            (']', true) => {
                in_class = false;
                rest.split_at(1)
            }
            ('[', true) => match posix(rest) {
                Some(length) => rest.split_at(length),
                None => (r"\[", after(rest, 1)),
            },
            ('&', true) => (r"\&", after(rest, 1)),
            ('~', true) => (r"\~", after(rest, 1)),
            (other, _) => rest.split_at(other.len_utf8()),
        };
        out.push_str(piece);
        rest = behind;
    }
    out
}

fn after(text: &str, octets: usize) -> &str {
    text.get(octets..).unwrap_or_default()
}

/// What a backslash and what belongs to it mean, and what follows.
fn escape(text: &str, in_class: bool) -> (&str, &str) {
    let mut letters = text.chars().skip(1);
    let Some(letter) = letters.next() else {
        return (text, "");
    };
    let length = 1 + letter.len_utf8();
    let rest = after(text, length);
    let spelt = match (letter, in_class) {
        ('<', _) => "<",
        ('>', _) => ">",
        ('h', false) => r"[\t ]",
        ('h', true) => r"\t ",
        ('R', false) => r"(?:\r\n|[\n\x0b\f\r])",
        ('Z', false) => r"(?-m:$)",
        // Braces of these are their own.
        ('x' | 'p' | 'P', _) if rest.starts_with('{') => {
            let end = rest.find('}').map_or(rest.len(), |end| end + 1);
            return text.split_at(length + end);
        }
        _ => return text.split_at(length),
    };
    (spelt, rest)
}

/// `{3}`, `{3,}` or `{3,5}`.
fn is_repetition(text: &str) -> bool {
    let Some((inner, _)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) else {
        return false;
    };
    let (least, most) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

/// How long the start of a class is, with the bracket that may be its first member.
fn opening(text: &str) -> usize {
    let starts = ["[^]", "[]", "[^"];
    let start = starts.iter().find(|start| text.starts_with(**start));
    start.map_or(1, |start| start.len())
}

/// How long `[:alpha:]` and its like are.
fn posix(text: &str) -> Option<usize> {
    let (name, _) = text.strip_prefix("[:")?.split_once(":]")?;
    let letters = name.strip_prefix('^').unwrap_or(name);
    let is_name = letters.bytes().all(|octet| octet.is_ascii_lowercase());
    is_name.then_some(name.len() + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_the_same_stays() {
        for text in [
            "",
            "^ok [0-9]{1,3}$",
            r"a{2}b{2,}\{\d+\\",
            r"[]a]|[^]a]|[[:alpha:][:^digit:]-]",
            r"\x{20}\p{L}\b",
            "ü{2}[üö]",
            "(",
            r"\",
            "[a",
        ] {
            assert_eq!(translated(text), text);
        }
    }

    #[test]
    fn what_does_not_is_spelt_in_another_way() {
        for (text, spelt) in [
            (r#"{"status":"(UP|OK)"}"#, r#"\{"status":"(UP|OK)"}"#),
            ("a{,3}", r"a\{,3}"),
            ("a{x}", r"a\{x}"),
            ("{", r"\{"),
            (r"\<title\>", "<title>"),
            (r"[\<{]", "[<{]"),
            ("[[]", r"[\[]"),
            ("[a&&b~~]", r"[a\&\&b\~\~]"),
            (r"a\hb[\h]\R", r"a[\t ]b[\t ](?:\r\n|[\n\x0b\f\r])"),
            (r"end\Z", "end(?-m:$)"),
        ] {
            assert_eq!(translated(text), spelt);
        }
    }
}
