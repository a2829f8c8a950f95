//! Tests of the Active state.

use super::*;

/// RFC 9568 §6.4.3 without drift: deadlines follow from each other, not from the wake-up.
#[test]
fn advertises_without_drift_when_woken_late() {
    let (mut router, start) = active(Settings {
        priority: 255,
        ..settings()
    });
    assert_eq!(router.handle(ms(999), Event::Timeout), Actions::NONE);
    for period in 1..100 {
        let late = start + Duration::from_secs(period) + Duration::from_millis(7);
        assert_eq!(
            *router.handle(late, Event::Timeout),
            [Action::Advertise(Priority::OWNER)]
        );
        assert_eq!(
            router.deadline(),
            Some(start + Duration::from_secs(period + 1))
        );
    }
}

/// After a stall one advertisement is sent, and no burst.
#[test]
fn sends_one_advertisement_after_a_stall_and_no_burst() {
    let (mut router, _) = active(Settings {
        priority: 255,
        ..settings()
    });
    assert_eq!(router.handle(ms(10_300), Event::Timeout).len(), 1);
    assert_eq!(router.handle(ms(10_300), Event::Timeout), Actions::NONE);
    assert_eq!(router.deadline(), Some(ms(11_300)));
}

/// The advertisement that is due is also the one that was missed.
#[test]
fn sends_one_advertisement_when_late_by_a_whole_interval() {
    let (mut router, _) = active(Settings {
        priority: 255,
        ..settings()
    });
    assert_eq!(router.handle(ms(2000), Event::Timeout).len(), 1);
    assert_eq!(router.deadline(), Some(ms(3000)));
}

/// A resignation of another router is answered at once (RFC 9568 §6.4.3).
#[test]
fn answers_a_resignation_at_once_and_re_arms() {
    let (mut router, now) = active(settings());
    let now = now + Duration::from_millis(600);
    assert_eq!(
        *router.handle(now, heard(ABOVE, 0, 100)),
        [Action::Advertise(Priority::DEFAULT)]
    );
    assert_eq!(wait(&router, now), Duration::from_secs(1));
}

/// RFC 9568 §6.4.3: higher priority, or equal priority and higher address; learns the interval.
#[test]
fn yields_to_a_better_router_whatever_preempt_says() {
    for preempt in [true, false] {
        for (source, priority) in [(BELOW, 101), (ABOVE, 100), (BELOW, 255)] {
            let (mut router, now) = active(Settings {
                preempt,
                ..settings()
            });
            let actions = router.handle(now, heard(source, priority, 50));
            assert_eq!(*actions, [Action::RemoveAddresses]);
            let transition = actions.transition().unwrap();
            assert_eq!(transition.cause, Cause::HigherPriorityBackup);
            assert_eq!(transition.peer, Some(source));
            // 3 x 0.5 s + 156/256 x 0.5 s.
            assert_eq!(wait(&router, now), Duration::from_nanos(1_804_687_500));
        }
    }
}

/// Erratum 8298: of two owners the lower address yields.
#[test]
fn an_owner_yields_to_an_owner_with_a_higher_address_only() {
    let owner = Settings {
        priority: 255,
        ..settings()
    };
    let (mut router, now) = active(owner);
    let _yield = router.handle(now, heard(ABOVE, 255, 100));
    assert_eq!(router.role(), Role::Backup);
    let (mut router, now) = active(owner);
    let _stay = router.handle(now, heard(BELOW, 255, 100));
    assert_eq!(router.role(), Role::Active);
}

/// RFC 9568 §6.4.3: a losing advertisement is answered at once, Adver_Timer is left alone.
#[test]
fn answers_a_losing_advertisement_without_touching_its_timer() {
    for (source, priority) in [(ABOVE, 99), (BELOW, 100), (ABOVE, 1)] {
        let (mut router, now) = active(settings());
        let deadline = router.deadline();
        assert_eq!(
            *router.handle(now, heard(source, priority, 100)),
            [
                Action::Advertise(Priority::DEFAULT),
                Action::Announce(Announcement::LowerPriority)
            ]
        );
        assert_eq!(router.deadline(), deadline);
    }
}

/// RFC 5798 and RFC 3768 §6.4.3: silently.
#[test]
fn the_older_rfcs_discard_a_losing_advertisement_silently() {
    for settings in [
        Settings {
            answer_lower: false,
            ..settings()
        },
        Settings::new(Version::V2, Family::V4, 51),
    ] {
        let (mut router, now) = active(settings);
        assert_eq!(router.handle(now, heard(ABOVE, 99, 100)), Actions::NONE);
    }
}

/// A flood cannot make us flood: half an interval between two answers of a kind.
#[test]
fn answers_at_most_twice_an_interval() {
    for priority in [0, 99] {
        let (mut router, now) = active(settings());
        let answers: usize = (0..1000)
            .map(|step| {
                router.handle(
                    now + Duration::from_millis(step),
                    heard(ABOVE, priority, 100),
                )
            })
            .filter(|actions| actions.contains(&Action::Advertise(Priority::DEFAULT)))
            .count();
        assert_eq!(answers, 2);
    }
}

#[test]
fn answers_from_the_first_moment_on_and_again_after_half_an_interval() {
    for priority in [0, 99] {
        let (mut router, now) = active(settings());
        let mut answered = |millis| {
            let now = now + Duration::from_millis(millis);
            let actions = router.handle(now, heard(ABOVE, priority, 100));
            actions.contains(&Action::Advertise(Priority::DEFAULT))
        };
        for (millis, expected) in [(0, true), (499, false), (500, true), (999, false)] {
            assert_eq!(answered(millis), expected, "{priority} {millis}");
        }
    }
}

/// A loser that advertises faster than we do gets an answer to each advertisement.
#[test]
fn a_faster_loser_is_answered_at_its_own_pace() {
    let (mut router, now) = active(settings());
    let answers = (0..10)
        .map(|step| {
            router.handle(
                now + Duration::from_millis(100 * step),
                heard(ABOVE, 99, 10),
            )
        })
        .filter(|actions| actions.contains(&Action::Advertise(Priority::DEFAULT)))
        .count();
    assert_eq!(answers, 10);
}

/// A backup that follows us hears the resignation too, and would take over if we let it pass.
#[test]
fn an_answer_to_a_loser_does_not_swallow_the_answer_to_its_resignation() {
    let (mut router, now) = active(settings());
    assert_eq!(router.handle(now, heard(ABOVE, 99, 100)).len(), 2);
    let resigned = router.handle(now + Duration::from_millis(1), heard(ABOVE, 0, 100));
    assert_eq!(*resigned, [Action::Advertise(Priority::DEFAULT)]);
}

/// RFC 9568 §6.4.3: never demoted by, nor in a shouting match with, its own address: a packet that
/// a loop brings back may have left when the priority was another.
#[test]
fn ignores_its_own_advertisement_come_back() {
    for priority in [0, 99, 100, 101, 254, 255] {
        let (mut router, now) = active(settings());
        assert_eq!(
            router.handle(now, heard(LOCAL, priority, 100)),
            Actions::NONE
        );
        assert_eq!(router.role(), Role::Active, "{priority}");
    }
}

#[test]
fn may_answer_a_winner_before_it_yields() {
    let (mut router, now) = active(Settings {
        answer_higher: true,
        ..settings()
    });
    assert_eq!(
        *router.handle(now, heard(ABOVE, 200, 100)),
        [
            Action::Advertise(Priority::DEFAULT),
            Action::RemoveAddresses
        ]
    );
}

/// Backups would learn the loser's interval last.
#[test]
fn does_not_answer_a_better_router_of_another_interval() {
    let (mut router, now) = active(Settings {
        answer_higher: true,
        ..settings()
    });
    assert_eq!(
        *router.handle(now, heard(ABOVE, 200, 1000)),
        [Action::RemoveAddresses]
    );
}

/// Asleep for longer than the sender had to wait, so the sender is right.
#[test]
fn after_oversleeping_it_leaves_the_addresses_where_they_are() {
    let (mut router, now) = active(Settings {
        priority: 200,
        ..settings()
    });
    // The sender waits 3 x 1 s + 156/256 s after the last advertisement, sent at `now`.
    let in_time = now + Duration::from_nanos(3_609_374_999);
    let mut awake = router;
    assert_eq!(
        awake.handle(in_time, heard(ABOVE, 100, 100)).transition(),
        None
    );
    let late = now + Duration::from_nanos(3_609_375_000);
    let actions = router.handle(late, heard(ABOVE, 100, 100));
    assert_eq!(*actions, [Action::RemoveAddresses]);
    assert_eq!(actions.transition().unwrap().cause, Cause::Overslept);
    assert_eq!(router.role(), Role::Backup);
}

/// Its successor of lower priority would yield to the answer, and nobody be Active.
#[test]
fn after_oversleeping_it_says_nothing_that_demotes_its_successor() {
    let (mut router, now) = active(Settings {
        priority: 200,
        answer_higher: true,
        ..settings()
    });
    let late = now + Duration::from_secs(4);
    let actions = router.handle(late, heard(ABOVE, 100, 100));
    assert_eq!(actions.transition().unwrap().cause, Cause::Overslept);
    assert_eq!(*actions, [Action::RemoveAddresses]);
}

/// The primary address changes or goes.
#[test]
fn a_new_primary_address_is_advertised_at_once() {
    let (mut router, now) = active(settings());
    let now = now + Duration::from_millis(300);
    assert_eq!(
        *router.handle(now, Event::PrimaryAddress(Some(ABOVE))),
        [Action::Advertise(Priority::DEFAULT)]
    );
    assert_eq!(
        router.handle(now, Event::PrimaryAddress(Some(ABOVE))),
        Actions::NONE
    );
    assert_eq!(wait(&router, now), Duration::from_secs(1));
}

/// Every field of an advertisement is as configured now (RFC 9568 §7.2).
#[test]
fn a_reload_reaches_the_wire_and_the_interface_at_once() {
    let (mut router, now) = active(settings());
    let config = Config::try_from(Settings {
        priority: 120,
        interval: Interval::from_centis(50).unwrap(),
        ..settings()
    })
    .unwrap();
    let now = now + Duration::from_millis(10);
    let actions = router.handle(now, Event::Configure(config));
    assert_eq!(*actions, entering(120));
    assert_eq!(actions.transition(), None);
    assert_eq!(wait(&router, now), Duration::from_millis(500));
}

#[test]
fn a_tracked_priority_is_in_the_next_advertisement() {
    let (mut router, now) = active(settings());
    assert_eq!(
        router.handle(now, Event::Priority(Priority::from_wire(7))),
        Actions::NONE
    );
    let actions = router.handle(now + Duration::from_secs(1), Event::Timeout);
    assert_eq!(list(actions), [Action::Advertise(Priority::from_wire(7))]);
}

/// Track weights never make or unmake an owner.
#[test]
fn tracking_cannot_change_an_owner_nor_make_one() {
    let (mut owner, now) = active(Settings {
        priority: 255,
        ..settings()
    });
    let _ignored = owner.handle(now, Event::Priority(Priority::from_wire(7)));
    assert_eq!(owner.priority(), Priority::OWNER);
    let (mut other, now) = active(settings());
    let _ignored = other.handle(now, Event::Priority(Priority::OWNER));
    assert_eq!(other.priority(), Priority::DEFAULT);
}
