//! Round robin: the next open destination in the list (`ip_vs_rr`).

use super::{Request, Schedule};
use crate::table::Table;

/// The model of `rr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rr {
    /// The destination picked last; `None` is the list's head, before the first.
    cursor: Option<usize>,
}

impl Schedule for Rr {
    fn start(&mut self, _table: &Table) {
        self.cursor = None;
    }

    fn added(&mut self, _table: &Table) {
        self.cursor = self.cursor.map(|cursor| cursor + 1);
    }

    fn removed(&mut self, _table: &Table, position: usize) {
        // A cursor whose destination goes falls back to the one before it.
        self.cursor = match self.cursor {
            Some(cursor) if cursor >= position => cursor.checked_sub(1),
            kept => kept,
        };
    }

    fn pick(&mut self, table: &Table, _request: &Request) -> Option<usize> {
        let shares = table.shares();
        let after = self.cursor.map_or(0, |cursor| cursor + 1);
        let open = |shares: &[i32]| shares.iter().position(|&share| share > 0);
        let tail = shares.get(after..).and_then(open);
        let picked = match tail {
            Some(offset) => after + offset,
            None => shares.get(..after).and_then(open)?,
        };
        self.cursor = Some(picked);
        Some(picked)
    }
}
