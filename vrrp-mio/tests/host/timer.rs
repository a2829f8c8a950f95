//! Measures the accuracy of the timer.

use core::time::Duration;

use mio::{Events, Interest, Poll, Token};
use vrrp_mio::{Clock, Timer};

#[test]
#[ignore = "needs an idle machine and ten seconds"]
fn a_thousand_periods_of_ten_milliseconds_average_ten_milliseconds() {
    const PERIODS: u32 = 1_000;
    const PERIOD: Duration = Duration::from_millis(10);
    let clock = Clock::new().unwrap();
    let mut timer = Timer::new().unwrap();
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(1);
    poll.registry()
        .register(&mut timer, Token(0), Interest::READABLE)
        .unwrap();
    let mut deadline = clock.now() + PERIOD;
    let mut fired = Vec::new();
    let mut late = Vec::new();
    for _ in 0..=PERIODS {
        timer.arm(Some(deadline)).unwrap();
        while clock.now() < deadline {
            poll.poll(&mut events, None).unwrap();
            timer.clear().unwrap();
        }
        fired.push(clock.now());
        late.push(clock.now().saturating_duration_since(deadline));
        deadline = deadline + PERIOD;
    }
    late.sort();
    println!("late by: median {:?}, 99 % {:?}", late[500], late[990]);
    let average = fired[1_000].saturating_duration_since(fired[0]) / PERIODS;
    let tolerance = Duration::from_micros(10);
    assert!(
        (PERIOD - tolerance..=PERIOD + tolerance).contains(&average),
        "{average:?}"
    );
}
