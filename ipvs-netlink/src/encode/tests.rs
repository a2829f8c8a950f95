//! Tests of the encoder.

use core::num::NonZeroU32;

use ipvs_core::service::Persistence;
use ipvs_core::{Name, Protocol, Scheduler};

use super::*;

/// The octets of `request` behind its netlink header, whose fields are checked here.
fn encoded(wanted: &Request, flags: u16) -> Vec<u8> {
    let mut datagram = Vec::new();
    request(wanted, 0x1f, 9, &mut datagram).unwrap();
    let length = u32::try_from(datagram.len()).unwrap();
    let mut header = length.to_ne_bytes().to_vec();
    header.extend(0x1fu16.to_ne_bytes());
    header.extend(flags.to_ne_bytes());
    header.extend(9u32.to_ne_bytes());
    header.extend([0; 4]);
    assert_eq!(datagram[..16], header);
    datagram.split_off(16)
}

const REQUEST: u16 = 1;
const ACK: u16 = 4;
const DUMP: u16 = 0x300;

fn key() -> ServiceKey {
    ServiceKey::tcp([192, 0, 2, 1].into(), 80)
}

/// The attributes that name `key()`.
const KEY: [u8; 44] = [
    6, 0, 1, 0, 2, 0, 0, 0, // AF
    6, 0, 2, 0, 6, 0, 0, 0, // PROTOCOL
    20, 0, 3, 0, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // ADDR
    6, 0, 4, 0, 0, 80, 0, 0, // PORT
];

fn message(command: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut octets = vec![command, 1, 0, 0];
    octets.extend(parts.concat());
    octets
}

#[cfg(target_endian = "little")]
#[test]
fn a_service_without_persistence_has_every_attribute_the_kernel_wants() {
    let service = Service::new(key(), Scheduler::Rr);
    let rest = [
        7, 0, 6, 0, b'r', b'r', 0, 0, // SCHED_NAME
        12, 0, 7, 0, 0, 0, 0, 0, 0x3d, 0, 0, 0, // FLAGS
        8, 0, 8, 0, 0, 0, 0, 0, // TIMEOUT
        8, 0, 9, 0, 255, 255, 255, 255, // NETMASK
    ];
    assert_eq!(
        encoded(&Request::AddService(service), REQUEST),
        message(1, &[&[84, 0, 1, 0x80], &KEY, &rest])
    );
    assert_eq!(
        encoded(&Request::EditService(service), REQUEST),
        message(2, &[&[84, 0, 1, 0x80], &KEY, &rest])
    );
}

#[cfg(target_endian = "little")]
#[test]
fn a_persistent_ipv6_service_has_a_prefix_length_and_an_engine() {
    let address = "2001:db8::1".parse().unwrap();
    let mut service = Service::new(ServiceKey::udp(address, 5060), Scheduler::Wlc);
    service.flags = Flags::ONE_PACKET;
    service.persistence = Some(Persistence {
        timeout: 300,
        granularity: Granularity::V6(64),
    });
    service.engine = Some(Name::new("sip").unwrap());
    let expected = [
        &[92, 0, 1, 0x80][..],
        &[6, 0, 1, 0, 10, 0, 0, 0],
        &[6, 0, 2, 0, 17, 0, 0, 0],
        &[
            20, 0, 3, 0, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        ],
        &[6, 0, 4, 0, 0x13, 0xc4, 0, 0],
        &[8, 0, 6, 0, b'w', b'l', b'c', 0],
        &[12, 0, 7, 0, 5, 0, 0, 0, 0x3d, 0, 0, 0],
        &[8, 0, 8, 0, 44, 1, 0, 0],
        &[8, 0, 9, 0, 64, 0, 0, 0],
        &[8, 0, 11, 0, b's', b'i', b'p', 0],
    ];
    assert_eq!(
        encoded(&Request::AddService(service), REQUEST),
        message(1, &expected)
    );
}

#[cfg(target_endian = "little")]
#[test]
fn a_mark_is_named_by_family_and_number() {
    let key = ServiceKey::Mark {
        mark: NonZeroU32::new(0x0102).unwrap(),
        family: Family::V6,
    };
    let nest = [
        20, 0, 1, 0x80, 6, 0, 1, 0, 10, 0, 0, 0, 8, 0, 5, 0, 2, 1, 0, 0,
    ];
    let requests = [
        (Request::Service(key), REQUEST | ACK, 4),
        (Request::DeleteService(key), REQUEST, 3),
        (Request::Destinations(key), REQUEST | DUMP, 8),
        (Request::Zero(Some(key)), REQUEST, 16),
    ];
    for (request, flags, command) in requests {
        assert_eq!(encoded(&request, flags), message(command, &[&nest]));
    }
}

#[cfg(target_endian = "little")]
#[test]
fn a_tunnel_destination_has_type_port_and_flags() {
    let real = DestinationKey::new([10, 0, 0, 1].into(), 8080);
    let mut destination = Destination::new(
        real,
        Forwarding::Tunnel(Tunnel::Gue {
            port: 6080,
            checksum: TunnelChecksum::Remote,
        }),
        5,
    );
    (destination.upper, destination.lower) = (9, 4);
    let parts = [
        &[48, 0, 1, 0x80][..],
        &KEY,
        &[96, 0, 2, 0x80],
        &[6, 0, 11, 0, 2, 0, 0, 0],
        &[20, 0, 1, 0, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[6, 0, 2, 0, 0x1f, 0x90, 0, 0],
        &[8, 0, 3, 0, 2, 0, 0, 0],
        &[8, 0, 4, 0, 5, 0, 0, 0],
        &[8, 0, 5, 0, 9, 0, 0, 0],
        &[8, 0, 6, 0, 4, 0, 0, 0],
        &[5, 0, 13, 0, 1, 0, 0, 0],
        &[6, 0, 14, 0, 0x17, 0xc0, 0, 0],
        &[6, 0, 15, 0, 2, 0, 0, 0],
    ];
    assert_eq!(
        encoded(&Request::AddDestination(key(), destination), REQUEST),
        message(5, &parts)
    );
    assert_eq!(
        encoded(&Request::EditDestination(key(), destination), REQUEST),
        message(6, &parts)
    );
    let named = [
        &[48, 0, 1, 0x80][..],
        &KEY,
        &[40, 0, 2, 0x80],
        parts[3],
        parts[4],
        parts[5],
    ];
    assert_eq!(
        encoded(&Request::DeleteDestination(key(), real), REQUEST),
        message(7, &named)
    );
}

#[cfg(target_endian = "little")]
#[test]
fn a_daemon_has_what_is_set_of_it() {
    let mut daemon = SyncDaemon {
        role: SyncRole::Master,
        interface: Name::new("eth0").unwrap(),
        id: 7,
        max_length: None,
        group: None,
        port: None,
        ttl: None,
    };
    let start = [
        &[8, 0, 1, 0, 1, 0, 0, 0][..],
        &[9, 0, 2, 0, b'e', b't', b'h', b'0', 0, 0, 0, 0],
        &[8, 0, 3, 0, 7, 0, 0, 0],
    ]
    .concat();
    assert_eq!(
        encoded(&Request::StartDaemon(daemon), REQUEST),
        message(9, &[&[32, 0, 3, 0x80], &start])
    );
    daemon.max_length = Some(1400);
    daemon.group = Some([224, 0, 0, 81].into());
    daemon.port = Some(8848);
    daemon.ttl = Some(2);
    let rest = [
        6, 0, 4, 0, 0x78, 5, 0, 0, 8, 0, 5, 0, 224, 0, 0, 81, 6, 0, 7, 0, 0x90, 0x22, 0, 0, 5, 0,
        8, 0, 2, 0, 0, 0,
    ];
    assert_eq!(
        encoded(&Request::StartDaemon(daemon), REQUEST),
        message(9, &[&[64, 0, 3, 0x80], &start, &rest])
    );
    daemon.group = Some("ff02::5".parse().unwrap());
    let octets = encoded(&Request::StartDaemon(daemon), REQUEST);
    let group = [
        20, 0, 6, 0, 0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5,
    ];
    assert!(octets.windows(20).any(|window| window == group));
    assert_eq!(
        encoded(&Request::StopDaemon(SyncRole::Backup), REQUEST),
        message(10, &[&[12, 0, 3, 0x80, 8, 0, 1, 0, 2, 0, 0, 0]])
    );
}

#[cfg(target_endian = "little")]
#[test]
fn timeouts_are_three_attributes() {
    let timeouts = Timeouts {
        tcp: 900,
        tcp_fin: 0,
        udp: 1,
    };
    assert_eq!(
        encoded(&Request::SetTimeouts(timeouts), REQUEST),
        message(
            12,
            &[&[
                8, 0, 4, 0, 0x84, 3, 0, 0, 8, 0, 5, 0, 0, 0, 0, 0, 8, 0, 6, 0, 1, 0, 0, 0
            ]]
        )
    );
}

#[test]
fn what_names_nothing_is_a_header_alone() {
    let requests = [
        (Request::Info, REQUEST | ACK, 15),
        (Request::Services, REQUEST | DUMP, 4),
        (Request::Zero(None), REQUEST, 16),
        (Request::Flush, REQUEST, 17),
        (Request::Timeouts, REQUEST | ACK, 13),
        (Request::Daemons, REQUEST | DUMP, 11),
    ];
    for (request, flags, command) in requests {
        assert_eq!(encoded(&request, flags), message(command, &[]));
    }
}

#[cfg(target_endian = "little")]
#[test]
fn the_family_is_asked_for_by_name() {
    let mut datagram = Vec::new();
    family_number("IPVS", 1, &mut datagram).unwrap();
    let expected = [
        32, 0, 0, 0, 16, 0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0, 9, 0, 2, 0, b'I', b'P', b'V',
        b'S', 0, 0, 0, 0,
    ];
    assert_eq!(datagram, expected);
}

#[test]
fn a_granularity_of_the_other_family_is_not_sent() {
    for (address, granularity) in [
        ("192.0.2.1", Granularity::V6(64)),
        ("2001:db8::1", Granularity::V4([255; 4].into())),
    ] {
        let key = ServiceKey::Address {
            protocol: Protocol::TCP,
            address: address.parse().unwrap(),
            port: 80,
        };
        let mut service = Service::new(key, Scheduler::Rr);
        service.persistence = Some(Persistence {
            timeout: 1,
            granularity,
        });
        assert_eq!(
            request(&Request::AddService(service), 1, 1, &mut Vec::new()),
            Err(ErrorKind::GranularityMismatch)
        );
    }
}
