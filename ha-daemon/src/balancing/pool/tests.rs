//! Tests of the pool, with the behaviour of keepalived 2.2.7 as recorded in a guest.

use core::net::{IpAddr, Ipv4Addr};

use super::*;

/// A real server and what is assumed of its checkers.
struct Configured {
    weight: u32,
    inhibit: bool,
    checkers: Vec<Verdict>,
}

/// A pool and its real servers.
struct Layout {
    servers: Vec<Configured>,
    sorry: Option<Sorry>,
    quorum: u32,
    hysteresis: u32,
}

/// Servers 1, 2 and 3 of weights 1, 2 and 3 with a checker each.
fn layout() -> Layout {
    let servers = (1..=3).map(|number| Configured {
        weight: number,
        inhibit: false,
        checkers: vec![Verdict::Up],
    });
    Layout {
        servers: servers.collect(),
        sorry: None,
        quorum: 1,
        hysteresis: 0,
    }
}

fn with_sorry(inhibit: bool) -> Layout {
    Layout {
        sorry: Some(Sorry { inhibit }),
        ..layout()
    }
}

/// Every server changed by `change`.
fn each(mut layout: Layout, change: fn(&mut Configured)) -> Layout {
    layout.servers.iter_mut().for_each(change);
    layout
}

/// The handle of the server or checker at this place.
const fn at(place: u64) -> Handle {
    Handle::from_bits(place)
}

const fn key(number: u16) -> DestinationKey {
    DestinationKey::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), number)
}

fn build(layout: Layout) -> Pool<()> {
    let mut pool = Pool::new(Settings {
        sorry: layout.sorry,
        quorum: layout.quorum,
        hysteresis: layout.hysteresis,
    });
    for (number, configured) in (1..).zip(layout.servers) {
        let server = Server {
            weight: configured.weight,
            inhibit: configured.inhibit,
        };
        let checkers = (0..).map(at).zip(configured.checkers);
        let added = pool.add(key(number), server, checkers, (), &mut Vec::new());
        assert_eq!(added, Some(at(u64::from(number) - 1)));
    }
    pool
}

/// Number, 9 for the sorry server, and weight of each destination.
fn table(pool: &Pool<()>) -> Vec<(u64, u32)> {
    let number = |share: Share| share.server.map_or(9, |server| server.to_bits() + 1);
    pool.desired()
        .map(|share| (number(share), share.weight))
        .collect()
}

/// The first checker of server `number` reports.
fn report(pool: &mut Pool<()>, number: u64, verdict: Verdict) -> Vec<Event> {
    let mut events = Vec::new();
    pool.report(at(number - 1), at(0), verdict, None, &mut events);
    events
}

fn down(pool: &mut Pool<()>, number: u64) -> Vec<Event> {
    report(pool, number, Verdict::Down)
}

fn up(pool: &mut Pool<()>, number: u64) -> Vec<Event> {
    report(pool, number, Verdict::Up)
}

#[test]
fn with_a_sorry_server_those_alive_leave_with_the_quorum_and_return_with_it() {
    let mut pool = build(Layout {
        quorum: 4,
        hysteresis: 1,
        ..with_sorry(false)
    });
    assert_eq!(table(&pool), [(1, 1), (2, 2), (3, 3)]);
    assert_eq!(down(&mut pool, 3), [Event::ServerDown { server: at(2) }]);
    assert_eq!(table(&pool), [(1, 1), (2, 2)], "3 is not below 4 - 1");
    assert_eq!(
        down(&mut pool, 2),
        [
            Event::ServerDown { server: at(1) },
            Event::QuorumLost { weight: 1 }
        ]
    );
    assert_eq!(table(&pool), [(9, 1)]);
    assert_eq!(up(&mut pool, 3), [Event::ServerUp { server: at(2) }]);
    assert_eq!(table(&pool), [(9, 1)], "4 is less than 4 + 1");
    assert_eq!(
        up(&mut pool, 2),
        [
            Event::ServerUp { server: at(1) },
            Event::QuorumGained { weight: 6 }
        ]
    );
    assert_eq!(table(&pool), [(1, 1), (2, 2), (3, 3)]);
}

#[test]
fn without_a_sorry_server_whoever_is_alive_serves() {
    let mut pool = build(Layout {
        quorum: 4,
        ..layout()
    });
    assert_eq!(
        down(&mut pool, 3),
        [
            Event::ServerDown { server: at(2) },
            Event::QuorumLost { weight: 3 }
        ]
    );
    assert_eq!(table(&pool), [(1, 1), (2, 2)]);
    down(&mut pool, 2);
    down(&mut pool, 1);
    assert_eq!(table(&pool), []);
    assert_eq!(up(&mut pool, 1), [Event::ServerUp { server: at(0) }]);
    assert_eq!(table(&pool), [(1, 1)]);
}

#[test]
fn inhibited_servers_stay_with_weight_0() {
    let layout = Layout {
        quorum: 2,
        ..with_sorry(false)
    };
    let mut pool = build(each(layout, |server| server.inhibit = true));
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
    let mut pool = build(with_sorry(true));
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
    let alpha = |server: &mut Configured| server.checkers = vec![Verdict::Down];
    let mut pool = build(each(with_sorry(false), alpha));
    assert_eq!(table(&pool), [(9, 1)]);
    assert_eq!(
        up(&mut pool, 1),
        [
            Event::ServerUp { server: at(0) },
            Event::QuorumGained { weight: 1 }
        ]
    );
    assert_eq!(table(&pool), [(1, 1)]);
    let pool = build(each(layout(), |server| {
        server.checkers = vec![Verdict::Down];
        server.inhibit = true;
    }));
    assert_eq!(table(&pool), [(1, 0), (2, 0), (3, 0)]);
}

#[test]
fn a_server_is_alive_while_all_its_checkers_are_up() {
    let mut pool = build(each(layout(), |server| {
        server.checkers = vec![Verdict::Up; 2]
    }));
    let mut events = Vec::new();
    let mut report = |checker, verdict| {
        pool.report(at(0), at(checker), verdict, None, &mut events);
        core::mem::take(&mut events)
    };
    assert_eq!(
        report(0, Verdict::Down),
        [Event::ServerDown { server: at(0) }]
    );
    assert_eq!(report(1, Verdict::Down), []);
    assert_eq!(report(0, Verdict::Up), []);
    assert_eq!(report(1, Verdict::Up), [Event::ServerUp { server: at(0) }]);
}

#[test]
fn a_server_nobody_checks_is_alive() {
    let pool = build(each(layout(), |server| server.checkers.clear()));
    assert_eq!(table(&pool), [(1, 1), (2, 2), (3, 3)]);
}

#[test]
fn checkers_ask_for_weights_while_they_are_up() {
    let mut pool = build(layout());
    let mut events = Vec::new();
    let mut report = |verdict, weight| {
        pool.report(at(0), at(0), verdict, weight, &mut events);
        let weight = pool.weight_of(at(0));
        (weight, core::mem::take(&mut events))
    };
    let changed = |from, to| Event::Weight {
        server: at(0),
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
        (1, vec![Event::ServerDown { server: at(0) }])
    );
    assert_eq!(
        report(Verdict::Up, absolute(3)),
        (3, vec![changed(1, 3), Event::ServerUp { server: at(0) }])
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
    let mut pool = build(with_sorry(false));
    down(&mut pool, 2);
    down(&mut pool, 3);
    let mut events = Vec::new();
    let nothing = Some(DynamicWeight::Absolute(0));
    pool.report(at(0), at(0), Verdict::Up, nothing, &mut events);
    assert_eq!(events.last(), Some(&Event::QuorumLost { weight: 0 }));
    assert_eq!(table(&pool), [(9, 1)]);
}

#[test]
fn reports_of_what_does_not_exist_change_nothing() {
    let mut pool = build(layout());
    let before = pool.clone();
    let mut events = Vec::new();
    pool.report(at(7), at(0), Verdict::Down, None, &mut events);
    pool.report(at(0), at(7), Verdict::Down, None, &mut events);
    assert_eq!((pool, events), (before, vec![]));
}

#[test]
fn real_servers_come_and_go_without_the_others() {
    let mut pool = build(layout());
    let [a, b, c] = [0, 1, 2].map(at);
    down(&mut pool, 3);
    let mut events = Vec::new();
    pool.report(
        a,
        at(0),
        Verdict::Up,
        Some(DynamicWeight::Absolute(10)),
        &mut events,
    );
    events.clear();

    assert_eq!(pool.remove(b, &mut events), Some(()));
    assert_eq!(pool.remove(b, &mut events), None);
    assert_eq!((pool.weight(), pool.find(&key(2))), (10, None));
    let server = Server {
        weight: 5,
        inhibit: false,
    };
    let up = [(at(0), Verdict::Up)];
    assert_eq!(
        pool.add(key(3), server, up, (), &mut events),
        None,
        "it is there"
    );
    let d = pool.next_handle();
    assert_eq!(pool.add(key(4), server, up, (), &mut events), Some(d));
    assert_eq!(events, []);

    pool.report(b, at(0), Verdict::Down, None, &mut events);
    assert_eq!(events, [], "nobody is called so any more");
    assert_eq!((pool.get(b), pool.verdict(b, at(0))), (None, None));
    assert_eq!(
        [a, c, d].map(|server| pool.is_alive(server)),
        [true, false, true]
    );
    assert_eq!([a, c, d].map(|server| pool.weight_of(server)), [10, 3, 5]);
    assert_eq!(
        [1, 3, 4].map(|number| pool.find(&key(number))),
        [a, c, d].map(Some)
    );
    assert_eq!(
        pool.iter().map(|(server, ())| server).collect::<Vec<_>>(),
        [a, c, d]
    );
    assert_eq!(pool.weight(), 15);
}

#[test]
fn checkers_come_and_go_without_the_others() {
    let mut pool = build(each(layout(), |server| {
        server.checkers = vec![Verdict::Up; 3];
    }));
    let [a, b, c, d] = [0, 1, 2, 3].map(at);
    let server = at(0);
    let mut events = Vec::new();
    let down = Event::ServerDown { server };
    let up = Event::ServerUp { server };
    pool.report(server, b, Verdict::Down, None, &mut events);
    pool.remove_checker(server, b, &mut events);
    assert_eq!(events, [down, up], "the one that failed has gone");
    events.clear();
    pool.report(server, b, Verdict::Down, None, &mut events);
    assert_eq!(events, [], "nobody is called so any more");
    pool.report(server, c, Verdict::Down, None, &mut events);
    pool.add_checker(server, d, Verdict::Down, &mut events);
    assert_eq!(events, [down]);
    let checkers: Vec<_> = pool.checkers(server).collect();
    let verdicts = [(a, Verdict::Up), (c, Verdict::Down), (d, Verdict::Down)];
    assert_eq!(checkers, verdicts);
    assert_eq!(pool.weight(), 2 + 3);
}

#[test]
fn the_quorum_follows_real_servers_that_come_and_go() {
    let mut pool = build(Layout {
        quorum: 4,
        ..layout()
    });
    let mut events = Vec::new();
    pool.remove(at(2), &mut events);
    assert_eq!(events, [Event::QuorumLost { weight: 3 }]);
    events.clear();
    let server = Server {
        weight: 1,
        inhibit: false,
    };
    pool.add(key(9), server, [], (), &mut events);
    assert_eq!(events, [Event::QuorumGained { weight: 4 }]);
}
