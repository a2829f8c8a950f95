//! Sync groups: virtual routers that become and stop being Active together.
//!
//! One member that cannot run stops them all, one that lost makes all yield, and they become Active
//! only when all want to. Every member gets [`Event::Hold`] when it joins, so that it asks
//! ([`Action::Candidate`](crate::Action::Candidate)) instead of becoming Active alone. After
//! anything happened to a member, [`Group::deliver`] gives all of them the event that follows.
//!
//! Members should have the same priority on each machine. If each machine has the higher priority
//! in one member, neither becomes Active in all, and the group never settles.
//!
//! Each member has its [`Eligibility`](crate::eligibility::Eligibility), which keeps its own faults
//! and the group's apart:
//!
//! ```
//! use core::net::IpAddr;
//! use vrrp_core::eligibility::{Decisions, Eligibility};
//! use vrrp_core::group::{Group, Unsettled};
//! use vrrp_core::{Config, Event, Family, Instant, Role, Settings, Version, VirtualRouter};
//!
//! struct Endpoint {
//!     router: VirtualRouter,
//!     eligibility: Eligibility,
//! }
//!
//! impl Endpoint {
//!     fn handle(&mut self, now: Instant, event: Event) {
//!         for action in self.router.handle(now, event) { /* send, ask the kernel */ }
//!     }
//!
//!     fn carry_out(&mut self, now: Instant, decisions: Decisions) {
//!         decisions.for_each(|decision| self.handle(now, decision.event));
//!     }
//! }
//!
//! /// To be called after anything happened to one of them.
//! fn settle(group: &mut Group, now: Instant, members: &mut [Endpoint]) -> Result<(), Unsettled> {
//!     group.deliver(
//!         members,
//!         |members, index| members.get(index).map(|it| it.eligibility.member(&it.router)),
//!         |members, event| {
//!             for member in members {
//!                 let decisions = member.eligibility.group(event);
//!                 member.carry_out(now, decisions);
//!             }
//!         },
//!     )
//! }
//!
//! let mut members = [51, 52].map(|vrid| {
//!     let config = Config::try_from(Settings::new(Version::V3, Family::V4, vrid)).expect("valid");
//!     let eligibility = Eligibility::new(config.priority());
//!     Endpoint { router: VirtualRouter::new(config), eligibility }
//! });
//! let (mut group, mut now) = (Group::default(), Instant::EPOCH);
//! let address = IpAddr::from([192, 0, 2, 1]);
//! for member in &mut members {
//!     for event in [Event::Hold, Event::PrimaryAddress(Some(address)), Event::Startup] {
//!         member.handle(now, event);
//!     }
//! }
//! settle(&mut group, now, &mut members)?;
//! now = members[0].router.deadline().expect("they run");
//! for index in 0..2 {
//!     members[index].handle(now, Event::Timeout);
//!     settle(&mut group, now, &mut members)?;
//! }
//! assert!(members.iter().all(|it| it.router.role() == Role::Active));
//!
//! let decisions = members[0].eligibility.own(true);
//! members[0].carry_out(now, decisions);
//! settle(&mut group, now, &mut members)?;
//! assert!(members.iter().all(|it| it.router.role() == Role::Initialize));
//! # Ok::<(), Unsettled>(())
//! ```

use crate::{Event, Role, VirtualRouter};

/// The limit of rounds: twice what members need.
const MAX_ROUNDS: usize = 4;

/// What a group has to know about one of its virtual routers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its role.
    pub role: Role,
    /// Whether it waits for its election: its Active Router is down.
    pub candidate: bool,
    /// Whether something keeps it from running other than the group: its interface, a
    /// missing primary address, a tracked thing.
    pub fault: bool,
}

impl Member {
    /// The view of `router`, with `fault` for what it does not know itself: that something it tracks
    /// has failed, say. [`Eligibility::member`](crate::eligibility::Eligibility::member) knows.
    #[must_use]
    pub const fn of(router: &VirtualRouter, fault: bool) -> Self {
        Self {
            role: router.role(),
            candidate: router.is_candidate(),
            fault: fault || !router.is_able(),
        }
    }
}

/// The group does not settle: members do not handle the events that they are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the members of the sync group do not follow its decisions")]
#[non_exhaustive]
pub struct Unsettled;

/// One sync group.
///
/// [`decide`](Self::decide) is one step, [`deliver`](Self::deliver) all of them. What else keeps a
/// member from running than its group is [`Member::fault`].
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

    /// Decides and has every member handle the event, until there is none: two rounds settle it.
    ///
    /// `view` gives the member in this place, and `None` after the last one. `tell` has every member
    /// handle an event, and carries out what they ask for.
    ///
    /// # Errors
    /// [`Unsettled`] after four rounds. Nothing is wrong with the group, and it may be asked again.
    pub fn deliver<M: ?Sized>(
        &mut self,
        members: &mut M,
        view: impl Fn(&M, usize) -> Option<Member>,
        mut tell: impl FnMut(&mut M, Event),
    ) -> Result<(), Unsettled> {
        for _ in 0..MAX_ROUNDS {
            let views = (0..usize::MAX).map_while(|index| view(members, index));
            let Some(event) = self.decide(views) else {
                return Ok(());
            };
            tell(members, event);
        }
        Err(Unsettled)
    }

    /// The role of the whole: Active when all members are, Initialize while one is kept from
    /// running, Backup otherwise.
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
    use crate::{Config, Family, Instant, Settings, Version};
    use core::net::IpAddr;
    use std::vec::Vec;

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
    fn a_router_that_cannot_run_is_at_fault_whatever_the_caller_knows() {
        let settings = Settings::new(Version::V3, Family::V4, 51);
        let mut router = VirtualRouter::new(Config::try_from(settings).unwrap());
        assert!(!router.is_able(), "without a primary address");
        assert_eq!(Member::of(&router, false), BROKEN);
        let primary = Some(IpAddr::from([192, 0, 2, 1]));
        for (event, able) in [
            (Event::PrimaryAddress(primary), true),
            (Event::InterfaceDown, false),
            (Event::Fault, false),
            (Event::InterfaceUp, true),
            (Event::PrimaryAddress(None), false),
            (Event::PrimaryAddress(primary), true),
        ] {
            assert!(router.handle(Instant::EPOCH, event).is_empty());
            assert_eq!(router.is_able(), able, "{event:?}");
            let expected = if able { STOPPED } else { BROKEN };
            assert_eq!(Member::of(&router, false), expected, "{event:?}");
            assert_eq!(Member::of(&router, true), BROKEN, "{event:?}");
        }
    }

    #[test]
    fn members_are_told_until_there_is_nothing_to_tell() {
        let view = |members: &[Member; 2], index: usize| members.get(index).copied();
        let mut told = Vec::new();
        let mut members = [ACTIVE, BROKEN];
        let mut group = Group::default();
        let settled = group.deliver(&mut members, view, |members, event| {
            told.push(event);
            members[0].role = Role::Initialize;
        });
        assert_eq!(settled, Ok(()));
        members[1].fault = false;
        let settled = group.deliver(&mut members, view, |members, event| {
            told.push(event);
            *members = [ACTIVE, BACKUP];
            if told.len() == 3 {
                *members = [BACKUP, BACKUP];
            }
        });
        assert_eq!(settled, Ok(()));
        assert_eq!(told, [Event::Fault, Event::Recover, Event::Yield]);
    }

    #[test]
    fn members_that_do_as_they_please_are_given_up() {
        let view = |members: &[Member; 2], index: usize| members.get(index).copied();
        let mut told = Vec::new();
        let settled =
            Group::default().deliver(&mut [ACTIVE, BACKUP], view, |_, event| told.push(event));
        assert_eq!(settled, Err(Unsettled));
        assert_eq!(told, [Event::Yield; 4]);
    }

    #[test]
    fn an_empty_group_has_nothing_to_say() {
        let mut group = Group::default();
        assert_eq!(group.decide([]), None);
        assert_eq!(group.role([]), Role::Backup);
    }
}
