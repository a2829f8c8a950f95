//! However often macros and sequences repeat a mistake, the work to report it is bounded.

use super::options;
use crate::config::diagnostic::Diagnostics;
use crate::config::text::reader::Reader;
use crate::config::text::tree::Tree;
use crate::config::{LoadOptions, top};

/// How many letters were compared for suggestions, and the codes of what is reported.
fn effort(text: &str, max_lines: usize) -> (usize, Vec<&'static str>) {
    let options = LoadOptions {
        max_lines,
        ..options()
    };
    let mut reader = Reader::new(&options);
    reader.open_text("test.conf", text);
    let tree = Tree::read(&mut reader);
    let mut diagnostics: Diagnostics = core::mem::take(&mut reader.diagnostics);
    drop(top::interpret(&[tree], &reader.sources, &mut diagnostics));
    let compared = diagnostics.comparisons();
    let codes = diagnostics.finish().0.iter().map(|d| d.code.id()).collect();
    (compared, codes)
}

#[test]
fn undefined_variables_are_looked_up_once_per_place() {
    let repeated = |count| effort(&format!("$abcd=1\n~SEQ(i, 1, {count}) $abce\n"), 10_000);
    let (once, _) = repeated(1);
    let (often, codes) = repeated(1000);
    assert!(once > 0);
    assert_eq!(often, once);
    assert_eq!(codes, ["undefined-variable"]);
}

#[test]
fn circular_macros_end_with_the_budget() {
    let text = "$A=$B $B\n$B=$C $C\n$C=$A\n~SEQ(i, 1, 1000000) $A\nvrrp_instance\n";
    let (_, codes) = effort(text, 1000);
    assert_eq!(codes, ["bad-macro", "expansion-limit"]);
}
