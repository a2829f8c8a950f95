//! Sets of status codes.

use core::fmt;
use core::ops::RangeInclusive;

const FIRST: u16 = 100;
const LAST: u16 = 599;

/// A set of status codes from 100 to 599 (`status_code`); 200–299 by default.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatusSet([u64; 8]);

/// A status code outside 100–599, or a range that ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("status codes are from 100 to 599, and a range begins with the lower")]
pub struct StatusError;

impl StatusSet {
    /// No status code.
    pub const EMPTY: Self = Self([0; 8]);

    /// Adds those of a range.
    ///
    /// # Errors
    /// [`StatusError`]; the set is as before.
    pub fn insert(&mut self, codes: RangeInclusive<u16>) -> Result<(), StatusError> {
        if codes.is_empty() || *codes.start() < FIRST || *codes.end() > LAST {
            return Err(StatusError);
        }
        for code in codes {
            let (word, bit) = Self::place(code);
            if let Some(word) = self.0.get_mut(word) {
                *word |= bit;
            }
        }
        Ok(())
    }

    /// Whether `code` is among them.
    #[must_use]
    pub fn contains(&self, code: u16) -> bool {
        let (word, bit) = Self::place(code);
        code >= FIRST && self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    const fn place(code: u16) -> (usize, u64) {
        let index = code.saturating_sub(FIRST);
        (index as usize / 64, 1 << (index % 64))
    }
}

impl Default for StatusSet {
    fn default() -> Self {
        let mut set = Self::EMPTY;
        let inserted = set.insert(200..=299);
        debug_assert_eq!(inserted, Ok(()));
        set
    }
}

/// As in a configuration: `200-299 404`.
impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut code = FIRST;
        while code <= LAST {
            if !self.contains(code) {
                code += 1;
                continue;
            }
            let first = code;
            while self.contains(code + 1) {
                code += 1;
            }
            write!(f, "{separator}{first}")?;
            if code > first {
                write!(f, "-{code}")?;
            }
            separator = " ";
            code += 1;
        }
        Ok(())
    }
}

impl fmt::Debug for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusSet({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_is_success() {
        let set = StatusSet::default();
        assert_eq!(set.to_string(), "200-299");
        let among = [0, 99, 100, 199, 200, 299, 300, 611, 65535].map(|code| set.contains(code));
        assert_eq!(
            among,
            [false, false, false, false, true, true, false, false, false]
        );
    }

    #[test]
    fn ranges_add_up() {
        let mut set = StatusSet::EMPTY;
        for range in [200..=200, 400..=498, 499..=499, 599..=599, 100..=100] {
            assert_eq!(set.insert(range), Ok(()));
        }
        assert_eq!(set.to_string(), "100 200 400-499 599");
    }

    #[test]
    fn ranges_beyond_are_refused() {
        let mut set = StatusSet::EMPTY;
        #[expect(clippy::reversed_empty_ranges, reason = "that is what is refused")]
        for range in [99..=200, 200..=600, 300..=299, 0..=0] {
            assert_eq!(set.insert(range), Err(StatusError));
        }
        assert_eq!(set, StatusSet::EMPTY);
    }
}
