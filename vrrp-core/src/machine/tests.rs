//! Tests of the state machine.

mod actions;
mod active;
mod backup;
mod identity;
mod initialize;
mod timers;

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;
use std::vec::Vec;

use super::*;
use crate::{Family, Settings};

/// Local primary address; peers sit around it.
pub(super) const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 20));
pub(super) const BELOW: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 3));
pub(super) const ABOVE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100));

/// The advertisement, addresses and announcement of a new Active Router, in order.
pub(super) fn entering(priority: u8) -> [Action; 3] {
    [
        Action::Advertise(Priority::from_wire(priority)),
        Action::AddAddresses,
        Action::Announce(Announcement::NewActive),
    ]
}

pub(super) fn settings() -> Settings {
    Settings::new(Version::V3, Family::V4, 51)
}

pub(super) fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

pub(super) fn heard(source: IpAddr, priority: u8, centis: u16) -> Event {
    Event::Advertisement(Heard {
        source,
        priority: Priority::from_wire(priority),
        interval: Interval::from_centis(centis).unwrap(),
    })
}

/// A router switched on at time zero.
pub(super) fn started(settings: Settings) -> VirtualRouter {
    let mut router = VirtualRouter::new(Config::try_from(settings).unwrap());
    assert_eq!(
        router.handle(ms(0), Event::PrimaryAddress(Some(LOCAL))),
        Actions::NONE
    );
    let _start = router.handle(ms(0), Event::Startup);
    router
}

/// A router that became Active by silence; the instant is that of the transition.
pub(super) fn active(settings: Settings) -> (VirtualRouter, Instant) {
    let mut router = started(settings);
    let now = match router.role() {
        Role::Active => ms(0),
        Role::Backup | Role::Initialize => {
            let now = router.deadline().unwrap();
            let _enter = router.handle(now, Event::Timeout);
            now
        }
    };
    assert_eq!(router.role(), Role::Active);
    (router, now)
}

pub(super) fn list(actions: Actions) -> Vec<Action> {
    actions.into_iter().collect()
}

/// Time from `now` to the router's deadline.
pub(super) fn wait(router: &VirtualRouter, now: Instant) -> Duration {
    router.deadline().unwrap().saturating_duration_since(now)
}

#[test]
fn a_router_is_small_and_copies() {
    fn assert_copy<T: Copy>() {}
    assert_copy::<VirtualRouter>();
    assert!(
        size_of::<VirtualRouter>() <= 144,
        "{}",
        size_of::<VirtualRouter>()
    );
    assert!(size_of::<Actions>() <= 40, "{}", size_of::<Actions>());
}
