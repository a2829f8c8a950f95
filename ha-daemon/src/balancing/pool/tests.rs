//! Tests of the pool, with the behaviour of keepalived 2.2.7 as recorded in a guest.

use super::*;

/// Servers 1, 2 and 3 of weights 1, 2 and 3 with a checker each.
fn settings() -> Settings {
    let servers = (1..=3).map(|number| Server {
        weight: number,
        inhibit: false,
        checkers: vec![Verdict::Up],
    });
    Settings {
        servers: servers.collect(),
        sorry: None,
        quorum: 1,
        hysteresis: 0,
    }
}

fn with_sorry(inhibit: bool) -> Settings {
    Settings {
        sorry: Some(Sorry { inhibit }),
        ..settings()
    }
}

/// Every server changed by `change`.
fn each(mut settings: Settings, change: fn(&mut Server)) -> Settings {
    settings.servers.iter_mut().for_each(change);
    settings
}

/// Number, 9 for the sorry server, and weight of each destination.
fn table(pool: &Pool) -> Vec<(usize, u32)> {
    let number = |share: Share| share.server.map_or(9, |server| server + 1);
    pool.desired()
        .map(|share| (number(share), share.weight))
        .collect()
}

/// The first checker of server `number` reports.
fn report(pool: &mut Pool, number: usize, verdict: Verdict) -> Vec<Event> {
    let mut events = Vec::new();
    pool.report(number - 1, 0, verdict, None, &mut events);
    events
}

fn down(pool: &mut Pool, number: usize) -> Vec<Event> {
    report(pool, number, Verdict::Down)
}

fn up(pool: &mut Pool, number: usize) -> Vec<Event> {
    report(pool, number, Verdict::Up)
}

#[test]
fn with_a_sorry_server_those_alive_leave_with_the_quorum_and_return_with_it() {
    let mut pool = Pool::new(Settings {
        quorum: 4,
        hysteresis: 1,
        ..with_sorry(false)
    });
    assert_eq!(table(&pool), [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(down(&mut pool, 3), [Event::ServerDown { server: 2 }]);
    assert_eq!(table(&pool), [(1, 1), (2, 2)], "3 is not below 4 - 1");
    assert_eq!(
        down(&mut pool, 2),
        [
            Event::ServerDown { server: 1 },
            Event::QuorumLost { weight: 1 }
        ]
    );
    assert_eq!(table(&pool), [(9, 1)]);
    assert_eq!(up(&mut pool, 3), [Event::ServerUp { server: 2 }]);
    assert_eq!(table(&pool), [(9, 1)], "4 is less than 4 + 1");
    assert_eq!(
        up(&mut pool, 2),
        [
            Event::ServerUp { server: 1 },
            Event::QuorumGained { weight: 6 }
        ]
    );
    assert_eq!(table(&pool), [(1, 1), (2, 2), (3, 3)]);
}

#[test]
fn without_a_sorry_server_whoever_is_alive_serves() {
    let mut pool = Pool::new(Settings {
        quorum: 4,
        ..settings()
    });
    assert_eq!(
        down(&mut pool, 3),
        [
            Event::ServerDown { server: 2 },
            Event::QuorumLost { weight: 3 }
        ]
    );
    assert_eq!(table(&pool), [(1, 1), (2, 2)]);
    down(&mut pool, 2);
    down(&mut pool, 1);
    assert_eq!(table(&pool), []);
    assert_eq!(up(&mut pool, 1), [Event::ServerUp { server: 0 }]);
    assert_eq!(table(&pool), [(1, 1)]);
}

#[test]
fn inhibited_servers_stay_with_weight_0() {
    let settings = Settings {
        quorum: 2,
        ..with_sorry(false)
    };
    let mut pool = Pool::new(each(settings, |server| server.inhibit = true));
    down(&mut pool, 3);
    assert_eq!(table(&pool), [(1, 1), (2, 2), (3, 0)]);
    down(&mut pool, 2);
    assert_eq!(
        table(&pool),
        [(1, 0), (2, 0), (3, 0), (9, 1)],
        "server 1 is alive and quiet"
    );
    down(&mut pool, 1);
    up(&mut pool, 1);
    assert_eq!(table(&pool), [(1, 0), (2, 0), (3, 0), (9, 1)]);
    up(&mut pool, 3);
    assert_eq!(table(&pool), [(1, 1), (2, 0), (3, 3)]);
}

#[test]
fn an_inhibited_sorry_server_is_always_there() {
    let mut pool = Pool::new(with_sorry(true));
    assert_eq!(table(&pool), [(1, 1), (2, 2), (3, 3), (9, 0)]);
    for server in 1..=3 {
        down(&mut pool, server);
    }
    assert_eq!(table(&pool), [(9, 1)]);
    up(&mut pool, 2);
    assert_eq!(table(&pool), [(2, 2), (9, 0)]);
}

#[test]
fn with_alpha_nobody_serves_before_having_passed() {
    let alpha = |server: &mut Server| server.checkers = vec![Verdict::Down];
    let mut pool = Pool::new(each(with_sorry(false), alpha));
    assert_eq!(table(&pool), [(9, 1)]);
    assert_eq!(
        up(&mut pool, 1),
        [
            Event::ServerUp { server: 0 },
            Event::QuorumGained { weight: 1 }
        ]
    );
    assert_eq!(table(&pool), [(1, 1)]);
    let pool = Pool::new(each(settings(), |server| {
        server.checkers = vec![Verdict::Down];
        server.inhibit = true;
    }));
    assert_eq!(table(&pool), [(1, 0), (2, 0), (3, 0)]);
}

#[test]
fn a_server_is_alive_while_all_its_checkers_are_up() {
    let mut pool = Pool::new(each(settings(), |server| {
        server.checkers = vec![Verdict::Up; 2]
    }));
    let mut events = Vec::new();
    let mut report = |checker, verdict| {
        pool.report(0, checker, verdict, None, &mut events);
        core::mem::take(&mut events)
    };
    assert_eq!(report(0, Verdict::Down), [Event::ServerDown { server: 0 }]);
    assert_eq!(report(1, Verdict::Down), []);
    assert_eq!(report(0, Verdict::Up), []);
    assert_eq!(report(1, Verdict::Up), [Event::ServerUp { server: 0 }]);
}

#[test]
fn a_server_nobody_checks_is_alive() {
    let pool = Pool::new(each(settings(), |server| server.checkers.clear()));
    assert_eq!(table(&pool), [(1, 1), (2, 2), (3, 3)]);
}

#[test]
fn checkers_ask_for_weights_while_they_are_up() {
    let mut pool = Pool::new(settings());
    let mut events = Vec::new();
    let mut report = |verdict, weight| {
        pool.report(0, 0, verdict, weight, &mut events);
        let weight = pool.weight_of(0);
        (weight, core::mem::take(&mut events))
    };
    let changed = |from, to| Event::Weight {
        server: 0,
        from,
        to,
    };
    let absolute = |weight| Some(DynamicWeight::Absolute(weight));
    assert_eq!(
        report(Verdict::Up, absolute(10)),
        (10, vec![changed(1, 10)])
    );
    assert_eq!(report(Verdict::Up, absolute(0)), (0, vec![changed(10, 0)]));
    assert_eq!(report(Verdict::Up, None), (1, vec![changed(0, 1)]));
    assert_eq!(
        report(Verdict::Up, absolute(253)),
        (253, vec![changed(1, 253)])
    );
    assert_eq!(
        report(Verdict::Down, absolute(253)),
        (1, vec![Event::ServerDown { server: 0 }])
    );
    assert_eq!(
        report(Verdict::Up, absolute(3)),
        (3, vec![changed(1, 3), Event::ServerUp { server: 0 }])
    );
    let adjustment = |by| Some(DynamicWeight::Adjustment(by));
    assert_eq!(
        report(Verdict::Up, adjustment(-5)),
        (0, vec![changed(3, 0)])
    );
    assert_eq!(report(Verdict::Up, adjustment(5)), (6, vec![changed(0, 6)]));
}

/// Weight counts towards the quorum as the checkers ask for it.
#[test]
fn a_weight_of_0_may_lose_the_quorum() {
    let mut pool = Pool::new(with_sorry(false));
    down(&mut pool, 2);
    down(&mut pool, 3);
    let mut events = Vec::new();
    let nothing = Some(DynamicWeight::Absolute(0));
    pool.report(0, 0, Verdict::Up, nothing, &mut events);
    assert_eq!(events.last(), Some(&Event::QuorumLost { weight: 0 }));
    assert_eq!(table(&pool), [(9, 1)]);
}

#[test]
fn reports_of_what_does_not_exist_change_nothing() {
    let mut pool = Pool::new(settings());
    let before = pool.clone();
    let mut events = Vec::new();
    pool.report(7, 0, Verdict::Down, None, &mut events);
    pool.report(0, 7, Verdict::Down, None, &mut events);
    assert_eq!((pool, events), (before, vec![]));
}
