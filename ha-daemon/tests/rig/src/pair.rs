//! A pair of routers, of which the first is preferred.

use core::time::Duration;

use super::capture::{Advert, Key};
use super::clock::{self, now, pause};
use super::config::Instance;
use super::lab::Lab;
use super::peer::{Peer, Seat};
use super::tenure::succession;

/// How long a daemon may take to start and read its configuration.
const STARTUP: Duration = Duration::from_secs(3);

/// Two hosts with the same virtual routers. Host 0 is usually preferred in all of them.
#[derive(Debug)]
pub struct Pair<'lab> {
    lab: &'lab Lab,
    /// Host 0 and host 1.
    pub seats: [Seat<'lab>; 2],
}

impl<'lab> Pair<'lab> {
    /// Seats `peers`, configured by `instances` of the host.
    pub fn new(
        lab: &'lab Lab,
        peers: [Peer; 2],
        instances: impl Fn(usize) -> Vec<Instance>,
    ) -> Self {
        let seat = |host: usize| Seat::new(lab, host, peers[host], instances(host));
        Self {
            lab,
            seats: [seat(0), seat(1)],
        }
    }

    /// A pair with one virtual router: `base` on host 1, and on host 0 with priority 200.
    pub fn of_one(lab: &'lab Lab, peers: [Peer; 2], base: Instance) -> Self {
        Self::new(lab, peers, |host| {
            let priority = if host == 0 { 200 } else { base.priority };
            vec![Instance { priority, ..base }]
        })
    }

    /// The first virtual router.
    pub fn key(&self) -> Key {
        self.instance(0).key()
    }

    /// `host`'s first virtual router.
    pub fn instance(&self, host: usize) -> Instance {
        self.seats[host].instances()[0]
    }

    /// Starts host 0, waits until it is Active in all its virtual routers, and starts host 1.
    pub fn converge(&mut self) {
        let start = now();
        self.seats[0].start();
        self.await_all_active(0, start);
        self.seats[1].start();
        pause(Duration::from_millis(200) + self.instance(1).down());
        self.seats[0].check_alive();
        self.seats[1].check_alive();
    }

    /// Waits until `host` has claimed every virtual router since `from` and returns when it last
    /// did so for the first time.
    pub fn await_all_active(&self, host: usize, from: Duration) -> Duration {
        let limit = STARTUP + self.instance(host).down();
        let claims = self.seats[host].instances().iter().map(|instance| {
            self.lab
                .capture()
                .await_claim(instance.key(), host, from, limit)
                .time
        });
        claims.max().expect("at least one virtual router")
    }

    /// The adverts of the first virtual router since `from`.
    pub fn adverts(&self, from: Duration) -> Vec<Advert> {
        self.lab.capture().adverts(self.key(), from)
    }

    /// Waits for `host` to claim the first virtual router.
    pub fn await_claim(&self, host: usize, from: Duration, limit: Duration) -> Advert {
        self.lab
            .capture()
            .await_claim(self.key(), host, from, limit)
    }

    /// Waits up to a second for a resignation of the first virtual router.
    pub fn resignation(&self, from: Duration) -> Option<Advert> {
        let limit = now() + Duration::from_secs(1);
        loop {
            let found = self.adverts(from).into_iter().find(|one| !one.claims());
            if found.is_some() || now() > limit {
                return found;
            }
            pause(Duration::from_millis(3));
        }
    }

    /// Starts `host` again and waits until it alone is Active; returns since when.
    pub fn bring_back(&mut self, host: usize) -> Duration {
        let start = now();
        self.seats[host].start();
        self.await_claim(host, start, STARTUP + self.instance(host).down());
        let settled = self
            .instance(host)
            .interval()
            .max(Duration::from_millis(30));
        let mut from = start;
        clock::until("the other to yield", Duration::from_secs(5), || {
            from = now();
            pause(settled + Duration::from_millis(20));
            succession(&self.adverts(from)) == [host]
        });
        from
    }
}
