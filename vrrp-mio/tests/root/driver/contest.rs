//! Tests of the reaction to advertisements of lower priority.

use core::net::Ipv4Addr;

use nix::net::if_::if_nametoindex;
use vrrp_core::wire::{
    Addresses, Advertisement, ChecksumForm, Format, MULTICAST_V4, PseudoHeader, TTL,
};
use vrrp_core::{Interval, Priority, Role, Vrid};
use vrrp_mio::{AdvertSocket, Clock, RouterSpec, Transport};

use super::host::{Host, Switch, address, router, until};
use rig::Tap;
use rig::capture::Frame;

/// Has `host` send advertisements of VRID 51 and `priority`, one every `millis` ms.
fn advertise(host: &Host, priority: u8, form: ChecksumForm, millis: u64, times: u32) {
    host.ask(move |_| {
        let interface = if_nametoindex("eth0").unwrap();
        let socket = AdvertSocket::open(interface, Transport::Ipv4).unwrap();
        let ends = PseudoHeader::V4 {
            source: Ipv4Addr::new(10, 9, 0, 9),
            destination: MULTICAST_V4,
        };
        let advertisement = Advertisement {
            vrid: Vrid::new(51).unwrap(),
            priority: Priority::new(priority).unwrap(),
            interval: Interval::from_centis(1).unwrap(),
            addresses: Addresses::V4(&[[10, 9, 0, 100]]),
            format: Format::V3(form),
        };
        let mut octets = Vec::new();
        advertisement.encode(&ends, &mut octets).unwrap();
        for _ in 0..times {
            socket.send(&ends, TTL, &octets).unwrap();
            std::thread::sleep(core::time::Duration::from_millis(millis));
        }
    });
}

fn form(frame: &Frame) -> Option<ChecksumForm> {
    let pdu = frame.advertisement()?;
    let [a, b, c, d] = frame.octets[26..30].try_into().unwrap();
    let ends = PseudoHeader::V4 {
        source: Ipv4Addr::new(a, b, c, d),
        destination: MULTICAST_V4,
    };
    match Advertisement::decode(pdu, &ends).unwrap().format {
        Format::V3(form) => Some(form),
        Format::V2(_) => None,
    }
}

/// One every 20 ms for 4 s, of a router that claims to advertise every 10 ms: each is answered, but
/// not announced.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_flood_of_contests_is_announced_once_a_second_and_after_the_last() {
    let switch = Switch::new();
    let (host, other) = (switch.host(1), switch.host(9));
    let addresses: Vec<String> = (0..50).map(|n| format!("10.9.0.{}/32", 100 + n)).collect();
    let addresses: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let a = host.start(router(200, &addresses));
    host.await_role(a, Role::Active);
    let mut tap = Tap::on(&switch.namespace, "p1");
    let announced = |frame: &Frame| frame.announced().is_some();
    until("the first block", || tap.count(announced) >= 250);
    tap.clear();
    let clock = Clock::new().unwrap();
    let begin = clock.now();
    advertise(&other, 100, ChecksumForm::PseudoHeader, 20, 200);
    let last = tap.read().len();
    tap.wait("the last contest to be announced", 1, announced);
    until("all copies of it", || {
        let after = tap.read().iter().skip(last);
        after.filter(|frame| announced(frame)).count() >= 250
    });
    let seconds = clock.now().saturating_duration_since(begin).as_secs();
    let blocks = usize::try_from(seconds).unwrap() + 6;
    let sent = tap.count(announced);
    // Four blocks at once and one a second; the one five seconds after becoming Active.
    assert!(sent <= blocks * 250, "{sent} in {seconds} s");
    let answers = tap.count(|frame| frame.advertisement().is_some());
    assert!(answers > 40, "{answers}");
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn the_checksum_form_of_a_loser_is_not_taken_over_and_that_of_a_winner_is() {
    let switch = Switch::new();
    let (host, other) = (switch.host(1), switch.host(9));
    let a = host.start(router(150, &["10.9.0.100/24"]));
    host.await_role(a, Role::Active);
    let mut tap = Tap::on(&switch.namespace, "p1");
    advertise(&other, 100, ChecksumForm::MessageOnly, 20, 50);
    tap.wait("answers", 10, |frame| form(frame).is_some());
    tap.read();
    for frame in &tap.frames {
        assert_ne!(form(frame), Some(ChecksumForm::MessageOnly));
    }
    advertise(&other, 200, ChecksumForm::MessageOnly, 20, 40);
    host.await_role(a, Role::Active);
    tap.clear();
    tap.wait("the winner's form", 3, |frame| {
        form(frame) == Some(ChecksumForm::MessageOnly)
    });
    // The default where both are heard.
    advertise(&other, 200, ChecksumForm::PseudoHeader, 20, 1);
    host.await_role(a, Role::Active);
    tap.clear();
    tap.wait("the default", 3, |frame| form(frame).is_some());
    for frame in &tap.frames {
        assert_ne!(form(frame), Some(ChecksumForm::MessageOnly));
    }
}

/// Three copies of one neighbour advertisement come before the second of six gratuitous ARP requests
/// that are half a second apart.
#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn neighbour_advertisements_do_not_wait_for_gratuitous_arp() {
    let switch = Switch::new();
    let host = switch.host(1);
    let mut tap = Tap::on(&switch.namespace, "p1");
    let mut settings = vrrp_core::announce::Settings::default();
    settings.repeat = 3;
    let mut spec = RouterSpec {
        announce: settings.try_into().unwrap(),
        arp_interval: core::time::Duration::from_millis(500),
        ..router(100, &["10.9.0.100/24", "10.9.0.101/24"])
    };
    spec.excluded
        .push(super::host::virtual_address("2001:db8::100/64"));
    host.start(spec);
    tap.wait("all announcements", 9, |frame| frame.announced().is_some());
    let order: Vec<bool> = tap
        .frames
        .iter()
        .filter_map(|frame| frame.announced().map(|address| address.is_ipv6()))
        .collect();
    let third = order.iter().filter(|v6| **v6).count();
    assert_eq!(third, 3, "{order:?}");
    let last = order.iter().rposition(|v6| *v6).unwrap();
    assert!(last <= 3, "{order:?}");
    assert_eq!(tap.announcements(address("2001:db8::100")), 3);
}
