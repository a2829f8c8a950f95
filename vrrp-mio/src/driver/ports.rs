//! The sockets of a driver: one to hear and send advertisements per interface and transport, one
//! for frames per interface.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::io;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use vrrp_core::{Statistics, Vrid};

use super::FIRST_LISTENER;
use crate::{AdvertSocket, Filter, LinkSocket, OpenError, Transport};

/// Room in the kernel for a few thousand advertisements that arrive while the loop is busy.
const RECEIVE_QUEUE: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Ports {
    listeners: Vec<Option<Listener>>,
    by_interface: BTreeMap<(u32, Transport), usize>,
    links: BTreeMap<u32, LinkSocket>,
}

/// A socket and who listens on it.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: AdvertSocket,
    /// Routers by identifier, sorted; routers with the same one differ in their peers.
    members: Vec<(Vrid, usize)>,
    groups: BTreeMap<IpAddr, usize>,
    /// Whether there may be more to read.
    pub(super) pending: bool,
    /// Packets that belong to none of the members.
    pub(super) statistics: Statistics,
    /// Identifiers already reported as unknown.
    pub(super) unknown: [u64; 4],
}

impl Listener {
    /// The routers of identifier `vrid`.
    pub(super) fn members(&self, vrid: Vrid) -> impl Iterator<Item = usize> {
        let start = self.members.partition_point(|(member, _)| *member < vrid);
        let tail = self.members.get(start..).unwrap_or_default();
        tail.iter()
            .take_while(move |(member, _)| *member == vrid)
            .map(|(_, id)| *id)
    }

    /// Whether `vrid` was not reported before; remembers that it was.
    pub(super) fn is_news(&mut self, vrid: Vrid) -> bool {
        let (word, bit) = (usize::from(vrid.get() >> 6), 1_u64 << (vrid.get() & 63));
        self.unknown.get_mut(word).is_some_and(|word| {
            let news = *word & bit == 0;
            *word |= bit;
            news
        })
    }
}

impl Ports {
    pub(super) fn listener(&mut self, index: usize) -> Option<&mut Listener> {
        self.listeners.get_mut(index).and_then(Option::as_mut)
    }

    pub(super) fn listeners(&mut self) -> impl Iterator<Item = (usize, &mut Listener)> {
        self.listeners
            .iter_mut()
            .enumerate()
            .filter_map(|(index, slot)| slot.as_mut().map(|listener| (index, listener)))
    }

    pub(super) fn has_pending(&self) -> bool {
        self.listeners
            .iter()
            .flatten()
            .any(|listener| listener.pending)
    }

    pub(super) fn statistics(&self, interface: u32) -> impl Iterator<Item = &Statistics> {
        self.by_interface
            .range((interface, Transport::Ipv4)..)
            .take_while(move |((index, _), _)| *index == interface)
            .filter_map(|(_, slot)| self.listeners.get(*slot)?.as_ref())
            .map(|listener| &listener.statistics)
    }

    /// Adds a router to the socket of `transport` on `interface`, opening it for the first one.
    pub(super) fn join(
        &mut self,
        registry: &Registry,
        interface: u32,
        transport: Transport,
        member: (Vrid, usize),
        group: Option<IpAddr>,
    ) -> Result<usize, OpenError> {
        let index = match self.by_interface.get(&(interface, transport)) {
            Some(index) => *index,
            None => self.open(registry, interface, transport)?,
        };
        let Some(listener) = self.listener(index) else {
            return Ok(index);
        };
        if let Some(group) = group {
            let members = listener.groups.entry(group).or_default();
            if *members == 0 {
                listener.socket.join(group)?;
            }
            *members += 1;
        }
        let place = listener
            .members
            .partition_point(|existing| *existing < member);
        listener.members.insert(place, member);
        Ok(index)
    }

    /// Removes a router, closing the socket after the last one.
    pub(super) fn leave(
        &mut self,
        registry: &Registry,
        index: usize,
        member: (Vrid, usize),
        group: Option<IpAddr>,
    ) {
        let Some(listener) = self.listener(index) else {
            return;
        };
        listener.members.retain(|existing| *existing != member);
        if let Some(group) = group
            && let Some(members) = listener.groups.get_mut(&group)
        {
            *members = members.saturating_sub(1);
            if *members == 0 {
                listener.groups.remove(&group);
                // Of an interface that is gone there is nothing left to leave.
                drop(listener.socket.leave(group));
            }
        }
        if listener.members.is_empty() {
            // Closing the descriptor takes it out of the poll as well.
            drop(listener.socket.deregister(registry));
            let key = (listener.socket.interface(), listener.socket.transport());
            self.by_interface.remove(&key);
            if let Some(slot) = self.listeners.get_mut(index) {
                *slot = None;
            }
        }
    }

    fn open(
        &mut self,
        registry: &Registry,
        interface: u32,
        transport: Transport,
    ) -> Result<usize, OpenError> {
        let mut socket = AdvertSocket::open(interface, transport)?;
        socket.set_filter(&Filter::Datagrams)?;
        // A smaller queue than wished for is no reason to stay deaf.
        drop(socket.set_receive_queue(RECEIVE_QUEUE));
        let index = self.listeners.iter().position(Option::is_none);
        let index = index.unwrap_or(self.listeners.len());
        socket
            .register(registry, Token(FIRST_LISTENER + index), Interest::READABLE)
            .map_err(|source| OpenError::Option {
                option: "epoll",
                source,
            })?;
        let listener = Listener {
            socket,
            members: Vec::new(),
            groups: BTreeMap::new(),
            pending: true,
            statistics: Statistics::default(),
            unknown: [0; 4],
        };
        if index == self.listeners.len() {
            self.listeners.push(Some(listener));
        } else if let Some(slot) = self.listeners.get_mut(index) {
            *slot = Some(listener);
        }
        self.by_interface.insert((interface, transport), index);
        Ok(index)
    }

    /// The socket for frames of `interface`, opened at first use.
    pub(super) fn link(&mut self, interface: u32) -> io::Result<&LinkSocket> {
        match self.links.entry(interface) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let socket = LinkSocket::open(interface).map_err(io::Error::other)?;
                Ok(entry.insert(socket))
            }
        }
    }

    /// Closes what belongs to an interface that is gone.
    pub(super) fn forget_link(&mut self, interface: u32) {
        self.links.remove(&interface);
    }
}
