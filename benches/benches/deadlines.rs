//! Benchmarks of the timers of many virtual routers.

use core::hint::black_box;
use core::time::Duration;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use vrrp_core::Instant;
use vrrp_mio::Deadlines;

const INTERVAL: Duration = Duration::from_secs(1);
const DOWN: Duration = Duration::from_millis(3_609);

/// `count` deadlines, evenly within the next second.
fn spread(count: usize) -> Deadlines {
    let mut deadlines = Deadlines::new();
    for id in 0..count {
        let nanos = 1_000_000_000 / count * (id * 7_919 % count);
        let at = Instant::from_nanos(nanos.try_into().unwrap_or(u64::MAX));
        deadlines.set(id, Some(at));
    }
    deadlines
}

/// The instants at which `count` neighbours advertise in turn, for ever.
fn adverts(count: usize) -> impl FnMut() -> (usize, Instant) {
    let mut turn = 0;
    let mut now = Instant::EPOCH;
    let apart = INTERVAL / u32::try_from(count).unwrap_or(u32::MAX);
    move || {
        turn = (turn + 1) % count;
        now = now + apart;
        (turn, now)
    }
}

fn deadlines(c: &mut Criterion) {
    let mut group = c.benchmark_group("deadlines");
    for count in [100, 1_000, 10_000, 100_000] {
        group.bench_function(
            BenchmarkId::new("put off by an advertisement", count),
            |b| {
                let mut deadlines = spread(count);
                let mut next = adverts(count);
                b.iter(|| {
                    let (id, now) = next();
                    deadlines.set(id, Some(now + DOWN));
                    while deadlines.wake_up().is_some_and(|at| at <= now) {
                        black_box(deadlines.pop_due(now));
                    }
                });
            },
        );
        group.bench_function(BenchmarkId::new("fire and set again", count), |b| {
            let mut deadlines = spread(count);
            b.iter(|| {
                let now = deadlines.wake_up().expect("none is cancelled");
                let id = deadlines.pop_due(black_box(now)).expect("all are exact");
                deadlines.set(id, Some(now + INTERVAL));
            });
        });
    }
    group.finish();
}

criterion_group!(benches, deadlines);
criterion_main!(benches);
