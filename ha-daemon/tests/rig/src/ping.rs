//! A client that sends echo requests continuously.

use core::net::IpAddr;
use core::ops::Range;
use core::time::Duration;
use std::fs;
use std::path::PathBuf;

use super::clock::{self, now};
use super::lab::Lab;
use super::process::Process;

/// Asks every five milliseconds.
#[derive(Debug)]
pub struct Ping {
    process: Process,
    log: PathBuf,
    start: Duration,
}

impl Ping {
    /// Starts asking `address` from `host`.
    pub fn start(lab: &Lab, host: usize, address: IpAddr) -> Self {
        let log = lab.dir(host).join("ping");
        let address = address.to_string();
        let command = [
            "/usr/bin/stdbuf",
            "-oL",
            "/usr/bin/ping",
            "-nD",
            "-i0.005",
            &address,
        ];
        Self {
            process: Process::start(lab.host(host), &log, &command),
            log,
            start: now(),
        }
    }

    /// Stops asking and returns the longest time without an answer.
    pub fn longest_silence(self) -> Range<Duration> {
        let Self {
            process,
            log,
            start,
        } = self;
        let end = now();
        process.terminate();
        let text = fs::read_to_string(log).expect("ping wrote its answers");
        let mut answers: Vec<Duration> = text.lines().filter_map(answered).collect();
        answers.push(end);
        let mut last = start;
        let silences = answers
            .into_iter()
            .map(|time| core::mem::replace(&mut last, time)..time);
        silences
            .max_by_key(|silence| silence.end.saturating_sub(silence.start))
            .expect("the end is one of them")
    }
}

/// The time of an answer, from `[1700000000.123456] 64 bytes from …`.
fn answered(line: &str) -> Option<Duration> {
    let (stamp, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (seconds, micros) = stamp.split_once('.')?;
    rest.contains("bytes from").then_some(())?;
    let wall =
        Duration::from_secs(seconds.parse().ok()?) + Duration::from_micros(micros.parse().ok()?);
    Some(clock::of_stamp(wall))
}
