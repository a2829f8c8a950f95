//! Tracking: the effect of the health of interfaces, scripts, processes and files on the priority.
//!
//! Interfaces, scripts, processes and files are tracked. Each has a [`Weight`]: a positive one adds
//! to the priority while the object is up, a negative one subtracts while it is down, and zero
//! stops the router when it is down. `reverse` turns the effect round. [`Tracking`] keeps the sum
//! and returns the events for the [`VirtualRouter`](crate::VirtualRouter).
//!
//! ```
//! use vrrp_core::track::{Status, Tracker, Tracking, Verdict, Weight};
//! use vrrp_core::{Event, Priority};
//!
//! let script = Tracker::new(Weight::new(-60).expect("within ±253"));
//! let uplink = Tracker::new(Weight::FAULT);
//!
//! let mut tracking = Tracking::new(Priority::DEFAULT);
//! tracking.add(script.effect(Status::Up));
//! tracking.add(uplink.effect(Status::Up));
//! assert_eq!(tracking.verdict(), Verdict::Priority(Priority::DEFAULT));
//!
//! let events = tracking.replace(script.effect(Status::Up), script.effect(Status::Down));
//! assert!(events.eq([Event::Priority(Priority::from_wire(40))]));
//! let events = tracking.replace(uplink.effect(Status::Up), uplink.effect(Status::Down));
//! assert!(events.eq([Event::Fault]));
//! ```

use core::array;
use core::iter::Flatten;

use crate::{Event, Priority};

/// The weight of a tracked object: -253..=253, zero if the router cannot run without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "i16", into = "i16"))]
pub struct Weight(i16);

impl Weight {
    /// No adjustment: a failure stops the router.
    pub const FAULT: Self = Self(0);
    /// The largest adjustment.
    pub const MAX: Self = Self(253);
    /// The largest decrement.
    pub const MIN: Self = Self(-253);

    /// A weight, or `None` outside -253..=253.
    #[must_use]
    pub const fn new(weight: i16) -> Option<Self> {
        if weight < Self::MIN.0 || weight > Self::MAX.0 {
            None
        } else {
            Some(Self(weight))
        }
    }

    /// The weight as a number.
    #[must_use]
    pub const fn get(self) -> i16 {
        self.0
    }
}

impl From<Weight> for i16 {
    fn from(weight: Weight) -> Self {
        weight.0
    }
}

impl TryFrom<i16> for Weight {
    type Error = WeightError;

    fn try_from(weight: i16) -> Result<Self, WeightError> {
        Self::new(weight).ok_or(WeightError { weight })
    }
}

/// A weight beyond what a priority can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("weight {weight} is outside -253..=253")]
pub struct WeightError {
    /// The weight asked for.
    pub weight: i16,
}

/// The status of a tracked object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Status {
    /// Up.
    Up,
    /// Failed.
    Down,
    /// A number, as from a tracked file: the weight is multiplied by it, and without a weight
    /// anything but zero is a failure.
    Value(i32),
}

/// The effect of a tracked object on a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Stops it.
    Fault,
    /// Moves its priority; zero for no effect.
    Adjust(i16),
}

impl Effect {
    /// No effect.
    pub const NONE: Self = Self::Adjust(0);
}

/// One tracked object: its weight and direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracker {
    weight: Weight,
    reverse: bool,
}

impl Tracker {
    /// A tracker of an object that should be up.
    #[must_use]
    pub const fn new(weight: Weight) -> Self {
        Self {
            weight,
            reverse: false,
        }
    }

    /// The same with its effect turned round: the sign of an adjustment flips, and without a weight
    /// the router stops while the object is up.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self {
            weight: self.weight,
            reverse: !self.reverse,
        }
    }

    /// The effect of the object on the router in this status.
    ///
    /// A value that would lower the priority by 254 or more stops the router; one that would raise
    /// it by more than 253 counts as 253.
    #[must_use]
    pub fn effect(self, status: Status) -> Effect {
        let weight = i64::from(self.weight.0);
        if weight == 0 {
            let well = match status {
                Status::Up => true,
                Status::Down => false,
                Status::Value(value) => value == 0,
            };
            return if well == self.reverse {
                Effect::Fault
            } else {
                Effect::NONE
            };
        }
        let adjustment = match status {
            Status::Up => weight.max(0),
            Status::Down => weight.min(0),
            Status::Value(value) => i64::from(value) * weight,
        };
        let adjustment = if self.reverse {
            -adjustment
        } else {
            adjustment
        };
        if adjustment < i64::from(Weight::MIN.0) {
            return Effect::Fault;
        }
        i16::try_from(adjustment.min(i64::from(Weight::MAX.0)))
            .map_or(Effect::Fault, Effect::Adjust)
    }
}

/// The result of tracking for a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It must not run.
    Fault,
    /// It runs with this priority.
    Priority(Priority),
}

/// The events that bring a [`VirtualRouter`](crate::VirtualRouter) from one verdict to another: at
/// most two.
pub type Events = Flatten<array::IntoIter<Option<Event>, 2>>;

/// Everything one virtual router tracks, as a running sum.
///
/// The caller keeps the last [`Effect`] of each tracked object and [replaces](Self::replace) it
/// when the object changes; nothing is stored per object. Adding and removing must balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracking {
    configured: Priority,
    adjustment: i64,
    faults: u32,
}

impl Tracking {
    /// No tracked objects, for a router configured with this priority.
    #[must_use]
    pub const fn new(configured: Priority) -> Self {
        Self {
            configured,
            adjustment: 0,
            faults: 0,
        }
    }

    /// The sum over `effects`: what [`add`](Self::add) one by one arrives at.
    pub fn sum(configured: Priority, effects: impl IntoIterator<Item = Effect>) -> Self {
        effects
            .into_iter()
            .fold(Self::new(configured), |mut sum, effect| {
                sum.enter(effect);
                sum
            })
    }

    /// Whether the router may run, and with which priority: configured plus adjustments, clamped to
    /// 1..=254 (RFC 9568 §6.1). An owner is not adjusted (RFC 9568 §5.2.4), but it can fail.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.faults > 0 {
            Verdict::Fault
        } else {
            Verdict::Priority(self.priority())
        }
    }

    /// The priority of the verdict, faults aside.
    #[must_use]
    pub fn priority(&self) -> Priority {
        if self.configured.is_owner() {
            return self.configured;
        }
        let sum = i64::from(self.configured.get()).saturating_add(self.adjustment);
        u8::try_from(sum.clamp(1, 254)).map_or(self.configured, Priority::from_wire)
    }

    /// Adds a tracked object with this effect.
    pub fn add(&mut self, effect: Effect) -> Events {
        self.change(|tracking| tracking.enter(effect))
    }

    /// Removes a tracked object that had this effect.
    pub fn remove(&mut self, effect: Effect) -> Events {
        self.change(|tracking| tracking.leave(effect))
    }

    /// A tracked object has changed its effect.
    pub fn replace(&mut self, before: Effect, after: Effect) -> Events {
        self.change(|tracking| {
            tracking.leave(before);
            tracking.enter(after);
        })
    }

    /// A reload changed the configured priority. Deliver these events after
    /// [`Event::Configure`]: the router itself knows only the clamped sum.
    pub fn configure(&mut self, configured: Priority) -> Events {
        self.configured = configured;
        let event = match self.verdict() {
            Verdict::Fault => Event::Fault,
            Verdict::Priority(priority) => Event::Priority(priority),
        };
        [Some(event), None].into_iter().flatten()
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) -> Events {
        let before = self.verdict();
        change(self);
        let after = self.verdict();
        let events = match (before, after) {
            (Verdict::Fault, Verdict::Fault) => [None, None],
            (Verdict::Priority(_), Verdict::Fault) => [Some(Event::Fault), None],
            (Verdict::Fault, Verdict::Priority(priority)) => {
                [Some(Event::Priority(priority)), Some(Event::Recover)]
            }
            (Verdict::Priority(old), Verdict::Priority(new)) => {
                [(old != new).then_some(Event::Priority(new)), None]
            }
        };
        events.into_iter().flatten()
    }

    fn enter(&mut self, effect: Effect) {
        match effect {
            Effect::Fault => self.faults = self.faults.saturating_add(1),
            Effect::Adjust(by) => self.adjustment = self.adjustment.saturating_add(i64::from(by)),
        }
    }

    fn leave(&mut self, effect: Effect) {
        match effect {
            Effect::Fault => self.faults = self.faults.saturating_sub(1),
            Effect::Adjust(by) => self.adjustment = self.adjustment.saturating_sub(i64::from(by)),
        }
    }
}

#[cfg(test)]
mod tests;
