//! A set of ordered pairs of routers, as a bitmap.

/// A set of (from, to) pairs of routers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs(u16);

impl Pairs {
    const fn bit(from: usize, to: usize) -> u16 {
        1 << (from << 2 | to)
    }

    pub(super) const fn has(self, from: usize, to: usize) -> bool {
        self.0 & Self::bit(from, to) != 0
    }

    pub(super) const fn set(&mut self, from: usize, to: usize) {
        self.0 |= Self::bit(from, to);
    }

    pub(super) const fn clear(&mut self, from: usize, to: usize) {
        self.0 &= !Self::bit(from, to);
    }

    /// Removes every pair with `router` in it.
    pub(super) const fn forget(&mut self, router: usize) {
        self.0 &= !(0b1111 << (router << 2)) & !(0b0001_0001_0001_0001 << router);
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn word(self) -> u64 {
        self.0 as u64
    }
}
