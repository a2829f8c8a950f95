//! Blocks of keywords.

use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Handle, Severity};
use crate::config::given::GivenKeywords;
use crate::config::keyword::{Known, Table};
use crate::config::text::source::Place;
use crate::config::text::tree::{Block, Node};
use crate::config::value::Words;

/// Which keywords of a block were given.
#[derive(Debug, Default)]
pub(super) struct Seen {
    given: GivenKeywords,
    /// Keywords that were meant, but not understood.
    tried: Vec<(&'static str, Handle)>,
}

impl Seen {
    pub(super) const NONE: Self = Self {
        given: GivenKeywords::NONE,
        tried: Vec::new(),
    };

    /// Where a keyword was given.
    pub(super) fn place(&self, keyword: &str) -> Option<Place> {
        self.given.place(keyword)
    }

    /// Whether a keyword was meant, but not understood.
    pub(super) fn was_tried(&self, keyword: &str) -> bool {
        self.tried.iter().any(|(name, _)| *name == keyword)
    }

    /// Remembers a keyword of which only the first one counts.
    fn first(
        &mut self,
        node: &Node<'_>,
        name: &'static str,
        diagnostics: &mut Diagnostics,
    ) -> bool {
        let Some(before) = self.place(name) else {
            self.given.first(name, node.keyword.place);
            return true;
        };
        let text = format!("`{name}` is set twice");
        diagnostics.push(
            Diagnostic::error(Code::Repeated, node.keyword.place, text)
                .label("ignored")
                .and(before, "this one counts"),
        );
        false
    }
}

/// Reads the keywords of a block: `each` takes the parameters of one, and its block.
pub(super) fn read<'n>(
    block: &Block<'n>,
    table: &'static Table,
    seen: &mut Seen,
    diagnostics: &mut Diagnostics,
    mut each: impl FnMut(&'static str, Option<&Block<'n>>, &mut Words<'n, '_>) -> Result<(), Handle>,
) {
    for node in block.nodes() {
        let keyword = match table.check(&node, diagnostics) {
            Known::Supported(keyword) => keyword.name,
            Known::Reported(handle, meant) => {
                let meant = meant.map(|meant| (canonical(meant), handle));
                seen.tried.extend(meant);
                continue;
            }
        };
        let name = canonical(keyword);
        if only_first(name) {
            if !seen.first(&node, name, diagnostics) {
                continue;
            }
        } else if !may_repeat(name) {
            let place = node.keyword.place;
            seen.given.note(name, keyword, place, diagnostics);
        }
        let mut words = Words::of(&node, diagnostics);
        match each(keyword, node.block.as_ref(), &mut words) {
            Ok(()) => {
                words.end(table);
            }
            Err(handle) => seen.tried.push((name, handle)),
        }
    }
}

/// Keywords that set the same thing, under one name.
fn canonical(name: &'static str) -> &'static str {
    match name {
        "lb_algo" => "lvs_sched",
        "lb_kind" => "lvs_method",
        "nb_get_retry" => "retry",
        _ => name,
    }
}

fn only_first(name: &str) -> bool {
    matches!(
        name,
        "quorum_up" | "quorum_down" | "notify_up" | "notify_down" | "misc_path" | "name"
    )
}

fn may_repeat(name: &str) -> bool {
    matches!(
        name,
        "real_server" | "url" | "host" | "status_code" | "regex_options"
    ) || name.ends_with("_CHECK")
        || name.ends_with("_GET")
}

/// Reports a keyword that is not needed any more.
pub(super) fn deprecated(words: &mut Words<'_, '_>, instead: &str) {
    let text = format!("`{}` is deprecated", words.first.text);
    let diagnostic = Diagnostic::new(Severity::Warning, Code::Deprecated, words.first.place, text);
    words.report(diagnostic.help(instead));
}
