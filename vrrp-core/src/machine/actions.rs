//! The actions that a virtual router asks its driver to perform.

use core::fmt;
use core::net::IpAddr;

use crate::Priority;

/// An action for the driver. Perform actions in order; the failure of one must not skip the rest.
///
/// The enum is exhaustive on purpose: a driver that skips a new action is an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Action {
    /// Send an advertisement of this priority, everything else from the current configuration
    /// (RFC 9568 §7.2).
    Advertise(Priority),
    /// Add the virtual addresses (and the virtual MAC, where used) to the interface.
    AddAddresses,
    /// Announce the addresses to the neighbours, each once it is in place
    /// (RFC 9568 §8.1.2).
    Announce(Announcement),
    /// Remove the virtual addresses from the interface.
    RemoveAddresses,
    /// The Active Router is down and this router is held: its sync group has to decide.
    Candidate,
}

/// The reason of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Announcement {
    /// This router became Active, or its addresses changed (RFC 9568 §6.4.1 and §6.4.2).
    NewActive,
    /// Another router advertised and lost; neighbours may have learned its MAC address.
    LowerPriority,
}

/// The role of a virtual router: its state without the deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Role {
    /// Not running, or not able to (RFC 9568 §6.4.1).
    Initialize,
    /// Watching the Active Router (RFC 9568 §6.4.2).
    Backup,
    /// Answering for the virtual addresses (RFC 9568 §6.4.3).
    Active,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initialize => "Initialize",
            Self::Backup => "Backup",
            Self::Active => "Active",
        })
    }
}

/// The event behind a transition; names of RFC 8347 `last-event` where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Cause {
    /// Switched on.
    Startup,
    /// Switched off.
    Shutdown,
    /// A better router advertised (RFC 9568 §6.4.3).
    HigherPriorityBackup,
    /// The Active Router fell silent (RFC 9568 §6.4.2).
    ActiveTimeout,
    /// The Active Router resigned with priority 0 (RFC 9568 §6.4.2).
    ActiveResigned,
    /// A lower-priority Active Router was preempted (RFC 9568 §6.4.2).
    LowerPriorityActive,
    /// The same, after the preempt delay.
    PreemptHoldTimeout,
    /// The owner came back and preempted (RFC 9568 §6.1).
    OwnerPreempt,
    /// The interface came up.
    InterfaceUp,
    /// The interface went down.
    InterfaceDown,
    /// The interface lost its primary address.
    NoPrimaryAddress,
    /// The interface gained a primary address.
    PrimaryAddress,
    /// Something else that it needs failed: a tracked object, an address, the virtual MAC.
    Fault,
    /// What failed works again.
    Recover,
    /// A reload replaced the configuration.
    Configured,
    /// The sync group became Active.
    GroupElected,
    /// The sync group gave up.
    GroupYielded,
    /// This router was stopped past its own deadlines, and another one has taken over.
    Overslept,
}

impl Cause {
    /// The RFC section of this transition, for people.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Startup | Self::InterfaceUp | Self::PrimaryAddress | Self::Recover => {
                "RFC 9568 §6.4.1"
            }
            Self::HigherPriorityBackup | Self::Overslept => "RFC 9568 §6.4.3",
            Self::ActiveTimeout
            | Self::ActiveResigned
            | Self::LowerPriorityActive
            | Self::OwnerPreempt => "RFC 9568 §6.4.2",
            Self::PreemptHoldTimeout => "RFC 8347 hold-time",
            Self::Shutdown
            | Self::InterfaceDown
            | Self::NoPrimaryAddress
            | Self::Fault
            | Self::Configured => "RFC 9568 §6.4.3, Shutdown",
            Self::GroupElected | Self::GroupYielded => "sync group",
        }
    }
}

/// A clause that completes "because …".
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Startup => "started",
            Self::Shutdown => "shut down",
            Self::HigherPriorityBackup => "a better router advertised",
            Self::ActiveTimeout => "the active router fell silent",
            Self::ActiveResigned => "the active router resigned",
            Self::LowerPriorityActive => "preempted a lower priority",
            Self::PreemptHoldTimeout => "preempted a lower priority after the preempt delay",
            Self::OwnerPreempt => "the owner returned",
            Self::InterfaceUp => "interface up",
            Self::InterfaceDown => "interface down",
            Self::NoPrimaryAddress => "no primary address",
            Self::PrimaryAddress => "primary address known",
            Self::Fault => "something it needs is missing",
            Self::Recover => "everything it needs is there",
            Self::Configured => "reconfigured",
            Self::GroupElected => "sync group elected",
            Self::GroupYielded => "sync group yielded",
            Self::Overslept => "overslept while another router took over",
        })
    }
}

/// RFC 8347 `new-master-reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum NewActiveReason {
    /// The transition did not make this router Active.
    NotActive,
    /// The previous Active Router resigned, or this router owns the addresses.
    Priority,
    /// A lower priority was preempted.
    Preempted,
    /// The previous Active Router did not respond.
    NoResponse,
}

/// A change of role and why it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Transition {
    /// The role left.
    pub from: Role,
    /// The role entered.
    pub to: Role,
    /// The event behind it.
    pub cause: Cause,
    /// The router whose advertisement decided it, if one did.
    pub peer: Option<IpAddr>,
}

impl Transition {
    /// RFC 8347 `new-master-reason` of this transition.
    #[must_use]
    pub const fn new_active_reason(&self) -> NewActiveReason {
        if !matches!(self.to, Role::Active) {
            return NewActiveReason::NotActive;
        }
        match self.cause {
            Cause::LowerPriorityActive | Cause::PreemptHoldTimeout | Cause::OwnerPreempt => {
                NewActiveReason::Preempted
            }
            Cause::ActiveTimeout => NewActiveReason::NoResponse,
            Cause::Startup
            | Cause::Shutdown
            | Cause::HigherPriorityBackup
            | Cause::ActiveResigned
            | Cause::InterfaceUp
            | Cause::InterfaceDown
            | Cause::NoPrimaryAddress
            | Cause::PrimaryAddress
            | Cause::Fault
            | Cause::Recover
            | Cause::Configured
            | Cause::GroupElected
            | Cause::GroupYielded
            | Cause::Overslept => NewActiveReason::Priority,
        }
    }
}

/// The ordered effects of one event, owned and inline.
#[must_use = "actions not performed are lost"]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Actions {
    items: [Action; Self::CAPACITY],
    len: u8,
    transition: Option<Transition>,
}

impl Actions {
    /// The most actions one event can cause.
    pub const CAPACITY: usize = 4;

    pub(super) const NONE: Self = Self {
        items: [Action::RemoveAddresses; Self::CAPACITY],
        len: 0,
        transition: None,
    };

    pub(super) const fn one(action: Action) -> Self {
        Self {
            items: [
                action,
                Action::RemoveAddresses,
                Action::RemoveAddresses,
                Action::RemoveAddresses,
            ],
            len: 1,
            transition: None,
        }
    }

    pub(super) fn of(actions: &[Action]) -> Self {
        let mut all = Self::NONE;
        for action in actions {
            all.push(*action);
        }
        all
    }

    pub(super) fn push(&mut self, action: Action) {
        debug_assert!(
            usize::from(self.len) < Self::CAPACITY,
            "one event, at most four actions"
        );
        if let Some(slot) = self.items.get_mut(usize::from(self.len)) {
            *slot = action;
            self.len += 1;
        }
    }

    pub(super) const fn because(mut self, transition: Transition) -> Self {
        self.transition = Some(transition);
        self
    }

    /// The change of role this event caused, if any.
    #[must_use]
    pub const fn transition(&self) -> Option<Transition> {
        self.transition
    }

    /// The actions in the order they are to be performed.
    #[must_use]
    pub fn as_slice(&self) -> &[Action] {
        self.items.get(..usize::from(self.len)).unwrap_or_default()
    }
}

/// Shows what there is to do, and nothing of the room left for more.
impl fmt::Debug for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Actions")
            .field("items", &self.as_slice())
            .field("transition", &self.transition)
            .finish()
    }
}

impl core::ops::Deref for Actions {
    type Target = [Action];

    fn deref(&self) -> &[Action] {
        self.as_slice()
    }
}

impl IntoIterator for Actions {
    type Item = Action;
    type IntoIter = core::iter::Take<core::array::IntoIter<Action, { Self::CAPACITY }>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter().take(usize::from(self.len))
    }
}
