//! Tests of the decoder.

use proptest::prelude::*;

use super::*;

fn attribute(number: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).unwrap();
    let mut octets = [length.to_ne_bytes(), number.to_ne_bytes()].concat();
    octets.extend(value);
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

fn message_of(number: u16, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = vec![1, 1, 0, 0];
    octets.extend(attribute(number, &attributes.concat()));
    octets
}

/// Ten counters, the octets in 8 octets each and the others in as many as `wide` says.
fn counters(wide: bool) -> Vec<u8> {
    let counter = |number: u16| {
        let value = 100 + u64::from(number);
        if wide || number == 4 || number == 5 {
            attribute(number, &value.to_ne_bytes())
        } else {
            attribute(number, &u32::try_from(value).unwrap().to_ne_bytes())
        }
    };
    (1..=10).flat_map(counter).collect()
}

fn expected_statistics() -> Statistics {
    Statistics {
        totals: Totals {
            connections: 101,
            packets_in: 102,
            packets_out: 103,
            octets_in: 104,
            octets_out: 105,
        },
        rates: Rates {
            connections: 106,
            packets_in: 107,
            packets_out: 108,
            octets_in: 109,
            octets_out: 110,
        },
    }
}

fn word(number: u16, value: u32) -> Vec<u8> {
    attribute(number, &value.to_ne_bytes())
}

/// Attributes as a kernel lists a service of TCP.
fn service_attributes() -> Vec<Vec<u8>> {
    let address = [192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    vec![
        attribute(1, &2u16.to_ne_bytes()),
        attribute(2, &6u16.to_ne_bytes()),
        attribute(3, &address),
        attribute(4, &[0, 80]),
        attribute(6, b"wlc\0"),
        attribute(7, &[0x0bu32.to_ne_bytes(), [0xff; 4]].concat()),
        word(8, 300),
        attribute(9, &[255, 255, 255, 0]),
        attribute(10, &counters(false)),
        attribute(12, &counters(true)),
    ]
}

/// Attributes as a kernel lists a destination: the address before its family.
fn destination_attributes() -> Vec<Vec<u8>> {
    let address = [10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    vec![
        attribute(1, &address),
        attribute(2, &[0x1f, 0x90]),
        word(3, 2),
        word(4, 5),
        word(5, 9),
        word(6, 4),
        word(7, 1),
        word(8, 2),
        word(9, 3),
        attribute(11, &2u16.to_ne_bytes()),
        attribute(13, &[1]),
        attribute(14, &[0x17, 0xc0]),
        attribute(15, &2u16.to_ne_bytes()),
        attribute(10, &counters(false)),
        attribute(12, &counters(true)),
    ]
}

/// `attributes` with that of `number` replaced, or left out.
fn with(mut attributes: Vec<Vec<u8>>, number: u16, value: Option<&[u8]>) -> Vec<Vec<u8>> {
    attributes.retain(|octets| octets[2..4] != number.to_ne_bytes());
    attributes.extend(value.map(|value| attribute(number, value)));
    attributes
}

fn decoded_service(attributes: &[Vec<u8>]) -> Result<ServiceRecord, DecodeError> {
    service(&message_of(1, attributes))
}

fn decoded_destination(attributes: &[Vec<u8>]) -> Result<DestinationRecord, DecodeError> {
    destination(&message_of(2, attributes), Family::V4)
}

#[test]
fn a_service_is_read_without_the_kernels_own_flag() {
    let record = decoded_service(&service_attributes()).unwrap();
    let mut expected = Service::new(ServiceKey::tcp([192, 0, 2, 1].into(), 80), Scheduler::Wlc);
    expected.flags = Flags::SCHED_1;
    expected.persistence = Some(Persistence {
        timeout: 300,
        granularity: Granularity::V4([255, 255, 255, 0].into()),
    });
    assert_eq!(record.service, expected);
    assert_eq!(record.statistics, expected_statistics());
}

#[test]
fn a_timeout_without_the_flag_is_no_persistence() {
    let flags = [2u32.to_ne_bytes(), [0xff; 4]].concat();
    let attributes = with(service_attributes(), 7, Some(&flags));
    let service = decoded_service(&attributes).unwrap().service;
    assert_eq!((service.persistence, service.flags), (None, Flags::NONE));
}

#[test]
fn an_engine_needs_no_persistence() {
    let flags = [2u32.to_ne_bytes(), [0xff; 4]].concat();
    let attributes = with(service_attributes(), 7, Some(&flags));
    let attributes = with(attributes, 11, Some(b"sip\0"));
    let service = decoded_service(&attributes).unwrap().service;
    assert_eq!(service.persistence, None);
    assert_eq!(service.engine, Some(Name::new("sip").unwrap()));
}

#[test]
fn a_mark_needs_no_address() {
    let mut attributes = service_attributes();
    for number in [2, 3, 4] {
        attributes = with(attributes, number, None);
    }
    let attributes = with(attributes, 5, Some(&7u32.to_ne_bytes()));
    let expected = ServiceKey::Mark {
        mark: NonZeroU32::new(7).unwrap(),
        family: Family::V4,
    };
    assert_eq!(decoded_service(&attributes).unwrap().service.key, expected);
}

#[test]
fn ipv6_services_have_a_prefix_length() {
    let address: Ipv6Addr = "2001:db8::1".parse().unwrap();
    let attributes = with(service_attributes(), 1, Some(&10u16.to_ne_bytes()));
    let attributes = with(attributes, 3, Some(&address.octets()));
    let attributes = with(attributes, 9, Some(&64u32.to_ne_bytes()));
    let service = decoded_service(&attributes).unwrap().service;
    assert_eq!(service.key, ServiceKey::tcp(address.into(), 80));
    let persistence = service.persistence.unwrap();
    assert_eq!(persistence.granularity, Granularity::V6(64));
    let wrong = with(attributes, 9, Some(&256u32.to_ne_bytes()));
    assert_eq!(
        decoded_service(&wrong),
        Err(DecodeError::Value {
            attribute: "IPVS_SVC_ATTR_NETMASK",
            value: 256
        })
    );
}

#[test]
fn statistics_of_32_bits_serve_where_there_are_no_others() {
    let attributes = with(service_attributes(), 12, None);
    let record = decoded_service(&attributes).unwrap();
    assert_eq!(record.statistics, expected_statistics());
    let attributes = with(attributes, 10, None);
    let record = decoded_service(&attributes).unwrap();
    assert_eq!(record.statistics, Statistics::default());
}

#[test]
fn a_destination_is_read_whatever_the_order_of_its_attributes() {
    let record = decoded_destination(&destination_attributes()).unwrap();
    let mut expected = Destination::new(
        DestinationKey::new([10, 0, 0, 1].into(), 8080),
        Forwarding::Tunnel(Tunnel::Gue {
            port: 6080,
            checksum: TunnelChecksum::Remote,
        }),
        5,
    );
    (expected.upper, expected.lower) = (9, 4);
    assert_eq!(record.destination, expected);
    assert_eq!(
        record.activity,
        Activity {
            active: 1,
            inactive: 2,
            persistent: 3
        }
    );
    assert_eq!(record.statistics, expected_statistics());
    let mut reversed = destination_attributes();
    reversed.reverse();
    assert_eq!(decoded_destination(&reversed), Ok(record));
}

#[test]
fn the_family_of_a_destination_is_its_own_or_else_that_of_the_service() {
    let address: Ipv6Addr = "2001:db8::2".parse().unwrap();
    let attributes = with(destination_attributes(), 1, Some(&address.octets()));
    let mixed = with(attributes.clone(), 11, Some(&10u16.to_ne_bytes()));
    let record = decoded_destination(&mixed).unwrap();
    assert_eq!(record.destination.key.address, IpAddr::from(address));
    let old = message_of(2, &with(attributes, 11, None));
    let record = destination(&old, Family::V6).unwrap();
    assert_eq!(record.destination.key.address, IpAddr::from(address));
}

#[test]
fn forwarding_nobody_knows_is_kept() {
    let forwarding = |method: u32, kind: u8, port: [u8; 2], flags: u16| {
        let attributes = with(destination_attributes(), 3, Some(&method.to_ne_bytes()));
        let attributes = with(attributes, 13, Some(&[kind]));
        let attributes = with(attributes, 14, Some(&port));
        let attributes = with(attributes, 15, Some(&flags.to_ne_bytes()));
        let record = decoded_destination(&attributes).unwrap();
        record.destination.forwarding
    };
    let other = |kind, port, flags| Forwarding::Tunnel(Tunnel::Other { kind, port, flags });
    // Only three bits are the method.
    assert_eq!(forwarding(0x100, 0, [0, 0], 0), Forwarding::Masquerade);
    assert_eq!(forwarding(1, 0, [0, 0], 0), Forwarding::Local);
    assert_eq!(forwarding(3, 0, [0, 0], 0), Forwarding::Route);
    assert_eq!(forwarding(7, 0, [0, 0], 0), Forwarding::Other(7));
    assert_eq!(
        forwarding(2, 0, [0, 0], 0),
        Forwarding::Tunnel(Tunnel::Ipip)
    );
    assert_eq!(forwarding(2, 0, [0, 9], 0), other(0, 9, 0));
    assert_eq!(forwarding(2, 1, [0, 9], 3), other(1, 9, 3));
    assert_eq!(forwarding(2, 2, [0, 9], 1), other(2, 9, 1));
    assert_eq!(forwarding(2, 3, [0, 0], 0), other(3, 0, 0));
}

#[test]
fn kernels_before_tunnel_types_have_ip_in_ip() {
    let mut attributes = destination_attributes();
    for number in [13, 14, 15] {
        attributes = with(attributes, number, None);
    }
    let record = decoded_destination(&attributes).unwrap();
    assert_eq!(
        record.destination.forwarding,
        Forwarding::Tunnel(Tunnel::Ipip)
    );
}

#[test]
fn what_is_missing_or_of_a_wrong_size_is_named() {
    for (number, name) in [
        (1, "IPVS_DEST_ATTR_ADDR"),
        (2, "IPVS_DEST_ATTR_PORT"),
        (3, "IPVS_DEST_ATTR_FWD_METHOD"),
        (4, "IPVS_DEST_ATTR_WEIGHT"),
        (5, "IPVS_DEST_ATTR_U_THRESH"),
        (6, "IPVS_DEST_ATTR_L_THRESH"),
        (7, "IPVS_DEST_ATTR_ACTIVE_CONNS"),
        (8, "IPVS_DEST_ATTR_INACT_CONNS"),
        (9, "IPVS_DEST_ATTR_PERSIST_CONNS"),
    ] {
        let missing = with(destination_attributes(), number, None);
        assert_eq!(
            decoded_destination(&missing),
            Err(DecodeError::Missing(name))
        );
        for size in [0, 1, 3, 5, 17] {
            let wrong = with(destination_attributes(), number, Some(&vec![0; size]));
            assert_eq!(
                decoded_destination(&wrong),
                Err(DecodeError::Size {
                    attribute: name,
                    octets: size
                })
            );
        }
    }
    let unknown = with(service_attributes(), 1, Some(&99u16.to_ne_bytes()));
    assert_eq!(
        decoded_service(&unknown),
        Err(DecodeError::Value {
            attribute: "IPVS_SVC_ATTR_AF",
            value: 99
        })
    );
    for name in [&b""[..], b"\0", b"a b\0", b"\xff\xff\0", &[b'x'; 16]] {
        let unnamed = with(service_attributes(), 6, Some(name));
        assert_eq!(
            decoded_service(&unnamed),
            Err(DecodeError::Name("IPVS_SVC_ATTR_SCHED_NAME"))
        );
    }
}

#[test]
fn lengths_beyond_what_is_there_are_malformed() {
    let whole = message_of(2, &destination_attributes());
    for length in [0u16, 3, u16::MAX] {
        let mut octets = whole.clone();
        octets[4..6].copy_from_slice(&length.to_ne_bytes());
        assert_eq!(destination(&octets, Family::V4), Err(DecodeError::Framing));
    }
    for length in 0..whole.len() {
        assert!(destination(&whole[..length], Family::V4).is_err());
    }
}

#[test]
fn a_daemon_is_read_with_what_the_kernel_tells() {
    let attributes = vec![word(1, 2), attribute(2, b"eth0\0"), word(3, 0x0107)];
    let mut expected = SyncDaemon {
        role: SyncRole::Backup,
        interface: Name::new("eth0").unwrap(),
        id: 7,
        max_length: None,
        group: None,
        port: None,
        ttl: None,
    };
    assert_eq!(daemon(&message_of(3, &attributes)), Ok(expected));
    let mut more = attributes;
    more.push(attribute(4, &1472u16.to_ne_bytes()));
    more.push(attribute(5, &[224, 0, 0, 81]));
    more.push(attribute(7, &8848u16.to_ne_bytes()));
    more.push(attribute(8, &[3]));
    expected.max_length = Some(1472);
    expected.group = Some([224, 0, 0, 81].into());
    expected.port = Some(8848);
    expected.ttl = Some(3);
    assert_eq!(daemon(&message_of(3, &more)), Ok(expected));
}

#[test]
fn information_and_timeouts_are_at_the_top() {
    let mut octets = vec![14, 1, 0, 0];
    octets.extend(word(1, 0x0001_0201));
    octets.extend(word(2, 4096));
    assert_eq!(
        info(&octets),
        Ok(Info {
            version: Version(0x0001_0201),
            connection_table_size: 4096
        })
    );
    let mut octets = vec![12, 1, 0, 0];
    octets.extend([word(4, 900), word(5, 120), word(6, 300)].concat());
    assert_eq!(timeouts(&octets), Ok(Timeouts::default()));
}

proptest! {
    #[test]
    fn spoiled_messages_are_refused_or_told_again(
        which in any::<bool>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        end in any::<prop::sample::Index>(),
    ) {
        let mut octets = if which {
            message_of(1, &service_attributes())
        } else {
            message_of(2, &destination_attributes())
        };
        for (place, value) in changes {
            let place = place.index(octets.len());
            octets[place] = value;
        }
        let end = end.index(octets.len() + 1);
        crate::properties::answers(&octets);
        crate::properties::answers(&octets[..end]);
    }
}
