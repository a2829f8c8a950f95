//! The sockets of a driver: per interface and transport one for advertisements, per interface one
//! for frames.

use core::net::IpAddr;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::io;

use mio::event::Source;
use mio::{Interest, Registry, Token};
use vrrp_core::{Instant, Statistics, Vrid};

use super::FIRST_LISTENER;
use super::counters::Losses;
use crate::{AdvertSocket, Filter, LinkSocket, OpenError, SendError, Transport};

/// Room in the kernel for a few thousand advertisements that arrive while the loop is busy.
const RECEIVE_QUEUE: usize = 1024 * 1024;
/// How long timers wait for what has been received: a full queue takes a few milliseconds to read,
/// and a flood has no end.
const HEARING: Duration = Duration::from_millis(100);

/// In place of an interface: sockets for what is routed.
pub(super) const ROUTED: u32 = 0;

#[derive(Debug, Default)]
pub(super) struct Ports {
    listeners: Vec<Option<Listener>>,
    by_interface: BTreeMap<(u32, Transport), usize>,
    links: BTreeMap<u32, LinkSocket>,
    /// What was lost on all listeners, those that are closed included.
    pub(super) losses: Losses,
    /// Listeners with something to read.
    ready: VecDeque<usize>,
}

/// A socket and who listens on it.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: AdvertSocket,
    /// Routers by identifier, sorted, and the group each joined; routers with the same identifier
    /// differ in their peers.
    members: Vec<Member>,
    groups: BTreeMap<IpAddr, usize>,
    /// Whether there may be more to read, and since which turn.
    pending: bool,
    behind_since: Option<Instant>,
    /// The overflows of the queue that are counted.
    overflows: u32,
    /// Packets that belong to none of the members.
    pub(super) statistics: Statistics,
    /// Identifiers already reported as unknown.
    pub(super) unknown: [u64; 4],
}

/// What a router joined, which is what it leaves whatever its specification is by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    pub(super) vrid: Vrid,
    pub(super) router: usize,
    pub(super) group: Option<IpAddr>,
}

impl Listener {
    /// The routers of identifier `vrid`.
    pub(super) fn members(&self, vrid: Vrid) -> impl Iterator<Item = usize> {
        let start = self.members.partition_point(|member| member.vrid < vrid);
        let rest = self.members.get(start..).unwrap_or_default().iter();
        rest.take_while(move |member| member.vrid == vrid)
            .map(|member| member.router)
    }

    /// Every router that listens.
    pub(super) fn all_members(&self) -> Vec<usize> {
        self.members.iter().map(|member| member.router).collect()
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

    /// There is something to read on a listener.
    pub(super) fn wake(&mut self, index: usize) {
        if let Some(listener) = self.listener(index)
            && !core::mem::replace(&mut listener.pending, true)
        {
            self.ready.push_back(index);
        }
    }

    /// There may be something to read on any listener.
    pub(super) fn wake_all(&mut self) {
        for index in 0..self.listeners.len() {
            self.wake(index);
        }
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.ready.is_empty()
    }

    /// How many listeners there are to read from.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// The next listener to read from, which is to be given back to [`Self::read`].
    pub(super) fn next_ready(&mut self) -> Option<usize> {
        self.ready.pop_front()
    }

    /// Notes whether a listener was read to the end.
    pub(super) fn read(&mut self, index: usize, to_the_end: bool, now: Instant) {
        let Some(listener) = self.listeners.get_mut(index).and_then(Option::as_mut) else {
            return;
        };
        let lost = listener.socket.overflows();
        self.losses.overflowed(listener.overflows, lost);
        listener.overflows = lost;
        if to_the_end {
            listener.pending = false;
            listener.behind_since = None;
        } else {
            listener.behind_since.get_or_insert(now);
            self.ready.push_back(index);
        }
    }

    /// Whether what a listener received is to be heard before timers fire.
    pub(super) fn is_behind(&mut self, index: usize, now: Instant) -> bool {
        // What was not read before timers are looked at did not fit in the turn.
        let listener = self.listener(index).filter(|listener| listener.pending);
        listener.is_some_and(|listener| {
            let since = *listener.behind_since.get_or_insert(now);
            now < since + HEARING
        })
    }

    pub(super) fn statistics(&self, interface: u32) -> impl Iterator<Item = &Statistics> {
        self.by_interface
            .range((interface, Transport::Ipv4)..)
            .take_while(move |((index, _), _)| *index == interface)
            .filter_map(|(_, slot)| self.listeners.get(*slot)?.as_ref())
            .map(|listener| &listener.statistics)
    }

    /// Whether there is a socket for what is routed.
    pub(super) fn has_routed(&self, transport: Transport) -> bool {
        self.by_interface.contains_key(&(ROUTED, transport))
    }

    /// The routers of identifier `vrid` on every socket of `transport`.
    pub(super) fn members_anywhere(
        &self,
        transport: Transport,
        vrid: Vrid,
    ) -> impl Iterator<Item = usize> {
        let slots = self.by_interface.iter();
        slots
            .filter(move |((_, its), _)| *its == transport)
            .filter_map(|(_, slot)| self.listeners.get(*slot)?.as_ref())
            .flat_map(move |listener| listener.members(vrid))
    }

    /// Adds a router to the socket of `transport` on `interface`, opening it for the first one.
    pub(super) fn join(
        &mut self,
        registry: &Registry,
        interface: u32,
        transport: Transport,
        member: Member,
    ) -> Result<usize, OpenError> {
        let index = match self.by_interface.get(&(interface, transport)) {
            Some(index) => *index,
            None => self.open(registry, interface, transport)?,
        };
        let Some(listener) = self.listener(index) else {
            return Ok(index);
        };
        if let Some(group) = member.group {
            if !listener.groups.contains_key(&group)
                && let Err(error) = listener.socket.join(group)
            {
                self.close_if_idle(registry, index);
                return Err(error);
            }
            *listener.groups.entry(group).or_default() += 1;
        }
        let place = listener
            .members
            .partition_point(|existing| *existing < member);
        listener.members.insert(place, member);
        Ok(index)
    }

    /// Removes a router, closing the socket after the last one.
    pub(super) fn leave(&mut self, registry: &Registry, index: usize, router: usize) {
        let Some(listener) = self.listener(index) else {
            return;
        };
        let place = |member: &Member| member.router == router;
        let Some(place) = listener.members.iter().position(place) else {
            return;
        };
        let member = listener.members.remove(place);
        if let Some(group) = member.group
            && let Some(members) = listener.groups.get_mut(&group)
        {
            *members = members.saturating_sub(1);
            if *members == 0 {
                listener.groups.remove(&group);
                // Of an interface that is gone there is nothing left to leave.
                drop(listener.socket.leave(group));
            }
        }
        self.close_if_idle(registry, index);
    }

    fn close_if_idle(&mut self, registry: &Registry, index: usize) {
        if let Some(listener) = self.listener(index)
            && listener.members.is_empty()
        {
            // Closing the descriptor takes it out of the poll as well.
            drop(listener.socket.deregister(registry));
            let key = (listener.socket.interface(), listener.socket.transport());
            self.by_interface.remove(&key);
            self.ready.retain(|ready| *ready != index);
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
        let mut socket = match interface {
            ROUTED => AdvertSocket::open_routed(transport)?,
            _ => AdvertSocket::open(interface, transport)?,
        };
        // Everything is let in, for every rule that discards a packet has its counter.
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
            pending: false,
            behind_since: None,
            overflows: 0,
            statistics: Statistics::default(),
            unknown: [0; 4],
        };
        if index == self.listeners.len() {
            self.listeners.push(Some(listener));
        } else if let Some(slot) = self.listeners.get_mut(index) {
            *slot = Some(listener);
        }
        self.by_interface.insert((interface, transport), index);
        self.wake(index);
        Ok(index)
    }

    /// Sends an Ethernet frame on `interface`.
    pub(super) fn send_frame(&mut self, interface: u32, frame: &[u8]) -> Result<(), SendError> {
        let socket = self
            .link(interface)
            .map_err(|source| SendError::Transient { source })?;
        socket.send(frame)
    }

    /// The socket for frames of `interface`, opened at first use.
    fn link(&mut self, interface: u32) -> io::Result<&LinkSocket> {
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
