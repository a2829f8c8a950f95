//! The periods in which each router was Active, from the captured adverts.

use core::time::Duration;

use super::capture::Advert;

/// How long two routers may both advertise while one of them yields: a round trip on the bridge
/// and the scheduling of both daemons.
pub(crate) const ROUND_TRIP: Duration = Duration::from_millis(20);

/// A span in which one host alone claimed the addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tenure {
    pub(crate) host: usize,
    pub(crate) first: Duration,
    pub(crate) last: Duration,
}

/// The tenures in `adverts`. What the former Active Router still sends within [`ROUND_TRIP`] of its
/// successor's first advert belongs to the succession; anything later is a tenure of its own, so
/// that two routers staying Active show as a long alternation.
pub(crate) fn tenures(adverts: &[Advert]) -> Vec<Tenure> {
    let mut tenures: Vec<Tenure> = Vec::new();
    for advert in adverts.iter().filter(|advert| advert.claims()) {
        let Advert { time, host, .. } = *advert;
        let succeeded = tenures.len() > 1;
        match tenures.last_mut() {
            Some(current) if current.host == host => current.last = time,
            Some(current) if succeeded && time < current.first + ROUND_TRIP => {}
            Some(_) | None => tenures.push(Tenure {
                host,
                first: time,
                last: time,
            }),
        }
    }
    tenures
}

/// The hosts of the tenures, in order.
pub fn succession(adverts: &[Advert]) -> Vec<usize> {
    tenures(adverts).iter().map(|tenure| tenure.host).collect()
}
