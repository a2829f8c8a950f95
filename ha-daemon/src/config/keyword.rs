//! The tables of keywords: which ones each kind of block has, whether they are supported, and the
//! variant that stands for each of those.

mod global;
mod lvs;
mod obsolete;
mod vrrp;

use core::fmt::Debug;

pub(super) use self::global::{GLOBAL, GarpKeyword, GlobalKeyword, LvsGlobalKeyword};
pub(super) use self::lvs::{
    CheckKeyword, ConnectionKeyword, DNS_CHECK, DnsKeyword, FILE_CHECK, FileKeyword, FlagKeyword,
    HOST, HTTP_CHECK, HttpKeyword, MISC_CHECK, MiscKeyword, REAL_SERVER, RealServerKeyword,
    SMTP_CHECK, SOCKET_CHECK, SSL, ScheduleKeyword, SmtpKeyword, SocketKeyword, SslKeyword,
    TimingKeyword, UDP_CHECK, URL, UdpKeyword, UrlKeyword, VIRTUAL_SERVER, VirtualServerKeyword,
};
pub(super) use self::vrrp::{
    AUTHENTICATION, AuthenticationKeyword, INSTANCE, InstanceKeyword, ListKeyword, SwitchKeyword,
    TOP, TRACK_FILE, TopKeyword, TrackFileKeyword,
};
use super::diagnostic::{Code, Diagnostic, Diagnostics, Handle, Severity};
use super::text::invisible;
use super::text::tape::Token;
use super::text::tree::{Block, Node};

/// What stands for a keyword once its name has been looked up.
pub(super) trait Variant: Copy + Debug + PartialEq + Sync + 'static {}

impl<T: Copy + Debug + PartialEq + Sync + 'static> Variant for T {}

/// The keywords of one kind of block.
#[derive(Debug)]
pub(super) struct Table<K: 'static> {
    /// Where that is, to follow "unknown keyword".
    place: &'static str,
    /// Sorted by name.
    keywords: &'static [Keyword<K>],
    /// Keywords that other kinds of block have too, each list sorted by name.
    common: &'static [&'static [Keyword<K>]],
}

/// A keyword of keepalived.
#[derive(Debug)]
pub(super) struct Keyword<K> {
    pub(super) name: &'static str,
    start: Start,
    support: Support<K>,
    inner: Inner,
    /// Whether keepalived ends where it has no parameter; only for what is skipped here.
    needs_argument: bool,
    /// The keyword that sets the same, if this is another name for it.
    sets: Option<K>,
    pub(super) repetition: Repetition,
}

impl<K> Keyword<K> {
    const fn with_argument(mut self) -> Self {
        self.needs_argument = true;
        self
    }
}

impl<K: Copy> Keyword<K> {
    /// Sets the same as another keyword.
    const fn same_as(mut self, other: K) -> Self {
        self.sets = Some(other);
        self
    }

    const fn first_counts(mut self) -> Self {
        self.repetition = Repetition::FirstCounts;
        self
    }

    const fn adds(mut self) -> Self {
        self.repetition = Repetition::Adds;
        self
    }

    /// What it sets, under one name.
    pub(super) fn setting(&self) -> Option<K> {
        match self.support {
            Support::Yes(variant) => Some(self.sets.unwrap_or(variant)),
            Support::NotYet | Support::Lost | Support::Refused | Support::NoEffect => None,
        }
    }
}

/// What a keyword means that is given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repetition {
    /// It replaces what was set, which is reported.
    LastCounts,
    /// It is ignored, which is reported.
    FirstCounts,
    /// It adds to the others.
    Adds,
}

/// The first octets of a name, ordered as names are: most names differ there, and comparing numbers
/// is much quicker than comparing texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Start(u64);

impl Start {
    const fn of(name: &str) -> Self {
        let octets = name.as_bytes();
        if let Some(start) = octets.first_chunk() {
            return Self(u64::from_be_bytes(*start));
        }
        let mut start = 0;
        let mut at = 0;
        while at < size_of::<u64>() {
            let octet = if at < octets.len() { octets[at] } else { 0 };
            start = start << 8 | octet as u64;
            at += 1;
        }
        Self(start)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Support<K> {
    /// It is interpreted, as what the variant says.
    Yes(K),
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
    Of(&'static dyn Names),
    /// Whatever it is, it is skipped.
    Any,
}

const fn keyword<K>(name: &'static str, support: Support<K>, inner: Inner) -> Keyword<K> {
    Keyword {
        name,
        start: Start::of(name),
        support,
        inner,
        needs_argument: false,
        sets: None,
        repetition: Repetition::LastCounts,
    }
}

const fn yes<K>(name: &'static str, variant: K) -> Keyword<K> {
    keyword(name, Support::Yes(variant), Inner::Leaf)
}

const fn list<K>(name: &'static str, variant: K) -> Keyword<K> {
    keyword(name, Support::Yes(variant), Inner::List)
}

const fn block<K>(name: &'static str, variant: K, table: &'static dyn Names) -> Keyword<K> {
    keyword(name, Support::Yes(variant), Inner::Of(table))
}

const fn no_effect<K>(name: &'static str) -> Keyword<K> {
    keyword(name, Support::NoEffect, Inner::Any)
}

const fn not_yet<K>(name: &'static str) -> Keyword<K> {
    keyword(name, Support::NotYet, Inner::Any)
}

const fn not_yet_block<K>(name: &'static str, table: &'static dyn Names) -> Keyword<K> {
    keyword(name, Support::NotYet, Inner::Of(table))
}

const fn lost<K>(name: &'static str) -> Keyword<K> {
    keyword(name, Support::Lost, Inner::Any)
}

const fn lost_block<K>(name: &'static str, table: &'static dyn Names) -> Keyword<K> {
    keyword(name, Support::Lost, Inner::Of(table))
}

const fn refused<K>(name: &'static str) -> Keyword<K> {
    keyword(name, Support::Refused, Inner::Any)
}

/// What a node is, going by its keyword.
#[derive(Debug)]
pub(super) enum Known<K: 'static> {
    /// To be interpreted: its block is there exactly if it needs one.
    Supported(K, &'static Keyword<K>),
    /// It has been reported. If it is clear which keyword was meant, that keyword has been tried:
    /// this is what it would have set.
    Reported(Handle, Option<K>),
}

impl<K: Variant> Table<K> {
    pub(super) fn find(&self, name: &str) -> Option<&'static Keyword<K>> {
        let start = Start::of(name);
        self.lists().find_map(|list| {
            let first = list.partition_point(|keyword| keyword.start < start);
            let alike = list.get(first..)?.iter();
            let mut alike = alike.take_while(|keyword| keyword.start == start);
            alike.find(|keyword| keyword.name == name)
        })
    }

    /// The variant of a keyword, if that is supported.
    pub(super) fn variant(&self, name: &str) -> Option<K> {
        match self.find(name)?.support {
            Support::Yes(variant) => Some(variant),
            Support::NotYet | Support::Lost | Support::Refused | Support::NoEffect => None,
        }
    }

    /// What the keyword `name` sets, if it is supported.
    pub(super) fn setting(&self, name: &str) -> Option<K> {
        self.find(name)?.setting()
    }

    /// The name of a keyword that is supported.
    pub(super) fn name(&self, variant: K) -> &'static str {
        let is = |keyword: &&Keyword<K>| keyword.support == Support::Yes(variant);
        let mut keywords = self.lists().flatten();
        keywords.find(is).map_or("", |keyword| keyword.name)
    }

    fn lists(&self) -> impl Iterator<Item = &'static [Keyword<K>]> {
        core::iter::once(self.keywords).chain(self.common.iter().copied())
    }

    /// Looks up the keyword of `node` and reports what is wrong with it.
    pub(super) fn check(&'static self, node: &Node<'_>, diagnostics: &mut Diagnostics) -> Known<K> {
        let Some(keyword) = self.find(node.keyword.text) else {
            let (handle, meant) = unknown(self, node, diagnostics);
            return Known::Reported(handle, meant.and_then(|meant| self.setting(meant)));
        };
        let Token { text: name, place } = node.keyword;
        let diagnostic = match (keyword.support, keyword.inner, &node.block) {
            (Support::NotYet, _, _) => keyword.skip(node, Severity::Warning, diagnostics),
            (Support::Lost, _, _) => keyword.skip(node, Severity::Error, diagnostics),
            (Support::Refused, _, _) => keyword.skip(node, Severity::Fatal, diagnostics),
            (Support::NoEffect, _, _) => {
                Diagnostic::warning(Code::NoEffect, place, format!("`{name}` has no effect"))
                    .label("may be removed")
            }
            (Support::Yes(_), Inner::Leaf, Some(block)) => Diagnostic::error(
                Code::UnexpectedBrace,
                block.open,
                format!("`{name}` has no block"),
            )
            .label("skipped with the keyword"),
            (Support::Yes(_), Inner::List | Inner::Of(_), None) => {
                Diagnostic::error(Code::MissingBlock, place, format!("`{name}` needs a block"))
                    .help(format!("write `{name} {{`, lines, and `}}`"))
            }
            (Support::Yes(variant), _, _) => return Known::Supported(variant, keyword),
        };
        Known::Reported(diagnostics.push(diagnostic), keyword.setting())
    }
}

impl<K: Variant> Keyword<K> {
    /// What the keyword sets, to which `variant` belongs.
    pub(super) fn setting_of(&self, variant: K) -> K {
        self.sets.unwrap_or(variant)
    }

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

/// A [`Table`] of any variants.
pub(super) trait Names: Debug + Sync {
    /// Where the keywords are known, to follow "unknown keyword".
    fn place(&self) -> &'static str;

    /// The names of all keywords, in any order.
    fn names(&self) -> Vec<&'static str>;

    /// The names of the keywords that are supported.
    #[cfg(test)]
    fn supported(&self) -> Vec<&'static str>;

    /// The tables of the blocks in the block.
    fn inner(&self) -> Vec<&'static dyn Names>;

    /// The name of a keyword, if it is one.
    fn known(&self, name: &str) -> Option<&'static str>;

    /// The table of the block of a keyword, if that has one.
    #[cfg(test)]
    fn block(&self, name: &str) -> Option<&'static dyn Names>;

    /// Whether `name` is a supported keyword without a block.
    fn is_leaf(&self, name: &str) -> bool;

    /// Reports the unknown keywords of a block that is not interpreted.
    fn check_skipped(&self, block: &Block<'_>, diagnostics: &mut Diagnostics);

    /// The lists of names that have to be sorted.
    #[cfg(test)]
    fn sorted(&self) -> Vec<Vec<&'static str>>;
}

impl<K: Variant> Names for Table<K> {
    fn place(&self) -> &'static str {
        self.place
    }

    fn names(&self) -> Vec<&'static str> {
        self.lists().flatten().map(|keyword| keyword.name).collect()
    }

    #[cfg(test)]
    fn supported(&self) -> Vec<&'static str> {
        let keywords = self.lists().flatten();
        let supported = keywords.filter(|keyword| keyword.setting().is_some());
        supported.map(|keyword| keyword.name).collect()
    }

    fn inner(&self) -> Vec<&'static dyn Names> {
        let inner = self.lists().flatten().map(|keyword| keyword.inner);
        let tables = inner.filter_map(|inner| match inner {
            Inner::Of(table) => Some(table),
            Inner::Leaf | Inner::List | Inner::Any => None,
        });
        tables.collect()
    }

    fn known(&self, name: &str) -> Option<&'static str> {
        self.find(name).map(|keyword| keyword.name)
    }

    #[cfg(test)]
    fn block(&self, name: &str) -> Option<&'static dyn Names> {
        match self.find(name)?.inner {
            Inner::Of(table) => Some(table),
            Inner::Leaf | Inner::List | Inner::Any => None,
        }
    }

    fn is_leaf(&self, name: &str) -> bool {
        let keyword = self.find(name);
        keyword.is_some_and(|keyword| matches!(keyword.inner, Inner::Leaf))
    }

    fn check_skipped(&self, block: &Block<'_>, diagnostics: &mut Diagnostics) {
        for node in block.nodes() {
            match self.find(node.keyword.text) {
                None => {
                    unknown(self, &node, diagnostics);
                }
                Some(keyword) => keyword.check_skipped(&node, diagnostics),
            }
        }
    }

    #[cfg(test)]
    fn sorted(&self) -> Vec<Vec<&'static str>> {
        let names = |list: &[Keyword<K>]| list.iter().map(|keyword| keyword.name).collect();
        self.lists().map(names).collect()
    }
}

/// Reports a keyword that is not in `table`. Returns the one that was meant, if that is clear.
fn unknown(
    table: &dyn Names,
    node: &Node<'_>,
    diagnostics: &mut Diagnostics,
) -> (Handle, Option<&'static str>) {
    let name = node.keyword.text;
    let place = table.place();
    // However often a sequence repeats it.
    if diagnostics.suggests_no_more()
        && let Some(known) = diagnostics.find(Code::UnknownKeyword, node.keyword.place.span)
    {
        return (known, None);
    }
    let mut names = table.names();
    names.sort_unstable();
    let obsolete = obsolete::hint(name, place);
    let meant = diagnostics
        .closest(name, names)
        .filter(|_| obsolete.is_none());
    // A blank of another script does not part a keyword from its parameter.
    let mut parts = name.split(invisible::is_invisible);
    let meant = meant.or_else(|| parts.find_map(|part| table.known(part)));
    let text = format!("unknown keyword `{name}` {place}");
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
    (diagnostics.push(diagnostic), meant)
}

/// Tables with keywords without a block.
const LEAVES: [&dyn Names; 5] = [
    &GLOBAL,
    &INSTANCE,
    &AUTHENTICATION,
    &VIRTUAL_SERVER,
    &REAL_SERVER,
];

/// Whether `name` is a supported keyword without a block.
pub(super) fn is_leaf(name: &str) -> bool {
    LEAVES.into_iter().any(|table| table.is_leaf(name))
}

#[cfg(test)]
mod tests;
