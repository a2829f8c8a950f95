//! Lines after the preprocessor, with the source position of every octet.

use core::ops::Range;
use std::sync::Arc;

use crate::config::text::blank::{is_blank, trimmed, trimmed_start};
use crate::config::text::shared::Text;
use crate::config::text::source::{Place, SourceId, Sources, Span, UseId};

/// Some octets of a line that were written in one place.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Where it starts in the line.
    at: usize,
    place: Place,
    /// Octet for octet the text of the place, rather than generated because of it.
    verbatim: bool,
}

/// A line, perhaps put together from several places.
#[derive(Clone, Debug)]
pub(in crate::config) struct Line {
    text: Text,
    origin: Origin,
}

/// Where the octets of a line were written.
#[derive(Clone, Debug)]
enum Origin {
    /// All in one place, as almost every line.
    One(Piece),
    Several(Vec<Piece>),
}

impl Piece {
    /// Where the octets `extent` of the line were written, which are all of this piece.
    fn place_of(&self, extent: &Range<usize>) -> Place {
        let mut place = self.place;
        if self.verbatim {
            let start = place.span.start as usize;
            let range = start + (extent.start - self.at)..start + (extent.end - self.at);
            place.span = Span::new(place.span.source, range);
        }
        place
    }

    /// The octets `extent` of the line, at the beginning of another line.
    fn cut(&self, extent: &Range<usize>) -> Self {
        Self {
            at: 0,
            place: self.place_of(extent),
            verbatim: self.verbatim,
        }
    }
}

impl Line {
    /// The octets `range` of `text`, which is that of `source`.
    pub(in crate::config) fn verbatim(
        source: SourceId,
        text: &Arc<String>,
        range: Range<usize>,
    ) -> Self {
        let place = Place {
            span: Span::new(source, range.clone()),
            via: None,
        };
        Self {
            text: Text::of(text, range),
            origin: Origin::One(Piece {
                at: 0,
                place,
                verbatim: true,
            }),
        }
    }

    pub(in crate::config) fn text(&self) -> &str {
        &self.text
    }

    /// Where it is, if it is as it is in one of the sources and no macro brought it in.
    pub(in crate::config) const fn span(&self) -> Option<Span> {
        match self.origin {
            Origin::One(Piece {
                place: Place { span, via: None },
                verbatim: true,
                ..
            }) => Some(span),
            Origin::One(_) | Origin::Several(_) => None,
        }
    }

    pub(in crate::config) fn is_blank(&self) -> bool {
        trimmed(&self.text).is_empty()
    }

    fn pieces(&self) -> &[Piece] {
        match &self.origin {
            Origin::One(piece) => core::slice::from_ref(piece),
            Origin::Several(pieces) => pieces,
        }
    }

    /// The octets `range`.
    pub(in crate::config) fn slice(&self, range: Range<usize>) -> Self {
        let origin = match &self.origin {
            Origin::One(piece) => Origin::One(piece.cut(&range)),
            Origin::Several(_) => {
                let pieces = self.overlapping(range.clone());
                let moved = pieces.map(|(piece, extent)| Piece {
                    at: extent.start - range.start,
                    ..piece.cut(&extent)
                });
                Origin::Several(moved.collect())
            }
        };
        Self {
            text: self.text.slice(range),
            origin,
        }
    }

    /// The octets `range` without the blanks around them.
    pub(in crate::config) fn trimmed(&self, range: Range<usize>) -> Self {
        let text = self.text.get(range.clone()).unwrap_or("");
        let start = range.start + (text.len() - trimmed_start(text).len());
        self.slice(start..start + trimmed(text).len())
    }

    /// What is left of a line put together from macros: `#` and `!` outside double quotes start a
    /// comment, whichever macro they come from, unless a backslash was written before them.
    pub(in crate::config) fn without_comment(self, sources: &Sources) -> Self {
        let mut quoted = false;
        let comment = self.text.char_indices().find(|&(at, c)| {
            quoted ^= c == '"';
            matches!(c, '#' | '!') && !quoted && !self.is_escaped(at, sources)
        });
        match comment {
            Some((at, _)) => self.slice(0..at),
            None => self,
        }
    }

    /// Whether there was a backslash before an octet where it was written.
    fn is_escaped(&self, at: usize, sources: &Sources) -> bool {
        let behind = self.pieces().partition_point(|piece| piece.at <= at);
        let piece = behind.checked_sub(1).and_then(|at| self.pieces().get(at));
        let Some(piece) = piece.filter(|piece| piece.verbatim) else {
            return false;
        };
        let written = piece.place_of(&(at..at + 1)).span;
        let source = sources.get(written.source).map(|source| source.text());
        let before = (written.start as usize).checked_sub(1);
        let octet = source
            .zip(before)
            .and_then(|(text, at)| text.as_bytes().get(at));
        octet == Some(&b'\\')
    }

    /// The same line, brought in by a use of a macro.
    pub(in crate::config) fn used(&self, via: Option<UseId>) -> Self {
        let mut line = self.clone();
        let pieces = match &mut line.origin {
            Origin::One(piece) => core::slice::from_mut(piece),
            Origin::Several(pieces) => pieces,
        };
        for piece in pieces {
            piece.place.via = via;
        }
        line
    }

    fn overlapping(&self, range: Range<usize>) -> impl Iterator<Item = (&Piece, Range<usize>)> {
        let pieces = self.pieces();
        let first = pieces
            .partition_point(|piece| piece.at <= range.start)
            .saturating_sub(1);
        pieces
            .iter()
            .enumerate()
            .skip(first)
            .map_while(move |(index, piece)| {
                let next = pieces.get(index + 1);
                let end = next.map_or(self.text.len(), |next| next.at).min(range.end);
                let start = piece.at.max(range.start);
                (piece.at < range.end).then_some((piece, start..end))
            })
            .filter(move |(_, extent)| extent.start < extent.end)
    }

    /// Where the octets `range` were written.
    pub(in crate::config) fn place(&self, range: Range<usize>, sources: &Sources) -> Place {
        if let Origin::One(piece) = &self.origin {
            return piece.place_of(&range);
        }
        self.overlapping(range)
            .map(|(piece, extent)| piece.place_of(&extent))
            .reduce(|all, next| sources.join(all, next))
            .or_else(|| self.pieces().first().map(|piece| piece.place))
            .unwrap_or_default()
    }

    /// The column at which the line starts in its file; `None` if it does not start there.
    pub(in crate::config) fn indent(&self, sources: &Sources) -> Option<u16> {
        let piece = self.pieces().first()?;
        if piece.place.via.is_some() || !piece.verbatim {
            return None;
        }
        let blanks = self.text.len() - trimmed_start(&self.text).len();
        let source = sources.get(piece.place.span.source)?;
        source.indent(piece.place.span.start as usize + blanks)
    }

    /// The range of the first word, up to a blank.
    pub(in crate::config) fn first_word(&self) -> Range<usize> {
        let start = self.text.len() - trimmed_start(&self.text).len();
        let rest = &self.text[start..];
        let len = rest.find(is_blank).unwrap_or(rest.len());
        start..start + len
    }
}

/// A line that is being put together.
#[derive(Debug, Default)]
pub(in crate::config) struct Assembly {
    text: String,
    pieces: Vec<Piece>,
}

impl Assembly {
    pub(in crate::config) const fn len(&self) -> usize {
        self.text.len()
    }

    /// Appends `text`, which stands for what is written at `place`.
    pub(in crate::config) fn push_generated(&mut self, text: &str, place: Place) {
        self.pieces.push(Piece {
            at: self.text.len(),
            place,
            verbatim: false,
        });
        self.text.push_str(text);
    }

    /// Appends the octets `range` of a line.
    pub(in crate::config) fn push(&mut self, line: &Line, range: Range<usize>) {
        let Some(text) = line.text.get(range.clone()) else {
            return;
        };
        let base = self.text.len();
        let pieces = line.overlapping(range.clone());
        self.pieces.extend(pieces.map(|(piece, extent)| Piece {
            at: base + (extent.start - range.start),
            ..piece.cut(&extent)
        }));
        self.text.push_str(text);
    }

    pub(in crate::config) fn finish(self) -> Line {
        Line {
            text: self.text.into(),
            origin: Origin::Several(self.pieces),
        }
    }
}

/// What is left of a physical line without its comment: `#` or `!` outside double quotes up to
/// the end. A backslash before one of them makes it an ordinary character.
pub(in crate::config) fn without_comment(
    source: SourceId,
    text: &Arc<String>,
    range: Range<usize>,
) -> Line {
    let whole = Line::verbatim(source, text, range);
    let raw = whole.text();
    if !raw.bytes().any(|octet| matches!(octet, b'#' | b'!')) {
        return whole;
    }
    let mut line = Assembly::default();
    let (mut quoted, mut from, mut previous) = (false, 0, ' ');
    for (at, c) in raw.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' | '!' if !quoted && previous == '\\' => {
                line.push(&whole, from..at - 1);
                from = at;
            }
            '#' | '!' if !quoted && from == 0 => return whole.slice(0..at),
            '#' | '!' if !quoted => {
                line.push(&whole, from..at);
                return line.finish();
            }
            _ => {}
        }
        previous = c;
    }
    if from == 0 {
        return whole;
    }
    line.push(&whole, from..raw.len());
    line.finish()
}
