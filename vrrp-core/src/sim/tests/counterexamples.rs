//! Networks and configurations in which the protocol itself fails.

use super::*;

/// Ties are broken by address; equal ones leave both Active for ever.
#[test]
fn two_routers_with_the_same_address_are_both_active() {
    let mut lan = Lan::new(1);
    let _first = lan.router(priority(100), address(1));
    let _second = lan.router(priority(100), address(1));
    lan.run_until(at(600_000));
    assert_eq!(actives(&lan), [0, 1]);
    let violation = lan.check().unwrap_err().violation;
    assert!(matches!(violation, Violation::Dual { .. }), "{violation}");
}

/// The better router hears the other one but not the reverse.
#[test]
fn a_one_way_link_leaves_both_active() {
    let (mut lan, [first, second]) = lan([priority(200), priority(100)]);
    lan.disturb(Disturbance::Cut {
        from: first,
        to: second,
        cut: true,
    });
    lan.run_until(at(600_000));
    assert_eq!(actives(&lan), [0, 1]);
}

/// The other direction alone is harmless.
#[test]
fn a_one_way_link_from_the_worse_router_does_not_matter() {
    let (mut lan, [first, second]) = lan([priority(200), priority(100)]);
    lan.disturb(Disturbance::Cut {
        from: second,
        to: first,
        cut: true,
    });
    lan.run_until(at(600_000));
    assert_eq!(actives(&lan), [0]);
}

/// RFC 3768 §7.1: version 2 discards advertisements of another interval.
#[test]
fn version_2_routers_with_different_intervals_are_both_active() {
    let every = |interval_cs| {
        config(Settings {
            interval: Interval::from_centis(interval_cs).unwrap(),
            ..Settings::new(Version::V2, Family::V4, 51)
        })
    };
    let (mut lan, _) = lan([every(100), every(200)]);
    lan.run_until(at(600_000));
    assert_eq!(actives(&lan), [0, 1]);
}

/// Erratum 8298: owners process each other's advertisements, so the lower address yields.
#[test]
fn of_two_owners_the_higher_address_stays() {
    let (mut lan, _) = lan([priority(255), priority(255)]);
    lan.run_until(at(600_000));
    assert_sound(&mut lan);
    assert_eq!(actives(&lan), [1]);
}

/// RFC 9568 §6.4.2 by the letter does not ask who resigns: a loser that the winner cannot hear
/// would start Skew_Time on a backup that follows the winner, and the backup would take over for a
/// moment. So a backup counts the resignation of the router it follows only.
#[test]
fn a_resigning_loser_does_not_make_a_backup_displace_the_winner() {
    let contest = |cut| {
        let (mut lan, [first, second, _]) = lan([priority(200), priority(150), priority(100)]);
        lan.at(at(10_000), Disturbance::Partition(0b010));
        // In between the advertisements of router 0, which the backup hears all the time.
        lan.at(at(20_300), Disturbance::Heal);
        lan.at(
            at(20_300),
            Disturbance::Cut {
                from: second,
                to: first,
                cut,
            },
        );
        lan.at(at(20_301), Disturbance::Deliver(second, Event::Shutdown));
        lan.run_until(at(60_000));
        assert_eq!(lan.breach, None, "{}", lan.timeline());
        assert_eq!(actives(&lan), [0]);
        let mut story = lan.timeline().transitions();
        let displaced = story.find(|(.., change)| change.cause == Cause::ActiveResigned);
        displaced.map(|(time, id, change)| (time.as_nanos(), id.index(), change.peer))
    };
    assert_eq!(contest(true), None);
    assert_eq!(contest(false), None);
}

/// A slow Active Router, and fast backups: were a loser's last advertisement its answer to the
/// winner, they would learn each other's interval from it and take turns for ever.
#[test]
fn fast_backups_do_not_displace_a_slow_active_router_again_and_again() {
    let contest = |answer_lower| {
        let router = |priority, interval_cs| {
            config(Settings {
                priority,
                interval: Interval::from_centis(interval_cs).unwrap(),
                preempt: priority == 200,
                answer_lower,
                answer_higher: true,
                ..base()
            })
        };
        let (mut lan, [first, ..]) = lan([router(200, 1000), router(100, 10), router(90, 10)]);
        lan.at(at(100_000), Disturbance::Pause(first));
        lan.at(at(120_000), Disturbance::Resume(first));
        lan.run_until(at(600_000));
        let late = lan.timeline().transitions();
        late.filter(|(time, ..)| *time > at(400_000)).count()
    };
    assert_eq!(contest(true), 0);
    assert_eq!(contest(false), 0);
}

/// A switch or host that heard the loser last keeps sending to it, because the winner never learned
/// of the contest. An extra advertisement of the loser shows it.
#[test]
fn the_neighbours_of_a_silent_loser_keep_sending_to_it() {
    let contest = |answer_higher| {
        let router = |priority| {
            config(Settings {
                priority,
                answer_higher,
                ..base()
            })
        };
        let (mut lan, [first, second]) = lan([router(200), router(100)]);
        lan.at(at(10_000), Disturbance::Partition(0b01));
        // The winner is heard first: it advertises at .21875 s.
        lan.at(at(20_000), Disturbance::Heal);
        lan.run_until(at(600_000));
        assert_sound(&mut lan);
        assert_eq!(actives(&lan), [0]);
        (lan.neighbour(second), first, second)
    };
    let (believed, _, second) = contest(false);
    assert_eq!(believed, Some(second));
    let (believed, first, _) = contest(true);
    assert_eq!(believed, Some(first));
}

/// Each host leads in one member: neither group can ever have both.
#[test]
fn sync_groups_of_crossed_priorities_never_settle() {
    let mut lan = Lan::new(1);
    let member = |vrid, priority| {
        config(Settings {
            vrid,
            priority,
            ..base()
        })
    };
    let one = [(1, 200), (2, 100)].map(|(vrid, p)| lan.router(member(vrid, p), address(1)));
    let two = [(1, 100), (2, 200)].map(|(vrid, p)| lan.router(member(vrid, p), address(2)));
    lan.group(&one);
    lan.group(&two);
    lan.run_until(at(600_000));
    let violation = lan.check().unwrap_err().violation;
    assert!(
        matches!(violation, Violation::Restless { .. }),
        "{violation}"
    );
}
