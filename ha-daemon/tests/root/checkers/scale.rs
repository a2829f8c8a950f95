//! Measures ten thousand checkers, each every five seconds: their cost and punctuality.
#![expect(
    clippy::print_stdout,
    reason = "the figures are what these tests report"
)]

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::collections::HashMap;
use std::fs;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use ha_daemon::health::attempt::Passed;
use ha_daemon::health::driver::CheckerId;
use ha_daemon::health::http::{HttpVersion, RequestText, Url};
use ha_daemon::health::schedule::Timing;
use ha_daemon::health::settings::{Connection, Http, Protocol, Settings};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{SysconfVar, sysconf};
use rig::clock::processor_time;
use socket2::{Domain, Socket, Type};
use vrrp_core::Instant;

use super::host::Host;
use super::servers;

const CHECKERS: u64 = 10_000;
const EVERY: Duration = Duration::from_secs(5);
/// All have tried once: the warm-up is over.
const START: Duration = Duration::from_secs(7);
const MEASURED: Duration = Duration::from_secs(20);
/// What is counted together: a twentieth of an interval.
const SLICE: Duration = Duration::from_millis(250);
/// Attempts at a time, as in the daemon.
const LIMIT: usize = 4096;

/// Resident memory of this process, in octets.
fn resident() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = pages.split(' ').nth(1).unwrap().parse().unwrap();
    let page = sysconf(SysconfVar::PAGE_SIZE).unwrap().unwrap();
    pages * u64::try_from(page).unwrap()
}

/// Serves `port` of every address of a new network namespace, in two threads.
fn serve(port: u16, serve: fn(TcpStream) -> std::io::Result<()>) {
    unshare(CloneFlags::CLONE_NEWNET).unwrap();
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    assert!(up.unwrap().success());
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    listener.bind(&any.into()).unwrap();
    listener.listen(4096).unwrap();
    let listener = std::net::TcpListener::from(listener);
    for _ in 0..2 {
        let listener = listener.try_clone().unwrap();
        thread::spawn(move || {
            // A client that has seen enough may be gone.
            while let Ok((stream, _)) = listener.accept() {
                drop(serve(stream));
            }
        });
    }
}

/// Of each checker, when it last ended an attempt, and how long that was after the one before.
struct Record {
    last: HashMap<CheckerId, Instant>,
    intervals: Vec<Duration>,
    /// Attempts that ended, by slices of time.
    slices: Vec<u32>,
}

impl Record {
    fn measure(host: &mut Host, start: Instant) -> Self {
        let mut record = Self {
            last: HashMap::new(),
            intervals: Vec::new(),
            slices: Vec::new(),
        };
        while host.now() < start + MEASURED {
            for report in host.turn() {
                assert_eq!(report.outcome, Ok(Passed::default()));
                record.note(report.checker, host.turned, start);
            }
        }
        record
    }

    fn note(&mut self, checker: CheckerId, now: Instant, start: Instant) {
        if let Some(before) = self.last.insert(checker, now) {
            let interval = now.saturating_duration_since(before);
            self.intervals.push(interval);
        }
        let since = now.saturating_duration_since(start);
        let slice = usize::try_from(since.as_millis() / SLICE.as_millis()).unwrap();
        self.slices.resize(self.slices.len().max(slice + 1), 0);
        self.slices[slice] += 1;
    }

    /// What the machine kept the loop from running for is not the checkers' fault.
    fn judge(mut self, stall: Duration) {
        self.intervals.sort_unstable();
        let count = self.intervals.len();
        let at = |permille: usize| self.intervals[(count - 1) * permille / 1000];
        // The last slice is not over.
        let whole = &self.slices[..self.slices.len() - 1];
        let (least, most) = (whole.iter().min().unwrap(), whole.iter().max().unwrap());
        println!(
            "  interval      least {:?}, median {:?}, 99.9 % within {:?}, most {:?}",
            at(0),
            at(500),
            at(999),
            at(1000)
        );
        println!(
            "  in {SLICE:?}      {least} to {most} attempts; the loop stalled for up to {stall:?}"
        );
        assert_eq!(self.last.len() as u64, CHECKERS, "one never tried");
        assert!(at(0) >= EVERY, "too early");
        let late = EVERY + EVERY / 10 + stall;
        assert!(at(999) <= late, "too late");
        assert!(at(1000) <= EVERY * 2, "left out");
        // 500 on average, and at once what was due in a stall.
        let due = u128::from(*most) * 1000;
        let per_second = u128::from(CHECKERS) * 1000 / EVERY.as_millis();
        assert!(due <= 1_000_000 + per_second * stall.as_millis(), "a burst");
    }
}

fn run(name: &str, port: u16, protocol: impl Fn(Connection) -> Protocol) {
    let mut host = Host::new(LIMIT);
    let before = resident();
    for id in 0..CHECKERS {
        let [.., high, low] = id.to_be_bytes();
        // Every address of 127.0.0.0/8 is this host's, and a pair of ports is used again after a
        // minute.
        let server = SocketAddr::from(([127, 1, high, low], port));
        let settings = Settings {
            protocol: protocol(Connection::new(server)),
            timing: Timing::every(EVERY),
        };
        host.add(id, settings);
    }
    let start = host.now() + START;
    while host.now() < start {
        host.turn();
    }
    host.overslept = Duration::ZERO;
    let spent = processor_time();
    let record = Record::measure(&mut host, start);
    let spent = processor_time() - spent;
    let share = spent.as_micros() * 1000 / MEASURED.as_micros();
    let each = resident().saturating_sub(before) / CHECKERS;
    let attempts: u32 = record.slices.iter().sum();
    println!("{name}: {CHECKERS} checkers every {EVERY:?}");
    println!(
        "  processor     {}.{} % of a core, {:?} per attempt, {attempts} attempts in {MEASURED:?}",
        share / 10,
        share % 10,
        spent / attempts
    );
    println!("  memory        {each} octets per checker");
    record.judge(host.overslept);
    assert!(share < 500, "more than half of a core");
    assert!(each <= 4096, "too much memory");
}

#[test]
#[ignore = "needs root and iproute2 (a network namespace), an optimised build, and runs alone for 30 s"]
fn ten_thousand_tcp_checks_every_five_seconds() {
    serve(1001, |_| Ok(()));
    run("TCP_CHECK", 1001, Protocol::Tcp);
}

#[test]
#[ignore = "needs root and iproute2 (a network namespace), an optimised build, and runs alone for 30 s"]
fn ten_thousand_http_checks_every_five_seconds() {
    serve(1080, servers::page);
    run("HTTP_GET", 1080, |connection| {
        let url = Url::new(RequestText::try_from("/").unwrap());
        let http = Http {
            version: HttpVersion::Http10,
            urls: vec![Arc::new(url)],
            tls: None,
        };
        Protocol::Http(connection, http)
    });
}
