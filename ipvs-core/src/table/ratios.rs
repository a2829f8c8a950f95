//! The cost-to-weight ratios of destinations, comparable as integers.

use alloc::vec::Vec;

/// A cost for its weight of each destination, with 32 bits after the point.
///
/// Two ratios of weights up to 2¹⁶ that differ, differ by 2⁻³² or more, so that these order them
/// exactly. `ipvsadm` gives no greater weights; where there is one all the same, or a cost below
/// zero, its ratio is negative and ratios do not decide.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ratios(Vec<i64>);

/// Ratios do not decide the order of these destinations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unordered;

impl Ratios {
    /// Of a destination that is not open: more than any ratio.
    pub(crate) const NONE: i64 = i64::MAX;
    const UNKNOWN: i64 = -1;
    const MAX_WEIGHT: i32 = 1 << 16;

    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn insert(&mut self) {
        self.0.insert(0, Self::NONE);
    }

    pub(super) fn remove(&mut self, position: usize) {
        self.0.remove(position);
    }

    /// Sets the ratio of a destination of `share`: its weight, or less than 1 if it is not open.
    pub(super) fn set(&mut self, position: usize, share: i32, cost: i32) {
        if let Some(ratio) = self.0.get_mut(position) {
            *ratio = match share {
                _ if cost < 0 => Self::UNKNOWN,
                1..=Self::MAX_WEIGHT => (i64::from(cost) << 32) / i64::from(share),
                i32::MIN..=0 => Self::NONE,
                _ => Self::UNKNOWN,
            };
        }
    }

    pub(crate) fn column(&self) -> &[i64] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_cost_for_each_unit_of_weight() {
        let mut ratios = Ratios::new();
        ratios.insert();
        for (share, cost, ratio) in [
            (2, 1, 1 << 31),
            (1, 3, 3 << 32),
            (1 << 16, 1, 1 << 16),
            (5, 0, 0),
            (0, 1, i64::MAX),
            (-1, 1, i64::MAX),
            ((1 << 16) + 1, 1, -1),
            (1, -1, -1),
            (0, -1, -1),
        ] {
            ratios.set(0, share, cost);
            assert_eq!(ratios.column(), [ratio], "{cost} for {share}");
        }
    }
}
