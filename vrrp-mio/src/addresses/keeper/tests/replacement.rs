//! Declarations that differ from what is in place.

use super::*;

fn in_subnet(last: u8) -> AddressSpec {
    AddressSpec::new(2, [192, 0, 2, last].into(), 24)
}

fn labelled(last: u8, label: &str) -> AddressSpec {
    AddressSpec {
        label: Some(label.parse().unwrap()),
        ..in_subnet(last)
    }
}

/// A host whose owner 1 has `specs` in place.
fn with(specs: impl IntoIterator<Item = AddressSpec>) -> Host {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, specs);
    host.keeper.set_active(1, true);
    host.settle();
    host.requests.clear();
    assert!(!host.events().is_empty());
    host
}

/// What was asked for: the last octet, and whether it was added.
fn asked(host: &Host) -> Vec<(u8, bool)> {
    let last = |address: &core::net::IpAddr| match address {
        core::net::IpAddr::V4(address) => address.octets()[3],
        core::net::IpAddr::V6(address) => address.octets()[15],
    };
    let requests = host.requests.iter().map(|request| match request {
        Request::AddAddress { spec, .. } => (last(&spec.address), true),
        Request::RemoveAddress { address, .. } => (last(address), false),
        Request::CreateMacvlan(_)
        | Request::BridgeMacvlan { .. }
        | Request::SetVrf { .. }
        | Request::SuppressLinkLocal { .. }
        | Request::SetLink { .. }
        | Request::DeleteLink { .. } => unreachable!("the keeper leaves links alone"),
    });
    requests.collect()
}

/// What owners learned: the last octet, and whether it is in place.
fn learned(host: &mut Host) -> Vec<(u8, bool)> {
    let events = host.events();
    let events = events.iter().map(|event| match event {
        AddressEvent::Installed { address, .. } => (address.address, true),
        AddressEvent::Removed { address, .. } => (address.address, false),
        AddressEvent::Lost { .. } | AddressEvent::Failed { .. } => panic!("{event:?}"),
    });
    let last = |(address, placed)| match address {
        core::net::IpAddr::V4(address) => (address.octets()[3], placed),
        core::net::IpAddr::V6(address) => (address.octets()[15], placed),
    };
    events.map(last).collect()
}

#[test]
fn an_address_with_another_label_is_put_in_place_anew_and_others_are_not_touched() {
    let mut host = with([labelled(1, "eth0:1"), labelled(2, "eth0:2")]);
    let wanted = [labelled(1, "eth0:9"), labelled(2, "eth0:2")];
    host.keeper.declare(1, Tenure::Virtual, wanted.clone());
    host.settle();
    assert_eq!(asked(&host), [(1, false), (1, true)]);
    let Some(Request::AddAddress { spec, .. }) = host.requests.last() else {
        panic!("{:?}", host.requests);
    };
    assert_eq!(*spec, wanted[0]);
    assert_eq!(learned(&mut host), [(1, false), (1, true)]);
    host.keeper.declare(1, Tenure::Virtual, wanted);
    host.settle();
    assert_eq!(asked(&host).len(), 2);
    assert_eq!(host.events(), []);
}

#[test]
fn an_ipv6_address_with_another_prefix_is_put_in_place_anew() {
    let spec = |prefix_len| AddressSpec::new(2, "2001:db8::7".parse().unwrap(), prefix_len);
    let mut host = with([spec(64)]);
    host.keeper.declare(1, Tenure::Virtual, [spec(48)]);
    host.settle();
    assert_eq!(asked(&host), [(7, false), (7, true)]);
    let address = host.present.values().next().unwrap();
    assert_eq!(address.prefix_len, 48);
}

#[test]
fn a_change_while_the_address_is_being_added_takes_effect() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [in_subnet(1)]);
    host.keeper.set_active(1, true);
    host.request();
    host.keeper
        .declare(1, Tenure::Virtual, [labelled(1, "eth0:1")]);
    host.settle();
    assert_eq!(asked(&host), [(1, true), (1, false), (1, true)]);
}

#[test]
fn the_addresses_of_a_backup_and_those_of_the_host_itself_are_left_as_they_are() {
    let mut host = Host::with([found(1, None)]);
    host.keeper.declare(1, Tenure::Owner, [spec(1)]);
    host.keeper.set_active(1, true);
    host.keeper.declare(2, Tenure::Virtual, [in_subnet(2)]);
    host.settle();
    let labelled_one = AddressSpec {
        label: Some("eth0:1".parse().unwrap()),
        ..spec(1)
    };
    host.keeper.declare(1, Tenure::Owner, [labelled_one]);
    host.keeper
        .declare(2, Tenure::Virtual, [labelled(2, "eth0:2")]);
    host.settle();
    assert_eq!(host.requests, []);
    assert!(host.has(1));
}

#[test]
fn a_removal_that_is_refused_is_asked_for_again_after_a_pause() {
    let mut host = with([in_subnet(1)]);
    host.refuse = Some(1);
    let begin = host.now;
    host.keeper
        .declare(1, Tenure::Virtual, [labelled(1, "eth0:1")]);
    for _ in 0..10 {
        host.turn();
    }
    assert_eq!(asked(&host), [(1, false)]);
    host.settle();
    assert_eq!(asked(&host), [(1, false), (1, false), (1, true)]);
    let waited = host.now.saturating_duration_since(begin);
    assert_eq!(waited, Duration::from_millis(100));
}

/// The kernel removes secondary addresses with the primary one, and tells of them first.
#[test]
fn what_the_kernel_removes_along_is_back_without_a_pause_however_often() {
    let mut host = with([in_subnet(1), in_subnet(2), in_subnet(3)]);
    let begin = host.now;
    for round in 0..4 {
        let (primary, label) = ([1, 1, 2, 2][round], ["eth0:1", "eth0:2"][round % 2]);
        let specs = [1, 2, 3].map(|last| {
            if last == primary {
                labelled(last, label)
            } else {
                in_subnet(last)
            }
        });
        host.keeper.declare(1, Tenure::Virtual, specs);
        host.request();
        for secondary in [1, 2, 3].into_iter().filter(|last| *last != primary) {
            host.remove(&in_subnet(secondary).key());
            host.notifications.rotate_right(1);
        }
        host.settle();
        assert_eq!(host.present.len(), 3, "round {round}");
        let mut learned = learned(&mut host);
        learned.sort_unstable();
        let each = [
            (1, false),
            (1, true),
            (2, false),
            (2, true),
            (3, false),
            (3, true),
        ];
        assert_eq!(learned, each, "round {round}");
    }
    assert_eq!(host.now, begin);
}

#[test]
fn what_somebody_else_removes_meanwhile_from_another_subnet_is_lost() {
    let mut host = with([in_subnet(1), spec(7)]);
    host.keeper
        .declare(1, Tenure::Virtual, [labelled(1, "eth0:1"), spec(7)]);
    host.request();
    host.remove(&spec(7).key());
    host.settle();
    let events = host.events();
    let lost = |event: &&AddressEvent<u8>| matches!(event, AddressEvent::Lost { .. });
    assert_eq!(events.iter().filter(lost).count(), 1, "{events:?}");
    assert!(host.keeper.removing.is_empty());
}
