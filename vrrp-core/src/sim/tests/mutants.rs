//! Wrong state machines, each of which breaks one invariant.

use super::*;
use crate::Actions;

type Mutant = fn(&mut VirtualRouter, Instant, Event) -> Actions;

/// No actions, and nothing changes.
fn nothing(router: &VirtualRouter, now: Instant) -> Actions {
    VirtualRouter::new(*router.config()).handle(now, Event::Timeout)
}

/// What breaks when two routers run with such machines for this many seconds.
fn broken(mutant: Mutant, seconds: u64) -> Violation {
    let (mut lan, _) = lan([priority(200), priority(100)]);
    run(&mut lan, mutant, seconds)
}

/// The same for one router that is a sync group of its own.
fn broken_group(mutant: Mutant) -> Violation {
    let (mut lan, ids) = lan([priority(200)]);
    lan.group(&ids);
    run(&mut lan, mutant, 100)
}

fn run(lan: &mut Lan, mutant: Mutant, seconds: u64) -> Violation {
    lan.mutant = Some(mutant);
    lan.run_until(at(seconds * 1000));
    lan.check().unwrap_err().violation
}

#[test]
fn an_active_router_without_addresses() {
    let violation = broken(
        |router, now, event| {
            let actions = router.handle(now, event);
            match router.role() {
                Role::Active => nothing(router, now),
                Role::Initialize | Role::Backup => actions,
            }
        },
        10,
    );
    let expected = Violation::Addresses {
        router: RouterId(0),
        role: Role::Active,
        present: false,
    };
    assert_eq!(violation, expected);
}

#[test]
fn a_backup_that_counts_ten_times_the_interval() {
    let violation = broken(
        |router, now, event| {
            let Event::Advertisement(heard) = event else {
                return router.handle(now, event);
            };
            let interval = Interval::from_centis(heard.interval.centis() * 10).unwrap();
            router.handle(now, Event::Advertisement(Heard { interval, ..heard }))
        },
        10,
    );
    // It hears router 0 at 3.21885 s, and waits 36.09375 s instead of 3.609375 s.
    let expected = Violation::Late {
        router: RouterId(1),
        deadline: Instant::from_nanos(39_312_600_000),
        bound: Instant::from_nanos(6_828_225_000),
    };
    assert_eq!(violation, expected);
}

#[test]
fn a_timer_that_does_nothing() {
    let violation = broken(
        |router, now, event| match event == Event::Timeout {
            true => nothing(router, now),
            false => router.handle(now, event),
        },
        10,
    );
    let router = RouterId(0);
    assert_eq!(violation, Violation::Stuck { router });
}

#[test]
fn a_deaf_backup() {
    let violation = broken(
        |router, now, event| match (router.role(), event) {
            (Role::Backup, Event::Advertisement(_)) => nothing(router, now),
            (Role::Initialize | Role::Backup | Role::Active, event) => router.handle(now, event),
        },
        20,
    );
    let expected = Violation::Displaced {
        router: RouterId(1),
        better: RouterId(0),
    };
    assert_eq!(violation, expected);
}

#[test]
fn a_router_that_advertises_a_hundred_times_as_often() {
    let violation = broken(
        |router, now, event| {
            if let Event::PrimaryAddress(_) = event {
                *router = VirtualRouter::new(config(Settings {
                    interval: Interval::from_centis(1).unwrap(),
                    ..Settings::from(*router.config())
                }));
            }
            router.handle(now, event)
        },
        10,
    );
    let router = RouterId(0);
    assert_eq!(violation, Violation::Storm { router });
}

#[test]
fn two_active_routers_that_do_not_listen() {
    let (mut lan, _) = lan([priority(200), priority(100)]);
    lan.at(at(10_000), Disturbance::Partition(0b01));
    lan.at(at(20_000), Disturbance::Heal);
    let violation = run(
        &mut lan,
        |router, now, event| match (router.role(), event) {
            (Role::Active, Event::Advertisement(_)) => nothing(router, now),
            (Role::Initialize | Role::Backup | Role::Active, event) => router.handle(now, event),
        },
        25,
    );
    // An interval and the packets in between, for clocks that are two per cent apart.
    let expected = Violation::Dual {
        window: Duration::from_secs(5),
        bound: Duration::from_micros(1_020_408),
    };
    assert_eq!(violation, expected);
}

#[test]
fn routers_that_never_start() {
    let violation = broken(never_started, 10);
    // Router 0 should have taken over after 3.21875 s and the time of a packet.
    let expected = Violation::Vacant {
        window: Duration::from_secs(10),
        bound: Duration::from_nanos(3_218_850_002),
    };
    assert_eq!(violation, expected);
}

fn never_started(router: &mut VirtualRouter, now: Instant, event: Event) -> Actions {
    match event == Event::Startup {
        true => nothing(router, now),
        false => router.handle(now, event),
    }
}

#[test]
fn a_group_whose_members_never_start() {
    let violation = broken_group(never_started);
    assert_eq!(violation, Violation::Agreement { active: 0, able: 1 });
}

#[test]
fn a_group_whose_members_ignore_their_election() {
    let violation = broken_group(|router, now, event| match event == Event::Elect {
        true => nothing(router, now),
        false => router.handle(now, event),
    });
    let router = RouterId(0);
    assert_eq!(violation, Violation::GroupUnsettled { router });
}

#[test]
fn a_better_router_that_stays_backup() {
    let (mut lan, [_, second]) = lan([priority(200), priority(100)]);
    lan.run_until(at(60_000));
    assert_sound(&mut lan);
    let raised = Event::Priority(Priority::from_wire(250));
    let actions = lan.stations[second.0].router.handle(lan.now, raised);
    assert!(actions.is_empty());
    let expected = Violation::Validity {
        active: RouterId(0),
        better: RouterId(1),
    };
    assert_eq!(lan.check().unwrap_err().violation, expected);
}

/// Gives up whenever it should advertise.
fn weary(router: &mut VirtualRouter, now: Instant, event: Event) -> Actions {
    match (router.role(), event) {
        (Role::Active, Event::Timeout) => router.handle(now, Event::Yield),
        (Role::Initialize | Role::Backup | Role::Active, event) => router.handle(now, event),
    }
}

#[test]
fn a_router_that_gives_up_for_no_reason() {
    let violation = broken(weary, 60);
    // The first change after the LAN had its time to settle.
    let router = RouterId(1);
    assert_eq!(violation, Violation::Restless { router });
}

/// Where something may always be lost nothing is ever settled, but roles are counted.
#[test]
fn a_router_that_gives_up_for_no_reason_in_bad_weather() {
    let (mut lan, _) = lan([priority(200)]);
    lan.disturb(Disturbance::Weather(Link {
        loss: 1,
        ..Link::default()
    }));
    let violation = run(&mut lan, weary, 600);
    assert!(
        matches!(violation, Violation::Flapping { budget: 12, .. }),
        "{violation}"
    );
}

#[test]
fn a_neighbour_that_believes_a_backup() {
    let (mut lan, ids) = lan([priority(200), priority(100)]);
    for id in ids {
        let settings = announce::Settings {
            refresh: Duration::from_secs(1),
            ..announce::Settings::default()
        };
        lan.announce(id, announce::Config::try_from(settings).unwrap());
    }
    lan.run_until(at(60_000));
    assert_sound(&mut lan);
    lan.stations[1].believes = Some(1);
    let expected = Violation::Neighbour {
        neighbour: RouterId(1),
        active: RouterId(0),
    };
    assert_eq!(lan.check().unwrap_err().violation, expected);
}
