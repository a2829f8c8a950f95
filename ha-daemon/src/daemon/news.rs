//! The logging of the driver's notices, in slices of time and limited by cause.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use tracing::{info, warn};
use vrrp_core::{Instant, Role};
use vrrp_mio::{Notice, TimeSlice};

use super::{Engine, Member};
use crate::observe::limit::{Limiter, PERIOD};
use crate::observe::status::state_word;
use crate::vrrp::narrator;

/// A lost address is logged once no other has been lost for this long, …
const QUIET: Duration = Duration::from_millis(300);
/// … or after this: the kernel reports the addresses of a removed interface before the interface.
const LONGEST: Duration = Duration::from_secs(2);
/// Members whose losses are logged separately.
const APART: usize = 4;
/// Notices that may wait. Only the number of further ones is logged: thousands of instances that change
/// at once, a few times each, are fewer.
const WAITING: usize = 16_384;

/// The notices that wait to be logged, and what was logged lately.
#[derive(Debug)]
pub(super) struct News {
    notices: VecDeque<Notice>,
    pub(super) limiter: Limiter<Cause>,
    lost: Option<Losses>,
}

/// What lines are about, and of which member where it is one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    Change(usize),
    Contest(usize),
    Obstacle(usize),
    Advert(usize),
    Send(usize),
    Address(usize),
    /// Addresses of many members.
    Lost,
    Stranger,
    Sysctl,
    Firewall,
    Socket,
    Late,
    Resynchronised,
    Signal(i32),
}

/// Addresses that went at about the same time.
#[derive(Debug)]
struct Losses {
    since: Instant,
    last: Instant,
    /// The first one and how many, of each member.
    of: BTreeMap<usize, (IpAddr, usize)>,
}

impl Losses {
    fn due(&self) -> Instant {
        (self.last + QUIET).min(self.since + LONGEST)
    }
}

impl News {
    pub(super) const fn new() -> Self {
        Self {
            notices: VecDeque::new(),
            limiter: Limiter::new(),
            lost: None,
        }
    }

    /// Takes as many as may wait; gives back the others.
    pub(super) fn add(&mut self, mut notices: Vec<Notice>) -> Vec<Notice> {
        let room = WAITING.saturating_sub(self.notices.len());
        let rest = notices.split_off(room.min(notices.len()));
        self.notices.extend(notices);
        rest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.notices.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let lost = self.lost.as_ref().map(Losses::due);
        lost.into_iter().chain(self.limiter.deadline()).min()
    }

    /// Counts a notice that is not logged, with the lines of its cause that are held back.
    fn leave_out(&mut self, notice: &Notice, member: usize, now: Instant) {
        if let Some((cause, _)) = Cause::of(notice, member) {
            self.limiter.admits(cause, 0, now);
        }
    }

    /// A virtual address is gone from a member.
    fn lose(&mut self, member: usize, address: IpAddr, now: Instant) {
        let lost = self.lost.get_or_insert(Losses {
            since: now,
            last: now,
            of: BTreeMap::new(),
        });
        lost.last = now;
        lost.of.entry(member).or_insert((address, 0)).1 += 1;
    }
}

impl Cause {
    /// The cause of a notice about `member`, and how many lines of it are logged at once.
    const fn of(notice: &Notice, member: usize) -> Option<(Self, u32)> {
        Some(match notice {
            Notice::Transition { .. } => (Self::Change(member), 8),
            Notice::Contested { .. } => (Self::Contest(member), 1),
            Notice::Remark { .. } | Notice::Discarded { .. } => (Self::Advert(member), 8),
            Notice::Unknown { .. } => (Self::Stranger, 64),
            Notice::AddressFailed { .. } => (Self::Address(member), 4),
            Notice::SysctlFailed { .. } => (Self::Sysctl, 8),
            Notice::FirewallFailed { .. } => (Self::Firewall, 4),
            Notice::Obstacle { .. } => (Self::Obstacle(member), 8),
            Notice::SocketFailed { .. } | Notice::ReceiveFailed { .. } => (Self::Socket, 8),
            Notice::SendFailed { .. } => (Self::Send(member), 2),
            Notice::Late { .. } => (Self::Late, 4),
            Notice::Resynchronised => (Self::Resynchronised, 2),
            Notice::Candidate { .. }
            | Notice::AddressInstalled { .. }
            | Notice::AddressLost { .. }
            | _ => return None,
        })
    }

    /// The member it is about, and what the lines that were not written are.
    const fn summary(self) -> (Option<usize>, &'static str) {
        match self {
            Self::Change(member) => (Some(member), "changes of state"),
            Self::Contest(member) => (Some(member), "adverts of routers that lose"),
            Self::Obstacle(member) => (Some(member), "lines about what keeps it from being MASTER"),
            Self::Advert(member) => (Some(member), "lines about adverts"),
            Self::Send(member) => (Some(member), "lines about adverts not sent"),
            Self::Address(member) => (Some(member), "lines about its addresses"),
            Self::Lost => (None, "lines about addresses removed by somebody else"),
            Self::Stranger => (None, "unknown VRIDs"),
            Self::Sysctl => (None, "lines about kernel parameters"),
            Self::Firewall => (None, "lines about the packet filter"),
            Self::Socket => (None, "sockets that failed"),
            Self::Late => (None, "late timers"),
            Self::Resynchronised => (None, "times that everything was read again"),
            Self::Signal(_) => (None, "signals"),
        }
    }
}

impl Engine {
    /// Tells what happened, as long as the slice lasts.
    pub(super) fn tell(&mut self, slice: &TimeSlice<'_>) {
        let now = slice.now();
        while let Some(notice) = self.news.notices.pop_front() {
            self.narrate(&notice, now);
            if slice.is_over() {
                return;
            }
        }
        while let Some((cause, count)) = self.news.limiter.next_summary(now) {
            self.sum_up(cause, count);
            if slice.is_over() {
                return;
            }
        }
        self.tell_losses(now);
    }

    /// Queues notices for the log; those without room are counted.
    pub(super) fn take_in(&mut self, notices: Vec<Notice>, now: Instant) {
        for notice in &notices {
            if let Notice::Transition { transition, .. } = notice {
                let member = self.members.get(self.member_of(notice));
                let name = member.map_or("", |member| &*member.name);
                self.balancer.note_role(name, transition.to);
            }
        }
        for notice in self.news.add(notices) {
            let index = self.member_of(&notice);
            if let Notice::AddressLost { address, .. } = notice {
                self.news.lose(index, address, now);
            } else {
                self.news.leave_out(&notice, index, now);
            }
        }
    }

    /// The member that a notice is about, if it is about one.
    fn member_of(&self, notice: &Notice) -> usize {
        let router = notice.router();
        let index = router.and_then(|id| self.by_router.get(id.index()));
        index.copied().unwrap_or(usize::MAX)
    }

    fn narrate(&mut self, notice: &Notice, now: Instant) {
        let id = notice.router();
        let router = id.and_then(|id| self.driver.router(id));
        let index = self.member_of(notice);
        let member = self.members.get_mut(index);
        let name = member.as_ref().map_or("", |member| &*member.name);
        let first = member.as_ref().is_some_and(|member| !member.entered);
        if let Notice::AddressLost { address, .. } = notice {
            return self.news.lose(index, *address, now);
        }
        let strange = matches!(notice, Notice::Unknown { .. });
        // It is tried again every few seconds, and there may be thousands.
        let again = matches!(notice, Notice::AddressFailed { .. })
            && member.as_ref().is_some_and(|member| member.logged_refusal);
        if again || (strange && !self.global.log_unknown_vrids) {
            return;
        }
        let admitted = Cause::of(notice, index)
            .is_none_or(|(cause, most)| self.news.limiter.admits(cause, most, now));
        match (notice, router) {
            (Notice::Transition { transition, .. }, Some(router)) if admitted => {
                narrator::transition(name, router, transition, first);
            }
            (notice, router) if admitted => narrator::notice(name, router, notice),
            (_, _) => {}
        }
        if let Some(member) = member {
            member.entered |= matches!(notice, Notice::Transition { .. });
            member.logged_refusal |= matches!(notice, Notice::AddressFailed { .. });
            member.logged_refusal &= !matches!(notice, Notice::AddressInstalled { .. });
        }
    }

    fn sum_up(&self, cause: Cause, count: u64) {
        let (member, what) = cause.summary();
        let period = PERIOD.as_secs();
        let member = member.and_then(|index| self.members.get(index));
        let Some(member) = member else {
            info!("{count} more {what} in {period} s");
            return;
        };
        let name = &member.name;
        let router = member.router().and_then(|id| self.driver.router(id));
        let machine = router.map(|router| router.machine());
        let state = machine.map_or("FAULT", |m| state_word(m.role(), m.is_started()));
        info!("({name}) {count} more {what} in {period} s; {state} now");
    }

    /// Says that addresses of Active routers were removed. Of any other nothing was taken: the kernel
    /// removes addresses with their interface, and they are not put back.
    fn tell_losses(&mut self, now: Instant) {
        let Some(losses) = self.news.lost.take_if(|losses| losses.due() <= now) else {
            return;
        };
        let is_active = |index: &usize| {
            let member = self.members.get(*index).and_then(Member::router);
            let router = member.and_then(|id| self.driver.router(id));
            router.is_some_and(|router| router.machine().role() == Role::Active)
        };
        let mut taken = losses.of;
        taken.retain(|index, _| is_active(index));
        if taken.len() > APART {
            let count: usize = taken.values().map(|(_, count)| count).sum();
            let first = taken.first_key_value();
            if let Some((_, (first, _))) = first
                && self.news.limiter.admits(Cause::Lost, 4, now)
            {
                let instances = taken.len();
                warn!(
                    "{count} addresses of {instances} instances, {first} among them, were removed by somebody else; putting them back"
                );
            }
            return;
        }
        for (index, (first, count)) in taken {
            let Some(member) = self.members.get(index) else {
                continue;
            };
            if !self.news.limiter.admits(Cause::Address(index), 4, now) {
                continue;
            }
            let name = &member.name;
            match count {
                1 => warn!("({name}) {first} was removed by somebody else; putting it back"),
                count => warn!(
                    "({name}) {count} addresses, {first} among them, were removed by somebody else; putting them back"
                ),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_go_together_are_one_loss() {
        let mut news = News::new();
        let at = |millis| Instant::EPOCH + Duration::from_millis(millis);
        for (number, millis) in [(1, 0), (2, 200), (3, 450)] {
            news.lose(7, IpAddr::from([192, 0, 2, number]), at(millis));
        }
        assert_eq!(news.deadline(), Some(at(750)));
        let lost = news.lost.as_ref().unwrap().of.get(&7);
        assert_eq!(lost, Some(&(IpAddr::from([192, 0, 2, 1]), 3)));
        for millis in (600..2_500).step_by(100) {
            news.lose(7, IpAddr::from([192, 0, 2, 9]), at(millis));
        }
        assert_eq!(news.deadline(), Some(at(2_000)), "however long it goes on");
    }

    #[test]
    fn of_notices_beyond_those_that_may_wait_the_number_is_told() {
        let mut news = News::new();
        let late = |millis| Notice::Late {
            by: Duration::from_millis(millis),
        };
        assert!(news.add((0..16_000).map(late).collect()).is_empty());
        let rest = news.add((16_000..17_000).map(late).collect());
        assert_eq!(news.notices.len(), 16_384);
        assert_eq!(rest.len(), 616);
        assert!(matches!(rest[0], Notice::Late { by } if by == Duration::from_millis(16_384)));
        let at = |seconds| Instant::EPOCH + Duration::from_secs(seconds);
        for notice in &rest {
            news.leave_out(notice, usize::MAX, at(1));
        }
        let summary = news.limiter.next_summary(at(11));
        assert_eq!(summary, Some((Cause::Late, 616)));
        assert_eq!(news.add(vec![late(1)]).len(), 1, "none was logged yet");
    }
}
