//! The syntax tree: keywords with their parameters and blocks.

use core::ops::Range;

use crate::config::diagnostic::{Code, Diagnostic};
use crate::config::text::reader::Reader;
use crate::config::text::source::{Place, Sources};
use crate::config::text::tape::{CellKind, Tape, Token, TooMany};

mod repair;

/// Blocks may be nested to this depth; keepalived's deepest is 4.
const MAX_DEPTH: usize = 16;

/// A keyword, its parameters and perhaps its block.
#[derive(Clone, Debug)]
pub(in crate::config) struct Node<'t> {
    pub(in crate::config) keyword: Token<'t>,
    pub(in crate::config) arguments: Arguments<'t>,
    pub(in crate::config) block: Option<Block<'t>>,
}

/// The parameters of a keyword.
#[derive(Clone, Debug)]
pub(in crate::config) struct Arguments<'t> {
    written: Written<'t>,
    /// Their places on the tape.
    cells: Range<usize>,
}

/// What is between braces.
#[derive(Clone, Debug)]
pub(in crate::config) struct Block<'t> {
    pub(in crate::config) open: Place,
    nodes: Nodes<'t>,
}

/// The keywords of a block, or those in no block.
#[derive(Clone, Debug)]
pub(in crate::config) struct Nodes<'t> {
    written: Written<'t>,
    /// Their places on the tape.
    cells: Range<usize>,
}

/// What words are looked up in.
#[derive(Clone, Copy, Debug)]
struct Written<'t> {
    tape: &'t Tape,
    sources: &'t Sources,
}

impl<'t> Written<'t> {
    fn token(self, at: usize) -> Token<'t> {
        self.tape.token(at, self.sources)
    }
}

impl<'t> Block<'t> {
    pub(in crate::config) fn nodes(&self) -> Nodes<'t> {
        self.nodes.clone()
    }
}

impl<'t> Arguments<'t> {
    pub(in crate::config) fn first(&self) -> Option<Token<'t>> {
        let at = self.cells.clone().next()?;
        Some(self.written.token(at))
    }

    pub(in crate::config) fn farthest(&self) -> Option<Token<'t>> {
        let at = self.cells.clone().next_back()?;
        Some(self.written.token(at))
    }

    /// Leaves nothing.
    pub(in crate::config) const fn clear(&mut self) {
        self.cells.start = self.cells.end;
    }
}

impl<'t> Iterator for Arguments<'t> {
    type Item = Token<'t>;

    fn next(&mut self) -> Option<Token<'t>> {
        let at = self.cells.next()?;
        Some(self.written.token(at))
    }
}

impl<'t> Iterator for Nodes<'t> {
    type Item = Node<'t>;

    fn next(&mut self) -> Option<Node<'t>> {
        let Written { tape, .. } = self.written;
        let keyword = self
            .cells
            .find(|&at| tape.kind(at) == Some(CellKind::Keyword))?;
        let behind = tape.behind_arguments(keyword);
        self.cells.start = behind;
        let part = |cells| Self {
            cells,
            ..self.clone()
        };
        let block = (tape.kind(behind) == Some(CellKind::Open)).then(|| Block {
            open: tape.place(behind),
            nodes: part(behind + 1..tape.end(behind)),
        });
        if let Some(block) = &block {
            self.cells.start = block.nodes.cells.end;
        }
        Some(Node {
            keyword: self.written.token(keyword),
            arguments: Arguments {
                written: self.written,
                cells: keyword + 1..behind,
            },
            block,
        })
    }
}

/// All keywords of a file and what it includes, each followed by those in its block.
#[derive(Debug)]
pub(in crate::config) struct Tree {
    /// Every brace on it has its partner, and every block its keyword.
    tape: Tape,
}

impl Tree {
    /// Reads all lines.
    pub(in crate::config) fn read(reader: &mut Reader<'_>) -> Self {
        let text = reader.sources.iter().last();
        let mut tape = Tape::for_text(text.map_or(0, |source| source.text().len()));
        let most = reader.max_lexemes();
        loop {
            reader.push_plain_lines(&mut tape);
            let Some(line) = reader.next_line() else {
                break;
            };
            match tape.push_line(&line, &reader.sources, most) {
                Ok(None) => {}
                Ok(Some(place)) => {
                    let text = "the closing `\"` is missing";
                    let diagnostic = Diagnostic::error(Code::UnterminatedQuote, place, text);
                    let diagnostic = diagnostic.label("left out up to the end of the line");
                    reader.diagnostics.push(diagnostic);
                }
                Err(TooMany) => {
                    let text = format!("more than {most} words, lines and braces");
                    let all = 0..line.text(&reader.sources).len();
                    let place = line.place(all, &reader.sources);
                    let diagnostic = Diagnostic::fatal(Code::ExpansionLimit, place, text);
                    let diagnostic = diagnostic.label("nothing is read from here on");
                    reader.diagnostics.push(diagnostic);
                    break;
                }
            }
        }
        if !nest(&mut tape) {
            tape = repair::repaired(tape, &reader.sources, &mut reader.diagnostics);
        }
        Self { tape }
    }

    /// The keywords that are in no block.
    pub(in crate::config) fn nodes<'t>(&'t self, sources: &'t Sources) -> Nodes<'t> {
        let tape = &self.tape;
        Nodes {
            written: Written { tape, sources },
            cells: 0..tape.len(),
        }
    }
}

/// Tells each block where it ends; false if a brace has no partner or a block no keyword.
fn nest(tape: &mut Tape) -> bool {
    let mut open = Vec::with_capacity(MAX_DEPTH);
    let mut pending = false;
    for at in 0..tape.len() {
        match tape.kind(at) {
            Some(CellKind::Keyword) => pending = true,
            Some(CellKind::Argument | CellKind::End) | None => {}
            Some(CellKind::Open) if !pending || open.len() == MAX_DEPTH => return false,
            Some(CellKind::Open) => {
                pending = false;
                open.push(at);
            }
            Some(CellKind::Close) => {
                pending = false;
                match open.pop() {
                    Some(open) => tape.set_end(open, at),
                    None => return false,
                }
            }
        }
    }
    open.is_empty()
}
