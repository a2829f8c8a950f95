//! Tests of the encoding of transactions.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::*;
use crate::netlink::Messages;

/// Numbers of the host's order, where the tables below have those of a little-endian one.
fn assert_octets(datagram: &[u8], expected: &[&[u8]]) {
    if cfg!(target_endian = "little") {
        assert_eq!(datagram, expected.concat());
    }
}

const BEGIN: &[u8] = &[
    20, 0, 0, 0, 16, 0, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10,
];

#[test]
fn clearing_makes_the_table_and_deletes_it() {
    let mut datagram = vec![1, 2, 3];
    let sequences = Transaction::Clear.encode("t", Ownership::Socket, 5, &mut datagram);
    assert_eq!(sequences, Sequences { begin: 5, last: 7 });
    assert_octets(
        &datagram,
        &[
            BEGIN,
            &[36, 0, 0, 0, 0, 10, 1, 4, 6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
            &[6, 0, 1, 0, b't', 0, 0, 0, 8, 0, 2, 0, 0, 0, 0, 2],
            &[28, 0, 0, 0, 2, 10, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
            &[6, 0, 1, 0, b't', 0, 0, 0],
            &[
                20, 0, 0, 0, 17, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10,
            ],
        ],
    );
}

#[test]
fn a_change_adds_and_removes_elements_set_by_set() {
    let change = Transaction::Change {
        added: vec![Destination::V4(Ipv4Addr::new(192, 0, 2, 1))],
        removed: vec![Destination::LinkLocal {
            interface: 3,
            address: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1),
        }],
    };
    let mut datagram = Vec::new();
    let sequences = change.encode("t", Ownership::Socket, 5, &mut datagram);
    assert_eq!(sequences, Sequences { begin: 5, last: 7 });
    assert_octets(
        &datagram,
        &[
            BEGIN,
            &[
                64, 0, 0, 0, 12, 10, 1, 4, 6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
            ],
            &[6, 0, 1, 0, b't', 0, 0, 0, 7, 0, 2, 0, b'v', b'4', 0, 0],
            &[8, 0, 4, 0, 0, 0, 0, 1],
            &[20, 0, 3, 0x80, 16, 0, 1, 0x80, 12, 0, 1, 0x80],
            &[8, 0, 1, 0, 192, 0, 2, 1],
            &[
                80, 0, 0, 0, 14, 10, 5, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0,
            ],
            &[6, 0, 1, 0, b't', 0, 0, 0],
            &[15, 0, 2, 0],
            b"link_local\0\0",
            &[36, 0, 3, 0x80, 32, 0, 1, 0x80, 28, 0, 1, 0x80, 24, 0, 1, 0],
            &[
                3, 0, 0, 0, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
            ],
            &[
                20, 0, 0, 0, 17, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10,
            ],
        ],
    );
}

#[test]
fn building_replaces_a_table_and_fills_it_in_one_batch() {
    let elements = vec![Destination::V6(Ipv6Addr::LOCALHOST)];
    let mut datagram = Vec::new();
    Transaction::Build { elements }.encode("t", Ownership::Anybody, 1, &mut datagram);
    let messages: Vec<_> = Messages::new(&datagram).map(Result::unwrap).collect();
    let kinds: Vec<_> = messages.iter().map(|message| message.kind).collect();
    let operations = [0, 2, 0, 9, 9, 9, 3, 6, 6, 6, 6, 12].map(|operation| 0x0a00 + operation);
    assert_eq!(kinds, [&[16], &operations[..], &[17]].concat());
    let sequences: Vec<_> = messages.iter().map(|message| message.sequence).collect();
    assert_eq!(sequences, (1..=14).collect::<Vec<_>>());
    let acknowledged = messages.iter().filter(|message| message.flags & 4 != 0);
    assert_eq!(
        acknowledged.map(|message| message.kind).collect::<Vec<_>>(),
        [0x0a0c]
    );
    assert_eq!(
        messages[3].payload,
        [
            1, 0, 0, 0, 6, 0, 1, 0, b't', 0, 0, 0, 8, 0, 2, 0, 0, 0, 0, 0
        ],
        "a table of nobody's"
    );
}

#[test]
fn the_chain_hooks_local_input_just_before_ordinary_filters() {
    let mut datagram = Vec::new();
    Transaction::Build { elements: vec![] }.encode("t", Ownership::Socket, 1, &mut datagram);
    let chain = Messages::new(&datagram).map(Result::unwrap);
    let chain = chain
        .filter(|message| message.kind == 0x0a03)
        .last()
        .unwrap();
    assert_octets(
        chain.payload,
        &[
            &[1, 0, 0, 0, 6, 0, 1, 0, b't', 0, 0, 0, 10, 0, 3, 0],
            b"input\0\0\0",
            &[20, 0, 4, 0x80, 8, 0, 1, 0, 0, 0, 0, 1],
            &[8, 0, 2, 0, 0xff, 0xff, 0xff, 0xff],
            &[11, 0, 7, 0],
            b"filter\0\0",
        ],
    );
}

#[test]
fn the_ipv4_rule_drops_by_destination() {
    let mut rule = Vec::new();
    refuse_v4(&mut Attributes::of(&mut rule));
    assert_octets(
        &rule,
        &[
            &[36, 0, 1, 0x80, 9, 0, 1, 0],
            b"meta\0\0\0\0",
            &[
                20, 0, 2, 0x80, 8, 0, 1, 0, 0, 0, 0, 1, 8, 0, 2, 0, 0, 0, 0, 15,
            ],
            &[44, 0, 1, 0x80, 8, 0, 1, 0],
            b"cmp\0",
            &[
                32, 0, 2, 0x80, 8, 0, 1, 0, 0, 0, 0, 1, 8, 0, 2, 0, 0, 0, 0, 0,
            ],
            &[12, 0, 3, 0x80, 5, 0, 1, 0, 2, 0, 0, 0],
            &[52, 0, 1, 0x80, 12, 0, 1, 0],
            b"payload\0",
            &[
                36, 0, 2, 0x80, 8, 0, 1, 0, 0, 0, 0, 1, 8, 0, 2, 0, 0, 0, 0, 1,
            ],
            &[8, 0, 3, 0, 0, 0, 0, 16, 8, 0, 4, 0, 0, 0, 0, 4],
            &[44, 0, 1, 0x80, 11, 0, 1, 0],
            b"lookup\0\0",
            &[28, 0, 2, 0x80, 7, 0, 1, 0, b'v', b'4', 0, 0],
            &[8, 0, 2, 0, 0, 0, 0, 1, 8, 0, 4, 0, 0, 0, 0, 1],
            &[48, 0, 1, 0x80, 14, 0, 1, 0],
            b"immediate\0\0\0",
            &[28, 0, 2, 0x80, 8, 0, 1, 0, 0, 0, 0, 0, 16, 0, 2, 0x80],
            &[12, 0, 2, 0x80, 8, 0, 1, 0, 0, 0, 0, 0],
        ],
    );
}

#[test]
fn addresses_of_either_kind_go_to_their_set() {
    use crate::interfaces::AddressKey;
    let destination = |text: &str| {
        let key = AddressKey::new(4, text.parse().unwrap(), 24, None);
        Destination::from(&key)
    };
    assert_eq!(
        destination("192.0.2.1"),
        Destination::V4(Ipv4Addr::new(192, 0, 2, 1))
    );
    assert_eq!(
        destination("2001:db8::1"),
        Destination::V6("2001:db8::1".parse().unwrap())
    );
    assert_eq!(
        destination("fe80::1"),
        Destination::LinkLocal {
            interface: 4,
            address: "fe80::1".parse().unwrap()
        }
    );
}
