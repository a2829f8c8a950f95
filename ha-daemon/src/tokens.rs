//! Ranges of poll tokens.

use mio::Token;

/// A range of tokens, with an index for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRange {
    first: usize,
    len: usize,
}

impl TokenRange {
    /// `len` tokens from `first` on.
    #[must_use]
    pub const fn new(first: usize, len: usize) -> Self {
        Self { first, len }
    }

    /// The next `len` tokens behind these.
    #[must_use]
    pub const fn next(self, len: usize) -> Self {
        Self::new(self.first + self.len, len)
    }

    /// The first token.
    #[must_use]
    pub const fn first(self) -> Token {
        Token(self.first)
    }

    /// The token of `index`; `None` behind the end.
    #[must_use]
    pub const fn token(self, index: usize) -> Option<Token> {
        if index < self.len {
            Some(Token(self.first + index))
        } else {
            None
        }
    }

    /// The index of `token`, if it is one of these.
    #[must_use]
    pub const fn index(self, token: Token) -> Option<usize> {
        match token.0.checked_sub(self.first) {
            Some(index) if index < self.len => Some(index),
            Some(_) | None => None,
        }
    }

    /// Whether `token` is one of these.
    #[must_use]
    pub const fn contains(self, token: Token) -> bool {
        self.index(token).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_where_the_next_begins() {
        let range = TokenRange::new(16, 3);
        assert_eq!(range.first(), Token(16));
        assert_eq!(range.token(2), Some(Token(18)));
        assert_eq!(range.token(3), None);
        assert_eq!(range.index(Token(15)), None);
        assert_eq!(range.index(Token(18)), Some(2));
        assert_eq!(range.index(Token(19)), None);
        assert_eq!(range.next(1).index(Token(19)), Some(0));
    }
}
