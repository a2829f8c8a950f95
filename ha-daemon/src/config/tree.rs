//! Keywords with their parameters and blocks.

use super::diagnostic::{Code, Diagnostic, Diagnostics};
use super::keywords::is_leaf;
use super::line::{Lexeme, Token, lex};
use super::reader::Reader;
use super::source::Place;

/// Blocks may be nested to this depth; keepalived's deepest is 4.
const MAX_DEPTH: usize = 16;

/// A keyword, its parameters and perhaps its block.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) keyword: Token,
    pub(super) arguments: Vec<Token>,
    pub(super) block: Option<Block>,
}

/// What is between braces.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub(super) open: Place,
    pub(super) nodes: Vec<Node>,
}

/// A part of a line between braces.
#[derive(Debug)]
struct Statement {
    words: Vec<Token>,
    ends: Ending,
    /// The column the line starts at, if the statement is the first of a line of a file.
    indent: Option<usize>,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Line,
    Open(Place),
    Close(Place),
}

/// Keywords that are in no block: one of them inside of a block shows that a brace is missing.
const TOP_ONLY: [&str; 6] = [
    "global_defs",
    "virtual_server",
    "virtual_server_group",
    "vrrp_instance",
    "vrrp_script",
    "vrrp_sync_group",
];

/// Reads all lines into a tree.
pub(super) fn parse(reader: &mut Reader<'_>) -> Vec<Node> {
    let statements = statements(reader);
    let mut builder = Builder::new(!is_balanced(&statements));
    for statement in statements {
        builder.statement(statement);
    }
    builder.finish(&mut reader.diagnostics)
}

/// Whether each brace has its partner and each block its keyword.
fn is_balanced(statements: &[Statement]) -> bool {
    let (mut depth, mut pending) = (0_usize, false);
    for statement in statements {
        pending |= !statement.words.is_empty();
        match statement.ends {
            Ending::Line => continue,
            Ending::Open(_) if !pending || depth == MAX_DEPTH => return false,
            Ending::Open(_) => depth += 1,
            Ending::Close(_) => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
        }
        pending = false;
    }
    depth == 0
}

fn statements(reader: &mut Reader<'_>) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut lexemes = Vec::new();
    while let Some(line) = reader.next_line() {
        lex(&line, &reader.sources, &mut lexemes);
        let mut indent = line.indent(&reader.sources);
        let mut words = Vec::new();
        let mut end = |words: &mut Vec<Token>, ends| {
            statements.push(Statement {
                words: core::mem::take(words),
                ends,
                indent: indent.take(),
            });
        };
        for lexeme in lexemes.drain(..) {
            match lexeme {
                Lexeme::Word(word) => words.push(word),
                Lexeme::Open(place) => end(&mut words, Ending::Open(place)),
                Lexeme::Close(place) => end(&mut words, Ending::Close(place)),
                Lexeme::Unterminated(place) => {
                    let text = "the closing `\"` is missing";
                    let diagnostic = Diagnostic::error(Code::UnterminatedQuote, place, text);
                    reader
                        .diagnostics
                        .push(diagnostic.label("left out up to the end of the line"));
                    words.push(Token {
                        text: String::new(),
                        place,
                    });
                }
            }
        }
        if !words.is_empty() {
            end(&mut words, Ending::Line);
        }
    }
    statements
}

/// A block that is not closed yet.
#[derive(Debug)]
struct Level {
    /// The keyword it belongs to; `None` for the top and for a block without keyword.
    node: Option<Node>,
    open: Place,
    nodes: Vec<Node>,
    /// Of the line of the keyword.
    indent: Option<usize>,
    /// Whether its first line is indented deeper than that.
    is_indented: bool,
}

/// Builds the tree; with `guided`, where braces are missing, indentation says where they belong.
#[derive(Debug)]
struct Builder {
    guided: bool,
    levels: Vec<Level>,
    top: Vec<Node>,
    /// The last node may still get its block, from a line that starts with `{`.
    pending: Option<Option<usize>>,
    problems: Vec<Diagnostic>,
}

impl Builder {
    const fn new(guided: bool) -> Self {
        Self {
            guided,
            levels: Vec::new(),
            top: Vec::new(),
            pending: None,
            problems: Vec::new(),
        }
    }

    fn statement(&mut self, statement: Statement) {
        if self.guided {
            self.follow_indentation(&statement);
        }
        let closes_alone = statement.words.is_empty();
        let mut words = statement.words.into_iter();
        if let Some(keyword) = words.next() {
            self.nodes().push(Node {
                keyword,
                arguments: words.collect(),
                block: None,
            });
            self.pending = Some(statement.indent);
        }
        match statement.ends {
            Ending::Line => {}
            Ending::Open(open) => {
                let indent = self.pending.take();
                let node = indent.and_then(|_| self.nodes().pop());
                let depth = self.levels.len();
                if depth == MAX_DEPTH {
                    self.problem(open, "too many blocks in each other");
                } else if node.is_none() && depth < MAX_DEPTH {
                    self.problem(open, "no keyword that this block could belong to");
                }
                let node = node.filter(|_| depth < MAX_DEPTH);
                self.levels.push(Level {
                    node,
                    open,
                    nodes: Vec::new(),
                    indent: indent.flatten(),
                    is_indented: false,
                });
            }
            Ending::Close(place) => {
                self.pending = None;
                match self.levels.pop() {
                    Some(level)
                        if self.guided && closes_alone && is_stray(&level, statement.indent) =>
                    {
                        self.problem(place, "this block is closed further down");
                        self.levels.push(level);
                    }
                    Some(level) => self.close(level),
                    None => self.problem(place, "no block is open here"),
                }
            }
        }
    }

    /// Closes blocks that, going by the indentation of a line, must have ended before it.
    fn follow_indentation(&mut self, statement: &Statement) {
        let keyword = statement.words.first().map(|word| &*word.text);
        if keyword.is_some_and(|keyword| TOP_ONLY.contains(&keyword)) {
            self.close_all();
        }
        let Some(indent) = statement.indent else {
            return;
        };
        let is_close = statement.words.is_empty() && matches!(statement.ends, Ending::Close(_));
        let is_open = statement.words.is_empty() && matches!(statement.ends, Ending::Open(_));
        while let Some(level) = self.levels.last_mut() {
            let Some(opened) = level.indent else {
                return;
            };
            if level.nodes.is_empty() && !is_close {
                level.is_indented = indent > opened;
            }
            let has_ended = if is_close {
                indent < opened
            } else {
                indent <= opened && level.is_indented && !is_open
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
        self.unclosed(&level);
        let keyword = level.node.as_ref().map(|node| &*node.keyword.text);
        if level.is_indented || !keyword.is_some_and(is_leaf) {
            self.close(level);
        } else {
            // What follows a stray `{` belongs to the block around it.
            let nodes = self.nodes();
            nodes.extend(level.node);
            nodes.extend(level.nodes);
        }
    }

    fn nodes(&mut self) -> &mut Vec<Node> {
        match self.levels.last_mut() {
            Some(level) => &mut level.nodes,
            None => &mut self.top,
        }
    }

    fn close(&mut self, level: Level) {
        let Level {
            node, open, nodes, ..
        } = level;
        if let Some(mut node) = node {
            node.block = Some(Block { open, nodes });
            self.nodes().push(node);
        }
    }

    fn unclosed(&mut self, level: &Level) {
        let keyword = level.node.as_ref().map(|node| &node.keyword);
        let text = match keyword {
            Some(keyword) => format!("the block of `{}` is never closed", keyword.text),
            None => "this block is never closed".to_owned(),
        };
        self.problems.push(
            Diagnostic::error(Code::UnclosedBrace, level.open, text)
                .label("opened here")
                .help("close it with `}`"),
        );
    }

    fn problem(&mut self, place: Place, text: &str) {
        self.problems
            .push(Diagnostic::error(Code::UnexpectedBrace, place, "unexpected brace").label(text));
    }

    fn finish(mut self, diagnostics: &mut Diagnostics) -> Vec<Node> {
        self.close_all();
        for problem in self.problems {
            diagnostics.push(problem);
        }
        self.top
    }
}

/// Whether a `}` in column `indent` stands deeper than the line of the block it would close.
fn is_stray(level: &Level, indent: Option<usize>) -> bool {
    let deeper = |(opened, indent)| opened < indent;
    level.is_indented && level.indent.zip(indent).is_some_and(deeper)
}
