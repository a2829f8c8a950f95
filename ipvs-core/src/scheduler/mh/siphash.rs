//! SipHash-1-3 of one 32-bit word, which is `hsiphash_1u32` of 64-bit kernels.

/// A key, already mixed into the state.
#[derive(Clone, Copy, Debug)]
pub(super) struct SipHash([u64; 4]);

impl SipHash {
    /// The hash whose key has `half` as either half.
    pub(super) const fn new(half: u64) -> Self {
        Self([
            half ^ 0x736f_6d65_7073_6575,
            half ^ 0x646f_7261_6e64_6f6d,
            half ^ 0x6c79_6765_6e65_7261,
            half ^ 0x7465_6462_7974_6573,
        ])
    }

    /// The low half of the hash of `word`.
    pub(super) const fn hash(self, word: u32) -> u32 {
        let block = 4 << 56 | word as u64;
        let [a, b, c, d] = self.0;
        let [a, b, c, d] = round([a, b, c, d ^ block]);
        let [a, b, c, d] = round(round(round([a ^ block, b, c ^ 0xff, d])));
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the kernel takes the low half"
        )]
        let low = (a ^ b ^ c ^ d) as u32;
        low
    }
}

const fn round([mut a, mut b, mut c, mut d]: [u64; 4]) -> [u64; 4] {
    a = a.wrapping_add(b);
    b = b.rotate_left(13) ^ a;
    a = a.rotate_left(32);
    c = c.wrapping_add(d);
    d = d.rotate_left(16) ^ c;
    a = a.wrapping_add(d);
    d = d.rotate_left(21) ^ a;
    c = c.wrapping_add(b);
    b = b.rotate_left(17) ^ c;
    c = c.rotate_left(32);
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    #[expect(
        deprecated,
        reason = "the only SipHash of the standard library with keys"
    )]
    use core::hash::{Hasher, SipHasher};

    use super::*;

    #[test]
    fn rounds_are_those_of_siphash() {
        // The standard library has SipHash-2-4: the same rounds, two and four of them.
        let half = 2_654_435_761;
        let block = 4 << 56 | 0x0102_0304;
        let [a, b, c, d] = SipHash::new(half).0;
        let [a, b, c, d] = round(round([a, b, c, d ^ block]));
        let [a, b, c, d] = round(round(round(round([a ^ block, b, c ^ 0xff, d]))));
        #[expect(deprecated, reason = "see above")]
        let mut reference = SipHasher::new_with_keys(half, half);
        reference.write(&0x0102_0304_u32.to_le_bytes());
        assert_eq!(a ^ b ^ c ^ d, reference.finish());
    }
}
