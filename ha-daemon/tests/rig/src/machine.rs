//! Measurement of delays that the machine causes: waiting for a processor, and for the lock of
//! rtnetlink.

use core::net::Ipv4Addr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::fs;
use std::net::UdpSocket;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use nix::unistd::Pid;

use super::clock::{now, pause};
use super::namespace::Namespace;

/// What kept a process from running, since it started.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hindrance {
    /// Runnable, without a processor.
    pub starved: Duration,
    /// Pages that had to come from a disk.
    pages: u64,
}

impl Hindrance {
    /// What the process had to bear so far; nothing if it has ended.
    pub fn of(pid: Pid) -> Self {
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).ok();
        // Time on a processor, time waiting for one, and time slices, in nanoseconds (sched-stats).
        let starved = read("schedstat").and_then(|text| {
            let waited = text.split_whitespace().nth(1)?.parse().ok()?;
            Some(Duration::from_nanos(waited))
        });
        // The tenth field after the name in parentheses is `majflt` of proc_pid_stat(5).
        let pages = read("stat").and_then(|text| {
            let (_, fields) = text.rsplit_once(')')?;
            fields.split_whitespace().nth(9)?.parse().ok()
        });
        Self {
            starved: starved.unwrap_or_default(),
            pages: pages.unwrap_or_default(),
        }
    }

    /// What was added since `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            starved: self.starved.saturating_sub(before.starved),
            pages: self.pages.saturating_sub(before.pages),
        }
    }
}

/// How many frames the kernel has dropped because too many waited, in all network namespaces.
///
/// # Panics
/// If the kernel does not tell.
pub fn dropped_frames() -> u64 {
    let text = fs::read_to_string("/proc/net/softnet_stat").expect("every kernel has it");
    // A line a processor: frames taken, frames dropped and more, in hexadecimal.
    let dropped = text.lines().map(|line| {
        let field = line.split_whitespace().nth(1);
        field
            .and_then(|field| u64::from_str_radix(field, 16).ok())
            .expect("a number")
    });
    dropped.sum()
}

/// A meter of the lock that rtnetlink has for all network namespaces: what one host asks of the
/// kernel waits for what another asked, which on machines of their own it would not.
#[derive(Debug)]
pub struct LockMeter {
    /// When a wait ended, and how long it was.
    waits: Arc<Mutex<Vec<(Duration, Duration)>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _namespace: Namespace,
}

impl LockMeter {
    /// Starts to measure, once in `every`.
    pub fn start(every: Duration) -> Self {
        const NOTEWORTHY: Duration = Duration::from_micros(500);
        let namespace = Namespace::new("meter");
        let socket = namespace.inside(|| UdpSocket::bind("127.0.0.1:0").expect("a socket"));
        let (waits, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let thread = {
            let (waits, stop): (Arc<Mutex<Vec<_>>>, _) = (Arc::clone(&waits), Arc::clone(&stop));
            thread::spawn(move || {
                let group = Ipv4Addr::new(224, 0, 0, 99);
                while !stop.load(Ordering::Relaxed) {
                    let begin = now();
                    socket
                        .join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
                        .and_then(|()| socket.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST))
                        .expect("loopback takes groups");
                    let end = now();
                    if end > begin + NOTEWORTHY {
                        let mut waits = waits.lock().unwrap_or_else(PoisonError::into_inner);
                        waits.push((end, end - begin));
                    }
                    pause(every);
                }
            })
        };
        Self {
            waits,
            stop,
            thread: Some(thread),
            _namespace: namespace,
        }
    }

    /// The longest wait that ended since `from`.
    pub fn longest(&self, from: Duration) -> Duration {
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let since = waits.iter().filter(|(end, _)| *end >= from);
        since.map(|(_, length)| *length).max().unwrap_or_default()
    }

    /// All waits between two points in time together.
    pub fn total(&self, from: Duration, to: Duration) -> Duration {
        // Who waits now may have begun then.
        pause(Duration::from_millis(50));
        let waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        let within = waits
            .iter()
            .filter(|(end, length)| *end >= from && *end <= to + *length);
        within.map(|(_, length)| *length).sum()
    }

    /// Forgets the waits before `time`.
    pub fn forget(&self, time: Duration) {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        waits.retain(|(end, _)| *end >= time);
    }
}

impl Drop for LockMeter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
