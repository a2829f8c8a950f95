//! Checks, as they are written in a real server.

use super::connection::ConnectionDraft;
use super::http::HttpDraft;
use super::misc::{DnsDraft, FileDraft, MiscDraft};
use super::timing::TimingDraft;
use super::udp::UdpDraft;
use crate::config::block::{self, Seen, deprecated};
use crate::config::diagnostic::{Diagnostics, Handle};
use crate::config::keyword::{
    DNS_CHECK, FILE_CHECK, HOST, HTTP_CHECK, MISC_CHECK, REAL_SERVER, SMTP_CHECK, SOCKET_CHECK,
    Table, UDP_CHECK,
};
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::value::Words;

/// A check before defaults.
#[derive(Debug)]
pub(super) struct CheckerDraft<'n> {
    pub(super) keyword: Token<'n>,
    pub(super) seen: Seen,
    pub(super) timing: TimingDraft,
    pub(super) connection: ConnectionDraft,
    pub(super) log_all_failures: Option<bool>,
    pub(super) kind: Kind<'n>,
}

/// What is special to a kind of check.
#[derive(Debug)]
pub(super) enum Kind<'n> {
    Tcp,
    Ping,
    Http(Box<HttpDraft>),
    Smtp {
        helo: Option<String>,
        hosts: Vec<ConnectionDraft>,
    },
    Dns(DnsDraft),
    Udp(Box<UdpDraft>),
    Misc(Box<MiscDraft>),
    File(FileDraft<'n>),
}

impl<'n> Kind<'n> {
    fn of(keyword: &str) -> (Self, &'static Table) {
        match keyword {
            "HTTP_GET" => (Kind::Http(Box::new(HttpDraft::new(false))), &HTTP_CHECK),
            "SSL_GET" => (Kind::Http(Box::new(HttpDraft::new(true))), &HTTP_CHECK),
            "SMTP_CHECK" => (
                Kind::Smtp {
                    helo: None,
                    hosts: Vec::new(),
                },
                &SMTP_CHECK,
            ),
            "DNS_CHECK" => (Kind::Dns(DnsDraft::default()), &DNS_CHECK),
            "UDP_CHECK" => (Kind::Udp(Box::default()), &UDP_CHECK),
            "MISC_CHECK" => (Kind::Misc(Box::default()), &MISC_CHECK),
            "FILE_CHECK" => (Kind::File(FileDraft::default()), &FILE_CHECK),
            "PING_CHECK" => (Kind::Ping, &SOCKET_CHECK),
            _ => (Kind::Tcp, &SOCKET_CHECK),
        }
    }
}

impl<'n> CheckerDraft<'n> {
    /// Reads the block of a check.
    pub(super) fn read(keyword: Token<'n>, block: &Block<'n>, words: &mut Words<'n, '_>) -> Self {
        words.end(&REAL_SERVER);
        let (kind, table) = Kind::of(keyword.text);
        let mut draft = Self {
            keyword,
            seen: Seen::default(),
            timing: TimingDraft::default(),
            connection: ConnectionDraft::default(),
            log_all_failures: None,
            kind,
        };
        let mut seen = Seen::default();
        block::read(
            block,
            table,
            &mut seen,
            words.diagnostics,
            |name, block, words| draft.keyword(name, block, words),
        );
        draft.seen = seen;
        draft
    }

    fn keyword(
        &mut self,
        name: &'static str,
        block: Option<&Block<'n>>,
        words: &mut Words<'n, '_>,
    ) -> Result<(), Handle> {
        match name {
            "alpha" => {
                self.timing.alpha = Some(words.boolean()?);
                return Ok(());
            }
            "log_all_failures" => {
                self.log_all_failures = Some(words.boolean()?);
                return Ok(());
            }
            "nb_get_retry" => deprecated(words, "write `retry`"),
            _ => {}
        }
        if let Some(result) = self.connection.read(name, words) {
            return result;
        }
        if let Some(result) = self.timing.read(name, 0, words) {
            return result;
        }
        match &mut self.kind {
            Kind::Tcp | Kind::Ping => Ok(()),
            Kind::Http(http) => http.keyword(name, block, words),
            Kind::Smtp { helo, .. } if name == "helo_name" => {
                *helo = Some(words.word("a name")?.text.to_string());
                Ok(())
            }
            Kind::Smtp { hosts, .. } => {
                words.end(&SMTP_CHECK);
                deprecated(words, "write a `SMTP_CHECK` for each of the hosts");
                let mut host = self.connection.clone();
                if let Some(block) = block {
                    read_host(&mut host, block, words.diagnostics);
                }
                hosts.push(host);
                Ok(())
            }
            Kind::Dns(dns) => dns.keyword(name, words),
            Kind::Udp(udp) => udp.keyword(name, words),
            Kind::Misc(misc) => misc.keyword(name, words),
            Kind::File(file) => file.keyword(name, words),
        }
    }
}

fn read_host(host: &mut ConnectionDraft, block: &Block<'_>, diagnostics: &mut Diagnostics) {
    let mut seen = Seen::default();
    block::read(block, &HOST, &mut seen, diagnostics, |name, _, words| {
        host.read(name, words).unwrap_or(Ok(()))
    });
}
