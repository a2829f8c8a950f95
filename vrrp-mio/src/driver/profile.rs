//! The specification of a running virtual router, kept small: there may be many thousands.

use core::net::IpAddr;
use core::time::Duration;
use std::sync::Arc;

use smallvec::SmallVec;
use vrrp_core::receive::{Conformance, Expect};
use vrrp_core::wire::IcvForm;
use vrrp_core::{Config, announce};

use super::spec::{Path, RouterSpec, TransmitChecksum, VirtualAddress, VirtualMac};
use crate::interfaces::AddressKey;
use crate::{AddressSpec, InterfaceName};

/// A [`RouterSpec`] but for the election, which the machine has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Profile {
    pub(super) interface: InterfaceName,
    /// Of many routers most have one.
    pub(super) addresses: SmallVec<[KeptAddress; 1]>,
    pub(super) excluded: Box<[KeptAddress]>,
    virtual_mac: Option<Box<VirtualMac>>,
    pub(super) shared: Arc<SharedProfile>,
}

/// What most routers of a host have in common.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SharedProfile {
    pub(super) path: Path,
    pub(super) expect: Expect,
    pub(super) icv: IcvForm,
    pub(super) checksum: TransmitChecksum,
    pub(super) owner_is_deaf: bool,
    pub(super) first_address: Conformance,
    pub(super) address_list: Conformance,
    pub(super) announce: announce::Config,
    pub(super) arp_interval: Duration,
    pub(super) neighbor_interval: Duration,
    pub(super) track_interface: bool,
}

impl Profile {
    /// The election of `spec`, and the rest of it; a shared part like that of one of `others` is
    /// kept once.
    pub(super) fn new<'a>(
        spec: RouterSpec,
        mut others: impl Iterator<Item = &'a Arc<SharedProfile>>,
    ) -> (Config, Self) {
        let shared = SharedProfile {
            path: spec.path,
            expect: spec.expect,
            icv: spec.icv,
            checksum: spec.checksum,
            owner_is_deaf: spec.owner_is_deaf,
            first_address: spec.first_address,
            address_list: spec.address_list,
            announce: spec.announce,
            arp_interval: spec.arp_interval,
            neighbor_interval: spec.neighbor_interval,
            track_interface: spec.track_interface,
        };
        let shared = match others.find(|other| ***other == shared) {
            Some(other) => Arc::clone(other),
            None => Arc::new(shared),
        };
        // Where an address goes without saying: on the router's macvlan, or else its interface.
        let own = spec.interface;
        let macvlan = spec.virtual_mac.map(|virtual_mac| virtual_mac.name);
        let kept = |mut address: VirtualAddress| {
            let other = |device: &InterfaceName| *device != own && Some(*device) != macvlan;
            address.device = address.device.filter(other);
            KeptAddress::new(address)
        };
        let profile = Self {
            interface: own,
            addresses: spec.addresses.into_iter().map(kept).collect(),
            excluded: spec.excluded.into_iter().map(kept).collect(),
            virtual_mac: spec.virtual_mac.map(Box::new),
            shared,
        };
        (spec.config, profile)
    }

    /// The virtual MAC, where one is used.
    pub(super) fn virtual_mac(&self) -> Option<VirtualMac> {
        self.virtual_mac.as_deref().copied()
    }

    /// All virtual addresses, advertised ones first.
    pub(super) fn all(&self) -> impl Iterator<Item = &KeptAddress> {
        self.addresses.iter().chain(&self.excluded)
    }

    /// One of [`all`](Self::all).
    pub(super) fn address(&self, position: usize) -> Option<&KeptAddress> {
        match position.checked_sub(self.addresses.len()) {
            None => self.addresses.get(position),
            Some(excluded) => self.excluded.get(excluded),
        }
    }
}

/// A [`VirtualAddress`]. Nearly all are plain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeptAddress {
    /// As [`VirtualAddress::new`] makes it.
    Plain {
        address: IpAddr,
        prefix_len: u8,
    },
    Special(Box<VirtualAddress>),
}

impl KeptAddress {
    fn new(virtual_address: VirtualAddress) -> Self {
        let AddressSpec {
            address,
            prefix_len,
            ..
        } = virtual_address.spec;
        if virtual_address == VirtualAddress::new(address, prefix_len) {
            Self::Plain {
                address,
                prefix_len,
            }
        } else {
            Self::Special(Box::new(virtual_address))
        }
    }

    pub(super) fn address(&self) -> IpAddr {
        match self {
            Self::Plain { address, .. } => *address,
            Self::Special(special) => special.spec.address,
        }
    }

    /// The interface it goes on, if not the router's.
    pub(super) fn device(&self) -> Option<InterfaceName> {
        match self {
            Self::Plain { .. } => None,
            Self::Special(special) => special.device,
        }
    }

    /// The interface it goes on, if not the router's, which has to be up.
    pub(super) fn tracked(&self) -> Option<InterfaceName> {
        match self {
            Self::Plain { .. } => None,
            Self::Special(special) => special.device.filter(|_| special.track),
        }
    }

    /// What to ask of the kernel on the interface of `index`.
    pub(super) fn spec(&self, index: u32) -> AddressSpec {
        match self {
            Self::Plain {
                address,
                prefix_len,
            } => AddressSpec::new(index, *address, *prefix_len),
            Self::Special(special) => AddressSpec {
                index,
                ..special.spec.clone()
            },
        }
    }

    /// Its key on the interface of `index`.
    pub(super) fn key_on(&self, index: u32) -> AddressKey {
        match self {
            Self::Plain {
                address,
                prefix_len,
            } => AddressKey::new(index, *address, *prefix_len, None),
            Self::Special(special) => special.spec.key_on(index),
        }
    }
}

#[cfg(test)]
mod tests {
    use vrrp_core::{Family, Version};

    use super::*;

    fn spec(interface: &str, priority: u8) -> RouterSpec {
        let mut settings = vrrp_core::Settings::new(Version::V3, Family::V4, 51);
        settings.priority = priority;
        let config = Config::try_from(settings).unwrap();
        let addresses = vec![VirtualAddress::new([192, 0, 2, 1].into(), 24)];
        RouterSpec::new(config, interface.parse().unwrap(), addresses)
    }

    #[test]
    fn what_routers_have_in_common_is_kept_once() {
        let (_, first) = Profile::new(spec("eth0", 100), [].iter());
        let other = RouterSpec {
            track_interface: false,
            ..spec("eth1", 200)
        };
        let (_, second) = Profile::new(other, [&first.shared].into_iter());
        assert!(!Arc::ptr_eq(&first.shared, &second.shared));
        assert!(!second.shared.track_interface);
        let both = [&second.shared, &first.shared];
        let (_, third) = Profile::new(spec("eth1", 200), both.into_iter());
        assert!(Arc::ptr_eq(&first.shared, &third.shared));
    }

    #[test]
    fn an_address_on_the_own_interface_or_macvlan_has_no_device_of_its_own() {
        let on = |device: &str| VirtualAddress {
            device: Some(device.parse().unwrap()),
            ..VirtualAddress::new([192, 0, 2, 1].into(), 24)
        };
        let spec = RouterSpec {
            virtual_mac: Some(VirtualMac {
                name: "vrrp.51".parse().unwrap(),
                mac: vrrp_core::MacAddr([0, 0, 0x5e, 0, 1, 51]),
                transmit_base: false,
            }),
            addresses: vec![on("eth0"), on("vrrp.51"), on("eth1")],
            ..spec("eth0", 100)
        };
        let (_, profile) = Profile::new(spec, [].iter());
        let devices: Vec<_> = profile.all().map(KeptAddress::device).collect();
        assert_eq!(devices, [None, None, Some("eth1".parse().unwrap())]);
    }

    #[test]
    fn an_address_is_kept_with_all_that_makes_it_special() {
        let mut address = VirtualAddress::new([192, 0, 2, 1].into(), 24);
        assert!(matches!(
            KeptAddress::new(address.clone()),
            KeptAddress::Plain { prefix_len: 24, .. }
        ));
        address.device = Some("eth7".parse().unwrap());
        let kept = KeptAddress::new(address.clone());
        assert_eq!(kept.device(), address.device);
        let expected = AddressSpec {
            index: 5,
            ..address.spec
        };
        assert_eq!(kept.spec(5), expected);
        assert_eq!(kept.key_on(5), expected.key_on(5));
    }
}
