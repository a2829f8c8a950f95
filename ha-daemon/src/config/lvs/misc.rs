//! The drafts of `MISC_CHECK`, `FILE_CHECK` and `DNS_CHECK`.

use core::time::Duration;

use super::checker::CommonDraft;
use crate::config::block;
use crate::config::diagnostic::{Code, Diagnostics, Handle};
use crate::config::keyword::{
    DNS_CHECK, DnsKeyword, FILE_CHECK, FileKeyword, MISC_CHECK, MiscKeyword,
};
use crate::config::model::Written;
use crate::config::script;
use crate::config::text::tape::Token;
use crate::config::text::tree::Block;
use crate::config::track_file::weight;
use crate::config::value::Words;
use crate::health::dns::{DnsType, DnsTypeError};

/// `MISC_CHECK`.
#[derive(Debug, Default)]
pub(super) struct MiscDraft {
    pub(super) command: Option<Vec<String>>,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    /// Of the user, else of the command.
    pub(super) at: Written,
    pub(super) timeout: Option<Duration>,
    pub(super) dynamic: bool,
    /// `misc_path` was meant, but not understood.
    pub(super) tried: bool,
}

impl MiscDraft {
    /// Reads the block of the check.
    pub(super) fn read(
        &mut self,
        block: &Block<'_>,
        common: &mut CommonDraft,
        diagnostics: &mut Diagnostics,
    ) {
        let seen = block::read(block, &MISC_CHECK, diagnostics, |keyword, _, words| {
            self.keyword(keyword, common, words)
        });
        self.tried = seen.was_tried(MiscKeyword::MiscPath);
    }

    /// Reads the parameter of a keyword.
    fn keyword(
        &mut self,
        keyword: MiscKeyword,
        common: &mut CommonDraft,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            MiscKeyword::Schedule(keyword) => common.schedule(keyword, words)?,
            MiscKeyword::MiscPath => {
                let word = words.word("a command")?;
                self.command = Some(script::command(word, words)?);
                if self.user.is_none() {
                    self.at = Written(word.place);
                }
            }
            MiscKeyword::MiscTimeout => {
                let seconds = words.count(0, u32::MAX)?;
                self.timeout = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
            }
            MiscKeyword::MiscDynamic => self.dynamic = true,
            MiscKeyword::User => {
                let user = words.word("the name of a user")?;
                self.at = Written(user.place);
                (self.user, self.group) = script::owner(user, words);
            }
        }
        Ok(())
    }
}

/// `FILE_CHECK`.
#[derive(Debug, Default)]
pub(super) struct FileDraft<'n> {
    pub(super) name: Option<Token<'n>>,
    pub(super) weight: Option<i32>,
    /// `track_file` was meant, but not understood.
    pub(super) tried: bool,
}

impl<'n> FileDraft<'n> {
    /// Reads the block of the check.
    pub(super) fn read(&mut self, block: &Block<'n>, diagnostics: &mut Diagnostics) {
        let seen = block::read(block, &FILE_CHECK, diagnostics, |keyword, _, words| {
            self.keyword(keyword, words)
        });
        self.tried = seen.was_tried(FileKeyword::TrackFile);
    }

    /// Reads the parameter of a keyword.
    fn keyword(&mut self, keyword: FileKeyword, words: &mut Words<'n, '_>) -> Result<(), Handle> {
        match keyword {
            FileKeyword::TrackFile => self.name = Some(words.word("the name of a `track_file`")?),
            FileKeyword::Weight => self.weight = Some(weight(words)?),
        }
        Ok(())
    }
}

/// `DNS_CHECK`.
#[derive(Debug, Default)]
pub(super) struct DnsDraft {
    pub(super) record: Option<DnsType>,
    pub(super) name: Option<String>,
}

impl DnsDraft {
    /// Reads the block of the check.
    pub(super) fn read(
        &mut self,
        block: &Block<'_>,
        common: &mut CommonDraft,
        diagnostics: &mut Diagnostics,
    ) {
        block::read(block, &DNS_CHECK, diagnostics, |keyword, _, words| {
            self.keyword(keyword, common, words)
        });
    }

    /// Reads the parameter of a keyword.
    fn keyword(
        &mut self,
        keyword: DnsKeyword,
        common: &mut CommonDraft,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            DnsKeyword::Connection(keyword) => common.connection.keyword(keyword, words)?,
            DnsKeyword::Schedule(keyword) => common.schedule(keyword, words)?,
            DnsKeyword::Type => {
                let word = words.word("the type of a record")?;
                self.record = Some(match word.text.parse() {
                    Ok(record) => record,
                    Err(DnsTypeError) => {
                        let choices = DnsType::ALL.map(|record| (record.name(), record));
                        words.choice(word, &choices)?
                    }
                });
            }
            DnsKeyword::Name => {
                let word = words.word("a domain name")?;
                self.name = Some(domain(word, words)?);
            }
        }
        Ok(())
    }
}

/// A domain name of at most 255 octets on the wire, in labels of at most 63 (RFC 1035 §2.3.4).
fn domain(word: Token<'_>, words: &mut Words<'_, '_>) -> Result<String, Handle> {
    let text = word.text;
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| (1..=63).contains(&label.len());
    let fits = text == "." || (name.len() <= 253 && name.split('.').all(is_label));
    if fits && text.is_ascii() {
        return Ok(text.to_owned());
    }
    let allowed = "labels of 1 to 63 octets, 253 octets in all, are expected";
    Err(words.refuse(Code::BadName, word, "no domain name", allowed))
}
