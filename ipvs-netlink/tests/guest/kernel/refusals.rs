//! Tests of every error number of the family "IPVS".
//!
//! No memory for a service or a destination would take a kernel that fails allocations on purpose,
//! which those of distributions cannot; the limit of a socket's own memory refuses a daemon alike.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::thread;

use ipvs_core::destination::{Tunnel, TunnelChecksum};
use ipvs_core::service::{Granularity, Persistence};
use ipvs_core::{
    Destination, Forwarding, Name, Protocol, Scheduler, Service, ServiceKey, SyncDaemon, SyncRole,
    Timeouts,
};
use ipvs_netlink::{Client, ConnectError, Error, ErrorKind, Reply, Request};

use super::host::{client, dummy, ip, joining, real, run, service, tcp};
use super::raw;

const EPERM: i32 = 1;
const ENOENT: i32 = 2;
const ESRCH: i32 = 3;
const ENOMEM: i32 = 12;
const EBUSY: i32 = 16;
const EEXIST: i32 = 17;
const ENODEV: i32 = 19;
const EINVAL: i32 = 22;
const ERANGE: i32 = 34;
const EOPNOTSUPP: i32 = 95;
const EAFNOSUPPORT: i32 = 97;

fn refused<T: core::fmt::Debug>(result: Result<T, Error>) -> (ErrorKind, i32) {
    let error = result.unwrap_err();
    (error.kind, error.errno.unwrap())
}

fn assert_refused(result: Result<(), Error>, kind: ErrorKind, errno: i32, text: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.kind, error.errno), (kind, Some(errno)));
    assert_eq!(error.to_string(), text);
}

fn other(name: &str) -> Scheduler {
    Scheduler::Other(Name::new(name).unwrap())
}

#[test]
#[ignore = "needs ip_vs"]
fn services_are_refused_by_name() {
    let mut client = client();
    let added = service(80);
    client.add_service(&added).unwrap();
    assert_eq!(
        refused(client.add_service(&added)),
        (ErrorKind::ServiceExists, EEXIST)
    );
    let mut unknown = Service::new(tcp(81), other("nosuch"));
    assert_eq!(
        refused(client.add_service(&unknown)),
        (ErrorKind::SchedulerUnknown, ENOENT)
    );
    assert_eq!(
        refused(client.edit_service(&Service::new(tcp(80), other("nosuch")))),
        (ErrorKind::SchedulerUnknown, ENOENT)
    );
    unknown.scheduler = Scheduler::Rr;
    unknown.engine = Some(Name::new("nosuch").unwrap());
    assert_eq!(
        refused(client.add_service(&unknown)),
        (ErrorKind::SchedulerOrEngineUnknown, ENOENT)
    );
    let error = client.add_service(&unknown).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot add service TCP 192.0.2.1:81: the kernel has no such scheduler or persistence \
         engine"
    );
}

#[test]
#[ignore = "needs ip_vs"]
fn a_prefix_of_no_or_too_many_bits_is_invalid() {
    let mut client = client();
    for length in [0, 129] {
        let mut service = Service::new(ServiceKey::tcp(ip("2001:db8::1"), 80), Scheduler::Rr);
        service.persistence = Some(Persistence {
            timeout: 60,
            granularity: Granularity::V6(length),
        });
        assert_eq!(
            refused(client.add_service(&service)),
            (ErrorKind::Invalid, EINVAL)
        );
    }
}

#[test]
#[ignore = "needs ip_vs"]
fn what_the_kernel_does_not_check_it_accepts() {
    let mut client = client();
    let odd = ServiceKey::Address {
        protocol: Protocol(99),
        address: ip("192.0.2.1"),
        port: 0,
    };
    client
        .add_service(&Service::new(odd, Scheduler::Rr))
        .unwrap();
    assert_eq!(client.service(&odd).unwrap().service.key, odd);
    let mut destination = real("10.0.0.1", 8080);
    destination.forwarding = Forwarding::Other(7);
    client.add_destination(&odd, &destination).unwrap();
    let listed = client.destinations(&odd).unwrap();
    assert_eq!(listed[0].destination, destination);
}

#[test]
#[ignore = "needs ip_vs"]
fn a_missing_service_is_missing_to_every_request() {
    let mut client = client();
    let (key, real) = (tcp(80), real("10.0.0.1", 80));
    let missing = (ErrorKind::ServiceMissing, ESRCH);
    assert_eq!(refused(client.service(&key)), missing);
    assert_eq!(refused(client.edit_service(&service(80))), missing);
    assert_eq!(refused(client.delete_service(&key)), missing);
    assert_eq!(refused(client.zero(Some(&key))), missing);
    assert_eq!(refused(client.add_destination(&key, &real)), missing);
    assert_eq!(refused(client.edit_destination(&key, &real)), missing);
    assert_eq!(refused(client.delete_destination(&key, &real.key)), missing);
    assert_eq!(refused(client.destinations(&key)), missing);
    client.add_service(&service(80)).unwrap();
    assert_eq!(client.destinations(&key).unwrap(), []);
}

#[test]
#[ignore = "needs ip_vs"]
fn destinations_are_refused_by_name() {
    let mut client = client();
    let key = tcp(80);
    let known = real("10.0.0.1", 80);
    client.add_service(&service(80)).unwrap();
    let missing = (ErrorKind::DestinationMissing, ENOENT);
    assert_eq!(refused(client.edit_destination(&key, &known)), missing);
    assert_eq!(
        refused(client.delete_destination(&key, &known.key)),
        missing
    );
    client.add_destination(&key, &known).unwrap();
    assert_eq!(
        refused(client.add_destination(&key, &known)),
        (ErrorKind::DestinationExists, EEXIST)
    );
    let heavy = Destination {
        weight: 1 << 31,
        ..real("10.0.0.2", 80)
    };
    assert_eq!(
        refused(client.add_destination(&key, &heavy)),
        (ErrorKind::Range, ERANGE)
    );
    let crossed = Destination {
        upper: 5,
        lower: 6,
        ..known
    };
    assert_eq!(
        refused(client.edit_destination(&key, &crossed)),
        (ErrorKind::Range, ERANGE)
    );
}

#[test]
#[ignore = "needs ip_vs"]
fn addresses_that_no_real_server_has_are_invalid() {
    let mut client = client();
    run("ip", &["addr", "add", "10.7.0.1/24", "dev", "lo"]);
    client.add_service(&service(80)).unwrap();
    let v6 = ServiceKey::tcp(ip("2001:db8::1"), 80);
    client
        .add_service(&Service::new(v6, Scheduler::Rr))
        .unwrap();
    for address in ["224.0.0.1", "255.255.255.255", "0.0.0.0", "10.7.0.255"] {
        assert_eq!(
            refused(client.add_destination(&tcp(80), &real(address, 80))),
            (ErrorKind::Invalid, EINVAL),
            "{address}"
        );
    }
    for address in ["::", "ff02::1", "fe80::1"] {
        assert_eq!(
            refused(client.add_destination(&v6, &real(address, 80))),
            (ErrorKind::Invalid, EINVAL),
            "{address}"
        );
    }
    for address in ["0.1.2.3", "240.0.0.1", "169.254.0.1", "127.0.0.1"] {
        client
            .add_destination(&tcp(80), &real(address, 80))
            .unwrap();
    }
    client.add_destination(&v6, &real("::1", 80)).unwrap();
}

#[test]
#[ignore = "needs ip_vs"]
fn other_families_and_tunnels_without_port_are_invalid() {
    let mut client = client();
    let key = tcp(80);
    client.add_service(&service(80)).unwrap();
    let mixed = real("2001:db8::2", 80);
    let invalid = (ErrorKind::Invalid, EINVAL);
    assert_eq!(refused(client.add_destination(&key, &mixed)), invalid);
    let gue = Destination {
        forwarding: Forwarding::Tunnel(Tunnel::Gue {
            port: 0,
            checksum: TunnelChecksum::None,
        }),
        ..real("10.0.0.1", 80)
    };
    assert_eq!(refused(client.add_destination(&key, &gue)), invalid);
}

fn master(interface: &str) -> SyncDaemon {
    SyncDaemon {
        role: SyncRole::Master,
        interface: Name::new(interface).unwrap(),
        id: 7,
        max_length: None,
        group: None,
        port: None,
        ttl: None,
    }
}

#[test]
#[ignore = "needs ip_vs"]
fn synchronisation_daemons_are_refused_by_name() {
    let mut client = client();
    dummy("10.8.0.1/24");
    assert_eq!(
        refused(client.stop_daemon(SyncRole::Master)),
        (ErrorKind::DaemonNotRunning, ESRCH)
    );
    assert_eq!(
        refused(client.start_daemon(&master("nosuch"))),
        (ErrorKind::InterfaceMissing, ENODEV)
    );
    let unicast = SyncDaemon {
        group: Some(ip("10.8.0.2")),
        ..master("sync")
    };
    assert_eq!(
        refused(client.start_daemon(&unicast)),
        (ErrorKind::Invalid, EINVAL)
    );
    client.start_daemon(&master("sync")).unwrap();
    assert_eq!(
        refused(client.start_daemon(&master("sync"))),
        (ErrorKind::DaemonRunning, EEXIST)
    );
    // Destinations of another family and synchronisation exclude each other.
    let key = tcp(80);
    client.add_service(&service(80)).unwrap();
    let mixed = Destination {
        forwarding: Forwarding::Tunnel(Tunnel::Ipip),
        ..real("2001:db8::2", 80)
    };
    assert_eq!(
        refused(client.add_destination(&key, &mixed)),
        (ErrorKind::Invalid, EINVAL)
    );
    client.stop_daemon(SyncRole::Master).unwrap();
    client.add_destination(&key, &mixed).unwrap();
    assert_eq!(
        refused(client.start_daemon(&master("sync"))),
        (ErrorKind::Invalid, EINVAL)
    );
}

#[test]
#[ignore = "needs ip_vs"]
fn timeouts_beyond_the_kernels_clock_are_invalid() {
    let mut client = client();
    let beyond = Timeouts {
        tcp: u32::MAX,
        tcp_fin: 0,
        udp: 0,
    };
    assert_eq!(
        refused(client.set_timeouts(&beyond)),
        (ErrorKind::Invalid, EINVAL)
    );
    assert_eq!(client.timeouts().unwrap(), Timeouts::default());
}

#[test]
#[ignore = "needs ip_vs"]
fn without_the_capability_nothing_is_permitted() {
    let mut client = client();
    thread::scope(|scope| {
        scope.spawn(move || {
            caps::clear(None, caps::CapSet::Effective).unwrap();
            assert!(matches!(Client::connect(), Err(ConnectError::Permission)));
            assert_eq!(
                refused(client.request(Request::Flush)),
                (ErrorKind::Permission, EPERM)
            );
        });
    });
}

#[test]
#[ignore = "needs ip_vs"]
fn an_address_family_it_does_not_know_is_unsupported() {
    let mut client = client();
    let key = [
        raw::attribute(1, &99_u16.to_ne_bytes()),
        raw::attribute(2, &6_u16.to_ne_bytes()),
        raw::attribute(3, &[192, 0, 2, 1]),
        raw::attribute(4, &80_u16.to_be_bytes()),
    ];
    let attributes = raw::attribute(1, &key.concat());
    raw::request(&client, 0, raw::FIRST, raw::NEW_SERVICE, &attributes);
    assert_refused(
        client.add_service(&service(80)),
        ErrorKind::FamilyUnsupported,
        EAFNOSUPPORT,
        "cannot add service TCP 192.0.2.1:80: the kernel does not balance this address family",
    );
}

#[test]
#[ignore = "needs ip_vs"]
fn commands_it_does_not_know_are_unsupported() {
    const UNKNOWN: u8 = 99;
    let mut client = client();
    // Destinations are only listed.
    for (number, command) in (raw::FIRST..).zip([UNKNOWN, raw::GET_DEST]) {
        raw::request(&client, 0, number, command, &[]);
        assert_refused(
            client.zero(None),
            ErrorKind::Unsupported,
            EOPNOTSUPP,
            "cannot zero all statistics: the kernel does not support this",
        );
    }
}

#[test]
#[ignore = "needs ip_vs"]
fn a_list_while_another_is_read_finds_the_kernel_busy() {
    const SERVICES: u16 = 1000;
    const NOBODYS: u32 = 1 << 31;
    let mut client = client();
    let requests: Vec<_> = (1..=SERVICES)
        .map(|port| Request::AddService(service(port)))
        .collect();
    assert!(client.batch(&requests).iter().all(Result::is_ok));
    raw::request(&client, raw::DUMP, NOBODYS, raw::GET_SERVICE, &[]);
    assert_refused(
        client.services().map(drop),
        ErrorKind::Busy,
        EBUSY,
        "cannot list services: the kernel is busy",
    );
    // Each attempt reads a part of the other list. Tests elsewhere may make it miss some.
    let mut lists = (0..100).map(|_| client.services().map_or(0, |list| list.len()));
    assert!(lists.any(|length| length == usize::from(SERVICES)));
}

#[test]
#[ignore = "needs ip_vs"]
fn destinations_of_no_service_are_an_empty_list() {
    let mut client = client();
    let (key, missing) = (tcp(80), tcp(81));
    assert_eq!(
        client.request(Request::Destinations(missing)),
        Ok(Reply::Destinations(vec![]))
    );
    client.add_service(&service(80)).unwrap();
    client.add_destination(&key, &real("10.0.0.1", 80)).unwrap();
    let number = raw::FIRST + 3;
    raw::request(&client, raw::DUMP, number, raw::GET_DEST, &[]);
    assert_eq!(
        client.request(Request::Destinations(key)),
        Ok(Reply::Destinations(vec![]))
    );
}

#[test]
#[ignore = "needs ip_vs"]
fn a_daemon_for_whose_group_there_is_no_memory_is_refused() {
    let _joining = joining();
    // Of the first network namespace only, but opened there it is written from everywhere.
    let limit = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/proc/sys/net/core/optmem_max")
        .unwrap();
    let mut before = [0; 16];
    let length = limit.read_at(&mut before, 0).unwrap();
    let mut client = client();
    dummy("2001:db8::1/64");
    let backup = SyncDaemon {
        role: SyncRole::Backup,
        group: Some(ip("ff05::99")),
        ..master("sync")
    };
    limit.write_at(b"0", 0).unwrap();
    let result = client.start_daemon(&backup);
    limit.write_at(&before[..length], 0).unwrap();
    assert_refused(
        result,
        ErrorKind::OutOfMemory,
        ENOMEM,
        "cannot start the backup synchronisation daemon on sync: the kernel has no memory for it",
    );
    client.start_daemon(&backup).unwrap();
    client.stop_daemon(SyncRole::Backup).unwrap();
}
