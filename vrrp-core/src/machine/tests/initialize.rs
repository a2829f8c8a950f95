//! Tests of the Initialize state.

use super::*;

/// An owner starts Active, and resigns at shutdown (RFC 9568 §6.4.1 and §6.4.3).
#[test]
fn the_owner_is_active_at_startup_and_resigns_at_shutdown() {
    let mut router = VirtualRouter::new(
        Config::try_from(Settings {
            priority: 255,
            ..settings()
        })
        .unwrap(),
    );
    assert_eq!(
        router.handle(ms(1), Event::PrimaryAddress(Some(LOCAL))),
        Actions::NONE
    );
    let actions = router.handle(ms(5), Event::Startup);
    assert_eq!(*actions, entering(255));
    assert_eq!(
        actions.transition(),
        Some(Transition {
            from: Role::Initialize,
            to: Role::Active,
            cause: Cause::Startup,
            peer: None
        })
    );
    assert_eq!(router.deadline(), Some(ms(1005)));
    let actions = router.handle(ms(6), Event::Shutdown);
    assert_eq!(
        *actions,
        [Action::Advertise(Priority::RESIGN), Action::RemoveAddresses]
    );
    assert_eq!((router.role(), router.deadline()), (Role::Initialize, None));
}

/// Others start Backup, and shut down silently (RFC 9568 §6.4.1 and §6.4.2).
#[test]
fn a_backup_starts_and_stops_without_a_packet() {
    let mut router = started(settings());
    assert_eq!(router.role(), Role::Backup);
    assert_eq!(wait(&router, ms(0)), Duration::from_nanos(3_609_375_000));
    let actions = router.handle(ms(10), Event::Shutdown);
    assert_eq!(*actions, []);
    assert_eq!(
        actions.transition().map(|t| (t.to, t.cause)),
        Some((Role::Initialize, Cause::Shutdown))
    );
}

/// A router that waits for its interface starts as Backup once it has everything.
#[test]
fn starts_when_the_last_of_switch_interface_address_and_tracking_is_there() {
    let conditions = [
        Event::Startup,
        Event::InterfaceUp,
        Event::PrimaryAddress(Some(LOCAL)),
        Event::Recover,
    ];
    for last in 0..conditions.len() {
        let mut router = VirtualRouter::new(Config::try_from(settings()).unwrap());
        let _down = router.handle(ms(0), Event::InterfaceDown);
        let _fault = router.handle(ms(0), Event::Fault);
        for (index, event) in conditions.into_iter().enumerate() {
            if index != last {
                assert_eq!(router.handle(ms(1), event), Actions::NONE);
                assert_eq!(router.role(), Role::Initialize);
            }
        }
        let actions = router.handle(ms(2), conditions[last]);
        assert_eq!(*actions, []);
        assert_eq!(router.role(), Role::Backup, "last: {:?}", conditions[last]);
    }
}

/// The conditions that stop an Active Router, and whether it resigns.
#[test]
fn an_active_router_that_cannot_go_on_resigns_where_somebody_can_hear_it() {
    let resigned = [Action::Advertise(Priority::RESIGN), Action::RemoveAddresses];
    for (event, cause, expected) in [
        (Event::Fault, Cause::Fault, &resigned[..]),
        (
            Event::PrimaryAddress(None),
            Cause::NoPrimaryAddress,
            &resigned[..],
        ),
        (Event::InterfaceDown, Cause::InterfaceDown, &resigned[1..]),
    ] {
        let (mut router, now) = active(settings());
        let actions = router.handle(now, event);
        assert_eq!(&*actions, expected, "{event:?}");
        assert_eq!(
            actions.transition().map(|t| (t.to, t.cause)),
            Some((Role::Initialize, cause))
        );
        assert_eq!(
            router.handle(now + Duration::from_secs(60), Event::Timeout),
            Actions::NONE
        );
    }
}

#[test]
fn a_priority_set_by_tracking_before_startup_holds() {
    let mut router = VirtualRouter::new(Config::try_from(settings()).unwrap());
    let _priority = router.handle(ms(0), Event::Priority(Priority::from_wire(1)));
    let _primary = router.handle(ms(0), Event::PrimaryAddress(Some(LOCAL)));
    let _start = router.handle(ms(0), Event::Startup);
    assert_eq!(wait(&router, ms(0)), Duration::from_nanos(3_996_093_750));
}

#[test]
fn tells_its_switch_and_its_primary_address() {
    let mut router = started(settings());
    assert!(router.is_started());
    assert_eq!(router.primary(), Some(LOCAL));
    let _stop = router.handle(ms(1), Event::Shutdown);
    assert!(!router.is_started());
    let _gone = router.handle(ms(2), Event::PrimaryAddress(None));
    assert_eq!(router.primary(), None);
}

/// The group decides for an owner, too.
#[test]
fn a_held_owner_waits_for_its_group() {
    let settings = Settings {
        priority: 255,
        ..settings()
    };
    let mut router = VirtualRouter::new(Config::try_from(settings).unwrap());
    let _hold = router.handle(ms(0), Event::Hold);
    let _primary = router.handle(ms(0), Event::PrimaryAddress(Some(LOCAL)));
    assert_eq!(*router.handle(ms(0), Event::Startup), []);
    assert_eq!(router.role(), Role::Backup);
}
