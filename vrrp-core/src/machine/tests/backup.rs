//! Tests of the Backup state.

use super::*;

/// Active_Down_Timer fires (RFC 9568 §6.4.2), and the order advertisement, addresses, announcement.
#[test]
fn takes_over_when_the_active_router_falls_silent() {
    let mut router = started(settings());
    let early = router.handle(Instant::from_nanos(3_609_374_999), Event::Timeout);
    assert_eq!(early, Actions::NONE);
    let now = Instant::from_nanos(3_609_375_000);
    let actions = router.handle(now, Event::Timeout);
    assert_eq!(*actions, entering(100));
    let transition = actions.transition().unwrap();
    assert_eq!(transition.cause, Cause::ActiveTimeout);
    assert_eq!(transition.new_active_reason(), NewActiveReason::NoResponse);
    assert_eq!(wait(&router, now), Duration::from_secs(1));
}

/// A resignation (RFC 9568 §6.4.2), with the skew towards the current Active Router.
#[test]
fn waits_only_skew_time_when_the_active_router_resigns() {
    let mut router = started(settings());
    let _follow = router.handle(ms(100), heard(ABOVE, 200, 50));
    assert_eq!(router.handle(ms(200), heard(ABOVE, 0, 100)), Actions::NONE);
    // 156/256 of the 500 ms learned before, not of the resigner's interval.
    assert_eq!(wait(&router, ms(200)), Duration::from_nanos(304_687_500));
    let actions = router.handle(ms(600), Event::Timeout);
    let transition = actions.transition().unwrap();
    assert_eq!(
        (transition.cause, transition.peer),
        (Cause::ActiveResigned, Some(ABOVE))
    );
    assert_eq!(transition.new_active_reason(), NewActiveReason::Priority);
}

/// The other deviation from RFC 9568 §6.4.2 at a resignation.
#[test]
fn a_losers_resignation_is_no_reason_to_leave_a_live_active_router() {
    let mut router = started(settings());
    let _follow = router.handle(ms(100), heard(ABOVE, 200, 100));
    let _loser = router.handle(ms(200), heard(BELOW, 0, 100));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(3_709_375_000)));
}

/// A deviation from RFC 9568 §6.4.2: repeated resignations do not put the takeover off.
#[test]
fn repeated_resignations_do_not_put_off_the_takeover() {
    let mut router = started(settings());
    for step in 0..10 {
        let _resign = router.handle(ms(100 * step), heard(ABOVE, 0, 100));
    }
    assert_eq!(router.deadline(), Some(Instant::from_nanos(609_375_000)));
}

/// RFC 9568 §6.4.2: any sender of at least the own priority counts, whatever its address.
#[test]
fn follows_equal_and_higher_priorities_of_any_address() {
    for (source, priority) in [
        (BELOW, 100),
        (LOCAL, 100),
        (ABOVE, 100),
        (BELOW, 101),
        (BELOW, 255),
    ] {
        let mut router = started(settings());
        assert_eq!(
            router.handle(ms(3000), heard(source, priority, 200)),
            Actions::NONE
        );
        // 3 x 2 s + 156/256 x 2 s: the interval is learned and the skew recomputed.
        assert_eq!(wait(&router, ms(3000)), Duration::from_nanos(7_218_750_000));
        assert_eq!(router.active_interval().centis(), 200);
        assert_eq!(
            router.active_router().map(|heard| heard.source),
            Some(source)
        );
    }
}

/// RFC 3768 §7.1: version 2 never learns.
#[test]
fn version_2_keeps_its_own_interval() {
    let mut router = started(Settings::new(Version::V2, Family::V4, 51));
    let _follow = router.handle(ms(3000), heard(ABOVE, 200, 500));
    assert_eq!(wait(&router, ms(3000)), Duration::from_nanos(3_609_375_000));
}

/// RFC 9568 §6.4.2: a lower priority neither re-arms nor teaches.
#[test]
fn preempts_a_lower_priority_at_the_running_deadline() {
    let mut router = started(settings());
    for step in 1..4 {
        assert_eq!(
            router.handle(ms(1000 * step), heard(ABOVE, 99, 4000)),
            Actions::NONE
        );
    }
    assert_eq!(router.deadline(), Some(Instant::from_nanos(3_609_375_000)));
    let actions = router.handle(ms(3700), Event::Timeout);
    let transition = actions.transition().unwrap();
    assert_eq!(transition.cause, Cause::LowerPriorityActive);
    assert_eq!(transition.new_active_reason(), NewActiveReason::Preempted);
}

/// Without Preempt_Mode a lower priority counts as an equal one (RFC 9568 §6.4.2).
#[test]
fn without_preemption_a_lower_priority_is_followed() {
    let mut router = started(Settings {
        preempt: false,
        ..settings()
    });
    let _follow = router.handle(ms(1000), heard(ABOVE, 1, 100));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(4_609_375_000)));
    assert_eq!(
        router.active_router().map(|heard| heard.priority.get()),
        Some(1)
    );
}

/// RFC 9568 §6.1: an owner that has yielded to another owner preempts everybody else.
#[test]
fn an_owner_preempts_whatever_its_flag_says() {
    let (mut router, now) = active(Settings {
        priority: 255,
        preempt: false,
        ..settings()
    });
    let _yield = router.handle(now, heard(ABOVE, 255, 100));
    assert_eq!(router.role(), Role::Backup);
    let deadline = router.deadline().unwrap();
    let _discard = router.handle(now + Duration::from_secs(1), heard(ABOVE, 254, 100));
    assert_eq!(router.deadline(), Some(deadline));
    let actions = router.handle(deadline, Event::Timeout);
    assert_eq!(actions.transition().unwrap().cause, Cause::OwnerPreempt);
}

/// RFC 8347 hold-time, as `preempt_delay`: the delay counts from the first lower advertisement.
#[test]
fn the_preempt_delay_tolerates_a_lower_priority_for_its_time() {
    let delay = Duration::from_secs(5);
    let mut router = started(Settings {
        preempt_delay: delay,
        ..settings()
    });
    for step in 1..=5 {
        let _tolerate = router.handle(ms(1000 * step), heard(ABOVE, 50, 100));
        assert_eq!(
            wait(&router, ms(1000 * step)),
            Duration::from_nanos(3_609_375_000),
            "{step}"
        );
    }
    let _discard = router.handle(ms(6000), heard(ABOVE, 50, 100));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(8_609_375_000)));
    let actions = router.handle(ms(9000), Event::Timeout);
    assert_eq!(
        actions.transition().unwrap().cause,
        Cause::PreemptHoldTimeout
    );
}

#[test]
fn any_other_priority_in_between_starts_the_preempt_delay_anew() {
    let delay = Duration::from_secs(5);
    for priority in [100, 150] {
        let mut router = started(Settings {
            preempt_delay: delay,
            ..settings()
        });
        let _tolerate = router.handle(ms(1000), heard(ABOVE, 50, 100));
        let _follow = router.handle(ms(4000), heard(ABOVE, priority, 100));
        let _tolerate = router.handle(ms(7000), heard(ABOVE, 50, 100));
        assert_eq!(wait(&router, ms(7000)), Duration::from_nanos(3_609_375_000));
    }
}

#[test]
fn a_preempt_delay_configured_while_a_lower_priority_is_heard_runs_from_then_on() {
    let mut router = started(settings());
    let _lower = router.handle(ms(1000), heard(ABOVE, 50, 100));
    let delayed = Config::try_from(Settings {
        preempt_delay: Duration::from_secs(5),
        ..settings()
    })
    .unwrap();
    let _reload = router.handle(ms(1500), Event::Configure(delayed));
    let _tolerate = router.handle(ms(2000), heard(ABOVE, 50, 100));
    assert_eq!(wait(&router, ms(2000)), Duration::from_nanos(3_609_375_000));
}

/// The delay protects against preemption, not against an outage.
#[test]
fn the_preempt_delay_does_not_delay_a_takeover_from_a_dead_router() {
    let delay = Duration::from_secs(1000);
    let mut router = started(Settings {
        preempt_delay: delay,
        ..settings()
    });
    let _tolerate = router.handle(ms(1000), heard(ABOVE, 50, 100));
    let actions = router.handle(ms(4700), Event::Timeout);
    assert_eq!(actions.transition().unwrap().cause, Cause::ActiveTimeout);
}

/// The running deadline moves by the change of skew and no further.
#[test]
fn a_priority_change_moves_the_running_deadline_by_the_change_of_skew() {
    let mut router = started(settings());
    let _lower = router.handle(ms(1000), Event::Priority(Priority::from_wire(1)));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(3_996_093_750)));
    let _higher = router.handle(ms(2000), Event::Priority(Priority::from_wire(254)));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(3_007_812_500)));
    let _elapsed = router.handle(ms(3500), Event::Priority(Priority::from_wire(1)));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(3_007_812_500)));
    let _ignored = router.handle(ms(3500), Event::Priority(Priority::RESIGN));
    assert_eq!(router.priority().get(), 1);
}

/// The deadline counts from the last advertisement, whenever that was.
#[test]
fn a_priority_change_moves_a_deadline_that_was_armed_later() {
    let mut router = started(settings());
    let _follow = router.handle(ms(2000), heard(ABOVE, 200, 100));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(5_609_375_000)));
    let _lower = router.handle(ms(3000), Event::Priority(Priority::from_wire(1)));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(5_996_093_750)));
}

#[test]
fn a_lower_priority_does_not_put_off_a_deadline_that_is_due() {
    let mut router = started(settings());
    let due = Instant::from_nanos(3_609_375_000);
    let _lower = router.handle(due, Event::Priority(Priority::from_wire(1)));
    assert_eq!(router.deadline(), Some(due));
}

#[test]
fn a_reload_never_extends_an_elapsed_deadline() {
    let mut router = started(settings());
    let slow = Config::try_from(Settings {
        interval: Interval::from_centis(1000).unwrap(),
        ..settings()
    })
    .unwrap();
    let _slower = router.handle(ms(1000), Event::Configure(slow));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(36_093_750_000)));
    let fast = Config::try_from(Settings {
        interval: Interval::from_centis(10).unwrap(),
        ..settings()
    })
    .unwrap();
    let _faster = router.handle(ms(2000), Event::Configure(fast));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(360_937_500)));
    let _again = router.handle(ms(2000), Event::Configure(slow));
    assert_eq!(router.deadline(), Some(Instant::from_nanos(360_937_500)));
}

#[test]
fn a_reload_keeps_the_learned_interval_and_the_tracked_offset() {
    let mut router = started(settings());
    let _follow = router.handle(ms(0), heard(ABOVE, 200, 300));
    let _tracked = router.handle(ms(0), Event::Priority(Priority::from_wire(90)));
    let config = Config::try_from(Settings {
        priority: 150,
        ..settings()
    })
    .unwrap();
    let _reload = router.handle(ms(0), Event::Configure(config));
    assert_eq!(router.active_interval().centis(), 300);
    assert_eq!(router.priority().get(), 140);
    let low = Config::try_from(Settings {
        priority: 5,
        ..settings()
    })
    .unwrap();
    let _reload = router.handle(ms(0), Event::Configure(low));
    assert_eq!(router.priority().get(), 1);
}

/// Tracking counts from the configured priority, and for no owner.
#[test]
fn a_reload_that_makes_or_unmakes_an_owner_takes_its_priority_as_it_is() {
    let mut router = started(settings());
    let _tracked = router.handle(ms(0), Event::Priority(Priority::from_wire(90)));
    let mut effective = |priority| {
        let settings = Settings {
            priority,
            ..settings()
        };
        let config = Config::try_from(settings).unwrap();
        let _reload = router.handle(ms(0), Event::Configure(config));
        router.priority().get()
    };
    assert_eq!(effective(255), 255);
    assert_eq!(effective(150), 150);
}

/// RFC 3768 §7.1: version 2 has no interval but its own.
#[test]
fn a_reload_changes_the_interval_of_version_2_whomever_it_follows() {
    let v2 = Settings::new(Version::V2, Family::V4, 51);
    let mut router = started(v2);
    let _follow = router.handle(ms(0), heard(ABOVE, 200, 100));
    let slow = Settings {
        interval: Interval::from_centis(500).unwrap(),
        ..v2
    };
    let slow = Config::try_from(slow).unwrap();
    let _reload = router.handle(ms(0), Event::Configure(slow));
    assert_eq!(router.active_interval().centis(), 500);
    // 3 x 5 s, and 156/256 s whatever the interval.
    assert_eq!(router.deadline(), Some(Instant::from_nanos(15_609_375_000)));
}

#[test]
fn a_held_router_asks_its_group_and_obeys_it() {
    let mut router = started(settings());
    assert_eq!(router.handle(ms(0), Event::Hold), Actions::NONE);
    let now = router.deadline().unwrap();
    assert_eq!(*router.handle(now, Event::Timeout), [Action::Candidate]);
    assert!(router.is_candidate());
    assert_eq!(router.role(), Role::Backup);
    let actions = router.handle(now, Event::Elect);
    assert_eq!(*actions, entering(100));
    assert_eq!(actions.transition().unwrap().cause, Cause::GroupElected);
    let actions = router.handle(now, Event::Yield);
    assert_eq!(
        *actions,
        [Action::Advertise(Priority::RESIGN), Action::RemoveAddresses]
    );
    assert_eq!(wait(&router, now), Duration::from_nanos(3_609_375_000));
}

#[test]
fn a_candidate_that_hears_an_active_router_is_no_candidate() {
    let mut router = started(settings());
    let _hold = router.handle(ms(0), Event::Hold);
    let now = router.deadline().unwrap();
    let _candidate = router.handle(now, Event::Timeout);
    let _follow = router.handle(now, heard(ABOVE, 200, 100));
    assert!(!router.is_candidate());
}

/// Whoever it is that does not count, the group still has to elect.
#[test]
fn a_candidate_stays_one_whatever_does_not_count_is_heard() {
    for priority in [99, 0] {
        let mut router = started(settings());
        let _hold = router.handle(ms(0), Event::Hold);
        let now = router.deadline().unwrap();
        let _candidate = router.handle(now, Event::Timeout);
        let _heard = router.handle(now, heard(ABOVE, priority, 100));
        assert!(router.is_candidate(), "{priority}");
    }
}
