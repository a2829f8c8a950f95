//! Properties of the state machine under any sequence of events.

use core::net::IpAddr;
use core::time::Duration;

use arbitrary::{Error, Result, Unstructured};

use crate::{
    Action, Actions, Cause, Config, Event, Family, Heard, Instant, Interval, Priority, Role,
    Settings, Version, VirtualRouter, active_down_interval,
};

/// Events made of choices, at times that never go backwards. After each:
///
/// - The router runs if, and only if, everything it needs is there (RFC 9568 §6.4.1).
/// - It has the virtual addresses while it is Active, and never loses what it has not.
/// - It says that its role changed when it did, and says a cause that fits the event.
/// - Timeouts before the deadline change nothing; one that is due moves the deadline on
///   (RFC 9568 §6.4).
/// - It never sleeps longer than its timers allow (RFC 9568 §6.1 and §6.4.3).
///
/// # Panics
/// If that does not hold for the choices `input`.
pub fn machine(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    let Ok(config) = config(&mut choices) else {
        return;
    };
    let mut run = Run::new(config);
    while !choices.is_empty() {
        let Ok(event) = run.choose(&mut choices) else {
            return;
        };
        run.step(event);
    }
}

/// The router and what the events so far amount to.
struct Run {
    router: VirtualRouter,
    now: Instant,
    started: bool,
    interface_up: bool,
    faulty: bool,
    held: bool,
    primary: Option<IpAddr>,
    addresses: bool,
}

impl Run {
    const fn new(config: Config) -> Self {
        Self {
            router: VirtualRouter::new(config),
            now: Instant::EPOCH,
            started: false,
            interface_up: true,
            faulty: false,
            held: false,
            primary: None,
            addresses: false,
        }
    }

    /// What happens next, and when.
    fn choose(&mut self, choices: &mut Unstructured<'_>) -> Result<Event> {
        let deadline = self.router.deadline().unwrap_or(self.now).max(self.now);
        self.now = match choices.int_in_range(0..=7)? {
            0..=2 => self.now,
            3 => deadline,
            4 => Instant::from_nanos(deadline.as_nanos().saturating_sub(1)).max(self.now),
            5 => self.now + Duration::from_millis(choices.arbitrary::<u16>()?.into()),
            6 => self.now + Duration::from_micros(choices.arbitrary::<u16>()?.into()),
            _ => self.now + Duration::from_nanos(choices.arbitrary()?),
        };
        Ok(match choices.int_in_range(0..=17)? {
            0 => Event::Startup,
            1 => Event::Shutdown,
            2 | 3 => Event::Timeout,
            4..=6 => Event::Advertisement(heard(choices)?),
            7 => Event::InterfaceUp,
            8 => Event::InterfaceDown,
            9 => {
                let family = self.router.config().family();
                Event::PrimaryAddress(Some(in_family(address(choices)?, family)))
            }
            10 => Event::PrimaryAddress(None),
            11 => Event::Priority(Priority::from_wire(choices.arbitrary()?)),
            12 => Event::Fault,
            13 => Event::Recover,
            14 => Event::Configure(config(choices)?),
            15 => Event::Hold,
            16 => Event::Release,
            _ => *choices.choose(&[Event::Elect, Event::Yield])?,
        })
    }

    fn step(&mut self, event: Event) {
        let before = self.router;
        let refused = self.router.check(&event).is_err();
        let actions = self.router.handle(self.now, event);
        if refused {
            assert_eq!((self.router, actions.len()), (before, 0), "{event:?}");
            return;
        }
        self.note(event);
        let ready = self.started && self.interface_up && !self.faulty && self.primary.is_some();
        assert_eq!(self.router.role() != Role::Initialize, ready, "{event:?}");
        self.perform(&actions);
        self.reports_its_transition(&before, event, &actions);
        self.minds_its_deadline(&before, event, &actions);
        let priority = self.router.priority();
        assert!(!priority.is_resign(), "{event:?}");
        let owner = self.router.config().priority().is_owner();
        assert_eq!(priority.is_owner(), owner, "{event:?}");
    }

    const fn note(&mut self, event: Event) {
        match event {
            Event::Startup => self.started = true,
            Event::Shutdown => self.started = false,
            Event::InterfaceUp => self.interface_up = true,
            Event::InterfaceDown => self.interface_up = false,
            Event::PrimaryAddress(primary) => self.primary = primary,
            Event::Fault => self.faulty = true,
            Event::Recover => self.faulty = false,
            Event::Hold => self.held = true,
            Event::Release => self.held = false,
            Event::Timeout
            | Event::Advertisement(_)
            | Event::Priority(_)
            | Event::Configure(_)
            | Event::Elect
            | Event::Yield => {}
        }
    }

    fn perform(&mut self, actions: &Actions) {
        for action in actions.as_slice() {
            match action {
                Action::AddAddresses => self.addresses = true,
                Action::RemoveAddresses => {
                    assert!(self.addresses, "removed what is not there");
                    self.addresses = false;
                }
                Action::Announce(_) => assert!(self.addresses, "announced what is not there"),
                Action::Advertise(priority) if priority.is_resign() => {
                    assert_ne!(self.router.role(), Role::Active, "resigned and stayed");
                }
                Action::Advertise(priority) => assert_eq!(*priority, self.router.priority()),
                Action::Candidate => assert!(self.held, "asked nobody"),
            }
        }
        assert_eq!(self.addresses, self.router.role() == Role::Active);
    }

    fn reports_its_transition(&self, before: &VirtualRouter, event: Event, actions: &Actions) {
        let roles = (before.role(), self.router.role());
        let told = actions.transition().map(|told| (told.from, told.to));
        assert_eq!(told, (roles.0 != roles.1).then_some(roles), "{event:?}");
        match (roles, event) {
            ((Role::Backup, Role::Active), Event::Timeout) => {
                assert!(!self.held);
                assert!(before.deadline().is_some_and(|at| at <= self.now));
            }
            ((Role::Backup, Role::Active), event) => assert_eq!(event, Event::Elect),
            ((Role::Initialize, Role::Active), _) => {
                assert!(self.router.priority().is_owner() && !self.held, "{event:?}");
            }
            ((Role::Active, Role::Backup), Event::Advertisement(heard)) => {
                let rank = (heard.priority, Some(heard.source));
                let wins = rank > (before.priority(), before.primary());
                let cause = actions.transition().map(|told| told.cause);
                assert!(wins || cause == Some(Cause::Overslept), "{heard:?}");
            }
            ((Role::Active, Role::Backup), event) => assert_eq!(event, Event::Yield),
            (_, _) => {}
        }
    }

    fn minds_its_deadline(&self, before: &VirtualRouter, event: Event, actions: &Actions) {
        let deadline = self.router.deadline();
        assert_eq!(deadline.is_none(), self.router.role() == Role::Initialize);
        if event == Event::Timeout {
            if before.deadline().is_none_or(|at| self.now < at) {
                assert_eq!(self.router, *before, "nothing was due");
                assert!(actions.is_empty());
            } else {
                assert!(deadline > Some(self.now) || self.now == Instant::MAX);
            }
        }
        let config = self.router.config();
        let longest = match self.router.role() {
            Role::Active => config.interval().duration(),
            // A candidate waits for its group, by the own interval.
            Role::Backup if self.router.is_candidate() => return,
            Role::Backup => active_down_interval(
                config,
                self.router.priority(),
                self.router.active_interval(),
            ),
            Role::Initialize => return,
        };
        assert!(deadline <= Some(self.now + longest), "{event:?} {before:?}");
    }
}

/// Any configuration that is valid.
pub(super) fn config(choices: &mut Unstructured<'_>) -> Result<Config> {
    let (version, family) = *choices.choose(&[
        (Version::V3, Family::V4),
        (Version::V2, Family::V4),
        (Version::V3, Family::V6),
    ])?;
    let centis = match version {
        Version::V2 => choices.int_in_range(1..=255)? * 100,
        Version::V3 => choices.int_in_range(1..=4095)?,
    };
    let delay = *choices.choose(&[0, 0, 1, 1_000, 86_400_000])?;
    let flags: u8 = choices.arbitrary()?;
    let settings = Settings {
        priority: choices.int_in_range(1..=255)?,
        interval: Interval::from_centis(centis).ok_or(Error::IncorrectFormat)?,
        preempt: flags & 1 == 0,
        preempt_delay: Duration::from_millis(delay),
        accept: flags & 2 != 0,
        down_multiplier: choices.int_in_range(1..=Config::MAX_DOWN_MULTIPLIER)?,
        answer_lower: flags & 4 == 0,
        answer_higher: flags & 8 != 0,
        ..Settings::new(version, family, 51)
    };
    Config::try_from(settings).map_err(|_| Error::IncorrectFormat)
}

/// One of few, so that they meet.
pub(super) fn address(choices: &mut Unstructured<'_>) -> Result<IpAddr> {
    Ok(IpAddr::from([192, 0, 2, choices.int_in_range(1..=4)?]))
}

/// The address that stands for `address` in `family`.
pub(super) fn in_family(address: IpAddr, family: Family) -> IpAddr {
    match (address, family) {
        (IpAddr::V4(address), Family::V6) => {
            let [.., host] = address.octets();
            IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, u16::from(host)])
        }
        (IpAddr::V4(_), Family::V4) | (IpAddr::V6(_), _) => address,
    }
}

pub(super) fn heard(choices: &mut Unstructured<'_>) -> Result<Heard> {
    let interval = choices.int_in_range(1..=Interval::MAX_V3.centis())?;
    Ok(Heard {
        source: address(choices)?,
        priority: Priority::from_wire(choices.arbitrary()?),
        interval: Interval::from_centis(interval).expect("in range"),
    })
}
