//! Tests that the work per packet, per event and per connection allocates nothing.

use allocation_counter::measure;
use benches::{packets, tables};
use core::hint::black_box;
use core::time::Duration;
use ipvs_core::scheduler::{Model, Schedule};
use ipvs_core::{KernelProfile, Scheduler};
use vrrp_core::announce::{Announcer, Config, Settings};
use vrrp_core::receive::ReplayWindow;
use vrrp_core::wire::{Advertisement, Authentication, Format};
use vrrp_core::{Announcement, Event, Family, Instant, Priority};

/// How many allocations `work` makes.
fn allocations<T>(mut work: impl FnMut() -> T) -> u64 {
    measure(|| drop(black_box(work()))).count_total
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| Box::new(1)), 1);
}

#[test]
fn decoding_and_encoding_allocate_nothing() {
    let formats = [
        (Family::V4, None),
        (Family::V6, None),
        (Family::V4, Some(Authentication::Simple(*b"password"))),
    ];
    for (family, authentication) in formats {
        let ends = packets::ends(family);
        let mut advertisement = packets::advertisement(family);
        if let Some(authentication) = authentication {
            advertisement.format = Format::V2(authentication);
        }
        let octets = packets::octets(&advertisement, &ends);
        let mut buffer = [0; 64];
        let decoding = allocations(|| Advertisement::decode(black_box(&octets), &ends).is_ok());
        let encoding = allocations(|| advertisement.encode(&ends, &mut &mut buffer[..]).is_ok());
        assert_eq!(
            (decoding, encoding),
            (0, 0),
            "{family:?} {authentication:?}"
        );
        assert_eq!(Advertisement::decode(&octets, &ends), Ok(advertisement));
        assert_eq!(&buffer[..octets.len()], octets);
    }
}

#[test]
fn a_life_of_a_router_allocates_nothing() {
    let octets = packets::octets(
        &packets::advertisement(Family::V4),
        &packets::ends(Family::V4),
    );
    let mut replay = ReplayWindow::new();
    let life = || {
        let mut router = packets::backup();
        let mut actions = 0;
        let event = packets::admitted(&octets, &router, &mut replay);
        actions += router.handle(Instant::EPOCH, event).iter().count();
        for _ in 0..3 {
            let now = router.deadline().expect("it runs");
            actions += router.handle(now, Event::Timeout).iter().count();
        }
        let better = packets::heard(Priority::new(200).expect("it is in range"));
        let now = router.deadline().expect("it runs");
        actions += router
            .handle(now, Event::Advertisement(better))
            .iter()
            .count();
        actions + router.handle(now, Event::Shutdown).iter().count()
    };
    // Three to become Active, an advertisement each time after that, one to yield.
    assert_eq!(allocations_of(life), (0, 6));
}

fn allocations_of<T>(work: impl FnOnce() -> T) -> (u64, T) {
    let mut result = None;
    let count = measure(|| result = Some(work())).count_total;
    (count, result.expect("it was run"))
}

#[test]
fn announcing_allocates_nothing() {
    let config = Config::try_from(Settings::default()).expect("the defaults are valid");
    let mut slots = packets::slots();
    let announce = || {
        let mut announcer = Announcer::new(config, Duration::ZERO, Duration::ZERO);
        announcer.start(Instant::EPOCH, Announcement::NewActive);
        core::iter::from_fn(|| announcer.next(Instant::EPOCH, &mut slots)).count()
    };
    assert_eq!(allocations_of(announce), (0, 500));
}

/// The caches of `lblc` and `lblcr` remember an address when it is first asked for.
#[test]
fn picking_allocates_nothing_once_an_address_is_known() {
    let table = tables::table(64);
    for scheduler in Scheduler::ALL {
        let mut model = Model::new(&scheduler, KernelProfile::default()).expect("it has a model");
        model.start(&table);
        let mut pick = || {
            (0..100)
                .filter_map(|client| model.pick(&table, &tables::request(client)))
                .count()
        };
        assert_eq!(pick(), 100, "{}", scheduler.name());
        assert_eq!(allocations_of(pick), (0, 100), "{}", scheduler.name());
    }
}
