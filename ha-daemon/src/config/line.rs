//! Lines and their tokens, each octet knowing where it was written.

use core::ops::Range;

use super::source::{Place, SourceId, Sources, Span, UseId};

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
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    text: String,
    pieces: Vec<Piece>,
}

impl Line {
    /// The octets `range` of `text`, which is that of `source`.
    pub(super) fn verbatim(source: SourceId, text: &str, range: Range<usize>) -> Self {
        let place = Place {
            span: Span::new(source, range.clone()),
            via: None,
        };
        Self {
            text: text.get(range).unwrap_or("").to_owned(),
            pieces: vec![Piece {
                at: 0,
                place,
                verbatim: true,
            }],
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Appends `text`, which stands for what is written at `place`.
    pub(super) fn push_generated(&mut self, text: &str, place: Place) {
        self.pieces.push(Piece {
            at: self.text.len(),
            place,
            verbatim: false,
        });
        self.text.push_str(text);
    }

    /// Appends the octets `range` of `other`.
    pub(super) fn push(&mut self, other: &Self, range: Range<usize>) {
        let Some(text) = other.text.get(range.clone()) else {
            return;
        };
        let base = self.text.len();
        for (piece, extent) in other.overlapping(range.clone()) {
            let mut piece = *piece;
            if piece.verbatim {
                piece.place.span = subspan(piece.place.span, piece.at, &extent);
            }
            piece.at = base + (extent.start - range.start);
            self.pieces.push(piece);
        }
        self.text.push_str(text);
    }

    /// The octets `range` without the blanks around them.
    pub(super) fn trimmed(&self, range: Range<usize>) -> Self {
        let text = self.text.get(range.clone()).unwrap_or("");
        let start = range.start + (text.len() - text.trim_start().len());
        let mut line = Self::default();
        line.push(self, start..start + text.trim().len());
        line
    }

    /// The same line, brought in by a use of a macro.
    pub(super) fn used(&self, via: Option<UseId>) -> Self {
        let mut line = self.clone();
        for piece in &mut line.pieces {
            piece.place.via = via;
        }
        line
    }

    fn overlapping(&self, range: Range<usize>) -> impl Iterator<Item = (&Piece, Range<usize>)> {
        let first = self
            .pieces
            .partition_point(|piece| piece.at <= range.start)
            .saturating_sub(1);
        self.pieces
            .iter()
            .enumerate()
            .skip(first)
            .map_while(move |(index, piece)| {
                let next = self.pieces.get(index + 1);
                let end = next.map_or(self.text.len(), |next| next.at).min(range.end);
                let start = piece.at.max(range.start);
                (piece.at < range.end).then_some((piece, start..end))
            })
            .filter(move |(_, extent)| extent.start < extent.end)
    }

    /// Where the octets `range` were written.
    pub(super) fn place(&self, range: Range<usize>, sources: &Sources) -> Place {
        let place = |(piece, extent): (&Piece, Range<usize>)| {
            let mut place = piece.place;
            if piece.verbatim {
                place.span = subspan(place.span, piece.at, &extent);
            }
            place
        };
        self.overlapping(range)
            .map(place)
            .reduce(|all, next| sources.join(all, next))
            .or_else(|| self.pieces.first().map(|piece| piece.place))
            .unwrap_or_default()
    }

    /// The column at which the line starts in its file; `None` if it does not start there.
    pub(super) fn indent(&self, sources: &Sources) -> Option<usize> {
        let piece = self.pieces.first()?;
        if piece.place.via.is_some() || !piece.verbatim {
            return None;
        }
        let blanks = self.text.len() - self.text.trim_start().len();
        let source = sources.get(piece.place.span.source)?;
        let line = source.line_range(source.line(piece.place.span.start)).start;
        let start = piece.place.span.start as usize + blanks;
        let before = source.text().get(line..start)?;
        before.trim().is_empty().then(|| columns(before))
    }

    /// The range of the first word, up to a blank.
    pub(super) fn first_word(&self) -> Range<usize> {
        let start = self.text.len() - self.text.trim_start().len();
        let rest = &self.text[start..];
        let len = rest.find(char::is_whitespace).unwrap_or(rest.len());
        start..start + len
    }
}

/// The width of blanks, with a tab stop every eight columns.
fn columns(blanks: &str) -> usize {
    blanks.chars().fold(0, |column, blank| match blank {
        '\t' => (column / 8 + 1) * 8,
        _ => column + 1,
    })
}

fn subspan(span: Span, at: usize, extent: &Range<usize>) -> Span {
    let start = span.start as usize;
    Span::new(
        span.source,
        start + (extent.start - at)..start + (extent.end - at),
    )
}

/// A word, or what was in double quotes.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) place: Place,
}

#[derive(Clone, Debug)]
pub(super) enum Lexeme {
    Word(Token),
    Open(Place),
    Close(Place),
    /// The rest of a line in which a quote is not closed.
    Unterminated(Place),
}

/// Splits a line into words, quoted text and braces.
pub(super) fn lex(line: &Line, sources: &Sources, out: &mut Vec<Lexeme>) {
    let text = line.text();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blanks = rest.len() - rest.trim_start().len();
        if blanks > 0 {
            at += blanks;
            continue;
        }
        let place = |range: Range<usize>| line.place(range, sources);
        at = match rest.as_bytes().first() {
            Some(b'{') => {
                out.push(Lexeme::Open(place(at..at + 1)));
                at + 1
            }
            Some(b'}') => {
                out.push(Lexeme::Close(place(at..at + 1)));
                at + 1
            }
            Some(b'"') => {
                let body = &rest[1..];
                let Some(len) = body.find('"') else {
                    out.push(Lexeme::Unterminated(place(at..text.len())));
                    return;
                };
                out.push(Lexeme::Word(Token {
                    text: body[..len].to_owned(),
                    place: place(at..at + len + 2),
                }));
                at + len + 2
            }
            _ => {
                let len = word_len(rest);
                out.push(Lexeme::Word(Token {
                    text: rest[..len].to_owned(),
                    place: place(at..at + len),
                }));
                at + len
            }
        };
    }
}

/// The length of the word `text` starts with; `${…}` never ends a word.
fn word_len(text: &str) -> usize {
    let mut previous = ' ';
    let mut in_variable = false;
    for (at, c) in text.char_indices() {
        match c {
            '{' if previous == '$' => in_variable = true,
            '}' if in_variable => in_variable = false,
            '{' | '}' | '"' => return at,
            _ if c.is_whitespace() && !in_variable => return at,
            _ => {}
        }
        previous = c;
    }
    text.len()
}

/// What is left of a physical line without its comment: `#` or `!` outside double quotes up to
/// the end. A backslash before one of them makes it an ordinary character.
pub(super) fn without_comment(source: SourceId, text: &str, range: Range<usize>) -> Line {
    let raw = text.get(range.clone()).unwrap_or("");
    if !raw.contains(['#', '!']) {
        return Line::verbatim(source, text, range);
    }
    let mut line = Line::default();
    let (mut quoted, mut from, mut previous) = (false, 0, ' ');
    let whole = Line::verbatim(source, text, range);
    for (at, c) in raw.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '#' | '!' if !quoted && previous == '\\' => {
                line.push(&whole, from..at - 1);
                from = at;
            }
            '#' | '!' if !quoted => {
                line.push(&whole, from..at);
                return line;
            }
            _ => {}
        }
        previous = c;
    }
    line.push(&whole, from..raw.len());
    line
}
