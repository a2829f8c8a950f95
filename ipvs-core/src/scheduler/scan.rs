//! Scans over the columns of a table.

/// How many destinations are compared before a branch.
const BLOCK: usize = 16;

/// The best so far: its position, and what it has in both columns.
pub(super) type Best<A, B> = (Option<usize>, A, B);

/// Goes through two columns for what is `better` than the best so far, which is then the best.
///
/// Better ones are rare, as each has to beat all before it. So whole blocks are compared with the
/// best so far without a branch, and only one that is `worth` it is gone through.
pub(super) fn best<A: Copy, B: Copy>(
    first: &[A],
    second: &[B],
    mut so_far: Best<A, B>,
    worth: impl Fn(&Best<A, B>, &[A; BLOCK], &[B; BLOCK]) -> bool,
    better: impl Fn(&Best<A, B>, A, B) -> bool,
) -> Option<usize> {
    let (first_blocks, first_rest) = first.as_chunks();
    let (second_blocks, second_rest) = second.as_chunks();
    let mut start = 0;
    for (firsts, seconds) in first_blocks.iter().zip(second_blocks) {
        if worth(&so_far, firsts, seconds) {
            improve(start, firsts, seconds, &mut so_far, &better);
        }
        start += BLOCK;
    }
    improve(start, first_rest, second_rest, &mut so_far, &better);
    so_far.0
}

/// As [`best`], where a block is worth it if any of it is better.
pub(super) fn first_best<A: Copy, B: Copy>(
    first: &[A],
    second: &[B],
    so_far: Best<A, B>,
    better: impl Fn(&Best<A, B>, A, B) -> bool,
) -> Option<usize> {
    let worth = |so_far: &Best<A, B>, firsts: &[A; BLOCK], seconds: &[B; BLOCK]| {
        let pairs = firsts.iter().zip(seconds);
        pairs.fold(false, |any, (&first, &second)| {
            any | better(so_far, first, second)
        })
    };
    best(first, second, so_far, worth, &better)
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

/// The first open destination whose cost for its weight is smallest.
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
    let (shares, costs) = (shares.get(first..)?, costs.get(first..)?);
    let so_far = (Some(0), *shares.first()?, *costs.first()?);
    // Without negative costs the sign of the difference of two unsigned products tells. Products
    // of 32 bits each are what vector units have; negative costs are left to `better`.
    let worth = |&(_, weight, least): &Best<i32, T>, shares: &[i32; BLOCK], costs: &[T; BLOCK]| {
        let least = cost(least);
        let (mut sign, mut negative) = (0_u64, least);
        let (least, weight) = (unsigned(least), unsigned(weight));
        for (&share, &other) in shares.iter().zip(costs) {
            let other = cost(other);
            let share = share & !(share >> 31);
            sign |= (unsigned(other) * weight).wrapping_sub(least * unsigned(share));
            negative |= other;
        }
        sign.cast_signed() < 0 || negative < 0
    };
    let better = |&(_, weight, least): &Best<i32, T>, share: i32, other: T| {
        let (least, other) = (i64::from(cost(least)), i64::from(cost(other)));
        least * i64::from(share) > other * i64::from(weight) && share >= floor
    };
    Some(first + best(shares, costs, so_far, worth, better)?)
}

const fn unsigned(value: i32) -> u64 {
    value.cast_unsigned() as u64
}
