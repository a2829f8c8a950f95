//! The reader of blocks: looks up each keyword, notes where it was given, reports what is given
//! twice, and hands it to the draft of the block.

use super::diagnostic::{Code, Diagnostic, Diagnostics, Handle, Severity};
use super::keyword::{Keyword, Known, Repetition, Table, Variant};
use super::text::source::Place;
use super::text::tree::{Block, Node};
use super::value::Words;

/// A keyword that was given.
#[derive(Clone, Copy, Debug)]
struct Given<K> {
    /// What it sets: several keywords may set the same.
    setting: K,
    name: &'static str,
    place: Place,
}

/// Why a keyword that was given has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lack {
    /// It was meant, but not understood.
    Tried,
    /// It is not read where it is, behind another one.
    Misplaced,
}

/// Which keywords of a block were given.
#[derive(Debug)]
pub(super) struct Seen<K> {
    /// Each where it was given last, or first if that one counts.
    given: Vec<Given<K>>,
    /// Those that have been reported.
    lacking: Vec<(K, Lack, Handle)>,
}

impl<K> Seen<K> {
    pub(super) const fn new() -> Self {
        Self {
            given: Vec::new(),
            lacking: Vec::new(),
        }
    }
}

impl<K> Default for Seen<K> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: Variant> Seen<K> {
    /// Where a setting was given.
    pub(super) fn place(&self, setting: K) -> Option<Place> {
        let mut given = self.given.iter();
        given
            .find(|given| given.setting == setting)
            .map(|given| given.place)
    }

    /// What was reported when a setting was meant, but not understood.
    pub(super) fn tried(&self, setting: K) -> Option<Handle> {
        self.reported(setting, Lack::Tried)
    }

    /// What was reported when a setting was given behind another one on its line.
    pub(super) fn misplaced(&self, setting: K) -> Option<Handle> {
        self.reported(setting, Lack::Misplaced)
    }

    /// Whether a setting was meant, but not understood.
    pub(super) fn was_tried(&self, setting: K) -> bool {
        self.tried(setting).is_some()
    }

    fn reported(&self, setting: K, lack: Lack) -> Option<Handle> {
        let mut lacking = self.lacking.iter();
        lacking
            .find(|(known, why, _)| *known == setting && *why == lack)
            .map(|&(_, _, handle)| handle)
    }

    /// Notes a keyword; false if it does not count, which is reported.
    fn note(
        &mut self,
        setting: K,
        keyword: &Keyword<K>,
        place: Place,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        let given = Given {
            setting,
            name: keyword.name,
            place,
        };
        let mut known = self.given.iter_mut();
        let Some(before) = known.find(|given| given.setting == setting) else {
            self.given.push(given);
            return true;
        };
        match keyword.repetition {
            Repetition::Adds => true,
            Repetition::LastCounts => {
                diagnostics.push(set_twice(keyword.name, place, before.name, before.place));
                *before = given;
                true
            }
            Repetition::FirstCounts => {
                let text = format!("`{}` is set twice", keyword.name);
                diagnostics.push(
                    Diagnostic::error(Code::Repeated, place, text)
                        .label("ignored")
                        .and(before.place, "this one counts"),
                );
                false
            }
        }
    }
}

/// That the keyword `name` replaces what `before` has set.
pub(super) fn set_twice(name: &str, place: Place, before: &str, before_place: Place) -> Diagnostic {
    let text = if before == name {
        format!("`{name}` is set twice")
    } else {
        format!("`{before}` and `{name}` set the same")
    };
    Diagnostic::warning(Code::Repeated, place, text)
        .label("this one counts")
        .and(before_place, "first set here")
}

/// Reads the keywords of a block: `each` takes one with its block and its parameters.
pub(super) fn read<'n, K: Variant>(
    block: &Block<'n>,
    table: &'static Table<K>,
    diagnostics: &mut Diagnostics,
    each: impl FnMut(K, Option<&Block<'n>>, &mut Words<'n, '_>) -> Result<(), Handle>,
) -> Seen<K> {
    let mut seen = Seen::new();
    read_more(block, table, &mut seen, diagnostics, each);
    seen
}

/// [`read`], for a block that may have been begun before: `seen` is what was given so far.
pub(super) fn read_more<'n, K: Variant>(
    block: &Block<'n>,
    table: &'static Table<K>,
    seen: &mut Seen<K>,
    diagnostics: &mut Diagnostics,
    each: impl FnMut(K, Option<&Block<'n>>, &mut Words<'n, '_>) -> Result<(), Handle>,
) {
    read_with(block, table, seen, diagnostics, |_, _, _| {}, each);
}

/// [`read_more`], where `skipped` is told of each line that is reported instead of read, and of what was
/// meant by its keyword.
pub(super) fn read_with<'n, K: Variant>(
    block: &Block<'n>,
    table: &'static Table<K>,
    seen: &mut Seen<K>,
    diagnostics: &mut Diagnostics,
    mut skipped: impl FnMut(&Node<'n>, Option<K>, &mut Diagnostics),
    mut each: impl FnMut(K, Option<&Block<'n>>, &mut Words<'n, '_>) -> Result<(), Handle>,
) {
    for node in block.nodes() {
        let (variant, keyword) = match table.check(&node, diagnostics) {
            Known::Supported(variant, keyword) => (variant, keyword),
            Known::Reported(handle, meant) => {
                skipped(&node, meant, diagnostics);
                let tried = meant.map(|meant| (meant, Lack::Tried, handle));
                seen.lacking.extend(tried);
                continue;
            }
        };
        let setting = keyword.setting_of(variant);
        if !seen.note(setting, keyword, node.keyword.place, diagnostics) {
            continue;
        }
        let mut words = Words::of(&node, diagnostics);
        match each(variant, node.block.as_ref(), &mut words) {
            Ok(()) => {
                let misplaced = words.end(table);
                let misplaced =
                    misplaced.map(|(setting, handle)| (setting, Lack::Misplaced, handle));
                seen.lacking.extend(misplaced);
            }
            Err(handle) => seen.lacking.push((setting, Lack::Tried, handle)),
        }
    }
}

/// Reports a keyword that is not needed any more.
pub(super) fn deprecated(words: &mut Words<'_, '_>, instead: &str) {
    let text = format!("`{}` is deprecated", words.first.text);
    let diagnostic = Diagnostic::new(Severity::Warning, Code::Deprecated, words.first.place, text);
    words.report(diagnostic.help(instead));
}
