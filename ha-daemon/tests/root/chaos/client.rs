//! The client: sends echo requests to every virtual address at a steady rate, and records the
//! answers.

use core::net::{IpAddr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use socket2::{Domain, Protocol, Socket, Type};

use rig::{Namespace, now, pause};

/// Between two requests to an address.
pub(crate) const PERIOD: Duration = Duration::from_millis(10);

const ECHO_REQUEST_V4: u8 = 8;
const ECHO_REQUEST_V6: u8 = 128;

/// When each address answered, in order.
type Answers = Vec<Mutex<Vec<Duration>>>;

/// A client of virtual addresses; it ends when dropped.
#[derive(Debug)]
pub(crate) struct Client {
    answers: Arc<Answers>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    /// Starts to ask `addresses` from `host`.
    pub(crate) fn start(host: &Namespace, addresses: &[IpAddr]) -> Self {
        let sockets: Vec<Socket> = host.inside(|| {
            fs::write("/proc/sys/net/ipv4/ping_group_range", "0 0").expect("root may");
            addresses.iter().map(|address| open(*address)).collect()
        });
        let answers: Arc<Answers> = Arc::new(addresses.iter().map(|_| Mutex::default()).collect());
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (answers, stop) = (Arc::clone(&answers), Arc::clone(&stop));
            thread::spawn(move || ask_until(&stop, &sockets, &answers))
        };
        Self {
            answers,
            stop,
            thread: Some(thread),
        }
    }

    /// The longest time within `from..to` in which address `index` gave no answer: when it began,
    /// and how long it was beyond the client's own pace.
    pub(crate) fn longest_silence(
        &self,
        index: usize,
        from: Duration,
        to: Duration,
    ) -> (Duration, Duration) {
        let answers = self.answers[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let within = answers.iter().filter(|time| (from..to).contains(*time));
        let times = core::iter::once(from).chain(within.copied());
        let ends = times.clone().skip(1).chain([to]);
        times
            .zip(ends)
            .map(|(begin, end)| (begin, (end - begin).saturating_sub(PERIOD)))
            .max_by_key(|(_, length)| *length)
            .expect("at least one span")
    }

    /// Whether every address has answered since `time`.
    pub(crate) fn is_answered_since(&self, time: Duration) -> bool {
        self.answers.iter().all(|answers| {
            let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.last().is_some_and(|last| *last >= time)
        })
    }

    /// Forgets the answers before `time`.
    pub(crate) fn forget(&self, time: Duration) {
        for answers in self.answers.iter() {
            answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .retain(|answer| *answer >= time);
        }
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

/// A ping socket (`icmp(7)`), to which the kernel gives only answers to its own requests.
fn open(address: IpAddr) -> Socket {
    let (domain, protocol) = match address {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(protocol)).expect("the group is allowed");
    socket
        .connect(&SocketAddr::new(address, 0).into())
        .expect("a route to the address");
    socket.set_nonblocking(true).expect("any socket can be");
    socket
}

fn ask_until(stop: &AtomicBool, sockets: &[Socket], answers: &Answers) {
    let mut next = now();
    while !stop.load(Ordering::Relaxed) {
        sockets.iter().for_each(ask);
        next = (next + PERIOD).max(now());
        while now() < next {
            for (socket, answers) in sockets.iter().zip(answers) {
                if answered(socket) {
                    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
                    answers.push(now());
                }
            }
            pause(Duration::from_millis(2));
        }
    }
}

fn ask(mut socket: &Socket) {
    let v4 = socket.domain().is_ok_and(|domain| domain == Domain::IPV4);
    let kind = if v4 { ECHO_REQUEST_V4 } else { ECHO_REQUEST_V6 };
    // What cannot be sent is not answered.
    drop(socket.write(&[kind, 0, 0, 0, 0, 0, 0, 1]));
}

/// Whether an answer has come, after reading all there is.
fn answered(mut socket: &Socket) -> bool {
    let mut found = false;
    let mut octets = [0; 64];
    loop {
        match socket.read(&mut octets) {
            Ok(_) => found = true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return found,
            // Nobody was there for an earlier request.
            Err(_) => {}
        }
    }
}
