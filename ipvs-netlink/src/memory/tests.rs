//! Tests of the kernel in memory: every error number a kernel has for a request, by name and text.

use core::cell::Cell;
use core::num::NonZeroU32;
use core::time::Duration;
use std::os::fd::AsFd;

use ipvs_core::destination::{Tunnel, TunnelChecksum};
use ipvs_core::record::Totals;
use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{
    Destination, Family, Forwarding, Protocol, Service, SyncDaemon, SyncRole, Timeouts,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::*;
use crate::{Error, ErrorKind, Info, Progress, Reply, TimeSlice, Version};

fn connected() -> (Kernel, Client<Socket>) {
    let kernel = Kernel::new();
    let client = kernel.client().unwrap();
    (kernel, client)
}

fn key(text: &str) -> ServiceKey {
    text.parse().unwrap()
}

fn service(text: &str) -> Service {
    Service::new(key(text), Scheduler::Rr)
}

fn real(text: &str) -> Destination {
    Destination::new(text.parse().unwrap(), Forwarding::Masquerade, 1)
}

const WEB: &str = "tcp 192.0.2.1:80";

#[track_caller]
fn refused<T: fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, errno: i32, text: &str) {
    let error = result.unwrap_err();
    assert_eq!((error.kind, error.errno), (kind, Some(errno)));
    assert_eq!(error.to_string(), text);
}

#[test]
fn services_are_refused_by_name() {
    let (kernel, mut client) = connected();
    client.add_service(&service(WEB)).unwrap();
    refused(
        client.add_service(&service(WEB)),
        ErrorKind::ServiceExists,
        17,
        "cannot add service TCP 192.0.2.1:80: the service exists",
    );
    let other = Service::new(key(WEB), Scheduler::named("nosuch").unwrap());
    let text = "cannot change service TCP 192.0.2.1:80: the kernel has no such scheduler";
    refused(
        client.edit_service(&other),
        ErrorKind::SchedulerUnknown,
        2,
        text,
    );
    kernel.remove_scheduler(Scheduler::Mh);
    let maglev = Service::new(key(WEB), Scheduler::Mh);
    refused(
        client.edit_service(&maglev),
        ErrorKind::SchedulerUnknown,
        2,
        text,
    );
    client
        .edit_service(&Service::new(key(WEB), Scheduler::named("none").unwrap()))
        .unwrap();
    let mut engine = service("udp 192.0.2.1:5060");
    engine.engine = Some(Name::new("nosuch").unwrap());
    refused(
        client.add_service(&engine),
        ErrorKind::SchedulerOrEngineUnknown,
        2,
        "cannot add service UDP 192.0.2.1:5060: the kernel has no such scheduler or persistence \
         engine",
    );
    engine.engine = Some(Name::new("sip").unwrap());
    client.add_service(&engine).unwrap();
    assert_eq!(client.service(&engine.key).unwrap().service, engine);
    let mut prefix = service("tcp [2001:db8::1]:80");
    prefix.persistence = Some(Persistence {
        timeout: 60,
        granularity: Granularity::V6(129),
    });
    refused(
        client.add_service(&prefix),
        ErrorKind::Invalid,
        22,
        "cannot add service TCP [2001:db8::1]:80: the kernel refuses a value as invalid",
    );
}

#[test]
fn a_missing_service_is_missing_to_every_request() {
    let (_, mut client) = connected();
    let (web, real) = (key(WEB), real("10.0.0.1:80"));
    let results = [
        client.service(&web).map(drop),
        client.edit_service(&service(WEB)),
        client.delete_service(&web),
        client.zero(Some(&web)),
        client.add_destination(&web, &real),
        client.edit_destination(&web, &real),
        client.delete_destination(&web, &real.key),
        client.destinations(&web).map(drop),
    ];
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind, error.errno),
            (ErrorKind::ServiceMissing, Some(3))
        );
        assert!(error.to_string().ends_with("there is no such service"));
    }
    let list = client.request(Request::Destinations(web));
    assert_eq!(list, Ok(Reply::Destinations(vec![])));
}

#[test]
fn destinations_are_refused_by_name() {
    let (kernel, mut client) = connected();
    kernel.add_address([10, 7, 0, 1].into(), 24);
    kernel.add_address("fe80::7".parse().unwrap(), 64);
    let web = key(WEB);
    let v6 = key("tcp [2001:db8::1]:80");
    client.add_service(&service(WEB)).unwrap();
    client
        .add_service(&Service::new(v6, Scheduler::Rr))
        .unwrap();
    client.add_destination(&web, &real("10.0.0.1:80")).unwrap();
    let add = |client: &mut Client<Socket>, key, destination: &str| {
        client.add_destination(&key, &real(destination))
    };
    refused(
        add(&mut client, web, "10.0.0.1:80"),
        ErrorKind::DestinationExists,
        17,
        "cannot add destination 10.0.0.1:80 to TCP 192.0.2.1:80: the destination exists",
    );
    refused(
        client.edit_destination(&web, &real("10.0.0.2:80")),
        ErrorKind::DestinationMissing,
        2,
        "cannot change destination 10.0.0.2:80 of TCP 192.0.2.1:80: there is no such destination",
    );
    refused(
        client.delete_destination(&web, &real("10.0.0.2:80").key),
        ErrorKind::DestinationMissing,
        2,
        "cannot delete destination 10.0.0.2:80 of TCP 192.0.2.1:80: there is no such destination",
    );
    for (weight, upper, lower) in [(1 << 31, 0, 0), (1, 5, 6)] {
        let out_of_range = Destination {
            weight,
            upper,
            lower,
            ..real("10.0.0.1:80")
        };
        refused(
            client.edit_destination(&web, &out_of_range),
            ErrorKind::Range,
            34,
            "cannot change destination 10.0.0.1:80 of TCP 192.0.2.1:80: the weight or a threshold \
             is out of range",
        );
    }
    for (key, address) in [
        (web, "224.0.0.1:80"),
        (web, "255.255.255.255:80"),
        (web, "0.0.0.0:80"),
        (web, "10.7.0.255:80"),
        (web, "127.255.255.255:80"),
        (web, "[2001:db8::2]:80"),
        (v6, "[::]:80"),
        (v6, "[ff02::1]:80"),
        (v6, "[fe80::1]:80"),
    ] {
        let error = add(&mut client, key, address).unwrap_err();
        assert_eq!(
            (error.kind, error.errno),
            (ErrorKind::Invalid, Some(22)),
            "{address}"
        );
    }
    for (key, address) in [
        (web, "10.7.1.255:80"),
        (web, "127.0.0.1:80"),
        (v6, "[fe80::7]:80"),
    ] {
        add(&mut client, key, address).unwrap();
    }
    let gue = Destination {
        forwarding: Forwarding::Tunnel(Tunnel::Gue {
            port: 0,
            checksum: TunnelChecksum::None,
        }),
        ..real("10.0.0.3:80")
    };
    refused(
        client.add_destination(&web, &gue),
        ErrorKind::Invalid,
        22,
        "cannot add destination 10.0.0.3:80 to TCP 192.0.2.1:80: the kernel refuses a value as \
         invalid",
    );
}

#[test]
fn the_upper_threshold_shows_the_profile() {
    for profile in [KernelProfile::Legacy, KernelProfile::TotalConnections] {
        let (kernel, mut client) = connected();
        kernel.set_profile(profile);
        assert_eq!(client.profile().unwrap(), profile);
        assert!(kernel.configuration().is_empty());
    }
}

#[test]
fn a_table_is_reported_as_the_kernel_does() {
    let (kernel, mut client) = connected();
    let mut persistent = service("fwmark 7 ipv6");
    persistent.flags = Flags::ONE_PACKET.with(Flags::SCHED_2);
    persistent.persistence = Some(Persistence {
        timeout: 300,
        granularity: Granularity::V6(64),
    });
    let odd = Service::new(
        ServiceKey::Address {
            protocol: Protocol(99),
            address: [192, 0, 2, 1].into(),
            port: 0,
        },
        Scheduler::Wlc,
    );
    for service in [persistent, odd] {
        client.add_service(&service).unwrap();
        assert_eq!(client.service(&service.key).unwrap().service, service);
    }
    let mut tunnel = real("10.0.0.1:80");
    tunnel.forwarding = Forwarding::Tunnel(Tunnel::Gue {
        port: 6080,
        checksum: TunnelChecksum::Remote,
    });
    (tunnel.weight, tunnel.upper, tunnel.lower) = (0, 9, 4);
    let mut strange = real("[2001:db8::1]:80");
    strange.forwarding = Forwarding::Other(7);
    for destination in [tunnel, strange] {
        client
            .add_destination(&persistent.key, &destination)
            .unwrap();
    }
    let activity = Activity {
        active: 1,
        inactive: 2,
        persistent: 3,
    };
    kernel.set_activity(&persistent.key, &tunnel.key, activity);
    let listed = client.destinations(&persistent.key).unwrap();
    let listed: Vec<_> = listed
        .iter()
        .map(|it| (it.destination, it.activity))
        .collect();
    assert_eq!(listed, [(strange, Activity::default()), (tunnel, activity)]);
    let configuration = client.configuration().unwrap();
    assert_eq!(configuration, kernel.configuration());
    assert_eq!(configuration.len(), 2);
    let mark = ServiceKey::Mark {
        mark: NonZeroU32::new(7).unwrap(),
        family: Family::V6,
    };
    let destinations = &configuration.get(&mark).unwrap().destinations;
    assert_eq!(destinations, &[strange, tunnel]);
}

#[test]
fn statistics_are_those_set_until_they_are_zeroed() {
    let (kernel, mut client) = connected();
    let (web, first) = (key(WEB), real("10.0.0.1:80"));
    client.add_service(&service(WEB)).unwrap();
    client.add_destination(&web, &first).unwrap();
    let statistics = |connections| Statistics {
        totals: Totals {
            connections,
            ..Totals::default()
        },
        ..Statistics::default()
    };
    kernel.set_statistics(&web, None, statistics(1 << 40));
    kernel.set_statistics(&web, Some(&first.key), statistics(7));
    let mut counted = || {
        let service = client.service(&web).unwrap().statistics;
        let destination = client.destinations(&web).unwrap()[0].statistics;
        let counted = [service, destination].map(|it| it.totals.connections);
        client.zero(Some(&web)).unwrap();
        counted
    };
    assert_eq!(counted(), [1 << 40, 7]);
    assert_eq!(counted(), [0, 0]);
}

#[test]
fn timeouts_and_information_are_the_kernels() {
    let (_, mut client) = connected();
    let timeouts = |tcp, tcp_fin, udp| Timeouts { tcp, tcp_fin, udp };
    assert_eq!(client.timeouts(), Ok(timeouts(900, 120, 300)));
    client.set_timeouts(&timeouts(111, 0, 33)).unwrap();
    assert_eq!(client.timeouts(), Ok(timeouts(111, 120, 33)));
    refused(
        client.set_timeouts(&timeouts(1, 2, u32::MAX)),
        ErrorKind::Invalid,
        22,
        "cannot set timeouts: the kernel refuses a value as invalid",
    );
    assert_eq!(client.timeouts(), Ok(timeouts(111, 120, 33)));
    let info = Info {
        version: Version(0x0001_0201),
        connection_table_size: 4096,
    };
    assert_eq!(client.info(), Ok(info));
}

#[test]
fn synchronisation_daemons_are_refused_by_name() {
    let (kernel, mut client) = connected();
    kernel.add_interface(Name::new("sync").unwrap(), 9000);
    let daemon = |role, interface: &str| SyncDaemon {
        role,
        interface: Name::new(interface).unwrap(),
        id: 7,
        max_length: None,
        group: None,
        port: None,
        ttl: None,
    };
    let master = daemon(SyncRole::Master, "sync");
    refused(
        client.stop_daemon(SyncRole::Master),
        ErrorKind::DaemonNotRunning,
        3,
        "cannot stop the master synchronisation daemon: the daemon is not running",
    );
    refused(
        client.start_daemon(&daemon(SyncRole::Backup, "nosuch")),
        ErrorKind::InterfaceMissing,
        19,
        "cannot start the backup synchronisation daemon on nosuch: there is no such interface",
    );
    let unicast = SyncDaemon {
        group: Some([10, 8, 0, 2].into()),
        ..master
    };
    let invalid = "cannot start the master synchronisation daemon on sync: the kernel refuses a \
                   value as invalid";
    refused(
        client.start_daemon(&unicast),
        ErrorKind::Invalid,
        22,
        invalid,
    );
    client.start_daemon(&master).unwrap();
    refused(
        client.start_daemon(&master),
        ErrorKind::DaemonRunning,
        17,
        "cannot start the master synchronisation daemon on sync: the daemon is running",
    );
    let reported = |role, max_length| SyncDaemon {
        max_length: Some(max_length),
        group: Some([224, 0, 0, 81].into()),
        port: Some(8848),
        ttl: Some(1),
        ..daemon(role, "sync")
    };
    client
        .start_daemon(&daemon(SyncRole::Backup, "sync"))
        .unwrap();
    let both = [
        reported(SyncRole::Master, 1472),
        reported(SyncRole::Backup, 8972),
    ];
    assert_eq!(client.daemons().unwrap(), both);
    // Destinations of another family and synchronisation exclude each other.
    client.add_service(&service(WEB)).unwrap();
    let mut mixed = real("[2001:db8::2]:80");
    mixed.forwarding = Forwarding::Tunnel(Tunnel::Ipip);
    let add = client.add_destination(&key(WEB), &mixed);
    assert_eq!(add.unwrap_err().kind, ErrorKind::Invalid);
    client.stop_daemon(SyncRole::Master).unwrap();
    client.stop_daemon(SyncRole::Backup).unwrap();
    client.add_destination(&key(WEB), &mixed).unwrap();
    refused(
        client.start_daemon(&master),
        ErrorKind::Invalid,
        22,
        invalid,
    );
}

#[test]
fn what_no_table_calls_for_is_a_fault() {
    let (kernel, mut client) = connected();
    client.add_service(&service(WEB)).unwrap();
    for (errno, kind, text) in [
        (
            1,
            ErrorKind::Permission,
            "not permitted; it takes CAP_NET_ADMIN in the initial user namespace",
        ),
        (
            12,
            ErrorKind::OutOfMemory,
            "the kernel has no memory for it",
        ),
        (16, ErrorKind::Busy, "the kernel is busy"),
        (
            95,
            ErrorKind::Unsupported,
            "the kernel does not support this",
        ),
        (
            97,
            ErrorKind::FamilyUnsupported,
            "the kernel does not balance this address family",
        ),
    ] {
        kernel.on_request(move |_| Some(Fault::Errno(errno)));
        let text = format!("cannot delete service TCP 192.0.2.1:80: {text}");
        refused(client.delete_service(&key(WEB)), kind, errno, &text);
        assert_eq!(kernel.configuration().len(), 1);
    }
    kernel.on_request(|_| Some(Fault::AnswerLost));
    let error = client.delete_service(&key(WEB)).unwrap_err();
    assert_eq!((error.kind, error.errno), (ErrorKind::AnswerLost, None));
    assert!(kernel.configuration().is_empty());
    kernel.on_request(|_| Some(Fault::Hang));
    let error = client.add_service(&service(WEB)).unwrap_err();
    assert_eq!((error.kind, error.errno), (ErrorKind::TimedOut, None));
    kernel.on_request(|_| None);
    assert_eq!(client.flush().unwrap_err().kind, ErrorKind::TimedOut);
    assert_eq!(kernel.client().unwrap().flush(), Ok(()));
}

#[test]
fn there_is_no_connection_without_the_module_or_permission() {
    let (kernel, mut client) = connected();
    kernel.set_available(false);
    assert!(matches!(kernel.client(), Err(ConnectError::NotAvailable)));
    refused(
        client.flush(),
        ErrorKind::NotAvailable,
        2,
        "cannot delete all services: the kernel has no ip_vs any more",
    );
    kernel.set_available(true);
    kernel.on_request(|_| Some(Fault::Errno(1)));
    assert!(matches!(kernel.client(), Err(ConnectError::Permission)));
}

#[test]
fn long_lists_come_whole() {
    let (_, mut client) = connected();
    let requests: Vec<_> = (1..=3000)
        .map(|port| {
            Request::AddService(Service::new(
                ServiceKey::tcp([192, 0, 2, 1].into(), port),
                Scheduler::Rr,
            ))
        })
        .collect();
    assert!(client.batch(&requests).iter().all(Result::is_ok));
    assert_eq!(client.services().unwrap().len(), 3000);
    assert_eq!(client.configuration().unwrap().len(), 3000);
}

fn is_readable(requests: &impl AsFd) -> bool {
    let mut descriptors = [PollFd::new(requests.as_fd(), PollFlags::POLLIN)];
    poll(&mut descriptors, PollTimeout::ZERO).unwrap() == 1
}

#[test]
fn a_loop_is_driven_as_with_a_kernel() {
    let kernel = Kernel::new();
    let mut requests = kernel.requests().unwrap();
    let time = Cell::new(Duration::ZERO);
    let clock = || {
        time.set(time.get() + Duration::from_micros(50));
        time.get()
    };
    let web = key(WEB);
    requests.push(Request::AddService(service(WEB)), 0).unwrap();
    for tag in 1..=300_u16 {
        let [high, low] = (tag % 299).to_be_bytes();
        let real = real(&format!("10.1.{high}.{low}:80"));
        requests
            .push(Request::AddDestination(web, real), tag)
            .unwrap();
    }
    requests.push(Request::Destinations(web), 301).unwrap();
    let mut completions = Vec::new();
    let mut turns = 0;
    while !requests.is_idle() {
        let now = clock();
        let slice = TimeSlice::new(now, now + Duration::from_millis(1), &clock);
        let progress = requests.drive(&slice, &mut completions).unwrap();
        assert_eq!(progress == Progress::Complete, requests.is_idle());
        turns += 1;
    }
    assert!(turns > 2, "{turns} turns");
    assert!(!is_readable(&requests));
    let tags: Vec<_> = completions.iter().map(|it| it.tag).collect();
    assert_eq!(tags, (0..=301).collect::<Vec<_>>());
    let refused = completions.iter().filter(|it| it.result.is_err());
    assert_eq!(refused.map(|it| it.tag).collect::<Vec<_>>(), [300]);
    let Ok(Reply::Destinations(listed)) = &completions[301].result else {
        panic!("{:?}", completions[301]);
    };
    assert_eq!(listed.len(), 299);
}

#[test]
fn the_descriptor_is_readable_while_there_are_answers() {
    let kernel = Kernel::new();
    let mut requests = kernel.requests().unwrap();
    for tag in 0..3 {
        requests.push(Request::Info, tag).unwrap();
    }
    let mut completions = Vec::new();
    let clock = || Duration::ZERO;
    let mut drive = |until| {
        let slice = TimeSlice::new(Duration::ZERO, until, &clock);
        let progress = requests.drive(&slice, &mut completions).unwrap();
        (progress, is_readable(&requests))
    };
    assert_eq!(drive(Duration::ZERO), (Progress::Partial, false));
    let later = drive(Duration::MAX);
    assert_eq!(later, (Progress::Complete, false));
    assert_eq!(completions.len(), 3);
}
