//! The eligibility of a virtual router: whether it may run, and with which priority.
//!
//! Three things decide: what it tracks ([`track`](crate::track)), its sync group
//! ([`group`](crate::group)), and a fault of its own, such as a missing interface of its addresses.
//! [`Eligibility`] takes them in as they change, and gives the events to deliver to the
//! [`VirtualRouter`], each with its [`Reason`]. Any one fault stops the router, and it goes on when
//! the last one has ended.
//!
//! The list of trackers is the caller's: one [`Tracked`] for each thing, always in the same order.
//!
//! ```
//! use vrrp_core::eligibility::{Decision, Eligibility, Reason, Tracked};
//! use vrrp_core::track::{Status, Tracker, Weight};
//! use vrrp_core::{Event, Priority};
//!
//! let script = Tracker::new(Weight::new(-60).expect("within ±253"));
//! let uplink = Tracker::new(Weight::FAULT);
//! let mut trackers = [Tracked::new(script), Tracked::new(uplink)];
//! let mut eligibility = Eligibility::new(Priority::DEFAULT);
//!
//! let decisions = eligibility.assess(trackers.iter_mut().zip([Status::Down, Status::Up]));
//! let reason = Reason::Tracker(0);
//! let event = Event::Priority(Priority::from_wire(40));
//! assert!(decisions.eq([Decision { event, reason }]));
//!
//! let decisions = eligibility.assess(trackers.iter_mut().zip([Status::Down, Status::Down]));
//! let reason = Reason::Tracker(1);
//! assert!(decisions.eq([Decision { event: Event::Fault, reason }]));
//! assert_eq!(eligibility.fault(), Some(reason));
//! ```

use core::array;
use core::iter::Flatten;
use core::mem;

use crate::group::Member;
use crate::track::{Effect, Status, Tracker, Tracking};
use crate::{Event, Priority, VirtualRouter};

/// One tracked thing, and what it does to the router for now: nothing until it is assessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracked {
    tracker: Tracker,
    effect: Effect,
}

impl Tracked {
    /// A thing of which nothing is known yet.
    #[must_use]
    pub const fn new(tracker: Tracker) -> Self {
        Self {
            tracker,
            effect: Effect::NONE,
        }
    }

    /// Its weight and direction.
    #[must_use]
    pub const fn tracker(&self) -> Tracker {
        self.tracker
    }

    /// Its part in the priority, or the fault.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }
}

/// The reason of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Something of the router itself.
    Own,
    /// A tracked thing, by its place in the caller's list. Where several changed or failed at once,
    /// the first of them.
    Tracker(usize),
    /// The sync group.
    Group,
    /// The configuration: another priority, or a tracked thing less.
    Configuration,
}

/// An event to deliver to the router, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// For [`VirtualRouter::handle`].
    pub event: Event,
    /// What led to it; of [`Event::Recover`], the fault that ended last.
    pub reason: Reason,
}

/// What to deliver to the router, in this order: at most a priority, and then a fault or its end.
#[derive(Clone, Debug)]
#[must_use = "the router has to handle the events"]
pub struct Decisions(Flatten<array::IntoIter<Option<Decision>, 2>>);

impl Iterator for Decisions {
    type Item = Decision;

    fn next(&mut self) -> Option<Decision> {
        self.0.next()
    }
}

/// Whether one virtual router may run, and with which priority.
///
/// The router gets [`Event::Priority`], [`Event::Fault`] and [`Event::Recover`] from here only, the
/// last two also when it is in a sync group: deliver what the group decides through
/// [`group`](Self::group). A new one is for a new router, which has the configured priority and no
/// fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eligibility {
    tracking: Tracking,
    own: bool,
    group: bool,
}

impl Eligibility {
    /// A router configured with this priority, which tracks nothing and has no fault.
    #[must_use]
    pub const fn new(configured: Priority) -> Self {
        Self {
            tracking: Tracking::new(configured),
            own: false,
            group: false,
        }
    }

    /// Takes in the status of everything that is tracked: the whole list, in its order.
    pub fn assess<'t>(
        &mut self,
        trackers: impl IntoIterator<Item = (&'t mut Tracked, Status)>,
    ) -> Decisions {
        let mut first = None;
        let trackers = trackers.into_iter().enumerate();
        let effects = trackers.map(|(index, (tracked, status))| {
            let after = tracked.tracker.effect(status);
            let before = mem::replace(&mut tracked.effect, after);
            if before.adjustment() != after.adjustment() {
                first.get_or_insert(index);
            }
            after
        });
        let tracking = Tracking::sum(self.tracking.configured(), effects);
        let reason = first.map_or(Reason::Configuration, Reason::Tracker);
        let moved = tracking.priority() != self.tracking.priority();
        let before = self.fault();
        self.tracking = tracking;
        self.decide(moved.then_some(reason), before)
    }

    /// Takes in whether something of the router itself keeps it from running. What it is told as
    /// [`Event::InterfaceDown`] or as a missing primary address it knows without.
    pub fn own(&mut self, fault: bool) -> Decisions {
        let before = self.fault();
        self.own = fault;
        self.decide(None, before)
    }

    /// Takes in what [`Group::decide`](crate::group::Group::decide) has for each member. A fault of
    /// the group is one among others; what else it decides is passed on. A router that leaves its
    /// group needs [`Event::Recover`] here.
    pub fn group(&mut self, decided: Event) -> Decisions {
        let before = self.fault();
        match decided {
            Event::Fault => self.group = true,
            Event::Recover => self.group = false,
            Event::Startup
            | Event::Shutdown
            | Event::Timeout
            | Event::Advertisement(_)
            | Event::InterfaceUp
            | Event::InterfaceDown
            | Event::PrimaryAddress(_)
            | Event::Priority(_)
            | Event::Configure(_)
            | Event::Hold
            | Event::Release
            | Event::Elect
            | Event::Yield => {
                let (event, reason) = (decided, Reason::Group);
                return Decisions::of([Some(Decision { event, reason }), None]);
            }
        }
        self.decide(None, before)
    }

    /// Takes in another configured priority. Deliver this after [`Event::Configure`]: of the tracked
    /// sum the router itself knows only what the limits left.
    pub fn configure(&mut self, configured: Priority) -> Decisions {
        let before = self.fault();
        self.tracking = self.tracking.with(configured);
        self.decide(Some(Reason::Configuration), before)
    }

    /// How the effective priority comes about.
    #[must_use]
    pub const fn tracking(&self) -> &Tracking {
        &self.tracking
    }

    /// What keeps the router from running: of several faults its own one, else the first of what it
    /// tracks, else that of its group.
    #[must_use]
    pub fn fault(&self) -> Option<Reason> {
        let group = self.group.then_some(Reason::Group);
        self.local_fault().or(group)
    }

    /// The router as its sync group sees it: whether it could run if the others can.
    #[must_use]
    pub fn member(&self, router: &VirtualRouter) -> Member {
        Member::of(router, self.local_fault().is_some())
    }

    /// What would keep it from running without its group.
    fn local_fault(&self) -> Option<Reason> {
        let own = self.own.then_some(Reason::Own);
        own.or_else(|| self.tracking.fault().map(Reason::Tracker))
    }

    fn decide(&self, moved: Option<Reason>, before: Option<Reason>) -> Decisions {
        let priority = moved.map(|reason| Decision {
            event: Event::Priority(self.tracking.priority()),
            reason,
        });
        let fault = match (before, self.fault()) {
            (None, Some(reason)) => Some((Event::Fault, reason)),
            (Some(reason), None) => Some((Event::Recover, reason)),
            (None, None) | (Some(_), Some(_)) => None,
        };
        let fault = fault.map(|(event, reason)| Decision { event, reason });
        Decisions::of([priority, fault])
    }
}

impl Decisions {
    fn of(decisions: [Option<Decision>; 2]) -> Self {
        Self(decisions.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests;
