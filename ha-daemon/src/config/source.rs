//! The texts a configuration was read from.

use core::ops::Range;

/// Which of the files (or which text) a [`Span`] is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// Some octets of one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The source.
    pub source: SourceId,
    /// The offset of the first octet.
    pub start: u32,
    /// The offset behind the last octet.
    pub end: u32,
}

impl Span {
    /// The octets' range in their source.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}
