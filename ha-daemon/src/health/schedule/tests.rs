//! Tests of the schedule.

use super::*;

const ONE: NonZeroUsize = NonZeroUsize::MIN;
const THREE: NonZeroUsize = NonZeroUsize::new(3).unwrap();

fn secs(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

fn timing() -> Timing {
    Timing {
        delay_loop: Duration::from_secs(10),
        warmup: Duration::from_secs(10),
        retry: 2,
        delay_before_retry: Duration::from_secs(3),
        alpha: false,
        fast_recovery: false,
    }
}

fn schedule(timing: Timing, steps: NonZeroUsize) -> Schedule {
    Schedule::new(timing, steps, secs(100), Duration::ZERO)
}

/// Makes the attempt that is due at `at` and lets it end at once.
#[track_caller]
fn attempt(schedule: &mut Schedule, at: u64, step: usize, passed: bool) -> Change {
    assert_eq!(schedule.deadline(), Some(secs(at)));
    assert_eq!(schedule.begin(secs(at)), Some(step));
    assert_eq!(schedule.deadline(), None);
    schedule.conclude(secs(at), passed)
}

#[test]
fn first_attempt_follows_bootstrap_and_warm_up() {
    let first =
        |warmup| Schedule::new(timing(), ONE, secs(100), Duration::from_secs(warmup)).deadline();
    assert_eq!(first(0), Some(secs(101)));
    assert_eq!(first(7), Some(secs(108)));
    assert_eq!(first(99), Some(secs(111)), "no more than the setting");
    let none = Timing {
        warmup: Duration::ZERO,
        ..timing()
    };
    let schedule = Schedule::new(none, ONE, secs(100), Duration::from_secs(7));
    assert_eq!(schedule.deadline(), Some(secs(101)));
}

#[test]
fn nothing_begins_before_it_is_due() {
    let mut schedule = schedule(timing(), ONE);
    assert_eq!(schedule.begin(Instant::from_millis(100_999)), None);
    assert_eq!(schedule.begin(secs(101)), Some(0));
    assert_eq!(schedule.begin(secs(999)), None, "one is under way");
}

#[test]
fn server_is_up_from_the_start_unless_alpha() {
    assert_eq!(schedule(timing(), ONE).verdict(), Verdict::Up);
    let alpha = Timing {
        alpha: true,
        ..timing()
    };
    let mut schedule = schedule(alpha, ONE);
    assert_eq!(schedule.verdict(), Verdict::Down);
    assert!(!schedule.is_founded());
    assert_eq!(attempt(&mut schedule, 101, 0, true), Change::Rose);
    assert_eq!(schedule.verdict(), Verdict::Up);
    assert!(schedule.is_founded());
}

#[test]
fn first_success_confirms() {
    let mut schedule = schedule(timing(), ONE);
    assert_eq!(attempt(&mut schedule, 101, 0, true), Change::Confirmed);
    assert_eq!(attempt(&mut schedule, 111, 0, true), Change::Unchanged);
    assert_eq!(schedule.deadline(), Some(secs(121)));
}

#[test]
fn first_failure_takes_down_at_once() {
    let mut plain = schedule(timing(), ONE);
    assert_eq!(
        attempt(&mut plain, 101, 0, false),
        Change::Fell { retries: 0 }
    );
    assert_eq!(plain.verdict(), Verdict::Down);
    assert_eq!(plain.deadline(), Some(secs(111)));

    let mut alpha = schedule(
        Timing {
            alpha: true,
            ..timing()
        },
        ONE,
    );
    assert_eq!(attempt(&mut alpha, 101, 0, false), Change::Unchanged);
    assert_eq!(alpha.verdict(), Verdict::Down);
    assert!(alpha.is_founded());
}

#[test]
fn retries_are_used_up_before_the_server_falls() {
    let mut schedule = schedule(timing(), ONE);
    assert_eq!(attempt(&mut schedule, 101, 0, true), Change::Confirmed);
    assert_eq!(attempt(&mut schedule, 111, 0, false), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 114, 0, false), Change::Unchanged);
    assert_eq!(schedule.verdict(), Verdict::Up);
    assert_eq!(
        attempt(&mut schedule, 117, 0, false),
        Change::Fell { retries: 2 }
    );
    assert_eq!(schedule.verdict(), Verdict::Down);
    assert_eq!(attempt(&mut schedule, 127, 0, false), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 137, 0, true), Change::Rose);
    assert_eq!(schedule.deadline(), Some(secs(147)));
}

#[test]
fn success_renews_the_retries() {
    let mut schedule = schedule(timing(), ONE);
    let outcomes = [
        (101, true),
        (111, false),
        (114, false),
        (117, true),
        (127, false),
        (130, false),
        (133, true),
    ];
    for (at, passed) in outcomes {
        let change = attempt(&mut schedule, at, 0, passed);
        assert!(matches!(change, Change::Unchanged | Change::Confirmed));
    }
    assert_eq!(schedule.verdict(), Verdict::Up);
    assert_eq!(schedule.deadline(), Some(secs(143)));
}

#[test]
fn zero_retries_fall_at_the_first_failure() {
    let none = Timing {
        retry: 0,
        ..timing()
    };
    let mut schedule = schedule(none, ONE);
    assert_eq!(attempt(&mut schedule, 101, 0, true), Change::Confirmed);
    assert_eq!(
        attempt(&mut schedule, 111, 0, false),
        Change::Fell { retries: 0 }
    );
}

#[test]
fn steps_are_walked_one_per_delay_loop_for_ever() {
    let mut schedule = schedule(timing(), THREE);
    assert_eq!(attempt(&mut schedule, 101, 0, true), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 111, 1, true), Change::Unchanged);
    assert!(!schedule.is_founded());
    assert_eq!(attempt(&mut schedule, 121, 2, true), Change::Confirmed);
    assert_eq!(attempt(&mut schedule, 131, 0, true), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 141, 1, true), Change::Unchanged);
}

#[test]
fn failure_during_the_first_walk_takes_down_without_retry() {
    let mut schedule = schedule(timing(), THREE);
    assert_eq!(attempt(&mut schedule, 101, 0, true), Change::Unchanged);
    assert_eq!(
        attempt(&mut schedule, 111, 1, false),
        Change::Fell { retries: 0 }
    );
}

#[test]
fn only_the_failed_step_is_repeated_until_it_passes_then_the_others() {
    let mut schedule = schedule(timing(), THREE);
    for (at, step) in [(101, 0), (111, 1), (121, 2), (131, 0)] {
        let change = attempt(&mut schedule, at, step, true);
        assert!(matches!(change, Change::Unchanged | Change::Confirmed));
    }
    for at in [141, 144] {
        assert_eq!(attempt(&mut schedule, at, 1, false), Change::Unchanged);
    }
    assert_eq!(
        attempt(&mut schedule, 147, 1, false),
        Change::Fell { retries: 2 }
    );
    assert_eq!(attempt(&mut schedule, 157, 1, false), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 167, 1, true), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 177, 2, true), Change::Unchanged);
    // Another failure begins the count anew.
    assert_eq!(attempt(&mut schedule, 187, 0, false), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 197, 0, true), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 207, 1, true), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 217, 2, true), Change::Rose);
}

#[test]
fn fast_recovery_leaves_no_gap_until_the_server_is_up() {
    let fast = Timing {
        fast_recovery: true,
        ..timing()
    };
    let mut schedule = schedule(fast, THREE);
    assert_eq!(attempt(&mut schedule, 101, 0, true), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 101, 1, true), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 101, 2, true), Change::Confirmed);
    assert_eq!(attempt(&mut schedule, 111, 0, true), Change::Unchanged);
    for at in [121, 124] {
        assert_eq!(attempt(&mut schedule, at, 1, false), Change::Unchanged);
    }
    assert_eq!(
        attempt(&mut schedule, 127, 1, false),
        Change::Fell { retries: 2 }
    );
    assert_eq!(attempt(&mut schedule, 137, 1, false), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 147, 1, true), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 147, 2, true), Change::Unchanged);
    assert_eq!(attempt(&mut schedule, 147, 0, true), Change::Rose);
    assert_eq!(schedule.deadline(), Some(secs(157)));
}

#[test]
fn late_clock_makes_one_attempt_not_a_burst() {
    let mut schedule = schedule(timing(), ONE);
    assert_eq!(schedule.begin(secs(100_000)), Some(0));
    assert_eq!(schedule.conclude(secs(100_002), true), Change::Confirmed);
    assert_eq!(schedule.deadline(), Some(secs(100_012)));
    assert_eq!(schedule.begin(secs(100_011)), None);
}

#[test]
fn suspended_checker_does_not_try_and_keeps_its_verdict() {
    let mut schedule = schedule(timing(), ONE);
    assert_eq!(
        attempt(&mut schedule, 101, 0, false),
        Change::Fell { retries: 0 }
    );
    schedule.suspend();
    assert_eq!(schedule.deadline(), None);
    assert_eq!(schedule.begin(secs(500)), None);
    assert_eq!(schedule.verdict(), Verdict::Down);
    schedule.resume(secs(500));
    schedule.resume(secs(501));
    assert_eq!(attempt(&mut schedule, 500, 0, true), Change::Rose);
}

#[test]
fn outcome_of_a_suspended_attempt_does_not_count() {
    let mut schedule = schedule(timing(), ONE);
    assert_eq!(schedule.begin(secs(101)), Some(0));
    schedule.suspend();
    assert_eq!(schedule.conclude(secs(102), false), Change::Unchanged);
    assert_eq!(schedule.verdict(), Verdict::Up);
    assert_eq!(schedule.deadline(), None);
}

#[test]
fn outcome_without_an_attempt_does_not_count() {
    let mut schedule = schedule(timing(), ONE);
    assert_eq!(schedule.conclude(secs(100), false), Change::Unchanged);
    assert_eq!(schedule.deadline(), Some(secs(101)));
}

#[test]
fn attempt_that_could_not_be_made_says_nothing() {
    let mut schedule = schedule(timing(), ONE);
    schedule.postpone(secs(50));
    assert_eq!(schedule.begin(secs(101)), Some(0));
    schedule.postpone(secs(101));
    assert_eq!(schedule.verdict(), Verdict::Up);
    assert!(!schedule.is_founded());
    assert_eq!(attempt(&mut schedule, 104, 0, true), Change::Confirmed);
}

#[test]
fn extreme_times_saturate() {
    let endless = Timing {
        delay_loop: Duration::MAX,
        warmup: Duration::MAX,
        retry: u32::MAX,
        ..timing()
    };
    let mut schedule = Schedule::new(endless, ONE, secs(1), Duration::MAX);
    assert_eq!(schedule.deadline(), Some(Instant::MAX));
    assert_eq!(schedule.begin(Instant::MAX), Some(0));
    assert_eq!(schedule.conclude(Instant::MAX, true), Change::Confirmed);
    assert_eq!(schedule.deadline(), Some(Instant::MAX));
}

#[test]
fn a_change_is_what_it_is_to_a_checker_that_may_have_missed_others() {
    use Change::{Confirmed, Fell, Rose, Unchanged};
    use Verdict::{Down, Up};
    let (fell, twice) = (Fell { retries: 0 }, Fell { retries: 2 });
    for (before, after, change, expected) in [
        (Up, Up, Unchanged, Unchanged),
        (Up, Up, Confirmed, Confirmed),
        (Up, Up, Rose, Confirmed),
        (Up, Up, twice, Unchanged),
        (Up, Down, Unchanged, fell),
        (Up, Down, Confirmed, fell),
        (Up, Down, Rose, fell),
        (Up, Down, twice, twice),
        (Down, Up, Unchanged, Rose),
        (Down, Up, Confirmed, Rose),
        (Down, Up, Rose, Rose),
        (Down, Up, twice, Rose),
        (Down, Down, Unchanged, Unchanged),
        (Down, Down, Confirmed, Unchanged),
        (Down, Down, Rose, Unchanged),
        (Down, Down, twice, Unchanged),
    ] {
        let found = change.since(before, after);
        assert_eq!(found, expected, "{before:?} {after:?} {change:?}");
    }
}

#[test]
fn another_timing_counts_from_the_next_attempt_on() {
    let mut schedule = schedule(timing(), ONE);
    let _ = attempt(&mut schedule, 101, 0, true);
    let slower = Timing {
        delay_loop: Duration::from_secs(20),
        retry: 0,
        ..timing()
    };
    schedule.update(slower, ONE, secs(105));
    assert_eq!(schedule.verdict(), Verdict::Up);
    let unchanged = attempt(&mut schedule, 111, 0, true);
    assert_eq!(unchanged, Change::Unchanged);
    let fell = attempt(&mut schedule, 131, 0, false);
    assert_eq!(fell, Change::Fell { retries: 0 });
    schedule.update(timing(), ONE, secs(132));
    assert_eq!(schedule.verdict(), Verdict::Down);
    let rose = attempt(&mut schedule, 142, 0, true);
    assert_eq!(rose, Change::Rose, "no later than with the new timing");
}

#[test]
fn an_attempt_under_way_ends_with_another_timing() {
    let mut schedule = schedule(timing(), ONE);
    assert_eq!(schedule.begin(secs(101)), Some(0));
    let slower = Timing {
        delay_loop: Duration::from_secs(20),
        ..timing()
    };
    let other = schedule.inherited(slower, ONE, secs(102));
    schedule.update(slower, ONE, secs(102));
    assert_eq!(schedule.deadline(), None);
    assert_eq!(schedule.conclude(secs(103), true), Change::Confirmed);
    assert_eq!(schedule.deadline(), Some(secs(123)));
    assert_eq!(other.deadline(), Some(secs(102)), "it has none under way");
}

#[test]
fn alpha_counts_until_the_server_is_known() {
    let alpha = Timing {
        alpha: true,
        ..timing()
    };
    for (before, after, verdict) in [
        (timing(), alpha, Verdict::Down),
        (alpha, timing(), Verdict::Up),
    ] {
        let mut schedule = schedule(before, THREE);
        schedule.update(after, THREE, secs(100));
        assert_eq!(schedule.verdict(), verdict);
        let change = attempt(&mut schedule, 101, 0, true);
        assert_eq!(change, Change::Unchanged);
        assert_eq!(schedule.verdict(), verdict, "two steps are left");
    }
    for (passed, verdict) in [(true, Verdict::Up), (false, Verdict::Down)] {
        let mut schedule = schedule(timing(), ONE);
        let _ = attempt(&mut schedule, 101, 0, passed);
        schedule.update(alpha, ONE, secs(102));
        assert_eq!(schedule.verdict(), verdict);
        schedule.update(timing(), ONE, secs(103));
        assert_eq!(schedule.verdict(), verdict);
    }
}

#[test]
fn fewer_steps_are_tried_from_the_first_on() {
    let mut schedule = schedule(timing(), THREE);
    let _ = attempt(&mut schedule, 101, 0, true);
    schedule.update(timing(), ONE, secs(102));
    let change = attempt(&mut schedule, 111, 0, true);
    assert_eq!(change, Change::Confirmed);
}
