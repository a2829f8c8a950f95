//! The comparison of an address in the kernel with the wanted one.

use core::fmt::Debug;
use core::time::Duration;
use std::collections::VecDeque;

use vrrp_core::Instant;

use super::entry::{Change, Entry, Phase};
use super::{AddressError, AddressEvent, AddressKeeper};
use crate::interfaces::{AddressKey, Interfaces, KernelAddress};
use crate::netlink::Request;

/// How long duplicate address detection may take: some seconds by RFC 4862 and the kernel's defaults.
const DETECTION: Duration = Duration::from_secs(10);

impl<O: Copy + Ord + Debug> AddressKeeper<O> {
    pub(super) fn look_at(
        &mut self,
        key: AddressKey,
        interfaces: &Interfaces,
        now: Instant,
    ) -> Option<Request> {
        let present = interfaces.address(&key);
        let entry = self.entries.get_mut(&key)?;
        entry.follow(|owner| self.owners.activity(owner));
        let settled = match entry.phase {
            Phase::Idle => true,
            Phase::Asked { .. } => return None,
            Phase::Unconfirmed { change, until } => {
                let agrees = present.is_some() == (change == Change::Add);
                self.doubt |= !agrees && now >= until;
                agrees || now >= until
            }
            Phase::Paused { until } => now >= until || present.is_some() == entry.is_to_stay(),
            Phase::Disputed { until } => {
                let disputed = |address: &KernelAddress| address.flags.is_duplicate();
                let stands = entry.is_wanted() && present.as_ref().is_some_and(disputed);
                if stands && now >= until {
                    return Some(self.ask(key, Change::Remove, Request::from(&present?)));
                }
                !stands
            }
            Phase::Tentative { until } => {
                // What has failed stays tentative.
                let tentative = |address: &KernelAddress| {
                    address.flags.is_tentative() && !address.flags.is_duplicate()
                };
                let stands = entry.is_wanted() && present.as_ref().is_some_and(tentative);
                if stands && now >= until {
                    entry.tell_failure(AddressError::Tentative, key, &mut self.events);
                }
                !stands || now >= until
            }
        };
        if !settled {
            return None;
        }
        if entry.phase != Phase::Idle {
            self.set_phase(key, Phase::Idle);
            self.due.remove(&key);
        }
        self.compare(key, present.as_ref(), interfaces, now)
    }

    /// Compares what is wanted with what is there, at rest.
    fn compare(
        &mut self,
        key: AddressKey,
        present: Option<&KernelAddress>,
        interfaces: &Interfaces,
        now: Instant,
    ) -> Option<Request> {
        let entry = self.entries.get_mut(&key)?;
        let (change, request) = match (entry.is_wanted(), present) {
            (true, Some(address)) if entry.outdated => {
                let event = |owner, address| AddressEvent::Removed { owner, address };
                entry.report_removal(address, event, &mut self.events);
                (Change::Remove, Request::from(address))
            }
            (true, Some(address)) => {
                if let Some(phase) = Self::tell(entry, address, now, &mut self.events) {
                    self.set_phase(key, phase);
                    self.due.remove(&key);
                }
                return None;
            }
            (true, None) => {
                interfaces.link(key.index())?;
                entry.outdated = false;
                let spec = entry.wanted(&key)?;
                let protocol = self.mark.filter(|_| !entry.unmarked);
                (Change::Add, Request::AddAddress { spec, protocol })
            }
            (false, Some(address)) if entry.is_removable() => {
                (Change::Remove, Request::from(address))
            }
            (false, Some(_) | None) => {
                entry.condemned = false;
                entry.outdated = false;
                if entry.is_forgettable() {
                    self.entries.remove(&key);
                }
                return None;
            }
        };
        Some(self.ask(key, change, request))
    }

    fn ask(&mut self, key: AddressKey, change: Change, request: Request) -> Request {
        let seen = false;
        self.set_phase(key, Phase::Asked { change, seen });
        self.due.remove(&key);
        request
    }

    /// Tells owners of an address that is there; the phase it is in if it is not usable.
    fn tell(
        entry: &mut Entry<O>,
        address: &KernelAddress,
        now: Instant,
        events: &mut VecDeque<AddressEvent<O>>,
    ) -> Option<Phase> {
        let usable = address.flags.is_usable();
        for claim in entry.claims.iter_mut().filter(|claim| claim.active) {
            if usable && !claim.reported {
                let (owner, address) = (claim.owner, *address);
                events.push_back(AddressEvent::Installed { owner, address });
            }
            claim.reported = usable;
        }
        if usable {
            entry.succeed();
            return None;
        }
        if address.flags.is_duplicate() {
            entry.tell_failure(AddressError::Duplicate, address.key(), events);
            let until = now + entry.dispute();
            return Some(Phase::Disputed { until });
        }
        let until = now + DETECTION;
        (entry.failure.is_none()).then_some(Phase::Tentative { until })
    }

    /// Why an address that is wanted is not in place and usable, as far as that is known.
    #[must_use]
    pub fn failure(&self, key: &AddressKey) -> Option<&AddressError> {
        let entry = self.entries.get(key)?;
        // What was tells nothing of one that has become wanted meanwhile.
        let behind = entry.is_behind(|owner| self.owners.activity(owner));
        entry.failure.as_deref().filter(|_| !behind)
    }
}
