//! The drafts of load balancing: `virtual_server`, `virtual_server_group`, `SSL` and checks.
//!
//! Virtual servers are read when everything else has been, so that names may be used before they
//! are defined.

use std::collections::BTreeMap;

use super::diagnostic::{Code, Diagnostic, Diagnostics};
use super::global::lvs::LvsGlobals;
use super::keyword::TOP;
use super::model::{Config, TrackFile};
use super::text::source::Place;
use super::text::tape::Token;
use super::text::tree::Block;
use super::track_file;
use super::value::Words;

mod checker;
mod complete;
mod connection;
mod group;
mod http;
mod key;
mod method;
mod misc;
mod range;
mod real_server;
mod timing;
mod tls;
mod udp;
mod virtual_server;

pub(super) use self::complete::VirtualServers;
use self::group::Group;

/// What is written about load balancing.
#[derive(Debug, Default)]
pub(super) struct Drafts<'n> {
    groups: BTreeMap<&'n str, Group<'n>>,
    track_files: Vec<TrackFile>,
    track_file_names: BTreeMap<&'n str, usize>,
    track_file_places: BTreeMap<&'n str, Place>,
    tls: tls::TlsDraft,
}

impl<'n> Drafts<'n> {
    /// Reads `SSL`.
    pub(super) fn tls(&mut self, block: &Block<'n>, words: &mut Words<'n, '_>) {
        self.tls.read(block, words);
    }

    /// Reads a `virtual_server_group`.
    pub(super) fn group(&mut self, block: &Block<'n>, words: &mut Words<'n, '_>) {
        let Ok(name) = words.word("a name") else {
            return;
        };
        words.end(&TOP);
        let diagnostics = &mut *words.diagnostics;
        if let Some(first) = self.groups.get(name.text) {
            return taken(name, first.name.place, "group", diagnostics);
        }
        let group = Group::read(name, block, diagnostics);
        self.groups.insert(name.text, group);
    }

    /// Reads a `track_file`.
    pub(super) fn track_file(&mut self, block: &Block<'n>, words: &mut Words<'n, '_>) {
        let Ok(name) = words.word("a name") else {
            return;
        };
        words.end(&TOP);
        let diagnostics = &mut *words.diagnostics;
        if let Some(&first) = self.track_file_places.get(name.text) {
            return taken(name, first, "track_file", diagnostics);
        }
        self.track_file_places.insert(name.text, name.place);
        if let Some(file) = track_file::read(name, block, diagnostics) {
            self.track_file_names
                .insert(name.text, self.track_files.len());
            self.track_files.push(file);
        }
    }

    /// Adds to `config`, which has its instances and virtual servers, what all of it stands for.
    pub(super) fn complete(
        self,
        globals: LvsGlobals,
        config: &mut Config,
        diagnostics: &mut Diagnostics,
    ) {
        config.balancing = globals.complete(&config.instances, self.tls.files, diagnostics);
        config.track_files = self.track_files;
    }
}

fn taken(name: Token<'_>, first: Place, what: &str, diagnostics: &mut Diagnostics) {
    let text = format!("there is another {what} `{}`", name.text);
    diagnostics.push(
        Diagnostic::error(Code::DuplicateName, name.place, text)
            .label("skipped with its block")
            .and(first, "first defined here"),
    );
}
