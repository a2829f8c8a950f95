//! Properties of tracking under any sequence of changes.

use alloc::vec::Vec;
use core::net::IpAddr;

use arbitrary::{Result, Unstructured};

use crate::eligibility::{Decisions, Eligibility, Tracked};
use crate::track::{Status, Tracker, Tracking, Weight};
use crate::{Config, Event, Family, Instant, Priority, Role, Settings, Version, VirtualRouter};

/// Things of chosen weights change their status in any order, and the group, the configuration and
/// the router's own faults change between: a router that is told what the changes lead to has the
/// priority that the sum over what is tracked gives, and runs as long as there is no fault.
///
/// # Panics
/// If that does not hold for the choices `input`.
pub fn tracking(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    // An end of the choices is an end of the changes.
    let (Ok(()) | Err(_)) = change_by_change(&mut choices);
}

fn change_by_change(choices: &mut Unstructured<'_>) -> Result<()> {
    let mut subject = Subject::choose(choices)?;
    while !choices.is_empty() {
        match choices.int_in_range(0..=7)? {
            0 => {
                let configured = Priority::from_wire(choices.int_in_range(1..=255)?);
                subject.configure(configured);
            }
            1 => {
                subject.own = choices.arbitrary()?;
                let decisions = subject.eligibility.own(subject.own);
                subject.follow(decisions);
            }
            2 => {
                subject.group = choices.arbitrary()?;
                let event = if subject.group {
                    Event::Fault
                } else {
                    Event::Recover
                };
                let decisions = subject.eligibility.group(event);
                subject.follow(decisions);
            }
            _ => {
                let place = choices.choose_index(subject.status.len())?;
                let after = status(choices)?;
                if let Some(status) = subject.status.get_mut(place) {
                    *status = after;
                }
                subject.assess();
            }
        }
        subject.is_right();
    }
    Ok(())
}

/// A router, what it tracks and what else it is told.
#[derive(Debug)]
struct Subject {
    configured: Priority,
    trackers: Vec<Tracked>,
    status: Vec<Status>,
    own: bool,
    group: bool,
    eligibility: Eligibility,
    router: VirtualRouter,
}

impl Subject {
    fn choose(choices: &mut Unstructured<'_>) -> Result<Self> {
        let configured = Priority::from_wire(choices.int_in_range(1..=255)?);
        let count: usize = choices.int_in_range(1..=8)?;
        let mut subject = Self {
            configured,
            trackers: Vec::new(),
            status: Vec::new(),
            own: false,
            group: false,
            eligibility: Eligibility::new(configured),
            router: VirtualRouter::new(config(configured)),
        };
        for _ in 0..count {
            subject.trackers.push(Tracked::new(tracker(choices)?));
            subject.status.push(status(choices)?);
        }
        let primary = Some(IpAddr::from([192, 0, 2, 1]));
        for event in [Event::PrimaryAddress(primary), Event::Startup] {
            let _actions = subject.router.handle(Instant::EPOCH, event);
        }
        subject.assess();
        subject.is_right();
        Ok(subject)
    }

    fn assess(&mut self) {
        let status = self.status.iter().copied();
        let decisions = self
            .eligibility
            .assess(self.trackers.iter_mut().zip(status));
        self.follow(decisions);
    }

    fn configure(&mut self, configured: Priority) {
        self.configured = configured;
        let event = Event::Configure(config(configured));
        let _actions = self.router.handle(Instant::EPOCH, event);
        let decisions = self.eligibility.configure(configured);
        self.follow(decisions);
    }

    fn follow(&mut self, decisions: Decisions) {
        for decision in decisions {
            let _actions = self.router.handle(Instant::EPOCH, decision.event);
        }
    }

    fn is_right(&self) {
        let trackers = self.trackers.iter().zip(&self.status);
        let effects = trackers.map(|(tracked, status)| tracked.tracker().effect(*status));
        let anew = Tracking::sum(self.configured, effects);
        assert_eq!(self.eligibility.tracking(), &anew, "{self:?}");
        assert_eq!(self.router.priority(), anew.priority(), "{self:?}");
        let faulty = self.own || self.group || anew.fault().is_some();
        assert_eq!(self.eligibility.fault().is_some(), faulty, "{self:?}");
        assert_eq!(self.router.role() == Role::Initialize, faulty, "{self:?}");
        // An owner stays one, and nobody becomes one or resigns by tracking (RFC 9568 §5.2.4).
        assert_eq!(anew.priority().is_owner(), self.configured.is_owner());
        assert!(!anew.priority().is_resign());
    }
}

fn config(configured: Priority) -> Config {
    let settings = Settings {
        priority: configured.get(),
        ..Settings::new(Version::V3, Family::V4, 51)
    };
    Config::try_from(settings).expect("valid")
}

fn tracker(choices: &mut Unstructured<'_>) -> Result<Tracker> {
    let weight = choices.int_in_range(Weight::MIN.get()..=Weight::MAX.get())?;
    let tracker = Tracker::new(Weight::new(weight).expect("in range"));
    Ok(if choices.ratio(1, 4)? {
        tracker.reversed()
    } else {
        tracker
    })
}

fn status(choices: &mut Unstructured<'_>) -> Result<Status> {
    Ok(match choices.int_in_range(0..=2)? {
        0 => Status::Up,
        1 => Status::Down,
        _ => Status::Value(choices.arbitrary()?),
    })
}
