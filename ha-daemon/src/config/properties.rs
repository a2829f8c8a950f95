//! Properties of the configuration reader, for property tests and fuzzing.

use core::ops::Range;
use std::collections::BTreeMap;

use super::text::blank::trimmed;
use super::text::invisible::BYTE_ORDER_MARK;
use super::text::lexer::Lexer;
use super::text::reader::Reader;
use super::{LoadOptions, Loaded, Place, Sources, load_str};

/// Few enough for one input among millions.
const MAX_LINES: usize = 250;

fn options() -> LoadOptions {
    LoadOptions {
        config_id: "node1".to_owned(),
        instance: "blue".to_owned(),
        environment: BTreeMap::from([("SITE".to_owned(), "berlin".to_owned())]),
        max_lines: MAX_LINES,
        ..LoadOptions::default()
    }
}

/// The words of a text: every octet that is neither blank nor in a comment is in one of them, each
/// is where it says it is, and in the order of the text.
///
/// # Panics
/// If that does not hold for `octets`; what is not UTF-8 is replaced by U+FFFD.
pub fn config_words(octets: &[u8]) {
    // Without what the preprocessor replaces; a backslash takes octets away.
    let text = String::from_utf8_lossy(octets).replace(['$', '~', '@', '\\', '\r'], "_");
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    let options = options();
    let mut reader = Reader::new(&options);
    reader.open_text("words", text);
    let mut end = 0;
    while let Some(line) = reader.next_line() {
        let line_text = line.text(&reader.sources);
        for lexeme in Lexer::new(line_text) {
            let written = &line_text[lexeme.range.clone()];
            let range = line.place(lexeme.range, &reader.sources).span.range();
            assert!(range.start >= end && range.start < range.end, "{range:?}");
            let between = text.get(end..range.start).expect("whole characters");
            assert!(is_skipped(between), "{between:?} is in no word");
            let found = text.get(range.clone()).expect("whole characters");
            assert_eq!(written, found);
            end = range.end;
        }
    }
}

/// Blanks, comments, and whole lines that are reported instead.
fn is_skipped(text: &str) -> bool {
    text.split('\n').all(|line| {
        let line = trimmed(line);
        line.is_empty()
            || line.starts_with(['#', '!'])
            || line.starts_with("include")
            || line.contains(['\0', char::REPLACEMENT_CHARACTER])
            || line.len() > 1000
    })
}

/// The lines of a text, with everything replaced: no more of them than allowed, none of them blank,
/// and every word of each comes from somewhere in the text.
///
/// # Panics
/// If that does not hold for `octets`; what is not UTF-8 is replaced by U+FFFD.
pub fn config_lines(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let options = options();
    let mut reader = Reader::new(&options);
    reader.open_text("lines", &text);
    let expands = text.contains(['$', '~']);
    let (mut lines, mut length) = (0, 0);
    while let Some(line) = reader.next_line() {
        lines += 1;
        let text = line.text(&reader.sources);
        length += text.len();
        assert!(!trimmed(text).is_empty());
        let mut last = 0;
        for lexeme in Lexer::new(text) {
            let Range { start, end } = lexeme.range;
            assert!(last <= start && start < end, "more words than octets");
            last = end;
            let place = line.place(start..end, &reader.sources);
            assert!(is_inside(place, &reader.sources), "{place:?}");
        }
    }
    assert!(lines <= MAX_LINES, "{lines} lines");
    // Work is bounded by the text where nothing in it asks for more.
    assert!(expands || length <= text.len(), "{length} octets");
    assert!(expands || lines <= text.lines().count(), "{lines} lines");
}

/// Any text as a configuration: it is read, and everything that is said of it points into it.
///
/// # Panics
/// If that does not hold for `octets`; what is not UTF-8 is replaced by U+FFFD.
pub fn config(octets: &[u8]) {
    points_into_itself(&load(octets));
}

/// The same, and all that is said of it can be shown, to people and to programs.
///
/// # Panics
/// If that does not hold for `octets`; what is not UTF-8 is replaced by U+FFFD.
pub fn config_shown(octets: &[u8]) {
    let loaded = load(octets);
    points_into_itself(&loaded);
    for diagnostic in &loaded.diagnostics {
        assert!(!diagnostic.render(&loaded.sources, false).is_empty());
        let record = serde_json::to_value(diagnostic.record(&loaded.sources));
        assert!(record.is_ok(), "{record:?}");
    }
}

fn load(octets: &[u8]) -> Loaded {
    let text = String::from_utf8_lossy(octets);
    load_str("test.conf", &text, &options())
}

fn points_into_itself(loaded: &Loaded) {
    for diagnostic in &loaded.diagnostics {
        let labels = core::iter::once(&diagnostic.primary).chain(&diagnostic.secondary);
        for label in labels {
            assert!(is_inside(label.place, &loaded.sources), "{label:?}");
        }
    }
}

fn is_inside(place: Place, sources: &Sources) -> bool {
    let inside = |place: Place| {
        let text = sources.get(place.span.source).map(super::Source::text);
        text.is_some_and(|text| text.get(place.span.range()).is_some())
    };
    // Macros are used in macros: from the innermost outwards.
    core::iter::successors(Some(place), |place| sources.used_at(place.via?)).all(inside)
}
