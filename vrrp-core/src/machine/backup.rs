//! The Backup state (RFC 9568 §6.4.2).

use core::time::Duration;

use super::{Action, Actions, Cause, Heard, State, VirtualRouter, Watch, active_down_nanos};
use crate::{Instant, Interval, Version};

impl VirtualRouter {
    /// RFC 9568 §6.4.2, Active_Down_Timer fires.
    pub(super) fn active_down_timer(
        &mut self,
        now: Instant,
        active_down: Instant,
        watch: Watch,
    ) -> Actions {
        if now < active_down {
            return Actions::NONE;
        }
        if self.held {
            if let State::Backup {
                active_down, watch, ..
            } = &mut self.state
            {
                *watch = Watch::Expired;
                let interval = self.config.interval();
                let wait = active_down_nanos(&self.config, self.priority, interval);
                *active_down = now.after_nanos(wait);
            }
            return Actions::of(&[Action::Candidate]);
        }
        let cause = match watch {
            Watch::Silence | Watch::Expired => Cause::ActiveTimeout,
            Watch::Resigned => Cause::ActiveResigned,
            Watch::Lower if self.priority.is_owner() => Cause::OwnerPreempt,
            Watch::Lower if self.config.preempt_delay() > Duration::ZERO => {
                Cause::PreemptHoldTimeout
            }
            Watch::Lower => Cause::LowerPriorityActive,
        };
        self.become_active(now, cause)
    }

    /// RFC 9568 §6.4.2, an advertisement arrives. Any sender counts: addresses are not
    /// compared here.
    pub(super) fn in_backup(&mut self, now: Instant, heard: Heard) -> Actions {
        if heard.priority.is_resign() {
            self.resigned(now, heard);
            return Actions::NONE;
        }
        if heard.priority < self.priority && self.config.preempt() && !self.tolerates(now) {
            if let State::Backup { watch, .. } = &mut self.state
                && *watch != Watch::Expired
            {
                *watch = Watch::Lower;
            }
            return Actions::NONE;
        }
        let preempt_at = match self.state {
            State::Backup { preempt_at, .. } if heard.priority < self.priority => preempt_at,
            State::Backup { .. } | State::Initialize | State::Active { .. } => None,
        };
        self.follow(now, heard, preempt_at);
        Actions::NONE
    }

    /// A resignation (RFC 9568 §6.4.2), with two deviations. A timer with less than Skew_Time left
    /// keeps it, or a router that resigns again and again would hold everybody off for ever. And a
    /// loser's resignation says nothing about the Active Router that this one follows.
    fn resigned(&mut self, now: Instant, heard: Heard) {
        if self
            .active
            .is_some_and(|active| active.source != heard.source)
        {
            return;
        }
        let skewed = now + self.skew();
        if let State::Backup {
            active_down, watch, ..
        } = &mut self.state
        {
            *active_down = skewed.min(*active_down);
            if *watch != Watch::Expired {
                *watch = Watch::Resigned;
            }
        }
    }

    /// Whether a lower-priority Active Router is still within the preempt delay, which starts when
    /// the first one is heard.
    fn tolerates(&mut self, now: Instant) -> bool {
        let delay = self.config.preempt_delay();
        let State::Backup { preempt_at, .. } = &mut self.state else {
            return false;
        };
        delay > Duration::ZERO && now < *preempt_at.get_or_insert(now + delay)
    }

    /// Takes the sender for the Active Router (RFC 9568 §6.4.2): learns its interval in version 3
    /// and re-arms.
    pub(super) const fn follow(&mut self, now: Instant, heard: Heard, preempt_at: Option<Instant>) {
        let active_interval = match self.config.version() {
            Version::V2 => self.config.interval(),
            Version::V3 => heard.interval,
        };
        self.state = self.watching(now, active_interval, preempt_at);
        self.active = Some(heard);
    }

    /// Enters Backup behind an Active Router that advertises every `active_interval`.
    pub(super) const fn watch_for(&mut self, now: Instant, active_interval: Interval) {
        self.state = self.watching(now, active_interval, None);
        self.active = None;
    }

    const fn watching(
        &self,
        now: Instant,
        active_interval: Interval,
        preempt_at: Option<Instant>,
    ) -> State {
        let wait = active_down_nanos(&self.config, self.priority, active_interval);
        State::Backup {
            active_down: now.after_nanos(wait),
            active_interval,
            preempt_at,
            watch: Watch::Silence,
        }
    }
}
