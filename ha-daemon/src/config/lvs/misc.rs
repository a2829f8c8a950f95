//! `MISC_CHECK`, `FILE_CHECK` and `DNS_CHECK`, as they are written.

use core::time::Duration;

use crate::config::diagnostic::{Code, Handle};
use crate::config::model::{DnsRecord, Written};
use crate::config::script;
use crate::config::text::tape::Token;
use crate::config::track_file::weight;
use crate::config::value::Words;

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
}

impl MiscDraft {
    pub(super) fn keyword(&mut self, name: &str, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        match name {
            "misc_path" => {
                let word = words.word("a command")?;
                self.command = Some(script::command(word, words)?);
                if self.user.is_none() {
                    self.at = Written(word.place);
                }
            }
            "misc_timeout" => {
                let seconds = words.count(0, u32::MAX)?;
                self.timeout = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
            }
            "misc_dynamic" => self.dynamic = true,
            _ => {
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
}

impl<'n> FileDraft<'n> {
    pub(super) fn keyword(&mut self, name: &str, words: &mut Words<'n, '_>) -> Result<(), Handle> {
        match name {
            "track_file" => self.name = Some(words.word("the name of a `track_file`")?),
            _ => self.weight = Some(weight(words)?),
        }
        Ok(())
    }
}

/// `DNS_CHECK`.
#[derive(Debug, Default)]
pub(super) struct DnsDraft {
    pub(super) record: Option<DnsRecord>,
    pub(super) name: Option<String>,
}

const RECORDS: [DnsRecord; 7] = [
    DnsRecord::A,
    DnsRecord::Ns,
    DnsRecord::Cname,
    DnsRecord::Soa,
    DnsRecord::Mx,
    DnsRecord::Txt,
    DnsRecord::Aaaa,
];

impl DnsDraft {
    pub(super) fn keyword(&mut self, name: &str, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        match name {
            "type" => {
                let word = words.word("the type of a record")?;
                let mut records = RECORDS.into_iter();
                let known = records.find(|record| record.name().eq_ignore_ascii_case(word.text));
                self.record = Some(match known {
                    Some(record) => record,
                    None => words.choice(word, &RECORDS.map(|record| (record.name(), record)))?,
                });
            }
            _ => {
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
