//! The grouping of similar diagnostics.

use core::fmt;
use std::collections::HashMap;

use crate::config::{Code, Diagnostic, Loaded, Position, Severity};

/// So many that say the same are shown each.
const ALIKE: usize = 3;
/// So many of a kind are shown each.
const OF_A_KIND: usize = 30;
/// So many places are listed.
const LISTED: usize = 10;

/// Every diagnostic, for a person: those that say the same as another are only counted, and so are
/// those of a kind of which there are many.
pub(super) struct Grouped<'l> {
    loaded: &'l Loaded,
    colour: bool,
}

impl<'l> Grouped<'l> {
    pub(super) const fn new(loaded: &'l Loaded, colour: bool) -> Self {
        Self { loaded, colour }
    }

    /// For each diagnostic the others that say the same, if it is the first of many.
    fn groups(&self) -> Vec<(&'l Diagnostic, Vec<&'l Diagnostic>)> {
        let mut alike: HashMap<_, Vec<&Diagnostic>> = HashMap::new();
        for diagnostic in &self.loaded.diagnostics {
            alike.entry(key(diagnostic)).or_default().push(diagnostic);
        }
        let each = self.loaded.diagnostics.iter();
        each.filter_map(|diagnostic| match alike.get_mut(&key(diagnostic)) {
            Some(all) if all.len() > ALIKE => {
                let others = all.drain(..).skip(1).collect();
                Some((diagnostic, others))
            }
            // Its first one has taken it.
            Some(all) if all.is_empty() => None,
            Some(_) | None => Some((diagnostic, Vec::new())),
        })
        .collect()
    }

    /// Lines, with their files where there are several.
    fn lines(&self, diagnostics: &[&Diagnostic]) -> String {
        let several = self.loaded.sources.iter().nth(1).is_some();
        let places = diagnostics.iter().filter_map(|diagnostic| {
            let at = Position::of(diagnostic.primary.place, &self.loaded.sources)?;
            Some(if several {
                format!("{}:{}", at.file, at.line)
            } else {
                at.line.to_string()
            })
        });
        let mut places: Vec<_> = places.collect();
        places.dedup();
        let more = if places.len() > LISTED { ", …" } else { "" };
        places.truncate(LISTED);
        let noun = if places.len() == 1 { "line" } else { "lines" };
        format!("{noun} {}{more}", places.join(", "))
    }
}

/// What two diagnostics that say the same agree in.
fn key(diagnostic: &Diagnostic) -> (Severity, Code, &str) {
    (diagnostic.severity, diagnostic.code, &diagnostic.message)
}

impl fmt::Display for Grouped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sources = &self.loaded.sources;
        let mut kinds: HashMap<(Severity, Code), usize> = HashMap::new();
        let mut rest: Vec<((Severity, Code), Vec<&Diagnostic>)> = Vec::new();
        for (diagnostic, others) in self.groups() {
            let kind = (diagnostic.severity, diagnostic.code);
            let count = kinds.entry(kind).or_default();
            *count += 1;
            if *count > OF_A_KIND {
                let all = core::iter::once(diagnostic).chain(others);
                match rest.iter_mut().find(|(other, _)| *other == kind) {
                    Some((_, hidden)) => hidden.extend(all),
                    None => rest.push((kind, all.collect())),
                }
            } else if others.is_empty() {
                write!(f, "{}\n\n", diagnostic.render(sources, self.colour))?;
            } else {
                let also = format!("{} more of these, in {}", others.len(), self.lines(&others));
                let one = diagnostic.clone().help(also);
                write!(f, "{}\n\n", one.render(sources, self.colour))?;
            }
        }
        for ((severity, code), hidden) in rest {
            let level = match severity {
                Severity::Warning => "warning",
                Severity::Error | Severity::Fatal => "error",
            };
            let (count, lines) = (hidden.len(), self.lines(&hidden));
            write!(f, "{level}[{}]: {count} more, in {lines}\n\n", code.id())?;
        }
        Ok(())
    }
}
