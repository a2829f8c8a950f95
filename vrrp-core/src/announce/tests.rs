//! Tests of the announce schedule.

use std::vec::Vec;

use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn schedule(settings: Settings) -> Schedule {
    Schedule::new(Config::try_from(settings).unwrap())
}

/// Every burst up to and including `end` when each deadline is met on time.
fn bursts(schedule: &mut Schedule, end: u64) -> Vec<(Instant, u16)> {
    let mut sent = Vec::new();
    while let Some(due) = schedule.deadline().filter(|due| *due <= at(end)) {
        if let Some(burst) = schedule.handle(due) {
            sent.push((due, burst.copies));
        }
    }
    sent
}

#[test]
fn a_new_active_router_announces_five_times_at_once_and_five_times_after_five_seconds() {
    let mut schedule = schedule(Settings::default());
    assert_eq!(schedule.deadline(), None);
    schedule.start(at(1_000), Announcement::NewActive);
    assert_eq!(
        bursts(&mut schedule, 3_600_000),
        [(at(1_000), 5), (at(6_000), 5)]
    );
    assert_eq!(schedule.deadline(), None);
}

#[test]
fn refreshes_count_from_becoming_active_whatever_the_delay_of_the_second_block() {
    let mut schedule = schedule(Settings {
        repeat: 3,
        delay: Duration::from_secs(5),
        refresh: Duration::from_secs(1),
        refresh_repeat: 2,
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    assert_eq!(
        bursts(&mut schedule, 7_000),
        [
            (at(0), 3),
            (at(1_000), 2),
            (at(2_000), 2),
            (at(3_000), 2),
            (at(4_000), 2),
            (at(5_000), 3),
            (at(6_000), 2),
            (at(7_000), 2)
        ]
    );
}

#[test]
fn without_a_delay_there_is_one_block() {
    let mut schedule = schedule(Settings {
        delay: Duration::ZERO,
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    assert_eq!(bursts(&mut schedule, 3_600_000), [(at(0), 5)]);
}

#[test]
fn a_won_contest_uses_its_own_numbers_and_leaves_the_refresh_alone() {
    let mut schedule = schedule(Settings {
        refresh: Duration::from_secs(10),
        lower_prio_repeat: Some(2),
        lower_prio_delay: Some(Duration::from_secs(1)),
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    assert_eq!(bursts(&mut schedule, 5_000), [(at(0), 5), (at(5_000), 5)]);
    schedule.start(at(7_000), Announcement::LowerPriority);
    assert_eq!(
        bursts(&mut schedule, 20_000),
        [
            (at(7_000), 2),
            (at(7_100), 2),
            (at(8_000), 2),
            (at(10_000), 1),
            (at(20_000), 1)
        ]
    );
}

#[test]
fn a_contest_without_a_second_block_keeps_the_pending_one() {
    let mut schedule = schedule(Settings {
        lower_prio_delay: Some(Duration::ZERO),
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    assert_eq!(bursts(&mut schedule, 1_000), [(at(0), 5)]);
    schedule.start(at(1_000), Announcement::LowerPriority);
    assert_eq!(
        bursts(&mut schedule, 9_000),
        [(at(1_000), 5), (at(1_100), 5), (at(5_000), 5)]
    );
}

#[test]
fn contests_in_a_row_settle_once_after_the_last() {
    let mut schedule = schedule(Settings::default());
    for contest in [0, 60, 120] {
        schedule.start(at(contest), Announcement::LowerPriority);
        assert_eq!(schedule.handle(at(contest)), Some(Burst { copies: 5 }));
        assert_eq!(schedule.deadline(), Some(at(contest + 100)));
    }
    assert_eq!(
        bursts(&mut schedule, 60_000),
        [(at(220), 5), (at(5_120), 5)]
    );
}

/// What a loser that advertises every `every` ms from 0 to `end` ms makes of a schedule.
fn contested(settings: Settings, every: u64, end: u64) -> Vec<(Instant, u16)> {
    let mut schedule = schedule(settings);
    let mut sent = Vec::new();
    let mut contest = 0;
    while contest <= end {
        schedule.start(at(contest), Announcement::LowerPriority);
        contest += every;
        sent.extend(bursts(&mut schedule, contest - 1));
    }
    sent.extend(bursts(&mut schedule, 3_600_000));
    sent
}

#[test]
fn the_second_contest_of_a_second_is_announced_at_once() {
    let settings = Settings {
        lower_prio_delay: Some(Duration::ZERO),
        ..Settings::default()
    };
    assert_eq!(
        contested(settings, 300, 300),
        [(at(0), 5), (at(100), 5), (at(300), 5), (at(400), 5)]
    );
}

#[test]
fn contests_without_end_are_announced_once_a_second_and_after_the_last() {
    let settings = Settings {
        lower_prio_delay: Some(Duration::ZERO),
        ..Settings::default()
    };
    let millis = |every, end| -> Vec<u64> {
        let sent = contested(settings, every, end).into_iter();
        sent.map(|(at, _)| at.as_nanos() / 1_000_000).collect()
    };
    assert_eq!(
        millis(40, 8_000),
        [
            0, 40, 80, 120, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000
        ]
    );
    // Those that leave time to settle in between, as well.
    assert_eq!(
        millis(150, 7_950),
        [
            0, 100, 150, 250, 1_000, 2_050, 3_000, 4_000, 5_050, 6_000, 7_000, 8_050
        ]
    );
}

#[test]
fn a_short_second_block_is_no_way_around_the_limit() {
    let settings = Settings {
        lower_prio_delay: Some(Duration::from_millis(10)),
        ..Settings::default()
    };
    let sent = contested(settings, 20, 8_000);
    assert!(sent.len() <= 14, "{sent:?}");
    assert!(sent.last().unwrap().0 > at(8_000));
}

#[test]
fn a_schedule_remembers_contests_until_they_no_longer_count() {
    let mut schedule = schedule(Settings {
        lower_prio_delay: Some(Duration::ZERO),
        ..Settings::default()
    });
    assert!(schedule.is_idle(at(0)));
    schedule.start(at(0), Announcement::LowerPriority);
    assert_eq!(bursts(&mut schedule, 100), [(at(0), 5), (at(100), 5)]);
    assert_eq!(schedule.deadline(), None);
    assert!(!schedule.is_idle(at(1_999)));
    assert!(schedule.is_idle(at(2_000)));
}

#[test]
fn a_contest_settles_whenever_its_second_block_is_due() {
    let of = |millis| {
        let mut schedule = schedule(Settings {
            lower_prio_delay: Some(Duration::from_millis(millis)),
            ..Settings::default()
        });
        schedule.start(at(0), Announcement::LowerPriority);
        bursts(&mut schedule, 60_000)
    };
    assert_eq!(of(0), [(at(0), 5), (at(100), 5)]);
    assert_eq!(of(50), [(at(0), 5), (at(50), 5), (at(100), 5)]);
    assert_eq!(of(100), [(at(0), 5), (at(100), 5)]);
    assert_eq!(of(101), [(at(0), 5), (at(100), 5), (at(101), 5)]);
}

#[test]
fn a_contest_settles_after_a_block_that_is_overdue_as_well() {
    let mut schedule = schedule(Settings {
        lower_prio_delay: Some(Duration::ZERO),
        ..Settings::default()
    });
    for contest in [5_000, 5_001] {
        schedule.start(at(0), Announcement::NewActive);
        schedule.start(at(contest), Announcement::LowerPriority);
        assert_eq!(schedule.handle(at(contest)), Some(Burst { copies: 5 }));
        assert_eq!(bursts(&mut schedule, 60_000), [(at(contest + 100), 5)]);
    }
}

#[test]
fn a_new_active_router_has_nothing_to_settle() {
    let mut schedule = schedule(Settings::default());
    schedule.start(at(0), Announcement::LowerPriority);
    schedule.start(at(10), Announcement::NewActive);
    assert_eq!(schedule.handle(at(10)), Some(Burst { copies: 5 }));
    assert_eq!(schedule.deadline(), Some(at(5_010)));
}

#[test]
fn contests_are_not_announced_when_their_repeat_is_zero() {
    let mut schedule = schedule(Settings {
        lower_prio_repeat: Some(0),
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::LowerPriority);
    assert_eq!(schedule.handle(at(0)), None);
    assert_eq!(schedule.deadline(), None);
}

#[test]
fn a_contest_that_is_not_announced_keeps_the_pending_block() {
    let mut schedule = schedule(Settings {
        lower_prio_repeat: Some(0),
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    assert_eq!(bursts(&mut schedule, 1_000), [(at(0), 5)]);
    schedule.start(at(1_000), Announcement::LowerPriority);
    assert_eq!(bursts(&mut schedule, 60_000), [(at(5_000), 5)]);
}

#[test]
fn a_refresh_of_no_copies_wakes_nobody() {
    let mut schedule = schedule(Settings {
        delay: Duration::ZERO,
        refresh: Duration::from_secs(1),
        refresh_repeat: 0,
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    assert_eq!(schedule.handle(at(0)), Some(Burst { copies: 5 }));
    assert_eq!(schedule.deadline(), None);
}

#[test]
fn two_starts_before_the_first_block_went_out_make_one_block() {
    let mut schedule = schedule(Settings {
        lower_prio_repeat: Some(1),
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    schedule.start(at(0), Announcement::LowerPriority);
    assert_eq!(schedule.handle(at(0)), Some(Burst { copies: 5 }));
    assert_eq!(schedule.handle(at(0)), None);
}

#[test]
fn a_late_wake_up_sends_once_and_the_refresh_does_not_catch_up() {
    let mut schedule = schedule(Settings {
        refresh: Duration::from_secs(1),
        refresh_repeat: 7,
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    assert_eq!(schedule.handle(at(0)), Some(Burst { copies: 5 }));
    assert_eq!(schedule.handle(at(100_500)), Some(Burst { copies: 7 }));
    assert_eq!(schedule.deadline(), Some(at(101_500)));
    assert_eq!(schedule.handle(at(101_499)), None);
}

#[test]
fn a_refresh_as_late_as_the_next_one_stands_for_both() {
    let mut schedule = schedule(Settings {
        delay: Duration::ZERO,
        refresh: Duration::from_secs(1),
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    assert_eq!(schedule.handle(at(0)), Some(Burst { copies: 5 }));
    assert_eq!(schedule.handle(at(2_000)), Some(Burst { copies: 1 }));
    assert_eq!(schedule.deadline(), Some(at(3_000)));
}

#[test]
fn a_stopped_schedule_is_silent() {
    let mut schedule = schedule(Settings {
        refresh: Duration::from_secs(1),
        ..Settings::default()
    });
    schedule.start(at(0), Announcement::NewActive);
    schedule.stop();
    assert_eq!(schedule.deadline(), None);
    assert_eq!(schedule.handle(at(1_000_000)), None);
}

#[test]
fn a_reload_moves_the_refresh_of_an_active_router() {
    let refresh = |seconds| {
        Config::try_from(Settings {
            refresh: Duration::from_secs(seconds),
            ..Settings::default()
        })
        .unwrap()
    };
    let mut schedule = Schedule::new(refresh(0));
    schedule.start(at(0), Announcement::NewActive);
    assert_eq!(bursts(&mut schedule, 5_000).len(), 2);
    schedule.configure(at(20_000), refresh(30), true);
    assert_eq!(schedule.deadline(), Some(at(50_000)));
    schedule.configure(at(21_000), refresh(30), true);
    assert_eq!(schedule.deadline(), Some(at(50_000)));
    schedule.configure(at(22_000), refresh(0), true);
    assert_eq!(schedule.deadline(), None);
    schedule.configure(at(23_000), refresh(30), false);
    assert_eq!(schedule.deadline(), None);
}

#[test]
fn refuses_a_refresh_that_never_rests_and_spans_beyond_a_year() {
    let refresh = Duration::from_millis(99);
    assert_eq!(
        Config::try_from(Settings {
            refresh,
            ..Settings::default()
        }),
        Err(ConfigError::Refresh { refresh })
    );
    let span = Duration::from_secs(365 * 86_400 + 1);
    assert_eq!(
        Config::try_from(Settings {
            lower_prio_delay: Some(span),
            ..Settings::default()
        }),
        Err(ConfigError::TooLong { span })
    );
}

#[test]
fn a_refresh_of_a_tenth_of_a_second_and_spans_of_a_year_are_the_extremes() {
    let settings = Settings {
        delay: Duration::from_secs(31_536_000),
        refresh: Duration::from_millis(100),
        ..Settings::default()
    };
    assert_eq!(Config::try_from(settings).map(Settings::from), Ok(settings));
}
