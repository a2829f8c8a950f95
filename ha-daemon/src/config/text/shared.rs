//! Cheaply cloned slices of a shared string.

use core::fmt;
use core::ops::{Deref, Range};
use std::sync::Arc;

/// Some octets of a shared text. A clone costs a count, whatever its length.
#[derive(Clone)]
pub(in crate::config) struct Text {
    whole: Arc<String>,
    start: u32,
    end: u32,
}

impl Text {
    /// The octets `range` of `whole`; none if they are not whole characters of it, or beyond 4 GiB.
    pub(in crate::config) fn of(whole: &Arc<String>, range: Range<usize>) -> Self {
        let offset = |at: usize| u32::try_from(at).ok();
        let fits = whole.get(range.clone()).is_some();
        let ends = offset(range.start).zip(offset(range.end));
        let (start, end) = ends.filter(|_| fits).unwrap_or_default();
        Self {
            whole: Arc::clone(whole),
            start,
            end,
        }
    }

    /// The octets `range` of this part.
    pub(in crate::config) fn slice(&self, range: Range<usize>) -> Self {
        let start = self.start as usize;
        Self::of(&self.whole, start + range.start..start + range.end)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        let range = self.start as usize..self.end as usize;
        self.whole.get(range).unwrap_or("")
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        let range = 0..text.len();
        Self::of(&Arc::new(text), range)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_relative_to_its_own_text() {
        let text = Text::from("virtual_server".to_owned()).slice(8..14);
        assert_eq!(&*text, "server");
        assert_eq!(&*text.slice(0..3), "ser");
    }

    #[test]
    fn what_is_no_part_of_a_text_is_empty() {
        assert_eq!(&*Text::from("ä".to_owned()).slice(0..1), "");
        assert_eq!(&*Text::from("ab".to_owned()).slice(1..3), "");
        assert_eq!(&*Text::from("abc".to_owned()).slice(0..1).slice(0..2), "ab");
    }
}
