//! Elections with known outcomes, to the nanosecond.

use super::*;

/// Router 0 crashes between two advertisements (RFC 9568 §6.1, §6.4.2, §7.2).
#[test]
fn a_crash_is_taken_over_active_down_interval_after_the_last_advertisement() {
    let (mut lan, [first, second]) = lan([priority(200), priority(100)]);
    lan.at(at(10_000), Disturbance::Crash(first));
    lan.run_until(at(30_000));
    assert_sound(&mut lan);
    let story: Vec<_> = lan
        .timeline()
        .transitions()
        .map(|(at, id, transition)| (at.as_nanos(), id, transition.to, transition.cause))
        .collect();
    assert_eq!(
        story,
        [
            (0, first, Role::Backup, Cause::Startup),
            (0, second, Role::Backup, Cause::Startup),
            (3_218_750_000, first, Role::Active, Cause::ActiveTimeout),
            // The last advertisement leaves at 9.21875 s and travels 100 µs; 3.609375 s more.
            (12_828_225_000, second, Role::Active, Cause::ActiveTimeout),
        ]
    );
}

/// A resignation, and the takeover after Skew_Time (RFC 9568 §6.4.2 and §6.4.3).
#[test]
fn a_resignation_is_taken_over_skew_time_later() {
    let (mut lan, [first, second]) = lan([priority(200), priority(100)]);
    lan.at(at(10_000), Disturbance::Deliver(first, Event::Shutdown));
    lan.run_until(at(30_000));
    assert_sound(&mut lan);
    let (time, id, transition) = lan.timeline().transitions().last().unwrap();
    assert_eq!((time.as_nanos(), id), (10_609_475_000, second));
    assert_eq!(transition.cause, Cause::ActiveResigned);
}

/// RFC 9568 §6.4.2: the better router comes back.
#[test]
fn a_returning_better_router_preempts_only_if_it_may() {
    for (preempt, winner) in [(true, 0), (false, 1)] {
        let (mut lan, [first, _]) = lan([
            config(Settings {
                preempt,
                priority: 200,
                ..base()
            }),
            priority(100),
        ]);
        lan.at(at(10_000), Disturbance::Crash(first));
        lan.at(at(20_000), Disturbance::Start(first));
        lan.run_until(at(60_000));
        assert_sound(&mut lan);
        assert_eq!(actives(&lan), [winner]);
    }
}

#[test]
fn the_preempt_delay_runs_before_the_better_router_takes_over() {
    let (mut lan, [first, _]) = lan([
        config(Settings {
            preempt_delay: Duration::from_secs(20),
            priority: 200,
            ..base()
        }),
        priority(100),
    ]);
    lan.at(at(10_000), Disturbance::Crash(first));
    lan.at(at(20_000), Disturbance::Start(first));
    lan.run_until(at(90_000));
    assert_sound(&mut lan);
    let mut takeovers = lan.timeline().transitions();
    let (time, ..) = takeovers
        .find(|(.., transition)| transition.cause == Cause::PreemptHoldTimeout)
        .unwrap();
    // Heard first at 20.828 s, tolerated until 40.828 s, and the timer the last tolerated
    // advertisement armed runs out 3.21875 s later.
    assert_eq!(time.as_nanos(), 43_047_075_000);
}

/// Both sides of a partition elect; the answer of RFC 9568 §6.4.3 to a losing advertisement
/// ends the contest as soon as either is heard, RFC 5798's silence only when the winner's timer
/// fires.
#[test]
fn an_answered_loser_yields_within_two_delays_of_its_own_advertisement() {
    let contest = |answer_lower| {
        let answers = |priority| {
            config(Settings {
                answer_lower,
                priority,
                ..base()
            })
        };
        let (mut lan, [_, second]) = lan([answers(200), answers(100)]);
        lan.at(at(10_000), Disturbance::Partition(0b01));
        // Router 0 advertises at .21875 s, router 1 at .828225 s: its turn is next.
        lan.at(at(20_500), Disturbance::Heal);
        lan.run_until(at(40_000));
        assert_sound(&mut lan);
        let mut yields = lan.timeline().transitions();
        let lost = yields.find(|(_, id, transition)| {
            *id == second && transition.cause == Cause::HigherPriorityBackup
        });
        lost.unwrap().0.as_nanos()
    };
    assert_eq!(contest(true), 20_828_225_000 + 200_000);
    assert_eq!(contest(false), 21_218_750_000 + 100_000);
}

/// What is lost in one direction only makes two Active Routers, and for an interval at most once
/// nothing is lost any more.
#[test]
fn a_link_that_loses_everything_one_way_makes_two_active_until_it_heals() {
    let (mut lan, [first, second]) = lan([priority(200), priority(100)]);
    let impair = |loss| Disturbance::Impair {
        from: first,
        to: second,
        link: Some(Link {
            loss,
            ..Link::default()
        }),
    };
    lan.at(at(10_000), impair(1000));
    lan.at(at(20_000), impair(0));
    lan.run_until(at(20_000));
    assert_eq!(actives(&lan), [0, 1]);
    lan.run_until(at(40_000));
    assert_sound(&mut lan);
    assert_eq!(actives(&lan), [0]);
    let (time, id, transition) = lan.timeline().transitions().last().unwrap();
    // Router 0 advertises at .21875 s.
    assert_eq!((time.as_nanos(), id), (20_218_850_000, second));
    assert_eq!(transition.cause, Cause::HigherPriorityBackup);
}

/// RFC 9568 §5.2.3: the same VRID on another network is another virtual router.
#[test]
fn routers_of_different_networks_do_not_meet() {
    let (mut lan, [first, second]) = lan([priority(200), priority(100)]);
    lan.connect(second, 1);
    lan.run_until(at(20_000));
    assert_sound(&mut lan);
    assert!(lan.actives().eq([first, second]));
}

#[test]
fn healing_does_not_make_links_that_never_were() {
    let (mut lan, [first, second]) = lan([priority(200), priority(100)]);
    lan.disconnect(first, second);
    lan.at(at(10_000), Disturbance::Heal);
    lan.run_until(at(60_000));
    assert_eq!(actives(&lan), [0, 1]);
}

/// A router that slept hears first, then acts; and it does not send what it missed.
#[test]
fn a_paused_active_router_leaves_the_addresses_where_they_went() {
    let (mut lan, [first, second]) = lan([
        config(Settings {
            preempt: false,
            priority: 200,
            ..base()
        }),
        priority(100),
    ]);
    lan.at(at(10_000), Disturbance::Pause(first));
    lan.at(at(20_000), Disturbance::Resume(first));
    lan.run_until(at(60_000));
    assert_sound(&mut lan);
    assert_eq!(actives(&lan), [1]);
    let (time, id, transition) = lan.timeline().transitions().last().unwrap();
    assert_eq!((time, id), (at(20_000), first));
    assert_eq!(transition.cause, Cause::Overslept);
    assert_eq!(lan.machine(second).role(), Role::Active);
}

#[test]
fn a_paused_backup_reads_what_queued_before_its_timer_fires() {
    let (mut lan, [_, second]) = lan([priority(200), priority(100)]);
    lan.at(at(10_000), Disturbance::Pause(second));
    lan.at(at(20_000), Disturbance::Resume(second));
    lan.run_until(at(40_000));
    assert_sound(&mut lan);
    assert_eq!(actives(&lan), [0]);
    assert_eq!(lan.timeline().transitions().count(), 3);
}

/// Members of a sync group move together: a cable of one of them moves both.
#[test]
fn a_sync_group_fails_over_and_back_as_one() {
    let mut lan = Lan::new(1);
    let member = |vrid, priority| {
        config(Settings {
            vrid,
            priority,
            ..base()
        })
    };
    let one = [1, 2].map(|vrid| lan.router(member(vrid, 200), address(1)));
    let two = [1, 2].map(|vrid| lan.router(member(vrid, 100), address(2)));
    lan.group(&one);
    lan.group(&two);
    lan.run_until(at(20_000));
    assert!(lan.actives().eq(one));
    lan.disturb(Disturbance::Carrier(one[1], false));
    lan.run_until(at(40_000));
    assert!(lan.actives().eq(two));
    lan.disturb(Disturbance::Carrier(one[1], true));
    lan.run_until(at(80_000));
    assert!(lan.actives().eq(one));
    assert_sound(&mut lan);
}

/// RFC 9568 §6.4.2: version 3 learns the interval of the Active Router.
#[test]
fn fast_backups_learn_to_wait_for_a_slow_active_router() {
    let every = |priority, interval_cs| {
        config(Settings {
            priority,
            interval: Interval::from_centis(interval_cs).unwrap(),
            ..base()
        })
    };
    let (mut lan, [first, ..]) = lan([every(255, 1000), every(100, 1)]);
    lan.run_until(at(100_000));
    lan.at(at(100_000), Disturbance::Crash(first));
    lan.run_until(at(200_000));
    assert_sound(&mut lan);
    let (time, id, _) = lan.timeline().transitions().last().unwrap();
    // Ten seconds three times and 156/256 of ten, after the last one of 100 s.
    assert_eq!((time.as_nanos(), id.index()), (136_093_850_000, 1));
    assert_eq!(lan.timeline().transitions().count(), 3);
}

/// RFC 9568 §6.4.3: a deaf loser is answered as often as it advertises, and no more.
#[test]
fn a_deaf_loser_is_answered_once_per_advertisement() {
    let every = |priority, interval_cs| {
        config(Settings {
            priority,
            interval: Interval::from_centis(interval_cs).unwrap(),
            ..base()
        })
    };
    let (mut lan, [first, second]) = lan([every(255, 100), every(100, 1)]);
    lan.disturb(Disturbance::Cut {
        from: first,
        to: second,
        cut: true,
    });
    lan.run_until(at(100_000));
    assert_eq!(lan.breach, None);
    assert!(lan.adverts(second) > 9_000);
    // 101 of its own, at 0 s to 100 s, and an answer to each of the loser's.
    assert_eq!(lan.adverts(first), 101 + lan.adverts(second));
}

#[test]
fn a_day_of_advertisements_is_one_a_second() {
    let (mut lan, [first, second]) = lan([priority(200), priority(100)]);
    lan.run_until(at(86_400_000));
    assert_sound(&mut lan);
    assert_eq!((lan.adverts(first), lan.adverts(second)), (86_397, 0));
}

#[test]
fn the_timeline_reads_like_a_log() {
    let (mut lan, [first, _]) = lan([priority(255), priority(100)]);
    lan.record_adverts();
    lan.run_until(at(500));
    lan.disturb(Disturbance::Deliver(first, Event::Shutdown));
    lan.run_until(at(501));
    assert_eq!(
        lan.timeline().to_string(),
        "      0.000000000 ! router 0 starts
      0.000000000 router 0: Initialize -> Active because started
      0.000000000 router 0: advertises 255
      0.000000000 ! router 1 starts
      0.000000000 router 1: Initialize -> Backup because started
      0.000000000 router 0: announces 5 times
      0.000100000 router 1: hears 255 from 192.0.2.1
      0.500000000 ! router 0 gets Shutdown
      0.500000000 router 0: Active -> Initialize because shut down
      0.500000000 router 0: advertises 0
      0.500100000 router 1: hears 0 from 192.0.2.1
"
    );
}
