//! Accept_Mode off: firewall rules for the addresses of Active routers that accept no packets.
//!
//! An address is added once the firewall refuses packets to it, or cannot, and the firewall accepts
//! them again once the address is gone (RFC 9568 §6.4.3).

use std::io;
use std::os::fd::AsRawFd;

use mio::Interest;
use mio::event::Source;
use mio::unix::SourceFd;

use super::network::Network;
use super::router::Router;
use super::{Driver, FIREWALL, Notice};
use crate::Interfaces;
use crate::firewall::Destination;
use crate::interfaces::AddressKey;
use crate::netlink::{Progress, TimeSlice};

/// Who has packets refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Holder {
    /// An Active router, for all its addresses.
    Router(usize),
    /// An address that is to go.
    Leaving(AddressKey),
}

impl Network {
    /// Has packets to the addresses of an Active router refused, and puts the addresses in place
    /// when they are.
    pub(super) fn refuse(&mut self, id: usize, router: &Router) {
        let destinations = router.keys.iter().map(|(key, _)| Destination::from(key));
        self.firewall.refuse(Holder::Router(id), destinations);
        self.waiting.insert(id);
        self.refusing.insert(id);
        self.requests_pending = true;
    }

    /// Whether packets to the addresses of this router are refused, or about to be.
    pub(super) fn refuses(&self, id: usize) -> bool {
        self.refusing.contains(&id)
    }

    /// Lets in packets to the addresses of an Active router, which may have been refused before.
    pub(super) fn accept(&mut self, id: usize, router: &Router) {
        self.waiting.remove(&id);
        if self.refusing.remove(&id) {
            self.firewall.release(Holder::Router(id));
        }
        for (key, _) in &router.keys {
            if self.leaving.remove(key) {
                self.firewall.release(Holder::Leaving(*key));
            }
        }
    }

    /// Packets to an address that a router has no longer are refused until it is gone, if they were
    /// before.
    pub(super) fn refuse_leaving(&mut self, id: usize, key: AddressKey) {
        if self.refuses(id) {
            let destination = Destination::from(&key);
            self.firewall.refuse(Holder::Leaving(key), [destination]);
            self.leaving.insert(key);
        }
    }

    /// Packets to the addresses of a router that is no longer Active are refused until those are
    /// gone.
    pub(super) fn withdraw(&mut self, id: usize, router: &Router) {
        self.waiting.remove(&id);
        if !self.refuses(id) {
            return;
        }
        for (key, _) in &router.keys {
            self.refuse_leaving(id, *key);
        }
        self.refusing.remove(&id);
        self.firewall.release(Holder::Router(id));
        self.requests_pending = true;
    }

    /// Lets go of addresses that are gone. The last one goes last, and the others with it.
    pub(super) fn release_gone(&mut self, interfaces: &Interfaces) {
        while let Some(key) = self.leaving.last().copied()
            && interfaces.address(&key).is_none()
            && !self.keeper.is_changing(&key)
        {
            self.leaving.remove(&key);
            self.firewall.release(Holder::Leaving(key));
            self.requests_pending = true;
        }
    }
}

impl Driver {
    /// Has the kernel refuse what is to be refused, and puts addresses in place that waited for it.
    pub(super) fn drive_firewall(&mut self, slice: &TimeSlice<'_>) -> io::Result<()> {
        let network = &mut self.network;
        network.requests_pending |= network.firewall.drive(slice) == Progress::Partial;
        if let Some(fd) = network.firewall.takes_opened() {
            SourceFd(&fd.as_raw_fd()).register(
                self.poll.registry(),
                FIREWALL,
                Interest::READABLE,
            )?;
        }
        if let Some(error) = network.firewall.next_failure() {
            self.notices.push(Notice::FirewallFailed { error });
        }
        for id in core::mem::take(&mut network.waiting) {
            if !network.firewall.is_ready(Holder::Router(id)) {
                network.waiting.insert(id);
            } else if let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) {
                network.declare(id, router);
                network.keeper.set_active(id, true);
            }
        }
        Ok(())
    }
}
