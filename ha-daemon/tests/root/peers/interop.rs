//! Tests of elections, handovers, crashes and returns between every pair of daemons, in every
//! protocol variant that both support.

use core::time::Duration;

use rig::{
    Advert, Instance, Key, Lab, PATIENCE, Peer, Protocol, Seat, complaints, now, pause, succession,
    until,
};

/// The first host is preferred and preempts.
const FIRST: u8 = 51;
/// The second host is preferred and preempts: with `FIRST`, each host is Active for one.
const SECOND: u8 = 52;
/// The first host is preferred but does not preempt.
const STAYING: u8 = 53;

/// How long to look on where nothing is to happen.
const SLACK: Duration = Duration::from_millis(300);
/// How long a daemon may take to start and read its configuration.
const STARTUP: Duration = Duration::from_secs(3);

/// What both daemons are configured to speak.
#[derive(Clone, Copy, Debug)]
struct Variant {
    protocol: Protocol,
    centis: u16,
    virtual_mac: bool,
    unicast: bool,
}

const fn variant(protocol: Protocol, centis: u16) -> Variant {
    Variant {
        protocol,
        centis,
        virtual_mac: false,
        unicast: false,
    }
}

impl Variant {
    fn instance(self, host: usize, vrid: u8) -> Instance {
        let preferred = (vrid == SECOND) == (host == 1);
        let mut instance = Instance::new(
            self.protocol,
            vrid,
            if preferred { 200 } else { 100 },
            self.centis,
        );
        instance.preempt = vrid != STAYING;
        instance.virtual_mac = self.virtual_mac;
        instance.unicast_peer = self.unicast.then_some(1 - host);
        instance
    }
}

struct Scenario<'lab> {
    lab: &'lab Lab,
    peers: [Peer; 2],
    seats: [Seat<'lab>; 2],
}

impl<'lab> Scenario<'lab> {
    fn new(lab: &'lab Lab, peers: [Peer; 2], variant: Variant) -> Self {
        let seat = |host: usize| {
            let instances = [FIRST, SECOND, STAYING].map(|vrid| variant.instance(host, vrid));
            Seat::new(lab, host, peers[host], instances.into())
        };
        Self {
            lab,
            peers,
            seats: [seat(0), seat(1)],
        }
    }

    fn key(&self, vrid: u8) -> Key {
        self.seats[0].instance(vrid).key()
    }

    fn adverts(&self, vrid: u8, from: Duration) -> Vec<Advert> {
        self.lab.capture().adverts(self.key(vrid), from)
    }

    fn down(&self, host: usize, vrid: u8) -> Duration {
        self.seats[host].instance(vrid).down()
    }

    /// How late `host` may be seen to take `vrid` over between two points in time. FRR's first IPv6
    /// advert is lost: its macvlan is not up yet.
    fn grace(&self, host: usize, vrid: u8, from: Duration, to: Duration) -> Duration {
        let instance = self.seats[host].instance(vrid);
        let first = match (self.peers[host], instance.key().family) {
            (Peer::Frr, vrrp_core::Family::V6) => instance.interval(),
            (Peer::HaDaemon | Peer::Keepalived | Peer::Frr, _) => Duration::ZERO,
        };
        first + instance.grace(from, to)
    }

    /// Waits for `host` to claim `vrid`, and checks the announcement that follows the advert
    /// (RFC 9568 §6.4.2), the virtual MAC (RFC 9568 §7.3), and where the address is.
    fn await_active(&mut self, host: usize, vrid: u8, from: Duration, limit: Duration) -> Duration {
        let (key, instance) = (self.key(vrid), *self.seats[host].instance(vrid));
        let capture = self.lab.capture();
        self.seats[host].check_alive();
        let advert = capture.await_claim(key, host, from, limit);
        let peer = self.peers[host];
        if instance.virtual_mac || peer == Peer::Frr {
            let mac = vrrp_core::Vrid::new(vrid).map(|vrid| vrid.virtual_mac(key.family));
            assert_eq!(Some(advert.fields.source_mac), mac, "T2: {peer:?}");
        }
        // Of what FRR sends first over IPv6 the announcement is not lost.
        let since = if peer == Peer::Frr { from } else { advert.time };
        until(
            "the announcement after the advert",
            Duration::from_secs(2),
            || {
                !capture
                    .announced(host, instance.address(), since)
                    .is_empty()
            },
        );
        if !self.peers.contains(&Peer::Frr) {
            self.lab.await_owner(host, instance.address());
        }
        advert.time
    }

    /// Each host is Active where it is preferred, and nothing changes while nothing happens.
    fn elect(&mut self) {
        let start = now();
        self.seats[0].start();
        self.await_active(0, STAYING, start, STARTUP + self.down(0, STAYING));
        self.await_active(0, FIRST, start, STARTUP + self.down(0, FIRST));
        self.seats[1].start();
        self.await_active(1, SECOND, start, STARTUP + self.down(0, SECOND) + STARTUP);
        self.assert_steady([(FIRST, 0), (SECOND, 1), (STAYING, 0)]);
    }

    fn assert_steady(&self, owners: [(u8, usize); 3]) {
        pause(SLACK);
        let from = now();
        pause(2 * self.seats[0].instance(FIRST).interval() + SLACK);
        for (vrid, owner) in owners {
            assert_eq!(
                succession(&self.adverts(vrid, from)),
                [owner],
                "VRID {vrid}"
            );
        }
    }

    /// SIGTERM on `host` resigns where it is Active (RFC 9568 §6.4.3), is silent where it is not
    /// (RFC 9568 §6.4.2), and the other takes over after its skew (RFC 9568 §6.4.2).
    fn hand_over(&mut self, host: usize, active: &[u8]) {
        let start = now();
        self.seats[host].terminate();
        for vrid in [FIRST, SECOND, STAYING] {
            let resigned: Vec<_> = self
                .adverts(vrid, start)
                .into_iter()
                .filter(|advert| advert.host == host && !advert.claims())
                .collect();
            assert_eq!(
                !resigned.is_empty(),
                active.contains(&vrid),
                "F4, F10: VRID {vrid}"
            );
            let Some(resigned) = resigned.first() else {
                continue;
            };
            let other = 1 - host;
            let instance = *self.seats[other].instance(vrid);
            let taken = self.await_active(other, vrid, resigned.time, PATIENCE);
            let late = taken.saturating_sub(resigned.time);
            assert!(
                late <= instance.skew() + self.grace(other, vrid, resigned.time, taken),
                "F6: VRID {vrid} was taken over {late:?} after the resignation"
            );
        }
    }

    /// A killed router is missed for its Active_Down_Interval (RFC 9568 §6.4.2).
    fn crash(&mut self, host: usize, active: &[u8]) {
        let killed = self.seats[host].kill();
        for &vrid in active {
            let capture = self.lab.capture();
            let last = capture
                .last_claim(self.key(vrid), host, killed)
                .expect("it was Active");
            let other = 1 - host;
            let down = self.down(other, vrid);
            let taken = capture.await_claim(self.key(vrid), other, killed, PATIENCE);
            let silence = taken.time.saturating_sub(last.time);
            assert!(
                silence <= down + self.grace(other, vrid, last.time, taken.time),
                "F5: VRID {vrid} was taken over after {silence:?}"
            );
            assert!(
                silence + EARLY >= down,
                "F5: VRID {vrid} was taken over after {silence:?}"
            );
        }
    }

    /// A router that comes back takes what it is preferred for, unless it does not preempt
    /// (RFC 9568 §6.4.2).
    fn come_back(&mut self, host: usize, preempted: u8, kept: &[u8]) {
        let start = now();
        self.seats[host].start();
        self.await_active(host, preempted, start, STARTUP + self.down(host, preempted));
        pause(self.down(host, preempted));
        for &vrid in kept {
            assert_eq!(
                succession(&self.adverts(vrid, start)),
                [1 - host],
                "F9: VRID {vrid}"
            );
        }
        assert_eq!(
            succession(&self.adverts(preempted, start)),
            [1 - host, host],
            "F8, F13"
        );
    }
}

/// FRR counts its skew in whole centiseconds, so it may be that much early.
const EARLY: Duration = Duration::from_millis(12);

fn agree(peers: [Peer; 2], variant: Variant) {
    let lab = Lab::new(2, 1);
    let mut scenario = Scenario::new(&lab, peers, variant);
    scenario.elect();
    scenario.hand_over(0, &[FIRST, STAYING]);
    scenario.come_back(0, FIRST, &[STAYING, SECOND]);
    scenario.crash(0, &[FIRST]);
    scenario.come_back(0, FIRST, &[STAYING, SECOND]);
    scenario.hand_over(1, &[SECOND, STAYING]);
    scenario.come_back(1, SECOND, &[STAYING, FIRST]);
    let found = complaints(lab.capture(), &lab.dir(0).join("capture.pcap"));
    assert_eq!(found, "", "tshark complains");
}

macro_rules! pairs {
    ($($pair:ident: $first:ident, $second:ident => { $($name:ident: $variant:expr,)* })*) => {
        $(mod $pair {
            use super::*;

            $(#[test]
            #[ignore = "needs root, keepalived, frr and tshark"]
            fn $name() {
                agree([Peer::$first, Peer::$second], $variant);
            })*
        })*
    };
}

macro_rules! all_variants {
    ($($pair:ident: $first:ident, $second:ident;)*) => {
        pairs! {
            $($pair: $first, $second => {
                agree_on_v2: variant(Protocol::V2, 100),
                agree_on_v2_with_a_password: variant(Protocol::V2Pass, 100),
                agree_on_v2_with_an_authentication_header: variant(Protocol::V2Ah, 100),
                agree_on_v3_over_ipv4: variant(Protocol::V3Ipv4, 10),
                agree_on_v3_over_ipv6: variant(Protocol::V3Ipv6, 10),
                agree_with_virtual_macs: Variant {
                    virtual_mac: true,
                    ..variant(Protocol::V3Ipv4, 10)
                },
                agree_with_virtual_macs_over_ipv6: Variant {
                    virtual_mac: true,
                    ..variant(Protocol::V3Ipv6, 10)
                },
                agree_on_unicast_v2: Variant { unicast: true, ..variant(Protocol::V2, 100) },
                agree_on_unicast_v3: Variant { unicast: true, ..variant(Protocol::V3Ipv4, 10) },
                agree_on_unicast_v3_over_ipv6: Variant {
                    unicast: true,
                    ..variant(Protocol::V3Ipv6, 10)
                },
            })*
        }
    };
}

all_variants! {
    keepalived_and_keepalived: Keepalived, Keepalived;
    ours_and_ours: HaDaemon, HaDaemon;
    ours_and_keepalived: HaDaemon, Keepalived;
    keepalived_and_ours: Keepalived, HaDaemon;
}

pairs! {
    keepalived_and_frr: Keepalived, Frr => {
        agree_on_v2: variant(Protocol::V2, 100),
        agree_on_v3_over_ipv4: variant(Protocol::V3Ipv4, 10),
        agree_on_v3_over_ipv6: variant(Protocol::V3Ipv6, 10),
    }
    ours_and_frr: HaDaemon, Frr => {
        agree_on_v2: variant(Protocol::V2, 100),
        agree_on_v3_over_ipv4: variant(Protocol::V3Ipv4, 10),
        agree_on_v3_over_ipv6: variant(Protocol::V3Ipv6, 10),
        agree_with_virtual_macs: Variant { virtual_mac: true, ..variant(Protocol::V3Ipv4, 10) },
    }
    frr_and_ours: Frr, HaDaemon => {
        agree_on_v2: variant(Protocol::V2, 100),
        agree_on_v3_over_ipv4: variant(Protocol::V3Ipv4, 10),
        agree_on_v3_over_ipv6: variant(Protocol::V3Ipv6, 10),
    }
}
