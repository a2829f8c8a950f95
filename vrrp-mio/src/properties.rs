//! Properties that hold for every input, as functions that panic where they are broken.
//!
//! Property tests (`cargo test`) and the fuzz targets of the workspace call the same function.

#![expect(clippy::expect_used, reason = "a property that does not hold panics")]

use std::collections::BTreeMap;

use vrrp_core::Instant;

use crate::AddressSpec;
use crate::addresses::{AddressKeeper, Tenure};
use crate::interfaces::{AddressKey, Interfaces, KernelAddress, Link, NetworkEvent, Source};
use crate::netlink::{Acknowledgement, Attributes, Messages, Request, Update};

/// The interface on which an owner wants [`WANTED`], and another does not want [`UNWANTED`].
const LINK: u32 = 2;
const WANTED: [u8; 4] = [192, 0, 2, 1];
const UNWANTED: [u8; 4] = [192, 0, 2, 2];
/// More than there are addresses to ask for.
const ASKED: usize = 4;

/// A datagram of rtnetlink: no reader of messages and attributes panics, the changes that are
/// reported lead to the table that there is, and the keeper of addresses asks only for what can be
/// done.
///
/// # Panics
/// If that does not hold for `datagram`.
pub fn network(datagram: &[u8]) {
    assert!(Attributes::new(datagram).count() <= datagram.len());
    let mut interfaces = Interfaces::default();
    let mut reports = Reports::default();
    let mut keeper = keeper();
    for message in Messages::new(datagram).flatten() {
        assert!(Attributes::new(message.payload).count() <= message.payload.len());
        if let Some(verdict) = Acknowledgement::decode(&message) {
            assert!(verdict.errno > i32::MIN);
        }
        let Some(update) = Update::decode(&message) else {
            continue;
        };
        let mut events = Vec::new();
        interfaces.apply(update, Source::Notification, &mut events);
        for event in &events {
            reports.hear(event);
            keeper.observe(event, Instant::EPOCH);
        }
        reports.compare(&interfaces);
        ask(&mut keeper, &interfaces);
    }
}

/// The table as one who hears of changes only has it.
#[derive(Default)]
struct Reports {
    links: BTreeMap<u32, Link>,
    addresses: BTreeMap<AddressKey, KernelAddress>,
}

impl Reports {
    fn hear(&mut self, event: &NetworkEvent) {
        match event {
            NetworkEvent::LinkChanged(link) => {
                let former = self.links.insert(link.index, link.clone());
                assert_ne!(former.as_ref(), Some(link));
            }
            NetworkEvent::LinkRemoved(link) => {
                assert_eq!(self.links.remove(&link.index).as_ref(), Some(link));
            }
            NetworkEvent::AddressAdded(address) => {
                assert_eq!(self.addresses.insert(address.key(), *address), None);
            }
            NetworkEvent::AddressChanged(address) => {
                let former = self.addresses.insert(address.key(), *address);
                assert_ne!(former.expect("a change needs a former state"), *address);
            }
            NetworkEvent::AddressRemoved(address) => {
                assert_eq!(self.addresses.remove(&address.key()), Some(*address));
            }
            NetworkEvent::Synchronised => panic!("nothing was listed"),
        }
    }

    fn compare(&self, interfaces: &Interfaces) {
        assert!(self.links.values().eq(interfaces.links()));
        assert!(self.addresses.values().copied().eq(interfaces.addresses()));
        for link in interfaces.links() {
            let primary = interfaces.primary_v4(link.index, |address| address.octets() == WANTED);
            assert_ne!(primary.map(|address| address.octets()), Some(WANTED));
            let mut addresses = interfaces.addresses_of(link.index);
            assert!(addresses.all(|address| address.index == link.index));
        }
    }
}

fn keeper() -> AddressKeeper<u8> {
    let spec = |address: [u8; 4]| AddressSpec::new(LINK, address.into(), 32);
    let mut keeper = AddressKeeper::default();
    keeper.declare(0, Tenure::Virtual, [spec(WANTED)]);
    keeper.declare(1, Tenure::Virtual, [spec(UNWANTED)]);
    keeper.set_active(0, true);
    keeper.observe(&NetworkEvent::Synchronised, Instant::EPOCH);
    keeper
}

/// Lets every request of the keeper succeed, without an update of the table.
fn ask(keeper: &mut AddressKeeper<u8>, interfaces: &Interfaces) {
    for _ in 0..ASKED {
        let Some((key, request)) = keeper.next_request(interfaces, Instant::EPOCH) else {
            return;
        };
        let present = interfaces.address(&key);
        match request {
            Request::AddAddress { spec, .. } => {
                assert_eq!(spec.address, core::net::IpAddr::from(WANTED));
                assert!(present.is_none() && interfaces.link(spec.index).is_some());
            }
            Request::RemoveAddress { .. } => {
                assert_eq!(key.address(), core::net::IpAddr::from(UNWANTED));
                assert!(present.is_some());
            }
            Request::CreateMacvlan(_)
            | Request::BridgeMacvlan { .. }
            | Request::SetVrf { .. }
            | Request::SuppressLinkLocal { .. }
            | Request::SetLink { .. }
            | Request::DeleteLink { .. } => panic!("links are not the keeper's"),
        }
        keeper.completed(key, Ok(()), Instant::EPOCH);
    }
    panic!("more requests than addresses");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A message of the length it says.
    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(16 + body.len()).unwrap();
        let mut octets = length.to_ne_bytes().to_vec();
        octets.extend(kind.to_ne_bytes());
        octets.extend([0; 10]);
        octets.extend(body);
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    }

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut octets = length.to_ne_bytes().to_vec();
        octets.extend(kind.to_ne_bytes());
        octets.extend(value);
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    }

    /// A change to one of few interfaces.
    fn link() -> impl Strategy<Value = Vec<u8>> {
        (16u16..18, 1u8..4, any::<u16>(), "[ab]{1,2}").prop_map(|(kind, index, flags, name)| {
            let mut body = vec![0; 16];
            body[4] = index;
            body[8..10].copy_from_slice(&flags.to_ne_bytes());
            body.extend(attribute(3, name.as_bytes()));
            message(kind, &body)
        })
    }

    /// A change to one of few addresses.
    fn address() -> impl Strategy<Value = Vec<u8>> {
        (20u16..22, 1u8..4, 0u8..4, 30u8..34, 0u8..2).prop_map(
            |(kind, index, last, prefix_len, scope)| {
                let mut body = vec![2, prefix_len, 0x80, scope, index, 0, 0, 0];
                body.extend(attribute(2, &[192, 0, 2, last]));
                message(kind, &body)
            },
        )
    }

    fn any_message() -> impl Strategy<Value = Vec<u8>> {
        (14u16..24, prop::collection::vec(any::<u8>(), 0..60))
            .prop_map(|(kind, body)| message(kind, &body))
    }

    proptest! {
        #[test]
        fn no_octets_break_it(octets in prop::collection::vec(any::<u8>(), 0..300)) {
            network(&octets);
        }

        #[test]
        fn no_messages_break_it(
            messages in prop::collection::vec(prop_oneof![link(), address(), any_message()], 0..24),
        ) {
            network(&messages.concat());
        }
    }
}
