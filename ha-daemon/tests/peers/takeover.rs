//! How long addresses are without an owner, as distributions.

use core::time::Duration;
use std::thread;

use crate::rig::{
    Distribution, Instance, Lab, Pair, Peer, Protocol, now, pause, stall, succession,
};

/// What a daemon may be late by.
const LATE: Duration = Duration::from_millis(20);
/// What it may be early by: both clocks are the kernel's, but a stamp is taken on the way.
const EARLY: Duration = Duration::from_millis(1);
/// A trial during which the machine itself woke a thread this late is repeated.
const STALL: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Trials {
    /// From the resignation to the other's first advert.
    handovers: Vec<Duration>,
    /// From the killed router's last advert to the other's first.
    crashes: Vec<Duration>,
    repeated: usize,
}

impl Trials {
    fn run(pair: &mut Pair<'_>, wanted: usize) -> Self {
        let mut trials = Self::default();
        let start = now();
        pair.converge();
        let mut rounds = 0;
        while trials.handovers.len() < wanted || trials.crashes.len() < wanted {
            rounds += 1;
            assert!(
                rounds < 3 * wanted,
                "the machine stalls too often to measure on"
            );
            let (from, to) = hand_over(pair);
            trials.note(from, to, |trials| &mut trials.handovers);
            pair.bring_back(0);
            let (from, to) = crash(pair);
            trials.note(from, to, |trials| &mut trials.crashes);
            pair.bring_back(0);
        }
        let expected: Vec<usize> = (0..=4 * rounds).map(|tenure| tenure % 2).collect();
        assert_eq!(
            succession(&pair.adverts(start)),
            expected,
            "two routers were Active at once"
        );
        trials
    }

    fn note(
        &mut self,
        from: Duration,
        to: Duration,
        samples: impl Fn(&mut Self) -> &mut Vec<Duration>,
    ) {
        // Only at both ends does it matter whether the daemon is woken in time.
        let end = Duration::from_millis(30);
        if stall(from, from + end).max(stall(to - end, to)) > STALL {
            self.repeated += 1;
        } else {
            samples(self).push(to - from);
        }
    }
}

/// Waits for a moment that differs from trial to trial within the interval.
fn spread(pair: &Pair<'_>) {
    pause(pair.instance(0).interval() * (now().subsec_micros() % 1000) / 1000);
}

fn hand_over(pair: &mut Pair<'_>) -> (Duration, Duration) {
    spread(pair);
    let start = now();
    pair.seats[0].terminate();
    let resigned = pair
        .adverts(start)
        .into_iter()
        .find(|advert| !advert.claims());
    let resigned = resigned.expect("F10: it resigned").time;
    let limit = pair.instance(1).down() + LATE;
    (resigned, pair.await_claim(1, resigned, limit).time)
}

fn crash(pair: &mut Pair<'_>) -> (Duration, Duration) {
    spread(pair);
    let start = now() - pair.instance(0).interval() * 2;
    let killed = pair.seats[0].kill();
    let taken = pair
        .await_claim(1, killed, pair.instance(1).down() + Duration::from_secs(1))
        .time;
    let of_host_0 = pair
        .adverts(start)
        .into_iter()
        .filter(|advert| advert.host == 0);
    (
        of_host_0
            .map(|advert| advert.time)
            .max()
            .expect("it was Active"),
        taken,
    )
}

/// Runs at least 30 trials in `labs` labs at once.
fn measure(peers: [Peer; 2], protocol: Protocol, centis: u16, labs: usize) -> Trials {
    let each = 30usize.div_ceil(labs);
    let run = || {
        let lab = Lab::new(2, 1);
        Trials::run(
            &mut Pair::of_one(&lab, peers, Instance::new(protocol, 51, 100, centis)),
            each,
        )
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..labs).map(|_| scope.spawn(run)).collect();
        let mut all = Trials::default();
        for trials in running {
            let trials = trials.join().expect("a lab's trials do not panic");
            all.handovers.extend(trials.handovers);
            all.crashes.extend(trials.crashes);
            all.repeated += trials.repeated;
        }
        all
    })
}

/// The handover takes the backup's skew (F6), the takeover its Active_Down_Interval (F5).
fn takes_over_in_time(peers: [Peer; 2], protocol: Protocol, centis: u16, labs: usize) {
    let trials = measure(peers, protocol, centis, labs);
    let backup = Instance::new(protocol, 51, 100, centis);
    let what = format!("{peers:?} {protocol:?} at {:?}", backup.interval());
    let (handover, crash) = (
        Distribution::from(trials.handovers),
        Distribution::from(trials.crashes),
    );
    println!("{what}: handover {handover} (skew {:?})", backup.skew());
    println!("{what}: takeover {crash} (down {:?})", backup.down());
    println!(
        "{what}: {} trials repeated because the machine stalled",
        trials.repeated
    );
    // FRR truncates its skew to whole centiseconds.
    let early = if peers[1] == Peer::Frr {
        EARLY + Duration::from_millis(10)
    } else {
        EARLY
    };
    assert!(
        handover.min() + early >= backup.skew(),
        "handed over too early"
    );
    assert!(
        handover.percentile(99) <= backup.skew() + LATE,
        "handed over too late"
    );
    assert!(crash.min() + early >= backup.down(), "taken over too early");
    let late = if centis == 1 { LATE / 2 } else { LATE };
    assert!(
        crash.percentile(99) <= backup.down() + late,
        "taken over too late"
    );
}

macro_rules! pairs {
    ($($pair:ident: $first:ident, $second:ident;)*) => {
        $(mod $pair {
            use super::*;

            const PEERS: [Peer; 2] = [Peer::$first, Peer::$second];

            #[test]
            #[ignore = "needs root, keepalived and frr"]
            fn v2_at_one_second() {
                takes_over_in_time(PEERS, Protocol::V2, 100, 15);
            }

            #[test]
            #[ignore = "needs root, keepalived and frr"]
            fn v3_over_ipv4_at_a_tenth_of_a_second() {
                takes_over_in_time(PEERS, Protocol::V3Ipv4, 10, 6);
            }

            #[test]
            #[ignore = "needs root, keepalived and frr"]
            fn v3_over_ipv6_at_a_tenth_of_a_second() {
                takes_over_in_time(PEERS, Protocol::V3Ipv6, 10, 6);
            }

            #[test]
            #[ignore = "needs root, keepalived and frr"]
            fn v3_over_ipv4_at_a_hundredth_of_a_second() {
                takes_over_in_time(PEERS, Protocol::V3Ipv4, 1, 4);
            }
        })*
    };
}

pairs! {
    keepalived_then_keepalived: Keepalived, Keepalived;
    keepalived_then_ours: Keepalived, HaDaemon;
    ours_then_keepalived: HaDaemon, Keepalived;
    ours_then_ours: HaDaemon, HaDaemon;
    frr_then_ours: Frr, HaDaemon;
}
