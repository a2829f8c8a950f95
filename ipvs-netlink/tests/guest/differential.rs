//! Differential tests: the models of ipvs-core against a kernel, in random scenarios.
//!
//! `HA_SEED` is the seed of the first scenario (from the clock unless given) and `HA_PICKS` how
//! many packets are to reach a scheduler (100,000). Every scenario has a seed of its own, one more
//! than the one before; `HA_SEED=n HA_PICKS=1` runs scenario n alone. They need root, a kernel with
//! ip_vs, and the program `ip`; `.ci/vm/run` gives them these.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "seeds are printed")]

mod generator;
mod kernel;
mod scenario;
mod step;

use std::collections::BTreeMap;
use std::thread;
use std::time::UNIX_EPOCH;

use rig::random::number;
use scenario::Outcome;

fn seed() -> u64 {
    number("HA_SEED").unwrap_or_else(|| {
        #[expect(clippy::disallowed_methods, reason = "any number will do")]
        let now = std::time::SystemTime::now();
        now.duration_since(UNIX_EPOCH).unwrap().as_secs() << 16
    })
}

#[test]
#[ignore = "needs ip_vs"]
fn every_pick_is_the_kernels() {
    let first = seed();
    let wanted = usize::try_from(number("HA_PICKS").unwrap_or(100_000)).unwrap();
    println!("HA_SEED={first} HA_PICKS={wanted}");
    kernel::load(&generator::SCHEDULERS);
    let mut picks = 0;
    let (mut interrupted, mut lingered) = (0, 0);
    let mut by_scheduler = BTreeMap::<_, usize>::new();
    let mut scenarios = first..;
    while picks < wanted {
        let seed = scenarios.next().unwrap();
        // A namespace lasts as long as its thread.
        let outcome = thread::spawn(move || scenario::run(seed)).join();
        match outcome.unwrap_or_else(|_| panic!("HA_SEED={seed} HA_PICKS=1")) {
            Outcome::Agreed(scheduler, count) => {
                picks += count;
                *by_scheduler.entry(scheduler).or_default() += count;
            }
            Outcome::Interrupted => {
                interrupted += 1;
                assert!(interrupted <= 20, "the machine is too slow");
            }
            Outcome::Lingered => {
                lingered += 1;
                println!("in scenario {seed} a connection that was replaced has not gone");
                assert!(lingered <= 3, "that is too often for a race");
            }
        }
    }
    let count = scenarios.start - first;
    println!(
        "{picks} picks in {count} scenarios, 0 mismatches; {interrupted} took too long, {lingered} \
         had connections that did not go"
    );
    for (scheduler, picks) in by_scheduler {
        println!("  {scheduler:6} {picks}");
    }
}
