//! Routers on their interfaces, which come and go.

use core::net::IpAddr;
use std::collections::BTreeMap;

use vrrp_core::receive::Expect;
use vrrp_core::wire::Addresses;
use vrrp_core::{Event, Family, Instant, Vrid};

use super::router::Router;
use super::spec::Path;
use super::virtual_mac::VirtualMacs;
use super::{Driver, Notice, RouterId};
use crate::interfaces::{AddressKey, Link};
use crate::netlink::TimeSlice;
use crate::{Interfaces, ReceiveError, Transport};

/// The source addresses of routers with the same wish on the same interface.
type Sources = BTreeMap<(u32, Family, Option<IpAddr>, bool), Option<IpAddr>>;

impl Driver {
    /// Brings routers up to date with their interfaces, as many as fit in the slice.
    pub(super) fn refresh_dirty(&mut self, slice: &TimeSlice<'_>, now: Instant) {
        let mut sources = Sources::new();
        while let Some(id) = self.network.dirty.pop_first() {
            self.refresh_router(id, now, &mut sources);
            if slice.is_over() {
                break;
            }
        }
    }

    /// Brings a router up to date with its interfaces.
    fn refresh_router(&mut self, id: usize, now: Instant, sources: &mut Sources) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let link = self
            .monitor
            .interfaces()
            .link_named(router.spec.interface)
            .cloned();
        let index = link.as_ref().map(|link| link.index);
        if router.interface != index {
            self.detach(id);
        }
        if let Some(link) = &link {
            self.attach(id, link, now);
        }
        self.bear(id);
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let interfaces = self.monitor.interfaces();
        let keys = resolve(router, &self.network.virtual_macs, interfaces);
        if keys != router.keys {
            router.place(keys);
            let declared = core::mem::replace(&mut router.declared, false);
            if self.network.refuses(id) {
                self.network.refuse(id, router);
            } else if declared {
                self.network.declare(id, router);
                self.network.requests_pending = true;
            }
        }
        let blocked = (router.bearer).is_some_and(|id| self.network.virtual_macs.is_blocked(id));
        // A deaf router would take over from everybody.
        let able = router.listener.is_some() && !blocked;
        let tracked = router.spec.track_interface;
        let usable = able && link.is_some_and(|link| !tracked || link.is_usable());
        let spec = &router.spec;
        let primary = index.and_then(|index| {
            let unicast = matches!(spec.path, Path::Unicast { .. });
            let wish = (index, spec.config.family(), spec.path.source(), unicast);
            let network = &self.network;
            *sources
                .entry(wish)
                .or_insert_with(|| network.source(spec, interfaces, index))
        });
        let changed = core::mem::replace(&mut router.usable, usable) != usable;
        if primary.is_some() {
            router.source = primary;
        }
        if changed {
            self.notices.push(Notice::Interface {
                router: RouterId(id),
                usable,
            });
        }
        let event = if usable {
            Event::InterfaceUp
        } else {
            Event::InterfaceDown
        };
        // The loss of the address goes first, while there may still be a way to say so.
        let address = Event::PrimaryAddress(primary);
        let order = if usable {
            [address, event]
        } else {
            [event, address]
        };
        for event in order {
            self.handle(id, event, now);
        }
    }

    /// Leaves the sockets of an interface that is gone or no longer the router's.
    pub(super) fn detach(&mut self, id: usize) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        router.interface = None;
        if let Some(listener) = router.listener.take() {
            let member = (router.spec.config.vrid(), id);
            self.ports.leave(
                self.poll.registry(),
                listener,
                member,
                group(&router.spec.path),
            );
        }
    }

    /// Joins the sockets of an interface.
    fn attach(&mut self, id: usize, link: &Link, now: Instant) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let config = router.machine.config();
        let limit = Addresses::mtu_limit(
            config.version(),
            config.family(),
            usize::try_from(link.mtu).unwrap_or(usize::MAX),
        );
        router.advertised = limit.min(router.octets.first(usize::MAX).len());
        router.interface = Some(link.index);
        if router.listener.is_some() {
            return;
        }
        let transport = match (config.family(), router.spec.expect) {
            (Family::V6, _) => Transport::Ipv6,
            (Family::V4, Expect::Ah(_)) => Transport::Ipv4Ah,
            (Family::V4, Expect::None | Expect::Simple(_)) => Transport::Ipv4,
        };
        let member: (Vrid, usize) = (router.spec.config.vrid(), id);
        let group = group(&router.spec.path);
        match self
            .ports
            .join(self.poll.registry(), link.index, transport, member, group)
        {
            Ok(listener) => {
                router.listener = Some(listener);
                router.deaf = false;
            }
            Err(error) => {
                self.network.retry_later(id, now);
                if !core::mem::replace(&mut router.deaf, true) {
                    self.notices.push(Notice::SocketFailed {
                        interface: link.name,
                        error,
                    });
                }
            }
        }
    }

    /// A socket receives no more: its routers are not to act on what they do not hear. A new one is
    /// opened later, or it might fail in every turn.
    pub(super) fn deafen(&mut self, index: usize, error: ReceiveError, now: Instant) {
        let Some(listener) = self.ports.listener(index) else {
            return;
        };
        let interface = listener.socket.interface();
        for id in listener.all_members() {
            self.detach(id);
            self.network.retry_later(id, now);
            if let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) {
                router.usable = false;
            }
            self.handle(id, Event::InterfaceDown, now);
        }
        if let Some(link) = self.monitor.interfaces().link(interface) {
            self.notices.push(Notice::ReceiveFailed {
                interface: link.name,
                error,
            });
        }
    }

    /// An interface is gone, and its sockets with it, whatever comes under its name or index.
    pub(super) fn leave(&mut self, index: u32) {
        self.ports.forget_link(index);
        for id in 0..self.routers.len() {
            let router = self.routers.get(id).and_then(Option::as_ref);
            if router.is_some_and(|router| router.interface == Some(index)) {
                self.detach(id);
                self.network.dirty.insert(id);
            }
        }
    }
}

/// The virtual addresses with the interface each goes on, as far as it exists, sorted.
fn resolve(
    router: &Router,
    virtual_macs: &VirtualMacs,
    interfaces: &Interfaces,
) -> Vec<(AddressKey, u32)> {
    let home = router.home(virtual_macs, interfaces);
    let resolved = (0..)
        .zip(router.virtual_addresses())
        .filter_map(|(position, address)| {
            let index = match address.device {
                Some(device) => interfaces.link_named(device).map(|link| link.index),
                None => home,
            };
            Some((address.spec.key_on(index?), position))
        });
    let mut keys: Vec<_> = resolved.collect();
    keys.sort_unstable();
    keys
}

const fn group(path: &Path) -> Option<IpAddr> {
    match path {
        Path::Multicast { group, .. } => Some(*group),
        Path::Unicast { .. } => None,
    }
}
