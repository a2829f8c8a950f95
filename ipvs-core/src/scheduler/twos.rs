//! The power of two choices (`ip_vs_twos`).

use super::{Request, Schedule};
use crate::table::Table;

/// The model of `twos`: the lighter of two open destinations drawn by weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Twos;

/// A destination that was drawn.
#[derive(Clone, Copy)]
struct Choice {
    position: usize,
    weight: i32,
    load: i32,
}

impl Schedule for Twos {
    fn pick(&mut self, table: &Table, request: &Request) -> Option<usize> {
        let shares = table.shares();
        // Both ends of 0..=total are drawn; 32 bits that wrap, as in the kernel.
        let total = shares.iter().fold(0, |total: i32, &share| {
            total.wrapping_add(share & !(share >> 31))
        });
        let draws = request.draws.map(|draw| scale(draw, total.wrapping_add(1)));
        let [first, second] = draws.map(|draw| draw_from(table, draw));
        let last = shares.iter().rposition(|&share| share > 0)?;
        let (Some(first), Some(second)) = (first, second) else {
            return Some(first.map_or(last, |first| first.position));
        };
        let lighter =
            second.weight.wrapping_mul(first.load) > first.weight.wrapping_mul(second.load);
        Some(if lighter { second } else { first }.position)
    }
}

/// `draw` of 0..2³² brought to 0..`end`.
const fn scale(draw: u32, end: i32) -> i32 {
    let scaled = (draw as u64 * end.cast_unsigned() as u64) >> 32;
    let scaled = scaled as u32;
    scaled.cast_signed()
}

/// How many destinations are passed over at once.
const BLOCK: usize = 16;

/// The first open destination at which the weights add up to `draw`.
fn draw_from(table: &Table, draw: i32) -> Option<Choice> {
    let shares = table.shares();
    let mut left = draw;
    let mut start = 0;
    for block in shares.as_chunks::<BLOCK>().0 {
        let weights = block.iter().map(|&share| i64::from(share & !(share >> 31)));
        match i32::try_from(i64::from(left) - weights.sum::<i64>()) {
            Ok(after) if after > 0 => left = after,
            Ok(_) | Err(_) => break,
        }
        start += BLOCK;
    }
    let columns = shares.iter().zip(table.loads()).enumerate().skip(start);
    for (position, (&weight, &load)) in columns {
        if weight <= 0 {
            continue;
        }
        left = left.wrapping_sub(weight);
        if left <= 0 {
            return Some(Choice {
                position,
                weight,
                load,
            });
        }
    }
    None
}
