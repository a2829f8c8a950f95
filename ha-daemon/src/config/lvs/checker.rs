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
    Smtp(Box<SmtpDraft>),
    Dns(Box<DnsDraft>),
    Udp(Box<UdpDraft>),
    Misc(Box<MiscDraft>),
    File(Box<FileDraft<'n>>),
}

/// `SMTP_CHECK`.
#[derive(Debug, Default)]
pub(super) struct SmtpDraft {
    pub(super) helo: Option<String>,
    pub(super) hosts: Vec<ConnectionDraft>,
}

impl<'n> CheckerDraft<'n> {
    /// Appends what the block of a check says.
    pub(super) fn read(
        kind: CheckKeyword,
        block: &Block<'n>,
        words: &mut Words<'n, '_>,
        into: &mut Vec<Self>,
    ) {
        words.end(&REAL_SERVER);
        let diagnostics = &mut *words.diagnostics;
        if into.is_empty() {
            // Most real servers have no other, and a draft is big: it is filled where it stays.
            into.reserve_exact(1);
        }
        into.push(Self {
            keyword: words.first,
            common: CommonDraft::default(),
            kind: Kind::of(kind),
        });
        let Some(Self { common, kind, .. }) = into.last_mut() else {
            return;
        };
        match kind {
            Kind::Tcp | Kind::Ping => common.read(block, diagnostics),
            Kind::Http(draft) => draft.read(block, common, diagnostics),
            Kind::Smtp(draft) => draft.read(block, common, diagnostics),
            Kind::Dns(draft) => draft.read(block, common, diagnostics),
            Kind::Udp(draft) => draft.read(block, common, diagnostics),
            Kind::Misc(draft) => draft.read(block, common, diagnostics),
            Kind::File(draft) => draft.read(block, diagnostics),
        }
    }
}

impl Kind<'_> {
    /// A kind of check of which nothing has been read yet.
    fn of(keyword: CheckKeyword) -> Self {
        match keyword {
            CheckKeyword::Tcp => Self::Tcp,
            CheckKeyword::Ping => Self::Ping,
            CheckKeyword::Http => Self::Http(Box::new(HttpDraft::new(false))),
            CheckKeyword::Ssl => Self::Http(Box::new(HttpDraft::new(true))),
            CheckKeyword::Smtp => Self::Smtp(Box::default()),
            CheckKeyword::Dns => Self::Dns(Box::default()),
            CheckKeyword::Udp => Self::Udp(Box::default()),
            CheckKeyword::Misc => Self::Misc(Box::default()),
            CheckKeyword::File => Self::File(Box::default()),
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
    fn read(&mut self, block: &Block<'_>, common: &mut CommonDraft, diagnostics: &mut Diagnostics) {
        block::read(block, &SMTP_CHECK, diagnostics, |keyword, block, words| {
            match keyword {
                SmtpKeyword::Connection(keyword) => common.connection.keyword(keyword, words)?,
                SmtpKeyword::Schedule(keyword) => common.schedule(keyword, words)?,
                SmtpKeyword::HeloName => self.helo = Some(words.word("a name")?.text.to_string()),
                SmtpKeyword::Host => {
                    words.end(&SMTP_CHECK);
                    deprecated(words, "write a `SMTP_CHECK` for each of the hosts");
                    let mut host = common.connection.clone();
                    if let Some(block) = block {
                        read_host(&mut host, block, words.diagnostics);
                    }
                    self.hosts.push(host);
                }
            }
            Ok(())
        });
    }
}

fn read_host(host: &mut ConnectionDraft, block: &Block<'_>, diagnostics: &mut Diagnostics) {
    block::read(block, &HOST, diagnostics, |keyword, _, words| {
        host.keyword(keyword, words)
    });
}
