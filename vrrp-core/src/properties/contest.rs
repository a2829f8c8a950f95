//! Properties of several routers: elections and sync groups.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use arbitrary::{Error, Result, Unstructured};

use super::machine::{config, heard, in_family};
use crate::group::{Group, Member};
use crate::sim::Scenario;
use crate::{Config, Event, Instant, Interval, Role, Settings, VirtualRouter};

/// A random [`Scenario`] with chosen changes: priorities, weather, and which disturbances happen and
/// when. Every invariant of [`sim`](crate::sim) holds.
///
/// Routers advertise no more often than twice a second, and no four times as often as others, so that
/// one scenario takes little of the time that there is for millions. What that leaves out is simulated
/// for a thousand years instead.
///
/// # Panics
/// With the timeline, if one does not for the choices `input`.
pub fn election(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    let Ok(mut scenario) = choices.arbitrary().map(Scenario::random) else {
        return;
    };
    if slow_down(&mut scenario).is_err() || vary(&mut scenario, &mut choices).is_err() {
        return;
    }
    if let Err(failure) = scenario.run() {
        panic!("{failure}");
    }
}

fn slow_down(scenario: &mut Scenario) -> Result<()> {
    let intervals = scenario.routers.iter();
    let longest = intervals.map(|router| router.config.interval().centis());
    let shortest = (longest.max().unwrap_or_default() / 4).max(50);
    let shortest = Interval::from_centis(shortest).ok_or(Error::IncorrectFormat)?;
    for router in &mut scenario.routers {
        let settings = Settings::from(router.config);
        let settings = Settings {
            interval: settings.interval.max(shortest),
            ..settings
        };
        router.config = Config::try_from(settings).map_err(|_| Error::IncorrectFormat)?;
    }
    Ok(())
}

fn vary(scenario: &mut Scenario, choices: &mut Unstructured<'_>) -> Result<()> {
    if choices.is_empty() {
        return Ok(());
    }
    // Members of a sync group lead on the same host.
    if scenario.groups.is_empty() {
        for router in &mut scenario.routers {
            let settings = Settings {
                priority: choices.int_in_range(1..=255)?,
                ..Settings::from(router.config)
            };
            router.config = Config::try_from(settings).map_err(|_| Error::IncorrectFormat)?;
        }
    }
    scenario.weather.loss = choices.int_in_range(0..=300)?;
    scenario.weather.duplication = choices.int_in_range(0..=300)?;
    let last = scenario.calm.as_nanos() / 41 * 40;
    let mut kept = Vec::new();
    for (at, disturbance) in &scenario.disturbances {
        match choices.int_in_range(0..=3)? {
            0 => kept.push((*at, *disturbance)),
            1 => {
                let thousandths = choices.int_in_range(0..=1000)?;
                kept.push((Instant::from_nanos(last / 1000 * thousandths), *disturbance));
            }
            2 => kept.extend([(*at, *disturbance), (*at, *disturbance)]),
            _ => {}
        }
    }
    kept.sort_by_key(|(at, _)| *at);
    scenario.disturbances = kept;
    Ok(())
}

/// Members of a sync group under any events: the group settles after two rounds of decisions, and
/// then all members are Active or none is, and none runs while one is kept from it.
///
/// # Panics
/// If that does not hold for the choices `input`.
pub fn sync_group(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    let Ok(mut team) = Team::choose(&mut choices) else {
        return;
    };
    while !choices.is_empty() {
        let Ok((index, event)) = team.next(&mut choices) else {
            return;
        };
        team.happens(index, event);
        team.settle();
        team.is_of_one_mind();
    }
}

#[derive(Debug)]
struct Team {
    group: Group,
    routers: Vec<VirtualRouter>,
    up: Vec<bool>,
    now: Instant,
}

impl Team {
    fn choose(choices: &mut Unstructured<'_>) -> Result<Self> {
        let count: usize = choices.int_in_range(1..=4)?;
        let mut team = Self {
            group: Group::default(),
            routers: Vec::new(),
            up: alloc::vec![true; count],
            now: Instant::EPOCH,
        };
        for _ in 0..count {
            team.routers.push(VirtualRouter::new(config(choices)?));
        }
        let primary = IpAddr::from([192, 0, 2, 2]);
        for index in 0..count {
            let family = team.routers[index].config().family();
            for event in [
                Event::Hold,
                Event::PrimaryAddress(Some(in_family(primary, family))),
                Event::Startup,
            ] {
                team.happens(index, event);
            }
        }
        team.settle();
        Ok(team)
    }

    /// What happens next, to which member; time may pass before.
    fn next(&mut self, choices: &mut Unstructured<'_>) -> Result<(usize, Event)> {
        let index = choices.choose_index(self.routers.len())?;
        Ok((
            index,
            match choices.int_in_range(0..=4)? {
                0 | 1 => {
                    let deadline = self.routers.get(index).and_then(VirtualRouter::deadline);
                    self.now = deadline.map_or(self.now, |at| at.max(self.now));
                    Event::Timeout
                }
                2 => Event::Advertisement(heard(choices)?),
                3 => Event::InterfaceDown,
                _ => {
                    let millis: u16 = choices.arbitrary()?;
                    self.now = self.now + Duration::from_millis(millis.into());
                    Event::InterfaceUp
                }
            },
        ))
    }

    fn happens(&mut self, index: usize, event: Event) {
        if let (Some(router), Some(up)) = (self.routers.get_mut(index), self.up.get_mut(index)) {
            *up = (*up || event == Event::InterfaceUp) && event != Event::InterfaceDown;
            let _actions = router.handle(self.now, event);
        }
    }

    fn members(&self) -> impl Iterator<Item = Member> {
        self.routers.iter().map(|router| Member::of(router, false))
    }

    fn settle(&mut self) {
        let mut rounds = 0;
        let now = self.now;
        let view = |routers: &Vec<VirtualRouter>, index: usize| {
            routers.get(index).map(|router| Member::of(router, false))
        };
        let settled = self
            .group
            .deliver(&mut self.routers, view, |routers, event| {
                rounds += 1;
                for router in routers {
                    let _actions = router.handle(now, event);
                }
            });
        assert_eq!(settled, Ok(()), "{self:?}");
        assert!(rounds <= 2, "{self:?}");
    }

    fn is_of_one_mind(&self) {
        let is = |role| self.routers.iter().filter(move |it| it.role() == role);
        let active = is(Role::Active).count();
        assert!(active == 0 || active == self.routers.len(), "{self:?}");
        let kept = self.up.iter().any(|up| !up);
        let stopped = is(Role::Initialize).count();
        let expected = if kept { self.routers.len() } else { 0 };
        assert_eq!(stopped, expected, "{self:?}");
        assert_eq!(self.group.is_faulty(), kept);
        let role = match (kept, active) {
            (true, _) => Role::Initialize,
            (false, 0) => Role::Backup,
            (false, _) => Role::Active,
        };
        assert_eq!(self.group.role(self.members()), role, "{self:?}");
    }
}
