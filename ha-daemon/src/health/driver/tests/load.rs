//! What a turn costs the loop, in time of its thread on a processor.

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
            _ => searched(to(endless(HEAD, letters(b"ab"))), "a[ab]{1000}c"),
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
