//! Suggestions: which known word a misspelt one was meant to be.

use crate::config::text::invisible;

/// Suggestions look at this many words.
const MAX_CANDIDATES: usize = 256;

/// What may still be compared to find suggestions, in pairs of letters.
#[derive(Debug)]
pub(super) struct Comparisons(usize);

impl Comparisons {
    /// For a whole configuration: enough for every diagnostic that is shown, unless very many words are
    /// long and alike.
    pub(super) const MOST: usize = 20_000_000;

    pub(super) const fn are_used_up(&self) -> bool {
        self.0 == 0
    }

    /// How many there were.
    #[cfg(test)]
    pub(super) const fn made(&self) -> usize {
        Self::MOST - self.0
    }
}

impl Default for Comparisons {
    fn default() -> Self {
        Self(Self::MOST)
    }
}

/// The word of `known` that `word` is most likely a misspelling of; none once `comparisons` are used up.
pub(super) fn closest<'k>(
    word: &str,
    known: impl IntoIterator<Item = &'k str>,
    comparisons: &mut Comparisons,
) -> Option<&'k str> {
    if word.len() > 64 || comparisons.are_used_up() {
        return None;
    }
    let word = invisible::removed(word).to_lowercase();
    let len = word.chars().count();
    let allowed = (len / 3).max(1);
    let letters = letters(&word);
    let (mut looked_at, mut compared) = (0, 0);
    let closest = known
        .into_iter()
        .take(MAX_CANDIDATES)
        .inspect(|known| looked_at += known.len())
        .filter(|known| known.chars().count().abs_diff(len) <= allowed)
        .map(|known| (known, known.to_lowercase()))
        .filter(|(_, lower)| apart(letters, self::letters(lower)) <= allowed)
        .map(|(known, lower)| {
            compared += word.len() * lower.len();
            (strsim::osa_distance(&word, &lower), known)
        })
        .filter(|&(distance, _)| distance <= allowed)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, known)| known);
    comparisons.0 = comparisons.0.saturating_sub(looked_at + compared);
    closest
}

/// Which characters there are in a word, as a set; some share a place.
fn letters(word: &str) -> u64 {
    word.chars()
        .fold(0, |letters, letter| letters | 1 << (u32::from(letter) % 64))
}

/// How many changes it takes at least from a word with these letters to one with those, as a change
/// makes at most one letter come and one go.
fn apart(these: u64, those: u64) -> usize {
    let missing = |from: u64, of: u64| (from & !of).count_ones() as usize;
    missing(these, those).max(missing(those, these))
}

/// Whether a word is one of some others, or a misspelling of one.
pub(in crate::config) fn is_like(word: &str, known: &[&str]) -> bool {
    known.contains(&word)
        || closest(word, known.iter().copied(), &mut Comparisons::default()).is_some()
}
