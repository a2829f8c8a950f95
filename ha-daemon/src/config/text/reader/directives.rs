//! The directives of the preprocessor: definitions, sequences and `include`.

use core::ops::Range;
use std::path::Path;
use std::rc::Rc;

use super::{Abandoned, Frame, Head, MAX_FILES, MAX_INCLUDE_DEPTH, MAX_NAMES, Reader, Sequence};
use crate::config::diagnostic::{Code, Diagnostic, Severity};
use crate::config::text::include::{self, Strictness};
use crate::config::text::line::Line;
use crate::config::text::macros::Definition;
use crate::config::text::source::Place;

impl Reader<'_> {
    /// `$NAME=value`, which goes on with the next line as long as lines end with a backslash.
    pub(super) fn define(&mut self, line: &Line, name: Range<usize>) {
        let key = line.text()[name.clone()].to_owned();
        let mut value = line.trimmed(name.end + 1..line.text().len());
        if !value.text().ends_with('\\') {
            self.macros
                .define(&key, Some(Definition::Text(Rc::new(value))));
            return;
        }
        let mut lines = Vec::new();
        while value.text().ends_with('\\') {
            let part = value.trimmed(0..value.text().len() - 1);
            if !part.is_blank() {
                lines.push(part);
            }
            match self.next_raw() {
                Some(next) => value = next.trimmed(0..next.text().len()),
                None => {
                    let place = line.place(0..line.text().len(), &self.sources);
                    let text = format!("the definition of `${key}` goes on behind the end");
                    self.diagnostics
                        .push(Diagnostic::error(Code::BadMacro, place, text));
                    break;
                }
            }
        }
        if !value.text().ends_with('\\') {
            lines.push(value);
        }
        self.macros
            .define(&key, Some(Definition::Lines(lines.into())));
    }

    /// Starts to repeat the template of a sequence.
    pub(super) fn repeat(&mut self, line: &Line, head: &Head) -> Result<(), String> {
        let parameters = line.slice(head.parameters.clone());
        let parameters = if parameters.text().contains('$') {
            match self.expand(&parameters) {
                Ok(expanded) => expanded.line.finish(),
                Err(Abandoned) => return Ok(()),
            }
        } else {
            parameters
        };
        let (names, values) = head
            .parse(parameters.text())
            .map_err(|error| error.to_string())?;
        let template = Rc::new(line.trimmed(head.template.clone()));
        if template.is_blank() {
            // However often: blank lines count against no limit.
            return Ok(());
        }
        let hidden = names
            .iter()
            .map(|name| self.macros.define(name, None))
            .collect();
        let sequence = Sequence {
            names,
            values,
            template,
        };
        self.frames.push(Frame::Sequence { sequence, hidden });
        Ok(())
    }

    /// Opens what an `include` names.
    pub(super) fn include(&mut self, line: &Line, behind: usize, strictness: Strictness) {
        let argument = line.trimmed(behind..line.text().len());
        let pattern = if argument.text().contains('$') {
            match self.expand(&argument) {
                Ok(expanded) => expanded.line.finish().text().to_owned(),
                Err(Abandoned) => return,
            }
        } else {
            argument.text().to_owned()
        };
        let pattern = pattern.trim_matches('"');
        let place = argument.place(0..argument.text().len(), &self.sources);
        if pattern.is_empty() {
            let place = line.place(0..line.text().len(), &self.sources);
            let text = "`include` needs the name of a file";
            self.diagnostics
                .push(Diagnostic::fatal(Code::MissingArgument, place, text));
            return;
        }
        let Some(directory) = self.file().and_then(|file| file.directory.clone()) else {
            let text = "no file can be included here";
            self.diagnostics
                .push(Diagnostic::error(Code::IncludeMissing, place, text));
            return;
        };
        let matches = include::files(pattern, &directory, &mut self.names_left);
        self.report_matches(&matches, pattern, place, strictness);
        if self.names_left == 0 {
            self.frames.clear();
            return;
        }
        self.frames.push(Frame::Includes {
            files: matches.files.into_iter(),
            place,
        });
    }

    fn report_matches(
        &mut self,
        matches: &include::Matches,
        pattern: &str,
        place: Place,
        strictness: Strictness,
    ) {
        for (path, why) in &matches.skipped {
            let severity = match strictness {
                Strictness::None => Severity::Warning,
                Strictness::Readable
                | Strictness::Match
                | Strictness::WildcardMatch
                | Strictness::BraceMatch
                | Strictness::All => Severity::Error,
            };
            let text = format!("`{}` {}", path.display(), why.reason());
            let diagnostic = Diagnostic::new(severity, Code::IncludeSkipped, place, text);
            self.diagnostics.push(diagnostic.label("not read"));
        }
        if matches.truncated {
            let (text, label) = if self.names_left == 0 {
                let text = format!("more than {MAX_NAMES} names were looked at for `include`");
                (text, "nothing is read from here on")
            } else {
                (format!("`{pattern}` names too many files"), "")
            };
            let diagnostic = Diagnostic::fatal(Code::IncludeLimit, place, text);
            self.diagnostics.push(diagnostic.label(label));
            return;
        }
        let is_glob = pattern.contains(['*', '?', '[']);
        if matches.lacks && strictness.misses(pattern, matches.looked) {
            let text = format!("`{pattern}` names no file");
            self.diagnostics
                .push(Diagnostic::error(Code::IncludeMissing, place, text));
        } else if matches.lacks && !is_glob {
            let text = format!("there is no file `{pattern}`");
            self.diagnostics
                .push(Diagnostic::warning(Code::IncludeMissing, place, text));
        }
    }

    /// Opens a file unless that would never end.
    pub(super) fn include_file(&mut self, path: &Path, place: Place) {
        if self.files >= MAX_FILES {
            let text = format!("more than {MAX_FILES} files");
            let diagnostic = Diagnostic::fatal(Code::IncludeLimit, place, text);
            self.diagnostics
                .push(diagnostic.label("nothing is read from here on"));
            self.frames.clear();
            return;
        }
        let canonical = path.canonicalize().ok();
        let ancestors: Vec<_> = core::iter::successors(Some(place), |place| {
            self.sources.get(place.span.source)?.included_at()
        })
        .take(MAX_INCLUDE_DEPTH)
        .collect();
        let is_open = ancestors.iter().any(|place| {
            canonical.is_some() && self.paths.get(&place.span.source) == canonical.as_ref()
        });
        let text = if is_open {
            format!("`{}` includes itself", path.display())
        } else if ancestors.len() >= MAX_INCLUDE_DEPTH {
            format!("files include each other more than {MAX_INCLUDE_DEPTH} deep")
        } else {
            self.open_file(path, Some(place));
            return;
        };
        let diagnostic = Diagnostic::error(Code::IncludeLimit, place, text);
        self.diagnostics
            .push(diagnostic.label("this file is left out"));
    }
}
