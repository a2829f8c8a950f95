//! Which keywords there are, and where.

mod global;
mod lvs;
mod obsolete;
mod vrrp;

pub(super) use self::global::GLOBAL;
pub(super) use self::lvs::{
    DNS_CHECK, FILE_CHECK, HOST, HTTP_CHECK, MISC_CHECK, REAL_SERVER, SMTP_CHECK, SOCKET_CHECK,
    SSL, UDP_CHECK, URL, VIRTUAL_SERVER,
};
pub(super) use self::vrrp::{AUTHENTICATION, INSTANCE, TOP, TRACK_FILE};
use super::diagnostic::{Code, Diagnostic, Diagnostics, Handle, Severity, closest};
use super::text::invisible;
use super::text::tape::Token;
use super::text::tree::{Block, Node};

/// The keywords of one kind of block.
#[derive(Debug)]
pub(super) struct Table {
    /// Where that is, to follow "unknown keyword".
    place: &'static str,
    /// Sorted by name.
    keywords: &'static [Keyword],
    /// Keywords that other kinds of block have too, each list sorted by name.
    common: &'static [&'static [Keyword]],
}

/// A keyword of keepalived.
#[derive(Debug)]
pub(super) struct Keyword {
    pub(super) name: &'static str,
    start: Start,
    support: Support,
    inner: Inner,
    /// Whether keepalived ends where it has no parameter; only for what is skipped here.
    needs_argument: bool,
}

impl Keyword {
    /// What is in its block.
    const fn table(&self) -> Option<&'static Table> {
        match self.inner {
            Inner::Of(table) => Some(table),
            Inner::Leaf | Inner::List | Inner::Any => None,
        }
    }

    const fn with_argument(mut self) -> Self {
        self.needs_argument = true;
        self
    }
}

/// The first octets of a name, ordered as names are: most names differ there, and comparing numbers
/// is much quicker than comparing texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Start(u64);

impl Start {
    const fn of(name: &str) -> Self {
        let mut octets = [0; size_of::<u64>()];
        let len = if name.len() < octets.len() {
            name.len()
        } else {
            octets.len()
        };
        let (start, _) = name.as_bytes().split_at(len);
        octets.split_at_mut(len).0.copy_from_slice(start);
        Self(u64::from_be_bytes(octets))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Support {
    Yes,
    /// What runs is what would run with it, but for mail, priorities of processes and the like.
    NotYet,
    /// What runs lacks something that was asked for.
    Lost,
    /// What would run would not be where it was asked to be.
    Refused,
    /// Read and forgotten by keepalived too.
    NoEffect,
}

/// What is in the block of a keyword.
#[derive(Clone, Copy, Debug)]
enum Inner {
    /// No block.
    Leaf,
    /// Lines that do not start with keywords.
    List,
    /// Keywords.
    Of(&'static Table),
    /// Whatever it is, it is skipped.
    Any,
}

const fn keyword(name: &'static str, support: Support, inner: Inner) -> Keyword {
    Keyword {
        name,
        start: Start::of(name),
        support,
        inner,
        needs_argument: false,
    }
}

const fn yes(name: &'static str) -> Keyword {
    keyword(name, Support::Yes, Inner::Leaf)
}

const fn list(name: &'static str) -> Keyword {
    keyword(name, Support::Yes, Inner::List)
}

const fn block(name: &'static str, table: &'static Table) -> Keyword {
    keyword(name, Support::Yes, Inner::Of(table))
}

const fn no_effect(name: &'static str) -> Keyword {
    keyword(name, Support::NoEffect, Inner::Any)
}

const fn not_yet(name: &'static str) -> Keyword {
    keyword(name, Support::NotYet, Inner::Any)
}

const fn not_yet_block(name: &'static str, table: &'static Table) -> Keyword {
    keyword(name, Support::NotYet, Inner::Of(table))
}

const fn lost(name: &'static str) -> Keyword {
    keyword(name, Support::Lost, Inner::Any)
}

const fn lost_block(name: &'static str, table: &'static Table) -> Keyword {
    keyword(name, Support::Lost, Inner::Of(table))
}

const fn refused(name: &'static str) -> Keyword {
    keyword(name, Support::Refused, Inner::Any)
}

/// What a node is, going by its keyword.
#[derive(Debug)]
pub(super) enum Known {
    /// To be interpreted: its block is there exactly if it needs one.
    Supported(&'static Keyword),
    /// It has been reported. If it is clear which keyword was meant, that keyword has been tried.
    Reported(Handle, Option<&'static str>),
}

impl Table {
    pub(super) fn find(&self, name: &str) -> Option<&'static Keyword> {
        let start = Start::of(name);
        self.lists().find_map(|list| {
            let first = list.partition_point(|keyword| keyword.start < start);
            let alike = list.get(first..)?.iter();
            let mut alike = alike.take_while(|keyword| keyword.start == start);
            alike.find(|keyword| keyword.name == name)
        })
    }

    fn lists(&self) -> impl Iterator<Item = &'static [Keyword]> {
        core::iter::once(self.keywords).chain(self.common.iter().copied())
    }

    /// The keywords this daemon implements.
    #[cfg(test)]
    pub(super) fn supported(&self) -> impl Iterator<Item = &'static str> {
        let supported = |keyword: &&Keyword| keyword.support == Support::Yes;
        self.lists()
            .flatten()
            .filter(supported)
            .map(|keyword| keyword.name)
    }

    /// Looks up the keyword of `node` and reports what is wrong with it.
    pub(super) fn check(&self, node: &Node<'_>, diagnostics: &mut Diagnostics) -> Known {
        let name = node.keyword.text;
        let place = node.keyword.place;
        let Some(keyword) = self.find(name) else {
            return self.unknown(node, diagnostics);
        };
        let diagnostic = match (keyword.support, keyword.inner, &node.block) {
            (Support::NotYet, _, _) => keyword.skip(node, Severity::Warning, diagnostics),
            (Support::Lost, _, _) => keyword.skip(node, Severity::Error, diagnostics),
            (Support::Refused, _, _) => keyword.skip(node, Severity::Fatal, diagnostics),
            (Support::NoEffect, _, _) => {
                Diagnostic::warning(Code::NoEffect, place, format!("`{name}` has no effect"))
                    .label("may be removed")
            }
            (Support::Yes, Inner::Leaf, Some(block)) => Diagnostic::error(
                Code::UnexpectedBrace,
                block.open,
                format!("`{name}` has no block"),
            )
            .label("skipped with the keyword"),
            (Support::Yes, Inner::List | Inner::Of(_), None) => {
                Diagnostic::error(Code::MissingBlock, place, format!("`{name}` needs a block"))
                    .help(format!("write `{name} {{`, lines, and `}}`"))
            }
            (Support::Yes, _, _) => return Known::Supported(keyword),
        };
        Known::Reported(diagnostics.push(diagnostic), Some(keyword.name))
    }

    fn unknown(&self, node: &Node<'_>, diagnostics: &mut Diagnostics) -> Known {
        let name = node.keyword.text;
        let mut names: Vec<_> = self.lists().flatten().map(|keyword| keyword.name).collect();
        names.sort_unstable();
        let obsolete = obsolete::hint(name, self.place);
        let meant = closest(name, names).filter(|_| obsolete.is_none());
        // A blank of another script does not part a keyword from its parameter.
        let mut parts = name.split(invisible::is_invisible);
        let meant = meant.or_else(|| parts.find_map(|part| Some(self.find(part)?.name)));
        let text = format!("unknown keyword `{name}` {}", self.place);
        let mut diagnostic = Diagnostic::error(Code::UnknownKeyword, node.keyword.place, text);
        if node.block.is_some() {
            diagnostic = diagnostic.label("skipped with its block");
        }
        if let Some(meant) = meant {
            diagnostic = diagnostic.help(format!("did you mean `{meant}`?"));
        } else if let Some(hint) = obsolete {
            diagnostic = diagnostic.help(hint);
        } else if let Some(place) = obsolete::elsewhere(name) {
            diagnostic = diagnostic.help(format!("`{name}` is a keyword {place}"));
        }
        Known::Reported(diagnostics.push(diagnostic), meant)
    }

    /// Reports the unknown keywords of a block that is not interpreted.
    fn check_skipped(&self, block: &Block<'_>, diagnostics: &mut Diagnostics) {
        for node in block.nodes() {
            match self.find(node.keyword.text) {
                None => {
                    self.unknown(&node, diagnostics);
                }
                Some(keyword) => keyword.check_skipped(&node, diagnostics),
            }
        }
    }
}

impl Keyword {
    /// That the keyword is not supported.
    fn skip(
        &self,
        node: &Node<'_>,
        severity: Severity,
        diagnostics: &mut Diagnostics,
    ) -> Diagnostic {
        self.check_skipped(node, diagnostics);
        let Token { text: name, place } = node.keyword;
        let text = format!("`{name}` is not yet supported");
        let diagnostic = Diagnostic::new(severity, Code::NotSupported, place, text);
        match (severity, &node.block) {
            (Severity::Fatal, _) => diagnostic.label("everything would be in the wrong place"),
            (Severity::Warning | Severity::Error, Some(_)) => {
                diagnostic.label("skipped with its block")
            }
            (Severity::Warning | Severity::Error, None) => diagnostic.label("skipped"),
        }
    }

    /// Reports what is wrong with a keyword that is not interpreted, or in its block.
    fn check_skipped(&self, node: &Node<'_>, diagnostics: &mut Diagnostics) {
        let Token { text: name, place } = node.keyword;
        if self.needs_argument && node.arguments.first().is_none() {
            let text = format!("`{name}` needs a parameter");
            let diagnostic = Diagnostic::fatal(Code::MissingArgument, place, text);
            diagnostics.push(diagnostic.label("nothing follows"));
        }
        if let (Inner::Of(table), Some(block)) = (self.inner, &node.block) {
            table.check_skipped(block, diagnostics);
        }
    }
}

/// Tables with keywords without a block.
const LEAVES: [&Table; 5] = [
    &GLOBAL,
    &INSTANCE,
    &AUTHENTICATION,
    &VIRTUAL_SERVER,
    &REAL_SERVER,
];

/// Whether `name` is a supported keyword without a block.
pub(super) fn is_leaf(name: &str) -> bool {
    LEAVES
        .into_iter()
        .filter_map(|table| table.find(name))
        .any(|keyword| matches!(keyword.inner, Inner::Leaf))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &Table) {
        for list in table.lists() {
            assert!(
                list.is_sorted_by(|a, b| a.name < b.name),
                "{} is not sorted",
                table.place
            );
        }
        let mut names: Vec<_> = table.lists().flatten().map(|k| k.name).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|a, b| a < b), "twice {}", table.place);
        for keyword in table.lists().flatten() {
            if let Inner::Of(inner) = keyword.inner {
                check(inner);
            }
        }
    }

    #[test]
    fn every_table_is_sorted_without_duplicates() {
        check(&TOP);
    }

    fn find(table: &Table) {
        for keyword in table.lists().flatten() {
            let name = keyword.name;
            let longer = format!("{name}_");
            let start = name.get(..8).unwrap_or("");
            for name in [name, &longer, &name[1..], &name[..name.len() - 1], start] {
                let known = table.lists().flatten().find(|known| known.name == name);
                let found = table.find(name).map(|found| found.name);
                assert_eq!(found, known.map(|known| known.name), "{name}");
            }
            if let Inner::Of(inner) = keyword.inner {
                find(inner);
            }
        }
    }

    #[test]
    fn keywords_are_found_by_their_whole_names() {
        find(&TOP);
    }
}
