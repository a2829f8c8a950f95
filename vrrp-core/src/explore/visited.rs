//! The set of visited states, by 64-bit fingerprint.

use alloc::vec;
use alloc::vec::Vec;

/// Mixes words into 64 bits by folded multiplication.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) const fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    #[inline]
    pub(super) const fn add(&mut self, word: u64) {
        self.0 = fold(self.0 ^ word, 0xa076_1d64_78bd_642f) ^ self.0.rotate_left(23);
    }

    /// Never zero.
    #[inline]
    pub(super) const fn finish(self) -> u64 {
        let mixed = fold(self.0, 0xe703_7ed1_a0b4_28db);
        if mixed == 0 { 1 } else { mixed }
    }
}

#[inline]
const fn fold(one: u64, other: u64) -> u64 {
    let product = one as u128 * other as u128;
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    {
        product as u64 ^ (product >> 64) as u64
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// Zero where the slot is free.
    fingerprint: u64,
    index: u32,
}

/// Numbers fingerprints in the order they first come: open addressing, at most half full.
#[derive(Debug)]
pub(super) struct Visited {
    slots: Vec<Slot>,
    len: u32,
}

/// A fingerprint's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    New(u32),
    Known(u32),
}

impl Visited {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![Slot::default(); 1 << 12],
            len: 0,
        }
    }

    pub(super) fn number(&mut self, fingerprint: u64) -> Number {
        let at = self.find(fingerprint);
        let index = self.len;
        let slot = &mut self.slots[at];
        if slot.fingerprint != 0 {
            return Number::Known(slot.index);
        }
        *slot = Slot { fingerprint, index };
        self.len += 1;
        if self.len as usize * 2 > self.slots.len() {
            self.grow();
        }
        Number::New(index)
    }

    pub(super) fn known(&self, fingerprint: u64) -> Option<u32> {
        let slot = self.slots[self.find(fingerprint)];
        (slot.fingerprint != 0).then_some(slot.index)
    }

    /// Where a fingerprint is or belongs.
    #[inline]
    fn find(&self, fingerprint: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = (fingerprint >> 20) as usize & mask;
        while self.slots[at].fingerprint != 0 && self.slots[at].fingerprint != fingerprint {
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let grown = vec![Slot::default(); self.slots.len() * 4];
        let old = core::mem::replace(&mut self.slots, grown);
        for slot in old.into_iter().filter(|slot| slot.fingerprint != 0) {
            let at = self.find(slot.fingerprint);
            self.slots[at] = slot;
        }
    }
}
