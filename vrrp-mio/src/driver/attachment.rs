//! The attachment of routers to interfaces, which may appear and disappear.

use core::net::IpAddr;

use vrrp_core::receive::Expect;
use vrrp_core::wire::{AH_LEN, Addresses};
use vrrp_core::{Family, Instant};

use super::ability::Sources;
use super::network::Network;
use super::ports::{Member, ROUTED};
use super::router::{Keys, Router, first_position};
use super::spec::Path;
use super::virtual_mac::VirtualMacs;
use super::{Driver, Notice};
use crate::interfaces::Link;
use crate::netlink::TimeSlice;
use crate::{Interfaces, ReceiveError, Transport};

impl Driver {
    /// Brings routers up to date with their interfaces, as many as fit in the slice.
    pub(super) fn refresh_dirty(&mut self, slice: &TimeSlice<'_>, now: Instant) {
        let mut sources = core::mem::take(&mut self.network.found);
        while let Some(id) = self.network.dirty.pop_first() {
            self.refresh_router(id, now, &mut sources);
            if slice.is_over() {
                break;
            }
        }
        self.network.found = sources;
    }

    /// Brings a router up to date with its interfaces.
    pub(super) fn refresh_router(&mut self, id: usize, now: Instant, sources: &mut Sources) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let link = self
            .monitor
            .interfaces()
            .link_named(router.profile().interface)
            .cloned();
        let index = link.as_ref().map(|link| link.index);
        if router.interface != index {
            self.detach(id);
        }
        if let Some(link) = &link {
            self.attach(id, link, now);
        }
        self.provide_macvlan(id);
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let interfaces = self.monitor.interfaces();
        self.network.settle(id, router, interfaces);
        router.follow_macs(interfaces);
        self.judge(id, now, sources);
        self.note_hearing(id);
    }

    /// Leaves the sockets of an interface that is gone or no longer the router's.
    pub(super) fn detach(&mut self, id: usize) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        router.interface = None;
        self.leave_socket(id);
    }

    /// Leaves the socket a router hears by.
    pub(super) fn leave_socket(&mut self, id: usize) {
        let router = self.routers.get_mut(id).and_then(Option::as_mut);
        if let Some(listener) = router.and_then(|router| router.listener.take()) {
            self.ports.leave(self.poll.registry(), listener, id);
        }
    }

    /// Joins the sockets of an interface.
    fn attach(&mut self, id: usize, link: &Link, now: Instant) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let config = *router.machine().config();
        let reception = router.reception();
        let authentication = match reception.transport {
            Transport::Ipv4Ah => AH_LEN,
            Transport::Ipv4 | Transport::Ipv6 => 0,
        };
        let room =
            usize::try_from(link.mtu).map_or(usize::MAX, |mtu| mtu.saturating_sub(authentication));
        let limit = Addresses::mtu_limit(config.version(), config.family(), room);
        let most = u8::try_from(limit).unwrap_or(u8::MAX);
        router.endpoint.set_most_addresses(most);
        router.interface = Some(link.index);
        if router.listener.is_some() {
            return;
        }
        let member = Member {
            vrid: config.vrid(),
            router: id,
            group: reception.group,
        };
        let scope = if reception.routed { ROUTED } else { link.index };
        match self
            .ports
            .join(self.poll.registry(), scope, reception.transport, member)
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
            self.judge(id, now, &mut Sources::new());
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

impl Network {
    /// Moves a router's virtual addresses to the interfaces they go on now.
    fn settle(&mut self, id: usize, router: &mut Router, interfaces: &Interfaces) {
        router.leave_former_home(&self.virtual_macs, interfaces);
        let keys = resolve(router, &self.virtual_macs, interfaces);
        if keys == router.keys {
            return;
        }
        if self.refuses(id) {
            for (key, _) in &router.keys {
                if first_position(&keys, key).is_none() {
                    self.refuse_leaving(id, *key);
                }
            }
        }
        router.place(keys);
        let declared = core::mem::replace(&mut router.declared, false);
        if self.refuses(id) {
            self.refuse(id, router);
        } else if declared {
            self.declare(id, router);
            self.requests_pending = true;
        }
    }
}

/// The virtual addresses with the interface each goes on, as far as it exists, sorted.
fn resolve(router: &Router, virtual_macs: &VirtualMacs, interfaces: &Interfaces) -> Keys {
    let home = router.home(virtual_macs, interfaces);
    let family = router.machine().config().family();
    let resolved = (0..)
        .zip(router.profile().all())
        .filter_map(|(position, address)| {
            let index = match address.device() {
                Some(device) => interfaces.link_named(device).map(|link| link.index),
                None if Family::of(address.address()) == family => home,
                // The virtual MAC is of the other family.
                None => router.interface,
            };
            Some((address.key_on(index?), position))
        });
    let mut keys = Keys::with_capacity(router.profile().all().count());
    keys.extend(resolved);
    keys.sort_unstable();
    keys
}

/// Which socket a router hears by, apart from its interface. A change means another socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reception {
    transport: Transport,
    group: Option<IpAddr>,
    routed: bool,
}

impl Router {
    pub(super) fn reception(&self) -> Reception {
        let path = &self.profile().shared.path;
        Reception {
            transport: match (
                self.machine().config().family(),
                self.profile().shared.expect,
            ) {
                (Family::V6, _) => Transport::Ipv6,
                (Family::V4, Expect::Ah(_)) => Transport::Ipv4Ah,
                (Family::V4, Expect::None | Expect::Simple(_)) => Transport::Ipv4,
            },
            group: match path {
                Path::Multicast { group, .. } => Some(*group),
                Path::Unicast { .. } => None,
            },
            routed: path.is_routed(),
        }
    }
}
