//! The repair of missing and stray braces, by the indentation of the lines.

use core::ops::Range;

use super::MAX_DEPTH;
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::keyword::is_leaf;
use crate::config::text::source::{Place, Sources};
use crate::config::text::tape::{CellKind, Tape, Token};

/// Keywords that are in no block: one of them inside of a block shows that a brace is missing.
const TOP_ONLY: [&str; 6] = [
    "global_defs",
    "virtual_server",
    "virtual_server_group",
    "vrrp_instance",
    "vrrp_script",
    "vrrp_sync_group",
];

/// The keywords of a tape, so that every brace has its partner and every block its keyword.
pub(super) fn repaired(mut tape: Tape, sources: &Sources, diagnostics: &mut Diagnostics) -> Tape {
    let items = Repair::new(&tape, sources, diagnostics).items();
    let mut new = tape.successor();
    // Where blocks start, and before which item they end.
    let mut blocks = Vec::with_capacity(MAX_DEPTH);
    for (number, item) in items.iter().enumerate() {
        while let Some((open, _)) = blocks.pop_if(|&mut (_, end)| end <= number) {
            new.set_end(open, new.len());
        }
        new.copy(&tape, item.cells.clone());
        if let Some(block) = item.block {
            blocks.push((new.len(), number + 1 + block.items));
            new.copy(&tape, block.open..block.open + 1);
        }
    }
    for (open, _) in blocks {
        new.set_end(open, new.len());
    }
    new
}

/// A keyword whose place in the tree has been found.
#[derive(Clone, Debug)]
struct Item {
    /// It and its parameters.
    cells: Range<usize>,
    block: Option<Extent>,
}

/// The block of an [`Item`].
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// Where its brace is.
    open: usize,
    /// How many items are in it, and in blocks in it.
    items: usize,
}

/// A block that is not closed yet.
#[derive(Debug)]
struct Level {
    /// The item it belongs to; `None` for a block without keyword.
    item: Option<usize>,
    /// Where its brace is.
    open: usize,
    /// Where its items start.
    start: usize,
    /// Of the line of the keyword.
    indent: Option<u16>,
    /// Whether its first line is indented deeper than that.
    is_indented: bool,
}

/// Finds the items of a tape.
#[derive(Debug)]
struct Repair<'t, 'd> {
    tape: &'t Tape,
    sources: &'t Sources,
    levels: Vec<Level>,
    items: Vec<Item>,
    /// The last item may still get its block, from a line that starts with `{`.
    pending: Option<Option<u16>>,
    diagnostics: &'d mut Diagnostics,
}

impl<'t, 'd> Repair<'t, 'd> {
    const fn new(tape: &'t Tape, sources: &'t Sources, diagnostics: &'d mut Diagnostics) -> Self {
        Self {
            tape,
            sources,
            levels: Vec::new(),
            items: Vec::new(),
            pending: None,
            diagnostics,
        }
    }

    fn items(mut self) -> Vec<Item> {
        for at in 0..self.tape.len() {
            match self.tape.kind(at) {
                Some(CellKind::Keyword) => self.keyword(at),
                Some(CellKind::Open) => self.open(at),
                Some(CellKind::Close) => self.closing(at),
                Some(CellKind::Argument | CellKind::End) | None => {}
            }
        }
        self.close_all();
        self.items
    }

    fn keyword(&mut self, at: usize) {
        let indent = self.tape.indent(at, self.sources);
        if TOP_ONLY.contains(&self.tape.token(at, self.sources).text) {
            self.close_all();
        }
        self.follow_indentation(CellKind::Keyword, indent);
        self.items.push(Item {
            cells: at..self.tape.behind_arguments(at),
            block: None,
        });
        self.pending = Some(indent);
    }

    fn open(&mut self, open: usize) {
        self.follow_indentation(CellKind::Open, self.tape.indent(open, self.sources));
        let indent = self.pending.take();
        let mut item = indent.and_then(|_| self.items.len().checked_sub(1));
        let depth = self.levels.len();
        if depth == MAX_DEPTH {
            self.problem(open, "too many blocks in each other");
        } else if item.is_none() && depth < MAX_DEPTH {
            self.problem(open, "no keyword that this block could belong to");
        }
        if depth >= MAX_DEPTH
            && let Some(keyword) = item.take()
        {
            self.items.truncate(keyword);
        }
        self.levels.push(Level {
            item,
            open,
            start: self.items.len(),
            indent: indent.flatten(),
            is_indented: false,
        });
    }

    fn closing(&mut self, at: usize) {
        let indent = self.tape.indent(at, self.sources);
        self.follow_indentation(CellKind::Close, indent);
        self.pending = None;
        match self.levels.pop() {
            Some(level) if is_stray(&level, indent) => {
                self.problem(at, "this block is closed further down");
                self.levels.push(level);
            }
            Some(level) => self.close(&level),
            None => self.problem(at, "no block is open here"),
        }
    }

    /// Closes blocks that must have ended before a line, going by its indentation. The line starts with
    /// a word or brace of `kind`.
    fn follow_indentation(&mut self, kind: CellKind, indent: Option<u16>) {
        let Some(indent) = indent else {
            return;
        };
        let is_close = kind == CellKind::Close;
        while let Some(level) = self.levels.last_mut() {
            let Some(opened) = level.indent else {
                return;
            };
            if level.start == self.items.len() && !is_close {
                level.is_indented = indent > opened;
            }
            let has_ended = if is_close {
                indent < opened
            } else {
                indent <= opened && level.is_indented && kind != CellKind::Open
            };
            if !has_ended {
                return;
            }
            self.close_unclosed();
        }
    }

    fn close_all(&mut self) {
        while !self.levels.is_empty() {
            self.close_unclosed();
        }
    }

    fn close_unclosed(&mut self) {
        let Some(level) = self.levels.pop() else {
            return;
        };
        let keyword = self.keyword_of(&level);
        let is_leaf = keyword.is_some_and(|keyword| is_leaf(keyword.text));
        let text = match keyword {
            Some(keyword) => format!("the block of `{}` is never closed", keyword.text),
            None => "this block is never closed".to_owned(),
        };
        self.diagnostics.push(
            Diagnostic::error(Code::UnclosedBrace, self.place(level.open), text)
                .label("opened here")
                .help("close it with `}`"),
        );
        // What follows a stray `{` belongs to the block around it.
        if level.is_indented || !is_leaf {
            self.close(&level);
        }
    }

    fn keyword_of(&self, level: &Level) -> Option<Token<'t>> {
        let item = self.items.get(level.item?)?;
        Some(self.tape.token(item.cells.start, self.sources))
    }

    fn close(&mut self, level: &Level) {
        let Some(item) = level.item else {
            self.items.truncate(level.start);
            return;
        };
        let items = self.items.len() - level.start;
        if let Some(item) = self.items.get_mut(item) {
            item.block = Some(Extent {
                open: level.open,
                items,
            });
        }
    }

    fn place(&self, at: usize) -> Place {
        self.tape.place(at)
    }

    fn problem(&mut self, at: usize, text: &str) {
        let place = self.place(at);
        self.diagnostics
            .push(Diagnostic::error(Code::UnexpectedBrace, place, "unexpected brace").label(text));
    }
}

/// Whether a `}` in column `indent` stands deeper than the line of the block it would close.
fn is_stray(level: &Level, indent: Option<u16>) -> bool {
    let deeper = |(opened, indent)| opened < indent;
    level.is_indented && level.indent.zip(indent).is_some_and(deeper)
}
