//! The parser of scripts of faults, one step a line.

use core::fmt;
use core::time::Duration;
use std::path::Path;

use super::span::Span as Time;
use crate::config::{Code, Diagnostic, Place, SourceId, Sources, Span};

/// Who is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// This host, by its place.
    Host(usize),
    /// The host that is master of the first virtual router then; the first host if there is none.
    Master,
}

/// One side of a partition or of a one-way link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Side {
    /// The hosts named.
    pub(super) named: Vec<Who>,
    /// Whether everybody belongs to it who is not named.
    pub(super) others: bool,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Every host starts; not in scripts.
    StartAll,
    /// `crash HOST`: it is gone at once, as when its power fails.
    Crash(Who),
    /// `restart HOST`: the daemon starts, after a crash or over again.
    Restart(Who),
    /// `stop HOST`: SIGTERM, so that it resigns.
    Stop(Who),
    /// `pause HOST TIME`: SIGSTOP, and SIGCONT so much later.
    Pause(Who, Duration),
    /// `link HOST INTERFACE down|up`: the carrier of an interface; the first one if none is named.
    Link(Who, Option<String>, bool),
    /// `partition HOST… | HOST…`: hosts hear those of their own side only; those not named are one
    /// more side.
    Partition(Vec<Side>),
    /// `oneway HOST… -> HOST…`: nothing from the first reaches the second.
    OneWay(Side, Side),
    /// `heal`: links are as at first.
    Heal,
    /// `loss PERCENT`, in thousandths.
    Loss(u16),
    /// `duplicate PERCENT`, in thousandths.
    Duplicate(u16),
    /// `delay TIME [TIME]`: the shortest and the longest.
    Delay(Duration, Duration),
}

/// A line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// When, from the start.
    pub(super) at: Duration,
    /// What.
    pub(super) verb: Verb,
}

const VERBS: [&str; 11] = [
    "crash",
    "restart",
    "stop",
    "pause",
    "link",
    "partition",
    "oneway",
    "heal",
    "loss",
    "duplicate",
    "delay",
];

/// A script that cannot be understood.
#[derive(Clone, Debug)]
pub struct Mistakes {
    /// In the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// What they point into.
    pub sources: Sources,
}

/// Reads a script for hosts of these names.
///
/// # Errors
/// [`Mistakes`], one for each line that has one.
pub(super) fn parse(path: &Path, text: &str, hosts: &[String]) -> Result<Vec<Step>, Box<Mistakes>> {
    let mut sources = Sources::default();
    let source = sources.add(path.display().to_string(), text.to_owned().into(), None);
    let mut steps: Vec<Step> = Vec::new();
    let mut diagnostics = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut words = Words::new(source, hosts, start, line);
        start += line.len();
        match words.step() {
            Ok(None) => {}
            Ok(Some((step, place))) => {
                if steps.last().is_some_and(|last| last.at > step.at) {
                    let message = "this is earlier than the line before";
                    diagnostics.push(Diagnostic::error(Code::OutOfRange, place, message));
                }
                steps.push(step);
            }
            Err(mistake) => diagnostics.push(*mistake),
        }
    }
    if diagnostics.is_empty() {
        return Ok(steps);
    }
    Err(Box::new(Mistakes {
        diagnostics,
        sources,
    }))
}

/// What is left of one line.
struct Words<'t> {
    source: SourceId,
    hosts: &'t [String],
    words: std::vec::IntoIter<(usize, &'t str)>,
    end: usize,
}

type Outcome<T> = Result<T, Box<Diagnostic>>;

impl<'t> Words<'t> {
    fn new(source: SourceId, hosts: &'t [String], start: usize, line: &'t str) -> Self {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = Vec::new();
        let mut from = 0;
        for piece in line.split_inclusive(char::is_whitespace) {
            let word = piece.trim();
            if !word.is_empty() {
                words.push((start + from, word));
            }
            from += piece.len();
        }
        Self {
            source,
            hosts,
            end: words.last().map_or(start, |(at, word)| at + word.len()),
            words: words.into_iter(),
        }
    }

    fn place(&self, (at, word): (usize, &str)) -> Place {
        let span = Span::new(self.source, at..at + word.len());
        Place { span, via: None }
    }

    fn next(&mut self, what: &str) -> Outcome<(usize, &'t str)> {
        self.words.next().ok_or_else(|| {
            let span = Span::new(self.source, self.end..self.end);
            let place = Place { span, via: None };
            let message = format!("{what} is missing");
            Box::new(Diagnostic::error(Code::MissingArgument, place, message))
        })
    }

    fn step(&mut self) -> Outcome<Option<(Step, Place)>> {
        if self.words.len() == 0 {
            return Ok(None);
        }
        let first = self.next("a time")?;
        let at = self.time(first)?;
        let verb = self.verb()?;
        match self.words.next() {
            None => Ok(Some((Step { at, verb }, self.place(first)))),
            Some(word) => {
                let message = format!("nothing is expected behind this: `{}`", word.1);
                Err(self.mistake(Code::ExtraArgument, word, message))
            }
        }
    }

    fn mistake(
        &self,
        code: Code,
        word: (usize, &str),
        message: impl Into<String>,
    ) -> Box<Diagnostic> {
        Box::new(Diagnostic::error(code, self.place(word), message))
    }

    fn verb(&mut self) -> Outcome<Verb> {
        let word = self.next("what happens")?;
        Ok(match word.1 {
            "crash" => Verb::Crash(self.who()?),
            "restart" => Verb::Restart(self.who()?),
            "stop" => Verb::Stop(self.who()?),
            "pause" => Verb::Pause(self.who()?, self.span("how long")?),
            "link" => self.link()?,
            "partition" => Verb::Partition(self.sides("|")?),
            "oneway" => {
                let mut sides = self.sides("->")?.into_iter();
                match (sides.next(), sides.next(), sides.next()) {
                    (Some(from), Some(to), None) => Verb::OneWay(from, to),
                    _ => {
                        let message = "two sides are needed, as in `oneway a -> b`";
                        return Err(self.mistake(Code::BadChoice, word, message));
                    }
                }
            }
            "heal" => Verb::Heal,
            "loss" => Verb::Loss(self.per_mille()?),
            "duplicate" => Verb::Duplicate(self.per_mille()?),
            "delay" => {
                let shortest = self.span("how long")?;
                let longest = match self.words.len() {
                    0 => shortest,
                    _ => self.span("how long at most")?,
                };
                Verb::Delay(shortest, longest.max(shortest))
            }
            other => {
                let message = format!("nothing is called `{other}`");
                let mistake = self.mistake(Code::UnknownKeyword, word, message);
                let known = mistake.suggest(other, VERBS);
                return Err(Box::new(
                    known.help(format!("there are: {}", VERBS.join(", "))),
                ));
            }
        })
    }

    fn link(&mut self) -> Outcome<Verb> {
        let who = self.who()?;
        let mut word = self.next("`down` or `up`")?;
        let mut interface = None;
        if !matches!(word.1, "down" | "up") {
            interface = Some(word.1.to_owned());
            word = self.next("`down` or `up`")?;
        }
        match word.1 {
            "down" => Ok(Verb::Link(who, interface, false)),
            "up" => Ok(Verb::Link(who, interface, true)),
            other => {
                let message = format!("`down` or `up` is expected, not `{other}`");
                Err(self.mistake(Code::BadChoice, word, message))
            }
        }
    }

    fn sides(&mut self, separator: &str) -> Outcome<Vec<Side>> {
        let mut sides = vec![Side::default()];
        let mut empty = true;
        while let Some(word) = self.words.next() {
            if word.1 == separator {
                if empty {
                    return Err(self.mistake(Code::MissingArgument, word, "a side has no host"));
                }
                sides.push(Side::default());
                empty = true;
                continue;
            }
            let who = match word.1 {
                "others" => None,
                _ => Some(self.host(word)?),
            };
            if let Some(side) = sides.last_mut() {
                side.others |= who.is_none();
                side.named.extend(who);
            }
            empty = false;
        }
        if empty {
            self.next("a host")?;
        }
        Ok(sides)
    }

    fn who(&mut self) -> Outcome<Who> {
        let word = self.next("a host")?;
        self.host(word)
    }

    fn host(&self, word: (usize, &str)) -> Outcome<Who> {
        let known = self.hosts.iter().position(|host| host == word.1);
        match (known, word.1) {
            (Some(index), _) => Ok(Who::Host(index)),
            (None, "master") => Ok(Who::Master),
            (None, other) => {
                let message = format!("there is no host `{other}`");
                let mistake = self.mistake(Code::UnknownName, word, message);
                let names = self.hosts.iter().map(String::as_str);
                let mistake = mistake.suggest(other, names.chain(["master"]));
                let list = self.hosts.join(", ");
                Err(Box::new(mistake.help(format!("there are: {list}, master"))))
            }
        }
    }

    fn span(&mut self, what: &str) -> Outcome<Duration> {
        let word = self.next(what)?;
        self.time(word)
    }

    fn time(&self, word: (usize, &str)) -> Outcome<Duration> {
        match word.1.parse() {
            Ok(Time(span)) => Ok(span),
            Err(error) => {
                let message = format!("`{}` is no span of time: {error}", word.1);
                Err(self.mistake(Code::BadNumber, word, message))
            }
        }
    }

    fn per_mille(&mut self) -> Outcome<u16> {
        let word = self.next("how many per cent")?;
        let number = word.1.strip_suffix('%').and_then(|number| {
            let (whole, tenths) = number.split_once('.').unwrap_or((number, "0"));
            let tenths = tenths.parse::<u8>().ok().filter(|_| tenths.len() == 1)?;
            let whole = whole.parse::<u16>().ok()?;
            Some(whole.checked_mul(10)?.saturating_add(u16::from(tenths)))
        });
        number.filter(|number| *number <= 1000).ok_or_else(|| {
            let message = "0% to 100% is expected, with one decimal at most";
            self.mistake(Code::BadNumber, word, message)
        })
    }
}

/// What happens, with the names of the hosts.
pub(super) struct StepText<'s> {
    pub(super) verb: &'s Verb,
    pub(super) names: &'s [String],
}

impl StepText<'_> {
    fn name(&self, who: Who) -> &str {
        match who {
            Who::Host(index) => self.names.get(index).map_or("nobody", String::as_str),
            Who::Master => "master",
        }
    }

    fn side(&self, side: &Side) -> String {
        let mut names: Vec<&str> = side.named.iter().map(|who| self.name(*who)).collect();
        if side.others {
            names.push("others");
        }
        names.join(" ")
    }
}

/// A clause: `a crashes`.
impl fmt::Display for StepText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = |f: &mut fmt::Formatter<'_>, what, share: u16| {
            write!(
                f,
                "{}.{}% of the packets are {what}",
                share / 10,
                share % 10
            )
        };
        match self.verb {
            Verb::StartAll => f.write_str("every host starts"),
            Verb::Crash(who) => write!(f, "{} crashes", self.name(*who)),
            Verb::Restart(who) => write!(f, "{} starts again", self.name(*who)),
            Verb::Stop(who) => write!(f, "{} is stopped (SIGTERM)", self.name(*who)),
            Verb::Pause(who, span) => {
                write!(f, "{} is paused for {span:?} (SIGSTOP)", self.name(*who))
            }
            Verb::Link(who, interface, up) => {
                let interface = interface.as_deref().unwrap_or("the first interface");
                let what = if *up { "regains" } else { "loses" };
                write!(f, "{interface} of {} {what} its carrier", self.name(*who))
            }
            Verb::Partition(sides) => {
                let sides: Vec<String> = sides.iter().map(|side| self.side(side)).collect();
                write!(f, "partition {}", sides.join(" | "))
            }
            Verb::OneWay(from, to) => {
                write!(
                    f,
                    "nothing gets from {} to {}",
                    self.side(from),
                    self.side(to)
                )
            }
            Verb::Heal => f.write_str("links heal"),
            Verb::Loss(share) => percent(f, "lost", *share),
            Verb::Duplicate(share) => percent(f, "doubled", *share),
            Verb::Delay(shortest, longest) if shortest == longest => {
                write!(f, "packets take {shortest:?}")
            }
            Verb::Delay(shortest, longest) => write!(f, "packets take {shortest:?} to {longest:?}"),
        }
    }
}
