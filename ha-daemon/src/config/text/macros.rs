//! Macros: `$NAME=…` definitions and their expansion.

use core::ops::Range;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::config::LoadOptions;
use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::text::blank::{is_blank, trimmed};
use crate::config::text::line::{Assembly, Line};
use crate::config::text::sequence::Head;
use crate::config::text::source::{Place, Sources};

/// Macros may use macros to this depth.
const MAX_DEPTH: usize = 32;
/// The longest line, as in keepalived.
pub(in crate::config) const MAX_LINE: usize = 1023;

/// What a name stands for.
#[derive(Clone, Debug)]
pub(in crate::config) enum Definition {
    /// A text, not yet expanded itself.
    Text(Rc<Line>),
    /// Several lines.
    Lines(Rc<[Line]>),
    /// The current value of a `~SEQ` or `~LST`.
    Value(Rc<str>),
}

/// A line with its variables replaced.
#[derive(Debug, Default)]
pub(in crate::config) struct Expanded {
    pub(in crate::config) line: Assembly,
    /// The lines of a macro at the end of the line that follow its first line.
    pub(in crate::config) following: Vec<Line>,
}

/// What expansion needs besides the definitions.
pub(in crate::config) struct Surroundings<'r> {
    pub(in crate::config) options: &'r LoadOptions,
    pub(in crate::config) sources: &'r mut Sources,
    pub(in crate::config) diagnostics: &'r mut Diagnostics,
    /// `${_PWD}`.
    pub(in crate::config) directory: &'r str,
    /// How many more replacements may be done, and lines brought in by them; `None` once more than
    /// that were asked for.
    pub(in crate::config) budget: &'r mut Option<usize>,
}

#[derive(Debug)]
pub(in crate::config) struct Macros {
    names: BTreeMap<String, Definition>,
    random: u64,
}

/// Why a line was given up; it has been reported.
#[derive(Debug)]
pub(in crate::config) struct Abandoned;

/// A `$…` in a line.
struct Variable<'l> {
    /// All of it.
    range: Range<usize>,
    /// What is between the braces, or the name.
    inner: &'l str,
    braced: bool,
}

impl Macros {
    pub(in crate::config) fn new(seed: u64) -> Self {
        Self {
            names: BTreeMap::new(),
            random: seed,
        }
    }

    /// Gives `name` a meaning; `None` takes it away. Returns the meaning it had.
    pub(in crate::config) fn define(
        &mut self,
        name: &str,
        to: Option<Definition>,
    ) -> Option<Definition> {
        match to {
            Some(definition) => self.names.insert(name.to_owned(), definition),
            None => self.names.remove(name),
        }
    }

    /// Replaces every variable of `line`, late bound and recursively. Those that are not defined
    /// stay.
    pub(in crate::config) fn expand(
        &mut self,
        line: &Line,
        around: &mut Surroundings<'_>,
    ) -> Result<Expanded, Abandoned> {
        let mut expanded = Expanded::default();
        self.expand_into(line, around, &mut expanded)?;
        Ok(expanded)
    }

    /// Whether a line starts with a macro that starts with a sequence, perhaps by way of others.
    pub(in crate::config) fn leads_to_sequence(&self, line: &str) -> bool {
        let mut text = line;
        (0..=MAX_DEPTH).any(|depth| {
            if depth > 0 && Head::find(text).is_some() {
                return true;
            }
            text = self.leading(text).map_or("", |(_, first, _)| first.text());
            false
        })
    }

    /// The variable a text starts with, and the first line of the macro and the others.
    fn leading<'s>(&'s self, text: &'s str) -> Option<(Variable<'s>, &'s Line, &'s [Line])> {
        let variable = next_variable(text, 0).filter(|variable| variable.range.start == 0)?;
        if !variable.braced && !ends_here(text, variable.range.end) {
            return None;
        }
        let rest = text.get(variable.range.end..).unwrap_or("");
        match self.names.get(variable.inner)? {
            Definition::Text(line) => Some((variable, line, &[])),
            Definition::Lines(lines) if trimmed(rest).is_empty() => {
                let (first, following) = lines.split_first()?;
                Some((variable, first, following))
            }
            Definition::Lines(_) | Definition::Value(_) => None,
        }
    }

    /// Replaces the macro a line starts with, until it starts with a sequence; nothing else.
    pub(in crate::config) fn unfold(
        &self,
        line: &Line,
        around: &mut Surroundings<'_>,
    ) -> Result<Expanded, Abandoned> {
        let mut expanded = Expanded::default();
        let mut line = line.clone();
        let mut rests = Vec::new();
        while rests.is_empty() || Head::find(line.text()).is_none() {
            let Some((variable, first, following)) = self.leading(line.text()) else {
                break;
            };
            let place = line.place(variable.range.clone(), around.sources);
            around.enter(place, following.len())?;
            let via = around.sources.add_use(place);
            let following = following.iter().map(|line| line.used(via));
            expanded.following.splice(0..0, following);
            let first = first.used(via);
            rests.push(line.slice(variable.range.end..line.text().len()));
            line = first;
        }
        for part in core::iter::once(&line).chain(rests.iter().rev()) {
            expanded.line.push(part, 0..part.text().len());
            if expanded.line.len() > MAX_LINE {
                let place = part.place(0..part.text().len(), around.sources);
                return around.abandon(Code::LineTooLong, place, "the line gets too long here");
            }
        }
        Ok(expanded)
    }

    fn expand_into(
        &mut self,
        line: &Line,
        around: &mut Surroundings<'_>,
        out: &mut Expanded,
    ) -> Result<(), Abandoned> {
        let mut copied = 0;
        while let Some(variable) = next_variable(line.text(), copied) {
            out.line.push(line, copied..variable.range.start);
            copied = variable.range.end;
            let place = line.place(variable.range.clone(), around.sources);
            let is_last = line
                .text()
                .get(copied..)
                .is_none_or(|rest| trimmed(rest).is_empty());
            around.enter(place, 0)?;
            let definition = self.names.get(variable.inner).cloned();
            match definition {
                Some(_) if !variable.braced && !ends_here(line.text(), copied) => {
                    let name = variable.inner;
                    let help = "without braces a blank, `,` or `)` has to follow";
                    around.diagnostics.push(
                        unreplaced(place, format!("`${name}` is not replaced here"))
                            .help(format!("write `${{{name}}}`: {help}")),
                    );
                    out.line.push(line, variable.range);
                }
                Some(Definition::Value(value)) => out.line.push_generated(&value, place),
                Some(Definition::Text(text)) => {
                    let via = around.sources.add_use(place);
                    self.expand_into(&text.used(via), around, out)?;
                }
                Some(Definition::Lines(lines)) if is_last && out.following.is_empty() => {
                    around.enter(place, lines.len())?;
                    let via = around.sources.add_use(place);
                    let mut lines = lines.iter().map(|line| line.used(via));
                    if let Some(first) = lines.next() {
                        let rest: Vec<_> = lines.collect();
                        self.expand_into(&first, around, out)?;
                        out.following.extend(rest);
                    }
                }
                Some(Definition::Lines(_)) => {
                    let text = format!("`${}` has several lines", variable.inner);
                    around.diagnostics.push(
                        Diagnostic::error(Code::UndefinedVariable, place, text)
                            .label("only replaced at the end of a line"),
                    );
                    out.line.push(line, variable.range);
                }
                None => match self.built_in(&variable, around) {
                    Some(value) => out.line.push_generated(&value, place),
                    None => {
                        let names = self.names.keys().map(String::as_str);
                        let text = format!("`{}` is not defined", variable.inner);
                        let diagnostic = unreplaced(place, text);
                        around
                            .diagnostics
                            .push_suggesting(diagnostic, variable.inner, names);
                        out.line.push(line, variable.range);
                    }
                },
            }
            if out.line.len() > MAX_LINE {
                return around.abandon(Code::LineTooLong, place, "the line gets too long here");
            }
        }
        out.line.push(line, copied..line.text().len());
        Ok(())
    }

    fn built_in(&mut self, variable: &Variable<'_>, around: &Surroundings<'_>) -> Option<String> {
        if !variable.braced {
            return None;
        }
        let mut words = variable.inner.split_ascii_whitespace();
        let value = match words.next()? {
            "_HASH" => "#".to_owned(),
            "_BANG" => "!".to_owned(),
            "_PWD" => around.directory.to_owned(),
            "_INSTANCE" => around.options.instance.clone(),
            "_ENV" => around.options.environment.get(words.next()?)?.clone(),
            "_RANDOM" => {
                let low = words.next().map_or(Ok(0), str::parse::<u32>).ok()?;
                let high = words.next().map_or(Ok(32_767), str::parse::<u32>).ok()?;
                let width = u64::from(high.checked_sub(low)?) + 1;
                (u64::from(low) + self.next_random() % width).to_string()
            }
            _ => return None,
        };
        words.next().is_none().then_some(value)
    }

    /// SplitMix64.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl Surroundings<'_> {
    fn spend(&mut self, count: usize) -> bool {
        *self.budget = self.budget.and_then(|left| left.checked_sub(count));
        self.budget.is_some()
    }

    /// Counts a macro used at `place`, which brings in `lines` besides the first one.
    fn enter(&mut self, place: Place, lines: usize) -> Result<(), Abandoned> {
        if !self.spend(1 + lines) {
            let text = "more macros are replaced than there may be";
            self.diagnostics.push(
                Diagnostic::fatal(Code::ExpansionLimit, place, text)
                    .label("nothing is read from here on"),
            );
            return Err(Abandoned);
        }
        if self.sources.depth(place) > MAX_DEPTH {
            return self.abandon(Code::BadMacro, place, "macros use each other without end");
        }
        Ok(())
    }

    fn abandon<T>(&mut self, code: Code, place: Place, text: &str) -> Result<T, Abandoned> {
        self.diagnostics
            .push(Diagnostic::error(code, place, text).label("this line is left out"));
        Err(Abandoned)
    }
}

/// A `$…` that stays as it is.
fn unreplaced(place: Place, text: String) -> Diagnostic {
    Diagnostic::warning(Code::UndefinedVariable, place, text).label("stays as it is written")
}

/// The next `${…}` or `$NAME` at or behind `from`.
fn next_variable(text: &str, from: usize) -> Option<Variable<'_>> {
    let mut at = from;
    loop {
        let start = at + text.get(at..)?.find('$')?;
        let rest = text.get(start + 1..)?;
        if let Some(inner) = rest.strip_prefix('{') {
            let len = inner.find('}')?;
            return Some(Variable {
                range: start..start + len + 3,
                inner: &inner[..len],
                braced: true,
            });
        }
        let len = name_len(rest);
        if len > 0 {
            return Some(Variable {
                range: start..start + 1 + len,
                inner: &rest[..len],
                braced: false,
            });
        }
        at = start + 1;
    }
}

/// The length of the name that `text` starts with.
pub(in crate::config) fn name_len(text: &str) -> usize {
    let is_name = |c: char| c == '_' || c.is_ascii_alphanumeric();
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c| !is_name(c)).unwrap_or(text.len())
}

/// Whether `$NAME` may end at `at`.
fn ends_here(text: &str, at: usize) -> bool {
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    next.is_none_or(|next| is_blank(next) || next == ',' || next == ')')
}
