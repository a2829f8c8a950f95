//! Measures takeover times, as distributions. Several labs run their trials at once and compete for
//! processor time; the variable `LABS` says how many.

use core::num::NonZeroUsize;
use core::ops::Range;
use core::time::Duration;
use std::env;
use std::sync::Mutex;
use std::thread;

use rig::{Distribution, Instance, Lab, Pair, Peer, Protocol, now, pause, stall, succession};

/// What a daemon may be early by: both clocks are the kernel's, but a stamp is taken on the way.
const EARLY: Duration = Duration::from_millis(1);
/// Of handovers and of takeovers each.
const WANTED: usize = 30;
/// A trial at whose ends the machine itself woke a thread later than this is none of the
/// distribution; what it was late by is part of the bound on the others.
const STALL: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Trials {
    /// From the resignation to the other's first advert.
    handovers: Vec<Duration>,
    /// From the killed router's last advert to the other's first.
    crashes: Vec<Duration>,
    /// The longest stall at the ends of a trial that counts.
    stall: Duration,
    /// How many were begun, with those that are not counted because the machine stalled.
    begun: usize,
}

impl Trials {
    /// Whether another round has to begin.
    ///
    /// # Panics
    /// If that was so too often.
    fn go_on(&mut self) -> bool {
        if self.handovers.len().min(self.crashes.len()) >= WANTED {
            return false;
        }
        self.begun += 2;
        assert!(
            self.begun <= 20 * WANTED,
            "the machine stalls too often to measure on"
        );
        true
    }
}

/// Adds to `trials` until they suffice, as other labs do at the same time.
fn run(pair: &mut Pair<'_>, trials: &Mutex<Trials>) {
    let shared = || trials.lock().expect("no other lab has failed");
    let counted = |trial: Range<Duration>| {
        let stall = stall_at_ends(&trial);
        (stall <= STALL).then(|| {
            let mut trials = shared();
            trials.stall = trials.stall.max(stall);
            trial.end - trial.start
        })
    };
    let start = now();
    pair.converge();
    let mut from = start;
    while shared().go_on() {
        let taken = hand_over(pair, from).and_then(counted);
        shared().handovers.extend(taken);
        pair.bring_back(0);
        let taken = counted(crash(pair, start));
        shared().crashes.extend(taken);
        let settled = pair.bring_back(0);
        check_succession(pair, from);
        from = settled;
    }
}

/// Checks that no router was Active beside another in the round of trials since `from`.
fn check_succession(pair: &Pair<'_>, from: Duration) {
    let active = succession(&pair.adverts(from));
    if active != [0, 1, 0, 1, 0] {
        println!("{active:?} were Active in turn");
        assert!(stalled_long(pair, from), "two routers were Active at once");
    }
}

/// Whether the machine stalled since `from` for so long that host 0 may have been silent until
/// host 1 took over.
fn stalled_long(pair: &Pair<'_>, from: Duration) -> bool {
    let stall = stall(from, now());
    println!("the machine stalled for {stall:?}");
    // The meters look every millisecond.
    stall + EARLY >= pair.instance(1).down() - pair.instance(0).interval()
}

/// The longest stall where a trial began and where it ended; what was between does not matter.
fn stall_at_ends(trial: &Range<Duration>) -> Duration {
    let near = Duration::from_millis(30);
    let begin = stall(trial.start, trial.start + near);
    begin.max(stall(trial.end - near, trial.end))
}

/// Waits for a moment that differs from trial to trial within the interval.
fn spread(pair: &Pair<'_>) {
    pause(pair.instance(0).interval() * (now().subsec_micros() % 1000) / 1000);
}

/// From the resignation to host 1's first advert; `from` is since when host 0 was Active. If a
/// stall made it lose that, it has nothing to resign.
fn hand_over(pair: &mut Pair<'_>, from: Duration) -> Option<Range<Duration>> {
    spread(pair);
    let start = now();
    pair.seats[0].terminate();
    let Some(resigned) = pair.resignation(start) else {
        assert!(stalled_long(pair, from), "F10: it did not resign");
        return None;
    };
    let limit = pair.instance(1).down() + Duration::from_secs(1);
    let taken = pair.await_claim(1, resigned.time, limit);
    Some(resigned.time..taken.time)
}

/// `start` is when the trials began.
fn crash(pair: &mut Pair<'_>, start: Duration) -> Range<Duration> {
    spread(pair);
    let killed = pair.seats[0].kill();
    let taken = pair
        .await_claim(1, killed, pair.instance(1).down() + Duration::from_secs(1))
        .time;
    let of_host_0 = pair
        .adverts(start)
        .into_iter()
        .filter(|advert| advert.host == 0);
    let last = of_host_0.map(|advert| advert.time).max();
    last.expect("it was Active")..taken
}

/// The variable `LABS`.
///
/// # Panics
/// If it is no number, or 0.
fn labs() -> Option<usize> {
    let labs = env::var("LABS").ok()?;
    let labs: NonZeroUsize = labs.parse().expect("LABS is a number above 0");
    Some(labs.get())
}

/// Runs trials in `labs` labs at once.
fn measure(peers: [Peer; 2], protocol: Protocol, centis: u16, labs: usize) -> Trials {
    let trials = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..labs {
            scope.spawn(|| {
                let lab = Lab::new(2, 1);
                let base = Instance::new(protocol, 51, 100, centis);
                run(&mut Pair::of_one(&lab, peers, base), &trials);
            });
        }
    });
    trials.into_inner().expect("no lab has failed")
}

/// The handover takes the backup's skew (RFC 9568 §6.4.2), the takeover its Active_Down_Interval
/// (RFC 9568 §6.4.2).
fn takes_over_in_time(peers: [Peer; 2], protocol: Protocol, centis: u16, labs: usize) {
    let trials = measure(peers, protocol, centis, self::labs().unwrap_or(labs));
    let backup = Instance::new(protocol, 51, 100, centis);
    let what = format!("{peers:?} {protocol:?} at {:?}", backup.interval());
    let late = backup.interval() / 5 + trials.stall;
    println!("{what}: late is what exceeds {late:?}");
    let (handover, crash) = (
        Distribution::from(trials.handovers),
        Distribution::from(trials.crashes),
    );
    println!("{what}: handover {handover} (skew {:?})", backup.skew());
    println!("{what}: takeover {crash} (down {:?})", backup.down());
    println!(
        "{what}: {} trials, those included during which the machine stalled",
        trials.begun
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
        handover.percentile(99) <= backup.skew() + late,
        "handed over too late"
    );
    assert!(crash.min() + early >= backup.down(), "taken over too early");
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
