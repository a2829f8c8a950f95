//! The blanks that separate words: those of ASCII and no others, as with keepalived.

/// Whether a character parts words. A no-break space does not.
pub(in crate::config) const fn is_blank(c: char) -> bool {
    matches!(c, '\t'..='\r' | ' ')
}

/// A text without the blanks around it.
pub(in crate::config) fn trimmed(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// A text without the blanks it starts with.
pub(in crate::config) fn trimmed_start(text: &str) -> &str {
    text.trim_start_matches(is_blank)
}
