//! Tests of updates of a router specification.

use core::net::IpAddr;

use vrrp_core::endpoint::Storage;
use vrrp_core::receive::Conformance;
use vrrp_core::{Family, MacAddr, Settings, Version};

use super::*;
use crate::driver::check::SpecError;
use crate::driver::spec::{VirtualAddress, VirtualMac};

fn name(text: &str) -> InterfaceName {
    text.parse().unwrap()
}

fn spec(vrid: u8, priority: u8) -> RouterSpec {
    let mut settings = Settings::new(Version::V3, Family::V4, vrid);
    settings.priority = priority;
    let config = Config::try_from(settings).unwrap();
    let addresses = vec![VirtualAddress::new([192, 0, 2, vrid].into(), 24)];
    RouterSpec::new(config, name("missing0"), addresses)
}

fn with_mac(spec: RouterSpec) -> RouterSpec {
    RouterSpec {
        virtual_mac: Some(VirtualMac {
            name: name("vrrp.51"),
            mac: MacAddr([0, 0, 0x5e, 0, 1, 51]),
            transmit_base: false,
        }),
        ..spec
    }
}

/// A driver with routers of these specifications.
fn driver(specs: impl IntoIterator<Item = RouterSpec>) -> (Driver, Vec<RouterId>) {
    let mut driver = Driver::new().unwrap();
    let specs = specs.into_iter();
    let ids = specs.map(|spec| driver.add(spec).unwrap()).collect();
    (driver, ids)
}

fn addresses(driver: &Driver, router: RouterId) -> Vec<IpAddr> {
    driver.router(router).unwrap().addresses().collect()
}

#[test]
fn a_router_is_what_it_was_updated_to() {
    let (mut driver, ids) = driver([spec(51, 100)]);
    let mut wanted = spec(51, 150);
    wanted
        .addresses
        .push(VirtualAddress::new([192, 0, 2, 9].into(), 24));
    wanted.excluded = vec![VirtualAddress::new([192, 0, 2, 10].into(), 24)];
    wanted.address_list = Conformance::Discard;
    let aspects = [Aspect::Election, Aspect::Addresses, Aspect::Admission];
    assert_eq!(driver.update(ids[0], wanted.clone()).unwrap(), aspects);
    let router = driver.router(ids[0]).unwrap();
    assert_eq!(router.machine().config().priority().get(), 150);
    assert_eq!(router.endpoint.advertised().len(), 0, "no interface yet");
    assert_eq!(router.endpoint.storage().advertised().len(), 2);
    assert_eq!(router.profile().shared.address_list, Conformance::Discard);
    let expected = [[192, 0, 2, 51], [192, 0, 2, 9]].map(IpAddr::from);
    assert_eq!(addresses(&driver, ids[0]), expected);
    assert_eq!(driver.update(ids[0], wanted), Ok(Vec::new()));
}

#[test]
fn an_equal_specification_gives_the_driver_nothing_to_do() {
    let (mut driver, ids) = driver([with_mac(spec(51, 100))]);
    for _ in 0..100 {
        let _turn = driver.turn(Some(core::time::Duration::ZERO)).unwrap();
    }
    assert!(driver.network.dirty.is_empty());
    assert_eq!(
        driver.update(ids[0], with_mac(spec(51, 100))),
        Ok(Vec::new())
    );
    assert!(driver.network.dirty.is_empty());
    assert!(!driver.network.is_pending());
}

#[test]
fn what_takes_another_router_is_named() {
    let (mut driver, ids) = driver([spec(51, 100)]);
    let router = ids[0];
    let elsewhere = RouterSpec {
        interface: name("missing1"),
        ..spec(51, 100)
    };
    let (ours, theirs) = (name("missing0"), name("missing1"));
    let refused = UpdateError::Interface { ours, theirs };
    assert_eq!(driver.update(router, elsewhere), Err(refused));
    assert_eq!(
        refused.to_string(),
        "a virtual router on missing0 cannot move to missing1"
    );
    let refusal = driver.update(router, spec(52, 100)).unwrap_err();
    let vrid = matches!(refusal, UpdateError::Identity(EventError::Vrid { .. }));
    assert!(vrid, "{refusal:?}");
    let settings = Settings::new(Version::V2, Family::V4, 51);
    let mut other = spec(51, 100);
    other.config = Config::try_from(settings).unwrap();
    let refusal = driver.update(router, other).unwrap_err();
    let version = matches!(refusal, UpdateError::Identity(EventError::Version { .. }));
    assert!(version, "{refusal:?}");
    let settings = Settings::new(Version::V3, Family::V6, 51);
    let config = Config::try_from(settings).unwrap();
    let address = VirtualAddress::new("fe80::1".parse().unwrap(), 64);
    let other = RouterSpec::new(config, name("missing0"), vec![address]);
    let refusal = driver.update(router, other).unwrap_err();
    let family = matches!(refusal, UpdateError::Identity(EventError::Family { .. }));
    assert!(family, "{refusal:?}");
    driver.remove(router);
    let unknown = UpdateError::Unknown { router };
    assert_eq!(driver.update(router, spec(51, 100)), Err(unknown));
}

#[test]
fn what_could_not_be_added_changes_nothing() {
    let (mut driver, ids) = driver([spec(51, 100), with_mac(spec(52, 100))]);
    let mut invalid = spec(51, 200);
    invalid.addresses.clear();
    let none = SpecError::NoAddress { family: Family::V4 };
    assert_eq!(
        driver.update(ids[0], invalid),
        Err(UpdateError::Spec(AddError::Spec(none)))
    );
    let taken = AddError::MacvlanTaken {
        name: name("vrrp.51"),
        by: ids[1],
    };
    assert_eq!(
        driver.update(ids[0], with_mac(spec(51, 200))),
        Err(UpdateError::Spec(taken))
    );
    let router = driver.router(ids[0]).unwrap();
    assert_eq!(router.machine().config().priority().get(), 100);
    assert_eq!(addresses(&driver, ids[0]), [IpAddr::from([192, 0, 2, 51])]);
    // Its own is not in its way.
    assert!(driver.update(ids[1], with_mac(spec(52, 200))).is_ok());
}

#[test]
fn a_driver_forgets_what_updated_routers_depended_on() {
    for tell in [false, true] {
        let (mut driver, ids) = driver([spec(51, 100)]);
        for priority in [255, 100, 255, 100, 255] {
            if tell {
                let event = Event::Configure(spec(51, priority).config);
                driver.tell(ids[0], event).unwrap();
            } else {
                driver.update(ids[0], spec(51, priority)).unwrap();
            }
        }
        let mut last = with_mac(spec(51, 100));
        last.addresses[0].device = Some(name("missing7"));
        driver.update(ids[0], last).unwrap();
        assert_eq!(driver.network.virtuals.len(), 1);
        assert_eq!(driver.network.watchers.len(), 3);
        driver.remove(ids[0]);
        assert!(driver.network.virtuals.is_empty(), "told: {tell}");
        assert!(driver.network.watchers.is_empty(), "told: {tell}");
    }
}

#[test]
fn routers_updated_alike_share_what_they_have_in_common() {
    let (mut driver, ids) = driver((1..=30).map(|vrid| spec(vrid, 100)));
    for (vrid, id) in (1..=30).zip(&ids) {
        let wanted = RouterSpec {
            track_interface: false,
            ..spec(vrid, 100)
        };
        assert_eq!(driver.update(*id, wanted), Ok(vec![Aspect::Tracking]));
    }
    let shared = |id: RouterId| &driver.router(id).unwrap().profile().shared;
    for id in &ids {
        assert!(std::sync::Arc::ptr_eq(shared(*id), shared(ids[0])));
    }
}
