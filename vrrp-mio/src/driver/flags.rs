//! A bitmap with one bit for each address of a virtual router.

/// How many flags a word has.
const WORD: usize = 64;

/// Flags by position, at first unset. Beyond the last one nothing is set.
#[derive(Debug)]
pub(super) enum Flags {
    Few(u64),
    Many(Box<[u64]>),
}

impl Flags {
    pub(super) fn new(count: usize) -> Self {
        if count <= WORD {
            Self::Few(0)
        } else {
            Self::Many(vec![0; count.div_ceil(WORD)].into_boxed_slice())
        }
    }

    pub(super) fn get(&self, position: usize) -> bool {
        let word = self.words().get(position / WORD);
        word.is_some_and(|word| word & mask(position) != 0)
    }

    pub(super) fn set(&mut self, position: usize, value: bool) {
        let words = match self {
            Self::Few(word) => core::slice::from_mut(word),
            Self::Many(words) => words,
        };
        if let Some(word) = words.get_mut(position / WORD) {
            *word = if value {
                *word | mask(position)
            } else {
                *word & !mask(position)
            };
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Few(word) => *word = 0,
            Self::Many(words) => words.fill(0),
        }
    }

    /// The positions that are set.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let positions = 0..self.words().len() * WORD;
        positions.filter(|position| self.get(*position))
    }

    const fn words(&self) -> &[u64] {
        match self {
            Self::Few(word) => core::slice::from_ref(word),
            Self::Many(words) => words,
        }
    }
}

const fn mask(position: usize) -> u64 {
    1 << (position % WORD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_position_has_a_flag_of_its_own() {
        for (count, positions) in [(1, &[0][..]), (64, &[0, 63]), (65, &[0, 63, 64])] {
            let mut flags = Flags::new(count);
            assert_eq!(flags.iter().count(), 0, "{count}");
            for position in positions {
                flags.set(*position, true);
            }
            assert!(flags.iter().eq(positions.iter().copied()), "{count}");
            assert!(positions.iter().all(|position| flags.get(*position)));
            flags.set(0, false);
            assert!(!flags.get(0));
            assert_eq!(flags.iter().count(), positions.len() - 1, "{count}");
            flags.clear();
            assert_eq!(flags.iter().count(), 0, "{count}");
        }
    }

    #[test]
    fn beyond_the_last_nothing_is_set() {
        for count in [0, 64, 65] {
            let mut flags = Flags::new(count);
            flags.set(128, true);
            assert!(!flags.get(128));
            assert_eq!(flags.iter().count(), 0);
        }
    }
}
