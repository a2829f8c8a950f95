//! The soak: one episode after another, with the checks after each.

use core::time::Duration;

use super::client::{Outcome, PERIOD};
use super::episode::Episode;
use super::fault::Fault;
use super::stage::{CHECK, INTERVAL, PAIR, Reaction, Stage};
use rig::Tally;
use rig::clock::{self, now, pause, stall};
use rig::leaks::Footprint;
use rig::machine::Hindrance;
use rig::random::{number, seed};

/// What may be added to an episode's bound, beside what the machine itself was seen to stall: it is
/// the sum of several, each of which may be exceeded by a fifth of the interval, and of a poll of the
/// state and a lost packet.
const MARGIN: Duration = INTERVAL.saturating_mul(4).checked_div(5).expect("not by 0");
/// An episode in which a director waited for a processor for longer says nothing about the directors,
/// unless they never settle. It bounds what is judged, not what is late.
const STANDSTILL: Duration = INTERVAL.saturating_mul(4);
/// How many faults are tried at least, unless `FULL` is set and each is.
const SAMPLE: usize = 8;
/// How long the directors may take to begin with.
const BEGINNING: Duration = Duration::from_secs(10);

struct Soak {
    stage: Stage,
    seed: u64,
    tally: Tally<Fault>,
    served: usize,
    lost: usize,
    /// Until when requests were judged.
    judged: Duration,
    /// What each director held when all was settled after its start.
    first: [Option<(nix::unistd::Pid, Footprint)>; PAIR],
}

/// What was seen of an episode.
struct Course {
    start: Duration,
    /// Whether requests were answered again.
    served: bool,
    outcome: Outcome,
    hindered: Vec<Hindrance>,
    /// What the machine may have added to any time.
    slack: Duration,
}

impl Course {
    /// The longest time that a director waited for a processor.
    fn starved(&self) -> Duration {
        let starved = self.hindered.iter().map(|one| one.starved);
        starved.max().unwrap_or_default()
    }

    /// The time whose requests were lost.
    fn lost(&self) -> Duration {
        self.outcome.lost.iter().map(|_| PERIOD).sum()
    }

    /// Lost of all requests, and when the first and the last of them were sent.
    fn losses(&self) -> String {
        let Outcome { served, lost } = &self.outcome;
        let text = format!("lost {} of {}", lost.len(), served + lost.len());
        let since = |time: Duration| time.saturating_sub(self.start).as_secs_f64();
        match lost[..] {
            [] => text,
            [first, ..] => {
                let last = lost.last().copied().unwrap_or(first);
                format!("{text} at {:.1} to {:.1} s", since(first), since(last))
            }
        }
    }
}

impl Soak {
    fn episode(&mut self, index: u64) {
        let episode = Episode::draw(self.seed, index);
        let course = self.play(&episode);
        let mut problems = self.judge(&episode, &course);
        let times = self.stage.reactions.iter().map(|reaction| reaction.took);
        let slowest = times.max().unwrap_or_default();
        println!(
            "{index:5} {episode}: {}, reaction {slowest:.1?}, slack {:.1?}, starved {:.1?}",
            course.losses(),
            course.slack,
            course.starved(),
        );
        if course.served && course.starved() > STANDSTILL {
            self.tally.disturbed += 1;
            problems.clear();
        } else {
            let faults: Vec<_> = episode.faults.iter().map(|(fault, _)| *fault).collect();
            let allowed = [episode.loss(), episode.reaction()];
            self.tally.note(&faults, [course.lost(), slowest], allowed);
        }
        // No machine excuses what stays.
        problems.extend(self.leaks());
        if !problems.is_empty() {
            print!("{}", self.stage.story());
            println!("  hindered: {:?}", course.hindered);
        }
        for problem in problems {
            let line = format!("SEED={} EPISODE={index} {episode}: {problem}", self.seed);
            println!("VIOLATION {line}");
            self.tally.violations.push(line);
        }
    }

    /// Brings the faults and waits until all is as it was.
    fn play(&mut self, episode: &Episode) -> Course {
        pause(episode.lead);
        let before = self.hindrances();
        self.stage.reactions.clear();
        let start = now();
        episode.run(&mut self.stage);
        let served = self.stage.settle(episode.reaction());
        let after = self.hindrances().into_iter().zip(before);
        let hindered: Vec<_> = after.map(|(after, before)| after.since(before)).collect();
        let from = self.judged;
        self.judged = now();
        let mut course = Course {
            start,
            served,
            outcome: self.stage.client.conclude(from, self.judged),
            hindered,
            slack: MARGIN + stall(from, now()) * 2,
        };
        course.slack += course.starved();
        self.served += course.outcome.served;
        self.lost += course.outcome.lost.len();
        course
    }

    /// The bounds that were not kept.
    fn judge(&self, episode: &Episode, course: &Course) -> Vec<String> {
        let slack = course.slack;
        let mut problems = Vec::new();
        if !course.served {
            problems.push("requests are not answered again".to_owned());
        }
        if course.lost() > episode.loss() + slack {
            problems.push(format!("{} requests were lost", course.outcome.lost.len()));
        }
        // Who waits for a processor misses adverts.
        let is_judged = episode.keeps_roles() && slack < MARGIN + INTERVAL;
        if is_judged && self.stage.tenure() < now() - course.start {
            problems.push("a director changed its role".to_owned());
        }
        // Who waits for half of a check's time has it fail, and succeed the next time.
        let is_disturbed = slack > MARGIN + CHECK / 2;
        let slack = slack
            + if is_disturbed {
                CHECK * 3
            } else {
                Duration::ZERO
            };
        let late = self.stage.reactions.iter();
        let late = late.filter(|reaction| reaction.took > reaction.allowed + slack);
        problems.extend(late.map(
            |Reaction {
                 what,
                 took,
                 allowed,
             }| { format!("{what} took {took:.1?} of {allowed:.1?}") },
        ));
        problems
    }

    fn hindrances(&mut self) -> Vec<Hindrance> {
        let directors = self.stage.directors.iter_mut();
        directors
            .map(|director| Hindrance::of(director.process().pid()))
            .collect()
    }

    /// What the directors hold more than at first, apart from checks under way.
    fn leaks(&mut self) -> Vec<String> {
        /// Who becomes Active has sockets for announcements from then on.
        const SPARE: usize = 4;
        let mut leaks = Vec::new();
        for (host, director) in self.stage.directors.iter_mut().enumerate() {
            let pid = director.process().pid();
            match self.first[host] {
                Some((known, first)) if known == pid => {
                    let leaked = Footprint::leak_of(pid, first, SPARE);
                    leaks.extend(leaked.map(|leak| format!("director {host} leaks: {leak}")));
                }
                Some(_) | None => self.first[host] = Some((pid, Footprint::settled(pid))),
            }
        }
        leaks
    }
}

#[test]
#[ignore = "needs ip_vs and netem"]
fn virtual_servers_keep_every_bound() {
    let minutes = number("MINUTES").unwrap_or(2);
    let seed = seed();
    println!("SEED={seed}");
    // A meter takes the processor's time itself.
    clock::start_stall_meters(Duration::from_millis(5));
    let mut soak = Soak {
        stage: Stage::new(),
        seed,
        tally: Tally::new(["lost", "reaction"]),
        served: 0,
        lost: 0,
        judged: Duration::ZERO,
        first: [None; PAIR],
    };
    assert!(soak.stage.settle(BEGINNING), "the directors do not begin");
    soak.leaks();
    soak.judged = now();
    match number("EPISODE") {
        Some(index) => soak.episode(index),
        None => {
            let deadline = now() + Duration::from_secs(minutes * 60);
            let all = Fault::ALL.len();
            let first_round = if number("FULL").is_some() {
                all
            } else {
                SAMPLE
            };
            let first_round = first_round.try_into().unwrap();
            (0_u64..)
                .take_while(|index| *index < first_round || now() < deadline)
                .for_each(|index| soak.episode(index));
        }
    }
    let Soak {
        mut stage,
        mut tally,
        served,
        lost,
        ..
    } = soak;
    for host in 0..PAIR {
        let left = stage.leave(host);
        if !left.is_empty() {
            let line = format!("SEED={seed} director {host} left {left:?}");
            tally.violations.push(line);
        }
    }
    let scripts = stage.scripts();
    if !scripts.is_empty() {
        let line = format!("SEED={seed} scripts are left: {scripts:?}");
        tally.violations.push(line);
    }
    println!("SEED={seed}\n{tally}");
    tally.violations.extend(tally.shortfall());
    println!("{served} requests served, {lost} lost");
    assert!(
        tally.violations.is_empty(),
        "{}",
        tally.violations.join("\n")
    );
}
