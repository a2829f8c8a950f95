//! Tests of forged advertisements: the effect of one packet on a pair.

use core::net::{IpAddr, Ipv4Addr};
use core::time::Duration;

use rig::{Instance, Lab, Pair, Peer, Protocol, now, pause, succession, until};
use vrrp_core::wire::{
    Addresses, Advertisement, ChecksumForm, Format, MULTICAST_V4, PseudoHeader, TTL,
};
use vrrp_core::{Interval, Priority, Vrid};
use vrrp_mio::{AdvertSocket, Transport};

/// The backup; the daemon on host 0 has priority 200. A third host forges.
const BASE: Instance = Instance::new(Protocol::V3Ipv4, 51, 100, 100);
const FORGER: usize = 2;

/// Has the third host send one advertisement of `priority`.
fn forge(lab: &Lab, priority: u8, form: ChecksumForm) {
    let IpAddr::V4(address) = BASE.address() else {
        unreachable!("the router is one over IPv4");
    };
    lab.host(FORGER).inside(|| {
        let interface = nix::net::if_::if_nametoindex("eth0").expect("it has an interface");
        let socket = AdvertSocket::open(interface, Transport::Ipv4);
        let ends = PseudoHeader::V4 {
            source: Ipv4Addr::new(10, 0, 0, 3),
            destination: MULTICAST_V4,
        };
        let advertisement = Advertisement {
            vrid: Vrid::new(BASE.vrid).expect("in range"),
            priority: Priority::new(priority).expect("in range"),
            interval: Interval::DEFAULT,
            addresses: Addresses::V4(&[address.octets()]),
            format: Format::V3(form),
        };
        let mut octets = Vec::new();
        let encoded = advertisement.encode(&ends, &mut octets);
        encoded.expect("one address fits");
        let socket = socket.expect("root may open it");
        socket.send(&ends, TTL, &octets).expect("the link is up");
    });
}

/// Waits until nobody but host 0 has advertised for four intervals, nor has the address.
fn await_one_master(lab: &Lab, pair: &Pair<'_>) {
    let limit = Duration::from_secs(30);
    until("host 0 to be the only one", limit, || {
        let adverts = pair.adverts(now() - 4 * BASE.interval());
        adverts.len() >= 3 && adverts.iter().all(|advert| advert.host == 0)
    });
    until("its having the address", limit, || {
        lab.has_address(0, BASE.address())
    });
}

/// keepalived and FRR discard what is summed without the pseudo-header: were it sent because of what
/// a loser sends, the backup would become MASTER.
fn loser(backup: Peer) {
    let lab = Lab::new(3, 1);
    let mut pair = Pair::of_one(&lab, [Peer::HaDaemon, backup], BASE);
    pair.converge();
    await_one_master(&lab, &pair);
    let begin = now();
    for _ in 0..15 {
        forge(&lab, 50, ChecksumForm::MessageOnly);
        pause(BASE.interval());
    }
    pause(BASE.down() + BASE.interval());
    assert_eq!(succession(&pair.adverts(begin)), [0]);
    await_one_master(&lab, &pair);
}

/// Nothing distinguishes a forged winner from a true one, and ours yields to it. When it returns,
/// its backup hears it, after one packet, a burst, and as many as teach where nobody objects.
fn winner(backup: Peer) {
    let lab = Lab::new(3, 1);
    let mut pair = Pair::of_one(&lab, [Peer::HaDaemon, backup], BASE);
    pair.converge();
    await_one_master(&lab, &pair);
    for (times, pace) in [(1, 0), (5, 0), (8, 1)] {
        let begin = now();
        for _ in 0..times {
            forge(&lab, 250, ChecksumForm::MessageOnly);
            pause(BASE.interval() * pace);
        }
        until("host 0 to have yielded", BASE.down() * 2, || {
            !lab.has_address(0, BASE.address())
        });
        pair.await_claim(0, begin + BASE.down() / 2, BASE.down() * 4);
        await_one_master(&lab, &pair);
    }
}

#[test]
#[ignore = "needs root, keepalived and tshark"]
fn the_form_of_a_loser_is_not_taken_over_before_keepalived() {
    loser(Peer::Keepalived);
}

#[test]
#[ignore = "needs root, FRR and tshark"]
fn the_form_of_a_loser_is_not_taken_over_before_frr() {
    loser(Peer::Frr);
}

#[test]
#[ignore = "needs root, keepalived and tshark"]
fn a_forged_winner_leaves_one_master() {
    winner(Peer::Keepalived);
}
