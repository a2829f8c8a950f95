//! The draft of `real_server`.

use core::net::IpAddr;

use ipvs_core::{Destination, Forwarding};

use super::checker::CheckerDraft;
use super::group::port;
use super::http::host;
use super::method;
use super::timing::TimingDraft;
use crate::config::block::{self, Seen};
use crate::config::diagnostic::Handle;
use crate::config::keyword::{REAL_SERVER, RealServerKeyword, VIRTUAL_SERVER};
use crate::config::model::Script;
use crate::config::script;
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::Words;
use crate::health::http::RequestText;

/// A real server before defaults.
#[derive(Debug)]
pub(super) struct RealServerDraft<'n> {
    pub(super) name: Token<'n>,
    pub(super) address: IpAddr,
    /// 0 if there is none.
    pub(super) port: u16,
    pub(super) seen: Seen<RealServerKeyword>,
    pub(super) timing: TimingDraft,
    pub(super) weight: Option<u32>,
    pub(super) upper: u32,
    pub(super) lower: u32,
    pub(super) method: Option<Forwarding>,
    pub(super) inhibit: Option<bool>,
    pub(super) notify_up: Option<Box<Script>>,
    pub(super) notify_down: Option<Box<Script>>,
    pub(super) virtual_host: Option<RequestText>,
    pub(super) checkers: Vec<CheckerDraft<'n>>,
}

impl<'n> RealServerDraft<'n> {
    /// Appends what `ADDRESS [PORT]` and the block say; nothing without an address.
    pub(super) fn read(
        block: &Block<'n>,
        words: &mut Words<'n, '_>,
        into: &mut Vec<Self>,
    ) -> Result<(), Handle> {
        let name = words.word("an address")?;
        let address = words.address(name)?;
        let port = port(words)?;
        words.end(&VIRTUAL_SERVER);
        // A draft is big: it is filled where it stays.
        into.push(Self {
            name,
            address,
            port,
            seen: Seen::new(),
            timing: TimingDraft::NONE,
            weight: None,
            upper: 0,
            lower: 0,
            method: None,
            inhibit: None,
            notify_up: None,
            notify_down: None,
            virtual_host: None,
            checkers: Vec::new(),
        });
        let Some(draft) = into.last_mut() else {
            return Ok(());
        };
        let mut seen = Seen::new();
        block::read_more(
            block,
            &REAL_SERVER,
            &mut seen,
            words.diagnostics,
            |keyword, block, words| draft.keyword(keyword, block, words),
        );
        draft.seen = seen;
        Ok(())
    }

    fn keyword(
        &mut self,
        keyword: RealServerKeyword,
        block: Option<&Block<'n>>,
        words: &mut Words<'n, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            RealServerKeyword::Check(kind) => {
                if let Some(block) = block {
                    CheckerDraft::read(kind, block, words, &mut self.checkers);
                }
            }
            RealServerKeyword::Timing(keyword) => self.timing.keyword(keyword, 1, words)?,
            RealServerKeyword::ConnectTimeout => self.timing.connect_timeout(words)?,
            RealServerKeyword::Weight => {
                self.weight = Some(words.count(0, Destination::MAX_WEIGHT)?);
            }
            RealServerKeyword::Uthreshold => self.upper = words.count(0, u32::MAX)?,
            RealServerKeyword::Lthreshold => self.lower = words.count(0, u32::MAX)?,
            RealServerKeyword::LvsMethod => self.method = Some(method::parse(words)?),
            RealServerKeyword::InhibitOnFailure => self.inhibit = Some(words.boolean()?),
            RealServerKeyword::Alpha => self.timing.alpha = Some(words.boolean()?),
            RealServerKeyword::NotifyUp => self.notify_up = Some(script::parse(words)?),
            RealServerKeyword::NotifyDown => self.notify_down = Some(script::parse(words)?),
            RealServerKeyword::Virtualhost => self.virtual_host = Some(host(words)?),
        }
        Ok(())
    }
}
