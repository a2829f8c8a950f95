//! `real_server`, as it is written.

use core::net::IpAddr;

use ipvs_core::{Destination, Forwarding};

use super::checker::CheckerDraft;
use super::group::port;
use super::http::host;
use super::method;
use super::timing::TimingDraft;
use crate::config::block::{self, Seen};
use crate::config::diagnostic::Handle;
use crate::config::keyword::{REAL_SERVER, VIRTUAL_SERVER};
use crate::config::model::Script;
use crate::config::script;
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::Words;

/// A real server before defaults.
#[derive(Debug)]
pub(super) struct RealServerDraft<'n> {
    pub(super) name: Token<'n>,
    pub(super) address: IpAddr,
    /// 0 if there is none.
    pub(super) port: u16,
    pub(super) seen: Seen,
    pub(super) timing: TimingDraft,
    pub(super) weight: Option<u32>,
    pub(super) upper: u32,
    pub(super) lower: u32,
    pub(super) method: Option<Forwarding>,
    pub(super) inhibit: Option<bool>,
    pub(super) notify_up: Option<Box<Script>>,
    pub(super) notify_down: Option<Box<Script>>,
    pub(super) virtual_host: Option<String>,
    pub(super) checkers: Vec<CheckerDraft<'n>>,
}

impl<'n> RealServerDraft<'n> {
    /// Reads `ADDRESS [PORT]` and the block; nothing is left without an address.
    pub(super) fn read(block: &Block<'n>, words: &mut Words<'n, '_>) -> Result<Self, Handle> {
        let name = words.word("an address")?;
        let mut draft = Self {
            name,
            address: words.address(name)?,
            port: port(words)?,
            seen: Seen::default(),
            timing: TimingDraft::default(),
            weight: None,
            upper: 0,
            lower: 0,
            method: None,
            inhibit: None,
            notify_up: None,
            notify_down: None,
            virtual_host: None,
            checkers: Vec::new(),
        };
        words.end(&VIRTUAL_SERVER);
        let mut seen = Seen::default();
        block::read(
            block,
            &REAL_SERVER,
            &mut seen,
            words.diagnostics,
            |name, block, words| draft.keyword(name, block, words),
        );
        draft.seen = seen;
        Ok(draft)
    }

    fn keyword(
        &mut self,
        name: &str,
        block: Option<&Block<'n>>,
        words: &mut Words<'n, '_>,
    ) -> Result<(), Handle> {
        if let Some(block) = block {
            let keyword = words.first;
            if self.checkers.is_empty() {
                // Most have no other, and a draft is big.
                self.checkers.reserve_exact(1);
            }
            self.checkers
                .push(CheckerDraft::read(keyword, block, words));
            return Ok(());
        }
        if let Some(result) = self.timing.read(name, 1, words) {
            return result;
        }
        match name {
            "weight" => self.weight = Some(words.count(0, Destination::MAX_WEIGHT)?),
            "uthreshold" => self.upper = words.count(0, u32::MAX)?,
            "lthreshold" => self.lower = words.count(0, u32::MAX)?,
            "lvs_method" => self.method = Some(method::parse(words)?),
            "inhibit_on_failure" => self.inhibit = Some(words.boolean()?),
            "alpha" => self.timing.alpha = Some(words.boolean()?),
            "notify_up" => self.notify_up = Some(script::parse(words)?),
            "notify_down" => self.notify_down = Some(script::parse(words)?),
            _ => self.virtual_host = Some(host(words)?),
        }
        Ok(())
    }
}
