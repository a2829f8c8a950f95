//! Tests with a thousand virtual routers, and with twenty thousand addresses.

use core::time::Duration;

use rig::{
    Distribution, Gaps, Instance, Lab, Pair, Peer, Protocol, now, pause, stall, succession, until,
};

const LINKS: usize = 4;
const VRIDS: u8 = 250;

fn thousand(host: usize, centis: u16) -> Vec<Instance> {
    let priority = if host == 0 { 200 } else { 100 };
    let routers = (0..LINKS).flat_map(|link| (1..=VRIDS).map(move |vrid| (link, vrid)));
    let instance = |(link, vrid)| Instance {
        link,
        ..Instance::new(Protocol::V3Ipv4, vrid, priority, centis)
    };
    routers.map(instance).collect()
}

/// A thousand virtual routers start, fail over and come back. Returns how much later than their
/// Active_Down_Interval after the last advert the backups took over.
fn a_thousand_routers(peer: Peer, centis: u16) -> Distribution {
    let lab = Lab::new(2, LINKS);
    let mut pair = Pair::new(&lab, [peer; 2], |host| thousand(host, centis));
    let start = now();
    pair.converge();
    println!(
        "{peer:?}: all Active {:?} after the start",
        pair.await_all_active(0, start) - start
    );
    let killed = pair.seats[0].kill();
    let all = pair.await_all_active(1, killed);
    println!(
        "{peer:?}: all taken over {:?} after the crash",
        all - killed
    );
    let late = pair.seats[1].instances().iter().map(|instance| {
        let taken = lab
            .capture()
            .claim(instance.key(), 1, killed)
            .expect("all were taken over");
        let last = lab.capture().last_claim(instance.key(), 0, taken.time);
        let silence = taken.time - last.expect("host 0 was Active").time;
        silence.saturating_sub(instance.down())
    });
    let late: Vec<_> = late.collect();
    let back = now();
    pair.seats[0].start();
    println!(
        "{peer:?}: all back {:?} after the start",
        pair.await_all_active(0, back) - back
    );
    pause(Duration::from_secs(1) + pair.instance(0).interval());
    let settled = now();
    pause(Duration::from_secs(1) + pair.instance(0).interval());
    for instance in pair.seats[0].instances() {
        let key = instance.key();
        assert_eq!(
            succession(&lab.capture().adverts(key, settled)),
            [0],
            "{key:?}"
        );
    }
    println!("the machine stalled up to {:?}", stall(start, now()));
    let late = Distribution::from(late);
    println!("{peer:?}: taken over after Active_Down_Interval and {late}");
    late
}

/// One virtual router with 20,000 addresses becomes Active. Returns the gaps between its adverts
/// until all addresses are there and two seconds longer.
fn twenty_thousand_addresses(peer: Peer) -> Gaps {
    let lab = Lab::new(2, 1);
    let base = Instance {
        excluded: 20_000,
        ..Instance::new(Protocol::V3Ipv4, 51, 100, 10)
    };
    let mut pair = Pair::of_one(&lab, [peer; 2], base);
    let start = now();
    pair.seats[0].start();
    let first = pair.await_claim(0, start, Duration::from_secs(20)).time;
    let last_address = base.excluded().last().expect("there are many");
    until("the last address", Duration::from_secs(60), || {
        lab.has_address(0, last_address)
    });
    println!(
        "{peer:?}: all addresses {:?} after the first advert",
        now() - first
    );
    // keepalived may not have found the time for a second one yet.
    until("another advert", Duration::from_secs(60), || {
        pair.adverts(first).len() > 1
    });
    pause(Duration::from_secs(2));
    println!("the machine stalled up to {:?}", stall(first, now()));
    let gaps = Gaps::of(0, &pair.adverts(first));
    println!("{peer:?}: advert gaps {gaps}");
    gaps
}

#[test]
#[ignore = "needs root and keepalived"]
fn keepalived_fails_over_a_thousand_routers_at_one_second() {
    a_thousand_routers(Peer::Keepalived, 100);
}

#[test]
#[ignore = "needs root and keepalived"]
fn keepalived_adds_twenty_thousand_addresses() {
    twenty_thousand_addresses(Peer::Keepalived);
}

#[test]
#[ignore = "needs root"]
fn our_daemon_fails_over_a_thousand_routers_at_one_second() {
    a_thousand_routers(Peer::HaDaemon, 100);
}

#[test]
#[ignore = "needs root"]
fn our_daemon_fails_over_a_thousand_routers_at_a_tenth_of_a_second() {
    a_thousand_routers(Peer::HaDaemon, 10);
}

#[test]
#[ignore = "needs root"]
fn our_daemon_advertises_in_time_while_it_adds_twenty_thousand_addresses() {
    let gaps = twenty_thousand_addresses(Peer::HaDaemon);
    let late = gaps.late(Duration::from_millis(100));
    assert!(late.is_empty(), "adverts were late, after {late:?}: {gaps}");
}
