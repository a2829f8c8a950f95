//! A storage that has an announcer only while one is needed.

use core::time::Duration;

use super::*;
use crate::announce::Announcer;
use crate::receive::ReplayWindow;

const SECOND: Duration = Duration::from_secs(1);

struct Frugal<'a> {
    table: Table<'a>,
    announcer: Option<Announcer>,
    /// The interface that all addresses are on.
    interface: u32,
}

impl<'a> Frugal<'a> {
    fn new(announcements: Announcements, slots: &'a mut [Slot]) -> Self {
        let mut table = Table::new(Addresses::V4(&LIST), slots);
        table.announcements = announcements;
        Self {
            table,
            announcer: None,
            interface: 1,
        }
    }
}

impl Storage for Frugal<'_> {
    fn policy(&self) -> Policy<'_> {
        self.table.policy()
    }

    fn announcements(&self) -> Announcements {
        self.table.announcements()
    }

    fn advertised(&self) -> Addresses<'_> {
        self.table.advertised()
    }

    fn address(&self, position: usize) -> Option<IpAddr> {
        self.table.address(position)
    }

    fn is_kept(&self, position: usize, former: &Self, place: usize) -> bool {
        let address = self.address(position) == former.address(place);
        address && self.interface == former.interface
    }

    fn slots(&self) -> &[Slot] {
        self.table.slots()
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        self.table.slots_mut()
    }

    fn announcer(&self) -> Option<&Announcer> {
        self.announcer.as_ref()
    }

    fn announcer_mut(&mut self) -> (&mut Announcer, &mut [Slot]) {
        let idle = self.table.announcements.announcer();
        let announcer = self.announcer.get_or_insert(idle);
        (announcer, self.table.slots_mut())
    }

    fn drop_announcer(&mut self) {
        self.announcer = None;
    }

    fn replay(&mut self) -> Option<&mut ReplayWindow> {
        self.table.replay()
    }

    fn statistics(&self) -> Statistics {
        self.table.statistics()
    }

    fn count(&mut self, count: impl FnOnce(&mut Statistics)) {
        self.table.count(count);
    }

    fn inherit(&mut self, former: &mut Self) {
        self.announcer = former.announcer.take();
        self.table.inherit(&mut former.table);
    }
}

/// One block of `repeat` copies, and gratuitous ARP every 100 ms at most.
fn announcements(repeat: u16) -> Announcements {
    let settings = announce::Settings {
        repeat,
        delay: Duration::ZERO,
        ..announce::Settings::default()
    };
    Announcements {
        config: announce::Config::try_from(settings).unwrap(),
        arp_interval: SECOND / 10,
        neighbor_interval: Duration::ZERO,
    }
}

/// Active, with nothing in place and everything polled.
fn active(storage: Frugal<'_>) -> (Endpoint<Frugal<'_>>, Instant) {
    let config = config(Version::V3, 10, 200);
    let mut router = Endpoint::new(Instant::EPOCH, config, storage).unwrap();
    router.handle(Instant::EPOCH, Event::PrimaryAddress(Some(OWN.into())));
    router.handle(Instant::EPOCH, Event::Startup);
    let now = router.deadline().unwrap();
    router.timeout(now);
    assert_eq!(poll(&mut router, now), 1, "an advertisement");
    while router.poll_event().is_some() {}
    (router, now)
}

/// How much there is to send.
fn poll(router: &mut Endpoint<Frugal<'_>>, now: Instant) -> usize {
    let mut buf = [0; MAX_TRANSMIT];
    let mut sent = 0;
    while router.poll_transmit(now, &mut buf).is_some() {
        sent += 1;
    }
    sent
}

#[test]
fn the_announcer_is_dropped_when_its_pace_is_forgotten() {
    let mut slots = slots(2);
    let (mut router, now) = active(Frugal::new(announcements(1), &mut slots));
    assert!(router.storage().announcer.is_none());
    router.installed(0, None);
    assert!(router.storage().announcer.is_none(), "nothing to announce");
    router.installed(0, MAC);
    assert_eq!(router.announcement_deadline(), Some(Instant::EPOCH));
    assert_eq!(poll(&mut router, now), 1);
    assert_eq!(router.announcement_deadline(), None);
    let free = now + SECOND / 10;
    router.timeout(now + SECOND / 11);
    assert!(router.storage().announcer.is_some());
    router.timeout(free);
    assert!(router.storage().announcer.is_none());
}

#[test]
fn a_router_that_is_no_longer_active_lets_its_announcer_go() {
    let mut slots = slots(2);
    let (mut router, now) = active(Frugal::new(announcements(9), &mut slots));
    router.installed(0, MAC);
    assert_eq!(poll(&mut router, now), 1);
    router.handle(now, Event::Yield);
    assert_eq!(poll(&mut router, now), 1, "its resignation");
    assert_eq!(router.announcement_deadline(), None);
    assert!(router.storage().announcer.is_some(), "the pace goes on");
    router.timeout(now + SECOND / 10);
    assert!(router.storage().announcer.is_none());
}

#[test]
fn a_refresh_begins_though_there_was_no_announcer() {
    let (mut old_slots, mut new_slots) = (slots(2), slots(2));
    let (mut router, now) = active(Frugal::new(announcements(1), &mut old_slots));
    assert!(router.storage().announcer.is_none());
    let settings = announce::Settings {
        refresh: 2 * SECOND,
        ..announce::Settings::default()
    };
    let refreshed = Announcements {
        config: announce::Config::try_from(settings).unwrap(),
        ..announcements(1)
    };
    let storage = Frugal::new(refreshed, &mut new_slots);
    let same = *router.machine().config();
    let _former = router.update(now, same, storage).unwrap();
    assert_eq!(router.announcement_deadline(), Some(now + 2 * SECOND));
}

#[test]
fn what_the_storage_takes_for_another_address_is_not_in_place() {
    for (interface, kept) in [(1, true), (2, false)] {
        let (mut old_slots, mut new_slots) = (slots(2), slots(2));
        let (mut router, now) = active(Frugal::new(announcements(1), &mut old_slots));
        router.installed(1, MAC);
        let mut storage = Frugal::new(announcements(1), &mut new_slots);
        storage.interface = interface;
        let same = *router.machine().config();
        let _former = router.update(now, same, storage).unwrap();
        assert_eq!(router.is_installed(1), kept);
        let asked = router.poll_event() == Some(EndpointEvent::AddAddresses);
        assert_eq!(asked, !kept, "for addresses on interface {interface}");
    }
}
