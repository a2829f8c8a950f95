//! Tests of a driver's descriptor in another loop.

use std::io::Write;
use std::os::unix::net::UnixStream;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll};

use super::*;

/// A driver whose descriptor is in another `epoll`, and nothing else of it.
struct Nested {
    driver: Driver,
    outer: Poll,
}

impl Nested {
    fn new() -> Self {
        let driver = Driver::new().unwrap();
        let outer = Poll::new().unwrap();
        let fd = driver.as_raw_fd();
        assert_eq!(fd, driver.as_fd().as_raw_fd());
        let interest = Interest::READABLE;
        (outer
            .registry()
            .register(&mut SourceFd(&fd), Token(7), interest))
        .unwrap();
        Self { driver, outer }
    }

    /// Turns that do not sleep, until nothing is pending; the events of the caller's sources.
    fn turn(&mut self) -> Vec<event::Event> {
        let mut ready = Vec::new();
        loop {
            let turn = self.driver.turn(Some(Duration::ZERO)).unwrap();
            ready.extend(turn.ready);
            if !turn.pending {
                return ready;
            }
        }
    }

    /// Whether the descriptor became readable within `limit`.
    fn wait(&mut self, limit: Duration) -> bool {
        let mut events = Events::with_capacity(4);
        // A process that another test starts may interrupt this.
        while let Err(error) = self.outer.poll(&mut events, Some(limit)) {
            assert_eq!(error.kind(), io::ErrorKind::Interrupted, "{error}");
        }
        events.iter().any(event::Event::is_readable)
    }
}

#[test]
fn the_descriptor_becomes_readable_at_the_deadline() {
    let mut nested = Nested::new();
    nested.turn();
    let deadline = nested.driver.now() + Duration::from_millis(30);
    nested.driver.timers.set_election(0, deadline);
    nested.turn();
    let mut early = 0;
    loop {
        assert!(nested.wait(Duration::from_secs(20)), "{early} early");
        if nested.driver.now() >= deadline {
            break;
        }
        // An interface of this host changed.
        early += 1;
        assert!(early < 100, "it is always readable");
        nested.turn();
    }
    nested.turn();
    assert_eq!(nested.driver.timers.wake_up(), None);
}

#[test]
fn readiness_of_the_callers_sources_reaches_another_loop_with_its_kind() {
    let mut nested = Nested::new();
    nested.turn();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let token = Token(Driver::FIRST_FREE_TOKEN + 3);
    let fd = ours.as_raw_fd();
    let registry = nested.driver.registry();
    (registry.register(&mut SourceFd(&fd), token, Interest::READABLE)).unwrap();
    nested.turn();
    theirs.write_all(b"x").unwrap();
    drop(theirs);
    let mut ready = Vec::new();
    while ready.is_empty() {
        assert!(nested.wait(Duration::from_secs(20)));
        ready = nested.turn();
    }
    let [event] = ready.as_slice() else {
        panic!("{ready:?}");
    };
    assert_eq!(event.token(), token);
    assert!(event.is_readable() && event.is_read_closed() && !event.is_writable());
}

#[test]
fn events_beyond_those_of_one_turn_are_pending() {
    let mut nested = Nested::new();
    nested.turn();
    let capacity = nested.driver.events.capacity();
    let pairs: Vec<_> = (0..capacity + 1)
        .map(|_| UnixStream::pair().unwrap())
        .collect();
    for (number, (ours, _)) in pairs.iter().enumerate() {
        let token = Token(Driver::FIRST_FREE_TOKEN + number);
        let fd = ours.as_raw_fd();
        let registry = nested.driver.registry();
        (registry.register(&mut SourceFd(&fd), token, Interest::WRITABLE)).unwrap();
    }
    let turn = nested.driver.turn(Some(Duration::ZERO)).unwrap();
    assert!(turn.pending);
    let rest = nested.turn();
    assert_eq!(turn.ready.len() + rest.len(), capacity + 1);
    assert!(turn.ready.iter().all(event::Event::is_writable));
}

#[test]
fn a_driver_without_routers_is_shut_down_in_a_turn() {
    let mut driver = Driver::new().unwrap();
    while driver.turn(Some(Duration::ZERO)).unwrap().pending {}
    let notices = driver.shutdown(Duration::ZERO).unwrap();
    assert!(notices.is_empty(), "{notices:?}");
}

/// It may live in a task of a runtime that has several threads.
#[test]
fn a_driver_can_be_sent_to_another_thread() {
    const fn sent<T: Send>() {}
    sent::<Driver>();
}
