//! The token sequence: all words and braces of a configuration in one compact array.

use core::ops::Range;

use crate::config::text::lexer::{Kind, Lexeme, Lexer, unquoted};
use crate::config::text::line::Line;
use crate::config::text::source::{Place, SourceId, Sources, Span};

/// A word, or what was in double quotes.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) struct Token<'t> {
    pub(in crate::config) text: &'t str,
    pub(in crate::config) place: Place,
}

/// A line with everything replaced, never blank.
#[derive(Debug)]
pub(in crate::config) enum Ready {
    /// As it is in its source.
    Verbatim(Span),
    /// Put together, or brought in by a macro.
    Composed(Line),
}

impl From<Line> for Ready {
    fn from(line: Line) -> Self {
        line.span().map_or(Self::Composed(line), Self::Verbatim)
    }
}

impl Ready {
    pub(in crate::config) fn text<'r>(&'r self, sources: &'r Sources) -> &'r str {
        match self {
            Self::Verbatim(span) => sources.text(*span),
            Self::Composed(line) => line.text(),
        }
    }

    /// Where the octets `range` were written.
    pub(in crate::config) fn place(&self, range: Range<usize>, sources: &Sources) -> Place {
        match self {
            Self::Verbatim(span) => {
                let start = span.start as usize;
                let range = start + range.start..start + range.end;
                Place {
                    span: Span::new(span.source, range),
                    via: None,
                }
            }
            Self::Composed(line) => line.place(range, sources),
        }
    }

    /// The column at which the line starts in its file; `None` if it does not start there.
    fn indent(&self, sources: &Sources) -> Option<u16> {
        match self {
            Self::Verbatim(span) => sources.get(span.source)?.indent(span.start as usize),
            Self::Composed(line) => line.indent(sources),
        }
    }
}

/// A word or a brace. There are many of them, so it is small.
#[derive(Clone, Copy, Debug)]
struct Cell {
    kind: CellKind,
    /// Whether `at` is an index into [`Tape::elsewhere`], rather than an offset in a source.
    is_elsewhere: bool,
    /// How many octets it has in its source: a line has no more.
    len: u16,
    at: u32,
}

/// What a [`Cell`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::config) enum CellKind {
    /// The first word of a line or behind a brace.
    Keyword,
    /// A word behind a keyword.
    Argument,
    /// `{`; the cell behind it says at which index `}` is.
    Open,
    /// The cell behind [`CellKind::Open`].
    End,
    /// `}`.
    Close,
}

/// A token that is not a plain slice of a source: its text was composed, or it came through a macro
/// or an `include`.
#[derive(Clone, Debug)]
struct Elsewhere {
    /// The octets of [`Tape::composed`].
    text: Range<u32>,
    place: Place,
    /// The column its line starts at, if it is the first there and its line starts in a file.
    indent: Option<u16>,
}

/// Words and braces in the order they were read in.
#[derive(Debug, Default)]
pub(in crate::config) struct Tape {
    cells: Vec<Cell>,
    /// From which index on cells are in which source.
    sources: Vec<(u32, SourceId)>,
    elsewhere: Vec<Elsewhere>,
    composed: String,
    /// How many words there are, and braces, and lines that do not end with a brace.
    count: usize,
}

/// A line with more words and braces than there may be.
#[derive(Debug)]
pub(in crate::config) struct TooMany;

impl Tape {
    /// An empty one for a text of so many octets.
    pub(in crate::config) fn for_text(octets: usize) -> Self {
        Self {
            // Configurations have more than six octets to a word. What is not used costs nothing.
            cells: Vec::with_capacity(octets / 6),
            ..Self::default()
        }
    }

    /// Appends a line unless there would be more than `most` words, braces and lines. Returns where
    /// a quote is not closed.
    pub(in crate::config) fn push_line(
        &mut self,
        line: &Ready,
        sources: &Sources,
        most: usize,
    ) -> Result<Option<Place>, TooMany> {
        let before = self.cells.len();
        let (mut words, mut braces) = (0, 0);
        let mut is_open = false;
        let mut unterminated = None;
        if let Ready::Verbatim(span) = line {
            self.enter(span.source);
        }
        for lexeme in Lexer::new(line.text(sources)) {
            let kind = match lexeme.kind {
                Kind::Word | Kind::Unterminated if is_open => CellKind::Argument,
                Kind::Word | Kind::Unterminated => CellKind::Keyword,
                Kind::Open => CellKind::Open,
                Kind::Close => CellKind::Close,
            };
            if lexeme.kind == Kind::Unterminated {
                unterminated = Some(line.place(lexeme.range.clone(), sources));
            }
            let is_first = words + braces == 0;
            is_open = matches!(kind, CellKind::Keyword | CellKind::Argument);
            *(if is_open { &mut words } else { &mut braces }) += 1;
            self.push_lexeme(kind, &lexeme, line, is_first, sources);
        }
        if self.count + words + braces > most {
            self.cells.truncate(before);
            return Err(TooMany);
        }
        self.count += words + braces + usize::from(is_open);
        Ok(unterminated)
    }

    /// Appends a word or brace that is in the source last entered as it is, from the octet `start` on.
    #[inline]
    pub(super) fn push_plain(&mut self, kind: CellKind, start: usize, len: u16) {
        self.push(Cell {
            kind,
            is_elsewhere: false,
            len,
            at: index(start),
        });
    }

    /// How many words there are, and braces, and lines that do not end with a brace.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// Counts what [`Self::push_plain`] has appended.
    pub(super) const fn add_count(&mut self, more: usize) {
        self.count += more;
    }

    /// Forgets what is behind an index.
    pub(super) fn truncate(&mut self, len: usize) {
        self.cells.truncate(len);
    }

    fn push_lexeme(
        &mut self,
        kind: CellKind,
        lexeme: &Lexeme,
        line: &Ready,
        is_first: bool,
        sources: &Sources,
    ) {
        let range = lexeme.range.clone();
        let cell = match (line, lexeme.kind, u16::try_from(range.len())) {
            (Ready::Verbatim(line), Kind::Word | Kind::Open | Kind::Close, Ok(len)) => Cell {
                kind,
                is_elsewhere: false,
                len,
                at: line.start.saturating_add(index(range.start)),
            },
            _ => Cell {
                kind,
                is_elsewhere: true,
                len: 0,
                at: self.add_elsewhere(lexeme, line, is_first, sources),
            },
        };
        self.push(cell);
    }

    #[inline]
    fn push(&mut self, cell: Cell) {
        self.cells.push(cell);
        if cell.kind == CellKind::Open {
            self.cells.push(Cell {
                kind: CellKind::End,
                is_elsewhere: false,
                len: 0,
                at: 0,
            });
        }
    }

    /// Says that the next cells are in `source`.
    pub(super) fn enter(&mut self, source: SourceId) {
        if self.sources.last().is_none_or(|&(_, last)| last != source) {
            self.sources.push((index(self.cells.len()), source));
        }
    }

    fn add_elsewhere(
        &mut self,
        lexeme: &Lexeme,
        line: &Ready,
        is_first: bool,
        sources: &Sources,
    ) -> u32 {
        let text = match lexeme.kind {
            Kind::Word => line.text(sources).get(lexeme.range.clone()),
            Kind::Open | Kind::Close | Kind::Unterminated => None,
        };
        let start = index(self.composed.len());
        self.composed.push_str(text.map_or("", unquoted));
        let at = index(self.elsewhere.len());
        self.elsewhere.push(Elsewhere {
            text: start..index(self.composed.len()),
            place: line.place(lexeme.range.clone(), sources),
            indent: is_first.then(|| line.indent(sources)).flatten(),
        });
        at
    }

    /// Which source a cell that is not elsewhere is in.
    fn source(&self, at: usize) -> SourceId {
        let behind = match self.sources.len() {
            1 => 1,
            _ => self
                .sources
                .partition_point(|&(from, _)| from as usize <= at),
        };
        let entry = behind
            .checked_sub(1)
            .and_then(|last| self.sources.get(last));
        entry.map_or_else(SourceId::default, |&(_, source)| source)
    }

    pub(in crate::config) fn kind(&self, at: usize) -> Option<CellKind> {
        self.cells.get(at).map(|cell| cell.kind)
    }

    /// Where a word or brace was written.
    pub(in crate::config) fn place(&self, at: usize) -> Place {
        let Some(cell) = self.cells.get(at) else {
            return Place::default();
        };
        if cell.is_elsewhere {
            let elsewhere = self.elsewhere.get(cell.at as usize);
            return elsewhere.map_or_else(Place::default, |elsewhere| elsewhere.place);
        }
        let span = Span {
            source: self.source(at),
            start: cell.at,
            end: cell.at.saturating_add(cell.len.into()),
        };
        Place { span, via: None }
    }

    /// A word.
    #[inline]
    pub(in crate::config) fn token<'t>(&'t self, at: usize, sources: &'t Sources) -> Token<'t> {
        let place = self.place(at);
        let elsewhere = self.cells.get(at).filter(|cell| cell.is_elsewhere);
        let text = match elsewhere {
            None => unquoted(sources.text(place.span)),
            Some(cell) => {
                let elsewhere = self.elsewhere.get(cell.at as usize);
                let range = elsewhere.map_or(0..0, |elsewhere| elsewhere.text.clone());
                let text = self.composed.get(range.start as usize..range.end as usize);
                text.unwrap_or("")
            }
        };
        Token { text, place }
    }

    /// The column that the line of a word or brace starts at, if the line starts with that.
    pub(in crate::config) fn indent(&self, at: usize, sources: &Sources) -> Option<u16> {
        let cell = self.cells.get(at)?;
        if cell.is_elsewhere {
            return self.elsewhere.get(cell.at as usize)?.indent;
        }
        sources.get(self.source(at))?.indent(cell.at as usize)
    }

    /// The index behind the last argument of the keyword at `at`.
    pub(in crate::config) fn behind_arguments(&self, at: usize) -> usize {
        let rest = self.cells.get(at + 1..).unwrap_or_default();
        let arguments = rest.iter();
        at + 1
            + arguments
                .take_while(|cell| cell.kind == CellKind::Argument)
                .count()
    }

    /// Where the block of the brace at `open` ends: at the index of its `}`.
    pub(in crate::config) fn end(&self, open: usize) -> usize {
        self.cells.get(open + 1).map_or(0, |end| end.at as usize)
    }

    /// Says where the block of the brace at `open` ends.
    pub(in crate::config) fn set_end(&mut self, open: usize, close: usize) {
        if let Some(end) = self.cells.get_mut(open + 1) {
            end.at = index(close);
        }
    }

    /// The index behind the last cell.
    pub(in crate::config) const fn len(&self) -> usize {
        self.cells.len()
    }

    /// An empty tape to copy tokens of this one to. It takes over the texts of the composed tokens, so
    /// that this one may only be copied from.
    pub(in crate::config) fn successor(&mut self) -> Self {
        Self {
            elsewhere: core::mem::take(&mut self.elsewhere),
            composed: core::mem::take(&mut self.composed),
            ..Self::default()
        }
    }

    /// Appends the words and braces `range` of another.
    pub(in crate::config) fn copy(&mut self, other: &Self, range: Range<usize>) {
        for at in range {
            if let Some(&cell) = other.cells.get(at) {
                if !cell.is_elsewhere {
                    self.enter(other.source(at));
                }
                self.push(cell);
            }
        }
    }
}

/// As an index or an offset of a [`Tape`]; a configuration has not as many octets.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_word_takes_eight_octets() {
        assert_eq!(size_of::<Cell>(), 8);
    }

    #[test]
    fn words_know_which_of_the_sources_they_are_in() {
        let mut sources = Sources::default();
        let mut add = |text: &str| sources.add(String::new(), Arc::new(text.to_owned()), None);
        let (outer, inner) = (add("x {\n  }"), add("y \"z w\"\n"));
        let mut tape = Tape::default();
        for (source, range) in [(outer, 0..3), (inner, 0..7), (outer, 6..7)] {
            let line = Ready::Verbatim(Span::new(source, range));
            assert!(matches!(tape.push_line(&line, &sources, 9), Ok(None)));
        }
        let marks: Vec<_> = (0..tape.len()).filter_map(|at| tape.kind(at)).collect();
        let block = [CellKind::Keyword, CellKind::Open, CellKind::End];
        let words = [CellKind::Keyword, CellKind::Argument, CellKind::Close];
        assert_eq!(marks, [block, words].concat());
        let written = |at| (tape.token(at, &sources).text, tape.place(at).span);
        assert_eq!(written(0), ("x", Span::new(outer, 0..1)));
        assert_eq!(written(4), ("z w", Span::new(inner, 2..7)));
        assert_eq!(tape.place(5).span, Span::new(outer, 6..7));
        assert_eq!(tape.indent(5, &sources), Some(2));
        assert_eq!(tape.indent(4, &sources), None);
    }

    #[test]
    fn a_line_of_too_many_words_is_left_out() {
        let mut sources = Sources::default();
        let source = sources.add(String::new(), Arc::new("a b c".to_owned()), None);
        let line = Ready::Verbatim(Span::new(source, 0..5));
        let mut tape = Tape::default();
        assert!(matches!(tape.push_line(&line, &sources, 3), Ok(None)));
        // The words, and the line.
        assert!(matches!(tape.push_line(&line, &sources, 6), Err(TooMany)));
        assert_eq!(tape.len(), 3);
    }
}
