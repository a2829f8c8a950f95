//! Settings that leave the addresses where they are.

use core::time::Duration;
use std::thread::sleep;

use rig::stall;
use vrrp_core::receive::Conformance;
use vrrp_core::wire::ChecksumForm;
use vrrp_core::{Interval, Settings, announce};
use vrrp_mio::{Aspect, RouterSpec, TransmitChecksum};

use super::{NONE, Pair, configure, is_advertisement, quiet_router};
use crate::driver::host::address;

const VIP: &str = "10.9.0.100/24";

type Change = fn(&mut RouterSpec);

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn each_setting_of_the_election_takes_effect_at_once_and_moves_nothing() {
    let mut pair = Pair::of(quiet_router(&[VIP]));
    let changes: [fn(&mut Settings); 10] = [
        |it| it.priority = 210,
        |it| it.priority = 150,
        |it| it.interval = Interval::from_centis(30).unwrap(),
        |it| it.interval = Interval::from_centis(5).unwrap(),
        |it| it.preempt = false,
        |it| it.preempt_delay = Duration::from_secs(1),
        |it| it.accept = true,
        |it| it.accept = false,
        |it| it.down_multiplier = 5,
        |it| (it.answer_lower, it.answer_higher) = (false, true),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let at = pair.change(&[Aspect::Election], |spec| configure(spec, change));
        assert_eq!(pair.removals.list(), NONE, "change {number}");
        let config = pair.specs[0].config;
        let mut sent = pair.tap.frames.iter().filter(|frame| frame.time >= at);
        let first = sent.find(|frame| is_advertisement(frame)).unwrap();
        let pdu = first.advertisement().unwrap();
        let interval = u16::from_be_bytes([pdu[4], pdu[5]]);
        let expected = (config.priority().get(), config.interval().centis());
        assert_eq!((pdu[2], interval), expected, "change {number}");
        let bound = config.interval().duration() / 5 + stall(at, first.time);
        assert!(first.time.saturating_sub(at) <= bound, "change {number}");
        let announced = pair.tap.announcements(address("10.9.0.100"));
        assert_eq!(announced, 0, "change {number}");
    }
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn what_is_sent_accepted_and_tracked_changes_without_a_word() {
    let mut pair = Pair::of(quiet_router(&[VIP]));
    let changes: [(Aspect, Change); 6] = [
        (Aspect::Checksum, |spec| {
            spec.checksum = TransmitChecksum::Always(ChecksumForm::MessageOnly);
        }),
        (Aspect::Admission, |spec| spec.owner_is_deaf = true),
        (Aspect::Admission, |spec| {
            spec.first_address = Conformance::Discard;
        }),
        (Aspect::Admission, |spec| {
            spec.address_list = Conformance::Discard;
        }),
        (Aspect::Announcements, |spec| {
            spec.arp_interval = Duration::from_millis(5);
        }),
        (Aspect::Tracking, |spec| spec.track_interface = false),
    ];
    for (aspect, change) in changes {
        pair.change(&[aspect], change);
        assert_eq!(pair.removals.list(), NONE, "{aspect:?}");
        assert_eq!(pair.tap.announcements(address("10.9.0.100")), 0);
    }
    pair.switch.ip("link set p1 down");
    sleep(Duration::from_millis(100));
    let [a, _] = pair.ids;
    assert_eq!(pair.left.role(a), vrrp_core::Role::Active, "not tracked");
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn a_refresh_of_announcements_begins_and_ends() {
    let mut pair = Pair::of(quiet_router(&[VIP]));
    let refreshed = |millis| {
        let mut settings = announce::Settings::default();
        settings.refresh = Duration::from_millis(millis);
        announce::Config::try_from(settings).unwrap()
    };
    pair.change(&[Aspect::Announcements], |spec| {
        spec.announce = refreshed(100)
    });
    let vip = address("10.9.0.100");
    pair.tap
        .wait("refreshes", 5, |frame| frame.announced() == Some(vip));
    pair.change(&[Aspect::Announcements], |spec| {
        spec.announce = refreshed(0)
    });
    pair.await_quiet();
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn an_equal_specification_is_no_packet_and_no_request() {
    let pair = Pair::of(quiet_router(&[VIP, "10.9.0.101/32"]));
    let ([a, _], [spec, _]) = (pair.ids, pair.specs.clone());
    let sent = move |driver: &vrrp_mio::Driver| {
        let router = driver.router(a).unwrap();
        router.statistics().advertisement_sent
    };
    pair.left.ask(move |node| {
        let driver = node.driver();
        assert!(driver.is_settled());
        let before = sent(driver);
        for _ in 0..100 {
            assert_eq!(driver.update(a, spec.clone()), Ok(Vec::new()));
        }
        assert_eq!(sent(driver), before);
        assert!(driver.is_settled());
    });
    assert_eq!(pair.removals.list(), NONE);
}
