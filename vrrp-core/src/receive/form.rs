//! The checksum form to send, learned from the Active Router.

use super::Admitted;
use crate::wire::ChecksumForm;
use crate::{Instant, Role, VirtualRouter};

/// The form of the version 3 checksum to send over IPv4, where there are two readings of RFC 5798
/// and routers that verify only one.
///
/// Another form than the default is learned from the Active Router that this one follows, and from
/// no other sender: a loser may be any host, and peers that accept only the default would discard
/// our advertisements. It is learned once that router was followed for
/// [`PERSISTENCE`](Self::PERSISTENCE) intervals and nobody was heard in the default form meanwhile:
/// a peer that does not hear that router has taken over by then (its Active_Down_Interval is at
/// most four intervals). Where both forms are heard, the default is sent.
///
/// Pass every admitted advertisement to [`heard`](Self::heard), after [`VirtualRouter::handle`]:
///
/// ```
/// use vrrp_core::receive::FollowedForm;
/// use vrrp_core::wire::ChecksumForm;
///
/// // keepalived and FRR 8.4 accept no other.
/// let form = FollowedForm::new(ChecksumForm::PseudoHeader);
/// assert_eq!(form.get(), ChecksumForm::PseudoHeader);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowedForm {
    default: ChecksumForm,
    learned: Option<ChecksumForm>,
    /// What the Active Router sends without a break.
    run: Option<Run>,
    /// How often a loser was heard in the default form while this router is Active.
    doubts: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    form: ChecksumForm,
    since: Instant,
    last: Instant,
}

impl FollowedForm {
    /// For how many intervals, its own or this router's, an Active Router is followed before its form
    /// is sent.
    pub const PERSISTENCE: u64 = 4;
    /// How often a loser that advertises on in the default form is heard before that is sent again:
    /// one packet changes nothing.
    pub const DOUBTS: u8 = 3;

    /// Sends `default` until another form is learned.
    #[must_use]
    pub const fn new(default: ChecksumForm) -> Self {
        Self {
            default,
            learned: None,
            run: None,
            doubts: 0,
        }
    }

    /// The form to send.
    #[must_use]
    pub const fn get(&self) -> ChecksumForm {
        match self.learned {
            Some(learned) => learned,
            None => self.default,
        }
    }

    /// An advertisement was admitted, and `router` has handled it.
    pub fn heard(&mut self, now: Instant, router: &VirtualRouter, admitted: &Admitted) {
        let Some(form) = admitted.remarks.checksum else {
            return;
        };
        if !admitted.listed || admitted.heard.priority.is_resign() {
            return;
        }
        let is_default = form == self.default;
        match (router.role(), router.follows(&admitted.heard)) {
            (Role::Backup, true) if !is_default => {
                let interval = admitted.heard.interval.max(router.config().interval());
                self.follow(now, form, interval.nanos());
            }
            (Role::Backup, _) if is_default => *self = Self::new(self.default),
            (Role::Active, _) if is_default => {
                self.doubts = self.doubts.saturating_add(1);
                if self.doubts >= Self::DOUBTS {
                    *self = Self::new(self.default);
                }
            }
            (Role::Initialize | Role::Backup | Role::Active, _) => {}
        }
    }

    /// The Active Router was heard in another form than the default; `interval` is the longer of the
    /// two, in nanoseconds.
    fn follow(&mut self, now: Instant, form: ChecksumForm, interval: u64) {
        let run = self.run.filter(|run| {
            let gap = now.as_nanos().saturating_sub(run.last.as_nanos());
            run.form == form && gap <= 2 * interval
        });
        let since = run.map_or(now, |run| run.since);
        let last = now;
        self.run = Some(Run { form, since, last });
        self.doubts = 0;
        if now.as_nanos().saturating_sub(since.as_nanos()) >= Self::PERSISTENCE * interval {
            self.learned = Some(form);
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv4Addr};
    use core::time::Duration;

    use super::*;
    use crate::receive::Remarks;
    use crate::wire::ChecksumForm::{MessageOnly, PseudoHeader};
    use crate::{Config, Event, Family, Heard, Interval, Priority, Settings, Version};

    const OURS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 20));
    const THEIRS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3));

    /// A router of priority 150 and what it sends.
    struct Follower {
        now: Instant,
        router: VirtualRouter,
        form: FollowedForm,
        /// The interval of those it hears.
        theirs: Interval,
    }

    impl Follower {
        fn new() -> Self {
            let settings = Settings {
                priority: 150,
                ..Settings::new(Version::V3, Family::V4, 51)
            };
            let mut router = VirtualRouter::new(Config::try_from(settings).unwrap());
            for event in [Event::PrimaryAddress(Some(OURS)), Event::Startup] {
                let _start = router.handle(Instant::EPOCH, event);
            }
            Self {
                now: Instant::EPOCH,
                router,
                form: FollowedForm::new(PseudoHeader),
                theirs: Interval::DEFAULT,
            }
        }

        fn active() -> Self {
            let mut follower = Self::new();
            follower.elect();
            follower
        }

        fn elect(&mut self) {
            let _elected = self.router.handle(self.now, Event::Elect);
        }

        /// Hears `priority` so many times, once a second from now on, and gives what is sent then.
        fn hear(&mut self, priority: u8, form: ChecksumForm, times: u32) -> ChecksumForm {
            self.hear_from(priority, form, times, true, Duration::from_secs(1))
        }

        fn hear_from(
            &mut self,
            priority: u8,
            form: ChecksumForm,
            times: u32,
            listed: bool,
            every: Duration,
        ) -> ChecksumForm {
            let admitted = Admitted {
                heard: Heard {
                    source: THEIRS,
                    priority: Priority::from_wire(priority),
                    interval: self.theirs,
                },
                remarks: Remarks {
                    checksum: Some(form),
                    ..Remarks::default()
                },
                listed,
            };
            for _ in 0..times {
                let event = Event::Advertisement(admitted.heard);
                let _actions = self.router.handle(self.now, event);
                self.form.heard(self.now, &self.router, &admitted);
                self.now = self.now + every;
            }
            self.form.get()
        }
    }

    #[test]
    fn a_router_that_loses_teaches_nothing_however_often_it_is_heard() {
        let mut active = Follower::active();
        assert_eq!(active.hear(100, MessageOnly, 199), PseudoHeader);
        let mut backup = Follower::new();
        assert_eq!(backup.hear(100, MessageOnly, 199), PseudoHeader);
        // Nor does one that resigns.
        assert_eq!(active.hear(0, MessageOnly, 199), PseudoHeader);
    }

    #[test]
    fn the_active_router_is_followed_for_four_intervals_before_its_form_is_sent() {
        for mut follower in [Follower::new(), Follower::active()] {
            assert_eq!(follower.hear(200, MessageOnly, 4), PseudoHeader);
            assert_eq!(follower.hear(200, MessageOnly, 1), MessageOnly);
            follower.elect();
            assert_eq!(follower.form.get(), MessageOnly, "what it learned stays");
            assert_eq!(follower.hear(100, MessageOnly, 50), MessageOnly);
        }
    }

    #[test]
    fn neither_a_burst_nor_packets_with_silence_between_them_teach() {
        let mut backup = Follower::new();
        let burst = Duration::from_millis(1);
        let form = backup.hear_from(200, MessageOnly, 999, true, burst);
        assert_eq!(form, PseudoHeader);
        let mut backup = Follower::new();
        let rare = Duration::from_millis(2_001);
        let form = backup.hear_from(200, MessageOnly, 50, true, rare);
        assert_eq!(form, PseudoHeader);
        // Nor does a sender that claims a short interval have it quicker.
        backup.theirs = Interval::from_centis(1).unwrap();
        let form = backup.hear_from(200, MessageOnly, 999, true, burst);
        assert_eq!(form, PseudoHeader);
    }

    #[test]
    fn a_stranger_teaches_nothing_though_it_wins() {
        let mut backup = Follower::new();
        let second = Duration::from_secs(1);
        let form = backup.hear_from(200, MessageOnly, 50, false, second);
        assert_eq!(form, PseudoHeader);
    }

    #[test]
    fn where_both_forms_are_heard_the_default_is_sent() {
        let mut backup = Follower::new();
        assert_eq!(backup.hear(200, MessageOnly, 10), MessageOnly);
        assert_eq!(backup.hear(200, PseudoHeader, 1), PseudoHeader);
        assert_eq!(backup.hear(200, MessageOnly, 4), PseudoHeader);
        assert_eq!(backup.hear(200, MessageOnly, 1), MessageOnly);
        // A peer that does not hear the Active Router has taken over as well.
        assert_eq!(backup.hear(100, PseudoHeader, 1), PseudoHeader);
    }

    /// It would be Active for ever otherwise, beside this one.
    #[test]
    fn a_router_that_advertises_on_in_the_default_form_is_spoken_to_in_it() {
        let mut follower = Follower::new();
        assert_eq!(follower.hear(200, MessageOnly, 5), MessageOnly);
        follower.elect();
        assert_eq!(follower.hear(100, PseudoHeader, 2), MessageOnly);
        assert_eq!(follower.hear(100, PseudoHeader, 1), PseudoHeader);
        assert_eq!(follower.hear(100, MessageOnly, 9), PseudoHeader);
    }
}
