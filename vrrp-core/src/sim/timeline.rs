//! The timeline of a simulation as text.

use alloc::collections::VecDeque;
use core::fmt;
use core::net::IpAddr;

use super::{Disturbance, RouterId};
use crate::{Instant, Priority, Transition};

const SECOND: u64 = 1_000_000_000;

/// One thing that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The LAN was disturbed.
    Disturbed(Disturbance),
    /// A router changed its role.
    Changed(RouterId, Transition),
    /// A router sent an advertisement. Recorded on request only.
    Advertised(RouterId, Priority),
    /// An advertisement reached a router. Recorded on request only.
    Heard(RouterId, IpAddr, Priority),
    /// A router announced its addresses, this many copies.
    Announced(RouterId, u16),
    /// A router asked its sync group to be elected.
    Candidate(RouterId),
}

/// A [`Happening`] and when it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, on the simulation's clock.
    pub at: Instant,
    /// What.
    pub what: Happening,
}

/// As `12.000000345 router 0: Backup -> Active because the active router fell silent`.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.at.as_nanos();
        write!(f, "{:>7}.{:09} ", nanos / SECOND, nanos % SECOND)?;
        match self.what {
            Happening::Disturbed(disturbance) => write!(f, "! {disturbance}"),
            Happening::Changed(
                id,
                Transition {
                    from,
                    to,
                    cause,
                    peer,
                },
            ) => {
                write!(f, "{id}: {from} -> {to} because {cause}")?;
                peer.map_or(Ok(()), |peer| write!(f, " ({peer})"))
            }
            Happening::Advertised(id, priority) => write!(f, "{id}: advertises {priority}"),
            Happening::Heard(id, from, priority) => write!(f, "{id}: hears {priority} from {from}"),
            Happening::Announced(id, copies) => write!(f, "{id}: announces {copies} times"),
            Happening::Candidate(id) => write!(f, "{id}: asks its group"),
        }
    }
}

/// The last entries of a simulation. Displays one per line.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    entries: VecDeque<Entry>,
    forgotten: u64,
    pub(super) adverts: bool,
}

impl Timeline {
    /// The most entries kept.
    pub const CAPACITY: usize = 4096;

    pub(super) fn record(&mut self, at: Instant, what: Happening) {
        if self.entries.len() == Self::CAPACITY {
            self.entries.pop_front();
            self.forgotten += 1;
        }
        self.entries.push_back(Entry { at, what });
    }

    /// The entries, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// How many entries there were, those included that are kept no longer.
    #[must_use]
    pub fn recorded(&self) -> u64 {
        self.forgotten + self.entries.len() as u64
    }

    /// The entries but the first `count` ever, oldest first, as far as they are kept.
    pub fn after(&self, count: u64) -> impl Iterator<Item = &Entry> {
        let skipped = usize::try_from(count.saturating_sub(self.forgotten));
        self.entries.iter().skip(skipped.unwrap_or(usize::MAX))
    }

    /// The changes of role, oldest first.
    pub fn transitions(&self) -> impl Iterator<Item = (Instant, RouterId, Transition)> {
        self.entries.iter().filter_map(|entry| match entry.what {
            Happening::Changed(id, transition) => Some((entry.at, id, transition)),
            Happening::Disturbed(_)
            | Happening::Advertised(..)
            | Happening::Heard(..)
            | Happening::Announced(..)
            | Happening::Candidate(_) => None,
        })
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.forgotten > 0 {
            writeln!(f, "({} earlier entries forgotten)", self.forgotten)?;
        }
        self.entries
            .iter()
            .try_for_each(|entry| writeln!(f, "{entry}"))
    }
}
