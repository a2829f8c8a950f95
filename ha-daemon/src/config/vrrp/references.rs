//! The check of names that refer to blocks which are not interpreted: scripts, processes, files,
//! groups.

use std::collections::HashSet;

use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::text::tape::Token;
use crate::config::text::tree::Node;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Script,
    Process,
    File,
    Bfd,
    Instance,
}

impl Kind {
    const fn keyword(self) -> &'static str {
        match self {
            Self::Script => "vrrp_script",
            Self::Process => "vrrp_track_process",
            Self::File => "track_file",
            Self::Bfd => "bfd_instance",
            Self::Instance => "vrrp_instance",
        }
    }

    /// What a block of this name defines.
    fn defined_by(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "vrrp_script" => Self::Script,
            "vrrp_track_process" => Self::Process,
            "track_file" | "vrrp_track_file" => Self::File,
            "bfd_instance" => Self::Bfd,
            "vrrp_instance" => Self::Instance,
            _ => return None,
        })
    }

    /// What the lines of a block of this name start with the name of.
    fn listed_by(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "track_script" => Self::Script,
            "track_process" => Self::Process,
            "track_file" => Self::File,
            "track_bfd" => Self::Bfd,
            _ => return None,
        })
    }
}

/// What is defined, and what is named.
#[derive(Debug, Default)]
pub(in crate::config) struct References<'t> {
    defined: Vec<(Kind, &'t str)>,
    named: Vec<(Kind, Token<'t>)>,
}

impl<'t> References<'t> {
    /// Takes what a node outside of blocks defines, and what a group names.
    pub(in crate::config) fn read(&mut self, node: &Node<'t>) {
        let kind = Kind::defined_by(node.keyword.text);
        if let Some((kind, name)) = kind.zip(node.arguments.first()) {
            self.defined.push((kind, name.text));
        }
        let Some(block) = node.block.as_ref() else {
            return;
        };
        if node.keyword.text != "vrrp_sync_group" {
            return;
        }
        for node in block.nodes() {
            self.named_in(&node);
            let Some(group) = node.block.filter(|_| node.keyword.text == "group") else {
                continue;
            };
            for line in group.nodes() {
                let names = core::iter::once(line.keyword).chain(line.arguments);
                self.named.extend(names.map(|name| (Kind::Instance, name)));
            }
        }
    }

    /// Takes what a node of an instance or a group names.
    pub(in crate::config) fn named_in(&mut self, node: &Node<'t>) {
        let kind = Kind::listed_by(node.keyword.text);
        if let Some((kind, block)) = kind.zip(node.block.as_ref()) {
            self.named
                .extend(block.nodes().map(|line| (kind, line.keyword)));
        }
    }

    /// Reports what is named and defined nowhere.
    pub(in crate::config) fn report(&self, diagnostics: &mut Diagnostics) {
        if self.named.is_empty() {
            return;
        }
        let defined: HashSet<_> = self.defined.iter().copied().collect();
        for &(kind, name) in &self.named {
            // A sequence names as many as it likes in one place, which is reported once.
            let is_reported = diagnostics
                .find(Code::UnknownName, name.place.span)
                .is_some();
            if is_reported || defined.contains(&(kind, name.text)) {
                continue;
            }
            let text = format!("there is no {} `{}`", kind.keyword(), name.text);
            let alike = defined.iter().filter(|(known, _)| *known == kind);
            let mut alike: Vec<_> = alike.map(|&(_, name)| name).collect();
            alike.sort_unstable();
            let diagnostic = Diagnostic::error(Code::UnknownName, name.place, text);
            diagnostics.push_suggesting(diagnostic, name.text, alike);
        }
    }
}
