//! The record of the visitor's requests.

use core::time::Duration;

use vrrp_core::Instant;

use super::role::Role;
use super::visitor::Request;

/// Requests beyond this many are not kept: forty minutes of them.
const CAPACITY: usize = 1 << 16;

/// The requests in the order in which they were decided.
#[derive(Debug, Default)]
pub(super) struct RequestRecord(Vec<Request>);

/// What became of the requests made in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spread {
    /// Answered by the first web server.
    pub(super) web_a: usize,
    /// Answered by the second.
    pub(super) web_b: usize,
    /// Not answered.
    pub(super) lost: usize,
    /// From the begin of the span to the last request that was not answered.
    pub(super) last_lost: Duration,
}

impl Spread {
    /// The requests that were made.
    pub(super) const fn all(&self) -> usize {
        self.web_a + self.web_b + self.lost
    }
}

impl RequestRecord {
    pub(super) fn add(&mut self, request: Request) {
        if self.0.len() < CAPACITY {
            self.0.push(request);
        }
    }

    /// The first request at or after `since` that `role` answered.
    pub(super) fn first_served(&self, role: Role, since: Instant) -> Option<Instant> {
        self.since(since)
            .filter(|request| request.by == Some(role))
            .map(|request| request.at)
            .min()
    }

    /// What became of the requests made from `since` until before `until`.
    pub(super) fn spread(&self, since: Instant, until: Instant) -> Spread {
        let mut spread = Spread::default();
        for request in self.since(since).filter(|request| request.at < until) {
            match request.by {
                Some(Role::WebA) => spread.web_a += 1,
                Some(Role::WebB) => spread.web_b += 1,
                Some(Role::DirectorA | Role::DirectorB | Role::Client | Role::Visitor) | None => {
                    spread.lost += 1;
                    let lost = request.at.saturating_duration_since(since);
                    spread.last_lost = spread.last_lost.max(lost);
                }
            }
        }
        spread
    }

    fn since(&self, since: Instant) -> impl Iterator<Item = &Request> {
        self.0.iter().filter(move |request| request.at >= since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_counts_the_requests_made_in_its_span() {
        let mut record = RequestRecord::default();
        for (millis, by) in [
            (1000, Some(Role::WebA)),
            (1100, Some(Role::WebB)),
            (1300, Some(Role::WebB)),
            (1200, None),
            (1250, None),
            (1400, None),
        ] {
            let at = Instant::from_millis(millis);
            record.add(Request { at, by });
        }
        assert_eq!(
            record.spread(Instant::from_millis(1100), Instant::from_millis(1400)),
            Spread {
                web_a: 0,
                web_b: 2,
                lost: 2,
                last_lost: Duration::from_millis(150),
            }
        );
        let first = |millis| record.first_served(Role::WebB, Instant::from_millis(millis));
        assert_eq!(first(0), Some(Instant::from_millis(1100)));
        assert_eq!(first(1101), Some(Instant::from_millis(1300)));
        assert_eq!(first(1301), None);
    }
}
