//! Runs the simulator for many router-years, or prints the timeline of one seed.
//!
//! ```text
//! cargo run --release -p vrrp-core --features sim --example simulate -- --years 1000
//!     --years N      play LANs until their routers have run for so long, taken together
//!     --seeds A..B   the seeds of these LANs; from 0 on without
//!     --threads N    LANs played at the same time; two without
//!     --seed N       one LAN of `Soak`, with the end of its timeline
//!     --scenario N   one LAN of `Scenario`, with its timeline and every advertisement
//! ```
//! Exit status: 0 every invariant held, 1 one broke, 2 the command line is wrong.

use core::ops::Range;
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use vrrp_core::sim::{Failure, Scenario, Soak, Tempo};

const COMMAND: &str = "cargo run --release -p vrrp-core --features sim --example simulate --";
const USAGE: &str =
    "usage: simulate [--years N] [--seeds A..B] [--threads N] | --seed N | --scenario N";
const DAY: Duration = Duration::from_secs(86_400);
const YEAR: Duration = Duration::from_secs(31_557_600);

/// For how many days the routers of a LAN run, taken together.
const fn life(tempo: Tempo) -> u32 {
    match tempo {
        Tempo::LongestV2 => 7_305,
        Tempo::LongestV3 => 3_652,
        Tempo::Second => 365,
    }
}

enum Task {
    Soak {
        seeds: Range<u64>,
        years: u32,
        threads: usize,
    },
    Replay {
        seed: u64,
    },
    ReplayScenario {
        seed: u64,
    },
}

fn main() -> ExitCode {
    let sound = match task() {
        Some(Task::Soak {
            seeds,
            years,
            threads,
        }) => soak(seeds, YEAR.saturating_mul(years), threads),
        Some(Task::Replay { seed }) => replay(seed),
        Some(Task::ReplayScenario { seed }) => replay_scenario(seed),
        None => {
            drop(writeln!(io::stderr(), "{USAGE}"));
            return ExitCode::from(2);
        }
    };
    match sound {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            drop(writeln!(io::stderr(), "{error}"));
            ExitCode::FAILURE
        }
    }
}

fn task() -> Option<Task> {
    let (mut seeds, mut years, mut threads) = (0..u64::MAX, None, 2);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next()?;
        match word.as_str() {
            "--seeds" => {
                let (first, end) = value.split_once("..")?;
                seeds = first.parse().ok()?..end.parse().ok()?;
            }
            "--years" => years = Some(value.parse().ok()?),
            "--threads" => threads = value.parse().ok()?,
            "--seed" => {
                let seed = value.parse().ok()?;
                return Some(Task::Replay { seed });
            }
            "--scenario" => {
                let seed = value.parse().ok()?;
                return Some(Task::ReplayScenario { seed });
            }
            _ => return None,
        }
    }
    (years.is_some() || seeds.end < u64::MAX).then_some(Task::Soak {
        seeds,
        years: years.unwrap_or(u32::MAX),
        threads,
    })
}

fn replay(seed: u64) -> io::Result<bool> {
    let mut output = io::stdout().lock();
    match live(seed) {
        Ok(soak) => writeln!(output, "{}", soak.lan().timeline()).map(|()| true),
        Err(failure) => writeln!(output, "{failure}").map(|()| false),
    }
}

fn replay_scenario(seed: u64) -> io::Result<bool> {
    let mut output = io::stdout().lock();
    let scenario = Scenario::random(seed);
    match scenario.replay() {
        Ok(lan) => writeln!(output, "{scenario}{}", lan.timeline()).map(|()| true),
        Err(failure) => writeln!(output, "{failure}").map(|()| false),
    }
}

/// Plays the LAN of this seed from beginning to end.
fn live(seed: u64) -> Result<Soak, Box<Failure>> {
    let mut soak = Soak::new(seed);
    let end = DAY * life(Tempo::of(seed));
    // Where nothing is started any more it is the LAN that ages.
    while soak.uptime() < end && soak.age() < end {
        soak.round()?;
    }
    Ok(soak)
}

fn soak(seeds: Range<u64>, goal: Duration, threads: usize) -> io::Result<bool> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the simulator itself is measured"
    )]
    let start = Instant::now();
    let ledger = Mutex::new(Ledger::new(seeds, goal));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(seed) = ledger.lock().ok().and_then(|mut ledger| ledger.next()) {
                    let outcome = live(seed);
                    if let Ok(mut ledger) = ledger.lock() {
                        ledger.enter(seed, outcome);
                    }
                }
            });
        }
    });
    let took = start.elapsed();
    let ledger = ledger
        .into_inner()
        .map_err(|_| io::Error::other("a thread panicked"))?;
    ledger.report(took, threads, &mut io::stdout().lock())?;
    Ok(ledger.failures.is_empty())
}

/// What is to be played, and what came of it.
struct Ledger {
    seeds: Range<u64>,
    goal: Duration,
    tallies: BTreeMap<Tempo, Tally>,
    failures: Vec<(u64, Box<Failure>)>,
}

impl Ledger {
    const fn new(seeds: Range<u64>, goal: Duration) -> Self {
        Self {
            seeds,
            goal,
            tallies: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    fn next(&mut self) -> Option<u64> {
        if !self.failures.is_empty() || self.total().uptime >= self.goal {
            return None;
        }
        self.seeds.next()
    }

    fn enter(&mut self, seed: u64, outcome: Result<Soak, Box<Failure>>) {
        match outcome {
            Ok(soak) => self
                .tallies
                .entry(Tempo::of(seed))
                .or_default()
                .add(&Tally {
                    lans: 1,
                    uptime: soak.uptime(),
                    events: soak.lan().events(),
                    disturbances: soak.disturbances(),
                }),
            Err(failure) => self.failures.push((seed, failure)),
        }
    }

    fn total(&self) -> Tally {
        let mut total = Tally::default();
        for tally in self.tallies.values() {
            total.add(tally);
        }
        total
    }

    fn report(&self, took: Duration, threads: usize, output: &mut impl Write) -> io::Result<()> {
        for (seed, failure) in &self.failures {
            writeln!(output, "{failure}\nreplay: {COMMAND} --seed {seed}\n")?;
        }
        let first = ["advertised every", "LANs", "router-years"];
        let second = ["events", "disturbances", "an hour and router"];
        let ([a, b, c], [d, e, f]) = (first, second);
        writeln!(output, "{a:<18} {b:>5} {c:>13} {d:>13} {e:>13} {f:>19}")?;
        for (tempo, tally) in &self.tallies {
            tally.report(name(*tempo), output)?;
        }
        let total = self.total();
        total.report("all", output)?;
        let millis = took.as_millis().max(1);
        let events = u128::from(total.events) * 1000 / millis;
        let years = total.uptime.as_millis() * 60_000 / YEAR.as_millis() / millis;
        let (secs, tenths) = (millis / 1000, millis / 100 % 10);
        let broken = self.failures.len();
        writeln!(
            output,
            "\n{secs}.{tenths} s on {threads} threads: {events} events a second, {years} router-years a \
             minute; {broken} invariants broken"
        )
    }
}

const fn name(tempo: Tempo) -> &'static str {
    match tempo {
        Tempo::LongestV2 => "255 s (v2)",
        Tempo::LongestV3 => "40.95 s, 10 s (v3)",
        Tempo::Second => "1 s, 4 s (v2, v3)",
    }
}

/// What some LANs lived through.
#[derive(Clone, Copy, Default)]
struct Tally {
    lans: u64,
    uptime: Duration,
    events: u64,
    disturbances: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.lans += other.lans;
        self.uptime += other.uptime;
        self.events += other.events;
        self.disturbances += other.disturbances;
    }

    fn report(&self, name: &str, output: &mut impl Write) -> io::Result<()> {
        let tenths = self.uptime.as_millis() * 10 / YEAR.as_millis();
        let rate = self.disturbances * 1000 / (self.uptime.as_secs() / 3600).max(1);
        writeln!(
            output,
            "{name:<18} {:>5} {:>11}.{} {:>13} {:>13} {:>15}.{:03}",
            self.lans,
            tenths / 10,
            tenths % 10,
            self.events,
            self.disturbances,
            rate / 1000,
            rate % 1000,
        )
    }
}
