//! The driver's record of one virtual router.

use core::net::IpAddr;

use smallvec::SmallVec;
use vrrp_core::announce::Schedule;
use vrrp_core::receive::{Admission, Expect, FollowedForm, Reach, Remarks, ReplayWindow};
use vrrp_core::wire::{Addresses, ChecksumForm};
use vrrp_core::{Config, Family, Instant, Statistics, Transition, VirtualRouter};

use super::RouterId;
use super::ability::Retreat;
use super::announce::Outbox;
use super::counters::Counters;
use super::flags::Flags;
use super::obstacle::Obstacle;
use super::profile::{KeptAddress, Profile};
use super::spec::{Path, TransmitChecksum};
use super::virtual_mac::MacvlanId;
use crate::InterfaceName;
use crate::interfaces::AddressKey;

/// Keys of addresses and their positions, sorted. Of many routers most have one.
pub(super) type Keys = SmallVec<[(AddressKey, u32); 1]>;

/// The first position of a kernel address in the lists that `keys` are of.
pub(super) fn first_position(keys: &Keys, key: &AddressKey) -> Option<usize> {
    let first = keys.partition_point(|(known, _)| known < key);
    let (found, position) = keys.get(first)?;
    (found == key).then(|| usize::try_from(*position).ok())?
}

/// A virtual router on a [`Driver`](super::Driver).
#[derive(Debug)]
pub struct Router {
    pub(super) id: RouterId,
    pub(super) profile: Profile,
    pub(super) machine: VirtualRouter,
    pub(super) octets: AddressOctets,
    /// Where advertisements are authenticated by number.
    pub(super) replay: Option<Box<ReplayWindow>>,
    pub(super) counters: Counters,
    pub(super) since: Instant,
    pub(super) last: Option<Transition>,
    /// Index of the interface, while it exists.
    pub(super) interface: Option<u32>,
    /// Whether the interface is usable.
    pub(super) usable: bool,
    /// What keeps it from being Active, as last found.
    pub(super) obstacles: Box<[Obstacle]>,
    /// The owner of the driver reported a fault.
    pub(super) tracked_fault: bool,
    pub(super) retreat: Option<Box<Retreat>>,
    /// The last primary address known: a resignation is sent from it when it is gone.
    pub(super) source: Option<IpAddr>,
    pub(super) listener: Option<usize>,
    /// Whether the socket could not be opened, which was reported.
    pub(super) deaf: bool,
    /// How many of the addresses an advertisement carries on this interface.
    pub(super) advertised: u8,
    /// The macvlan, while the router is switched on.
    pub(super) macvlan: Option<MacvlanId>,
    /// Where the addresses stay until the macvlan that they were given is up: the index of an
    /// interface.
    pub(super) former_home: Option<u32>,
    /// The virtual addresses, advertised ones first, by kernel key and sorted, once resolved.
    pub(super) keys: Keys,
    /// Whether the keeper of addresses knows them. Until the router knows its role, addresses that
    /// an earlier run left stay where they are: if nobody else is Active they are still in use.
    pub(super) declared: bool,
    pub(super) installed: Flags,
    /// While anything is due.
    pub(super) schedule: Option<Box<Schedule>>,
    pub(super) outbox: Outbox,
    /// From when on a full send queue may have drained.
    pub(super) drained_at: Instant,
    pub(super) ah_sequence: u32,
    pub(super) peer_checksum: Option<ChecksumForm>,
    pub(super) form: FollowedForm,
    /// Since the last transition.
    pub(super) noted: Option<Box<Noted>>,
    pub(super) send_failing: bool,
}

/// What of a router's packets was reported already.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Remarks, and about whom.
    pub(super) remarks: Vec<(IpAddr, Remarks)>,
    /// Kinds of discards, a bit each.
    pub(super) discards: u32,
}

/// The advertised addresses as octets in network order.
#[derive(Debug)]
pub(super) enum AddressOctets {
    /// Of many routers most have one.
    OneV4([u8; 4]),
    V4(Box<[[u8; 4]]>),
    V6(Box<[[u8; 16]]>),
}

impl AddressOctets {
    /// Those of `family`; the others cannot be advertised. Over IPv6 link-local ones go first,
    /// in the configured order otherwise.
    pub(super) fn new(family: Family, all: impl Iterator<Item = IpAddr>) -> Self {
        match family {
            Family::V4 => {
                let list = all.filter_map(|address| match address {
                    IpAddr::V4(address) => Some(address.octets()),
                    IpAddr::V6(_) => None,
                });
                let list: Vec<_> = list.collect();
                match list[..] {
                    [address] => Self::OneV4(address),
                    _ => Self::V4(list.into_boxed_slice()),
                }
            }
            Family::V6 => {
                let mut list: Vec<_> = all
                    .filter_map(|address| match address {
                        IpAddr::V6(address) => Some(address),
                        IpAddr::V4(_) => None,
                    })
                    .collect();
                list.sort_by_key(|address| !address.is_unicast_link_local());
                Self::V6(list.iter().map(core::net::Ipv6Addr::octets).collect())
            }
        }
    }

    pub(super) fn first(&self, count: usize) -> Addresses<'_> {
        match self {
            Self::OneV4(address) => {
                let list = core::slice::from_ref(address);
                Addresses::V4(list.get(..count).unwrap_or(list))
            }
            Self::V4(list) => Addresses::V4(list.get(..count).unwrap_or(list)),
            Self::V6(list) => Addresses::V6(list.get(..count).unwrap_or(list)),
        }
    }
}

impl Router {
    pub(super) fn new(
        id: RouterId,
        config: Config,
        profile: Profile,
        now: Instant,
        ah_sequence: u32,
    ) -> Self {
        let (TransmitChecksum::Always(form) | TransmitChecksum::FollowPeer(form)) =
            profile.shared.checksum;
        Self {
            id,
            machine: VirtualRouter::new(config),
            octets: AddressOctets::new(
                config.family(),
                profile.addresses.iter().map(KeptAddress::address),
            ),
            replay: matches!(profile.shared.expect, Expect::Ah(_)).then(Box::default),
            counters: Counters::default(),
            since: now,
            last: None,
            interface: None,
            usable: false,
            obstacles: Box::default(),
            tracked_fault: false,
            retreat: None,
            source: None,
            listener: None,
            deaf: false,
            advertised: 0,
            macvlan: None,
            former_home: None,
            keys: Keys::new(),
            declared: false,
            installed: Flags::new(profile.all().count()),
            schedule: None,
            outbox: Outbox::new(
                profile.shared.arp_interval,
                profile.shared.neighbor_interval,
            ),
            drained_at: Instant::EPOCH,
            ah_sequence,
            peer_checksum: None,
            form: FollowedForm::new(form),
            noted: None,
            send_failing: false,
            profile,
        }
    }

    /// The name of its interface.
    #[must_use]
    pub const fn interface(&self) -> InterfaceName {
        self.profile.interface
    }

    /// The addresses it is to advertise, in the configured order.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.profile.addresses.iter().map(KeptAddress::address)
    }

    /// The addresses that it adds but does not advertise.
    pub fn excluded(&self) -> impl ExactSizeIterator<Item = IpAddr> {
        self.profile.excluded.iter().map(KeptAddress::address)
    }

    /// The state machine.
    #[must_use]
    pub const fn machine(&self) -> &VirtualRouter {
        &self.machine
    }

    /// The counters.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.counters.statistics()
    }

    /// When the current role was entered, or the router added.
    #[must_use]
    pub const fn since(&self) -> Instant {
        self.since
    }

    /// The last change of role.
    #[must_use]
    pub const fn last_transition(&self) -> Option<Transition> {
        self.last
    }

    /// Whether the interface exists, is up and has carrier.
    #[must_use]
    pub const fn interface_usable(&self) -> bool {
        self.usable
    }

    /// What keeps it from being Active: nothing if empty.
    #[must_use]
    pub const fn obstacles(&self) -> &[Obstacle] {
        &self.obstacles
    }

    /// The checksum form last heard in version 3 over IPv4.
    #[must_use]
    pub const fn peer_checksum(&self) -> Option<ChecksumForm> {
        self.peer_checksum
    }

    /// How many virtual addresses are in place.
    #[must_use]
    pub fn installed(&self) -> usize {
        self.installed.iter().count()
    }

    /// Takes over where the addresses go now. Those that go where they went stay in place and are
    /// announced as often as they were to be, wherever in the lists they are.
    pub(super) fn place(&mut self, keys: Keys) {
        let mut installed = Flags::new(self.profile.all().count());
        for (key, position) in &keys {
            if let Some(former) = first_position(&self.keys, key)
                && let Ok(position) = usize::try_from(*position)
            {
                installed.set(position, self.installed.get(former));
            }
        }
        let moves = self.keys.iter().filter_map(|(key, former)| {
            let former = usize::try_from(*former).ok()?;
            Some((former, first_position(&keys, key)?))
        });
        self.outbox.reposition(moves);
        self.keys = keys;
        self.installed = installed;
    }

    /// Notes that a kernel address is in place, or is not, and gives its first position in the
    /// lists: what is listed twice is in place twice.
    pub(super) fn note_installed(&mut self, key: &AddressKey, is_there: bool) -> Option<usize> {
        let first = self.keys.partition_point(|(known, _)| known < key);
        let alike = self.keys.get(first..).unwrap_or_default().iter();
        let alike = alike.take_while(|(known, _)| known == key);
        let mut found = None;
        for position in alike.filter_map(|(_, position)| usize::try_from(*position).ok()) {
            self.installed.set(position, is_there);
            found = found.or(Some(position));
        }
        found
    }

    /// Where advertisements come from.
    pub(super) fn reach(&self) -> Reach<'_> {
        match &self.profile.shared.path {
            Path::Multicast { group, .. } => Reach::Group(*group),
            Path::Unicast { peers, only, .. } => Reach::Peers { peers, only: *only },
        }
    }

    pub(super) fn admission(&self) -> Admission<'_> {
        Admission {
            config: self.machine.config(),
            addresses: self.octets.first(self.advertised.into()),
            expect: self.profile.shared.expect,
            reach: self.reach(),
            owner_is_deaf: self.profile.shared.owner_is_deaf,
            first_address: self.profile.shared.first_address,
            address_list: self.profile.shared.address_list,
        }
    }

    /// When it has something to announce.
    pub(super) fn announce_deadline(&self) -> Option<Instant> {
        let schedule = self.schedule.as_ref();
        let scheduled = schedule.and_then(|schedule| schedule.deadline());
        scheduled.into_iter().chain(self.announce_at()).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One family is advertised, link-local addresses first (RFC 9568 §5.2.9).
    #[test]
    fn a_link_local_address_is_advertised_first_and_no_other_family() {
        let list = ["2001:db8::2", "192.0.2.1", "fe80::1", "2001:db8::1"];
        let list = list.map(|text| text.parse().unwrap());
        let octets = AddressOctets::new(Family::V6, list.into_iter());
        let sent: Vec<String> = (octets.first(9).iter().map(|a| a.to_string())).collect();
        assert_eq!(sent, ["fe80::1", "2001:db8::2", "2001:db8::1"]);
        let octets = AddressOctets::new(Family::V4, list.into_iter());
        assert_eq!(octets.first(9).len(), 1);
    }
}
