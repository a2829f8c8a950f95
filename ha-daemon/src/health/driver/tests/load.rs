//! Tests of the processor time that a turn of the health driver takes.

use nix::time::{ClockId, clock_gettime};

use super::*;
use crate::health::http::{Pattern, PatternOptions};

/// What a turn of the whole daemon may take.
const BOUND: Duration = Duration::from_millis(2);

/// What turns took.
#[derive(Debug, Default)]
struct Turns {
    count: u32,
    longest: Duration,
    over: u32,
}

impl Turns {
    fn take(&mut self, host: &mut Host, found: &mut Vec<Report>) {
        let mut events = Events::with_capacity(1024);
        let deadline = host.checks.deadline();
        let limit = deadline.map_or(Duration::from_millis(50), |at| {
            at.saturating_duration_since(host.now())
        });
        let limit = limit.min(Duration::from_millis(50));
        if host.poll.poll(&mut events, Some(limit)).is_err() {
            return;
        }
        let now = host.now();
        let begun = thread_time();
        for event in &events {
            host.checks.ready(event.token());
        }
        host.checks.fire(now);
        let took = thread_time() - begun;
        found.extend(host.checks.reports());
        self.count += 1;
        self.longest = self.longest.max(took);
        self.over += u32::from(took > BOUND);
    }

    /// A system call may take as long as the kernel likes, an interrupt what it likes; work that is
    /// not bounded takes too long again and again.
    #[track_caller]
    fn are_bounded(&self) {
        println!("{self:?}");
        assert!(self.over <= 1 + self.count / 500, "{self:?}");
    }
}

#[expect(clippy::disallowed_methods, reason = "that is what is measured")]
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap();
    time.into()
}

/// A server that answers with the head, and then with `line` for ever.
fn endless(head: &'static [u8], line: Vec<u8>) -> SocketAddr {
    serve(move |mut stream| {
        hear_request(&stream);
        let run = line.repeat(1 + 65_536 / line.len());
        let mut sent = stream.write_all(head);
        while sent.is_ok() {
            sent = stream.write_all(&run);
        }
    })
}

fn searched(to: Connection, pattern: &str) -> Protocol {
    let pattern = Pattern::new(pattern, PatternOptions::default()).unwrap();
    let url = Url {
        pattern: Some(pattern),
        ..Url::new(RequestText::try_from("/").unwrap())
    };
    let http = Http {
        version: HttpVersion::Http10,
        urls: vec![Arc::new(url)],
        tls: None,
    };
    Protocol::Http(to, http)
}

/// Letters that look as if anything could come next.
fn letters(of: &[u8]) -> Vec<u8> {
    let draw = |at: u32| usize::try_from(at.wrapping_mul(2_654_435_761) >> 8).unwrap();
    (0..40_009).map(|at| of[draw(at) % of.len()]).collect()
}

#[test]
fn endless_bodies_for_a_costly_regex_take_a_slice_of_each_turn() {
    const HEAD: &[u8] = b"HTTP/1.0 200 OK\r\n\r\n";
    let mut host = Host::new(64);
    for id in 0..20 {
        let protocol = match id % 2 {
            0 => {
                let to = to(endless(HEAD, b"status status o u ".to_vec()));
                searched(to, "status.{0,300}(ok|up)")
            }
            // The largest there may be is among them.
            _ => {
                let pattern = ["a[ab]{1000}c", "a[ab]{10000}c"][usize::from(id == 19)];
                searched(to(endless(HEAD, letters(b"ab"))), pattern)
            }
        };
        host.add(id, protocol);
    }
    let healthy = serve(|mut stream| {
        hear_request(&stream);
        stream.write_all(HEAD).unwrap();
        stream.write_all(b"status: up").unwrap();
    });
    host.add(20, searched(to(healthy), "status.{0,300}(ok|up)"));
    host.skip(1);
    let (mut turns, mut found) = (Turns::default(), Vec::new());
    let limit = host.now() + Duration::from_secs(60);
    while found.len() < 21 {
        assert!(host.now() < limit, "{turns:?} {found:?}");
        turns.take(&mut host, &mut found);
    }
    turns.are_bounded();
    // Twenty times the time of a search, in turns.
    assert!(turns.count > 2_000, "{turns:?}");
    assert_eq!(found[0].checker, CheckerId(20), "{found:?}");
    assert_eq!(found[0].outcome, PASSED);
    let cost = Err(HttpFailure::Cost.into());
    assert!(found[1..].iter().all(|report| report.outcome == cost));
}

#[test]
fn handshakes_due_at_once_take_turns() {
    let (listener, address) = listener();
    thread::spawn(move || {
        let config = Arc::new(tls_server());
        for stream in listener.incoming() {
            let (mut stream, config) = (stream.unwrap(), Arc::clone(&config));
            let mut connection = ServerConnection::new(config).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            // Who has gone hears nothing.
            let _gone = tls
                .read(&mut [0; 100])
                .and_then(|_| tls.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
        }
    });
    let client = Client::new(&TlsSettings::default()).unwrap();
    let mut host = Host::new(200);
    for id in 0..200 {
        let tls = HttpTls {
            client: client.clone(),
            name: Some(format!("{id}.example.org").into()),
        };
        let mut to = to(address);
        to.limits = Limits::of_steps(Duration::from_secs(60));
        host.add(id, http(to, Some(tls)));
    }
    host.skip(1);
    let (mut turns, mut found) = (Turns::default(), Vec::new());
    let limit = host.now() + Duration::from_secs(60);
    while found.len() < 200 {
        assert!(host.now() < limit, "{turns:?} {found:?}");
        turns.take(&mut host, &mut found);
    }
    turns.are_bounded();
    assert!(found.iter().all(|report| report.outcome == PASSED));
}

#[test]
fn thousands_of_connections_due_at_once_are_begun_in_turns() {
    let address = closed_port();
    let mut host = Host::new(256);
    for id in 0..4_000 {
        let connection = Connection {
            limits: Limits::of_steps(Duration::from_millis(10_000 + id)),
            ..Connection::new(address)
        };
        host.add(id, Protocol::Tcp(connection));
    }
    host.skip(1);
    let (mut turns, mut found) = (Turns::default(), Vec::new());
    let limit = host.now() + Duration::from_secs(60);
    while found.len() < 4_000 {
        assert!(host.now() < limit, "{turns:?} {}", found.len());
        turns.take(&mut host, &mut found);
    }
    turns.are_bounded();
    let refused = Err(Failure::Refused);
    assert!(found.iter().all(|report| report.outcome == refused));
}

#[test]
fn an_endless_body_with_a_digest_takes_a_slice_of_each_turn() {
    let address = endless(b"HTTP/1.0 200 OK\r\n\r\n", b"more and more ".to_vec());
    let url = Url {
        digest: "d41d8cd98f00b204e9800998ecf8427e".parse().ok(),
        ..Url::new(RequestText::try_from("/").unwrap())
    };
    let page = Http {
        version: HttpVersion::Http10,
        urls: vec![Arc::new(url)],
        tls: None,
    };
    let mut host = Host::new(4);
    host.add(0, Protocol::Http(to(address), page));
    host.skip(1);
    let (mut turns, mut found) = (Turns::default(), Vec::new());
    while found.is_empty() {
        turns.take(&mut host, &mut found);
    }
    turns.are_bounded();
    let late = Err(Failure::NoAnswer(Duration::from_millis(700)));
    assert_eq!(found[0].outcome, late);
}

/// Whether an answer came in time is for the server to say, not for what else there is to do here.
#[test]
fn what_lies_unread_when_time_is_over_counts() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let required = UdpSettings {
        reply: crate::health::udp::Reply::Required {
            pattern: None,
            length: None,
        },
        ..UdpSettings::default()
    };
    let mut host = Host::new(4);
    host.add(0, Protocol::Udp(to(address), required));
    host.skip(1);
    let now = host.now();
    host.checks.fire(now);
    let (length, from) = socket.recv_from(&mut [0; 100]).unwrap();
    socket.send_to(&vec![0; length], from).unwrap();
    host.skip(10);
    let now = host.now();
    host.checks.fire(now);
    let found = host.checks.reports();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].outcome, PASSED);
}
