//! The Active state (RFC 9568 §6.4.3).

use super::{
    Action, Actions, Announcement, Answers, Cause, Heard, Role, State, VirtualRouter,
    active_down_nanos,
};
use crate::Instant;

impl VirtualRouter {
    /// RFC 9568 §6.4.3, Adver_Timer fires. The next deadline follows from the last one, so
    /// the period does not drift; after a stall there is one advertisement, not a burst.
    pub(super) fn adver_timer(
        &mut self,
        now: Instant,
        advertise_at: Instant,
        answers: Answers,
    ) -> Actions {
        if now < advertise_at {
            return Actions::NONE;
        }
        let interval = self.config.interval().nanos();
        let next = advertise_at.after_nanos(interval);
        let next = if next > now {
            next
        } else {
            now.after_nanos(interval)
        };
        self.state = State::Active {
            advertise_at: next,
            answers,
        };
        Actions::one(Action::Advertise(self.priority))
    }

    /// RFC 9568 §6.4.3, an advertisement arrives. Preempt_Mode does not matter here.
    pub(super) fn in_active(
        &mut self,
        now: Instant,
        heard: Heard,
        advertise_at: Instant,
        answers: Answers,
    ) -> Actions {
        // RFC 9568 §6.4.3: an own packet that came back is no contest, whatever the priority was
        // when it left.
        if Some(heard.source) == self.primary {
            return Actions::NONE;
        }
        let pause = self.pause(heard);
        if heard.priority.is_resign() {
            if now < answers.resignation {
                return Actions::NONE;
            }
            return self.advertise_now(
                now,
                Answers {
                    resignation: now.after_nanos(pause),
                    ..answers
                },
            );
        }
        if self.loses_to(heard) {
            return self.yield_to(now, heard, Cause::HigherPriorityBackup);
        }
        if self.overslept(now, heard, advertise_at) {
            return self.yield_to(now, heard, Cause::Overslept);
        }
        if !self.config.answer_lower() || now < answers.lower {
            return Actions::NONE;
        }
        let answers = Answers {
            lower: now.after_nanos(pause),
            ..answers
        };
        self.state = State::Active {
            advertise_at,
            answers,
        };
        Actions::of(&[
            Action::Advertise(self.priority),
            Action::Announce(Announcement::LowerPriority),
        ])
    }

    /// Whether the sender wins against this Active Router (RFC 9568 §6.4.3).
    fn loses_to(&self, heard: Heard) -> bool {
        let higher_address = self.primary.is_some_and(|primary| heard.source > primary);
        heard.priority > self.priority || (heard.priority == self.priority && higher_address)
    }

    /// Whether this router was silent for so long that the sender had to take over. To demote it
    /// now would move the addresses twice.
    fn overslept(&self, now: Instant, heard: Heard, advertise_at: Instant) -> bool {
        let interval = self.config.interval();
        let senders_wait = active_down_nanos(&self.config, heard.priority, interval);
        now.after_nanos(interval.nanos()) >= advertise_at.after_nanos(senders_wait)
    }

    fn yield_to(&mut self, now: Instant, heard: Heard, cause: Cause) -> Actions {
        let transition = self.transition(Role::Backup, cause, Some(heard.source));
        self.follow(now, heard, None);
        let mut actions = Actions::NONE;
        // After oversleeping it would demote the very router that is to stay Active. And backups
        // would learn the wrong interval of a loser, and displace a slower winner again and again.
        let agreed = heard.interval == self.config.interval();
        if self.config.answer_higher() && cause == Cause::HigherPriorityBackup && agreed {
            actions.push(Action::Advertise(self.priority));
        }
        actions.push(Action::RemoveAddresses);
        actions.because(transition)
    }

    /// Sends at once and re-arms Adver_Timer (RFC 9568 §6.4.3).
    pub(super) const fn advertise_now(&mut self, now: Instant, answers: Answers) -> Actions {
        let advertise_at = now.after_nanos(self.config.interval().nanos());
        self.state = State::Active {
            advertise_at,
            answers,
        };
        Actions::one(Action::Advertise(self.priority))
    }

    /// For how many nanoseconds nobody is answered after `heard` was: half of the shorter interval,
    /// so that each advertisement of a regular router is answered, even of one that is faster than
    /// this one.
    fn pause(&self, heard: Heard) -> u64 {
        self.config.interval().min(heard.interval).nanos() / 2
    }

    pub(super) fn become_active(&mut self, now: Instant, cause: Cause) -> Actions {
        let peer = self.active.map(|heard| heard.source);
        let transition = self.transition(Role::Active, cause, peer);
        self.active = None;
        let answers = Answers {
            lower: now,
            resignation: now,
        };
        let mut actions = self.advertise_now(now, answers);
        actions.push(Action::AddAddresses);
        actions.push(Action::Announce(Announcement::NewActive));
        actions.because(transition)
    }
}
