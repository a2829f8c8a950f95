//! Changes of the specification of a virtual router that runs.

use vrrp_core::endpoint::EndpointError;
use vrrp_core::{Config, Event, EventError, Instant};

use super::check::AddError;
use super::difference::{Aspect, difference};
use super::profile::Profile;
use super::router::Router;
use super::spec::RouterSpec;
use super::storage::RouterStorage;
use super::virtual_mac::VirtualMacs;
use super::{Driver, RouterId};
use crate::InterfaceName;

/// A running router was not updated, and nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError {
    /// The router was removed.
    #[error("there is no such virtual router any more")]
    Unknown {
        /// The name that names nothing.
        router: RouterId,
    },
    /// A router on another interface is another router, to be added in place of this one.
    #[error("a virtual router on {ours} cannot move to {theirs}")]
    Interface {
        /// The interface of the router.
        ours: InterfaceName,
        /// The interface of the specification.
        theirs: InterfaceName,
    },
    /// A router of another identifier, version or family is another router, to be added in place of
    /// this one.
    #[error(transparent)]
    Identity(#[from] EventError),
    /// [`Driver::add`] would refuse the specification.
    #[error(transparent)]
    Spec(#[from] AddError),
}

impl Driver {
    /// Has a router be as `spec` says, and changes only what differs. Gives what did: nothing, and
    /// no packet and no request to the kernel, if `spec` is what the router is already.
    ///
    /// An Active router stays Active and its advertisements stay on time. It advertises at once,
    /// unless only its announcements or its tracking changed. Its addresses:
    /// - those that are new are put in place and announced; those that are gone are removed;
    /// - one that changes its interface or anything but its place in the list is removed and added
    ///   anew, and announced again. So are secondary addresses that the kernel removes along with
    ///   their primary one (`promote_secondaries`);
    /// - all others are not touched.
    ///
    /// A virtual MAC that is switched on or off moves the addresses: to the macvlan once that is up.
    /// Where only its name or address changes, the former macvlan goes first, and the addresses are
    /// away until the new one is there.
    ///
    /// The router leaves its role as at any other time: if what it depends on from now on is not
    /// there, such as the source of its advertisements, or if the priority is to lose the election.
    /// Tracking keeps its effect on the priority ([`Event::Priority`]).
    ///
    /// ```
    /// use vrrp_core::{Config, Family, Settings, Version};
    /// use vrrp_mio::{Aspect, Driver, RouterSpec, VirtualAddress};
    ///
    /// let config = Config::try_from(Settings::new(Version::V3, Family::V4, 51))?;
    /// let first = VirtualAddress::new([192, 0, 2, 100].into(), 24);
    /// let mut spec = RouterSpec::new(config, "eth0".parse()?, vec![first]);
    /// let mut driver = Driver::new()?;
    /// let router = driver.add(spec.clone())?;
    ///
    /// spec.addresses.push(VirtualAddress::new([192, 0, 2, 101].into(), 24));
    /// assert_eq!(driver.update(router, spec.clone())?, [Aspect::Addresses]);
    /// assert_eq!(driver.update(router, spec)?, []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// The comparison is made in the call, and what differs is noted there: with 20,000 addresses
    /// that takes 10 to 20 ms by how it is built, in which no router advertises. Requests to the kernel follow in
    /// later turns.
    ///
    /// # Errors
    /// [`UpdateError`], and nothing has changed: for what takes another router, and for what
    /// [`add`](Self::add) would refuse.
    pub fn update(
        &mut self,
        router: RouterId,
        spec: RouterSpec,
    ) -> Result<Vec<Aspect>, UpdateError> {
        let Some(running) = self.router(router) else {
            return Err(UpdateError::Unknown { router });
        };
        let (ours, theirs) = (running.profile().interface, spec.interface);
        if ours != theirs {
            return Err(UpdateError::Interface { ours, theirs });
        }
        running.machine().check(&Event::Configure(spec.config))?;
        self.check_spec(&spec, Some(router))?;
        let slot = router.index();
        let (config, profile) = self.profile(spec, slot);
        let Some(running) = self.routers.get(slot).and_then(Option::as_ref) else {
            return Err(UpdateError::Unknown { router });
        };
        let former = (running.machine().config(), running.profile());
        let aspects = difference(former, (&config, &profile));
        if !aspects.is_empty() {
            self.apply(slot, config, profile, &aspects)
                .map_err(AddError::from)?;
        }
        Ok(aspects)
    }

    /// Whether there can be a router of `spec`, in place of another one or beside all.
    pub(super) fn check_spec(
        &self,
        spec: &RouterSpec,
        in_place_of: Option<RouterId>,
    ) -> Result<(), AddError> {
        spec.check()?;
        let others = self.routers.iter().flatten();
        let mut others = others.filter(|router| Some(router.id) != in_place_of);
        match others.find_map(|router| router.clash(spec)) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// The election and the profile of a router in the place `slot`. Neighbours in a configuration
    /// mostly share their profile.
    pub(super) fn profile(&self, spec: RouterSpec, slot: usize) -> (Config, Profile) {
        let around = self.routers.get(..=slot).unwrap_or(&self.routers);
        let around = around.iter().rev().take(9);
        let last = self.routers.iter().rev().take(8);
        let others = around.chain(last).flatten();
        Profile::new(spec, others.map(|router| &router.profile().shared))
    }

    fn apply(
        &mut self,
        slot: usize,
        config: Config,
        profile: Profile,
        aspects: &[Aspect],
    ) -> Result<(), EndpointError> {
        let now = self.clock.now();
        let Some(router) = self.routers.get_mut(slot).and_then(Option::as_mut) else {
            return Ok(());
        };
        self.network.unwatch(slot, router);
        let before = router.reception();
        let macs = &mut self.network.virtual_macs;
        let adopted = router.adopt(config, profile, now, aspects, macs);
        self.network.enlist(slot, router);
        adopted?;
        if router.reception() != before {
            self.leave_socket(slot);
        }
        // What it has to send and to do is polled once it is where it belongs.
        if self.network.synchronised {
            self.network.dirty.remove(&slot);
            let mut sources = core::mem::take(&mut self.network.found);
            self.refresh_router(slot, now, &mut sources);
            self.network.found = sources;
        }
        self.network.requests_pending = true;
        if let Some(router) = self.routers.get_mut(slot).and_then(Option::as_mut)
            && (aspects.contains(&Aspect::Election) || aspects.contains(&Aspect::Addresses))
        {
            self.network.redeclare(slot, router);
        }
        self.drive_router(slot);
        Ok(())
    }

    /// A router has another election. It takes effect on its addresses as well: an owner keeps its
    /// own.
    pub(super) fn configure(&mut self, slot: usize, event: Event, now: Instant) {
        let Some(router) = self.routers.get(slot).and_then(Option::as_ref) else {
            return;
        };
        self.network.unwatch(slot, router);
        self.handle(slot, event, now);
        if let Some(router) = self.routers.get_mut(slot).and_then(Option::as_mut) {
            self.network.enlist(slot, router);
            self.network.redeclare(slot, router);
        }
    }
}

impl Router {
    /// Takes over another election and profile, as far as that does not take the kernel.
    fn adopt(
        &mut self,
        config: Config,
        profile: Profile,
        now: Instant,
        aspects: &[Aspect],
        macs: &mut VirtualMacs,
    ) -> Result<(), EndpointError> {
        let storage = RouterStorage::new(config.family(), profile);
        let former = self.endpoint.update(now, config, storage)?;
        for aspect in aspects {
            match aspect {
                Aspect::Addresses => self.retreat = None,
                Aspect::VirtualMac => {
                    self.retreat = None;
                    self.change_virtual_mac(former.profile.virtual_mac(), macs);
                }
                Aspect::Election
                | Aspect::Path
                | Aspect::Authentication
                | Aspect::Checksum
                | Aspect::Admission
                | Aspect::Announcements
                | Aspect::Tracking => {}
            }
        }
        // What is discarded or remarked on from now on is news.
        self.noted = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
