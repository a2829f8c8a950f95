//! The logging of the driver's notices, in slices of time and limited by cause.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use tracing::{info, warn};
use vrrp_core::{Instant, Role};
use vrrp_mio::{Notice, RouterId, TimeSlice};

use super::Engine;
use crate::observe::limit::{Limiter, PERIOD};
use crate::observe::status::state_word;
use crate::slab::Handle;
use crate::vrrp::instances::VrrpInstance;
use crate::vrrp::log;

/// A lost address is logged once no other has been lost for this long, …
const QUIET: Duration = Duration::from_millis(300);
/// … or after this: the kernel reports the addresses of a removed interface before the interface.
const LONGEST: Duration = Duration::from_secs(2);
/// Instances whose losses are logged separately.
const APART: usize = 4;
/// Notices that may wait. Only the number of further ones is logged: thousands of instances that change
/// at once, a few times each, are fewer.
const WAITING: usize = 16_384;

/// Notices there is room for while none waits.
const KEPT: usize = 64;

/// The notices that wait to be logged, and what was logged lately.
#[derive(Debug)]
pub(super) struct NoticeLog {
    queue: VecDeque<Notice>,
    pub(super) limiter: Limiter<Cause>,
    lost: Option<LostAddresses>,
}

/// What lines are about, and of which instance where it is one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    Change(Option<Handle>),
    Contest(Option<Handle>),
    Obstacle(Option<Handle>),
    Advert(Option<Handle>),
    Send(Option<Handle>),
    Address(Option<Handle>),
    /// Addresses of many instances.
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
struct LostAddresses {
    since: Instant,
    last: Instant,
    /// The first one and how many, of each instance.
    of: BTreeMap<Handle, (IpAddr, usize)>,
}

impl LostAddresses {
    fn due(&self) -> Instant {
        (self.last + QUIET).min(self.since + LONGEST)
    }
}

impl NoticeLog {
    pub(super) const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            limiter: Limiter::new(),
            lost: None,
        }
    }

    /// Takes as many as may wait; gives back the others.
    pub(super) fn add(&mut self, mut notices: Vec<Notice>) -> Vec<Notice> {
        let room = WAITING.saturating_sub(self.queue.len());
        let rest = notices.split_off(room.min(notices.len()));
        self.queue.extend(notices);
        rest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let lost = self.lost.as_ref().map(LostAddresses::due);
        lost.into_iter().chain(self.limiter.deadline()).min()
    }

    /// Counts a notice that is not logged, with the lines of its cause that are held back.
    fn leave_out(&mut self, notice: &Notice, instance: Option<Handle>, now: Instant) {
        if let Some((cause, _)) = Cause::of(notice, instance) {
            self.limiter.admits(cause, 0, now);
        }
    }

    /// A virtual address is gone from an instance.
    fn lose(&mut self, instance: Handle, address: IpAddr, now: Instant) {
        let lost = self.lost.get_or_insert(LostAddresses {
            since: now,
            last: now,
            of: BTreeMap::new(),
        });
        lost.last = now;
        lost.of.entry(instance).or_insert((address, 0)).1 += 1;
    }

    /// An instance is removed: nothing more is logged about it or its router.
    pub(super) fn forget(&mut self, instance: Handle, router: Option<RouterId>) {
        self.queue
            .retain(|notice| notice.router().is_none() || notice.router() != router);
        if let Some(lost) = &mut self.lost {
            lost.of.remove(&instance);
        }
    }
}

impl Cause {
    /// The cause of a notice about `instance`, and how many lines of it are logged at once.
    const fn of(notice: &Notice, instance: Option<Handle>) -> Option<(Self, u32)> {
        Some(match notice {
            Notice::Transition { .. } => (Self::Change(instance), 8),
            Notice::Contested { .. } => (Self::Contest(instance), 1),
            Notice::Remark { .. } | Notice::Discarded { .. } => (Self::Advert(instance), 8),
            Notice::Unknown { .. } => (Self::Stranger, 64),
            Notice::AddressFailed { .. } => (Self::Address(instance), 4),
            Notice::SysctlFailed { .. } => (Self::Sysctl, 8),
            Notice::FirewallFailed { .. } => (Self::Firewall, 4),
            Notice::Obstacle { .. } => (Self::Obstacle(instance), 8),
            Notice::SocketFailed { .. } | Notice::ReceiveFailed { .. } => (Self::Socket, 8),
            Notice::SendFailed { .. } => (Self::Send(instance), 2),
            Notice::Late { .. } => (Self::Late, 4),
            Notice::Resynchronised => (Self::Resynchronised, 2),
            Notice::Candidate { .. }
            | Notice::AddressInstalled { .. }
            | Notice::AddressLost { .. }
            | _ => return None,
        })
    }

    /// The instance it is about, and what the lines that were not written are.
    const fn summary(self) -> (Option<Handle>, &'static str) {
        match self {
            Self::Change(instance) => (instance, "changes of state"),
            Self::Contest(instance) => (instance, "adverts of routers that lose"),
            Self::Obstacle(instance) => (instance, "lines about what keeps it from being MASTER"),
            Self::Advert(instance) => (instance, "lines about adverts"),
            Self::Send(instance) => (instance, "lines about adverts not sent"),
            Self::Address(instance) => (instance, "lines about its addresses"),
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
    /// Logs what happened, as long as the slice lasts.
    pub(super) fn log_notices(&mut self, slice: &TimeSlice<'_>) {
        let now = slice.now();
        while let Some(notice) = self.notices.queue.pop_front() {
            self.log_notice(&notice, now);
            if slice.is_over() {
                return;
            }
        }
        // After thousands of changes at once it would go on to hold their room.
        self.notices.queue.shrink_to(KEPT);
        while let Some((cause, count)) = self.notices.limiter.next_summary(now) {
            self.log_summary(cause, count);
            if slice.is_over() {
                return;
            }
        }
        self.log_losses(now);
    }

    /// Queues notices for the log; those without room are counted.
    pub(super) fn queue_notices(&mut self, notices: Vec<Notice>, now: Instant) {
        for notice in &notices {
            if let Notice::Transition { transition, .. } = notice {
                let instance = self.instance_of(notice);
                let instance = instance.and_then(|handle| self.instances.get(handle));
                let name = instance.map_or("", |instance| &*instance.name);
                self.balancer.note_role(name, transition.to);
            }
        }
        for notice in self.notices.add(notices) {
            let instance = self.instance_of(&notice);
            match (&notice, instance) {
                (Notice::AddressLost { address, .. }, Some(handle)) => {
                    self.notices.lose(handle, *address, now);
                }
                (notice, instance) => self.notices.leave_out(notice, instance, now),
            }
        }
    }

    /// The instance that a notice is about, if it is about one.
    fn instance_of(&self, notice: &Notice) -> Option<Handle> {
        self.instances.of_router(notice.router()?)
    }

    fn log_notice(&mut self, notice: &Notice, now: Instant) {
        let id = notice.router();
        let router = id.and_then(|id| self.driver.router(id));
        let handle = self.instance_of(notice);
        let instance = handle.and_then(|handle| self.instances.get_mut(handle));
        let name = instance.as_ref().map_or("", |instance| &*instance.name);
        let first = instance.as_ref().is_some_and(|instance| !instance.entered);
        if let Notice::AddressLost { address, .. } = notice {
            if let Some(handle) = handle {
                self.notices.lose(handle, *address, now);
            }
            return;
        }
        let strange = matches!(notice, Notice::Unknown { .. });
        // It is tried again every few seconds, and there may be thousands.
        let again = matches!(notice, Notice::AddressFailed { .. })
            && instance
                .as_ref()
                .is_some_and(|instance| instance.logged_refusal);
        if again || (strange && !self.global.log_unknown_vrids) {
            return;
        }
        let admitted = Cause::of(notice, handle)
            .is_none_or(|(cause, most)| self.notices.limiter.admits(cause, most, now));
        match (notice, router) {
            (Notice::Transition { transition, .. }, Some(router)) if admitted => {
                log::transition(name, router, transition, first);
            }
            (notice, router) if admitted => log::notice(name, router, notice),
            (_, _) => {}
        }
        if let Some(instance) = instance {
            instance.entered |= matches!(notice, Notice::Transition { .. });
            instance.logged_refusal |= matches!(notice, Notice::AddressFailed { .. });
            instance.logged_refusal &= !matches!(notice, Notice::AddressInstalled { .. });
        }
    }

    fn log_summary(&self, cause: Cause, count: u64) {
        let (instance, what) = cause.summary();
        let period = PERIOD.as_secs();
        let instance = instance.and_then(|handle| self.instances.get(handle));
        let Some(instance) = instance else {
            info!("{count} more {what} in {period} s");
            return;
        };
        let name = &instance.name;
        let router = instance.router().and_then(|id| self.driver.router(id));
        let machine = router.map(|router| router.machine());
        let state = machine.map_or("FAULT", |m| state_word(m.role(), m.is_started()));
        info!("({name}) {count} more {what} in {period} s; {state} now");
    }

    /// Says that addresses of Active routers were removed. Of any other nothing was taken: the kernel
    /// removes addresses with their interface, and they are not put back.
    fn log_losses(&mut self, now: Instant) {
        let Some(losses) = self.notices.lost.take_if(|losses| losses.due() <= now) else {
            return;
        };
        let is_active = |handle: &Handle| {
            let instance = self.instances.get(*handle).and_then(VrrpInstance::router);
            let router = instance.and_then(|id| self.driver.router(id));
            router.is_some_and(|router| router.machine().role() == Role::Active)
        };
        let mut taken = losses.of;
        taken.retain(|handle, _| is_active(handle));
        if taken.len() > APART {
            let count: usize = taken.values().map(|(_, count)| count).sum();
            let first = taken.first_key_value();
            if let Some((_, (first, _))) = first
                && self.notices.limiter.admits(Cause::Lost, 4, now)
            {
                let instances = taken.len();
                warn!(
                    "{count} addresses of {instances} instances, {first} among them, were removed by somebody else; putting them back"
                );
            }
            return;
        }
        for (handle, (first, count)) in taken {
            let Some(instance) = self.instances.get(handle) else {
                continue;
            };
            if !self
                .notices
                .limiter
                .admits(Cause::Address(Some(handle)), 4, now)
            {
                continue;
            }
            let name = &instance.name;
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
        let mut log = NoticeLog::new();
        let at = |millis| Instant::EPOCH + Duration::from_millis(millis);
        let [seven, eight] = [7, 8].map(Handle::from_bits);
        for (number, millis) in [(1, 0), (2, 200), (3, 450)] {
            log.lose(seven, IpAddr::from([192, 0, 2, number]), at(millis));
        }
        assert_eq!(log.deadline(), Some(at(750)));
        let lost = log.lost.as_ref().unwrap().of.get(&seven);
        assert_eq!(lost, Some(&(IpAddr::from([192, 0, 2, 1]), 3)));
        for millis in (600..2_500).step_by(100) {
            log.lose(seven, IpAddr::from([192, 0, 2, 9]), at(millis));
        }
        assert_eq!(log.deadline(), Some(at(2_000)), "however long it goes on");
        log.lose(eight, IpAddr::from([192, 0, 2, 9]), at(2_500));
        log.forget(seven, None);
        let left: Vec<_> = log.lost.unwrap().of.into_keys().collect();
        assert_eq!(left, [eight], "the other instance was removed");
    }

    #[test]
    fn notices_beyond_those_that_may_wait_are_counted() {
        let mut log = NoticeLog::new();
        let late = |millis| Notice::Late {
            by: Duration::from_millis(millis),
        };
        assert!(log.add((0..16_000).map(late).collect()).is_empty());
        let rest = log.add((16_000..17_000).map(late).collect());
        assert_eq!(log.queue.len(), 16_384);
        assert_eq!(rest.len(), 616);
        assert!(matches!(rest[0], Notice::Late { by } if by == Duration::from_millis(16_384)));
        let at = |seconds| Instant::EPOCH + Duration::from_secs(seconds);
        for notice in &rest {
            log.leave_out(notice, None, at(1));
        }
        let summary = log.limiter.next_summary(at(11));
        assert_eq!(summary, Some((Cause::Late, 616)));
        assert_eq!(log.add(vec![late(1)]).len(), 1, "none was logged yet");
    }
}
