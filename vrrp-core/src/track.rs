//! Tracking: the effect of the health of interfaces, scripts, processes and files on the priority.
//!
//! Interfaces, scripts, processes and files are tracked. Each has a [`Weight`]: a positive one adds
//! to the priority while the thing is up, a negative one subtracts while it is down, and zero stops
//! the router when it is down. `reverse` turns the effect round. [`Tracking`] is the sum over all of
//! them; [`Eligibility`](crate::eligibility::Eligibility) says when to tell the router.
//!
//! ```
//! use vrrp_core::Priority;
//! use vrrp_core::track::{Effect, Status, Tracker, Tracking, Weight};
//!
//! let script = Tracker::new(Weight::new(-60).expect("within ±253"));
//! let uplink = Tracker::new(Weight::FAULT);
//! let effects = [script.effect(Status::Down), uplink.effect(Status::Up)];
//! assert_eq!(effects, [Effect::Adjust(-60), Effect::NONE]);
//!
//! let tracking = Tracking::sum(Priority::DEFAULT, effects);
//! assert_eq!(tracking.priority(), Priority::from_wire(40));
//! assert_eq!(tracking.fault(), None);
//! ```

use crate::Priority;

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
#[non_exhaustive]
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

    /// What it adds to the priority: nothing where it stops the router.
    #[must_use]
    pub const fn adjustment(self) -> i16 {
        match self {
            Self::Adjust(adjustment) => adjustment,
            Self::Fault => 0,
        }
    }

    /// Whether it stops the router.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Fault)
    }
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

/// Why an effective priority is not the configured one plus all adjustments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// An owner is not adjusted (RFC 9568 §5.2.4).
    Owner,
    /// A backup sends at least 1.
    Lowest,
    /// A backup sends at most 254.
    Highest,
}

/// The sum over everything that one virtual router tracks: what it may run with, and how that comes
/// about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tracking {
    configured: Priority,
    adjustment: i32,
    fault: Option<usize>,
}

impl Tracking {
    /// No tracked objects, for a router configured with this priority.
    #[must_use]
    pub const fn new(configured: Priority) -> Self {
        Self {
            configured,
            adjustment: 0,
            fault: None,
        }
    }

    /// The sum over `effects`.
    pub fn sum(configured: Priority, effects: impl IntoIterator<Item = Effect>) -> Self {
        let mut sum = Self::new(configured);
        for (index, effect) in effects.into_iter().enumerate() {
            match effect {
                Effect::Fault => sum.fault = sum.fault.or(Some(index)),
                Effect::Adjust(by) => sum.adjustment = sum.adjustment.saturating_add(by.into()),
            }
        }
        sum
    }

    /// The same for a router configured with another priority.
    #[must_use]
    pub const fn with(self, configured: Priority) -> Self {
        Self { configured, ..self }
    }

    /// The priority as configured.
    #[must_use]
    pub const fn configured(&self) -> Priority {
        self.configured
    }

    /// All adjustments together.
    #[must_use]
    pub const fn adjustment(&self) -> i32 {
        self.adjustment
    }

    /// The place of the first effect that stops the router, if any does.
    #[must_use]
    pub const fn fault(&self) -> Option<usize> {
        self.fault
    }

    /// The effective priority, faults aside: configured plus adjustments, within 1..=254 (RFC 9568
    /// §5.2.4). An owner is not adjusted, but it can fail.
    #[must_use]
    pub fn priority(&self) -> Priority {
        if self.configured.is_owner() {
            return self.configured;
        }
        u8::try_from(self.unlimited().clamp(1, 254)).map_or(self.configured, Priority::from_wire)
    }

    /// What the adjustments came up against, if they did.
    #[must_use]
    pub fn limit(&self) -> Option<Limit> {
        let unlimited = self.unlimited();
        if self.configured.is_owner() {
            (self.adjustment != 0).then_some(Limit::Owner)
        } else if unlimited < 1 {
            Some(Limit::Lowest)
        } else {
            (unlimited > 254).then_some(Limit::Highest)
        }
    }

    fn unlimited(&self) -> i32 {
        i32::from(self.configured.get()).saturating_add(self.adjustment)
    }
}

#[cfg(test)]
mod tests;
