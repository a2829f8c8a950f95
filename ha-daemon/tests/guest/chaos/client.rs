//! The client: sends requests at a steady rate and does not wait for answers.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::web;
use rig::Namespace;
use rig::clock::{self, now};
use rig::site::VIRTUAL;

/// Between two requests.
pub(crate) const PERIOD: Duration = Duration::from_millis(100);
/// A request without its whole answer after this time is lost. A SYN is not repeated within it.
pub(crate) const LIMIT: Duration = Duration::from_millis(950);

/// Whether the request that was sent at a time was answered; nothing while it may still be.
type Requests = BTreeMap<Duration, Option<bool>>;

/// What came of the requests of some time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// How many were answered.
    pub(crate) served: usize,
    /// When those were sent that were not.
    pub(crate) lost: Vec<Duration>,
}

/// A client of the virtual service; it ends when dropped.
pub(crate) struct Client {
    requests: Arc<Mutex<Requests>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    /// Starts to send requests from `host`.
    pub(crate) fn start(host: &Namespace) -> Self {
        let requests = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (requests, stop) = (Arc::clone(&requests), Arc::clone(&stop));
            // A thread is in the namespace of the one that makes it.
            host.inside(move || thread::spawn(move || ask_until(&stop, &requests)))
        };
        Self {
            requests,
            stop,
            thread: Some(thread),
        }
    }

    /// Waits until every request before `to` has its outcome, counts those since `from`, and forgets
    /// them all.
    pub(crate) fn conclude(&self, from: Duration, to: Duration) -> Outcome {
        let lock = || self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        clock::until("outcomes of requests", Duration::from_secs(60), || {
            lock().range(..to).all(|(_, outcome)| outcome.is_some())
        });
        let mut requests = lock();
        let later = requests.split_off(&to);
        let judged = core::mem::replace(&mut *requests, later);
        let (served, lost): (Vec<_>, Vec<_>) = judged
            .range(from..)
            .partition(|(_, one)| **one == Some(true));
        Outcome {
            served: served.len(),
            lost: lost.into_iter().map(|(sent, _)| *sent).collect(),
        }
    }

    /// Whether `count` requests in a row, the last ones, were answered, all since `from`.
    pub(crate) fn is_served(&self, from: Duration, count: usize) -> bool {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let known = requests.range(from..).rev().filter_map(|(_, one)| *one);
        let last: Vec<bool> = known.take(count).collect();
        last.len() == count && last.iter().all(|answered| *answered)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn ask_until(stop: &AtomicBool, requests: &Arc<Mutex<Requests>>) {
    let note = |requests: &Mutex<Requests>, sent, outcome| {
        let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.insert(sent, outcome);
    };
    let mut next = now();
    while !stop.load(Ordering::Relaxed) {
        let sent = now();
        note(requests, sent, None);
        let requests = Arc::clone(requests);
        thread::spawn(move || note(&requests, sent, Some(ask(sent + LIMIT).is_some())));
        next = (next + PERIOD).max(now());
        clock::pause(next.saturating_sub(now()));
    }
}

/// Whether the whole answer, and nothing else, comes before `deadline`.
fn ask(deadline: Duration) -> Option<()> {
    let left = || {
        let left = deadline.saturating_sub(now());
        (!left.is_zero()).then_some(left)
    };
    let service = SocketAddr::from((VIRTUAL, 80));
    let mut stream = TcpStream::connect_timeout(&service, left()?).ok()?;
    stream.write_all(web::REQUEST).ok()?;
    let mut answer = Vec::new();
    let mut octets = [0; 512];
    loop {
        stream.set_read_timeout(Some(left()?)).ok()?;
        match stream.read(&mut octets) {
            Ok(0) => return (answer == web::ANSWER).then_some(()),
            Ok(length) => answer.extend_from_slice(&octets[..length]),
            // By the end of a process that a fault has started.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
        if answer.len() > web::ANSWER.len() {
            return None;
        }
    }
}
