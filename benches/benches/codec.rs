//! Benchmarks of decoding, encoding, checksums and the Authentication Header.

use core::hint::black_box;
use core::net::Ipv4Addr;

use benches::packets::{self, NEIGHBOUR};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use vrrp_core::Family;
use vrrp_core::wire::{
    Advertisement, AhHeader, AhPacket, Authentication, Checksum, Format, IcvForm, Ipv4Header,
    Ipv4Packet, Key, MULTICAST_V4, TOS, TTL,
};

fn advertisements(c: &mut Criterion) {
    let mut group = c.benchmark_group("advertisement");
    let versions = [
        (
            "v2 with password",
            Family::V4,
            Some(Authentication::Simple(*b"password")),
        ),
        ("v3 over IPv4", Family::V4, None),
        ("v3 over IPv6", Family::V6, None),
    ];
    for (name, family, authentication) in versions {
        let ends = packets::ends(family);
        let mut advertisement = packets::advertisement(family);
        if let Some(authentication) = authentication {
            advertisement.format = Format::V2(authentication);
        }
        let octets = packets::octets(&advertisement, &ends);
        group.bench_function(format!("decode, {name}"), |b| {
            b.iter(|| Advertisement::decode(black_box(&octets), black_box(&ends)));
        });
        group.bench_function(format!("encode, {name}"), |b| {
            let mut buffer = [0_u8; 64];
            b.iter(|| {
                let mut dst = &mut buffer[..];
                let result = black_box(&advertisement).encode(black_box(&ends), &mut dst);
                black_box(&mut buffer);
                result
            });
        });
    }
    group.finish();
}

fn checksums(c: &mut Criterion) {
    let mut group = c.benchmark_group("checksum");
    for length in [16, 40, 1_480] {
        let octets: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
        let theirs = internet_checksum::checksum(&octets);
        assert_eq!(Checksum::new().octets(&octets).field(), theirs);
        group.throughput(Throughput::Bytes(length.try_into().unwrap_or(u64::MAX)));
        group.bench_function(format!("ours, {length} octets"), |b| {
            b.iter(|| Checksum::new().octets(black_box(&octets)).field());
        });
        group.bench_function(format!("internet-checksum, {length} octets"), |b| {
            b.iter(|| internet_checksum::checksum(black_box(&octets)));
        });
    }
    group.finish();
}

fn authentication(c: &mut Criterion) {
    let mut group = c.benchmark_group("authentication header");
    let key = Key::from_password(b"password").expect("it has eight octets");
    let mut advertisement = packets::advertisement(Family::V4);
    advertisement.format = Format::V2(Authentication::Ah);
    let payload = packets::octets(&advertisement, &packets::ends(Family::V4));
    let ip = Ipv4Header {
        source: NEIGHBOUR,
        destination: MULTICAST_V4,
        ttl: TTL,
        tos: TOS,
        id: 1,
        protocol: 0,
        payload_len: 0,
    };
    let header = AhHeader {
        spi: Ipv4Addr::to_bits(NEIGHBOUR),
        sequence: 1,
    };
    let mut packet = Vec::with_capacity(128);
    let encoded = header.encode(&ip, &payload, &key, IcvForm::TtlCovered, &mut packet);
    encoded.expect("a vector has room");
    let ah = |octets| {
        let packet = Ipv4Packet::decode(octets).expect("it was just written");
        AhPacket::decode(&packet)
            .expect("it was just written")
            .verify(&key)
    };
    assert_eq!(ah(&packet), Ok(IcvForm::TtlCovered));
    group.bench_function("verify, second form tried", |b| {
        b.iter(|| ah(black_box(&packet)))
    });
    let mut buffer = Vec::with_capacity(128);
    group.bench_function("encode", |b| {
        b.iter(|| {
            buffer.clear();
            black_box(&header).encode(
                &ip,
                black_box(&payload),
                &key,
                IcvForm::TtlCovered,
                &mut buffer,
            )
        });
    });
    group.finish();
}

criterion_group!(benches, advertisements, checksums, authentication);
criterion_main!(benches);
