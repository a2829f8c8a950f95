//! Reconfiguration of an endpoint that runs.

use super::{Endpoint, EndpointError, Policy, Storage, TransmitChecksum, Wanted};
use crate::announce::Slot;
use crate::receive::{FollowedForm, Reach};
use crate::{Action, Config, Event, Instant, Role, Version};

/// Whether `config` and `storage` make a virtual router.
pub(super) fn check(config: &Config, storage: &impl Storage) -> Result<(), EndpointError> {
    let (version, family) = (config.version(), config.family());
    let addresses = storage.advertised();
    if addresses.family() != family {
        return Err(EndpointError::Family {
            router: family,
            addresses: addresses.family(),
        });
    }
    if addresses.is_empty() && version == Version::V3 {
        return Err(EndpointError::NoAddresses);
    }
    let slots = storage.slots().len();
    if storage.address(slots).is_some() || u32::try_from(slots).is_err() {
        return Err(EndpointError::Slots { slots });
    }
    let policy = storage.policy();
    if let Reach::Peers { peers: [], .. } = policy.reach {
        return Err(EndpointError::NoPeers);
    }
    if let Some(address) = super::storage::unreachable(&policy, family) {
        return Err(EndpointError::Destination { address, family });
    }
    if policy.hop_limit == 0 {
        return Err(EndpointError::HopLimit);
    }
    if !super::storage::has_authentication(&policy, version) {
        return Err(EndpointError::Authentication { version });
    }
    Ok(())
}

impl<S: Storage> Endpoint<S> {
    /// Replaces the settings of a router, running or not, and gives the former storage back:
    /// priority, preemption, interval, authentication, peers, announcements, addresses, Accept_Mode,
    /// checksum form, virtual MAC address.
    ///
    /// There is no transition, and no advertisement is late. An Active Router advertises at once, if
    /// anything but the announcements changed, and asks for its addresses again
    /// ([`EndpointEvent::AddAddresses`](super::EndpointEvent::AddAddresses)); addresses that are in
    /// both lists, as [`Storage::is_kept`] compares them, stay in place and are announced anew only
    /// under another Ethernet address. What has been counted stays. Settings that are equal change
    /// nothing.
    ///
    /// The work is in proportion to the number of addresses. Where a long list comes in quite another
    /// order, some addresses may be taken for new: they are announced again.
    ///
    /// # Errors
    /// [`EndpointError::AnotherRouter`] for another identifier, version or family; other variants as
    /// of [`new`](Self::new). The endpoint is as it was, and the new storage is dropped.
    pub fn update(&mut self, now: Instant, config: Config, storage: S) -> Result<S, EndpointError> {
        self.machine.check(&Event::Configure(config))?;
        check(&config, &storage)?;
        let was_announced = self.storage.announcements();
        let same_addresses = self.storage.advertised() == storage.advertised()
            && (0..storage.slots().len()).all(|at| storage.is_kept(at, &self.storage, at))
            && self.storage.address(storage.slots().len()).is_none();
        let same_policy = self.storage.policy() == storage.policy();
        let learns_anew = default_form(&self.storage.policy()) != default_form(&storage.policy());
        let is_active = self.machine.role() == Role::Active;
        let announcements = storage.announcements();
        if announcements != was_announced && is_active {
            // One by the former settings, so that a change of the refresh is one.
            let _made = self.storage.announcer_mut();
        }
        let mut former = core::mem::replace(&mut self.storage, storage);
        self.storage.inherit(&mut former);
        self.relist(&former);
        if learns_anew {
            self.form = FollowedForm::new(default_form(&self.storage.policy()));
        }
        if announcements != was_announced && self.storage.announcer().is_some() {
            let (arp, neighbor) = (announcements.arp_interval, announcements.neighbor_interval);
            let (announcer, _slots) = self.storage.announcer_mut();
            announcer.configure(now, announcements.config, arp, neighbor, is_active);
        }
        if config != *self.machine.config() || !same_policy || !same_addresses {
            let actions = self.machine.handle(now, Event::Configure(config));
            for action in actions {
                match action {
                    Action::Advertise(priority) => self.advertise(priority),
                    Action::AddAddresses => self.pending.addresses = Some(Wanted::Present),
                    // Addresses are announced as they come, and those that are there have been.
                    Action::Announce(_) | Action::RemoveAddresses | Action::Candidate => {}
                }
            }
        }
        Ok(former)
    }

    /// Takes over from `former` which addresses are in place, and what is to be sent of each.
    fn relist(&mut self, former: &S) {
        let count = self.storage.slots().len();
        if self.storage.announcer().is_some() {
            self.storage.announcer_mut().0.relist(count);
        }
        let mut search = Search::new(former.slots(), count);
        for position in 0..count {
            if self.storage.address(position).is_none() {
                break;
            }
            let Some(slot) = search.find(|at| self.storage.is_kept(position, former, at)) else {
                continue;
            };
            if !slot.is_installed() {
                continue;
            }
            if let Some(place) = self.storage.slots_mut().get_mut(position) {
                *place = slot.moved();
            }
            if slot.copies() > 0 {
                let (announcer, slots) = self.storage.announcer_mut();
                announcer.owe(slots, position, slot.copies());
            }
        }
    }
}

/// The checksum form until another is learned.
const fn default_form(policy: &Policy<'_>) -> crate::wire::ChecksumForm {
    match policy.checksum {
        TransmitChecksum::Always(form) | TransmitChecksum::FollowPeer(form) => form,
    }
}

/// Comparisons of which two lists of 128 addresses never need more, whatever their order.
const SHORT_LISTS: usize = 128 * 128;

/// A search for one address after another, which is short where they come in the same order.
struct Search<'a> {
    slots: &'a [Slot],
    /// Where the next one is expected.
    next: usize,
    /// Comparisons left.
    budget: usize,
}

impl<'a> Search<'a> {
    const fn new(slots: &'a [Slot], count: usize) -> Self {
        Self {
            slots,
            next: 0,
            budget: (slots.len() + count)
                .saturating_mul(4)
                .saturating_add(SHORT_LISTS),
        }
    }

    fn find(&mut self, is_it: impl Fn(usize) -> bool) -> Option<Slot> {
        let mut found = is_it(self.next).then_some(self.next);
        if found.is_none() {
            for at in (self.next..self.slots.len()).chain(0..self.next) {
                self.budget = self.budget.checked_sub(1)?;
                if is_it(at) {
                    found = Some(at);
                    break;
                }
            }
        }
        self.next = found? + 1;
        self.slots.get(found?).copied()
    }
}

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use std::vec;

    use super::*;

    /// How many of the new list are found in the former one, and the comparisons that took.
    fn search(former: &[usize], new: &[usize]) -> (usize, usize) {
        let slots = vec![Slot::EMPTY; former.len()];
        let mut search = Search::new(&slots, new.len());
        let comparisons = Cell::new(0);
        let found = new.iter().filter(|address| {
            let is_it = |at| {
                comparisons.set(comparisons.get() + 1);
                former.get(at) == Some(*address)
            };
            search.find(is_it).is_some()
        });
        (found.count(), comparisons.get())
    }

    #[test]
    fn short_lists_are_compared_in_any_order() {
        let forward: vec::Vec<_> = (0..128).collect();
        let backward: vec::Vec<_> = (0..128).rev().collect();
        assert_eq!(search(&forward, &backward).0, 128);
    }

    #[test]
    fn a_long_list_is_compared_in_proportion_to_its_length() {
        let former: vec::Vec<_> = (10_000..30_000).collect();
        let (found, comparisons) = search(&former, &(0..20_000).collect::<vec::Vec<_>>());
        assert_eq!(found, 10_000);
        assert!(comparisons < 220_000, "{comparisons}");
    }
}
