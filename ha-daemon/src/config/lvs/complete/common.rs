//! The parts that many checks have in common: equal ones are kept once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::config::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::config::lvs::http::{PatternDraft, UrlDraft};
use crate::health::http::{Pattern, PatternOptions, RequestText, Url};
use crate::health::schedule::Timing;

/// What checks have been given so far.
#[derive(Debug, Default)]
pub(super) struct Common {
    timing: Option<Arc<Timing>>,
    urls: HashSet<Arc<Url>>,
    /// By text and options; the error says why one cannot be compiled.
    patterns: HashMap<(String, PatternOptions), Result<Pattern, String>>,
}

impl Common {
    /// A timing, which most often is that of the check before.
    pub(super) fn timing(&mut self, timing: Timing) -> Arc<Timing> {
        match &self.timing {
            Some(last) if **last == timing => Arc::clone(last),
            Some(_) | None => Arc::clone(self.timing.insert(Arc::new(timing))),
        }
    }

    /// A page of `host` unless it has one of its own. A pattern that cannot be compiled is reported.
    pub(super) fn url(
        &mut self,
        draft: UrlDraft,
        host: Option<&RequestText>,
        diagnostics: &mut Diagnostics,
    ) -> Arc<Url> {
        let UrlDraft { mut url, pattern } = draft;
        url.virtualhost = url.virtualhost.or_else(|| host.cloned());
        url.pattern = pattern.and_then(|pattern| self.pattern(pattern, diagnostics));
        if let Some(known) = self.urls.get(&url) {
            return Arc::clone(known);
        }
        let url = Arc::new(url);
        self.urls.insert(Arc::clone(&url));
        url
    }

    fn pattern(&mut self, draft: PatternDraft, diagnostics: &mut Diagnostics) -> Option<Pattern> {
        let PatternDraft {
            text,
            place,
            options,
        } = draft;
        let entry = self.patterns.entry((text.clone(), options));
        let compiled = entry.or_insert_with(|| {
            let compiled = Pattern::new(&text, options);
            compiled.map_err(|error| error.to_string())
        });
        let error = match compiled {
            Ok(pattern) => return Some(pattern.clone()),
            Err(error) => error,
        };
        let text = format!("the regex {text:?} cannot be used: {error}");
        diagnostics.push(
            Diagnostic::fatal(Code::BadRegex, place, text)
                .help("of what PCRE has, look-around and back-references are not available"),
        );
        None
    }
}
