//! Invisible characters, and those that look like blanks but belong to a word.

use core::fmt::Write as _;
use std::borrow::Cow;

/// U+FEFF, which some editors put before a text.
pub(in crate::config) const BYTE_ORDER_MARK: char = '\u{feff}';

/// What is called what, sorted; all but these have only their numbers.
const NAMES: [(char, &str); 27] = [
    ('\0', "NUL"),
    ('\u{1b}', "escape"),
    ('\u{7f}', "delete"),
    ('\u{85}', "next line"),
    ('\u{a0}', "no-break space"),
    ('\u{ad}', "soft hyphen"),
    ('\u{34f}', "combining grapheme joiner"),
    ('\u{61c}', "Arabic letter mark"),
    ('\u{2002}', "en space"),
    ('\u{2003}', "em space"),
    ('\u{2007}', "figure space"),
    ('\u{2009}', "thin space"),
    ('\u{200b}', "zero width space"),
    ('\u{200c}', "zero width non-joiner"),
    ('\u{200d}', "zero width joiner"),
    ('\u{200e}', "left-to-right mark"),
    ('\u{200f}', "right-to-left mark"),
    ('\u{2028}', "line separator"),
    ('\u{2029}', "paragraph separator"),
    ('\u{202a}', "left-to-right embedding"),
    ('\u{202c}', "pop directional formatting"),
    ('\u{202e}', "right-to-left override"),
    ('\u{202f}', "narrow no-break space"),
    ('\u{2060}', "word joiner"),
    ('\u{2800}', "blank Braille pattern"),
    ('\u{3000}', "ideographic space"),
    (
        BYTE_ORDER_MARK,
        "byte order mark, or zero width no-break space",
    ),
];

/// Whether a character is no blank of ASCII and yet has no ink of its own: control characters,
/// blanks of other scripts, joiners, marks of direction, fillers, variation selectors, tags.
pub(in crate::config) fn is_invisible(c: char) -> bool {
    match c {
        '\t'..='\r' | ' ' => false,
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | BYTE_ORDER_MARK
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => c.is_control() || c.is_whitespace(),
    }
}

/// The first invisible character of a text.
pub(in crate::config) fn first(text: &str) -> Option<(usize, char)> {
    text.char_indices().find(|&(_, c)| is_invisible(c))
}

/// `U+00A0 (no-break space)`.
pub(in crate::config) fn named(c: char) -> String {
    let number = format!("U+{:04X}", u32::from(c));
    let known = NAMES.binary_search_by_key(&c, |&(c, _)| c);
    let name = known.ok().and_then(|at| NAMES.get(at));
    match name {
        Some((_, name)) => format!("{number} ({name})"),
        None => number,
    }
}

/// A text with `<U+00A0>` and the like in place of what nobody sees.
pub(in crate::config) fn revealed(text: &str) -> Cow<'_, str> {
    if first(text).is_none() {
        return text.into();
    }
    let mut revealed = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_invisible(c) {
            // Writing to a text does not fail.
            let _written = write!(revealed, "<U+{:04X}>", u32::from(c));
        } else {
            revealed.push(c);
        }
    }
    revealed.into()
}

/// A text without what nobody sees.
pub(in crate::config) fn removed(text: &str) -> Cow<'_, str> {
    if first(text).is_none() {
        return text.into();
    }
    text.chars().filter(|&c| !is_invisible(c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_sorted_and_of_invisible_characters() {
        assert!(NAMES.is_sorted_by_key(|&(c, _)| c));
        for (c, name) in NAMES {
            assert!(is_invisible(c), "{name}");
        }
    }

    #[test]
    fn what_nobody_sees_is_named_by_its_code_point() {
        for (c, name) in [
            ('\u{a0}', "U+00A0 (no-break space)"),
            ('\u{3000}', "U+3000 (ideographic space)"),
            ('\u{200b}', "U+200B (zero width space)"),
            ('\u{200d}', "U+200D (zero width joiner)"),
            ('\u{ad}', "U+00AD (soft hyphen)"),
            ('\u{200f}', "U+200F (right-to-left mark)"),
            ('\u{1}', "U+0001"),
            ('\u{2005}', "U+2005"),
            ('\u{e0041}', "U+E0041"),
        ] {
            assert!(is_invisible(c), "{name}");
            assert_eq!(named(c), name);
        }
        for c in ['a', 'ä', '漢', ' ', '\t', '\u{301}', '\u{fffd}', '🦀'] {
            assert!(!is_invisible(c), "{c:?}");
        }
    }

    #[test]
    fn a_revealed_text_shows_them_in_their_places() {
        assert_eq!(revealed("\u{200b}a\u{a0}b"), "<U+200B>a<U+00A0>b");
        assert_eq!(revealed("a b"), "a b");
        assert_eq!(removed("\u{200b}a\u{a0}b"), "ab");
    }
}
