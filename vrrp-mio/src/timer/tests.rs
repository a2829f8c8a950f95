//! Tests of the timer.

use std::io::ErrorKind;

use mio::{Events, Interest, Poll, Token};

use super::*;
use crate::Clock;

struct Rig {
    poll: Poll,
    timer: Timer,
    clock: Clock,
}

impl Rig {
    fn new() -> Self {
        let poll = Poll::new().unwrap();
        let mut timer = Timer::new().unwrap();
        poll.registry()
            .register(&mut timer, Token(0), Interest::READABLE)
            .unwrap();
        Self {
            poll,
            timer,
            clock: Clock::new().unwrap(),
        }
    }

    /// Whether the timer fired before `limit` was over.
    fn fires_within(&mut self, limit: Duration) -> bool {
        let mut events = Events::with_capacity(1);
        // A process that another test starts may interrupt this.
        while let Err(error) = self.poll.poll(&mut events, Some(limit)) {
            assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
        }
        !events.is_empty()
    }
}

#[test]
fn fires_no_earlier_than_its_instant() {
    let mut rig = Rig::new();
    let deadline = rig.clock.now() + Duration::from_micros(2_345);
    rig.timer.arm(Some(deadline)).unwrap();
    assert!(rig.fires_within(Duration::from_secs(5)));
    assert!(rig.clock.now() >= deadline);
}

#[test]
fn fires_at_once_for_an_instant_that_is_past() {
    for past in [Instant::EPOCH, Instant::from_nanos(1)] {
        let mut rig = Rig::new();
        rig.timer.arm(Some(past)).unwrap();
        assert!(rig.fires_within(Duration::from_secs(5)), "{past}");
    }
}

#[test]
fn never_fires_when_disarmed_or_armed_for_the_end_of_time() {
    for deadline in [None, Some(Instant::MAX)] {
        let mut rig = Rig::new();
        let soon = rig.clock.now() + Duration::from_millis(5);
        rig.timer.arm(Some(soon)).unwrap();
        rig.timer.arm(deadline).unwrap();
        assert!(!rig.fires_within(Duration::from_millis(20)), "{deadline:?}");
    }
}

#[test]
fn is_quiet_after_being_cleared_and_fires_again_for_the_same_instant() {
    let mut rig = Rig::new();
    rig.timer.arm(Some(Instant::EPOCH)).unwrap();
    assert!(rig.fires_within(Duration::from_secs(5)));
    rig.timer.clear().unwrap();
    rig.timer.clear().unwrap();
    assert!(!rig.fires_within(Duration::from_millis(5)));
    rig.timer.arm(Some(Instant::EPOCH)).unwrap();
    assert!(rig.fires_within(Duration::from_secs(5)));
}
