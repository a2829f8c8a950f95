//! Benchmarks of the plan for 5,000 virtual servers of ten destinations each.

use core::hint::black_box;

use benches::tables;
use criterion::{Criterion, criterion_group, criterion_main};
use ipvs_core::{Configuration, Order, plan};

fn plans(c: &mut Criterion) {
    let mut group = c.benchmark_group("plan, 5,000 x 10");
    group.sample_size(20);
    let empty = Configuration::new();
    let desired = tables::configuration(5_000, 10, 0);
    let weighted = tables::configuration(5_000, 10, 1);
    let cases = [
        ("from nothing", &empty, 55_000),
        ("nothing to do", &desired, 0),
        ("every weight differs", &weighted, 50_000),
    ];
    for (name, actual, changes) in cases {
        for order in [Order::Any, Order::Exact] {
            assert_eq!(plan(actual, &desired, |_| true, order).len(), changes);
            group.bench_function(format!("{name}, {order:?} order"), |b| {
                b.iter(|| plan(black_box(actual), black_box(&desired), |_| true, order));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, plans);
criterion_main!(benches);
