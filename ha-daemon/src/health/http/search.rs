//! The search of a body for a pattern, as it arrives and in slices of time.

use core::time::Duration;

use regex_automata::Anchored;
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::Cache;
use regex_automata::util::start;

use super::pattern::Pattern;
use super::{HttpFailure, PATTERN_TIME};
use crate::health::slice::Slice;

/// Where the search of a body is.
#[derive(Debug)]
pub(super) struct Search {
    /// What arrived and was not searched.
    waiting: Vec<u8>,
    /// How much of that is done with.
    done: usize,
    stage: Stage,
    /// The time it took so far.
    spent: Duration,
}

#[derive(Debug)]
enum Stage {
    /// So many octets before the first where a match may begin.
    Before {
        skip: u64,
        last: Option<u8>,
    },
    Within(Box<Within>),
    Found,
    /// No match can come any more.
    Failed,
}

#[derive(Debug)]
struct Within {
    cache: Cache,
    state: LazyStateID,
}

impl Search {
    /// A search of a body of which nothing arrived.
    pub(super) const fn new(pattern: &Pattern) -> Self {
        Self {
            waiting: Vec::new(),
            done: 0,
            stage: Stage::Before {
                skip: pattern.options().min_offset,
                last: None,
            },
            spent: Duration::ZERO,
        }
    }

    /// `octets` of the body arrived.
    pub(super) fn update(&mut self, octets: &[u8]) {
        if !self.is_over() {
            self.waiting.extend_from_slice(octets);
        }
    }

    /// Whether something arrived that is to be searched.
    pub(super) const fn is_behind(&self) -> bool {
        !self.is_over() && self.done < self.waiting.len()
    }

    /// Searches what arrived, while `slice` lasts.
    pub(super) fn go_on(&mut self, pattern: &Pattern, slice: &Slice) -> Result<(), HttpFailure> {
        let begun = slice.used();
        while self.is_behind() {
            self.stride(pattern);
            if slice.is_over() {
                break;
            }
        }
        self.spent += slice.used().saturating_sub(begun);
        if !self.is_behind() {
            self.waiting.clear();
            self.done = 0;
        } else if self.spent >= PATTERN_TIME {
            return Err(HttpFailure::Cost);
        }
        Ok(())
    }

    /// Whether the body, which is searched through and has ended, is as `pattern` wants it.
    pub(super) fn finish(mut self, pattern: &Pattern) -> bool {
        self.enter(pattern);
        if let Stage::Within(within) = &mut self.stage {
            let end = pattern.dfa.next_eoi_state(&mut within.cache, within.state);
            if end.is_ok_and(|state| state.is_match()) {
                self.stage = Stage::Found;
            }
        }
        matches!(self.stage, Stage::Found) != pattern.options().negated
    }

    const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Found | Stage::Failed)
    }

    /// Searches a few octets more.
    fn stride(&mut self, pattern: &Pattern) {
        self.skip();
        self.enter(pattern);
        let Stage::Within(within) = &mut self.stage else {
            return;
        };
        let Within { cache, state } = &mut **within;
        let octets = self.waiting.get(self.done..).unwrap_or_default();
        for octet in octets.iter().take(pattern.stride) {
            self.done += 1;
            match pattern.dfa.next_state(cache, *state, *octet) {
                Ok(next) if !next.is_tagged() || next.is_start() => *state = next,
                Ok(next) if next.is_match() => {
                    self.stage = Stage::Found;
                    return;
                }
                // There is no limit to how often the cache is cleared, and no octet that it does
                // not know.
                Ok(_) | Err(_) => {
                    self.stage = Stage::Failed;
                    return;
                }
            }
        }
    }

    /// Leaves out what lies before the first octet where a match may begin.
    fn skip(&mut self) {
        let Stage::Before { skip, last } = &mut self.stage else {
            return;
        };
        let octets = self.waiting.get(self.done..).unwrap_or_default();
        let length = usize::try_from(*skip).map_or(octets.len(), |skip| skip.min(octets.len()));
        let skipped = octets.get(..length).unwrap_or_default();
        if let Some(octet) = skipped.last() {
            *last = Some(*octet);
        }
        self.done += length;
        *skip -= length as u64;
    }

    /// Begins the search proper, once a match may begin.
    fn enter(&mut self, pattern: &Pattern) {
        let Stage::Before { skip: 0, last } = self.stage else {
            return;
        };
        let anchored = match pattern.options().max_offset {
            // The expression itself says where a match may begin.
            Some(_) => Anchored::Yes,
            None => Anchored::No,
        };
        let config = start::Config::new().look_behind(last).anchored(anchored);
        let mut cache = pattern.dfa.create_cache();
        self.stage = match pattern.dfa.start_state(&mut cache, &config) {
            Ok(state) if state.is_match() => Stage::Found,
            Ok(state) if state.is_dead() => Stage::Failed,
            Ok(state) => Stage::Within(Box::new(Within { cache, state })),
            Err(_) => Stage::Failed,
        };
    }
}

#[cfg(test)]
mod tests;
