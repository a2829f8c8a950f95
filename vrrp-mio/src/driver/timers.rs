//! The processing of due timers: elections first, then announcements, each within a slice of time.
//!
//! Thousands of routers may be due at once. Elections that do not fit in their share of a turn get
//! nearly the whole turn, and the following turns, until no router is due: an advertisement is more
//! urgent than all other work. One turn in eight is for the other work nevertheless. Elections that
//! do not fit in a turn are done in the next one, after the packets received meanwhile.

use core::time::Duration;

use vrrp_core::{Event, Instant, Role};

use super::router::Router;
use super::{Driver, LATE};
use crate::{Deadlines, Due, TimeSlice};

/// How long elections may take in a turn beside everything else, …
const ELECTIONS: Duration = Duration::from_micros(250);
/// … how long in a turn that is theirs, …
const ELECTIONS_ALONE: Duration = Duration::from_micros(1_000);
/// … and how many such turns there are in a row.
const ALONE: u8 = 7;
/// How long announcements may take in one turn.
const ANNOUNCEMENTS: Duration = Duration::from_micros(100);

/// When each router is due. An advertisement does not wait for the announcements of others.
#[derive(Debug, Default)]
pub(super) struct Timers {
    elections: Deadlines,
    announcements: Deadlines,
}

impl Timers {
    /// Takes over the deadlines of a router.
    pub(super) fn set(&mut self, id: usize, router: &Router) {
        self.elections.set(id, router.machine().deadline());
        self.announcements
            .set(id, router.endpoint.announcement_deadline());
    }

    pub(super) fn clear(&mut self, id: usize) {
        self.elections.set(id, None);
        self.announcements.set(id, None);
    }

    #[cfg(test)]
    pub(super) fn set_election(&mut self, id: usize, at: Instant) {
        self.elections.set(id, Some(at));
    }

    pub(super) fn wake_up(&self) -> Option<Instant> {
        let elections = self.elections.wake_up().into_iter();
        elections.chain(self.announcements.wake_up()).min()
    }
}

impl Driver {
    pub(super) fn fire_timers(&mut self, now: Instant) {
        let clock = self.clock;
        let clock = || clock.now();
        let started = clock();
        let share = TimeSlice::new(now, started + ELECTIONS, &clock);
        let alone = TimeSlice::new(now, started + ELECTIONS_ALONE, &clock);
        self.fire_elections(share, (self.alone < ALONE).then_some(alone));
        if self.is_behind() {
            return;
        }
        self.fire_announcements(&TimeSlice::of(ANNOUNCEMENTS, now, &clock));
    }

    /// Goes on beyond the slice, if it has to, for as long as `beyond` lasts; then the turn is the
    /// elections'.
    fn fire_elections<'a>(&mut self, mut slice: TimeSlice<'a>, mut beyond: Option<TimeSlice<'a>>) {
        let now = slice.now();
        let mut alone = 0;
        // Each router is due at most once in a turn.
        let mut again = core::mem::take(&mut self.network.due);
        loop {
            match self.timers.elections.next_due(now) {
                Due::Nothing => break,
                Due::Later => {}
                Due::Now(id) if self.has_to_hear(id, now) => again.push(id),
                Due::Now(id) => {
                    self.handle(id, Event::Timeout, now);
                    let elections = &mut self.timers.elections;
                    if elections.get(id).is_some_and(|at| at <= now) {
                        elections.set(id, None);
                        again.push(id);
                    }
                }
            }
            if slice.is_over() {
                let Some(longer) = beyond.take() else {
                    break;
                };
                slice = longer;
                alone = self.alone + 1;
            }
        }
        self.alone = alone;
        for id in again.drain(..) {
            self.timers.elections.set(id, Some(now));
        }
        self.network.due = again;
    }

    fn fire_announcements(&mut self, slice: &TimeSlice<'_>) {
        let now = slice.now();
        loop {
            match self.timers.announcements.next_due(now) {
                Due::Nothing => break,
                Due::Later => {}
                Due::Now(id) => self.announce(id, now),
            }
            if slice.is_over() {
                break;
            }
        }
    }

    /// Has a router send its share of frames; if it owes more, after all that are due.
    fn announce(&mut self, id: usize, now: Instant) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let interfaces = self.monitor.interfaces();
        router.announce(now, interfaces, &mut self.ports, &mut self.transmitted);
        let next = router.endpoint.announcement_deadline();
        let announcements = &mut self.timers.announcements;
        announcements.set(id, next.map(|at| at.max(now)));
    }

    /// Whether unread advertisements may affect the timer of a router: of a Backup always, of an
    /// Active one if it was silent for long.
    fn has_to_hear(&mut self, id: usize, now: Instant) -> bool {
        let Some(router) = self.routers.get(id).and_then(Option::as_ref) else {
            return false;
        };
        let due = router.machine().deadline();
        let late = due.map(|due| now.saturating_duration_since(due));
        let bears = match router.machine().role() {
            Role::Initialize => false,
            Role::Backup => due.is_some_and(|due| due <= now),
            Role::Active => late.is_some_and(|late| late >= LATE),
        };
        bears
            && router
                .listener
                .is_some_and(|listener| self.ports.is_behind(listener, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More are due than a turn has time for, and always again.
    #[test]
    fn elections_have_seven_turns_and_everything_else_the_eighth() {
        let mut driver = Driver::new().unwrap();
        let now = driver.now();
        let turns = (0..24).map(|_| {
            for id in 0..50_000 {
                driver.timers.elections.set(id, Some(now));
            }
            driver.fire_timers(now);
            driver.is_behind()
        });
        let turns: Vec<_> = turns.collect();
        for (number, alone) in turns.iter().enumerate() {
            assert_eq!(*alone, number % 8 != 7, "{turns:?}");
        }
    }
}
