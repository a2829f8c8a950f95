//! Sync groups: virtual routers that become and stop being Active together.
//!
//! One member that cannot run stops them all, one that lost makes all yield, and they become Active
//! only when all want to. Every member gets [`Event::Hold`] when it joins, so that it asks
//! ([`Action::Candidate`](crate::Action::Candidate)) instead of becoming Active alone. After
//! anything happened to a member, [`Group::decide`] returns the event for all of them.
//!
//! Members should have the same priority on each machine. If each machine has the higher priority
//! in one member, neither becomes Active in all, and the group never settles.
//!
//! ```
//! use vrrp_core::group::{Group, Member};
//! use vrrp_core::{Event, Role};
//!
//! let backup = Member { role: Role::Backup, candidate: false, fault: false };
//! let candidate = Member { candidate: true, ..backup };
//! let active = Member { role: Role::Active, ..backup };
//! let broken = Member { fault: true, ..backup };
//!
//! let mut group = Group::default();
//! assert_eq!(group.decide([candidate, backup]), None);
//! assert_eq!(group.decide([candidate, candidate]), Some(Event::Elect));
//! assert_eq!(group.decide([active, backup]), Some(Event::Yield));
//! assert_eq!(group.decide([active, broken]), Some(Event::Fault));
//! assert_eq!(group.decide([backup, backup]), Some(Event::Recover));
//! ```

use crate::{Event, Role, VirtualRouter};

/// The state of one member, as far as its group needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its role.
    pub role: Role,
    /// Whether it waits for its election: its Active Router is down.
    pub candidate: bool,
    /// Whether it cannot run for a reason of its own: a tracking fault, its interface, a missing
    /// primary address. Events from the group itself do not count.
    pub fault: bool,
}

impl Member {
    /// The view of `router`, with `fault` as the caller knows it.
    #[must_use]
    pub const fn of(router: &VirtualRouter, fault: bool) -> Self {
        Self {
            role: router.role(),
            candidate: router.is_candidate(),
            fault,
        }
    }
}

/// One sync group.
///
/// Deliver a decision to every member and ask again until there is none: two rounds settle it.
/// Members get [`Event::Fault`] and [`Event::Recover`] from their group only; what their own
/// tracking says is [`Member::fault`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Group {
    faulty: bool,
}

impl Group {
    /// Whether a member keeps the others from running.
    #[must_use]
    pub const fn is_faulty(&self) -> bool {
        self.faulty
    }

    /// The event to deliver to every member, if any.
    pub fn decide(&mut self, members: impl IntoIterator<Item = Member>) -> Option<Event> {
        let tally = Tally::of(members);
        if tally.faults > 0 {
            let news = !self.faulty;
            self.faulty = true;
            return news.then_some(Event::Fault);
        }
        if self.faulty {
            self.faulty = false;
            return Some(Event::Recover);
        }
        if tally.active > 0 && tally.unready > 0 {
            return Some(Event::Yield);
        }
        (tally.candidates > 0 && tally.unready == 0).then_some(Event::Elect)
    }

    /// The role of the group: Active if all members are, Initialize while a member cannot run,
    /// Backup otherwise.
    #[must_use]
    pub fn role(&self, members: impl IntoIterator<Item = Member>) -> Role {
        let tally = Tally::of(members);
        if self.faulty || tally.faults > 0 || tally.stopped > 0 {
            Role::Initialize
        } else if tally.active > 0 && tally.candidates == 0 && tally.unready == 0 {
            Role::Active
        } else {
            Role::Backup
        }
    }
}

#[derive(Default)]
struct Tally {
    faults: usize,
    active: usize,
    candidates: usize,
    unready: usize,
    stopped: usize,
}

impl Tally {
    fn of(members: impl IntoIterator<Item = Member>) -> Self {
        let mut tally = Self::default();
        for member in members {
            tally.faults += usize::from(member.fault);
            match member.role {
                Role::Active => tally.active += 1,
                Role::Backup if member.candidate => tally.candidates += 1,
                Role::Backup => tally.unready += 1,
                Role::Initialize => {
                    tally.unready += 1;
                    tally.stopped += 1;
                }
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKUP: Member = Member {
        role: Role::Backup,
        candidate: false,
        fault: false,
    };
    const CANDIDATE: Member = Member {
        candidate: true,
        ..BACKUP
    };
    const ACTIVE: Member = Member {
        role: Role::Active,
        ..BACKUP
    };
    const STOPPED: Member = Member {
        role: Role::Initialize,
        ..BACKUP
    };
    const BROKEN: Member = Member {
        fault: true,
        ..STOPPED
    };

    #[test]
    fn every_pair_of_members_settles_on_one_decision() {
        for (one, two, decision, role) in [
            (BACKUP, BACKUP, None, Role::Backup),
            (BACKUP, CANDIDATE, None, Role::Backup),
            (BACKUP, ACTIVE, Some(Event::Yield), Role::Backup),
            (BACKUP, STOPPED, None, Role::Initialize),
            (BACKUP, BROKEN, Some(Event::Fault), Role::Initialize),
            (CANDIDATE, CANDIDATE, Some(Event::Elect), Role::Backup),
            (CANDIDATE, ACTIVE, Some(Event::Elect), Role::Backup),
            (CANDIDATE, STOPPED, None, Role::Initialize),
            (CANDIDATE, BROKEN, Some(Event::Fault), Role::Initialize),
            (ACTIVE, ACTIVE, None, Role::Active),
            (ACTIVE, STOPPED, Some(Event::Yield), Role::Initialize),
            (ACTIVE, BROKEN, Some(Event::Fault), Role::Initialize),
            (STOPPED, STOPPED, None, Role::Initialize),
            (STOPPED, BROKEN, Some(Event::Fault), Role::Initialize),
            (BROKEN, BROKEN, Some(Event::Fault), Role::Initialize),
        ] {
            for members in [[one, two], [two, one]] {
                let mut group = Group::default();
                assert_eq!(group.role(members), role, "{members:?}");
                assert_eq!(group.decide(members), decision, "{members:?}");
            }
        }
    }

    #[test]
    fn a_fault_is_told_once_and_lifted_when_the_last_one_is_gone() {
        let mut group = Group::default();
        assert_eq!(group.decide([BROKEN, ACTIVE]), Some(Event::Fault));
        assert_eq!(group.decide([BROKEN, STOPPED]), None);
        assert_eq!(group.decide([BROKEN, BROKEN]), None);
        assert_eq!(group.decide([STOPPED, BROKEN]), None);
        assert!(group.is_faulty());
        assert_eq!(group.decide([STOPPED, STOPPED]), Some(Event::Recover));
        assert!(!group.is_faulty());
    }

    /// What a status says between a member's fault and the group's decision, and between the last
    /// one's end and the members' start.
    #[test]
    fn a_group_with_a_fault_is_not_running_whatever_its_members_are() {
        let failing = Member {
            fault: true,
            ..ACTIVE
        };
        let mut group = Group::default();
        assert_eq!(group.role([failing, ACTIVE]), Role::Initialize);
        assert_eq!(group.decide([failing, ACTIVE]), Some(Event::Fault));
        assert_eq!(group.role([ACTIVE, ACTIVE]), Role::Initialize);
    }

    #[test]
    fn an_empty_group_has_nothing_to_say() {
        let mut group = Group::default();
        assert_eq!(group.decide([]), None);
        assert_eq!(group.role([]), Role::Backup);
    }
}
