//! A set that finds duplicates and remembers the place of each first occurrence.

use core::hash::Hash;
use std::collections::HashMap;

use super::text::source::Place;

/// So many are looked through one by one.
const FEW: usize = 8;

/// Distinct things, and the place where each was given first.
#[derive(Debug)]
pub(super) struct Unique<T> {
    few: Vec<(T, Place)>,
    many: HashMap<T, Place>,
}

impl<T: Eq + Hash> Unique<T> {
    pub(super) fn new() -> Self {
        Self {
            few: Vec::new(),
            many: HashMap::new(),
        }
    }

    /// Adds a thing, unless it is there already: then says where it was given first.
    pub(super) fn add(&mut self, thing: T, place: Place) -> Option<Place> {
        let known = self.few.iter().find(|(known, _)| *known == thing);
        let known = known.map(|&(_, place)| place);
        if let Some(first) = known.or_else(|| self.many.get(&thing).copied()) {
            return Some(first);
        }
        if self.few.len() < FEW {
            self.few.push((thing, place));
        } else {
            self.many.insert(thing, place);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::text::source::Span;

    #[test]
    fn the_first_place_of_few_and_of_many_is_known() {
        let place = |start| Place {
            span: Span {
                start,
                ..Span::default()
            },
            via: None,
        };
        let mut unique = Unique::new();
        for number in 0..100 {
            assert_eq!(unique.add(number, place(number)), None);
        }
        for number in 0..100 {
            assert_eq!(unique.add(number, place(1000)), Some(place(number)));
        }
    }
}
