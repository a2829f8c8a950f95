//! Tests of the check of router specifications.

use vrrp_core::receive::Peer;
use vrrp_core::wire::Key;
use vrrp_core::{Config, Event, MacAddr, Settings};

use super::*;
use crate::Driver;
use crate::driver::VirtualMac;

fn name(text: &str) -> InterfaceName {
    text.parse().unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn virtual_address(text: &str) -> VirtualAddress {
    let (address, length) = text.split_once('/').unwrap();
    VirtualAddress::new(address.parse().unwrap(), length.parse().unwrap())
}

fn spec(version: Version, family: Family, addresses: &[&str]) -> RouterSpec {
    let config = Config::try_from(Settings::new(version, family, 51)).unwrap();
    let addresses = addresses.iter().map(|text| virtual_address(text)).collect();
    RouterSpec::new(config, name("eth0"), addresses)
}

fn v4() -> RouterSpec {
    spec(Version::V3, Family::V4, &["192.0.2.1/24"])
}

fn unicast(source: Option<&str>, peers: &[&str]) -> Path {
    let peer = |text: &&str| Peer {
        address: address(text),
        min_ttl: 0,
        max_ttl: 255,
    };
    Path::Unicast {
        source: source.map(address),
        peers: peers.iter().map(peer).collect(),
        only: false,
        hop_limit: 255,
        routed: false,
    }
}

fn refusal(change: impl FnOnce(&mut RouterSpec)) -> SpecError {
    let mut spec = v4();
    assert_eq!(spec.check(), Ok(()));
    change(&mut spec);
    spec.check().unwrap_err()
}

#[test]
fn a_router_has_an_address_of_its_family_to_advertise() {
    let none = SpecError::NoAddress { family: Family::V4 };
    assert_eq!(refusal(|spec| spec.addresses.clear()), none);
    let other = vec![virtual_address("2001:db8::1/64")];
    assert_eq!(refusal(|spec| spec.addresses = other), none);
    let v6 = spec(Version::V3, Family::V6, &["192.0.2.1/24"]);
    let none = SpecError::NoAddress { family: Family::V6 };
    assert_eq!(v6.check(), Err(none));
    // An address of the other family beside one of its own is kept and not advertised
    // (RFC 9568 §5.2.9).
    let both = ["192.0.2.1/24", "2001:db8::1/64"];
    assert_eq!(spec(Version::V3, Family::V4, &both).check(), Ok(()));
    assert_eq!(spec(Version::V2, Family::V4, &[]).check(), Ok(()));
}

#[test]
fn an_address_is_one_an_interface_can_have() {
    let with = |text: &str| {
        let excluded = vec![virtual_address(text)];
        refusal(|spec| spec.excluded = excluded)
    };
    for (text, host, prefix_len) in [
        ("192.0.2.9/99", "192.0.2.9", 99),
        ("192.0.2.9/33", "192.0.2.9", 33),
        ("2001:db8::9/129", "2001:db8::9", 129),
    ] {
        let address = address(host);
        let error = SpecError::PrefixLength {
            address,
            prefix_len,
        };
        assert_eq!(with(text), error);
    }
    for text in ["0.0.0.0", "224.0.0.18", "255.255.255.255", "::", "ff02::12"] {
        let address = address(text);
        assert_eq!(with(&format!("{text}/32")), SpecError::Address { address });
    }
    let mixed = SpecError::Mixed {
        address: address("192.0.2.1"),
        other: address("2001:db8::1"),
    };
    let far = Some(address("2001:db8::1"));
    assert_eq!(refusal(|spec| spec.addresses[0].spec.peer = far), mixed);
}

#[test]
fn a_path_is_of_the_family_and_leads_somewhere() {
    let family = Family::V4;
    let with = |path: Path| refusal(|spec| spec.path = path);
    for text in ["fe80::1", "0.0.0.0", "224.0.0.1"] {
        let source_address = address(text);
        let error = SpecError::Source {
            source_address,
            family,
        };
        assert_eq!(with(unicast(Some(text), &["192.0.2.3"])), error);
    }
    for text in ["ff02::12", "192.0.2.3"] {
        let (group, source) = (address(text), None);
        let error = SpecError::Group { group, family };
        assert_eq!(with(Path::Multicast { group, source }), error);
    }
    assert_eq!(with(unicast(None, &[])), SpecError::NoPeers);
    for text in ["2001:db8::3", "224.0.0.18", "0.0.0.0", "192.0.2.2"] {
        let peer = address(text);
        let error = SpecError::Peer { peer, family };
        let path = unicast(Some("192.0.2.2"), &["192.0.2.3", text]);
        assert_eq!(with(path), error);
    }
    let mut path = unicast(None, &["192.0.2.3"]);
    if let Path::Unicast { peers, .. } = &mut path {
        (peers[0].min_ttl, peers[0].max_ttl) = (3, 2);
    }
    let error = SpecError::HopCounts {
        peer: address("192.0.2.3"),
        min_ttl: 3,
        max_ttl: 2,
    };
    assert_eq!(with(path), error);
    let mut path = unicast(None, &["192.0.2.3"]);
    if let Path::Unicast { hop_limit, .. } = &mut path {
        *hop_limit = 0;
    }
    assert_eq!(with(path), SpecError::HopLimit);
}

#[test]
fn what_is_routed_has_a_source_that_can_be_routed() {
    let routed = |source, peers: &[&str]| {
        let mut path = unicast(source, peers);
        if let Path::Unicast { routed, .. } = &mut path {
            *routed = true;
        }
        path
    };
    let path = routed(None, &["192.0.2.3"]);
    assert_eq!(refusal(|spec| spec.path = path), SpecError::Routed);
    let mut v6 = spec(Version::V3, Family::V6, &["2001:db8::1/64"]);
    v6.path = routed(Some("2001:db8::2"), &["2001:db8::3"]);
    assert_eq!(v6.check(), Ok(()));
    v6.path = routed(Some("2001:db8::2"), &["fe80::3"]);
    assert_eq!(v6.check(), Err(SpecError::Routed));
}

#[test]
fn only_version_2_authenticates() {
    let key = Key::from_password(b"secret").unwrap();
    let version = Version::V3;
    for expect in [Expect::Simple(key), Expect::Ah(key)] {
        let error = SpecError::Authentication { version };
        assert_eq!(refusal(|spec| spec.expect = expect), error);
        let mut v2 = spec(Version::V2, Family::V4, &["192.0.2.1/24"]);
        v2.expect = expect;
        assert_eq!(v2.check(), Ok(()));
    }
}

fn virtual_mac(macvlan: &str, mac: [u8; 6]) -> Option<VirtualMac> {
    Some(VirtualMac {
        name: name(macvlan),
        mac: MacAddr(mac),
        transmit_base: false,
    })
}

#[test]
fn a_virtual_mac_is_that_of_a_station_on_an_interface_of_its_own() {
    for mac in [[0; 6], [0xff; 6], [1, 0, 0x5e, 0, 0, 0x12]] {
        let it = virtual_mac("vrrp.51", mac);
        assert_eq!(refusal(|spec| spec.virtual_mac = it), SpecError::Mac);
    }
    let it = virtual_mac("eth0", [0, 0, 0x5e, 0, 1, 51]);
    let error = SpecError::MacvlanName { name: name("eth0") };
    assert_eq!(refusal(|spec| spec.virtual_mac = it), error);
}

/// A driver that was asked for these routers, and what it said.
fn added(specs: impl IntoIterator<Item = RouterSpec>) -> (Driver, Vec<Result<RouterId, AddError>>) {
    let mut driver = Driver::new().unwrap();
    let ids = specs.into_iter().map(|spec| driver.add(spec)).collect();
    (driver, ids)
}

#[test]
fn a_virtual_router_is_on_an_interface_once() {
    let elsewhere = RouterSpec {
        interface: name("eth1"),
        ..v4()
    };
    let with = |path: Path| RouterSpec { path, ..v4() };
    let other_group = Path::Multicast {
        group: address("224.0.0.99"),
        source: None,
    };
    let v6 = spec(Version::V3, Family::V6, &["fe80::1/64"]);
    let v2 = spec(Version::V2, Family::V4, &["192.0.2.1/24"]);
    let (mut driver, ids) = added([v4(), v4(), v2, elsewhere, v6, with(other_group)]);
    let first = ids[0].unwrap();
    let taken = |by| {
        Err(AddError::Taken {
            vrid: Vrid::new(51).unwrap(),
            family: Family::V4,
            by,
        })
    };
    assert_eq!(ids[1..3], [taken(first); 2]);
    assert!(ids[3..].iter().all(Result::is_ok));
    // Peers tell routers apart.
    let one = driver.add(with(unicast(None, &["192.0.2.3"]))).unwrap();
    let other = with(unicast(None, &["192.0.2.4", "192.0.2.5"]));
    assert!(driver.add(other).is_ok());
    let shared = with(unicast(None, &["192.0.2.9", "192.0.2.3"]));
    assert_eq!(driver.add(shared), taken(one));
    driver.remove(first);
    assert!(driver.add(v4()).is_ok(), "its place is free");
    let invalid = RouterSpec {
        addresses: Vec::new(),
        interface: name("eth2"),
        ..v4()
    };
    let none = SpecError::NoAddress { family: Family::V4 };
    assert_eq!(driver.add(invalid), Err(AddError::Spec(none)));
}

#[test]
fn a_macvlan_is_of_one_router() {
    let on = |interface: &str| RouterSpec {
        interface: name(interface),
        virtual_mac: virtual_mac("vrrp.51", [0, 0, 0x5e, 0, 1, 51]),
        ..v4()
    };
    let (_, ids) = added([on("eth0"), on("eth1")]);
    let by = ids[0].unwrap();
    let name = name("vrrp.51");
    assert_eq!(ids[1], Err(AddError::MacvlanTaken { name, by }));
}

#[test]
fn the_name_of_a_removed_router_names_nothing() {
    let (mut driver, ids) = added([v4()]);
    let gone = ids[0].unwrap();
    driver.remove(gone);
    let next = driver.add(v4()).unwrap();
    assert_eq!(next.index(), gone.index(), "the place is used again");
    assert_ne!(next, gone);
    assert!(driver.router(gone).is_none());
    driver.start(gone);
    driver.stop(gone);
    driver.remove(gone);
    let unknown = TellError::Unknown { router: gone };
    assert_eq!(driver.tell(gone, Event::Fault), Err(unknown));
    let router = driver.router(next).unwrap();
    assert!(!router.machine().is_started());
}

#[test]
fn a_router_is_not_told_to_be_another() {
    let (mut driver, ids) = added([v4()]);
    let router = ids[0].unwrap();
    let other = Config::try_from(Settings::new(Version::V3, Family::V4, 77)).unwrap();
    let [ours, theirs] = [51, 77].map(|vrid| Vrid::new(vrid).unwrap());
    assert_eq!(
        driver.tell(router, Event::Configure(other)),
        Err(TellError::Event(EventError::Vrid { ours, theirs }))
    );
    let vrid = driver.router(router).unwrap().machine().config().vrid();
    assert_eq!(vrid, ours);
}
