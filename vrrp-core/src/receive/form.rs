//! Which checksum form to send, learned from those who win.

use super::Admitted;
use crate::wire::ChecksumForm;
use crate::{Role, VirtualRouter};

/// The form of the version 3 checksum to send over IPv4, where there are two readings of RFC 5798
/// and routers that verify only one.
///
/// A form is learned from the Active Router that this one follows, once it was heard
/// [`PERSISTENCE`](Self::PERSISTENCE) times in a row, and from nobody else: who loses to this router
/// might be anybody, and peers that read the other form would no longer hear this one. Where both
/// forms are heard, the default is sent: from routers that were followed, or from a router that
/// advertises on in the default form though this one is Active, because it does not hear it.
///
/// Tell it of every admitted advertisement, after [`VirtualRouter::handle`] had it:
///
/// ```
/// use vrrp_core::receive::FollowedForm;
/// use vrrp_core::wire::ChecksumForm;
///
/// // keepalived and FRR 8.4 verify no other, whatever they are sent.
/// let form = FollowedForm::new(ChecksumForm::PseudoHeader);
/// assert_eq!(form.get(), ChecksumForm::PseudoHeader);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FollowedForm {
    default: ChecksumForm,
    /// What Active Routers sent last.
    theirs: ChecksumForm,
    /// How often in a row.
    times: u8,
    /// How often in a row a loser was heard in the default form since.
    doubts: u8,
}

impl FollowedForm {
    /// How often in a row an Active Router is heard in another form before that is sent.
    pub const PERSISTENCE: u8 = 3;

    /// Sends `default` until another form is learned.
    #[must_use]
    pub const fn new(default: ChecksumForm) -> Self {
        Self {
            default,
            theirs: default,
            times: 0,
            doubts: 0,
        }
    }

    /// The form to send.
    #[must_use]
    pub fn get(&self) -> ChecksumForm {
        if self.times >= Self::PERSISTENCE {
            self.theirs
        } else {
            self.default
        }
    }

    /// An advertisement was admitted, and `router` has handled it.
    pub fn heard(&mut self, router: &VirtualRouter, admitted: &Admitted) {
        let Some(form) = admitted.remarks.checksum else {
            return;
        };
        if !admitted.listed || admitted.heard.priority.is_resign() {
            return;
        }
        if router.follows(&admitted.heard) {
            if form != self.theirs {
                (self.theirs, self.times) = (form, 0);
            }
            self.times = self.times.saturating_add(1);
            self.doubts = 0;
        } else if router.role() == Role::Active && form == self.default {
            self.doubts = self.doubts.saturating_add(1);
            if self.doubts >= Self::PERSISTENCE {
                *self = Self::new(self.default);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::receive::Remarks;
    use crate::wire::ChecksumForm::{MessageOnly, PseudoHeader};
    use crate::{Config, Event, Family, Heard, Instant, Interval, Priority, Settings, Version};

    const OURS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 20));
    const THEIRS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3));

    /// A router of priority 150 and what it sends.
    struct Follower {
        router: VirtualRouter,
        form: FollowedForm,
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
            let form = FollowedForm::new(PseudoHeader);
            Self { router, form }
        }

        fn active() -> Self {
            let mut follower = Self::new();
            let _elected = follower.router.handle(Instant::EPOCH, Event::Elect);
            follower
        }

        /// Hears `priority` so many times and gives what is sent then.
        fn hear(&mut self, priority: u8, form: ChecksumForm, times: u32) -> ChecksumForm {
            self.hear_from(priority, form, times, true)
        }

        fn hear_from(
            &mut self,
            priority: u8,
            form: ChecksumForm,
            times: u32,
            listed: bool,
        ) -> ChecksumForm {
            let admitted = Admitted {
                heard: Heard {
                    source: THEIRS,
                    priority: Priority::from_wire(priority),
                    interval: Interval::DEFAULT,
                },
                remarks: Remarks {
                    checksum: Some(form),
                    ..Remarks::default()
                },
                listed,
            };
            for _ in 0..times {
                let event = Event::Advertisement(admitted.heard);
                let _actions = self.router.handle(Instant::EPOCH, event);
                self.form.heard(&self.router, &admitted);
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
    fn the_active_router_is_followed_once_it_was_heard_three_times() {
        for mut follower in [Follower::new(), Follower::active()] {
            assert_eq!(follower.hear(200, MessageOnly, 2), PseudoHeader);
            assert_eq!(follower.hear(200, MessageOnly, 1), MessageOnly);
            let _elected = follower.router.handle(Instant::EPOCH, Event::Elect);
            assert_eq!(follower.form.get(), MessageOnly, "what it learned stays");
            assert_eq!(follower.hear(100, MessageOnly, 50), MessageOnly);
        }
    }

    #[test]
    fn a_stranger_teaches_nothing_though_it_wins() {
        let mut backup = Follower::new();
        let form = backup.hear_from(200, MessageOnly, 50, false);
        assert_eq!(form, PseudoHeader);
    }

    #[test]
    fn where_both_forms_are_heard_the_default_is_sent() {
        let mut backup = Follower::new();
        assert_eq!(backup.hear(200, MessageOnly, 10), MessageOnly);
        assert_eq!(backup.hear(200, PseudoHeader, 1), PseudoHeader);
        assert_eq!(backup.hear(200, MessageOnly, 2), PseudoHeader);
        assert_eq!(backup.hear(200, MessageOnly, 1), MessageOnly);
    }

    /// It would be Active for ever otherwise, beside this one.
    #[test]
    fn a_router_that_advertises_on_in_the_default_form_is_spoken_to_in_it() {
        let mut follower = Follower::new();
        assert_eq!(follower.hear(200, MessageOnly, 3), MessageOnly);
        let _elected = follower.router.handle(Instant::EPOCH, Event::Elect);
        assert_eq!(follower.hear(100, PseudoHeader, 2), MessageOnly);
        assert_eq!(follower.hear(100, PseudoHeader, 1), PseudoHeader);
        assert_eq!(follower.hear(100, MessageOnly, 9), PseudoHeader);
    }
}
