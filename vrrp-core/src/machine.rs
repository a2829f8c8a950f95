//! The state machine of one virtual router (RFC 9568 §6.4, RFC 3768 §6.4).

mod actions;
mod active;
mod backup;
mod event;
mod state;
#[cfg(test)]
mod tests;
mod timers;

use core::net::IpAddr;
use core::time::Duration;

pub use self::actions::{Action, Actions, Announcement, Cause, NewActiveReason, Role, Transition};
pub use self::event::{Event, EventError, Heard};
pub(crate) use self::state::{Answers, State, Watch};
use self::timers::active_down_nanos;
pub use self::timers::{active_down_interval, skew};
use crate::{Config, Family, Instant, Interval, Priority, Version};

/// One virtual router: a pure function of events and time.
///
/// Drive it with three calls: [`handle`](Self::handle) for everything that happens,
/// [`deadline`](Self::deadline) for when to wake up, and `handle(now, Event::Timeout)` when that
/// time has come. Deliver received advertisements before timeouts, so that a late wake-up hears
/// what happened meanwhile. `now` must never go backwards.
///
/// ```
/// use core::net::Ipv4Addr;
/// use vrrp_core::{Action, Config, Event, Family, Instant, Role, Settings, Version, VirtualRouter};
///
/// let config = Config::try_from(Settings::new(Version::V3, Family::V4, 51))?;
/// let mut router = VirtualRouter::new(config);
/// let primary = Ipv4Addr::new(192, 0, 2, 1).into();
/// let ready = router.handle(Instant::EPOCH, Event::PrimaryAddress(Some(primary)));
/// assert!(ready.is_empty());
/// let started = router.handle(Instant::EPOCH, Event::Startup);
/// assert_eq!(started.transition().map(|change| change.to), Some(Role::Backup));
///
/// // Active_Down_Interval, and nobody was heard.
/// let deadline = router.deadline().expect("a Backup waits");
/// let won = router.handle(deadline, Event::Timeout);
/// assert_eq!(won[0], Action::Advertise(router.priority()));
/// assert_eq!(router.role(), Role::Active);
/// # Ok::<(), vrrp_core::ConfigError>(())
/// ```
///
/// A router starts when it is switched on ([`Event::Startup`]), its interface is up (assumed until
/// configured otherwise) and its primary address is known.
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

    /// Whether `event` can happen to this virtual router.
    ///
    /// # Errors
    /// [`EventError`], for a configuration of another virtual router or a primary address of
    /// another family. [`handle`](Self::handle) does nothing about such an event.
    pub fn check(&self, event: &Event) -> Result<(), EventError> {
        let family = match event {
            Event::Configure(theirs) => {
                let (ours, theirs) = (&self.config, theirs);
                if ours.vrid() != theirs.vrid() {
                    let (ours, theirs) = (ours.vrid(), theirs.vrid());
                    return Err(EventError::Vrid { ours, theirs });
                }
                if ours.version() != theirs.version() {
                    let (ours, theirs) = (ours.version(), theirs.version());
                    return Err(EventError::Version { ours, theirs });
                }
                theirs.family()
            }
            Event::PrimaryAddress(Some(address)) => Family::of(*address),
            Event::PrimaryAddress(None)
            | Event::Startup
            | Event::Shutdown
            | Event::Timeout
            | Event::Advertisement(_)
            | Event::InterfaceUp
            | Event::InterfaceDown
            | Event::Priority(_)
            | Event::Fault
            | Event::Recover
            | Event::Hold
            | Event::Release
            | Event::Elect
            | Event::Yield => self.config.family(),
        };
        if family == self.config.family() {
            Ok(())
        } else {
            Err(EventError::Family {
                ours: self.config.family(),
                theirs: family,
            })
        }
    }

    /// Advances to `now` and reacts to `event`. One that [`check`](Self::check) refuses changes
    /// nothing.
    pub fn handle(&mut self, now: Instant, event: Event) -> Actions {
        if self.check(&event).is_err() {
            return Actions::NONE;
        }
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
            Event::Timeout => self.timeout(now),
            Event::Advertisement(heard) => self.advertisement(now, heard),
            Event::Elect => self.elect(now),
            Event::Yield => self.yield_to_group(now),
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

    #[cfg(any(test, feature = "sim"))]
    pub(crate) const fn state(&self) -> State {
        self.state
    }

    /// The state. Its timers are of the implementation; [`deadline`](Self::deadline) is when the next
    /// one fires.
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

    /// The effective priority: the configured one, adjusted by tracking.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// The primary address of the interface, if known.
    #[must_use]
    pub const fn primary(&self) -> Option<IpAddr> {
        self.primary
    }

    /// The last advertisement of the Active Router that this Backup follows.
    #[must_use]
    pub const fn active_router(&self) -> Option<Heard> {
        self.active
    }

    /// Whether this router is a Backup, follows the sender of `heard`, and `heard` is the last it
    /// received from it.
    #[must_use]
    pub fn follows(&self, heard: &Heard) -> bool {
        let silence = Watch::Silence;
        matches!(self.state, State::Backup { watch, .. } if watch == silence)
            && self.active.as_ref() == Some(heard)
    }

    /// Whether the router is switched on.
    #[must_use]
    pub const fn is_started(&self) -> bool {
        self.started
    }

    /// Whether its interface is up and its primary address known: with both, only a fault that it is
    /// told of keeps it from running once it is switched on.
    #[must_use]
    pub const fn is_able(&self) -> bool {
        self.interface_up && self.primary.is_some()
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

    fn timeout(&mut self, now: Instant) -> Actions {
        match self.state {
            // RFC 9568 §6.4.1: nothing but Startup leaves Initialize.
            State::Initialize => Actions::NONE,
            State::Backup {
                active_down, watch, ..
            } => self.active_down_timer(now, active_down, watch),
            State::Active {
                advertise_at,
                answers,
            } => self.adver_timer(now, advertise_at, answers),
        }
    }

    fn advertisement(&mut self, now: Instant, heard: Heard) -> Actions {
        match self.state {
            State::Initialize => Actions::NONE,
            State::Backup { .. } => self.in_backup(now, heard),
            State::Active {
                advertise_at,
                answers,
            } => self.in_active(now, heard, advertise_at, answers),
        }
    }

    fn elect(&mut self, now: Instant) -> Actions {
        match self.state {
            State::Initialize | State::Active { .. } => Actions::NONE,
            State::Backup { .. } => self.become_active(now, Cause::GroupElected),
        }
    }

    fn yield_to_group(&mut self, now: Instant) -> Actions {
        match self.state {
            State::Initialize | State::Backup { .. } => Actions::NONE,
            State::Active { .. } => {
                let actions = [Action::Advertise(Priority::RESIGN), Action::RemoveAddresses];
                let transition = self.transition(Role::Backup, Cause::GroupYielded, None);
                self.watch_for(now, self.config.interval());
                Actions::of(&actions).because(transition)
            }
        }
    }

    /// RFC 9568 §6.4.1: leaves Initialize once everything a router needs is there.
    fn start(&mut self, now: Instant, cause: Cause) -> Actions {
        let ready = self.started && self.is_able() && !self.faulty;
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

    /// Enters Initialize: a Backup silently (RFC 9568 §6.4.2), an Active Router with a resignation
    /// (RFC 9568 §6.4.3).
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
            // Peers break ties by our address, so the new one is advertised at once.
            State::Active { answers, .. } => self.advertise_now(now, answers),
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
            State::Active { answers, .. } => {
                let answers = *answers;
                let mut actions = self.advertise_now(now, answers);
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

    const fn transition(&self, to: Role, cause: Cause, peer: Option<IpAddr>) -> Transition {
        Transition {
            from: self.role(),
            to,
            cause,
            peer,
        }
    }
}

/// The effective priority under a new configured one: tracking keeps its offset (clamped,
/// RFC 9568 §6.1); an owner is not tracked.
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
