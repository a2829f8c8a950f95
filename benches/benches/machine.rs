//! Benchmarks of the state machine, admission, and the announcements of a new Active Router.

use core::hint::black_box;
use core::time::Duration;

use benches::packets;
use criterion::{Criterion, criterion_group, criterion_main};
use vrrp_core::announce::{Announcer, Config, Settings};
use vrrp_core::receive::ReplayWindow;
use vrrp_core::{Announcement, Event, Family, Instant, Priority};

fn machine(c: &mut Criterion) {
    let mut group = c.benchmark_group("machine");
    group.bench_function("advertisement heard in Backup", |b| {
        let mut router = packets::backup();
        let mut now = Instant::EPOCH;
        let heard = packets::heard(Priority::new(200).expect("it is in range"));
        b.iter(|| {
            now = now + Duration::from_secs(1);
            let actions = router.handle(now, Event::Advertisement(*black_box(&heard)));
            black_box(&actions);
        });
    });
    group.bench_function("Adver_Timer in Active", |b| {
        let mut router = packets::active();
        b.iter(|| {
            let now = router.deadline().expect("an Active Router has one");
            let actions = router.handle(now, Event::Timeout);
            black_box(&actions);
        });
    });
    group.bench_function("early timeout in Active", |b| {
        let mut router = packets::active();
        b.iter(|| {
            let actions = router.handle(Instant::EPOCH, black_box(Event::Timeout));
            black_box(&actions);
        });
    });
    group.bench_function("octets to actions in Backup", |b| {
        let mut router = packets::backup();
        let mut replay = ReplayWindow::new();
        let ends = packets::ends(Family::V4);
        let octets = packets::octets(&packets::advertisement(Family::V4), &ends);
        let mut now = Instant::EPOCH;
        b.iter(|| {
            now = now + Duration::from_secs(1);
            let event = packets::admitted(black_box(&octets), &router, &mut replay);
            black_box(router.handle(now, event))
        });
    });
    group.finish();
}

fn announce(c: &mut Criterion) {
    let config = Config::try_from(Settings::default()).expect("the defaults are valid");
    let mut slots = packets::slots();
    c.bench_function("announce/block of 5 copies of 100 addresses", |b| {
        b.iter(|| {
            let mut announcer = Announcer::new(config, Duration::ZERO, Duration::ZERO);
            announcer.start(black_box(Instant::EPOCH), Announcement::NewActive);
            let mut sum = 0;
            while let Some(address) = announcer.next(Instant::EPOCH, &mut slots) {
                sum += black_box(address);
            }
            sum
        });
    });
}

criterion_group!(benches, machine, announce);
criterion_main!(benches);
