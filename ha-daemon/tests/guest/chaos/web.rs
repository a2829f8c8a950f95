//! Web servers with faults that can be switched on.

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rig::Namespace;
use rig::clock;

/// What clients ask.
pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";
/// What they are answered.
pub(crate) const ANSWER: &[u8] = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nwell\n";

/// How a web server behaves towards everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// It answers.
    Well,
    /// It does not listen.
    Closed,
    /// It accepts and says nothing.
    Silent,
    /// It sends a body without an end.
    Endless,
    /// It sends what is not HTTP, without an end.
    Garbage,
    /// It sends its answer an octet at a time, so that no wait is long.
    Drip,
}

#[derive(Debug)]
struct Shared {
    manner: Mutex<Manner>,
    ends: AtomicBool,
}

impl Shared {
    fn manner(&self) -> Manner {
        *self.manner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ends(&self) -> bool {
        self.ends.load(Ordering::Relaxed)
    }
}

/// A web server; it ends when dropped.
pub(crate) struct Web {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    /// Starts one on `host` that behaves well.
    pub(crate) fn start(host: &Namespace) -> Self {
        let shared = Arc::new(Shared {
            manner: Mutex::new(Manner::Well),
            ends: AtomicBool::new(false),
        });
        let mine = Arc::clone(&shared);
        // A thread is in the namespace of the one that makes it.
        let thread = host.inside(move || thread::spawn(move || serve(&mine)));
        Self {
            shared,
            thread: Some(thread),
        }
    }

    /// It behaves so from now on, also towards those that are being served.
    pub(crate) fn set(&self, manner: Manner) {
        let shared = &self.shared;
        *shared.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn serve(shared: &Arc<Shared>) {
    const TICK: Duration = Duration::from_millis(10);
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 80));
    let mut listener = None;
    while !shared.ends() {
        if shared.manner() == Manner::Closed {
            listener = None;
            clock::pause(TICK);
            continue;
        }
        let listening = listener.get_or_insert_with(|| {
            let listener = TcpListener::bind(everywhere).expect("nobody else has the port");
            listener.set_nonblocking(true).expect("any socket can be");
            listener
        });
        match listening.accept() {
            Ok((stream, _)) => {
                let shared = Arc::clone(shared);
                drop(thread::spawn(move || converse(stream, &shared)));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => clock::pause(TICK),
            // The client has given up.
            Err(_) => {}
        }
    }
}

fn is_asked(stream: &mut TcpStream) -> bool {
    loop {
        match stream.read(&mut [0; 512]) {
            // By the end of a process that a fault has started.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            outcome => return matches!(outcome, Ok(1..)),
        }
    }
}

/// Serves one client until it goes, or the manner changes.
fn converse(mut stream: TcpStream, shared: &Shared) {
    /// As fast as a slow machine bears.
    const FLOOD: Duration = Duration::from_millis(30);
    const DRIP: Duration = Duration::from_millis(300);
    let manner = shared.manner();
    let patience = Some(Duration::from_secs(2));
    let ready = stream.set_nonblocking(false).is_ok()
        && stream.set_read_timeout(patience).is_ok()
        && stream.set_write_timeout(patience).is_ok();
    if !ready || !is_asked(&mut stream) {
        return;
    }
    let mut say = |octets: &[u8], pause: Duration| {
        clock::pause(pause);
        let same = shared.manner() == manner && !shared.ends();
        same && stream.write_all(octets).is_ok()
    };
    match manner {
        Manner::Well => drop(say(ANSWER, Duration::ZERO)),
        Manner::Closed => {}
        Manner::Silent => while say(b"", FLOOD) {},
        Manner::Endless => {
            if say(b"HTTP/1.0 200 OK\r\n\r\n", Duration::ZERO) {
                while say(&[b'x'; 8192], FLOOD) {}
            }
        }
        Manner::Garbage => while say(&[0xa5; 8192], FLOOD) {},
        Manner::Drip => {
            for octet in ANSWER {
                if !say(&[*octet], DRIP) {
                    return;
                }
            }
        }
    }
}
