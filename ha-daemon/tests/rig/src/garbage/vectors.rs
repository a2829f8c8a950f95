//! Packets that must be discarded. Each is an advert of priority 255, which would be obeyed, with
//! one defect.

use super::packet::{
    advert, advert_v6, advert_with_header, advert_with_ttl, authenticated, sealed_v2, sealed_v3,
    sealed_v6,
};

/// For the virtual router `vrid` of version 3 over IPv4.
pub fn v3(vrid: u8) -> Vec<Vec<u8>> {
    let one = |first| sealed_v3(pdu(first, vrid, 1, 10, 1));
    let good = one(0x31);
    let mut frames = Vec::new();
    // RFC 9568 §7.1: versions and types.
    frames.extend([0x01, 0x11, 0x41, 0xf1, 0x30, 0x32, 0x3f].map(|first| advert(&one(first))));
    // TTL or hop limit (RFC 9568 §7.1).
    frames.extend([0, 1, 64, 254].map(|ttl| advert_with_ttl(ttl, &good)));
    // No addresses, and wrong counts (RFC 9568 §5.2.5 and §7.1).
    frames.extend(
        [
            pdu(0x31, vrid, 0, 10, 0),
            pdu(0x31, vrid, 3, 10, 2),
            pdu(0x31, vrid, 1, 10, 3),
            pdu(0x31, 0, 1, 10, 1),
        ]
        .map(|pdu| advert(&sealed_v3(pdu))),
    );
    // Every truncation and every flipped bit (RFC 9568 §7.1).
    frames.extend((0..good.len()).map(|length| advert(&good[..length])));
    frames.extend((0..good.len() * 8).map(|bit| advert(&flipped(&good, bit))));
    // A version 2 trailer: the sum over the message alone does not notice it, the length must.
    frames.push(advert(&[good.as_slice(), &[0; 8]].concat()));
    frames.push(advert(&carp(vrid)));
    // Header lengths and total lengths that lie, and fragments.
    let headers: [(usize, u8); 8] = [
        (0, 0x44),
        (0, 0x46),
        (0, 0x4f),
        (2, 0xff),
        (3, 10),
        (3, 24),
        (6, 0x20),
        (7, 0x05),
    ];
    frames.extend(headers.map(|(at, octet)| advert_with_header(at, octet, &good)));
    frames
}

/// An advert with an interval of zero, which would make the Active_Down_Interval zero (RFC 9568
/// erratum 8301).
pub fn interval_zero(vrid: u8) -> Vec<u8> {
    advert(&sealed_v3(pdu(0x31, vrid, 1, 0, 1)))
}

/// For the virtual router `vrid` of version 2 with the password `s3cr3t` (RFC 3768 §5.3.6 and §7.1,
/// RFC 2338 §5.3.6).
pub fn password(vrid: u8) -> Vec<Vec<u8>> {
    let mut frames: Vec<_> = [
        v2(vrid, 0, 1, [0; 8]),
        v2(vrid, 1, 1, *b"s3cr3x\0\0"),
        v2(vrid, 1, 1, *b"s3cr3\0\0\0"),
        v2(vrid, 1, 1, [0; 8]),
        v2(vrid, 2, 1, *b"s3cr3t\0\0"),
        v2(vrid, 3, 1, *b"s3cr3t\0\0"),
        v2(vrid, 1, 2, *b"s3cr3t\0\0"),
    ]
    .map(|pdu| advert(&pdu))
    .into();
    let good = v2(vrid, 1, 1, *b"s3cr3t\0\0");
    frames.push(advert(&sealed_v2(good[..12].to_vec())));
    frames.extend((0..good.len() * 8).map(|bit| advert(&flipped(&good, bit))));
    frames
}

/// For the virtual router `vrid` of version 2 with the Authentication Header (RFC 2338 §5.3.6).
pub fn authentication_header(vrid: u8) -> Vec<Vec<u8>> {
    let pdu = v2(vrid, 2, 1, [0; 8]);
    let header = |next: u8, words: u8, icv: u8| {
        let mut header = vec![next, words, 0, 0, 10, 0, 0, 3, 0xff, 0, 0, 1];
        header.extend([icv; 12]);
        header
    };
    let mut frames = vec![advert(&pdu)];
    for (next, words, icv) in [
        (112, 4, 0),
        (112, 4, 0xa5),
        (51, 4, 0),
        (112, 0, 0),
        (112, 255, 0),
    ] {
        frames.push(authenticated(
            &[header(next, words, icv), pdu.clone()].concat(),
        ));
    }
    let whole = [header(112, 4, 0), pdu].concat();
    frames.extend((0..whole.len()).map(|length| authenticated(&whole[..length])));
    frames
}

/// For the virtual router `vrid` of version 3 over IPv6.
pub fn v6(vrid: u8) -> Vec<Vec<u8>> {
    let pdu = |first: u8, count: u8| {
        let mut pdu = vec![first, vrid, 255, count, 0, 10, 0, 0];
        for [high, low] in [[0xfe, 0x80], [0xfd, 0x00]] {
            pdu.extend([high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, vrid]);
        }
        pdu
    };
    let good = sealed_v6(pdu(0x31, 2));
    let mut frames: Vec<_> = [0, 1, 64, 254].map(|limit| advert_v6(limit, &good)).into();
    frames.extend([0x21, 0x41, 0x30, 0x32].map(|first| advert_v6(255, &sealed_v6(pdu(first, 2)))));
    frames.extend([1, 3, 255].map(|count| advert_v6(255, &sealed_v6(pdu(0x31, count)))));
    frames.push(advert_v6(255, &sealed_v6(pdu(0x31, 0)[..8].to_vec())));
    frames.extend((0..good.len()).map(|length| advert_v6(255, &good[..length])));
    frames.extend((0..good.len() * 8).map(|bit| advert_v6(255, &flipped(&good, bit))));
    frames
}

/// Good adverts for routers that nobody here is, as other groups on a link would send
/// (RFC 9568 §7.1).
pub fn strangers() -> Vec<Vec<u8>> {
    (100..=255)
        .map(|vrid| advert(&sealed_v3(pdu(0x31, vrid, 1, 10, 1))))
        .collect()
}

fn pdu(first: u8, vrid: u8, count: u8, centis: u8, present: u8) -> Vec<u8> {
    let mut pdu = vec![first, vrid, 255, count, 0, centis, 0, 0];
    for number in 0..present {
        pdu.extend([10, 0, 1, vrid.wrapping_add(number)]);
    }
    pdu
}

fn v2(vrid: u8, authentication: u8, seconds: u8, data: [u8; 8]) -> Vec<u8> {
    let mut pdu = vec![
        0x21,
        vrid,
        255,
        1,
        authentication,
        seconds,
        0,
        0,
        10,
        0,
        1,
        vrid,
    ];
    pdu.extend(data);
    sealed_v2(pdu)
}

/// CARP shares the protocol number, the group and the first octet: its checksum is right and its
/// length is not.
fn carp(vrid: u8) -> Vec<u8> {
    let mut pdu = vec![0x21, vrid, 100, 7, 0, 1, 0, 0];
    pdu.extend(0..28);
    sealed_v2(pdu)
}

/// One flipped bit, which the checksum catches.
fn flipped(pdu: &[u8], bit: usize) -> Vec<u8> {
    let mut pdu = pdu.to_vec();
    pdu[bit / 8] ^= 1 << (bit % 8);
    pdu
}
