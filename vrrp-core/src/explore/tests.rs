//! Tests of the exploration.

use std::string::ToString;

use super::*;
use crate::{Family, Interval, Settings, Version};

const BASE: Settings = Settings::new(Version::V3, Family::V4, 51);

/// Routers with the addresses 192.0.2.1, 192.0.2.2, …
fn model<const N: usize>(settings: [Settings; N], faults: Faults) -> Model {
    let routers = settings.into_iter().zip(1..).map(|(settings, octet)| {
        let config = Config::try_from(settings).unwrap();
        (config, IpAddr::from([192, 0, 2, octet]))
    });
    Model {
        faults,
        ..Model::new(routers.collect::<Vec<_>>())
    }
}

fn priorities<const N: usize>(priorities: [u8; N], faults: Faults) -> Model {
    let settings = priorities.map(|priority| Settings { priority, ..BASE });
    model(settings, faults)
}

fn flaws(report: &Report) -> Vec<Flaw> {
    let violations = report.violations.iter();
    violations.map(|violation| violation.flaw).collect()
}

fn assert_sound(report: &Report) {
    assert!(report.complete);
    if let Some(Violation { flaw, trace }) = report.violations.first() {
        panic!("{flaw}\n{trace}");
    }
}

/// Skew_Time is 0.21875 s at priority 200 and 0.609375 s at 100.
#[test]
fn a_crash_is_made_up_for_within_active_down_interval_and_a_delay() {
    let crash = Faults {
        crashes: 1,
        ..Faults::default()
    };
    let report = priorities([200, 100], crash).explore().unwrap();
    assert_sound(&report);
    assert_eq!(
        report.windows,
        Windows {
            // The loser hears the winner at the end of the delay.
            dual: Some(Duration::from_millis(10)),
            leaderless: Some(Duration::from_micros(3_619_375)),
            // The last one starts 1.5 s after the last disturbance.
            unsettled: Some(Duration::from_micros(5_109_375)),
        }
    );
}

#[test]
fn three_routers_survive_a_crash() {
    let crash = Faults {
        crashes: 1,
        ..Faults::default()
    };
    let mut model = priorities([200, 150, 100], crash);
    model.waits = Vec::from([Duration::ZERO]);
    assert_sound(&model.explore().unwrap());
}

#[test]
fn two_routers_survive_loss_duplicates_and_a_pause() {
    let faults = Faults {
        drops: 1,
        duplicates: 1,
        pauses: 1,
        ..Faults::default()
    };
    for version in [Version::V2, Version::V3] {
        let base = Settings::new(version, Family::V4, 51);
        let better = Settings {
            priority: 200,
            ..base
        };
        assert_sound(&model([better, base], faults).explore().unwrap());
    }
}

#[test]
fn routers_over_ipv6_survive_an_outage() {
    let base = Settings::new(Version::V3, Family::V6, 51);
    let faults = Faults {
        outages: 1,
        ..Faults::default()
    };
    let mut model = model([base, base], faults);
    for ((_, address), last) in model.routers.iter_mut().zip(1..) {
        *address = IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, last]);
    }
    assert_sound(&model.explore().unwrap());
}

#[test]
fn the_shortest_trace_to_a_one_way_link_that_leaves_both_active() {
    let faults = Faults {
        one_way: 1,
        ..Faults::default()
    };
    let report = priorities([200, 100], faults).explore().unwrap();
    assert_eq!(flaws(&report), [Flaw::Dual]);
    assert_eq!(report.windows.dual, None);
    assert_eq!(report.windows.unsettled, None);
    let trace = &report.violations[0].trace;
    let repeated = trace.repeats_from.unwrap();
    assert!(
        trace.entries[repeated..]
            .iter()
            .all(|it| it.active == [0, 1])
    );
    let text = trace.to_string();
    assert!(text.contains("3.218750000  ! 1 cannot reach 2\n"), "{text}");
    assert!(text.contains("again and again:\n"), "{text}");
}

#[test]
fn equal_priorities_and_addresses_leave_both_active() {
    let mut model = priorities([100, 100], Faults::default());
    model.routers[1].1 = model.routers[0].1;
    assert_eq!(flaws(&model.explore().unwrap()), [Flaw::Dual]);
}

/// RFC 9568 §7.1 with erratum 8298; RFC 3768 §7.1.
#[test]
fn owners_settle_only_if_they_hear_each_other() {
    let mut owners = priorities([255, 255], Faults::default());
    assert_sound(&owners.explore().unwrap());
    owners.owner_is_deaf = true;
    assert_eq!(flaws(&owners.explore().unwrap()), [Flaw::Dual]);
}

/// RFC 9568 §5.2.7: what is learned from the last to be heard is the wrong interval.
#[test]
fn a_slow_active_router_is_displaced_by_a_fast_backup_that_heard_another_last() {
    let fast = |priority| Settings { priority, ..BASE };
    let slow = Settings {
        priority: 200,
        interval: Interval::from_centis(1000).unwrap(),
        ..BASE
    };
    let routers = [slow, fast(100), fast(90)];
    let report = model(routers, Faults::default()).explore().unwrap();
    assert_eq!(flaws(&report), [Flaw::Displaced]);
}

/// The deviation from RFC 9568 §6.4.2: the timer is never put off by a resignation.
#[test]
fn repeated_resignations_do_not_hold_off_a_takeover() {
    let mut model = priorities([150, 50], Faults::default());
    model.resigner = Some(Resigner {
        router: 1,
        every: Duration::from_millis(125),
    });
    let report = model.explore().unwrap();
    assert_sound(&report);
    assert!(report.windows.leaderless < Some(Duration::from_micros(3_414_063)));
}

#[test]
fn an_exploration_that_reaches_its_limit_claims_nothing() {
    let mut model = priorities([200, 100], Faults::default());
    model.limit = 50;
    let report = model.explore().unwrap();
    assert!(!report.complete);
    assert_eq!(report.windows, Windows::default());
}

#[test]
fn models_that_cannot_be_explored_are_refused() {
    let refuse = |model: Model| model.explore().map(|report| report.states).unwrap_err();
    let base = || priorities([200, 100], Faults::default());
    assert_eq!(
        refuse(priorities([100], Faults::default())),
        ModelError::Routers { routers: 1 }
    );
    assert_eq!(
        refuse(priorities([100; 5], Faults::default())),
        ModelError::Routers { routers: 5 }
    );
    let resigner = |router, every| Model {
        resigner: Some(Resigner { router, every }),
        ..base()
    };
    assert_eq!(
        refuse(resigner(2, Duration::from_secs(1))),
        ModelError::Resigner { router: 2 }
    );
    assert_eq!(
        refuse(resigner(1, Duration::ZERO)),
        ModelError::ResignerPeriod
    );
    let waits = alloc::vec![Duration::ZERO; 256];
    assert_eq!(
        refuse(Model { waits, ..base() }),
        ModelError::Waits { waits: 256 }
    );
}

mod parts {
    use super::super::packets::{Label, Packet, Packets};
    use super::super::pairs::Pairs;
    use super::super::visited::{Fingerprint, Number, Visited};
    use super::*;
    use crate::Instant;

    #[test]
    fn states_are_numbered_as_they_come_and_found_again() {
        let print = |word: u32| {
            let mut print = Fingerprint::new();
            print.add(word.into());
            print.finish()
        };
        let mut visited = Visited::new();
        for word in 0..50_000 {
            assert_eq!(visited.number(print(word)), Number::New(word));
        }
        for word in 0..50_000 {
            assert_eq!(visited.number(print(word)), Number::Known(word));
            assert_eq!(visited.known(print(word)), Some(word));
        }
        assert_eq!(visited.known(print(50_000)), None);
    }

    #[test]
    fn packets_are_in_one_order_however_they_were_sent() {
        let packet = |to, millis| Packet {
            label: Label::new(0, to, false),
            due: Instant::from_millis(millis),
        };
        let sent = [packet(2, 5), packet(1, 7), packet(2, 4), packet(1, 7)];
        let mut packets = Packets::new();
        for it in sent {
            assert!(packets.push(it));
        }
        let order = [packet(1, 7), packet(1, 7), packet(2, 4), packet(2, 5)];
        assert_eq!(packets.iter().collect::<Vec<_>>(), order);
        packets.remove(1);
        packets.lose_those_to(2);
        assert_eq!(packets.iter().collect::<Vec<_>>(), [packet(1, 7)]);
        for _ in 1..Packets::CAPACITY {
            assert!(packets.push(packet(3, 1)));
        }
        assert!(!packets.push(packet(3, 1)));
    }

    #[test]
    fn forgetting_a_router_leaves_the_pairs_of_the_others() {
        let mut pairs = Pairs::default();
        for from in 0..4 {
            for to in 0..4 {
                pairs.set(from, to);
            }
        }
        pairs.forget(2);
        for from in 0..4 {
            for to in 0..4 {
                assert_eq!(pairs.has(from, to), from != 2 && to != 2, "{from} {to}");
            }
        }
    }
}
