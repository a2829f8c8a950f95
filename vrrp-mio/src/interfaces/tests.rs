//! Tests of the interface table.

use vrrp_core::MacAddr;

use super::*;

fn link(index: u32, name: &str) -> Link {
    Link {
        index,
        name: name.parse().unwrap(),
        mac: Some(MacAddr([2, 0, 0, 0, 0, 1])),
        flags: LinkFlags::from_bits(0x1_1043),
        mtu: 1500,
        kind: LinkKind::Plain,
        parent: None,
        parent_namespace: None,
        vrf: None,
    }
}

fn address(index: u32, text: &str, flags: u32) -> KernelAddress {
    let (address, prefix_len) = text.split_once('/').unwrap();
    KernelAddress {
        index,
        address: address.parse().unwrap(),
        peer: None,
        prefix_len: prefix_len.parse().unwrap(),
        scope: Scope::GLOBAL,
        flags: AddressFlags::from_bits(flags),
        protocol: None,
    }
}

fn table(addresses: impl IntoIterator<Item = KernelAddress>) -> Interfaces {
    let mut interfaces = Interfaces::default();
    let mut events = Vec::new();
    interfaces.begin_round();
    interfaces.apply(Update::Link(link(2, "eth0")), Source::Dump, &mut events);
    for address in addresses {
        interfaces.apply(Update::Address(address), Source::Dump, &mut events);
    }
    while interfaces.end_round(&mut events) == Progress::Partial {}
    interfaces
}

#[test]
fn the_primary_address_is_never_a_virtual_one() {
    let vip = Ipv4Addr::new(192, 0, 2, 1);
    let own = Ipv4Addr::new(192, 0, 2, 7);
    let interfaces = table([
        address(2, "192.0.2.1/24", 0x80),
        address(2, "192.0.2.7/24", 0x81),
    ]);
    assert_eq!(interfaces.primary_v4(2, |_| false), Some(vip));
    assert_eq!(
        interfaces.primary_v4(2, |address| address == vip),
        Some(own)
    );
    assert_eq!(interfaces.primary_v4(2, |_| true), None);
    assert_eq!(interfaces.primary_v4(3, |_| false), None);
}

#[test]
fn the_primary_address_is_global_then_first_of_its_prefix_then_the_oldest_and_never_by_choice_marked()
 {
    let scoped = |text, scope| KernelAddress {
        scope,
        ..address(2, text, 0x80)
    };
    let marked = KernelAddress {
        protocol: Some(AddressProtocol::VRRP),
        ..address(2, "10.0.0.1/24", 0x80)
    };
    let candidates = [
        marked,
        scoped("10.0.0.2/24", Scope::LINK),
        address(2, "10.0.0.3/24", 0x81),
        address(2, "10.0.0.9/24", 0x80),
        address(2, "10.0.0.4/24", 0x80),
    ];
    let mut gone = Vec::new();
    let mut order = Vec::new();
    let interfaces = table(candidates);
    while let Some(best) = interfaces.primary_v4(2, |address| gone.contains(&address)) {
        order.push(best.octets()[3]);
        gone.push(best);
    }
    assert_eq!(order, [9, 4, 3, 2, 1]);
}

#[test]
fn a_link_local_source_is_usable_and_not_virtual() {
    let interfaces = table([
        address(2, "2001:db8::7/64", 0x80),
        address(2, "fe80::1/64", 0x40),
        address(2, "fe80::2/64", 0x88),
        address(2, "fe80::3/64", 0x80),
        address(2, "fe80::4/64", 0x80),
    ]);
    let chosen = interfaces.link_local_v6(2, |address| {
        address == "fe80::3".parse::<Ipv6Addr>().unwrap()
    });
    assert_eq!(chosen, Some("fe80::4".parse().unwrap()));
}

#[test]
fn a_notification_outlives_the_dump_it_came_in_the_midst_of() {
    let (gone, new) = (
        address(2, "192.0.2.1/24", 0x80),
        address(2, "192.0.2.2/24", 0x80),
    );
    let mut interfaces = table([gone]);
    let mut events = Vec::new();
    interfaces.begin_round();
    interfaces.apply(Update::AddressGone(gone), Source::Notification, &mut events);
    interfaces.apply(Update::Address(new), Source::Notification, &mut events);
    interfaces.apply(Update::Link(link(2, "eth0")), Source::Dump, &mut events);
    interfaces.apply(Update::Address(gone), Source::Dump, &mut events);
    while interfaces.end_round(&mut events) == Progress::Partial {}
    assert_eq!(
        events,
        [
            NetworkEvent::AddressRemoved(gone),
            NetworkEvent::AddressAdded(new),
            NetworkEvent::Synchronised
        ]
    );
    assert_eq!(interfaces.addresses().collect::<Vec<_>>(), [new]);
}

#[test]
fn a_round_reports_only_the_difference() {
    let kept = address(2, "192.0.2.1/24", 0x80);
    let lost = address(2, "192.0.2.2/24", 0x80);
    let mut interfaces = table([kept, lost]);
    let mut events = Vec::new();
    interfaces.begin_round();
    interfaces.apply(Update::Link(link(2, "eth0")), Source::Dump, &mut events);
    interfaces.apply(Update::Address(kept), Source::Dump, &mut events);
    while interfaces.end_round(&mut events) == Progress::Partial {}
    let expected = [
        NetworkEvent::AddressRemoved(lost),
        NetworkEvent::Synchronised,
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_removed_link_takes_its_addresses_along_first() {
    let own = address(2, "192.0.2.1/24", 0x80);
    let mut interfaces = table([own, address(3, "192.0.2.2/24", 0x80)]);
    let mut events = Vec::new();
    interfaces.apply(Update::LinkGone(2), Source::Notification, &mut events);
    let expected = [
        NetworkEvent::AddressRemoved(own),
        NetworkEvent::LinkRemoved(link(2, "eth0")),
    ];
    assert_eq!(events, expected);
    assert_eq!(interfaces.addresses().count(), 1);
}

#[test]
fn links_that_swap_names_are_found_by_the_new_ones() {
    let mut interfaces = table([]);
    let mut events = Vec::new();
    for (index, name) in [(3, "eth1"), (2, "tmp"), (3, "eth0"), (2, "eth1")] {
        let update = Update::Link(link(index, name));
        interfaces.apply(update, Source::Notification, &mut events);
    }
    let index = |name: &str| {
        interfaces
            .link_named(name.parse().unwrap())
            .map(|link| link.index)
    };
    assert_eq!(
        (index("eth0"), index("eth1"), index("tmp")),
        (Some(3), Some(2), None)
    );
}

#[test]
fn what_is_gone_is_remembered_only_until_the_dumps_end() {
    let [first, second] = ["192.0.2.1/24", "192.0.2.2/24"].map(|text| address(2, text, 0x80));
    let mut interfaces = table([first, second]);
    let mut events = Vec::new();
    interfaces.begin_round();
    interfaces.apply(
        Update::AddressGone(first),
        Source::Notification,
        &mut events,
    );
    assert_eq!(interfaces.gone_addresses.len(), 1);
    while interfaces.end_round(&mut events) == Progress::Partial {}
    let gone = [Update::AddressGone(second), Update::LinkGone(2)];
    for update in gone {
        interfaces.apply(update, Source::Notification, &mut events);
    }
    assert_eq!(interfaces.gone_addresses.len(), 0);
    assert_eq!(interfaces.gone_links.len(), 0);
}

/// A list of thousands ends in steps, between which notifications are taken in.
#[test]
fn the_end_of_a_round_is_no_longer_than_a_step() {
    let many = |from: u8, to: u8| {
        let hosts = (from..to).flat_map(|third| (1..=250).map(move |last| (third, last)));
        hosts.map(|(third, last)| address(2, &format!("10.0.{third}.{last}/32"), 0x80))
    };
    let mut interfaces = table(many(0, 8));
    let mut events = Vec::new();
    interfaces.begin_round();
    interfaces.apply(Update::Link(link(2, "eth0")), Source::Dump, &mut events);
    for gone in many(4, 8) {
        interfaces.apply(Update::AddressGone(gone), Source::Notification, &mut events);
    }
    events.clear();
    let mut steps = 0;
    let new = address(2, "10.0.0.0/32", 0x80);
    while interfaces.end_round(&mut events) == Progress::Partial {
        steps += 1;
        assert!(events.len() <= steps * 64, "{} in {steps}", events.len());
        assert!(interfaces.addresses().count() >= 1_000 - steps * 64);
        if steps == 3 {
            interfaces.apply(Update::Address(new), Source::Notification, &mut events);
            assert_eq!(events.pop(), Some(NetworkEvent::AddressAdded(new)));
        }
    }
    // 1,000 addresses, 64 at a time.
    assert_eq!(steps, 15);
    assert_eq!(events.len(), 1_001);
    assert_eq!(events.last(), Some(&NetworkEvent::Synchronised));
    assert_eq!(interfaces.addresses().collect::<Vec<_>>(), [new]);
    assert!(interfaces.gone_addresses.is_empty());
}
