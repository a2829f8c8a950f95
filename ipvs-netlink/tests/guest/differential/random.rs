//! Reproducible random numbers (SplitMix64).

#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of `0..bound`; `bound` is not 0.
    pub(crate) fn below(&mut self, bound: u16) -> u16 {
        u16::try_from(self.next() % u64::from(bound)).unwrap()
    }

    pub(crate) fn one_in(&mut self, count: u16) -> bool {
        self.below(count) == 0
    }

    /// One of `items`, of which there is one.
    pub(crate) fn of<T: Copy>(&mut self, items: &[T]) -> T {
        let count = u16::try_from(items.len()).unwrap();
        items[usize::from(self.below(count))]
    }
}
