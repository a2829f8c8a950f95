//! The drafts of the checks of a real server.

use super::connection::ConnectionDraft;
use super::http::HttpDraft;
use super::misc::{DnsDraft, FileDraft, MiscDraft};
use super::timing::TimingDraft;
use super::udp::UdpDraft;
use crate::config::block::{self, deprecated};
use crate::config::diagnostic::{Diagnostics, Handle};
use crate::config::keyword::{
    CheckKeyword, HOST, REAL_SERVER, SMTP_CHECK, SOCKET_CHECK, ScheduleKeyword, SmtpKeyword,
    SocketKeyword,
};
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::Words;

/// A check before defaults.
#[derive(Debug)]
pub(super) struct CheckerDraft<'n> {
    pub(super) keyword: Token<'n>,
    pub(super) common: CommonDraft,
    pub(super) kind: Kind<'n>,
}

/// What several kinds of check have in common.
#[derive(Debug, Default)]
pub(super) struct CommonDraft {
    pub(super) timing: TimingDraft,
    pub(super) connection: ConnectionDraft,
    pub(super) log_all_failures: Option<bool>,
}

/// What is special to a kind of check.
#[derive(Debug)]
pub(super) enum Kind<'n> {
    Tcp,
    Ping,
    Http(Box<HttpDraft>),
    Smtp(SmtpDraft),
    Dns(DnsDraft),
    Udp(Box<UdpDraft>),
    Misc(Box<MiscDraft>),
    File(FileDraft<'n>),
}

/// `SMTP_CHECK`.
#[derive(Debug, Default)]
pub(super) struct SmtpDraft {
    pub(super) helo: Option<String>,
    pub(super) hosts: Vec<ConnectionDraft>,
}

impl<'n> CheckerDraft<'n> {
    /// Reads the block of a check.
    pub(super) fn read(kind: CheckKeyword, block: &Block<'n>, words: &mut Words<'n, '_>) -> Self {
        words.end(&REAL_SERVER);
        let keyword = words.first;
        let diagnostics = &mut *words.diagnostics;
        let mut common = CommonDraft::default();
        let kind = match kind {
            CheckKeyword::Tcp => {
                common.read(block, diagnostics);
                Kind::Tcp
            }
            CheckKeyword::Ping => {
                common.read(block, diagnostics);
                Kind::Ping
            }
            CheckKeyword::Http => {
                let draft = HttpDraft::read(false, block, &mut common, diagnostics);
                Kind::Http(Box::new(draft))
            }
            CheckKeyword::Ssl => {
                let draft = HttpDraft::read(true, block, &mut common, diagnostics);
                Kind::Http(Box::new(draft))
            }
            CheckKeyword::Smtp => Kind::Smtp(SmtpDraft::read(block, &mut common, diagnostics)),
            CheckKeyword::Dns => Kind::Dns(DnsDraft::read(block, &mut common, diagnostics)),
            CheckKeyword::Udp => {
                Kind::Udp(Box::new(UdpDraft::read(block, &mut common, diagnostics)))
            }
            CheckKeyword::Misc => {
                Kind::Misc(Box::new(MiscDraft::read(block, &mut common, diagnostics)))
            }
            CheckKeyword::File => Kind::File(FileDraft::read(block, diagnostics)),
        };
        Self {
            keyword,
            common,
            kind,
        }
    }
}

impl CommonDraft {
    /// Reads the block of a check that has nothing else.
    fn read(&mut self, block: &Block<'_>, diagnostics: &mut Diagnostics) {
        block::read(
            block,
            &SOCKET_CHECK,
            diagnostics,
            |keyword, _, words| match keyword {
                SocketKeyword::Connection(keyword) => self.connection.keyword(keyword, words),
                SocketKeyword::Schedule(keyword) => self.schedule(keyword, words),
            },
        );
    }

    /// Reads the parameter of a keyword.
    pub(super) fn schedule(
        &mut self,
        keyword: ScheduleKeyword,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            ScheduleKeyword::Alpha => self.timing.alpha = Some(words.boolean()?),
            ScheduleKeyword::LogAllFailures => self.log_all_failures = Some(words.boolean()?),
            ScheduleKeyword::Timing(keyword) => self.timing.keyword(keyword, 0, words)?,
        }
        Ok(())
    }
}

impl SmtpDraft {
    fn read(block: &Block<'_>, common: &mut CommonDraft, diagnostics: &mut Diagnostics) -> Self {
        let mut draft = Self::default();
        block::read(block, &SMTP_CHECK, diagnostics, |keyword, block, words| {
            match keyword {
                SmtpKeyword::Connection(keyword) => common.connection.keyword(keyword, words)?,
                SmtpKeyword::Schedule(keyword) => common.schedule(keyword, words)?,
                SmtpKeyword::HeloName => draft.helo = Some(words.word("a name")?.text.to_string()),
                SmtpKeyword::Host => {
                    words.end(&SMTP_CHECK);
                    deprecated(words, "write a `SMTP_CHECK` for each of the hosts");
                    let mut host = common.connection.clone();
                    if let Some(block) = block {
                        read_host(&mut host, block, words.diagnostics);
                    }
                    draft.hosts.push(host);
                }
            }
            Ok(())
        });
        draft
    }
}

fn read_host(host: &mut ConnectionDraft, block: &Block<'_>, diagnostics: &mut Diagnostics) {
    block::read(block, &HOST, diagnostics, |keyword, _, words| {
        host.keyword(keyword, words)
    });
}
