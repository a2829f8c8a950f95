//! The steps that lead from one state to the next, and the flaws that can be found.

use core::fmt;

/// One thing that happens at one instant, or the wait until the next.
///
/// Packets are numbered as the state orders them, waits as the [`Model`](super::Model) lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Until the next thing is due.
    Wait,
    Deliver {
        packet: u8,
    },
    /// A timer fires.
    Fire {
        router: u8,
    },
    /// A start, the return of a carrier or a pause is over.
    Wake {
        router: u8,
    },
    /// The [`Resigner`](super::Resigner) sends.
    Resign,
    Return {
        router: u8,
        wait: u8,
    },
    Drop {
        packet: u8,
    },
    Duplicate {
        packet: u8,
    },
    Crash {
        router: u8,
    },
    Shutdown {
        router: u8,
    },
    LoseCarrier {
        router: u8,
    },
    Pause {
        router: u8,
        wait: u8,
    },
    Isolate {
        router: u8,
    },
    Cut {
        from: u8,
        to: u8,
    },
    Heal,
}

impl Step {
    /// Whether this happens by itself, without anybody disturbing the LAN.
    pub(super) const fn is_calm(self) -> bool {
        match self {
            Self::Wait
            | Self::Deliver { .. }
            | Self::Fire { .. }
            | Self::Wake { .. }
            | Self::Resign => true,
            Self::Return { .. }
            | Self::Drop { .. }
            | Self::Duplicate { .. }
            | Self::Crash { .. }
            | Self::Shutdown { .. }
            | Self::LoseCarrier { .. }
            | Self::Pause { .. }
            | Self::Isolate { .. }
            | Self::Cut { .. }
            | Self::Heal => false,
        }
    }
}

/// What is wrong with a state, a step or a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// A backup took a live Active Router of at least its own priority for dead, though no
    /// advertisement to it was lost since it last heard one (RFC 9568 §2.3).
    Displaced,
    /// A backup took over from such a router because of another one's resignation.
    DisplacedByResignation,
    /// An Active Router yielded to a better one that became Active later though it is not to preempt
    /// (RFC 9568 §6.1).
    PreemptedDespiteMode,
    /// A deadline lies further ahead than Active_Down_Interval, or an interval.
    Late,
    /// A timer fired and is due again at the same instant.
    Stuck,
    /// Virtual addresses were not added and removed along with the role.
    Addresses,
    /// More than five advertisements of a router, and two for each of its starts, are on their way
    /// to another within the longest delay.
    Storm,
    /// Undisturbed, connected routers have several Active among them for longer than they may.
    Dual,
    /// Undisturbed, connected routers have no Active among them for longer than they may.
    Leaderless,
    /// Undisturbed, connected routers do not settle on the Active Router that the rules name.
    Unsettled,
}

impl Flaw {
    const ALL: [Self; 10] = [
        Self::Displaced,
        Self::DisplacedByResignation,
        Self::PreemptedDespiteMode,
        Self::Late,
        Self::Stuck,
        Self::Addresses,
        Self::Storm,
        Self::Dual,
        Self::Leaderless,
        Self::Unsettled,
    ];
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Displaced => "a live, heard Active Router is displaced",
            Self::DisplacedByResignation => "one router's resignation displaces another",
            Self::PreemptedDespiteMode => "a router preempts though it is not to",
            Self::Late => "a deadline is too far ahead",
            Self::Stuck => "a timer does not move on",
            Self::Addresses => "addresses do not follow the role",
            Self::Storm => "too many advertisements",
            Self::Dual => "several routers are Active for too long",
            Self::Leaderless => "no router is Active for too long",
            Self::Unsettled => "the routers do not settle",
        })
    }
}

/// A set of flaws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flaws(u16);

impl Flaws {
    pub(super) const fn add(&mut self, flaw: Flaw) {
        self.0 |= 1 << flaw as u16;
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Flaw> {
        Flaw::ALL
            .into_iter()
            .filter(move |flaw| self.0 & (1 << *flaw as u16) != 0)
    }

    pub(super) const fn without(self, known: Self) -> Self {
        Self(self.0 & !known.0)
    }

    pub(super) const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
