//! Paths and authentication of an Active router that change.

use vrrp_core::receive::{Expect, Peer};
use vrrp_core::wire::{IcvForm, Key};
use vrrp_core::{Interval, Settings, Version};
use vrrp_mio::{Aspect, Path, RouterSpec};

use super::{NONE, Pair, configure, quiet_router};
use crate::driver::host::address;

const VIP: &str = "10.9.0.100/24";

fn path(source: &str, peers: &[&str]) -> Path {
    let peers = peers.iter().map(|peer| Peer {
        address: address(peer),
        min_ttl: 0,
        max_ttl: 255,
    });
    Path::unicast(address(source), peers.collect())
}

/// The sources of the advertisements, each once.
fn sources(pair: &Pair) -> Vec<[u8; 4]> {
    let sent = pair.tap.frames.iter();
    let sent = sent.filter(|frame| frame.advertisement().is_some());
    let mut sources: Vec<[u8; 4]> = sent
        .map(|frame| frame.octets[26..30].try_into().unwrap())
        .collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn peers_source_and_group_change() {
    let mut pair = Pair::prepared(quiet_router(&[VIP]), |left| {
        left.ip("address add 10.9.0.11/24 dev eth0");
    });
    let unmoved = |pair: &Pair| assert_eq!(pair.removals.list(), NONE);
    let heard = ["10.9.0.1", "10.9.0.11"];
    assert_eq!(
        pair.change_backup(|spec| spec.path = path("10.9.0.2", &heard)),
        [Aspect::Path]
    );
    pair.change(&[Aspect::Path], |spec| {
        spec.path = path("10.9.0.1", &["10.9.0.2"]);
    });
    unmoved(&pair);
    pair.change(&[Aspect::Path], |spec| {
        spec.path = path("10.9.0.1", &["10.9.0.2", "10.9.0.3"]);
    });
    let to_third = |frame: &super::Frame| {
        frame.advertisement().is_some() && frame.octets[30..34] == [10, 9, 0, 3]
    };
    // Nobody has 10.9.0.3: the kernel asks for it instead of sending.
    assert_eq!(pair.tap.count(to_third), 0);
    let asked = |frame: &super::Frame| {
        frame.octets[12..14] == [8, 6] && frame.octets[38..42] == [10, 9, 0, 3]
    };
    assert!(pair.tap.count(asked) > 0);
    unmoved(&pair);
    pair.change(&[Aspect::Path], |spec| {
        spec.path = path("10.9.0.11", &["10.9.0.2"]);
    });
    pair.tap.clear();
    pair.tap
        .wait("advertisements", 3, |frame| frame.advertisement().is_some());
    assert_eq!(sources(&pair), [[10, 9, 0, 11]]);
    unmoved(&pair);
    let multicast = quiet_router(&[VIP]).path;
    let back = multicast.clone();
    pair.change_backup(|spec| spec.path = back);
    pair.change(&[Aspect::Path], |spec| spec.path = multicast);
    pair.tap.clear();
    let to_group = |frame: &super::Frame| frame.octets[30..34] == [224, 0, 0, 18];
    pair.tap.wait("multicast", 3, to_group);
    unmoved(&pair);
}

fn version_2() -> RouterSpec {
    let mut spec = quiet_router(&[VIP]);
    let mut settings = Settings::from(spec.config);
    settings.version = Version::V2;
    settings.interval = Interval::from_centis(100).unwrap();
    configure(&mut spec, |it| *it = settings);
    spec
}

#[test]
#[ignore = "needs root: network namespaces and packet sockets"]
fn authentication_changes_on_both_within_an_interval() {
    let mut pair = Pair::of(version_2());
    let key = |text: &str| Key::from_password(text.as_bytes()).unwrap();
    let steps = [
        (Expect::Simple(key("one")), IcvForm::TtlCovered),
        (Expect::Simple(key("two")), IcvForm::TtlCovered),
        (Expect::Ah(key("two")), IcvForm::TtlCovered),
        (Expect::Ah(key("three")), IcvForm::Rfc2402),
        (Expect::None, IcvForm::TtlCovered),
    ];
    for (expect, icv) in steps {
        let authenticated = move |spec: &mut RouterSpec| {
            spec.expect = expect;
            spec.icv = icv;
        };
        pair.change_backup(authenticated);
        pair.change(&[Aspect::Authentication], authenticated);
        assert_eq!(pair.removals.list(), NONE);
        let ah = |frame: &super::Frame| frame.octets[12..14] == [8, 0] && frame.octets[23] == 51;
        let is_ah = matches!(expect, Expect::Ah(_));
        assert_eq!(pair.tap.count(ah) > 1, is_ah, "{expect:?}");
    }
}
