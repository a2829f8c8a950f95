//! Generators of random commands that have an ipvsadm command line.

use alloc::vec;

use super::*;

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
        any::<u128>().prop_map(|bits| IpAddr::V6(bits.into())),
    ]
}

fn key() -> impl Strategy<Value = ServiceKey> {
    let protocol = prop::sample::select(&[Protocol::TCP, Protocol::UDP, Protocol::SCTP][..]);
    let family = prop::sample::select(&[Family::V4, Family::V6][..]);
    prop_oneof![
        (protocol, address(), 1_u16..).prop_map(|(protocol, address, port)| {
            ServiceKey::Address {
                protocol,
                address,
                port,
            }
        }),
        (any::<core::num::NonZeroU32>(), family)
            .prop_map(|(mark, family)| ServiceKey::Mark { mark, family }),
    ]
}

fn scheduler() -> impl Strategy<Value = Scheduler> {
    prop_oneof![
        prop::sample::select(&Scheduler::ALL[..]),
        Just(Scheduler::Other(Name::new("none").unwrap())),
    ]
}

fn persistence(family: Family) -> impl Strategy<Value = Persistence> {
    let granularity = match family {
        Family::V4 => any::<u32>()
            .prop_map(|bits| Granularity::V4(bits.into()))
            .boxed(),
        Family::V6 => (1_u8..=128).prop_map(Granularity::V6).boxed(),
    };
    (1..=Persistence::MAX_TIMEOUT, granularity).prop_map(|(timeout, granularity)| Persistence {
        timeout,
        granularity,
    })
}

fn service() -> impl Strategy<Value = Service> {
    key().prop_flat_map(|key| {
        let persistence = prop::option::of(persistence(key.family()));
        let engine = prop::option::of(Just(Name::new("sip").unwrap()));
        let service = (scheduler(), any::<u32>(), persistence, engine);
        service.prop_map(move |(scheduler, bits, persistence, engine)| {
            let service = Service {
                key,
                scheduler,
                flags: Flags::from_bits(bits),
                persistence,
                engine,
            };
            match service.check() {
                Ok(()) => service,
                Err(_) => Service {
                    flags: Flags::from_bits(bits & !Flags::ONE_PACKET.bits()),
                    ..service
                },
            }
        })
    })
}

fn forwarding() -> impl Strategy<Value = Forwarding> {
    let gue = (1_u16.., 0_usize..3).prop_map(|(port, checksum)| Tunnel::Gue {
        port,
        checksum: [
            TunnelChecksum::None,
            TunnelChecksum::Outer,
            TunnelChecksum::Remote,
        ][checksum],
    });
    let gre = prop::bool::ANY.prop_map(|outer| Tunnel::Gre {
        checksum: if outer {
            TunnelChecksum::Outer
        } else {
            TunnelChecksum::None
        },
    });
    prop_oneof![
        Just(Forwarding::Masquerade),
        Just(Forwarding::Route),
        prop_oneof![Just(Tunnel::Ipip), gue, gre].prop_map(Forwarding::Tunnel),
    ]
}

fn destination() -> impl Strategy<Value = (ServiceKey, Destination)> {
    let weight = 0..=Destination::MAX_WEIGHT;
    let thresholds = (
        0..=Destination::MAX_THRESHOLD,
        0..=Destination::MAX_THRESHOLD,
    );
    let place = (key(), address(), any::<u16>());
    (place, forwarding(), weight, thresholds).prop_map(
        |((service, address, port), forwarding, weight, (upper, lower))| {
            let key = DestinationKey::new(address, port);
            let mixed = key.family() != service.family();
            let forwarding = if mixed && !matches!(forwarding, Forwarding::Tunnel(_)) {
                Forwarding::Tunnel(Tunnel::Ipip)
            } else {
                forwarding
            };
            let destination = Destination {
                upper,
                lower,
                ..Destination::new(key, forwarding, weight)
            };
            (service, destination.for_service(&service))
        },
    )
}

fn role() -> impl Strategy<Value = SyncRole> {
    prop::sample::select(&[SyncRole::Master, SyncRole::Backup][..])
}

fn daemon() -> impl Strategy<Value = SyncDaemon> {
    let group = prop_oneof![
        (0xe000_0000_u32..=0xefff_ffff).prop_map(|bits| IpAddr::V4(bits.into())),
        any::<u16>().prop_map(|last| Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, last).into()),
    ];
    let options = (
        prop::option::of(1..=SyncDaemon::MAX_LENGTH),
        prop::option::of(group),
        prop::option::of(1_u16..),
        prop::option::of(1_u8..),
    );
    (role(), any::<u8>(), options).prop_map(|(role, id, (max_length, group, port, ttl))| {
        SyncDaemon {
            role,
            interface: Name::new("eth1").unwrap(),
            id,
            max_length,
            group,
            port,
            ttl,
        }
    })
}

fn listing() -> impl Strategy<Value = Listing> {
    let content = prop_oneof![
        Just(Content::Table),
        key().prop_map(Content::Service),
        Just(Content::Connections),
        Just(Content::Timeouts),
        Just(Content::Daemons),
    ];
    (content, any::<u8>()).prop_map(|(content, bits)| {
        let bit = |at: u8| bits & (1 << at) != 0;
        let table = matches!(content, Content::Table | Content::Service(_));
        Listing {
            content,
            numeric: bit(0),
            exact: bit(1),
            statistics: table && bit(2),
            rates: table && bit(3),
            thresholds: table && bit(4),
            persistent: (table || content == Content::Connections) && bit(5),
            tunnels: bit(6),
            unsorted: bit(7),
        }
    })
}

fn timeouts() -> impl Strategy<Value = Timeouts> {
    let timeout = 0..=Persistence::MAX_TIMEOUT;
    (timeout.clone(), timeout.clone(), timeout).prop_map(|(tcp, tcp_fin, udp)| Timeouts {
        tcp,
        tcp_fin,
        udp,
    })
}

pub(super) fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        service().prop_map(Command::AddService),
        service().prop_map(Command::EditService),
        key().prop_map(Command::DeleteService),
        destination().prop_map(|(key, it)| Command::AddDestination(key, it)),
        destination().prop_map(|(key, it)| Command::EditDestination(key, it)),
        destination().prop_map(|(key, it)| Command::DeleteDestination(key, it.key)),
        prop::option::of(key()).prop_map(Command::Zero),
        timeouts().prop_map(Command::SetTimeouts),
        daemon().prop_map(Command::StartDaemon),
        (role(), any::<u8>()).prop_map(|(role, id)| Command::StopDaemon { role, id }),
        listing().prop_map(Command::List),
        prop::bool::ANY.prop_map(|numeric| Command::Save { numeric }),
        Just(Command::Clear),
        Just(Command::Restore),
        Just(Command::Help),
        Just(Command::Version),
    ]
}
