//! Tests of the driver of health checkers.

use core::net::{Ipv4Addr, SocketAddr};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;

use mio::{Events, Poll};
use nix::errno::Errno;
use rcgen::generate_simple_self_signed;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection};
use vrrp_mio::Clock;

use super::*;
use crate::health::attempt::Passed;
use crate::health::http::{HttpFailure, HttpVersion, RequestText, Url};
use crate::health::schedule::Timing;
use crate::health::settings::{Connection, Http, HttpTls, Limits, Protocol, Source};
use crate::health::smtp::HelloName;
use crate::health::tls::{Client, TlsSettings};
use crate::health::udp::UdpSettings;

mod load;
mod update;

const PASSED: Outcome = Ok(Passed { weight: None });
const TOKENS: TokenRange = TokenRange::new(1000, 1 << 16);

/// A loop with nothing but checkers.
struct Host {
    poll: Poll,
    clock: Clock,
    /// How much later than the clock it is here.
    skipped: Duration,
    checks: Checks,
}

impl Host {
    fn new(limit: usize) -> Self {
        let poll = Poll::new().unwrap();
        let limit = NonZeroUsize::new(limit).unwrap();
        let checks = Checks::new(poll.registry(), TOKENS, limit, None).unwrap();
        Self {
            poll,
            clock: Clock::new().unwrap(),
            skipped: Duration::ZERO,
            checks,
        }
    }

    fn now(&self) -> Instant {
        self.clock.now() + self.skipped
    }

    fn add(&mut self, id: u64, protocol: Protocol) {
        let settings = Settings {
            protocol,
            timing: timing(),
        };
        self.checks.add(CheckerId(id), settings, self.now());
    }

    fn skip(&mut self, seconds: u64) {
        self.skipped += Duration::from_secs(seconds);
    }

    fn turn(&mut self) -> Vec<Report> {
        let mut events = Events::with_capacity(64);
        let deadline = self.checks.deadline();
        let limit = deadline.map(|at| at.saturating_duration_since(self.now()));
        let limit = limit.unwrap_or(Duration::from_secs(1));
        // A process that another test starts may interrupt this.
        while let Err(error) = self.poll.poll(&mut events, Some(limit)) {
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        }
        let now = self.now();
        for event in &events {
            assert!(self.checks.owns(event.token()));
            self.checks.ready(event.token());
        }
        self.checks.fire(now);
        self.checks.reports()
    }

    /// Turns until there are `count` reports.
    fn reports(&mut self, count: usize) -> Vec<Report> {
        let mut reports = Vec::new();
        let limit = self.now() + Duration::from_secs(20);
        while reports.len() < count {
            assert!(self.now() < limit, "{reports:?}");
            reports.extend(self.turn());
        }
        reports
    }

    /// What the first attempt of a checker finds.
    fn outcome(protocol: Protocol) -> Outcome {
        let mut host = Self::new(4);
        host.add(7, protocol);
        host.skip(1);
        let reports = host.reports(1);
        let [report] = reports.as_slice() else {
            panic!("{reports:?}");
        };
        assert_eq!(report.checker, CheckerId(7));
        assert_eq!(host.checks.running, 0);
        report.outcome.clone()
    }
}

fn timing() -> Timing {
    Timing {
        warmup: Duration::ZERO,
        ..Timing::every(Duration::from_secs(60))
    }
}

fn to(to: SocketAddr) -> Connection {
    Connection {
        limits: Limits {
            step: Duration::from_millis(300),
            whole: Duration::from_millis(700),
        },
        ..Connection::new(to)
    }
}

fn source(address: SocketAddr) -> Option<Box<Source>> {
    Some(Box::new(Source {
        address: Some(address),
        ..Source::default()
    }))
}

fn http(to: Connection, tls: Option<HttpTls>) -> Protocol {
    let url = Url::new(RequestText::try_from("/").unwrap());
    let http = Http {
        version: HttpVersion::Http10,
        urls: vec![Arc::new(url)],
        tls,
    };
    Protocol::Http(to, http)
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Serves one connection.
fn serve(serve: impl FnOnce(TcpStream) + Send + 'static) -> SocketAddr {
    let (listener, address) = listener();
    thread::spawn(move || serve(listener.accept().unwrap().0));
    address
}

fn closed_port() -> SocketAddr {
    listener().1
}

fn hear_request(mut stream: &TcpStream) -> Vec<u8> {
    let mut request = Vec::new();
    let mut octet = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut octet).unwrap();
        request.push(octet[0]);
    }
    request
}

#[test]
fn tcp_passes_where_somebody_listens() {
    let (_listener, address) = listener();
    assert_eq!(Host::outcome(Protocol::Tcp(to(address))), PASSED);
}

#[test]
fn tcp_is_refused_where_nobody_listens() {
    let outcome = Host::outcome(Protocol::Tcp(to(closed_port())));
    assert_eq!(outcome, Err(Failure::Refused));
}

#[test]
fn tcp_waits_for_the_connection_no_longer_than_its_limit() {
    let (listener, address) = listener();
    // A full backlog answers no more.
    let socket = socket2::Socket::from(listener);
    socket.listen(0).unwrap();
    let _filler: Vec<_> = (0..3)
        .map(|_| {
            let filler = socket2::Socket::new(
                socket2::Domain::IPV4,
                socket2::Type::STREAM.nonblocking(),
                None,
            );
            let filler = filler.unwrap();
            assert!(filler.connect(&address.into()).is_err(), "in progress");
            filler
        })
        .collect();
    let outcome = Host::outcome(Protocol::Tcp(to(address)));
    assert_eq!(
        outcome,
        Err(Failure::NotConnected(Duration::from_millis(300)))
    );
}

#[test]
fn unknown_local_address_says_nothing_of_the_server() {
    let (_listener, address) = listener();
    let connection = Connection {
        source: source("192.0.2.77:0".parse().unwrap()),
        ..to(address)
    };
    let mut host = Host::new(1);
    host.add(1, Protocol::Tcp(connection));
    host.skip(1);
    let reports = host.reports(1);
    assert_eq!(
        reports[0].outcome,
        Err(Failure::System {
            call: "bind",
            errno: Errno::EADDRNOTAVAIL
        })
    );
    assert_eq!(reports[0].verdict, Verdict::Up);
    assert_eq!(reports[0].change, Change::Unchanged);
}

#[test]
fn connection_comes_from_the_address_and_port_set() {
    let (listener, address) = listener();
    let from = closed_port();
    let from = SocketAddr::from(([127, 0, 0, 9], from.port()));
    let connection = Connection {
        source: source(from),
        ..to(address)
    };
    assert_eq!(Host::outcome(Protocol::Tcp(connection)), PASSED);
    assert_eq!(listener.accept().unwrap().1, from);
}

#[test]
fn page_passes() {
    let address = serve(|mut stream| {
        let request = hear_request(&stream);
        assert!(
            request.starts_with(b"GET / HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 127.")
        );
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nwell").unwrap();
    });
    assert_eq!(Host::outcome(http(to(address), None)), PASSED);
}

#[test]
fn large_page_is_read_in_several_turns() {
    let address = serve(|mut stream| {
        hear_request(&stream);
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
        for _ in 0..200 {
            stream.write_all(&[b'x'; 10_000]).unwrap();
        }
    });
    assert_eq!(Host::outcome(http(to(address), None)), PASSED);
}

#[test]
fn silent_server_is_given_one_step() {
    let address = serve(|stream| {
        hear_request(&stream);
        thread::park_timeout(Duration::from_secs(5));
    });
    assert_eq!(
        Host::outcome(http(to(address), None)),
        Err(Failure::NoAnswer(Duration::from_millis(300)))
    );
}

#[test]
fn dripping_server_is_given_the_whole_limit() {
    let address = serve(|mut stream| {
        stream.set_nodelay(true).unwrap();
        hear_request(&stream);
        while stream.write_all(b"H").is_ok() {
            thread::park_timeout(Duration::from_millis(100));
        }
    });
    assert_eq!(
        Host::outcome(http(to(address), None)),
        Err(Failure::NoAnswer(Duration::from_millis(700)))
    );
}

#[test]
fn endless_head_is_cut_off() {
    let address = serve(|mut stream| {
        hear_request(&stream);
        let mut sent = stream.write_all(b"HTTP/1.0 200 OK\r\n");
        while sent.is_ok() {
            sent = stream.write_all(b"X-Again: and again\r\n");
        }
    });
    assert_eq!(
        Host::outcome(http(to(address), None)),
        Err(HttpFailure::LongHead.into())
    );
}

#[test]
fn server_that_hangs_up_has_not_answered() {
    let address = serve(|stream| {
        hear_request(&stream);
    });
    assert_eq!(Host::outcome(http(to(address), None)), Err(Failure::Closed));
}

fn tls_server() -> ServerConfig {
    let certified = generate_simple_self_signed(["example.org".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into())
        .unwrap()
}

#[test]
fn page_passes_over_tls_with_a_certificate_of_its_own() {
    let address = serve(|mut stream| {
        let mut connection = ServerConnection::new(Arc::new(tls_server())).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, &mut stream);
        let mut request = [0; 100];
        assert!(tls.read(&mut request).unwrap() > 0);
        tls.write_all(b"HTTP/1.0 200 OK\r\n\r\nwell").unwrap();
        connection.send_close_notify();
        connection.complete_io(&mut stream).unwrap();
    });
    let tls = HttpTls {
        client: Client::new(&TlsSettings::default()).unwrap(),
        name: None,
    };
    assert_eq!(Host::outcome(http(to(address), Some(tls))), PASSED);
}

#[test]
fn mail_server_that_greets_passes() {
    let address = serve(|mut stream| {
        let said = BufReader::new(stream.try_clone().unwrap());
        stream.write_all(b"220 mail.example.org\r\n").unwrap();
        for (_, reply) in said.lines().zip(["250 hello\r\n", "221 bye\r\n"]) {
            stream.write_all(reply.as_bytes()).unwrap();
        }
    });
    let protocol = Protocol::Smtp(to(address), HelloName::default());
    assert_eq!(Host::outcome(protocol), PASSED);
}

#[test]
fn datagram_to_a_closed_port_is_refused_and_to_an_open_one_passes() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    let protocol = || Protocol::Udp(to(address), UdpSettings::default());
    assert_eq!(Host::outcome(protocol()), PASSED);
    drop(socket);
    // A script of another test may have a copy of it until it is executed.
    let outcomes = core::iter::repeat_with(|| Host::outcome(protocol()));
    let last = outcomes.take(1_000).find(|outcome| *outcome != PASSED);
    assert_eq!(last, Some(Err(Failure::Refused)));
}

#[test]
fn equal_checkers_share_a_probe_and_late_ones_are_told_at_once() {
    let (listener, address) = listener();
    let mut host = Host::new(4);
    for id in 0..3 {
        host.add(id, Protocol::Tcp(to(address)));
    }
    host.skip(1);
    let reports = host.reports(3);
    let told: Vec<_> = reports
        .iter()
        .map(|report| (report.checker.0, report.change))
        .collect();
    assert_eq!(
        told,
        [0, 1, 2].map(|id| (id, Change::Confirmed)),
        "{reports:?}"
    );
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_ok());
    assert!(listener.accept().is_err(), "one connection for all");

    host.add(3, Protocol::Tcp(to(address)));
    let reports = host.checks.reports();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].checker, CheckerId(3));
    assert_eq!(reports[0].verdict, Verdict::Up);
}

#[test]
fn last_checker_takes_its_probe_along() {
    let (_listener, address) = listener();
    let mut host = Host::new(4);
    host.add(0, Protocol::Tcp(to(address)));
    host.add(1, Protocol::Tcp(to(address)));
    host.checks.remove(CheckerId(0));
    assert!(host.checks.deadline().is_some());
    host.skip(1);
    assert_eq!(host.reports(1)[0].checker, CheckerId(1));
    host.checks.remove(CheckerId(1));
    assert!(host.checks.probes.iter().all(Option::is_none));
    assert!(host.checks.by_settings.is_empty());
    host.skip(1000);
    let now = host.now();
    host.checks.fire(now);
    assert_eq!(host.checks.reports(), []);
    assert_eq!(host.checks.deadline(), None);
}

#[test]
fn suspended_checker_is_not_tried_until_resumed() {
    let address = closed_port();
    let mut host = Host::new(4);
    host.add(0, Protocol::Tcp(to(address)));
    host.add(1, Protocol::Tcp(to(address)));
    host.checks.suspend(CheckerId(0));
    host.skip(1);
    let reports = host.reports(1);
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].change, Change::Fell { retries: 0 });

    let now = host.now();
    host.checks.resume(CheckerId(0), now);
    let reports = host.checks.reports();
    assert_eq!(reports[0].checker, CheckerId(0));
    assert_eq!(reports[0].verdict, Verdict::Down);
    let change = reports[0].change.since(Verdict::Up, Verdict::Down);
    assert_eq!(change, Change::Fell { retries: 0 });

    host.checks.suspend(CheckerId(0));
    host.checks.suspend(CheckerId(1));
    host.skip(1000);
    assert_eq!(host.turn(), []);
    let now = host.now();
    host.checks.resume(CheckerId(1), now);
    assert_eq!(host.reports(1)[0].checker, CheckerId(1));
}

#[test]
fn no_more_attempts_than_the_limit_are_under_way() {
    let servers: Vec<_> = (0..5).map(|_| listener()).collect();
    let mut host = Host::new(2);
    for (id, (_, address)) in (0..).zip(&servers) {
        host.add(id, http(to(*address), None));
    }
    host.skip(1);
    let mut reports = Vec::new();
    while reports.len() < 5 {
        reports.extend(host.turn());
        assert!(host.checks.running <= 2);
    }
    let silent = Err(Failure::NoAnswer(Duration::from_millis(300)));
    assert!(reports.iter().all(|report| report.outcome == silent));
    assert_eq!(
        reports
            .iter()
            .map(|report| report.checker.0)
            .collect::<Vec<_>>(),
        [0, 1, 2, 3, 4],
        "those due first come first"
    );
}
