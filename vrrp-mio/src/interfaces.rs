//! The table of this host's network interfaces and their addresses, as last reported by the kernel.
//!
//! The driver has one, [`Driver::interfaces`](crate::Driver::interfaces), and so has a
//! [`Monitor`](crate::netlink::Monitor).
//!
//! ```
//! use vrrp_mio::interfaces::{AddressFlags, InterfaceName, Interfaces, LinkFlags};
//!
//! let name: InterfaceName = "eth0".parse()?;
//! assert!("an interface".parse::<InterfaceName>().is_err());
//! // What the kernel has not reported is not there.
//! assert!(Interfaces::default().link_named(name).is_none());
//! // `IFF_UP | IFF_RUNNING | IFF_LOWER_UP`, and `IFA_F_TENTATIVE`.
//! assert!(LinkFlags::from_bits(0x1_0041).has_carrier());
//! assert!(!AddressFlags::from_bits(0x40).is_usable());
//! # Ok::<(), vrrp_mio::interfaces::InterfaceNameError>(())
//! ```

mod address;
mod link;
mod name;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::ops::Bound;
use std::collections::{BTreeMap, BTreeSet};

use self::address::Particulars;
pub(crate) use self::address::Subnet;
pub use self::address::{AddressFlags, AddressKey, AddressProtocol, KernelAddress, Scope};
pub use self::link::{Link, LinkFlags, LinkKind};
pub use self::name::{InterfaceName, InterfaceNameError};
use crate::netlink::Update;
use crate::slice::Progress;

/// Addresses to look at in one step of [`Interfaces::end_round`], and interfaces to remove.
const STEP: usize = 64;

/// A change of the interfaces or addresses of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkEvent {
    /// An interface is new, or has changed, its name included.
    LinkChanged(Link),
    /// An interface is gone, and its addresses were reported gone before.
    LinkRemoved(Link),
    /// An address is new.
    AddressAdded(KernelAddress),
    /// An address changed its state, such as from tentative to usable.
    AddressChanged(KernelAddress),
    /// An address is gone.
    AddressRemoved(KernelAddress),
    /// Everything there was has been reported: after start, and after every loss of messages.
    Synchronised,
}

/// The interfaces and addresses of this host.
#[derive(Debug, Default)]
pub struct Interfaces {
    links: BTreeMap<u32, Stored<Link>>,
    names: BTreeMap<InterfaceName, u32>,
    addresses: BTreeMap<AddressKey, Stored<Particulars>>,
    arrivals: u64,
    round: u32,
    in_round: bool,
    /// The last address that the end of the round has looked at.
    swept: Option<AddressKey>,
    /// What notifications took away during the present round, and a dump may still list.
    gone_links: BTreeSet<u32>,
    gone_addresses: BTreeSet<AddressKey>,
}

#[derive(Debug)]
struct Stored<T> {
    value: T,
    /// The kernel lists addresses in the order of their arrival, and so chooses among them.
    arrival: u64,
    /// The last round of dumps that confirmed it.
    round: u32,
}

/// Where the word about a change comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Notification,
    Dump,
}

impl Interfaces {
    /// The interface of this index.
    #[must_use]
    pub fn link(&self, index: u32) -> Option<&Link> {
        self.links.get(&index).map(|stored| &stored.value)
    }

    /// The interface of this name.
    #[must_use]
    pub fn link_named(&self, name: InterfaceName) -> Option<&Link> {
        self.link(*self.names.get(&name)?)
    }

    /// All interfaces, by index.
    pub fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values().map(|stored| &stored.value)
    }

    /// The address of this key.
    #[must_use]
    pub fn address(&self, key: &AddressKey) -> Option<KernelAddress> {
        let stored = self.addresses.get(key)?;
        Some(stored.value.of(key))
    }

    /// All addresses of all interfaces.
    pub fn addresses(&self) -> impl Iterator<Item = KernelAddress> {
        self.addresses
            .iter()
            .map(|(key, stored)| stored.value.of(key))
    }

    /// The addresses from `after` on, by key.
    pub(crate) fn addresses_after(
        &self,
        after: Bound<AddressKey>,
    ) -> impl Iterator<Item = KernelAddress> {
        self.addresses
            .range((after, Bound::Unbounded))
            .map(|(key, stored)| stored.value.of(key))
    }

    /// All addresses of one interface.
    pub fn addresses_of(&self, index: u32) -> impl Iterator<Item = KernelAddress> {
        self.stored_of(index)
            .map(|(key, stored)| stored.value.of(key))
    }

    /// The primary IPv4 address of an interface (RFC 9568 §1.7), the source of its advertisements.
    ///
    /// Never one of `exclude`, the virtual addresses: they may be on the interface already. Those
    /// marked as virtual come last, for they may be left over from an earlier run; before them
    /// counts reach, then being first of a prefix, then the kernel's order. Takes time linear in
    /// the addresses of the interface.
    #[must_use]
    pub fn primary_v4(
        &self,
        index: u32,
        mut exclude: impl FnMut(Ipv4Addr) -> bool,
    ) -> Option<Ipv4Addr> {
        let candidates = self.stored_of(index).filter_map(|(key, stored)| {
            let IpAddr::V4(address) = key.address() else {
                return None;
            };
            let Particulars {
                protocol,
                scope,
                flags,
                ..
            } = stored.value;
            let marked = protocol.is_some_and(AddressProtocol::is_virtual);
            let rank = (marked, scope, flags.is_secondary(), stored.arrival);
            (!exclude(address)).then_some((rank, address))
        });
        candidates.min().map(|(_, address)| address)
    }

    /// The IPv6 link-local address of an interface, the source of its advertisements
    /// (RFC 9568 §5.1.2.1).
    ///
    /// Never one of `exclude`, and never one still tentative: a packet from it would be dropped.
    /// Takes time linear in the addresses of the interface.
    #[must_use]
    pub fn link_local_v6(
        &self,
        index: u32,
        mut exclude: impl FnMut(Ipv6Addr) -> bool,
    ) -> Option<Ipv6Addr> {
        let candidates = self.stored_of(index).filter_map(|(key, stored)| {
            let IpAddr::V6(address) = key.address() else {
                return None;
            };
            let Particulars {
                protocol, flags, ..
            } = stored.value;
            let marked = protocol.is_some_and(AddressProtocol::is_virtual);
            let rank = (marked, flags.is_deprecated(), stored.arrival);
            (address.is_unicast_link_local() && flags.is_usable() && !exclude(address))
                .then_some((rank, address))
        });
        candidates.min().map(|(_, address)| address)
    }

    fn stored_of(&self, index: u32) -> impl Iterator<Item = (&AddressKey, &Stored<Particulars>)> {
        self.addresses
            .range(AddressKey::first_of(index)..)
            .take_while(move |(key, _)| key.index() == index)
    }

    /// Begins a round of dumps: what it and the notifications of its time do not confirm is stale.
    pub(crate) fn begin_round(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.in_round = true;
        self.swept = None;
        self.gone_links.clear();
        self.gone_addresses.clear();
    }

    /// Processes one report and appends the changes.
    ///
    /// A notification is always newer than the dump it arrives in the midst of.
    pub(crate) fn apply(&mut self, update: Update, source: Source, events: &mut Vec<NetworkEvent>) {
        match update {
            Update::Link(link) => self.set_link(link, source, events),
            Update::LinkGone(index) => {
                if self.in_round {
                    self.gone_links.insert(index);
                }
                self.remove_link(index, events);
            }
            Update::Address(address) => self.set_address(address, source, events),
            Update::AddressGone(address) => {
                let key = address.key();
                if self.in_round {
                    self.gone_addresses.insert(key);
                }
                self.remove_address(&key, events);
            }
        }
    }

    fn set_link(&mut self, link: Link, source: Source, events: &mut Vec<NetworkEvent>) {
        let index = link.index;
        match source {
            Source::Dump if self.gone_links.contains(&index) => return,
            Source::Dump => {}
            Source::Notification => {
                self.gone_links.remove(&index);
            }
        }
        let name = link.name;
        match self.links.get_mut(&index) {
            Some(stored) if source == Source::Dump && stored.round == self.round => return,
            Some(stored) => {
                stored.round = self.round;
                if stored.value == link {
                    return;
                }
                let old = stored.value.name;
                stored.value = link.clone();
                // Two interfaces may have swapped names in between.
                if old != name && self.names.get(&old) == Some(&index) {
                    self.names.remove(&old);
                }
            }
            None => {
                self.arrivals += 1;
                let stored = Stored {
                    value: link.clone(),
                    arrival: self.arrivals,
                    round: self.round,
                };
                self.links.insert(index, stored);
            }
        }
        self.names.insert(name, index);
        events.push(NetworkEvent::LinkChanged(link));
    }

    fn set_address(
        &mut self,
        address: KernelAddress,
        source: Source,
        events: &mut Vec<NetworkEvent>,
    ) {
        let key = address.key();
        match source {
            Source::Dump if self.gone_addresses.contains(&key) => return,
            Source::Dump => {}
            Source::Notification => {
                self.gone_addresses.remove(&key);
            }
        }
        match self.addresses.get_mut(&key) {
            Some(stored) if source == Source::Dump && stored.round == self.round => {}
            Some(stored) => {
                stored.round = self.round;
                let value = Particulars::from(&address);
                if stored.value != value {
                    stored.value = value;
                    events.push(NetworkEvent::AddressChanged(address));
                }
            }
            None => {
                self.arrivals += 1;
                let stored = Stored {
                    value: Particulars::from(&address),
                    arrival: self.arrivals,
                    round: self.round,
                };
                self.addresses.insert(key, stored);
                events.push(NetworkEvent::AddressAdded(address));
            }
        }
    }

    fn remove_address(&mut self, key: &AddressKey, events: &mut Vec<NetworkEvent>) {
        if let Some(stored) = self.addresses.remove(key) {
            events.push(NetworkEvent::AddressRemoved(stored.value.of(key)));
        }
    }

    fn remove_link(&mut self, index: u32, events: &mut Vec<NetworkEvent>) {
        let keys: Vec<_> = self.stored_of(index).map(|(key, _)| *key).collect();
        for key in keys {
            self.remove_address(&key, events);
        }
        if let Some(Stored { value: link, .. }) = self.links.remove(&index) {
            if self.names.get(&link.name) == Some(&index) {
                self.names.remove(&link.name);
            }
            events.push(NetworkEvent::LinkRemoved(link));
        }
    }

    /// Goes on to end a round, which removes what it did not confirm: addresses first, and then
    /// interfaces. A step takes a few microseconds, and there are as many as it takes to look at all
    /// addresses.
    pub(crate) fn end_round(&mut self, events: &mut Vec<NetworkEvent>) -> Progress {
        self.in_round = false;
        for _ in 0..STEP {
            self.gone_links.pop_first();
            self.gone_addresses.pop_first();
        }
        if self.sweep_addresses(events) == Progress::Partial
            || !self.gone_links.is_empty()
            || !self.gone_addresses.is_empty()
        {
            return Progress::Partial;
        }
        let links = self.links.iter();
        let stale = links.filter(|(_, stored)| stored.round != self.round);
        let stale: Vec<u32> = stale.map(|(&index, _)| index).take(STEP).collect();
        for &index in &stale {
            self.remove_link(index, events);
        }
        if stale.len() == STEP {
            return Progress::Partial;
        }
        events.push(NetworkEvent::Synchronised);
        Progress::Complete
    }

    /// Removes those of the next addresses that the round did not confirm.
    fn sweep_addresses(&mut self, events: &mut Vec<NetworkEvent>) -> Progress {
        let from = self.swept.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.addresses.range((from, Bound::Unbounded)).take(STEP);
        let next: Vec<_> = (next.map(|(key, stored)| (*key, stored.round))).collect();
        self.swept = next.last().map(|(key, _)| *key).or(self.swept);
        for (key, round) in &next {
            if *round != self.round {
                self.remove_address(key, events);
            }
        }
        match next.len() {
            STEP => Progress::Partial,
            _ => Progress::Complete,
        }
    }
}

#[cfg(test)]
mod tests;
