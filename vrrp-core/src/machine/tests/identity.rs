//! Tests that a virtual router keeps its VRID, version and family.

use std::string::ToString;

use super::*;
use crate::Vrid;

const LINK_LOCAL: IpAddr = IpAddr::V6(core::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));

fn other(change: fn(&mut Settings)) -> Event {
    let mut settings = settings();
    settings.priority = 200;
    change(&mut settings);
    Event::Configure(Config::try_from(settings).unwrap())
}

/// Whether a router in any role refuses `event` with `error`, and is as it was.
fn is_refused(event: Event, error: EventError) {
    let mut off = VirtualRouter::new(Config::try_from(settings()).unwrap());
    let (mut active, now) = active(settings());
    let mut backup = started(settings());
    for router in [&mut off, &mut backup, &mut active] {
        let before = *router;
        assert_eq!(router.check(&event), Err(error));
        assert_eq!(router.handle(now, event), Actions::NONE);
        assert_eq!(*router, before);
    }
}

#[test]
fn another_virtual_router_is_no_configuration_of_this_one() {
    let [ours, theirs] = [51, 77].map(|vrid| Vrid::new(vrid).unwrap());
    is_refused(other(|s| s.vrid = 77), EventError::Vrid { ours, theirs });
    let (ours, theirs) = (Version::V3, Version::V2);
    is_refused(
        other(|s| s.version = Version::V2),
        EventError::Version { ours, theirs },
    );
    let (ours, theirs) = (Family::V4, Family::V6);
    is_refused(
        other(|s| s.family = Family::V6),
        EventError::Family { ours, theirs },
    );
    let (router, _) = active(settings());
    assert_eq!(
        router.check(&other(|s| s.interval = Interval::from_centis(300).unwrap())),
        Ok(())
    );
}

/// RFC 9568 §6.1: no pseudo-header has addresses of both families.
#[test]
fn a_primary_address_of_the_other_family_starts_nothing_and_ends_nothing() {
    let event = Event::PrimaryAddress(Some(LINK_LOCAL));
    let (ours, theirs) = (Family::V4, Family::V6);
    is_refused(event, EventError::Family { ours, theirs });
    let mut router = VirtualRouter::new(Config::try_from(settings()).unwrap());
    assert_eq!(router.handle(ms(0), Event::Startup), Actions::NONE);
    assert_eq!(router.handle(ms(0), event), Actions::NONE);
    assert_eq!(router.role(), Role::Initialize);
    let error = router.check(&event).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a virtual router over IPv4 has no use for IPv6"
    );
}

#[test]
fn a_backup_follows_what_it_heard_last_of_the_active_router() {
    let interval = Interval::from_centis(100).unwrap();
    let of = |source, priority| Heard {
        source,
        priority: Priority::from_wire(priority),
        interval,
    };
    let (mut router, now) = active(settings());
    let better = of(ABOVE, 150);
    assert!(!router.follows(&better));
    let _yield = router.handle(now, Event::Advertisement(better));
    assert!(router.follows(&better));
    let loser = of(BELOW, 50);
    let _loses = router.handle(now, Event::Advertisement(loser));
    assert!(!router.follows(&loser));
    let _again = router.handle(now, Event::Advertisement(better));
    assert!(router.follows(&better));
    let resignation = of(ABOVE, 0);
    let _resigns = router.handle(now, Event::Advertisement(resignation));
    assert!(!router.follows(&resignation));
}
