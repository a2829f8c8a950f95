//! The soak: one episode after another, with the checks after each.

use core::time::Duration;

use super::episode::Episode;
use super::fault::Fault;
use super::report::timeline;
use super::site::{CLIENT, DIRECTORS, Site};
use rig::Tally;
use rig::leaks::{Footprint, changes, host_state};
use rig::machine::Hindrance;
use rig::random::{number, seed};
use rig::{Lab, Peer, now, pause, stall};

/// What may be added to an episode's bound, beside what the machine itself was seen to stall: it is
/// the sum of several, each of which may be exceeded by a fifth of the interval, and of the client's
/// round trips.
fn margin() -> Duration {
    Site::interval() * 3 / 2
}

/// An episode in which a director waited for a processor, or anybody for the lock of rtnetlink, for
/// longer says nothing about the directors, unless they never settle. It bounds what is judged, not
/// what is late.
fn standstill() -> Duration {
    Site::interval() * 10
}

/// How much longer than allowed is waited for what is late.
const PATIENCE: Duration = Duration::from_secs(30);

struct Soak<'lab> {
    site: Site<'lab>,
    peers: [Peer; DIRECTORS],
    seed: u64,
    tally: Tally<Fault>,
    /// What each director held when all was settled after its start.
    first: [Option<(nix::unistd::Pid, Footprint)>; DIRECTORS],
}

impl Soak<'_> {
    fn episode(&mut self, index: u64) {
        let episode = Episode::draw(self.seed, index, &self.peers);
        pause(episode.lead);
        let start = now();
        self.site
            .lab
            .capture()
            .forget(start - Duration::from_secs(1));
        self.site.client.forget(start - Duration::from_secs(1));
        self.site.meter.forget(start);
        let before = self.hindrances();
        episode.run(&mut self.site);
        let end = now();
        let settled = self.site.settle(episode.aftermath() + PATIENCE);
        let aftermath = self.site.last_claim_of_another(end);
        let mut problems = Vec::new();
        if !settled {
            problems.push("it never settled".to_owned());
        }
        let slack = margin() + (stall(start, now()) + self.site.meter.longest(start)) * 2;
        let outage = episode.outage() + self.site.longest_pause(start);
        if aftermath > episode.aftermath() + slack {
            problems.push(format!(
                "another than the best advertised for {aftermath:?} after the end"
            ));
        }
        let mut worst = Duration::ZERO;
        for (index, (instance, _)) in Site::routers().enumerate() {
            let (begin, silence) = self.site.client.longest_silence(index, start, now());
            worst = worst.max(silence);
            if silence > outage + slack {
                problems.push(format!(
                    "{} gave no answer for {silence:?} since {:?}",
                    instance.address(),
                    begin - start
                ));
            }
        }
        let hindered: Vec<_> = before
            .iter()
            .zip(self.hindrances())
            .map(|(before, after)| after.since(*before))
            .collect();
        let starved = hindered.iter().map(|one| one.starved).max();
        let stood_still = starved
            .unwrap_or_default()
            .max(self.site.meter.longest(start));
        if settled && stood_still > standstill() {
            println!("{index:5} {episode}: the machine stood still for {stood_still:?}");
            self.tally.disturbed += 1;
            problems.clear();
        } else {
            let faults: Vec<_> = episode.faults.iter().map(|(fault, _)| *fault).collect();
            let allowed = [episode.outage(), episode.aftermath()];
            self.tally.note(&faults, [worst, aftermath], allowed);
            println!(
                "{index:5} {episode}: outage {worst:?}, aftermath {aftermath:?}, slack {slack:?}"
            );
        }
        // No machine excuses what stays.
        problems.extend(self.leaks());
        for problem in problems {
            let line = format!("SEED={} EPISODE={index} {episode}: {problem}", self.seed);
            println!(
                "VIOLATION {line}; faults until {:.3} s",
                (end - start).as_secs_f64()
            );
            println!("  hindered: {hindered:?}");
            print!("{}", timeline(&self.site, start));
            self.tally.violations.push(line);
        }
    }

    fn hindrances(&self) -> Vec<Hindrance> {
        let seats = self.site.seats.iter();
        seats.map(|seat| Hindrance::of(seat.pid())).collect()
    }

    /// What the directors hold more than at first. Only ours are held to it.
    fn leaks(&mut self) -> Vec<String> {
        let mut leaks = Vec::new();
        for (host, seat) in self.site.seats.iter().enumerate() {
            if seat.peer() != Peer::HaDaemon {
                continue;
            }
            match self.first[host] {
                Some((pid, first)) if pid == seat.pid() => {
                    let leaked = Footprint::leak_of(pid, first, 0);
                    leaks.extend(leaked.map(|leak| format!("host {host} leaks: {leak}")));
                }
                Some(_) | None => {
                    self.first[host] = Some((seat.pid(), Footprint::settled(seat.pid())));
                }
            }
        }
        leaks
    }
}

fn soak(peers: [Peer; DIRECTORS]) {
    let minutes = number("MINUTES").unwrap_or(3);
    let seed = seed();
    println!("SEED={seed} {peers:?}");
    let lab = Lab::with_directors(DIRECTORS, CLIENT + 1, 1);
    let state = |host: usize| host_state(lab.host(host), &["eth0"]);
    let before: Vec<_> = (0..DIRECTORS).map(state).collect();
    let mut soak = Soak {
        site: Site::new(&lab, peers),
        peers,
        seed,
        tally: Tally::new(["outage", "aftermath"]),
        first: [None; DIRECTORS],
    };
    assert!(soak.site.settle(PATIENCE), "the directors do not agree");
    soak.leaks();
    match number("EPISODE") {
        Some(index) => soak.episode(index),
        None => {
            let deadline = now() + Duration::from_secs(minutes * 60);
            (0..)
                .take_while(|_| now() < deadline)
                .for_each(|index| soak.episode(index));
        }
    }
    let Soak {
        mut site,
        mut tally,
        ..
    } = soak;
    for (host, before) in before.iter().enumerate() {
        let well = site.seats[host].terminate();
        let after = state(host);
        if peers[host] != Peer::HaDaemon {
            continue;
        }
        let changes = changes(before, &after, site.crashed[host]);
        if !well || !changes.is_empty() {
            let left = format!("SEED={seed} host {host} ended well: {well}, and left {changes:?}");
            tally.violations.push(left);
        }
    }
    println!("SEED={seed} {peers:?}\n{tally}");
    tally.violations.extend(tally.shortfall());
    assert!(
        tally.violations.is_empty(),
        "{}",
        tally.violations.join("\n")
    );
}

#[test]
#[ignore = "needs root and keepalived"]
fn three_of_ours_keep_every_bound() {
    soak([Peer::HaDaemon; DIRECTORS]);
}

#[test]
#[ignore = "needs root and keepalived"]
fn ours_beside_keepalived_keep_every_bound() {
    soak([Peer::HaDaemon, Peer::Keepalived, Peer::HaDaemon]);
}
