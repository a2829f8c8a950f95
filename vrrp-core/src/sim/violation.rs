//! The violations that a simulation can report.

use core::time::Duration;

use super::RouterId;
use crate::{Instant, Role};

/// The first broken invariant and when it broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at {at}: {violation}")]
pub struct Breach {
    /// When, on the LAN's clock.
    pub at: Instant,
    /// What.
    #[source]
    pub violation: Violation,
}

/// An invariant that did not hold.
///
/// The first eight are watched all the time. The others hold once a LAN without loss, cuts and paused
/// routers was left alone for [`Lan::convergence`](super::Lan::convergence). All of them suppose that the delays of a LAN
/// differ by less than Active_Down_Interval minus one interval, and that addresses are unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The virtual addresses are present exactly while Active, added and removed once each.
    #[error("{router} is {role} and its addresses are present: {present}")]
    Addresses {
        /// The router.
        router: RouterId,
        /// Its role.
        role: Role,
        /// Whether the addresses are on the interface.
        present: bool,
    },
    /// A backup takes over at most Active_Down_Interval after the last advertisement that counts,
    /// and at most Skew_Time after a resignation; an Active Router advertises every interval.
    #[error("{router} waits until {deadline} on its own clock instead of {bound}")]
    Late {
        /// The router.
        router: RouterId,
        /// When it will act.
        deadline: Instant,
        /// When it has to.
        bound: Instant,
    },
    /// A timeout that was due moves the deadline into the future.
    #[error("{router} does not move on when its timer fires")]
    Stuck {
        /// The router.
        router: RouterId,
    },
    /// A live Active Router that is heard is not displaced by one of lower or equal priority
    /// (RFC 9568 §2.3).
    #[error("{router} displaced {better}")]
    Displaced {
        /// The router that became Active.
        router: RouterId,
        /// The one it should have heard.
        better: RouterId,
    },
    /// A router sends at most five advertisements per interval (its own, and two answers of each
    /// kind; the shortest interval of the LAN counts), and a few at each change.
    #[error("{router} sends more than five advertisements per interval")]
    Storm {
        /// The router.
        router: RouterId,
    },
    /// On a LAN left alone, two Active Routers see each other within an interval and yield.
    #[error("two routers were Active for {window:?}, more than {bound:?}")]
    Dual {
        /// How long both were.
        window: Duration,
        /// How long they may.
        bound: Duration,
    },
    /// On a LAN left alone, an able router takes over within the shortest Active_Down_Interval
    /// (RFC 9568 §6.1) of all that are able, counted from when the last packet can have arrived. Sync
    /// groups have to wait for their slowest member and are not held to this.
    #[error("nobody was Active for {window:?}, more than {bound:?}")]
    Vacant {
        /// How long nobody was.
        window: Duration,
        /// How long nobody may be.
        bound: Duration,
    },
    /// A sync group comes to a decision.
    #[error("the sync group of {router} does not settle")]
    GroupUnsettled {
        /// One of its members.
        router: RouterId,
    },
    /// There is exactly one Active Router if any router can be, otherwise none.
    #[error("{active} routers are Active, {able} able to be")]
    Agreement {
        /// How many are.
        active: usize,
        /// How many could be.
        able: usize,
    },
    /// The Active Router is the best, unless the better ones do not preempt.
    #[error("{active} is Active instead of {better}")]
    Validity {
        /// The Active Router.
        active: RouterId,
        /// A preempting router of higher priority.
        better: RouterId,
    },
    /// Nothing changes any more.
    #[error("{router} still changed its role")]
    Restless {
        /// The router.
        router: RouterId,
    },
    /// Roles change a bounded number of times per disturbance and lost packet.
    #[error("{transitions} changes of role where {budget} are enough")]
    Flapping {
        /// How many changes there were.
        transitions: u64,
        /// How many there may be.
        budget: u64,
    },
    /// Where announcements are refreshed, every neighbour sends to the Active Router.
    #[error("the neighbour of {neighbour} does not send to {active}")]
    Neighbour {
        /// Where the neighbour is.
        neighbour: RouterId,
        /// The Active Router.
        active: RouterId,
    },
}
