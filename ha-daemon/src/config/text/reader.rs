//! The preprocessor, from files to lines: comments, conditions, definitions, sequences, variables
//! and includes.

use core::ops::Range;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::LoadOptions;
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::text::blank::is_blank;
use crate::config::text::include;
use crate::config::text::invisible::{self, BYTE_ORDER_MARK, named};
use crate::config::text::line::Line;
use crate::config::text::macros::{
    Abandoned, Definition, Expanded, MAX_LINE, Macros, Surroundings, name_len,
};
use crate::config::text::plain::{self, Limits};
use crate::config::text::sequence::{Head, Sequence};
use crate::config::text::source::{Place, SourceId, Sources};
use crate::config::text::tape::{Ready, Tape};

mod directives;
mod file;

use self::file::{FileFrame, read};

/// Files may include files to this depth.
const MAX_INCLUDE_DEPTH: usize = 32;
/// How many files a configuration may have.
const MAX_FILES: usize = 10_000;
/// How many names may be looked at to find them.
const MAX_NAMES: usize = 100_000;
/// How many octets all files may have.
const MAX_READ: usize = 256 << 20;
/// How many macros may be replaced for each line there may be, and lines brought in by them.
const EXPANSIONS_PER_LINE: usize = 4;
/// How many octets the lines of macros and sequences may have in total.
const MAX_EXPANDED: usize = 64 << 20;

/// Where lines come from; the last one opened is read first.
#[derive(Debug)]
enum Frame {
    File(FileFrame),
    Includes {
        files: std::vec::IntoIter<PathBuf>,
        place: Place,
    },
    Lines(std::vec::IntoIter<Line>),
    Sequence {
        sequence: Sequence,
        /// What the names meant before.
        hidden: Vec<Option<Definition>>,
    },
}

/// Reads a configuration line by line.
#[derive(Debug)]
pub(in crate::config) struct Reader<'o> {
    options: &'o LoadOptions,
    pub(in crate::config) sources: Sources,
    pub(in crate::config) diagnostics: Diagnostics,
    frames: Vec<Frame>,
    macros: Macros,
    lines_left: usize,
    /// `None` once more were asked for.
    expansions_left: Option<usize>,
    octets_left: usize,
    files: usize,
    unread: usize,
    names_left: usize,
    /// The canonical paths of sources that are files.
    paths: BTreeMap<SourceId, PathBuf>,
}

impl<'o> Reader<'o> {
    pub(in crate::config) fn new(options: &'o LoadOptions) -> Self {
        Self {
            options,
            sources: Sources::default(),
            diagnostics: Diagnostics::default(),
            frames: Vec::new(),
            macros: Macros::new(options.seed),
            lines_left: options.max_lines,
            expansions_left: Some(options.max_lines.saturating_mul(EXPANSIONS_PER_LINE)),
            octets_left: MAX_EXPANDED,
            files: 0,
            unread: MAX_READ,
            names_left: MAX_NAMES,
            paths: BTreeMap::new(),
        }
    }

    /// Starts with a text; its includes are relative to [`LoadOptions::directory`].
    pub(in crate::config) fn open_text(&mut self, name: &str, text: &str) {
        let directory = self.options.directory.clone();
        self.open(
            name.to_owned(),
            Arc::new(text.to_owned()),
            directory,
            None,
            None,
        );
    }

    /// Starts with a file, or continues with one that is included.
    pub(in crate::config) fn open_file(&mut self, path: &Path, included_at: Option<Place>) {
        let text = match read(path) {
            Ok(octets) => String::from_utf8(octets)
                .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
            Err(error) => {
                let name = path.display();
                let place = included_at.unwrap_or_else(|| self.missing_main(path));
                let text = format!("cannot read `{name}`: {error}");
                self.diagnostics.push(match included_at {
                    Some(_) => Diagnostic::error(Code::UnreadableFile, place, text),
                    None => Diagnostic::fatal(Code::UnreadableFile, place, text),
                });
                return;
            }
        };
        let name = path.display().to_string();
        let Some(unread) = self.unread.checked_sub(text.len()) else {
            let place = included_at.unwrap_or_else(|| self.missing_main(path));
            let text = format!("all files up to `{name}` have more than {MAX_READ} octets");
            let diagnostic = Diagnostic::fatal(Code::IncludeLimit, place, text);
            self.diagnostics
                .push(diagnostic.label("this file is left out"));
            return;
        };
        self.unread = unread;
        let directory = path.parent().unwrap_or_else(|| Path::new("")).to_owned();
        self.open(
            name,
            Arc::new(text),
            Some(directory),
            Some(path),
            included_at,
        );
    }

    /// A place for what is wrong with the main file as a whole.
    fn missing_main(&mut self, path: &Path) -> Place {
        let source = self
            .sources
            .add(path.display().to_string(), Arc::default(), None);
        Line::verbatim(source, &Arc::default(), 0..0).place(0..0, &self.sources)
    }

    fn open(
        &mut self,
        name: String,
        text: Arc<String>,
        directory: Option<PathBuf>,
        path: Option<&Path>,
        included_at: Option<Place>,
    ) {
        self.files += 1;
        let source = self.sources.add(name, Arc::clone(&text), included_at);
        if let Some(path) = path.and_then(|path| path.canonicalize().ok()) {
            self.paths.insert(source, path);
        }
        // A bare name has the empty path for its parent.
        let shown = directory.as_deref().filter(|d| !d.as_os_str().is_empty());
        let shown = shown.unwrap_or_else(|| Path::new("."));
        let absolute = std::path::absolute(shown).unwrap_or_else(|_| shown.to_owned());
        let at = text.len() - text.trim_start_matches(BYTE_ORDER_MARK).len();
        if at > 0 {
            let place = Line::verbatim(source, &text, 0..at).place(0..at, &self.sources);
            let text = format!("the text starts with {}", named(BYTE_ORDER_MARK));
            self.diagnostics.push(
                Diagnostic::warning(Code::BadCharacter, place, text)
                    .label("skipped; keepalived takes it for a part of the first word")
                    .help("save the file without it"),
            );
        }
        self.frames.push(Frame::File(FileFrame {
            source,
            text,
            at,
            cut: None,
            shown_directory: absolute.display().to_string(),
            directory,
        }));
    }

    /// How many words, lines and braces there may be with everything replaced.
    pub(in crate::config) const fn max_lexemes(&self) -> usize {
        self.options.max_lines.saturating_mul(8)
    }

    /// Appends to `tape` the lines up to the next one that has to be looked at more closely.
    pub(in crate::config) fn push_plain_lines(&mut self, tape: &mut Tape) {
        let lexemes = self.max_lexemes();
        if let Some(Frame::File(file)) = self.frames.last_mut() {
            let limits = Limits {
                lines: &mut self.lines_left,
                lexemes,
            };
            file.at = plain::push_lines(tape, file.source, &file.text, file.at, limits);
        }
    }

    /// The next line with everything replaced, never blank.
    pub(in crate::config) fn next_line(&mut self) -> Option<Ready> {
        loop {
            let raw = self.next_raw()?;
            if let Some(line) = self.process(raw) {
                return Some(line.into());
            }
        }
    }

    /// The next line without its comment, never blank.
    fn next_raw(&mut self) -> Option<Line> {
        loop {
            let line = match self.frames.last_mut()? {
                Frame::File(file) => file.next(),
                Frame::Includes { files, place } => {
                    let (file, place) = (files.next(), *place);
                    match file {
                        Some(file) => self.include_file(&file, place),
                        None => self.close_frame(),
                    }
                    continue;
                }
                Frame::Lines(lines) => lines.next(),
                Frame::Sequence { .. } => self.next_of_sequence(),
            };
            let Some(line) = line else {
                self.close_frame();
                continue;
            };
            if line.is_blank() {
                continue;
            }
            if !self.may_go_on(&line) {
                self.frames.clear();
                return None;
            }
            self.report_cut();
            if self.is_clean(&line) {
                return Some(line);
            }
        }
    }

    /// Reports a comment that starts within a word, which may have been meant to be part of it.
    fn report_cut(&mut self) {
        let Some(Frame::File(file)) = self.frames.last_mut() else {
            return;
        };
        let Some(span) = file.cut.take() else {
            return;
        };
        let place = Place { span, via: None };
        let text = "a comment starts within a word";
        self.diagnostics.push(
            Diagnostic::warning(Code::CommentInWord, place, text)
                .label("the word ends here")
                .help("in double quotes `#` and `!` are letters like any other"),
        );
    }

    fn close_frame(&mut self) {
        if let Some(Frame::Sequence { sequence, hidden }) = self.frames.pop() {
            for (name, definition) in sequence.names.iter().zip(hidden) {
                self.macros.define(name, definition);
            }
        }
    }

    fn next_of_sequence(&mut self) -> Option<Line> {
        let Some(Frame::Sequence { sequence, .. }) = self.frames.last_mut() else {
            return None;
        };
        let values = sequence.next()?;
        for (name, value) in sequence.names.iter().zip(values) {
            self.macros
                .define(name, Some(Definition::Value(value.into())));
        }
        Some((*sequence.template).clone())
    }

    /// Counts a line against the limits.
    fn may_go_on(&mut self, line: &Line) -> bool {
        let is_file = matches!(self.frames.last(), Some(Frame::File(_)));
        let octets = if is_file { 0 } else { line.text().len() };
        let left = (
            self.lines_left.checked_sub(1),
            self.octets_left.checked_sub(octets),
        );
        let (Some(lines), Some(octets)) = left else {
            let place = line.place(0..line.text().len(), &self.sources);
            let text = format!(
                "more than {} lines or {MAX_EXPANDED} octets of expanded lines",
                self.options.max_lines
            );
            self.diagnostics.push(
                Diagnostic::fatal(Code::ExpansionLimit, place, text)
                    .label("nothing is read from here on"),
            );
            return false;
        };
        (self.lines_left, self.octets_left) = (lines, octets);
        true
    }

    /// Reports lines that keepalived would not read.
    fn is_clean(&mut self, line: &Line) -> bool {
        let text = line.text();
        let bad = |c: char| c == '\0' || c == char::REPLACEMENT_CHARACTER;
        // U+FFFD starts with 0xef.
        let may_be_bad = || text.bytes().any(|octet| matches!(octet, 0 | 0xef));
        let diagnostic = if text.len() > MAX_LINE {
            let mut starts = text.char_indices().map(|(at, _)| at);
            let end = starts.find(|&at| at >= MAX_LINE).unwrap_or(text.len());
            let place = line.place(end..text.len(), &self.sources);
            let text = format!("a line has at most {MAX_LINE} octets");
            Diagnostic::error(Code::LineTooLong, place, text)
        } else if may_be_bad()
            && let Some((at, c)) = text.char_indices().find(|&(_, c)| bad(c))
        {
            let place = line.place(at..at + c.len_utf8(), &self.sources);
            let text = "neither NUL nor what is not UTF-8 can be in a configuration";
            Diagnostic::error(Code::BadCharacter, place, text)
        } else {
            self.reveal(line);
            return true;
        };
        self.diagnostics
            .push(diagnostic.label("the whole line is left out"));
        false
    }

    /// Reports the first character of a line that nobody sees, and that is a letter all the same.
    fn reveal(&mut self, line: &Line) {
        let Some((at, c)) = invisible::first(line.text()) else {
            return;
        };
        let place = line.place(at..at + c.len_utf8(), &self.sources);
        let text = format!("{} is part of a word", named(c));
        self.diagnostics.push(
            Diagnostic::warning(Code::InvisibleCharacter, place, text)
                .label("not seen, but read")
                .help("blanks and tabs part words, nothing else does"),
        );
    }

    /// Follows the directive a line may be, or replaces its variables.
    fn process(&mut self, raw: Line) -> Option<Line> {
        let line = self.directive(raw.trimmed(0..raw.text().len()))?;
        if !line.text().contains('$') {
            return (!line.is_blank()).then_some(line);
        }
        // Variables of a sequence have their values only where it repeats its line.
        let expanded = if self.macros.leads_to_sequence(line.text()) {
            let unfolded = self.with_macros(|macros, around| macros.unfold(&line, around));
            unfolded.inspect_err(|Abandoned| self.give_up_sequences())
        } else {
            self.expand(&line)
        };
        let expanded = expanded.ok()?;
        if !expanded.following.is_empty() {
            self.frames
                .push(Frame::Lines(expanded.following.into_iter()));
        }
        let line = expanded.line.finish().without_comment(&self.sources);
        let line = self.directive(line.trimmed(0..line.text().len()))?;
        (!line.is_blank()).then_some(line)
    }

    /// Repeats nothing any more: a sequence that repeats itself doubles with each turn.
    fn give_up_sequences(&mut self) {
        while let Some(Frame::Lines(_) | Frame::Sequence { .. }) = self.frames.last() {
            self.close_frame();
        }
    }

    fn expand(&mut self, line: &Line) -> Result<Expanded, Abandoned> {
        self.with_macros(|macros, around| macros.expand(line, around))
    }

    fn with_macros<T>(&mut self, apply: impl FnOnce(&mut Macros, &mut Surroundings<'_>) -> T) -> T {
        let directory = self.file().map(|file| file.shown_directory.clone());
        let mut around = Surroundings {
            options: self.options,
            sources: &mut self.sources,
            diagnostics: &mut self.diagnostics,
            directory: directory.as_deref().unwrap_or("."),
            budget: &mut self.expansions_left,
        };
        let applied = apply(&mut self.macros, &mut around);
        if self.expansions_left.is_none() {
            self.frames.clear();
        }
        applied
    }

    fn file(&self) -> Option<&FileFrame> {
        self.frames.iter().rev().find_map(|frame| match frame {
            Frame::File(file) => Some(file),
            Frame::Includes { .. } | Frame::Lines(_) | Frame::Sequence { .. } => None,
        })
    }

    /// Follows a directive; what is none comes back.
    fn directive(&mut self, line: Line) -> Option<Line> {
        let text = line.text();
        if text.starts_with(['@', '$', '~']) || text.starts_with("include") {
            self.follow(line)
        } else {
            Some(line)
        }
    }

    fn follow(&mut self, mut line: Line) -> Option<Line> {
        while let Some(rest) = line.text().strip_prefix('@') {
            let len = rest.find(is_blank).unwrap_or(rest.len());
            let id = &rest[..len];
            let keeps = match id.strip_prefix('^') {
                Some(id) => id != self.options.config_id,
                None => id == self.options.config_id,
            };
            if !keeps {
                return None;
            }
            line = line.trimmed(1 + len..line.text().len());
        }
        if let Some(name) = definition(line.text()) {
            self.define(&line, name);
            return None;
        }
        if let Some(head) = Head::find(line.text()) {
            let place = line.place(0..line.text().len(), &self.sources);
            if let Err(error) = head
                .map_err(|e| e.to_string())
                .and_then(|head| self.repeat(&line, &head))
            {
                self.diagnostics.push(
                    Diagnostic::error(Code::BadSequence, place, error)
                        .label("this line is left out"),
                );
            }
            return None;
        }
        let word = line.first_word();
        match include::directive(&line.text()[word.clone()]) {
            Some(strictness) => {
                self.include(&line, word.end, strictness);
                None
            }
            None => Some(line),
        }
    }
}

/// The name in `$NAME=…`.
fn definition(text: &str) -> Option<Range<usize>> {
    let rest = text.strip_prefix('$')?;
    let len = name_len(rest);
    (len > 0 && rest[len..].starts_with('=')).then_some(1..1 + len)
}
