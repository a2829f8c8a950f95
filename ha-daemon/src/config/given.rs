//! The keywords that a block has given so far, and their places.

use super::diagnostic::{Code, Diagnostic, Diagnostics};
use super::text::source::Place;

/// A keyword that was given.
#[derive(Clone, Copy, Debug)]
struct Given {
    /// What it sets: several keywords may set the same.
    key: &'static str,
    name: &'static str,
    place: Place,
}

/// The keywords so far, each where it was given last.
#[derive(Debug, Default)]
pub(super) struct GivenKeywords(Vec<Given>);

impl GivenKeywords {
    pub(super) const NONE: Self = Self(Vec::new());

    /// Where what `key` stands for was set.
    pub(super) fn place(&self, key: &str) -> Option<Place> {
        let mut given = self.0.iter();
        given
            .find(|given| given.key == key)
            .map(|given| given.place)
    }

    /// Remembers a keyword, unless it was given before.
    pub(super) fn first(&mut self, key: &'static str, place: Place) {
        if self.place(key).is_none() {
            let name = key;
            self.0.push(Given { key, name, place });
        }
    }

    /// Remembers that `name`, which sets `key`, was given; reports it if that was set before.
    pub(super) fn note(
        &mut self,
        key: &'static str,
        name: &'static str,
        place: Place,
        diagnostics: &mut Diagnostics,
    ) {
        let given = Given { key, name, place };
        let Some(before) = self.0.iter_mut().find(|given| given.key == key) else {
            self.0.push(given);
            return;
        };
        let text = if before.name == name {
            format!("`{name}` is set twice")
        } else {
            format!("`{}` and `{name}` set the same", before.name)
        };
        let diagnostic = Diagnostic::warning(Code::Repeated, place, text)
            .label("this one counts")
            .and(before.place, "first set here");
        *before = given;
        diagnostics.push(diagnostic);
    }
}
