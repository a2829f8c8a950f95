//! Random requests, in batches.

use core::net::IpAddr;

use ipvs_core::destination::{Tunnel, TunnelChecksum};
use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{
    Destination, DestinationKey, Forwarding, Name, Scheduler, Service, ServiceKey, SyncDaemon,
    SyncRole, Timeouts,
};
use ipvs_netlink::Request;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// The source of requests.
pub(crate) struct Draws {
    runner: TestRunner,
    batches: BoxedStrategy<Vec<Request>>,
}

impl Draws {
    pub(crate) fn new(seed: u64) -> Self {
        let mut octets = [0; 32];
        octets[..8].copy_from_slice(&seed.to_le_bytes());
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &octets);
        let batches = prop_oneof![
            6 => vec(request(), 1),
            6 => vec(request(), 2..12),
            1 => prop_oneof![start().prop_map(Request::StartDaemon), role().prop_map(Request::StopDaemon)]
                .prop_map(|request| vec![request]),
        ];
        Self {
            runner: TestRunner::new_with_rng(Config::default(), random),
            batches: batches.boxed(),
        }
    }

    /// The next requests, which are to be sent at once.
    pub(crate) fn batch(&mut self) -> Vec<Request> {
        self.batches.new_tree(&mut self.runner).unwrap().current()
    }
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        8 => service().prop_map(Request::AddService),
        4 => service().prop_map(Request::EditService),
        2 => key().prop_map(Request::DeleteService),
        24 => (key(), destination()).prop_map(|(key, it)| Request::AddDestination(key, it)),
        16 => (key(), destination()).prop_map(|(key, it)| Request::EditDestination(key, it)),
        8 => (key(), place()).prop_map(|(key, it)| Request::DeleteDestination(key, it)),
        4 => key().prop_map(Request::Service),
        8 => key().prop_map(Request::Destinations),
        3 => Just(Request::Services),
        2 => option::of(key()).prop_map(Request::Zero),
        1 => Just(Request::Timeouts),
        1 => timeouts().prop_map(Request::SetTimeouts),
        1 => Just(Request::Daemons),
    ]
}

fn key() -> impl Strategy<Value = ServiceKey> {
    let keys = [
        "tcp 192.0.2.1:80",
        "udp 192.0.2.1:53",
        "tcp [2001:db8::1]:80",
        "fwmark 7",
        "fwmark 7 ipv6",
        "protocol 99 192.0.2.1:0",
    ];
    select(keys.map(|key| key.parse().unwrap()).to_vec())
}

fn name(name: &str) -> Name {
    Name::new(name).unwrap()
}

fn service() -> impl Strategy<Value = Service> {
    // The module of one that there is not is looked for each time.
    let scheduler = prop_oneof![
        60 => select(Scheduler::ALL.to_vec()),
        4 => Just(Scheduler::Other(name("none"))),
        1 => Just(Scheduler::Other(name("nosuch"))),
    ];
    let engine = prop_oneof![
        40 => Just(None),
        4 => Just(Some(name("sip"))),
        1 => Just(Some(name("nosuch"))),
    ];
    (
        key(),
        scheduler,
        0..0x40_u32,
        option::of(persistence()),
        engine,
    )
        .prop_map(|(key, scheduler, flags, persistence, engine)| Service {
            flags: Flags::from_bits(flags),
            persistence: persistence.map(|persistence| fitting(persistence, &key)),
            engine,
            ..Service::new(key, scheduler)
        })
}

/// Most are of the service's family.
fn fitting(mut persistence: Persistence, key: &ServiceKey) -> Persistence {
    if persistence.granularity.family() != key.family() && persistence.timeout != 1 {
        persistence.granularity = Granularity::single(key.family());
    }
    persistence
}

fn persistence() -> impl Strategy<Value = Persistence> {
    let granularity = prop_oneof![
        select(vec![
            [0; 4],
            [255; 4],
            [255, 255, 255, 0],
            [255, 0, 255, 15]
        ])
        .prop_map(|mask| Granularity::V4(mask.into())),
        select(vec![0, 1, 64, 128, 129, 255]).prop_map(Granularity::V6),
    ];
    // Beyond 2³² ticks it is another one.
    let timeout = select(vec![0, 1, 300, 2_678_400, 17_179_869, 17_179_870, u32::MAX]);
    (timeout, granularity).prop_map(|(timeout, granularity)| Persistence {
        timeout,
        granularity,
    })
}

fn place() -> impl Strategy<Value = DestinationKey> {
    let usual = [
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.3",
        "2001:db8::a",
        "2001:db8::b",
    ];
    let odd = [
        "0.0.0.0",
        "0.1.2.3",
        "10.7.0.1",
        "10.7.0.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::10.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::1",
        "fc00::1",
        "fe80::1",
        "fe80::7",
        "fec0::1",
        "ff02::1",
    ];
    let addresses = |list: &[&str]| -> Vec<IpAddr> {
        list.iter()
            .map(|address| address.parse().unwrap())
            .collect()
    };
    let address = prop_oneof![4 => select(addresses(&usual)), 1 => select(addresses(&odd))];
    (address, select(vec![0, 80])).prop_map(|(address, port)| DestinationKey::new(address, port))
}

fn destination() -> impl Strategy<Value = Destination> {
    const LIMIT: u32 = 1 << 31;
    let weight = prop_oneof![6 => 0..5_u32, 1 => select(vec![LIMIT - 1, LIMIT, u32::MAX])];
    let upper = prop_oneof![6 => 0..8_u32, 1 => select(vec![LIMIT - 1, LIMIT, u32::MAX])];
    let lower = prop_oneof![6 => Just(0), 3 => 0..8_u32, 1 => Just(u32::MAX)];
    (place(), forwarding(), weight, upper, lower).prop_map(
        |(key, forwarding, weight, upper, lower)| Destination {
            upper,
            lower,
            ..Destination::new(key, forwarding, weight)
        },
    )
}

fn forwarding() -> impl Strategy<Value = Forwarding> {
    let checksum = || {
        select(vec![
            TunnelChecksum::None,
            TunnelChecksum::Outer,
            TunnelChecksum::Remote,
        ])
    };
    let tunnel = prop_oneof![
        3 => Just(Tunnel::Ipip),
        1 => (select(vec![0, 6080]), checksum())
            .prop_map(|(port, checksum)| Tunnel::Gue { port, checksum }),
        1 => checksum().prop_map(|checksum| Tunnel::Gre { checksum }),
        1 => (0..5_u8, select(vec![0, 6080]), select(vec![0, 1, 7]))
            .prop_map(|(kind, port, flags)| Tunnel::Other { kind, port, flags }),
    ];
    prop_oneof![
        4 => Just(Forwarding::Masquerade),
        1 => Just(Forwarding::Local),
        4 => tunnel.prop_map(Forwarding::Tunnel),
        2 => Just(Forwarding::Route),
        1 => (0..16_u8).prop_map(Forwarding::Other),
    ]
}

fn timeouts() -> impl Strategy<Value = Timeouts> {
    // 2³¹-1 ticks at 250 a second.
    let timeout = || select(vec![0, 1, 900, 8_589_934, 8_589_935, u32::MAX]);
    (timeout(), timeout(), timeout()).prop_map(|(tcp, tcp_fin, udp)| Timeouts { tcp, tcp_fin, udp })
}

fn role() -> impl Strategy<Value = SyncRole> {
    select(vec![SyncRole::Master, SyncRole::Backup])
}

fn start() -> impl Strategy<Value = SyncDaemon> {
    let group = select(vec!["224.0.0.81", "224.0.0.99", "224.0.0.100", "10.8.0.2"]);
    (
        role(),
        prop_oneof![3 => Just("sync"), 1 => Just("nosuch")],
        any::<u8>(),
        option::of(select(vec![0, 100, 1200, 1472, 1473, u16::MAX])),
        option::of(group),
        option::of(select(vec![0, 9999])),
        option::of(select(vec![0, 3])),
    )
        .prop_map(
            |(role, interface, id, max_length, group, port, ttl)| SyncDaemon {
                role,
                interface: name(interface),
                id,
                max_length,
                group: group.map(|group| group.parse().unwrap()),
                port,
                ttl,
            },
        )
}
