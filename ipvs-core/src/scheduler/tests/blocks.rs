//! Tests with more destinations than one block of a scan.

use super::{Bench, SCANNING, destination, flow};
use crate::scheduler::scan::first_least;
use crate::scheduler::{Request, Scheduler};

const COUNT: u8 = 40;

/// The destination at `position` of [`COUNT`].
fn at(position: u8) -> u8 {
    COUNT - position
}

#[test]
fn the_best_is_found_wherever_it_is_and_the_first_of_equals_wins() {
    let in_turn = [Scheduler::Rr, Scheduler::Wrr];
    let others = SCANNING.into_iter().filter(|one| !in_turn.contains(one));
    for scheduler in others {
        let mut bench = Bench::with(scheduler, &[2; COUNT as usize]);
        for number in 1..=COUNT {
            bench.carry(number, 1, 0);
        }
        for position in [39, 32, 31, 17, 16, 15, 0] {
            bench.edit(&destination(at(position), 3));
            bench.carry(at(position), 0, 0);
            assert_eq!(bench.pick(), Some(at(position)), "{scheduler} {position}");
        }
    }
}

#[test]
fn ratios_tell_of_idle_destinations_and_not_of_the_heaviest() {
    let mut bench = Bench::with(Scheduler::Wlc, &[1, 1]);
    let picked = first_least(bench.table.load_ratios());
    assert!(matches!(picked, Ok(Some(0))));
    bench.edit(&destination(1, (1 << 16) + 1));
    assert!(first_least(bench.table.load_ratios()).is_err());
}

#[test]
fn twos_walks_to_the_destination_that_was_drawn() {
    let mut bench = Bench::with(Scheduler::Twos, &[1; COUNT as usize]);
    // 0 to 40 are drawn: the first has two chances.
    let request = |draw: u32, end: u32| Request {
        draws: [draw * (u32::MAX / end) + 100; 2],
        ..Request::new(flow(1))
    };
    for (draw, position) in [
        (0, 0),
        (1, 0),
        (2, 1),
        (16, 15),
        (17, 16),
        (33, 32),
        (40, 39),
    ] {
        let picked = bench.pick_for(&request(draw, 41));
        assert_eq!(picked, Some(at(position)), "{draw}");
    }
    bench.overload(at(3));
    for (draw, position) in [
        (3, 2),
        (4, 4),
        (15, 15),
        (16, 16),
        (31, 31),
        (32, 32),
        (39, 39),
    ] {
        let picked = bench.pick_for(&request(draw, 40));
        assert_eq!(picked, Some(at(position)), "{draw} of 39");
    }
}
