//! The block `SSL`.

use std::path::PathBuf;

use crate::config::block::{self, Seen};
use crate::config::keyword::{SSL, SslKeyword, TOP};
use crate::config::model::{Secret, TlsFiles, Written};
use crate::config::text::tree::Block;
use crate::config::value::Words;

/// Everything `SSL` says, in all of its blocks.
#[derive(Debug, Default)]
pub(super) struct TlsDraft {
    pub(super) files: TlsFiles,
    seen: Seen<SslKeyword>,
}

impl TlsDraft {
    pub(super) fn read(&mut self, block: &Block<'_>, words: &mut Words<'_, '_>) {
        words.end(&TOP);
        let password = |name: &str| SSL.variant(name) == Some(SslKeyword::Password);
        for node in block.nodes().filter(|n| password(n.keyword.text)) {
            let secrets = node.arguments.clone().map(|word| word.place.span);
            words.diagnostics.secrets.extend(secrets);
        }
        let Self { files, seen } = self;
        files.at = Written(words.first.place);
        block::read_more(block, &SSL, seen, words.diagnostics, |keyword, _, words| {
            let text = words.word("a value")?.text.to_string();
            match keyword {
                SslKeyword::Password => files.password = Some(Secret::new(text)),
                SslKeyword::Ca => files.ca = Some(PathBuf::from(text)),
                SslKeyword::Certificate => files.certificate = Some(PathBuf::from(text)),
                SslKeyword::Key => files.key = Some(PathBuf::from(text)),
            }
            Ok(())
        });
    }
}
