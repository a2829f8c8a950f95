//! The lexer of options, by the conventions of popt.

use alloc::borrow::ToOwned;
use alloc::vec::Vec;

use super::{CommandError, CommandKind, Opt, Reason};

/// What an option means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switch {
    Command(CommandKind),
    /// An option of its own.
    Plain(Opt),
    Tcp,
    Udp,
    Sctp,
    Mark,
    Gateway,
    Tunnel,
    Masquerade,
    Ipv6,
    Sort,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    None,
    Needed,
    /// The next word unless it looks like an option.
    Optional,
}

struct Spelling {
    long: &'static str,
    short: Option<char>,
    value: Value,
    switch: Switch,
}

const fn spelling(
    long: &'static str,
    short: Option<char>,
    value: Value,
    switch: Switch,
) -> Spelling {
    Spelling {
        long,
        short,
        value,
        switch,
    }
}

const fn command(long: &'static str, short: char, kind: CommandKind) -> Spelling {
    spelling(long, Some(short), Value::None, Switch::Command(kind))
}

const fn flag(long: &'static str, short: Option<char>, option: Opt) -> Spelling {
    spelling(long, short, Value::None, Switch::Plain(option))
}

const fn valued(long: &'static str, short: Option<char>, option: Opt) -> Spelling {
    spelling(long, short, Value::Needed, Switch::Plain(option))
}

static SPELLINGS: [Spelling; 58] = [
    command("add-service", 'A', CommandKind::AddService),
    command("edit-service", 'E', CommandKind::EditService),
    command("delete-service", 'D', CommandKind::DeleteService),
    command("clear", 'C', CommandKind::Clear),
    command("list", 'L', CommandKind::List),
    command("list", 'l', CommandKind::List),
    command("zero", 'Z', CommandKind::Zero),
    command("add-server", 'a', CommandKind::AddServer),
    command("edit-server", 'e', CommandKind::EditServer),
    command("delete-server", 'd', CommandKind::DeleteServer),
    command("help", 'h', CommandKind::Help),
    command("version", 'v', CommandKind::Version),
    command("restore", 'R', CommandKind::Restore),
    command("save", 'S', CommandKind::Save),
    spelling("set", None, Value::None, Switch::Command(CommandKind::Set)),
    spelling(
        "start-daemon",
        None,
        Value::Needed,
        Switch::Command(CommandKind::StartDaemon),
    ),
    spelling(
        "stop-daemon",
        None,
        Value::Needed,
        Switch::Command(CommandKind::StopDaemon),
    ),
    spelling("tcp-service", Some('t'), Value::Needed, Switch::Tcp),
    spelling("udp-service", Some('u'), Value::Needed, Switch::Udp),
    spelling("sctp-service", None, Value::Needed, Switch::Sctp),
    spelling("fwmark-service", Some('f'), Value::Needed, Switch::Mark),
    spelling("masquerading", Some('m'), Value::None, Switch::Masquerade),
    spelling("ipip", Some('i'), Value::None, Switch::Tunnel),
    spelling("gatewaying", Some('g'), Value::None, Switch::Gateway),
    spelling("ipv6", Some('6'), Value::None, Switch::Ipv6),
    spelling("sort", None, Value::None, Switch::Sort),
    spelling(
        "persistent",
        Some('p'),
        Value::Optional,
        Switch::Plain(Opt::Persistent),
    ),
    valued("scheduler", Some('s'), Opt::Scheduler),
    valued("netmask", Some('M'), Opt::Netmask),
    valued("real-server", Some('r'), Opt::Server),
    valued("weight", Some('w'), Opt::Weight),
    valued("u-threshold", Some('x'), Opt::Upper),
    valued("l-threshold", Some('y'), Opt::Lower),
    valued("mcast-interface", None, Opt::Interface),
    valued("syncid", None, Opt::SyncId),
    valued("pe", None, Opt::Engine),
    valued("sched-flags", Some('b'), Opt::SchedulerFlags),
    valued("mcast-group", None, Opt::Group),
    valued("mcast-port", None, Opt::Port),
    valued("mcast-ttl", None, Opt::TimeToLive),
    valued("sync-maxlen", None, Opt::MaxLength),
    valued("tun-type", None, Opt::TunnelType),
    valued("tun-port", None, Opt::TunnelPort),
    flag("numeric", Some('n'), Opt::Numeric),
    flag("connection", Some('c'), Opt::Connection),
    flag("timeout", None, Opt::Timeout),
    flag("daemon", None, Opt::Daemon),
    flag("stats", None, Opt::Statistics),
    flag("rate", None, Opt::Rate),
    flag("thresholds", None, Opt::Thresholds),
    flag("persistent-conn", None, Opt::PersistentConnections),
    flag("nosort", None, Opt::NoSort),
    flag("exact", Some('X'), Opt::Exact),
    flag("ops", Some('o'), Opt::OnePacket),
    flag("tun-info", None, Opt::TunnelInfo),
    flag("tun-nocsum", None, Opt::TunnelNoChecksum),
    flag("tun-csum", None, Opt::TunnelChecksum),
    flag("tun-remcsum", None, Opt::TunnelRemoteChecksum),
];

fn spelled(matches: impl Fn(&Spelling) -> bool) -> Option<&'static Spelling> {
    SPELLINGS.iter().find(|spelling| matches(spelling))
}

/// An option as it stands in the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given<'a> {
    /// The word it is in.
    pub(super) word: usize,
    /// That word.
    pub(super) text: &'a str,
    pub(super) switch: Switch,
    /// The value, and the word it is in.
    pub(super) value: Option<(usize, &'a str)>,
}

/// Walks over words and finds the options in them.
pub(super) struct Words<'w, 'a> {
    words: &'w [&'a str],
    next: usize,
    /// What is left of a word of several one-letter options.
    bundle: &'a str,
    /// Whether `--` has come by.
    ended: bool,
    leftovers: Vec<(usize, &'a str)>,
}

impl<'w, 'a> Words<'w, 'a> {
    pub(super) const fn new(words: &'w [&'a str]) -> Self {
        Self {
            words,
            next: 0,
            bundle: "",
            ended: false,
            leftovers: Vec::new(),
        }
    }

    /// The words that are no options nor values of any, once there are no more options.
    pub(super) fn leftovers(self) -> Vec<(usize, &'a str)> {
        self.leftovers
    }

    /// The next option.
    pub(super) fn option(&mut self) -> Result<Option<Given<'a>>, CommandError> {
        if !self.bundle.is_empty() {
            return self.short().map(Some);
        }
        while let Some((word, text)) = self.word() {
            let dashed = text.strip_prefix('-').filter(|rest| !rest.is_empty());
            let Some(rest) = dashed.filter(|_| !self.ended) else {
                self.leftovers.push((word, text));
                continue;
            };
            match rest.strip_prefix('-') {
                Some("") => self.ended = true,
                Some(long) => return self.long(word, text, long).map(Some),
                None => {
                    self.bundle = rest;
                    return self.short().map(Some);
                }
            }
        }
        Ok(None)
    }

    fn word(&mut self) -> Option<(usize, &'a str)> {
        let word = self.next;
        let text = self.words.get(word)?;
        self.next = self.next.saturating_add(1);
        Some((word, text))
    }

    fn long(
        &mut self,
        word: usize,
        text: &'a str,
        long: &'a str,
    ) -> Result<Given<'a>, CommandError> {
        let (name, attached) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let known = spelled(|spelling| spelling.long == name)
            .ok_or_else(|| Reason::UnknownOption(text.to_owned()).at(word))?;
        if known.value == Value::None && attached.is_some() {
            return Err(Reason::UnwantedValue(text.to_owned()).at(word));
        }
        self.given(word, text, known, attached)
    }

    /// The first option of the bundle.
    fn short(&mut self) -> Result<Given<'a>, CommandError> {
        let word = self.next.saturating_sub(1);
        let text = self.words.get(word).copied().unwrap_or_default();
        let mut letters = self.bundle.chars();
        let letter = letters.next();
        let rest = letters.as_str();
        let known = spelled(|spelling| spelling.short.is_some() && spelling.short == letter)
            .ok_or_else(|| Reason::UnknownOption(text.to_owned()).at(word))?;
        if known.value == Value::None || rest.is_empty() {
            self.bundle = rest;
            return self.given(word, text, known, None);
        }
        self.bundle = "";
        let value = rest.strip_prefix('=').unwrap_or(rest);
        self.given(word, text, known, Some(value))
    }

    fn given(
        &mut self,
        word: usize,
        text: &'a str,
        known: &Spelling,
        attached: Option<&'a str>,
    ) -> Result<Given<'a>, CommandError> {
        let value = match (attached, known.value) {
            (Some(value), _) => Some((word, value)),
            (None, Value::None) => None,
            (None, Value::Needed) => {
                let value = self.word();
                Some(value.ok_or_else(|| Reason::MissingValue(text.to_owned()).at(word))?)
            }
            (None, Value::Optional) => {
                let next = self.words.get(self.next);
                match next {
                    Some(next) if !next.starts_with('-') => self.word(),
                    Some(_) | None => None,
                }
            }
        };
        Ok(Given {
            word,
            text,
            switch: known.switch,
            value,
        })
    }
}
