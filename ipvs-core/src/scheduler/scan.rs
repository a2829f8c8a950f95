//! Scans over the columns of a table.
//!
//! Better destinations are rare, as each has to beat all before it. So whole blocks are compared
//! with the best so far without a branch, and only one that has a better is gone through.

use crate::table::{Ratios, Unordered};

/// How many destinations are compared before a branch.
const BLOCK: usize = 16;

/// The best so far: its position, and what it has in both columns.
pub(super) type Best<A, B> = (Option<usize>, A, B);

/// Goes through two columns for what is `better` than the best so far, which is then the best.
pub(super) fn first_best<A: Copy, B: Copy>(
    first: &[A],
    second: &[B],
    mut so_far: Best<A, B>,
    better: impl Fn(&Best<A, B>, A, B) -> bool,
) -> Option<usize> {
    let (first_blocks, first_rest) = first.as_chunks::<BLOCK>();
    let (second_blocks, second_rest) = second.as_chunks::<BLOCK>();
    let mut start = 0;
    for (firsts, seconds) in first_blocks.iter().zip(second_blocks) {
        let pairs = firsts.iter().zip(seconds);
        if pairs.fold(false, |any, (&first, &second)| {
            any | better(&so_far, first, second)
        }) {
            improve(start, firsts, seconds, &mut so_far, &better);
        }
        start += BLOCK;
    }
    improve(start, first_rest, second_rest, &mut so_far, &better);
    so_far.0
}

fn improve<A: Copy, B: Copy>(
    start: usize,
    first: &[A],
    second: &[B],
    so_far: &mut Best<A, B>,
    better: &impl Fn(&Best<A, B>, A, B) -> bool,
) {
    for (position, (&first, &second)) in (start..).zip(first.iter().zip(second)) {
        if better(so_far, first, second) {
            *so_far = (Some(position), first, second);
        }
    }
}

/// The first open destination of the smallest ratio, unless ratios do not decide.
pub(super) fn first_least(ratios: &Ratios) -> Result<Option<usize>, Unordered> {
    let (blocks, rest) = ratios.column().as_chunks::<BLOCK>();
    let (mut picked, mut least) = (None, Ratios::NONE);
    let mut start = 0;
    for block in blocks {
        // The sign of a difference is cheaper than a comparison where vectors have none of 64 bits.
        let signs = block
            .iter()
            .fold(0, |signs, ratio| signs | ratio.wrapping_sub(least));
        if signs < 0 {
            least_of(start, block, &mut picked, &mut least);
        }
        start += BLOCK;
    }
    least_of(start, rest, &mut picked, &mut least);
    if least < 0 {
        Err(Unordered)
    } else {
        Ok(picked)
    }
}

fn least_of(start: usize, ratios: &[i64], picked: &mut Option<usize>, least: &mut i64) {
    for (position, &ratio) in (start..).zip(ratios) {
        if ratio < *least {
            (*picked, *least) = (Some(position), ratio);
        }
    }
}

/// The first open destination whose cost for its weight is smallest, by the kernel's comparison.
///
/// As in the kernel only the first candidate has to have a weight. Later ones may do with a share
/// of `floor`: without weight they win only against nothing but negative costs.
pub(super) fn lightest<T: Copy>(
    shares: &[i32],
    costs: &[T],
    cost: impl Fn(T) -> i32,
    floor: i32,
) -> Option<usize> {
    let first = shares.iter().position(|&share| share > 0)?;
    let mut picked = first;
    let (mut weight, mut least) = (i64::from(*shares.get(first)?), cost(*costs.get(first)?));
    for (position, (&share, &other)) in shares.iter().zip(costs).enumerate().skip(first + 1) {
        let other = cost(other);
        if i64::from(least) * i64::from(share) > i64::from(other) * weight && share >= floor {
            (picked, weight, least) = (position, share.into(), other);
        }
    }
    Some(picked)
}
