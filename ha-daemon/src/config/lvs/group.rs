//! The block `virtual_server_group`: addresses, ranges and marks.

use core::num::NonZeroU32;

use ipvs_core::Family;

use super::range::Range;
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Handle};
use crate::config::keyword::TOP;
use crate::config::text::source::Place;
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::{Set, Words};

/// A group that virtual servers refer to.
#[derive(Debug)]
pub(super) struct Group<'n> {
    pub(super) name: Token<'n>,
    pub(super) entries: Vec<Set<Entry>>,
    /// Nothing can use it, which has been reported.
    pub(super) is_unusable: bool,
    /// The port of all its entries, if they are addresses with the same port.
    pub(super) only_port: Option<u16>,
}

/// A line of a group.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry {
    Addresses {
        range: Range,
        port: u16,
    },
    Mark {
        mark: NonZeroU32,
        family: Option<Family>,
    },
}

pub(super) const FAMILIES: [(&str, Family); 2] = [("inet", Family::V4), ("inet6", Family::V6)];

impl<'n> Group<'n> {
    /// Reads the block of a group.
    pub(super) fn read(name: Token<'n>, block: &Block<'_>, diagnostics: &mut Diagnostics) -> Self {
        let mut entries = Vec::new();
        for line in block.nodes() {
            if let Some(inner) = &line.block {
                let text = "no block belongs into `virtual_server_group`";
                let diagnostic = Diagnostic::error(Code::UnexpectedBrace, inner.open, text);
                diagnostics.push(diagnostic.label("skipped with its line"));
                continue;
            }
            let mut words = Words::of(&line, diagnostics);
            if let Ok(value) = entry(&mut words) {
                words.end(&TOP);
                let place = line.keyword.place;
                entries.push(Set { value, place });
            }
        }
        let mut group = Self {
            name,
            entries,
            is_unusable: false,
            only_port: None,
        };
        group.only_port = group.same_port();
        group.is_unusable = !group.check(diagnostics);
        group
    }

    /// The families of its addresses: IPv4, IPv6.
    pub(super) fn families(&self) -> (bool, bool) {
        let mut ranges = self.entries.iter().filter_map(|entry| match entry.value {
            Entry::Addresses { range, .. } => Some(range.is_v4()),
            Entry::Mark { .. } => None,
        });
        let v4 = ranges.clone().any(|is_v4| is_v4);
        (v4, ranges.any(|is_v4| !is_v4))
    }

    /// The ports of its addresses.
    pub(super) fn ports(&self) -> impl Iterator<Item = u16> {
        self.entries.iter().filter_map(|entry| match entry.value {
            Entry::Addresses { port, .. } => Some(port),
            Entry::Mark { .. } => None,
        })
    }

    fn same_port(&self) -> Option<u16> {
        let first = self.ports().next()?;
        let same = self.mark().is_none() && self.ports().all(|port| port == first);
        same.then_some(first)
    }

    pub(super) fn takes_every_port(&self) -> bool {
        self.ports().any(|port| port == 0)
    }

    /// The first mark.
    pub(super) fn mark(&self) -> Option<Place> {
        let mut entries = self.entries.iter();
        let mark = entries.find(|entry| matches!(entry.value, Entry::Mark { .. }));
        mark.map(|entry| entry.place)
    }

    fn check(&self, diagnostics: &mut Diagnostics) -> bool {
        let name = self.name;
        if self.entries.is_empty() {
            let text = format!("group `{}` has no entries", name.text);
            let diagnostic = Diagnostic::error(Code::NoAddress, name.place, text);
            diagnostics.push(diagnostic.label("left out"));
            return false;
        }
        let mut entries = self.entries.iter();
        let open = entries.find(|entry| {
            let value = entry.value;
            matches!(value, Entry::Mark { family: None, .. })
        });
        match open {
            Some(mark) if self.families() == (true, true) => {
                let text = "a mark beside addresses of both families needs one";
                diagnostics.push(
                    Diagnostic::error(Code::MissingSetting, mark.place, text)
                        .label("the whole group is left out")
                        .help("add `inet` or `inet6`"),
                );
                false
            }
            Some(_) | None => true,
        }
    }
}

fn entry(words: &mut Words<'_, '_>) -> Result<Entry, Handle> {
    let first = words.first;
    if first.text == "fwmark" {
        let mark = mark(words)?;
        let family = match words.next() {
            Some(word) => Some(words.choice(word, &FAMILIES)?),
            None => None,
        };
        return Ok(Entry::Mark { mark, family });
    }
    let range = Range::parse(first, words)?;
    let port = port(words)?;
    Ok(Entry::Addresses { range, port })
}

/// A packet mark.
pub(super) fn mark(words: &mut Words<'_, '_>) -> Result<NonZeroU32, Handle> {
    let word = words.word("a number")?;
    let number = words.number_in(word, 1..=u32::MAX.into())?;
    Ok(u32::try_from(number)
        .ok()
        .and_then(NonZeroU32::new)
        .unwrap_or(NonZeroU32::MAX))
}

/// A port, or 0.
pub(super) fn port(words: &mut Words<'_, '_>) -> Result<u16, Handle> {
    let Some(word) = words.next() else {
        return Ok(0);
    };
    let number = words.number_in(word, 0..=u16::MAX.into())?;
    Ok(u16::try_from(number).unwrap_or(0))
}
