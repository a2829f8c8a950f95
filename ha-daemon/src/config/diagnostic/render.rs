//! Diagnostics as text with carets, and as records for machines.

use core::ops::Range;
use std::borrow::Cow;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use crate::config::diagnostic::{Code, Diagnostic, Label, Severity};
use crate::config::text::source::{Place, Source, Sources, Span};

/// A place as a person counts: lines and columns from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Position {
    /// The file, as it was asked for.
    pub file: String,
    /// The line.
    pub line: usize,
    /// The column of the first character.
    pub column: usize,
    /// The last line.
    pub end_line: usize,
    /// The column behind the last character.
    pub end_column: usize,
}

impl Position {
    /// Where a place is; `None` if it is in none of the sources.
    #[must_use]
    pub fn of(place: Place, sources: &Sources) -> Option<Self> {
        let source = sources.get(place.span.source)?;
        let last = source.line(place.span.end.max(place.span.start + 1) - 1);
        Some(Self {
            file: source.name().to_owned(),
            line: source.line(place.span.start),
            column: source.column(place.span.start),
            end_line: last,
            end_column: source.column(place.span.end),
        })
    }
}

/// A [`Diagnostic`] for machines. Fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Record {
    /// `warning`, `error` or `fatal`.
    pub severity: &'static str,
    /// The [`Code`]'s name.
    pub code: &'static str,
    /// One clause.
    pub message: String,
    /// Where the offending text is.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// The offending text.
    pub text: String,
    /// What there is to say about it.
    pub label: String,
    /// Other places that have to do with it.
    pub related: Vec<Related>,
    /// The uses of macros that brought the text in, the innermost first.
    pub expanded_at: Vec<Position>,
    /// The `include` lines that brought the file in, the innermost first.
    pub included_at: Vec<Position>,
    /// What to do about it.
    pub help: Vec<String>,
}

/// Another place of a [`Record`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Related {
    /// Where.
    #[serde(flatten)]
    pub position: Option<Position>,
    /// What about it.
    pub message: String,
}

impl Diagnostic {
    /// The diagnostic for machines.
    #[must_use]
    pub fn record(&self, sources: &Sources) -> Record {
        let place = self.primary.place;
        let position = |place| Position::of(place, sources);
        Record {
            severity: match self.severity {
                Severity::Warning => "warning",
                Severity::Error => "error",
                Severity::Fatal => "fatal",
            },
            code: self.code.id(),
            message: self.message.clone(),
            position: position(place),
            text: sources.text(place.span).to_owned(),
            label: self.primary.text.clone(),
            related: self
                .secondary
                .iter()
                .map(|label| Related {
                    position: position(label.place),
                    message: label.text.clone(),
                })
                .collect(),
            expanded_at: uses(place, sources).filter_map(position).collect(),
            included_at: includes(place, sources).filter_map(position).collect(),
            help: self.help.clone(),
        }
    }

    /// Whether it is about a configuration or a file as a whole.
    const fn is_of_all(&self) -> bool {
        let Span { start, end, .. } = self.primary.place.span;
        matches!(self.code, Code::UnreadableFile | Code::NothingToRun) && start == end
    }

    /// The diagnostic as text of several lines, with ANSI colours if `colour`.
    #[must_use]
    pub fn render(&self, sources: &Sources, colour: bool) -> String {
        let level = match self.severity {
            Severity::Warning => Level::WARNING,
            Severity::Error | Severity::Fatal => Level::ERROR,
        };
        let mut labels = vec![(AnnotationKind::Primary, self.primary.clone())];
        labels.extend(uses(self.primary.place, sources).map(|place| {
            let text = "expanded here".to_owned();
            (AnnotationKind::Context, Label { place, text })
        }));
        labels.extend(
            self.secondary
                .iter()
                .map(|label| (AnnotationKind::Context, label.clone())),
        );
        let title = level.primary_title(&*self.message).id(self.code.id());
        let mut body: Group<'_> = Group::with_title(title);
        if !self.is_of_all() {
            body = body.elements(snippets(labels, sources));
        }
        for place in includes(self.primary.place, sources) {
            if let Some(at) = Position::of(place, sources) {
                let text = format!("included from {}:{}:{}", at.file, at.line, at.column);
                body = body.element(Level::NOTE.message(text));
            }
        }
        for help in &self.help {
            body = body.element(Level::HELP.message(&**help));
        }
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&[body])
    }
}

/// The uses of macros that led to `place`.
fn uses(place: Place, sources: &Sources) -> impl Iterator<Item = Place> {
    core::iter::successors(Some(place), |place| sources.used_at(place.via?)).skip(1)
}

/// The `include` lines that led to `place`.
fn includes(place: Place, sources: &Sources) -> impl Iterator<Item = Place> {
    core::iter::successors(Some(place), |place| {
        sources.get(place.span.source)?.included_at()
    })
    .skip(1)
}

/// Labels that are further apart than this many lines get a snippet each.
const NEAR: usize = 12;

/// The lines of one source that labels are on.
struct Excerpt<'s> {
    source: &'s Source,
    first: usize,
    last: usize,
    labels: Vec<(AnnotationKind, Label)>,
}

fn snippets(
    labels: Vec<(AnnotationKind, Label)>,
    sources: &Sources,
) -> Vec<Snippet<'_, Annotation<'_>>> {
    let mut excerpts: Vec<Excerpt<'_>> = Vec::new();
    for (kind, label) in labels {
        let span = label.place.span;
        let Some(source) = sources.get(span.source) else {
            continue;
        };
        let (first, last) = (source.line(span.start), source.line(span.end));
        let near = excerpts.iter_mut().find(|excerpt| {
            core::ptr::eq(excerpt.source, source)
                && first <= excerpt.last + NEAR
                && excerpt.first <= last + NEAR
        });
        match near {
            Some(excerpt) => {
                excerpt.first = excerpt.first.min(first);
                excerpt.last = excerpt.last.max(last);
                excerpt.labels.push((kind, label));
            }
            None => excerpts.push(Excerpt {
                source,
                first,
                last,
                labels: vec![(kind, label)],
            }),
        }
    }
    excerpts.into_iter().map(Excerpt::snippet).collect()
}

/// How many octets of a line are shown at most: more than one that is read may have.
const SHOWN: usize = 4096;

/// The text of an [`Excerpt`].
struct Text<'s> {
    text: Cow<'s, str>,
    /// Octets of the source, and where in the text they are.
    parts: Vec<(Range<usize>, usize)>,
}

impl Text<'_> {
    /// Where an octet of the source is; if that is not shown, the end of what is.
    fn offset(&self, at: usize) -> usize {
        let behind = self.parts.partition_point(|(part, _)| part.start <= at);
        let part = behind.checked_sub(1).and_then(|last| self.parts.get(last));
        part.map_or(0, |(part, start)| start + at.min(part.end) - part.start)
    }
}

impl<'s> Excerpt<'s> {
    fn snippet(self) -> Snippet<'s, Annotation<'s>> {
        let text = self.text();
        let annotations = self.labels.into_iter().map(|(kind, label)| {
            let span = label.place.span.range();
            let annotation = kind.span(text.offset(span.start)..text.offset(span.end));
            if label.text.is_empty() {
                annotation
            } else {
                annotation.label(label.text)
            }
        });
        let annotations: Vec<_> = annotations.collect();
        Snippet::source(text.text)
            .line_start(self.first)
            .path(self.source.name())
            .annotations(annotations)
    }

    fn text(&self) -> Text<'s> {
        let whole = self.source.text();
        let start = self.source.line_range(self.first).start;
        let end = self.source.line_range(self.last).end.max(start);
        if end - start <= SHOWN {
            return Text {
                text: whole.get(start..end).unwrap_or("").into(),
                parts: vec![(start..end, 0)],
            };
        }
        let (mut text, mut parts) = (String::new(), Vec::new());
        for number in self.first..=self.last {
            let line = self.source.line_range(number);
            let longest = line.end.min(line.start + SHOWN);
            let end = (line.start..=longest).rfind(|&end| whole.is_char_boundary(end));
            let part = line.start..end.unwrap_or(line.start);
            if number > self.first {
                text.push('\n');
            }
            parts.push((part.clone(), text.len()));
            text.push_str(whole.get(part).unwrap_or(""));
        }
        Text {
            text: text.into(),
            parts,
        }
    }
}
