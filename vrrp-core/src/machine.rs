//! The state machine of one virtual router (RFC 9568 §6.4, RFC 3768 §6.4).

mod actions;
mod event;
#[cfg(test)]
mod tests;
mod timers;

use core::net::IpAddr;
use core::time::Duration;

pub use self::actions::{Action, Actions, Announcement, Cause, NewActiveReason, Role, Transition};
pub use self::event::{Event, Heard};
pub use self::timers::{active_down_interval, skew};
use crate::{Config, Instant, Interval, Priority, Version};

/// The state of a virtual router; each deadline lives in the state that owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Not running, or waiting for the interface, its primary address or tracking.
    Initialize,
    /// Watching the Active Router.
    Backup {
        /// When Active_Down_Timer fires.
        active_down: Instant,
        /// Active_Adver_Interval: the own interval until another one is learned (version 3).
        active_interval: Interval,
        /// Until when a lower-priority Active Router is tolerated, once one was heard.
        preempt_at: Option<Instant>,
        /// What the timer waits for.
        watch: Watch,
    },
    /// Answering for the virtual addresses.
    Active {
        /// When Adver_Timer fires.
        advertise_at: Instant,
        /// From when on a losing or resigning router is answered again.
        answer_at: Instant,
    },
}

/// What Active_Down_Timer stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Watch {
    /// The Active Router, if any, is silent.
    Silence,
    /// A lower-priority Active Router is being preempted (F8).
    Lower,
    /// The Active Router resigned (F6).
    Resigned,
    /// The timer fired and the sync group has yet to elect this router.
    Expired,
}

/// One virtual router: a pure function of events and time.
///
/// Drive it with three calls: [`handle`](Self::handle) for everything that happens,
/// [`deadline`](Self::deadline) for when to wake up, and `handle(now, Event::Timeout)` when that
/// time has come. Deliver received advertisements before timeouts, so that a late wake-up hears
/// what happened meanwhile. `now` must never go backwards.
///
/// A router starts when it is switched on ([`Event::Startup`]), its interface is up (assumed until
/// told otherwise) and its primary address is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VirtualRouter {
    config: Config,
    state: State,
    priority: Priority,
    primary: Option<IpAddr>,
    active: Option<Heard>,
    started: bool,
    interface_up: bool,
    faulty: bool,
    held: bool,
}

impl VirtualRouter {
    /// A router in Initialize, switched off.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self {
            config,
            state: State::Initialize,
            priority: config.priority(),
            primary: None,
            active: None,
            started: false,
            interface_up: true,
            faulty: false,
            held: false,
        }
    }

    /// Advances to `now` and reacts to `event`.
    pub fn handle(&mut self, now: Instant, event: Event) -> Actions {
        match event {
            Event::Startup => {
                self.started = true;
                self.start(now, Cause::Startup)
            }
            Event::Shutdown => {
                self.started = false;
                self.stop(Cause::Shutdown)
            }
            Event::InterfaceUp => {
                self.interface_up = true;
                self.start(now, Cause::InterfaceUp)
            }
            Event::InterfaceDown => {
                self.interface_up = false;
                self.stop(Cause::InterfaceDown)
            }
            Event::PrimaryAddress(primary) => self.primary_address(now, primary),
            Event::Fault => {
                self.faulty = true;
                self.stop(Cause::Fault)
            }
            Event::Recover => {
                self.faulty = false;
                self.start(now, Cause::Recover)
            }
            Event::Hold => self.hold(true),
            Event::Release => self.hold(false),
            Event::Priority(priority) => self.reprioritize(now, priority),
            Event::Configure(config) => self.configure(now, config),
            Event::Timeout | Event::Advertisement(_) | Event::Elect | Event::Yield => {
                self.in_state(now, event)
            }
        }
    }

    /// When to deliver [`Event::Timeout`]; `None` in Initialize.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Initialize => None,
            State::Backup { active_down, .. } => Some(active_down),
            State::Active { advertise_at, .. } => Some(advertise_at),
        }
    }

    /// The current state with its deadlines.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// The current state without its deadlines.
    #[must_use]
    pub const fn role(&self) -> Role {
        match self.state {
            State::Initialize => Role::Initialize,
            State::Backup { .. } => Role::Backup,
            State::Active { .. } => Role::Active,
        }
    }

    /// The current configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The effective priority: the configured one as tracking changed it.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// The primary address of the interface, if known.
    #[must_use]
    pub const fn primary(&self) -> Option<IpAddr> {
        self.primary
    }

    /// What the Active Router that this backup follows last advertised.
    #[must_use]
    pub const fn active_router(&self) -> Option<Heard> {
        self.active
    }

    /// Whether the router is switched on.
    #[must_use]
    pub const fn is_started(&self) -> bool {
        self.started
    }

    /// Whether the router waits for its sync group to elect it.
    #[must_use]
    pub const fn is_candidate(&self) -> bool {
        matches!(
            self.state,
            State::Backup {
                watch: Watch::Expired,
                ..
            }
        )
    }

    /// Skew_Time towards the current Active Router.
    #[must_use]
    pub const fn skew(&self) -> Duration {
        skew(self.config.version(), self.priority, self.active_interval())
    }

    /// Active_Down_Interval towards the current Active Router.
    #[must_use]
    pub const fn active_down_interval(&self) -> Duration {
        active_down_interval(&self.config, self.priority, self.active_interval())
    }

    /// Active_Adver_Interval: learned in Backup, the own interval elsewhere.
    #[must_use]
    pub const fn active_interval(&self) -> Interval {
        match self.state {
            State::Backup {
                active_interval, ..
            } => active_interval,
            State::Initialize | State::Active { .. } => self.config.interval(),
        }
    }

    fn in_state(&mut self, now: Instant, event: Event) -> Actions {
        match (self.state, event) {
            // F3: nothing but Startup leaves Initialize.
            (State::Initialize, _) => Actions::NONE,
            (
                State::Backup {
                    active_down, watch, ..
                },
                Event::Timeout,
            ) => self.active_down_timer(now, active_down, watch),
            (State::Backup { .. }, Event::Advertisement(heard)) => self.in_backup(now, heard),
            (State::Backup { .. }, Event::Elect) => self.become_active(now, Cause::GroupElected),
            (
                State::Active {
                    advertise_at,
                    answer_at,
                },
                Event::Timeout,
            ) => self.adver_timer(now, advertise_at, answer_at),
            (
                State::Active {
                    advertise_at,
                    answer_at,
                },
                Event::Advertisement(heard),
            ) => self.in_active(now, heard, advertise_at, answer_at),
            (State::Active { .. }, Event::Yield) => {
                let actions = [Action::Advertise(Priority::RESIGN), Action::RemoveAddresses];
                let transition = self.transition(Role::Backup, Cause::GroupYielded, None);
                self.watch_for(now, self.config.interval());
                Actions::of(&actions).because(transition)
            }
            // Every other event was dispatched before the state mattered, or finds it reached.
            (State::Backup { .. } | State::Active { .. }, _) => Actions::NONE,
        }
    }

    /// RFC 9568 §6.4.1: leaves Initialize once everything a router needs is there (F1, F2).
    fn start(&mut self, now: Instant, cause: Cause) -> Actions {
        let ready = self.started && self.interface_up && self.primary.is_some() && !self.faulty;
        if !ready || self.state != State::Initialize {
            return Actions::NONE;
        }
        if self.priority.is_owner() && !self.held {
            return self.become_active(now, cause);
        }
        let transition = self.transition(Role::Backup, cause, None);
        self.watch_for(now, self.config.interval());
        Actions::NONE.because(transition)
    }

    /// Enters Initialize: a Backup silently (F4), an Active Router with a resignation (F10).
    fn stop(&mut self, cause: Cause) -> Actions {
        let transition = self.transition(Role::Initialize, cause, None);
        let was = core::mem::replace(&mut self.state, State::Initialize);
        self.active = None;
        match was {
            State::Initialize => Actions::NONE,
            State::Backup { .. } => Actions::NONE.because(transition),
            // Nothing leaves an interface that is down: peers have to time out.
            State::Active { .. } if cause == Cause::InterfaceDown => {
                Actions::of(&[Action::RemoveAddresses]).because(transition)
            }
            State::Active { .. } => {
                Actions::of(&[Action::Advertise(Priority::RESIGN), Action::RemoveAddresses])
                    .because(transition)
            }
        }
    }

    const fn hold(&mut self, held: bool) -> Actions {
        self.held = held;
        Actions::NONE
    }

    fn primary_address(&mut self, now: Instant, primary: Option<IpAddr>) -> Actions {
        if self.primary == primary {
            return Actions::NONE;
        }
        let Some(address) = primary else {
            let actions = self.stop(Cause::NoPrimaryAddress);
            self.primary = None;
            return actions;
        };
        self.primary = Some(address);
        match self.state {
            State::Initialize => self.start(now, Cause::PrimaryAddress),
            State::Backup { .. } => Actions::NONE,
            // Peers break ties by our address: tell them the new one at once.
            State::Active { answer_at, .. } => self.advertise_now(now, answer_at),
        }
    }

    /// Adopts an effective priority. The running deadline moves by the change of skew and is never
    /// put off once it has passed.
    fn reprioritize(&mut self, now: Instant, priority: Priority) -> Actions {
        if self.config.priority().is_owner() || priority.is_owner() || priority.is_resign() {
            return Actions::NONE;
        }
        let before = self.wait();
        self.priority = priority;
        self.shift_deadline(now, before);
        Actions::NONE
    }

    fn configure(&mut self, now: Instant, config: Config) -> Actions {
        let before = self.wait();
        self.priority = retracked(self.config.priority(), self.priority, config.priority());
        self.config = config;
        match &mut self.state {
            State::Initialize => Actions::NONE,
            State::Backup {
                active_interval, ..
            } => {
                if self.active.is_none() || config.version() == Version::V2 {
                    *active_interval = config.interval();
                }
                self.shift_deadline(now, before);
                Actions::NONE
            }
            State::Active { answer_at, .. } => {
                let answer_at = *answer_at;
                let mut actions = self.advertise_now(now, answer_at);
                actions.push(Action::AddAddresses);
                actions.push(Action::Announce(Announcement::NewActive));
                actions
            }
        }
    }

    /// The time from the last arming of Active_Down_Timer to its end.
    const fn wait(&self) -> Duration {
        match self.state {
            State::Backup {
                watch: Watch::Resigned,
                ..
            } => self.skew(),
            State::Backup { .. } | State::Initialize | State::Active { .. } => {
                self.active_down_interval()
            }
        }
    }

    fn shift_deadline(&mut self, now: Instant, before: Duration) {
        let after = self.wait();
        if let State::Backup { active_down, .. } = &mut self.state
            && *active_down > now
        {
            let armed = active_down.as_nanos().saturating_sub(nanos(before));
            *active_down = Instant::from_nanos(armed) + after;
        }
    }

    /// RFC 9568 §6.4.2, Active_Down_Timer fires (F5).
    fn active_down_timer(&mut self, now: Instant, active_down: Instant, watch: Watch) -> Actions {
        if now < active_down {
            return Actions::NONE;
        }
        if self.held {
            if let State::Backup {
                active_down, watch, ..
            } = &mut self.state
            {
                *watch = Watch::Expired;
                *active_down =
                    now + active_down_interval(&self.config, self.priority, self.config.interval());
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

    /// RFC 9568 §6.4.2, an advertisement arrives (F6 to F9). Any sender counts: addresses are not
    /// compared here.
    fn in_backup(&mut self, now: Instant, heard: Heard) -> Actions {
        if heard.priority.is_resign() {
            self.resigned(now);
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
        let tolerated = heard.priority < self.priority;
        self.follow(now, heard);
        if !tolerated && let State::Backup { preempt_at, .. } = &mut self.state {
            *preempt_at = None;
        }
        Actions::NONE
    }

    /// F6 says to set the timer to Skew_Time; a timer with less left keeps it, or a router that
    /// resigns again and again would hold everybody off for ever.
    fn resigned(&mut self, now: Instant) {
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

    /// Takes the sender for the Active Router (F7): learns its interval in version 3 and re-arms.
    fn follow(&mut self, now: Instant, heard: Heard) {
        let interval = match self.config.version() {
            Version::V2 => self.config.interval(),
            Version::V3 => heard.interval,
        };
        let kept = match self.state {
            State::Backup { preempt_at, .. } => preempt_at,
            State::Initialize | State::Active { .. } => None,
        };
        self.watch_for(now, interval);
        self.active = Some(heard);
        if let State::Backup { preempt_at, .. } = &mut self.state {
            *preempt_at = kept;
        }
    }

    /// Enters Backup behind an Active Router that advertises every `active_interval`.
    fn watch_for(&mut self, now: Instant, active_interval: Interval) {
        let wait = active_down_interval(&self.config, self.priority, active_interval);
        self.active = None;
        self.state = State::Backup {
            active_down: now + wait,
            active_interval,
            preempt_at: None,
            watch: Watch::Silence,
        };
    }

    /// RFC 9568 §6.4.3, Adver_Timer fires (F11). The next deadline follows from the last one, so
    /// the period does not drift; after a stall there is one advertisement, not a burst.
    fn adver_timer(&mut self, now: Instant, advertise_at: Instant, answer_at: Instant) -> Actions {
        if now < advertise_at {
            return Actions::NONE;
        }
        let interval = self.config.interval().duration();
        let next = advertise_at + interval;
        let next = if next > now { next } else { now + interval };
        self.state = State::Active {
            advertise_at: next,
            answer_at,
        };
        Actions::of(&[Action::Advertise(self.priority)])
    }

    /// RFC 9568 §6.4.3, an advertisement arrives (F12 to F16). Preempt_Mode does not matter here.
    fn in_active(
        &mut self,
        now: Instant,
        heard: Heard,
        advertise_at: Instant,
        answer_at: Instant,
    ) -> Actions {
        if heard.priority.is_resign() {
            if now < answer_at {
                return Actions::NONE;
            }
            return self.advertise_now(now, self.answered(now));
        }
        if self.loses_to(heard) {
            return self.yield_to(now, heard, Cause::HigherPriorityBackup);
        }
        if self.overslept(now, heard, advertise_at) {
            return self.yield_to(now, heard, Cause::Overslept);
        }
        // F15: an own packet that came back, or a duplicate address, is no contest.
        let own = heard.priority == self.priority && Some(heard.source) == self.primary;
        if own || !self.config.answer_lower() || now < answer_at {
            return Actions::NONE;
        }
        self.state = State::Active {
            advertise_at,
            answer_at: self.answered(now),
        };
        Actions::of(&[
            Action::Advertise(self.priority),
            Action::Announce(Announcement::LowerPriority),
        ])
    }

    /// Whether the sender wins against this Active Router (F13).
    fn loses_to(&self, heard: Heard) -> bool {
        let higher_address = self.primary.is_some_and(|primary| heard.source > primary);
        heard.priority > self.priority || (heard.priority == self.priority && higher_address)
    }

    /// Whether this router was silent for so long that the sender had to take over. To demote it
    /// now would move the addresses twice.
    fn overslept(&self, now: Instant, heard: Heard, advertise_at: Instant) -> bool {
        let interval = self.config.interval();
        let senders_wait = active_down_interval(&self.config, heard.priority, interval);
        now + interval.duration() >= advertise_at + senders_wait
    }

    fn yield_to(&mut self, now: Instant, heard: Heard, cause: Cause) -> Actions {
        let transition = self.transition(Role::Backup, cause, Some(heard.source));
        self.follow(now, heard);
        let mut actions = Actions::NONE;
        if self.config.answer_higher() {
            actions.push(Action::Advertise(self.priority));
        }
        actions.push(Action::RemoveAddresses);
        actions.because(transition)
    }

    /// Sends at once and re-arms Adver_Timer (F12).
    fn advertise_now(&mut self, now: Instant, answer_at: Instant) -> Actions {
        let advertise_at = now + self.config.interval().duration();
        self.state = State::Active {
            advertise_at,
            answer_at,
        };
        Actions::of(&[Action::Advertise(self.priority)])
    }

    /// The end of the pause after an answer: half an interval, so that each losing advertisement of
    /// a regular router is answered but two routers cannot echo each other, nor a flood be echoed.
    fn answered(&self, now: Instant) -> Instant {
        now + self.config.interval().duration() / 2
    }

    fn become_active(&mut self, now: Instant, cause: Cause) -> Actions {
        let peer = self.active.map(|heard| heard.source);
        let transition = self.transition(Role::Active, cause, peer);
        self.active = None;
        let mut actions = self.advertise_now(now, now);
        actions.push(Action::AddAddresses);
        actions.push(Action::Announce(Announcement::NewActive));
        actions.because(transition)
    }

    const fn transition(&self, to: Role, cause: Cause, peer: Option<IpAddr>) -> Transition {
        Transition {
            from: self.role(),
            to,
            cause,
            peer,
        }
    }
}

/// The effective priority under a new configured one: tracking keeps its offset (clamped, P1); an
/// owner is not tracked.
fn retracked(configured: Priority, effective: Priority, new: Priority) -> Priority {
    if new.is_owner() || configured.is_owner() {
        return new;
    }
    let offset = i16::from(effective.get()) - i16::from(configured.get());
    let moved = (i16::from(new.get()) + offset).clamp(1, 254);
    u8::try_from(moved).map_or(new, Priority::from_wire)
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
