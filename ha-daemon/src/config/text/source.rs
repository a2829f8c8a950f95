//! The source texts of a configuration, and spans in them.

use core::num::NonZeroU32;
use core::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::config::text::blank::trimmed;
use crate::config::text::secrets;

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
    /// The octets `range` of `source`; offsets beyond 4 GiB saturate.
    pub(crate) fn new(source: SourceId, range: Range<usize>) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self {
            source,
            start: offset(range.start),
            end: offset(range.end),
        }
    }

    /// The octets' range in their source.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Which use of a macro a text came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UseId(NonZeroU32);

/// Where a piece of configuration was written, and through which uses of macros it got its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Where it was written.
    pub span: Span,
    /// The innermost use of a macro that brought it in.
    pub via: Option<UseId>,
}

/// A file or a text.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: Arc<String>,
    /// Where each line starts, once that has been asked for.
    lines: OnceLock<Vec<u32>>,
    included_at: Option<Place>,
}

impl Source {
    /// The path as it was asked for, or the name given to a text.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text; octets that are not UTF-8 are replaced by U+FFFD.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The `include` that brought it in.
    #[must_use]
    pub const fn included_at(&self) -> Option<Place> {
        self.included_at
    }

    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            core::iter::once(0)
                .chain(self.text.match_indices('\n').map(|(at, _)| at + 1))
                .map(|at| u32::try_from(at).unwrap_or(u32::MAX))
                .collect()
        })
    }

    /// The number of the line that holds `offset`, counted from 1.
    #[must_use]
    pub fn line(&self, offset: u32) -> usize {
        let starts = self.line_starts();
        starts.partition_point(|&start| start <= offset).max(1)
    }

    /// The range of line `number` without its line feed; empty if there is no such line.
    #[must_use]
    pub fn line_range(&self, number: usize) -> Range<usize> {
        let starts = self.line_starts();
        let start = |number: usize| starts.get(number).map(|&start| start as usize);
        match number.checked_sub(1).and_then(start) {
            Some(first) => first..start(number).map_or(self.text.len(), |next| next - 1),
            None => self.text.len()..self.text.len(),
        }
    }

    /// The column of `offset` in its line: characters, counted from 1.
    #[must_use]
    pub fn column(&self, offset: u32) -> usize {
        let start = self.line_range(self.line(offset)).start;
        self.text
            .get(start..offset as usize)
            .map_or(1, |before| before.chars().count() + 1)
    }

    /// The width of the blanks before `offset` in its line; `None` if there is more than blanks.
    pub(in crate::config) fn indent(&self, offset: usize) -> Option<u16> {
        let before = self.text.get(..offset)?;
        let line = before.rfind('\n').map_or(0, |at| at + 1);
        let before = before.get(line..)?;
        trimmed(before).is_empty().then(|| columns(before))
    }
}

/// The width of blanks, with a tab stop every eight columns.
fn columns(blanks: &str) -> u16 {
    blanks.chars().fold(0, |column: u16, blank| match blank {
        '\t' => (column / 8).saturating_add(1).saturating_mul(8),
        _ => column.saturating_add(1),
    })
}

/// Every source of a configuration and every use of a macro in it.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    sources: Vec<Source>,
    uses: Vec<Place>,
}

impl Sources {
    /// The source a span is in.
    #[must_use]
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    /// Every source, the main file first.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    /// Where the macro was used, possibly in another macro.
    #[must_use]
    pub fn used_at(&self, id: UseId) -> Option<Place> {
        self.uses.get(id.0.get() as usize - 1).copied()
    }

    /// The text of a span; empty if it is in no source.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source)
            .and_then(|source| source.text.get(span.range()))
            .unwrap_or("")
    }

    pub(crate) fn add(
        &mut self,
        name: String,
        text: Arc<String>,
        included_at: Option<Place>,
    ) -> SourceId {
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source {
            name,
            text,
            lines: OnceLock::new(),
            included_at,
        });
        id
    }

    pub(in crate::config) fn add_use(&mut self, place: Place) -> Option<UseId> {
        self.uses.push(place);
        let id = u32::try_from(self.uses.len()).ok()?;
        NonZeroU32::new(id).map(UseId)
    }

    /// Where passwords may be written.
    pub(in crate::config) fn passwords(&self) -> Vec<Span> {
        let ids = (0..).map(SourceId);
        let each = ids.zip(&self.sources).flat_map(|(id, source)| {
            let found = secrets::find(&source.text).into_iter();
            found.map(move |range| Span::new(id, range))
        });
        each.collect()
    }

    /// Replaces each octet of some texts, so that they are not shown.
    pub(in crate::config) fn hide(&mut self, mut secrets: Vec<Span>) {
        secrets.sort_unstable();
        for group in secrets.chunk_by(|a, b| a.source == b.source) {
            let id = group.first().map_or(0, |span| span.source.0 as usize);
            let Some(source) = self.sources.get_mut(id) else {
                continue;
            };
            let mut hidden = String::with_capacity(source.text.len());
            for span in group {
                let range = span.range();
                let kept = source.text.get(hidden.len()..range.start).unwrap_or("");
                hidden.push_str(kept);
                let octets = range.end.saturating_sub(hidden.len());
                hidden.extend(core::iter::repeat_n('*', octets));
            }
            hidden.push_str(source.text.get(hidden.len()..).unwrap_or(""));
            source.text = Arc::new(hidden);
        }
    }

    /// How many uses of macros in each other a place came through, and one.
    pub(in crate::config) fn depth(&self, place: Place) -> usize {
        core::iter::successors(Some(place), |place| self.used_at(place.via?)).count()
    }

    fn outer(&self, place: Place) -> Place {
        place.via.and_then(|via| self.used_at(via)).unwrap_or(place)
    }

    /// The smallest place that covers both: what is written in different macros is covered by the
    /// text that uses both.
    pub(in crate::config) fn join(&self, first: Place, second: Place) -> Place {
        let (mut a, mut b) = (first, second);
        while a.via != b.via {
            if self.depth(a) >= self.depth(b) {
                a = self.outer(a);
            } else {
                b = self.outer(b);
            }
        }
        if a.span.source != b.span.source {
            return a;
        }
        Place {
            span: Span {
                source: a.span.source,
                start: a.span.start.min(b.span.start),
                end: a.span.end.max(b.span.end),
            },
            via: a.via,
        }
    }
}
