//! Benchmarks of a pick, and of a changed table, by scheduler and number of destinations.

use core::hint::black_box;

use benches::tables;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ipvs_core::scheduler::{Criterion as Least, Indexed, Model, Schedule};
use ipvs_core::{KernelProfile, Scheduler};

const COUNTS: [u32; 5] = [2, 16, 256, 2_048, 10_000];

fn model(scheduler: &Scheduler) -> Model {
    let model = Model::new(scheduler, KernelProfile::default());
    model.expect("the kernel's own schedulers have models")
}

fn picks(c: &mut Criterion) {
    for scheduler in Scheduler::ALL {
        let mut group = c.benchmark_group(format!("pick, {}", scheduler.name()));
        for count in COUNTS {
            group.bench_function(BenchmarkId::from_parameter(count), |b| {
                let table = tables::table(count);
                let mut model = model(&scheduler);
                model.start(&table);
                let mut client = 0;
                b.iter(|| {
                    client = (client + 1) % 1_024;
                    model.pick(black_box(&table), &tables::request(client))
                });
            });
        }
        group.finish();
    }
}

fn indexed(c: &mut Criterion) {
    for least in [Least::Lc, Least::Wlc, Least::Sed] {
        let mut group = c.benchmark_group(format!("pick and bind, indexed {least:?}"));
        for count in COUNTS {
            group.bench_function(BenchmarkId::from_parameter(count), |b| {
                let mut indexed = Indexed::new(least, tables::table(count));
                let mut client = 0;
                b.iter(|| {
                    client = (client + 1) % 1_024;
                    let picked = indexed.pick(black_box(&tables::request(client)));
                    if let Some(position) = picked {
                        indexed.bind(position);
                    }
                    picked
                });
            });
        }
        group.finish();
    }
}

/// What those cost that keep something made of the whole table.
fn rebuilds(c: &mut Criterion) {
    for scheduler in [Scheduler::Wrr, Scheduler::Mh] {
        let mut group = c.benchmark_group(format!("rebuild, {}", scheduler.name()));
        for count in COUNTS {
            group.bench_function(BenchmarkId::from_parameter(count), |b| {
                let table = tables::table(count);
                let mut model = model(&scheduler);
                b.iter(|| {
                    model.start(black_box(&table));
                    model.pick(&table, &tables::request(1))
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, picks, indexed, rebuilds);
criterion_main!(benches);
