//! However often macros and sequences repeat a mistake, the work to report it is bounded.

use super::{options, places};
use crate::config::diagnostic::Diagnostics;
use crate::config::text::reader::Reader;
use crate::config::text::tree::Tree;
use crate::config::{LoadOptions, Severity, load_str, top};

/// How many letters are compared for suggestions when macros are replaced, and in all.
fn comparisons(text: &str) -> (usize, usize) {
    let options = options();
    let mut reader = Reader::new(&options);
    reader.open_text("test.conf", text);
    let tree = Tree::read(&mut reader);
    let mut diagnostics: Diagnostics = core::mem::take(&mut reader.diagnostics);
    let replacing = diagnostics.comparisons();
    drop(top::interpret(&[tree], &reader.sources, &mut diagnostics));
    (replacing, diagnostics.comparisons())
}

#[test]
fn undefined_variables_are_looked_up_once_per_place() {
    let repeated = |count| {
        let text = format!("$abcd=1\n~SEQ(i, 1, {count}) $abce\n");
        comparisons(&text).0
    };
    assert_eq!((repeated(1), repeated(1000)), (21, 21));
}

#[test]
fn suggestions_for_repeated_keywords_end() {
    let text = "~SEQ(i, 9223372036854775800, 9223372036854725800) $i\n";
    assert_eq!(comparisons(text).1, 20_000_000);
}

#[test]
fn circular_macros_end_with_the_budget() {
    let options = LoadOptions {
        max_lines: 1000,
        ..options()
    };
    // 999 lines are not too many, but what is replaced in them is.
    let text = "$A=$B $B\n$B=$C $C\n$C=$A\n~SEQ(i, 1, 990) $A\n";
    let loaded = load_str("test.conf", text, &options);
    let expected = [("expansion-limit", 1, 4), ("bad-macro", 2, 4)];
    assert_eq!(places(&loaded), expected);
    assert_eq!(loaded.worst(), Some(Severity::Fatal));
}
