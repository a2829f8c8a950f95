//! Benchmarks of reading large configurations.

use core::hint::black_box;

use benches::configuration;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ha_daemon::config::{LoadOptions, load_str};

fn loading(c: &mut Criterion) {
    let mut group = c.benchmark_group("configuration");
    group.sample_size(10);
    let files = [
        (
            "10,000 virtual servers",
            configuration::virtual_servers(10_000),
        ),
        ("16,000 instances", configuration::instances(16_000, 100)),
    ];
    for (name, text) in files {
        let loaded = load_str("keepalived.conf", &text, &LoadOptions::default());
        assert_eq!(
            loaded.diagnostics.len() + loaded.omitted,
            0,
            "{:?}",
            loaded.diagnostics
        );
        let octets = text.len().try_into().unwrap_or(u64::MAX);
        group.throughput(Throughput::Bytes(octets));
        group.bench_function(name, |b| {
            b.iter(|| load_str("keepalived.conf", black_box(&text), &LoadOptions::default()));
        });
    }
    group.finish();
}

criterion_group!(benches, loading);
criterion_main!(benches);
