//! Benchmarks of encoding IPVS requests and decoding the kernel's lists.

use core::hint::black_box;

use benches::tables;
use criterion::{Criterion, criterion_group, criterion_main};
use ipvs_core::Family;
use ipvs_netlink::{Request, codec};

/// Octets of the headers of netlink and of generic netlink.
const HEADER: usize = 16;
/// `IPVS_SVC_ATTR_STATS` and `IPVS_DEST_ATTR_STATS`.
const STATS: u16 = 10;
/// `IPVS_SVC_ATTR_STATS64` and `IPVS_DEST_ATTR_STATS64`.
const STATS64: u16 = 12;
/// `IPVS_DEST_ATTR_ACTIVE_CONNS`, `_INACT_CONNS` and `_PERSIST_CONNS`.
const CONNECTIONS: [u16; 3] = [7, 8, 9];

fn attribute(number: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).expect("a value is short");
    let mut octets = [length.to_ne_bytes(), number.to_ne_bytes()].concat();
    octets.extend(value);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

/// What a kernel lists beyond what a request says: `more`, and counters in both widths.
fn listed(payload: &[u8], more: &[u8]) -> Vec<u8> {
    let counters = |octets: usize| {
        let of_number = |number: u16| {
            let octets = if number == 4 || number == 5 {
                8
            } else {
                octets
            };
            attribute(number, &[0; 8][..octets])
        };
        (1..=10).flat_map(of_number).collect::<Vec<u8>>()
    };
    let (generic, nest) = payload.split_at(4);
    let mut attributes = nest[4..].to_vec();
    attributes.extend(more);
    attributes.extend(attribute(STATS, &counters(4)));
    attributes.extend(attribute(STATS64, &counters(8)));
    let number = u16::from_ne_bytes([nest[2], nest[3]]);
    [generic.to_vec(), attribute(number, &attributes)].concat()
}

fn encoded(request: &Request) -> Vec<u8> {
    let mut datagram = Vec::new();
    codec::request(request, &mut datagram).expect("it fits");
    datagram
}

/// The payload of a message about a destination, without the service it names first.
fn about_destination(message: &[u8]) -> Vec<u8> {
    let (generic, service) = message[HEADER..].split_at(4);
    let length = usize::from(u16::from_ne_bytes([service[0], service[1]]));
    [generic, &service[length..]].concat()
}

fn netlink(c: &mut Criterion) {
    let mut group = c.benchmark_group("netlink");
    let service = tables::service(1);
    let destination = tables::destination(0xac10_0001, 1);
    let requests = [
        ("service", Request::AddService(service)),
        (
            "destination",
            Request::AddDestination(service.key, destination),
        ),
    ];
    for (name, request) in requests {
        let mut datagram = Vec::with_capacity(1_024);
        group.bench_function(format!("encode, {name}"), |b| {
            b.iter(|| {
                datagram.clear();
                codec::request(black_box(&request), &mut datagram)
            });
        });
    }
    let octets = listed(&encoded(&requests[0].1)[HEADER..], &[]);
    assert_eq!(
        codec::service(&octets).map(|record| record.service),
        Ok(service)
    );
    group.bench_function("decode, service", |b| {
        b.iter(|| codec::service(black_box(&octets)));
    });
    let none = CONNECTIONS
        .map(|number| attribute(number, &[0; 4]))
        .concat();
    let octets = listed(&about_destination(&encoded(&requests[1].1)), &none);
    let decode = |octets| codec::destination(octets, Family::V4);
    assert_eq!(
        decode(&octets).map(|record| record.destination),
        Ok(destination)
    );
    group.bench_function("decode, destination", |b| {
        b.iter(|| decode(black_box(&octets)));
    });
    group.finish();
}

criterion_group!(benches, netlink);
criterion_main!(benches);
