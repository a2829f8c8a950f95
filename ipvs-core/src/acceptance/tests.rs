//! Tests of these checks.

use alloc::string::ToString;
use core::net::Ipv6Addr;

use super::*;
use crate::{Scheduler, SyncRole};

const VIP: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const SIX: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
const HTTP: ServiceKey = ServiceKey::tcp(VIP, 80);

fn persistent(key: ServiceKey, timeout: u32, granularity: Granularity) -> Service {
    Service {
        persistence: Some(Persistence {
            timeout,
            granularity,
        }),
        ..Service::new(key, Scheduler::Rr)
    }
}

fn mark() -> ServiceKey {
    ServiceKey::Mark {
        mark: 1.try_into().unwrap(),
        family: Family::V4,
    }
}

fn real(address: IpAddr, port: u16, forwarding: Forwarding) -> Destination {
    Destination::new(DestinationKey::new(address, port), forwarding, 1)
}

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2));

#[test]
fn services_that_never_schedule_are_found() {
    let service = |protocol, port| {
        let address = VIP;
        let key = ServiceKey::Address {
            protocol,
            address,
            port,
        };
        Service::new(key, Scheduler::Rr)
    };
    assert_eq!(service(Protocol::SCTP, 80).check(), Ok(()));
    assert_eq!(
        service(Protocol(99), 80).check(),
        Err(ServiceFault::Protocol(Protocol(99)))
    );
    assert_eq!(
        service(Protocol::TCP, 0).check(),
        Err(ServiceFault::PortZero)
    );
    let mask = Granularity::V4(Ipv4Addr::BROADCAST);
    assert_eq!(persistent(ServiceKey::tcp(VIP, 0), 1, mask).check(), Ok(()));
    assert_eq!(Service::new(mark(), Scheduler::Rr).check(), Ok(()));
}

#[test]
fn one_packet_scheduling_is_for_udp_and_marks() {
    let ops = |key| Service {
        flags: Flags::ONE_PACKET,
        ..Service::new(key, Scheduler::Rr)
    };
    assert_eq!(ops(ServiceKey::udp(VIP, 53)).check(), Ok(()));
    assert_eq!(ops(mark()).check(), Ok(()));
    assert_eq!(
        ops(HTTP).check(),
        Err(ServiceFault::OnePacket(Protocol::TCP))
    );
}

#[test]
fn persistence_is_by_addresses_of_the_service() {
    let four = Granularity::V4(Ipv4Addr::new(255, 0, 255, 0));
    let six = ServiceKey::tcp(SIX, 80);
    assert_eq!(persistent(HTTP, 1, four).check(), Ok(()));
    assert_eq!(persistent(HTTP, 2_678_400, four).check(), Ok(()));
    assert_eq!(
        persistent(HTTP, 0, four).check(),
        Err(ServiceFault::Timeout(0))
    );
    let long = persistent(HTTP, 2_678_401, four).check().unwrap_err();
    assert_eq!(
        long.to_string(),
        "persistence of 2678401 s, allowed are 1 to 2678400 s"
    );
    assert_eq!(
        persistent(six, 1, four).check().unwrap_err().to_string(),
        "persistence by IPv4 addresses of a service of IPv6"
    );
    for (length, outcome) in [
        (0, Err(ServiceFault::Prefix(0))),
        (1, Ok(())),
        (128, Ok(())),
        (129, Err(ServiceFault::Prefix(129))),
    ] {
        let service = persistent(six, 1, Granularity::V6(length));
        assert_eq!(service.check(), outcome, "/{length}");
    }
}

#[test]
fn only_masquerading_reaches_another_port() {
    let fault = DestinationFault::Port {
        port: 81,
        service: 80,
    };
    for (forwarding, outcome) in [
        (Forwarding::Masquerade, Ok(())),
        (Forwarding::Route, Err(fault)),
        (Forwarding::Local, Err(fault)),
        (Forwarding::Tunnel(Tunnel::Ipip), Err(fault)),
    ] {
        let destination = real(HOST, 81, forwarding);
        assert_eq!(destination.check(&HTTP, false), outcome, "{forwarding:?}");
        assert_eq!(destination.check(&mark(), false), Ok(()));
        let fixed = destination.for_service(&HTTP);
        assert_eq!(fixed.check(&HTTP, false), Ok(()));
        assert_eq!(destination.for_service(&mark()), destination);
    }
    let other = real(HOST, 81, Forwarding::Masquerade).for_service(&HTTP);
    assert_eq!(other.key.port, 81);
}

#[test]
fn families_mix_by_tunnel_unless_connections_are_synchronised() {
    let (destination, service) = (Family::V6, Family::V4);
    let tunnel = real(SIX, 80, Forwarding::Tunnel(Tunnel::Ipip));
    assert_eq!(tunnel.check(&HTTP, false), Ok(()));
    assert_eq!(
        tunnel.check(&HTTP, true),
        Err(DestinationFault::Synchronised {
            destination,
            service
        })
    );
    assert_eq!(
        real(SIX, 80, Forwarding::Route).check(&HTTP, false),
        Err(DestinationFault::Family {
            destination,
            service
        })
    );
}

#[test]
fn forwarding_is_what_destinations_have() {
    for (forwarding, fault) in [
        (Forwarding::Other(7), DestinationFault::Forwarding(7)),
        (
            Forwarding::Tunnel(Tunnel::Gue {
                port: 0,
                checksum: TunnelChecksum::None,
            }),
            DestinationFault::TunnelPort,
        ),
        (
            Forwarding::Tunnel(Tunnel::Gre {
                checksum: TunnelChecksum::Remote,
            }),
            DestinationFault::TunnelChecksum,
        ),
        (
            Forwarding::Tunnel(Tunnel::Other {
                kind: 3,
                port: 0,
                flags: 4,
            }),
            DestinationFault::Tunnel { kind: 3, flags: 4 },
        ),
    ] {
        let destination = real(HOST, 80, forwarding);
        assert_eq!(destination.check(&HTTP, false), Err(fault));
    }
}

#[test]
fn addresses_are_those_of_hosts() {
    for (text, accepted) in [
        ("10.0.0.2", true),
        ("0.1.2.3", true),
        ("240.0.0.1", true),
        ("169.254.0.1", true),
        ("127.0.0.1", true),
        ("224.0.0.1", false),
        ("255.255.255.255", false),
        ("0.0.0.0", false),
        ("2001:db8::1", true),
        ("::1", true),
        ("fe80::1", true),
        ("::", false),
        ("ff02::1", false),
        ("::ffff:10.0.0.1", false),
    ] {
        let address: IpAddr = text.parse().unwrap();
        let destination = real(address, 80, Forwarding::Tunnel(Tunnel::Ipip));
        let checked = destination.check(&HTTP, false);
        let expected = if accepted {
            Ok(())
        } else {
            Err(DestinationFault::Address(address))
        };
        assert_eq!(checked, expected, "{text}");
    }
}

#[test]
fn weights_and_thresholds_are_signed_to_the_kernel() {
    let check = |weight, upper, lower| {
        let mut destination = real(HOST, 80, Forwarding::Route);
        (destination.weight, destination.upper, destination.lower) = (weight, upper, lower);
        destination.check(&HTTP, false)
    };
    let most = 2_147_483_647;
    assert_eq!(check(most, most, most), Ok(()));
    assert_eq!(
        check(most + 1, 0, 0),
        Err(DestinationFault::Weight(2_147_483_648))
    );
    assert_eq!(
        check(0, most + 1, 0),
        Err(DestinationFault::Upper(2_147_483_648))
    );
    assert_eq!(
        check(0, 4, 5),
        Err(DestinationFault::Lower { lower: 5, upper: 4 })
    );
    assert_eq!(
        check(0, 0, 5),
        Err(DestinationFault::Lower { lower: 5, upper: 0 })
    );
}

#[test]
fn a_configuration_names_what_is_wrong() {
    let entry = |destinations: &[Destination]| ServiceEntry {
        service: Service::new(HTTP, Scheduler::Rr),
        destinations: destinations.to_vec(),
    };
    let good = real(HOST, 80, Forwarding::Route);
    let configuration: Configuration = [entry(&[good])].into_iter().collect();
    assert_eq!(configuration.check(false), Ok(()));
    let twice = entry(&[good, good]).check(false).unwrap_err();
    assert_eq!(
        twice.to_string(),
        "destination 10.0.0.2:80 of TCP 192.0.2.1:80 is there twice"
    );
    let bad = real(HOST, 81, Forwarding::Route);
    let configuration: Configuration = [entry(&[bad])].into_iter().collect();
    assert_eq!(configuration.check(false), entry(&[bad]).check(false));
    assert_eq!(
        entry(&[bad]).check(false).unwrap_err().to_string(),
        "destination 10.0.0.2:81 of TCP 192.0.2.1:80: port 81, \
         without masquerading it can only be that of the service, 80"
    );
}

#[test]
fn timeouts_fit_every_kernel() {
    let timeouts = |udp| Timeouts {
        tcp: 0,
        tcp_fin: 120,
        udp,
    };
    assert_eq!(timeouts(2_147_483).check(), Ok(()));
    assert_eq!(timeouts(2_147_484).check(), Err(TimeoutFault(2_147_484)));
    assert_eq!(timeouts(u32::MAX).clamped(), timeouts(2_147_483));
}

#[test]
fn synchronisation_is_to_a_group() {
    let good = SyncDaemon {
        role: SyncRole::Master,
        interface: crate::Name::new("eth0").unwrap(),
        id: 1,
        max_length: Some(65_507),
        group: Some(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 81))),
        port: Some(8848),
        ttl: Some(1),
    };
    assert_eq!(good.check(), Ok(()));
    let mut bad = good;
    bad.group = Some(VIP);
    assert_eq!(bad.check(), Err(DaemonFault::Group(VIP)));
    bad = good;
    bad.port = Some(0);
    assert_eq!(bad.check(), Err(DaemonFault::Port));
    bad = good;
    bad.ttl = Some(0);
    assert_eq!(bad.check(), Err(DaemonFault::TimeToLive));
    for length in [0, 65_508] {
        bad = good;
        bad.max_length = Some(length);
        assert_eq!(bad.check(), Err(DaemonFault::Length(length)));
    }
}
