//! The processing of the kernel's notifications and of its answers to requests.

use core::time::Duration;

use vrrp_core::{Instant, Role};

use super::network::Tag;
use super::router::Router;
use super::{Driver, DriverError, Notice};
use crate::NetworkEvent;
use crate::addresses::AddressEvent;
use crate::interfaces::AddressKey;
use crate::netlink::{Progress, TimeSlice};

/// How long it may take in one turn to hear the kernel, to bring routers up to date with their
/// interfaces, and to ask the kernel.
const HEARING: Duration = Duration::from_micros(100);
const REFRESHING: Duration = Duration::from_micros(150);
const ASKING: Duration = Duration::from_micros(150);

impl Driver {
    /// Processes the kernel's notifications of interfaces and addresses; returns whether there were
    /// any.
    pub(super) fn follow_kernel(&mut self, now: Instant) -> Result<bool, DriverError> {
        let overdue = self
            .monitor
            .deadline()
            .is_some_and(|deadline| deadline <= now);
        let clock = self.clock;
        let clock = || clock.now();
        let slice = TimeSlice::of(HEARING, now, &clock);
        if self.network.monitor_pending || overdue {
            let progress = self.monitor.drive(&slice, &mut self.network.events)?;
            self.network.monitor_pending = progress == Progress::Partial;
        }
        let mut events = core::mem::take(&mut self.network.events);
        let changed = !events.is_empty();
        self.network.requests_pending |= changed;
        for event in events.drain(..) {
            match &event {
                NetworkEvent::LinkRemoved(link) => self.leave(link.index),
                NetworkEvent::Synchronised if self.network.synchronised => {
                    self.notices.push(Notice::Resynchronised);
                }
                NetworkEvent::LinkChanged(_)
                | NetworkEvent::AddressAdded(_)
                | NetworkEvent::AddressChanged(_)
                | NetworkEvent::AddressRemoved(_)
                | NetworkEvent::Synchronised => {}
            }
            self.network.observe(&event, now);
        }
        self.network.events = events;
        self.network.spread();
        self.network.retry(now);
        if self.network.synchronised {
            let slice = TimeSlice::of(REFRESHING, now, &clock);
            self.refresh_dirty(&slice, now);
        }
        Ok(changed)
    }

    /// Sends the wanted requests to the kernel, and reports its answers to the routers.
    pub(super) fn drive_kernel(&mut self, now: Instant) -> Result<(), DriverError> {
        self.condemn_leftovers();
        let overdue = self
            .network
            .deadline()
            .is_some_and(|deadline| deadline <= now);
        if !self.network.requests_pending && !overdue && !self.network.virtual_macs.has_due() {
            return Ok(());
        }
        let clock = self.clock;
        let clock = || clock.now();
        let slice = TimeSlice::of(ASKING, self.clock.now(), &clock);
        self.network.requests_pending = false;
        if self.network.synchronised {
            self.drive_virtual_macs(&slice, now);
        }
        self.drive_hearing(&slice);
        self.drive_firewall(&slice)?;
        loop {
            let interfaces = self.monitor.interfaces();
            let asked = self.network.ask_addresses(interfaces, now, &slice);
            let progress = self
                .network
                .requests
                .drive(&slice, &mut self.network.completions)?;
            let done = self.network.completions.is_empty();
            self.complete(now);
            if progress == Progress::Partial || slice.is_over() {
                self.network.requests_pending = true;
                break;
            }
            if !asked && done {
                break;
            }
        }
        self.tell_of_addresses(&slice);
        self.network.dismiss_retired();
        self.network.release_gone(self.monitor.interfaces());
        if self.network.keeper.takes_doubt() {
            self.monitor.resynchronise();
            self.network.monitor_pending = true;
        }
        Ok(())
    }

    fn complete(&mut self, now: Instant) {
        let mut completions = core::mem::take(&mut self.network.completions);
        for completion in completions.drain(..) {
            match completion.tag {
                Tag::Address(key) => self.network.keeper.completed(key, completion.result, now),
                Tag::Macvlan(id) => self.complete_virtual_mac(id, completion.result, now),
            }
        }
        self.network.completions = completions;
    }

    fn tell_of_addresses(&mut self, slice: &TimeSlice<'_>) {
        while let Some(event) = self.network.keeper.next_event() {
            self.tell_of_address(event);
            if slice.is_over() {
                // There may be more.
                self.network.requests_pending = true;
                break;
            }
        }
    }

    fn tell_of_address(&mut self, event: AddressEvent<usize>) {
        match event {
            AddressEvent::Installed { owner, address } => {
                self.installed(owner, &address.key());
            }
            AddressEvent::Lost { owner, address } => {
                self.uninstalled(owner, &address.key());
                let address = address.address;
                if let Some(router) = self.name(owner) {
                    self.notices.push(Notice::AddressLost { router, address });
                }
            }
            AddressEvent::Removed { owner, address } => self.uninstalled(owner, &address.key()),
            AddressEvent::Failed { owner, key, error } => {
                self.network.dirty.insert(owner);
                let address = key.address();
                if let Some(router) = self.name(owner) {
                    self.notices.push(Notice::AddressFailed {
                        router,
                        address,
                        error,
                    });
                }
            }
        }
    }

    fn installed(&mut self, id: usize, key: &AddressKey) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let positions = router.positions(key);
        if positions.is_empty() {
            return;
        }
        for position in positions {
            // It may have been away, unnoticed: it is announced as new.
            router.endpoint.uninstalled(position);
            router.note_installed(position, self.monitor.interfaces());
        }
        router.retreat = None;
        self.timers.set(id, router);
        let (router, address) = (router.id, key.address());
        self.notices
            .push(Notice::AddressInstalled { router, address });
    }

    fn uninstalled(&mut self, id: usize, key: &AddressKey) {
        if let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) {
            for position in router.positions(key) {
                router.endpoint.uninstalled(position);
            }
        }
    }

    /// Once every router knows whether the addresses of an earlier run are its own.
    fn condemn_leftovers(&mut self) {
        if !self.network.clean_leftovers
            || !self.network.synchronised
            || !self.network.dirty.is_empty()
        {
            return;
        }
        // A router that cannot start does not wait to find out: it holds no addresses
        // (RFC 9568 §6.4.2).
        let decided =
            |router: &Router| router.declared || router.machine().role() == Role::Initialize;
        if self.routers.iter().flatten().all(decided) {
            self.network.clean_leftovers = false;
            self.network.keeper.condemn_leftovers();
            self.network.hearing.search(self.monitor.interfaces());
            self.network.requests_pending = true;
        }
    }
}
