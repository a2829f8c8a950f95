//! Fault injection: every system call of the daemon fails once, from its start to its end. `strace`
//! injects the failures into the daemon as it is shipped.
//!
//! Needs root and strace, and is ignored by default. A sample that `SEED` draws, of as many points as
//! `POINTS` says, or all of them with `POINTS=all`:
//! ```sh
//! POINTS=all cargo test -p ha-daemon --test root -- --ignored --nocapture syscalls::
//! ```
#![expect(
    clippy::print_stdout,
    reason = "what was made to fail, and what came of it, is what this test reports"
)]

mod calls;
mod host;
mod outcome;

use core::fmt::Write;
use core::hash::BuildHasher;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeMap;
use std::env;
use std::hash::RandomState;
use std::sync::{Mutex, PoisonError};
use std::thread;

use calls::{CALLS, Point};
use host::Host;
use outcome::Outcome;
use rig::random::Random;

/// Hosts at work at the same time.
const HOSTS: usize = 6;
/// Points of a sample.
const SAMPLE: usize = 250;
/// The first calls of a kind are the start, a fault and the end; what a loop does further is the same
/// again.
const MOST: usize = 400;

#[test]
#[ignore = "needs root and strace"]
fn any_system_call_may_fail_once() {
    rig::tools::require(&["/usr/sbin/ip", "/usr/bin/setpriv", "/usr/bin/strace"]);
    let counts = Host::new(0).count();
    let mut points = points(&counts);
    let all = points.len();
    let seed = env::var("SEED").map_or_else(
        |_| RandomState::new().hash_one(0) >> 32,
        |seed| seed.parse().expect("SEED is a number"),
    );
    match env::var("POINTS").as_deref() {
        Ok("all") => {}
        Ok(number) => sample(
            &mut points,
            seed,
            number.parse().expect("POINTS is a number"),
        ),
        Err(_) => sample(&mut points, seed, SAMPLE),
    }
    println!("SEED={seed}: {} of {all} points", points.len());
    let outcomes = try_all(&points);
    let (table, violations) = summary(&outcomes);
    println!("{table}");
    assert!(violations.is_empty(), "{violations}");
}

/// Every call of a clean run with every error it may give.
fn points(counts: &BTreeMap<String, usize>) -> Vec<Point> {
    let mut points = Vec::new();
    for call in &CALLS {
        let count = counts.get(call.name).copied().unwrap_or_default();
        for number in 1..=count.min(MOST) {
            points.extend(call.errors.iter().map(|error| Point {
                call: call.name,
                number,
                error,
            }));
        }
    }
    points
}

/// Keeps `count` points, as many as there are of each call in turn.
fn sample(points: &mut Vec<Point>, seed: u64, count: usize) {
    let mut random = Random::of_episode(seed, 0);
    let mut of_calls: BTreeMap<&str, Vec<Point>> = BTreeMap::new();
    for point in points.drain(..) {
        of_calls.entry(point.call).or_default().push(point);
    }
    while points.len() < count && !of_calls.is_empty() {
        for left in of_calls.values_mut() {
            let index = random.below(left.len());
            points.push(left.swap_remove(index));
        }
        of_calls.retain(|_, left| !left.is_empty());
    }
}

fn try_all(points: &[Point]) -> Vec<(Point, Outcome)> {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for number in 0..HOSTS {
            let (next, outcomes) = (&next, &outcomes);
            scope.spawn(move || {
                let host = Host::new(number);
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = host.attempt(*point);
                    if outcome.is_violation() {
                        println!("VIOLATION {point}: {outcome}");
                    }
                    let mut outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    outcomes.push((*point, outcome));
                }
            });
        }
    });
    outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Counts per call, and the violations, one a line.
fn summary(outcomes: &[(Point, Outcome)]) -> (String, String) {
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    let mut violations = String::new();
    for (point, outcome) in outcomes {
        let columns = counts.entry(point.call).or_default();
        let column = match outcome {
            Outcome::Recovered => 0,
            Outcome::Refused(_) => 1,
            Outcome::NotReached => 2,
            Outcome::Violation(_) => 3,
        };
        columns[column] += 1;
        if outcome.is_violation() {
            writeln!(violations, "{point}: {outcome}").expect("a string takes all text");
        }
    }
    let mut table = format!(
        "{:16} {:>10} {:>10} {:>12} {:>10}",
        "call", "recovered", "refused", "not reached", "violations"
    );
    let mut total = [0; 4];
    for (call, columns) in counts {
        let [recovered, refused, missed, violations] = columns;
        write!(
            table,
            "\n{call:16} {recovered:10} {refused:10} {missed:12} {violations:10}"
        )
        .expect("a string takes all text");
        total
            .iter_mut()
            .zip(columns)
            .for_each(|(sum, count)| *sum += count);
    }
    let [recovered, refused, missed, wrong] = total;
    write!(
        table,
        "\n{:16} {recovered:10} {refused:10} {missed:12} {wrong:10}",
        "all"
    )
    .expect("a string takes all text");
    (table, violations)
}
