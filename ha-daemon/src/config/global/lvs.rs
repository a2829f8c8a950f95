//! The keywords of `global_defs` for load balancing.

use core::net::IpAddr;

use ipvs_core::{Name, Timeouts};

use crate::config::block::deprecated;
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics, Handle};
use crate::config::keyword::LvsGlobalKeyword;
use crate::config::model::{Balancing, FlushOnStop, Instance, Synchronisation, TlsFiles};
use crate::config::text::tape::Token;
use crate::config::value::{Set, Words};

/// The settings, with the instance of the sync daemon not looked up yet.
#[derive(Debug, Default)]
pub(in crate::config) struct LvsGlobals {
    pub(in crate::config) log_all_failures: bool,
    sync: Option<SyncDraft>,
    timeouts: Option<Timeouts>,
    flush: bool,
    flush_on_stop: FlushOnStop,
}

/// The longest timeout: 31 days, in seconds.
pub(in crate::config) const LONGEST_TIMEOUT: u32 = 31 * 24 * 3600;

impl LvsGlobals {
    /// Reads the parameters of a keyword.
    pub(in crate::config) fn keyword(
        &mut self,
        keyword: LvsGlobalKeyword,
        words: &mut Words<'_, '_>,
    ) -> Result<(), Handle> {
        match keyword {
            LvsGlobalKeyword::SyncDaemon => self.sync = Some(SyncDraft::parse(words)?),
            LvsGlobalKeyword::Timeouts => self.timeouts = Some(timeouts(words)?),
            LvsGlobalKeyword::Flush => self.flush = true,
            LvsGlobalKeyword::CheckerLogAllFailures => self.log_all_failures = words.boolean()?,
            LvsGlobalKeyword::FlushOnStop => self.flush_on_stop = flush_on_stop(words)?,
            LvsGlobalKeyword::DeprecatedFlushOnStop => {
                deprecated(words, "write `lvs_flush_on_stop`");
                self.flush_on_stop = flush_on_stop(words)?;
            }
        }
        Ok(())
    }

    pub(in crate::config) fn complete(
        self,
        instances: &[Instance],
        tls: TlsFiles,
        diagnostics: &mut Diagnostics,
    ) -> Balancing {
        Balancing {
            sync: self
                .sync
                .and_then(|sync| sync.complete(instances, diagnostics)),
            timeouts: self.timeouts,
            flush: self.flush,
            flush_on_stop: self.flush_on_stop,
            tls,
        }
    }
}

/// `[VS]`.
fn flush_on_stop(words: &mut Words<'_, '_>) -> Result<FlushOnStop, Handle> {
    match words.next() {
        Some(word) => words.choice(word, &[("VS", FlushOnStop::VirtualServers)]),
        None => Ok(FlushOnStop::Table),
    }
}

/// `lvs_sync_daemon`, as it is written.
#[derive(Debug)]
struct SyncDraft {
    interface: Name,
    instance: Option<Set<String>>,
    id: Option<u8>,
    max_length: Option<u16>,
    port: Option<u16>,
    ttl: Option<u8>,
    group: Option<IpAddr>,
}

const SYNC_OPTIONS: [&str; 6] = ["inst", "id", "maxlen", "port", "ttl", "group"];

impl SyncDraft {
    /// `INTERFACE [[inst] INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group ADDRESS]`, in which
    /// the `id` may be missing before its number.
    fn parse(words: &mut Words<'_, '_>) -> Result<Self, Handle> {
        let word = words.word("the name of an interface")?;
        let allowed = "1 to 15 octets of printable ASCII are expected";
        let Ok(interface) = Name::new(word.text) else {
            let what = "no name of an interface";
            return Err(words.refuse(Code::BadName, word, what, allowed));
        };
        let mut sync = Self {
            interface,
            instance: None,
            id: None,
            max_length: None,
            port: None,
            ttl: None,
            group: None,
        };
        if let Some(word) = words
            .peek()
            .filter(|word| !SYNC_OPTIONS.contains(&word.text))
        {
            words.next();
            sync.instance = Some(named(word));
            sync.bare_id(words);
        }
        while let Some(word) = words.next() {
            if sync.option(word, words).is_err() {
                // It has been reported; what follows up to the next option belongs to it.
                let is_option = |word: Token<'_>| SYNC_OPTIONS.contains(&word.text);
                while words.peek().is_some_and(|word| !is_option(word)) {
                    words.next();
                }
            }
        }
        Ok(sync)
    }

    fn bare_id(&mut self, words: &mut Words<'_, '_>) {
        let is_number = |word: &Token<'_>| word.text.parse::<u32>().is_ok();
        let Some(word) = words.peek().filter(is_number) else {
            return;
        };
        words.next();
        let text = "`id` is missing before its number";
        let diagnostic = Diagnostic::warning(Code::Deprecated, word.place, text);
        words.report(diagnostic.help(format!("write `id {}`", word.text)));
        if let Ok(number) = words.number_in(word, 0..=255) {
            self.id = u8::try_from(number).ok();
        }
    }

    fn option(&mut self, word: Token<'_>, words: &mut Words<'_, '_>) -> Result<(), Handle> {
        match word.text {
            "inst" => {
                let name = words.word_after(word, "the name of an instance")?;
                self.instance = Some(named(name));
            }
            "id" => self.id = u8::try_from(number(word, 0..=255, words)?).ok(),
            "maxlen" => self.max_length = u16::try_from(number(word, 1..=65_507, words)?).ok(),
            "port" => self.port = u16::try_from(number(word, 1..=65_535, words)?).ok(),
            "ttl" => self.ttl = u8::try_from(number(word, 1..=255, words)?).ok(),
            "group" => {
                let word = words.value_after(word, "a multicast address")?;
                let group = words.address(word)?;
                if !group.is_multicast() {
                    let expected = "a multicast address is expected";
                    return Err(words.refuse(Code::BadAddress, word, "no group", expected));
                }
                self.group = Some(group);
            }
            other => {
                let text = format!("`{other}` is no option of `lvs_sync_daemon`");
                let diagnostic = Diagnostic::error(Code::BadChoice, word.place, text)
                    .label(format!("allowed: {}", SYNC_OPTIONS.join(", ")))
                    .suggest(other, SYNC_OPTIONS);
                return Err(words.report(diagnostic));
            }
        }
        Ok(())
    }

    fn complete(
        self,
        instances: &[Instance],
        diagnostics: &mut Diagnostics,
    ) -> Option<Synchronisation> {
        let mut vrid = None;
        if let Some(name) = &self.instance {
            let Some(instance) = instances.iter().find(|known| known.name == name.value) else {
                let text = format!("there is no instance `{}`", name.value);
                let names = instances.iter().map(|instance| &*instance.name);
                diagnostics.push(
                    Diagnostic::error(Code::UnknownName, name.place, text)
                        .label("connections are not synchronised")
                        .suggest(&name.value, names),
                );
                return None;
            };
            vrid = Some(instance.vrid.get());
        }
        Some(Synchronisation {
            interface: self.interface,
            instance: self.instance.map(|name| name.value),
            id: self.id.or(vrid).unwrap_or(0),
            max_length: self.max_length,
            port: self.port,
            ttl: self.ttl,
            group: self.group,
        })
    }
}

fn named(word: Token<'_>) -> Set<String> {
    Set {
        value: word.text.to_owned(),
        place: word.place,
    }
}

fn number(
    option: Token<'_>,
    range: core::ops::RangeInclusive<i64>,
    words: &mut Words<'_, '_>,
) -> Result<i64, Handle> {
    let word = words.value_after(option, "a number")?;
    words.number_in(word, range)
}

/// Connections that a timeout is for.
#[derive(Clone, Copy, Debug)]
enum Timed {
    Tcp,
    TcpFin,
    Udp,
}

/// `[tcp N] [tcpfin N] [udp N]`, at least one of them.
fn timeouts(words: &mut Words<'_, '_>) -> Result<Timeouts, Handle> {
    let mut timeouts = Timeouts {
        tcp: 0,
        tcp_fin: 0,
        udp: 0,
    };
    let mut next = Some(words.value_after(words.first, "`tcp`, `tcpfin` or `udp`")?);
    while let Some(word) = next {
        let states = [
            ("tcp", Timed::Tcp),
            ("tcpfin", Timed::TcpFin),
            ("udp", Timed::Udp),
        ];
        let state = words.choice(word, &states)?;
        let seconds = number(word, 0..=LONGEST_TIMEOUT.into(), words)?;
        let seconds = u32::try_from(seconds).unwrap_or(LONGEST_TIMEOUT);
        match state {
            Timed::Tcp => timeouts.tcp = seconds,
            Timed::TcpFin => timeouts.tcp_fin = seconds,
            Timed::Udp => timeouts.udp = seconds,
        }
        next = words.next();
    }
    Ok(timeouts)
}
