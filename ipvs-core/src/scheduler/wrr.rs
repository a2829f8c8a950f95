//! Weighted round robin: passes over the list at falling weights (`ip_vs_wrr`).

use super::{Request, Schedule};
use crate::table::Table;

/// The model of `wrr`.
///
/// A pass serves every destination of at least the current weight; the next is lower by the
/// greatest common divisor of the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrr {
    /// The destination picked last; `None` is the list's head.
    cursor: Option<usize>,
    /// The weight of this pass.
    current: i32,
    /// The weight of the first pass.
    most: i32,
    /// The greatest common divisor of the weights, 1 without weights.
    step: i32,
}

impl Wrr {
    fn measure(&mut self, table: &Table) {
        let weights = (0..table.len()).map(|position| table.weight(position));
        let (step, most) = weights.fold((0, 0), |(step, most), weight| {
            (gcd(step, weight), i32::max(most, weight))
        });
        self.cursor = None;
        self.step = step.max(1);
        self.most = most - (self.step - 1);
    }

    fn changed(&mut self, table: &Table) {
        self.measure(table);
        if self.current > self.most || self.current == 0 {
            self.current = self.most;
        } else if self.step > 1 {
            self.current = (self.current / self.step) * self.step + 1;
        }
    }

    /// Passes at a weight that no open destination has find nothing: goes on to the first that
    /// may, or that is the last, as if they had been made.
    fn skip_idle_passes(&mut self, shares: &[i32]) {
        let most = shares.iter().copied().max().unwrap_or(0).max(self.step);
        if self.current > most {
            let above = self.current - most;
            let passes = above / self.step + i32::from(above % self.step != 0);
            self.current -= passes * self.step;
        }
    }
}

/// The greatest common divisor; 0 is divided by everything.
pub(super) const fn gcd(mut a: i32, mut b: i32) -> i32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Schedule for Wrr {
    fn start(&mut self, table: &Table) {
        self.measure(table);
        self.current = self.most;
    }

    fn added(&mut self, table: &Table) {
        self.changed(table);
    }

    fn removed(&mut self, table: &Table, _position: usize) {
        self.changed(table);
    }

    fn edited(&mut self, table: &Table) {
        self.changed(table);
    }

    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        if self.most == 0 {
            return None;
        }
        let shares = table.shares();
        let last = self.cursor;
        let (mut restarted, mut last_pass, mut stops) = (false, false, false);
        // A pass is over [from, to); one that stops ends with the destination picked last.
        let mut from = last.map_or(0, |cursor| cursor + 1);
        let mut to = shares.len();
        loop {
            let pass = shares.get(from..to).unwrap_or(&[]);
            if let Some(offset) = pass.iter().position(|&share| share >= self.current) {
                self.cursor = Some(from + offset);
                return self.cursor;
            }
            if stops {
                self.cursor = last;
                return None;
            }
            self.current -= self.step;
            if self.current <= 0 {
                self.current = self.most;
                if last_pass || last.is_none() {
                    self.cursor = None;
                    return None;
                }
                restarted = true;
            }
            self.skip_idle_passes(shares);
            last_pass = self.current <= self.step;
            from = 0;
            if let (true, true, Some(cursor)) = (last_pass, restarted, last) {
                to = cursor + 1;
                stops = true;
            }
        }
    }
}
