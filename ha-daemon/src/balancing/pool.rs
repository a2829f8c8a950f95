//! The pool of a virtual server: the destinations it should have, given the results of its
//! checkers.
//!
//! A [`Pool`] is the virtual server's own machine: health goes in, [`Event`]s for the log, the
//! scripts and the mails come out, and [`Pool::desired`] says at any time what the kernel's table
//! should hold. It neither probes nor talks to a kernel.
//!
//! The rules are keepalived's. A real server is alive while every checker of it is up. The quorum
//! is gained once the weights of those alive sum up to `quorum + hysteresis`, and lost when they
//! sum up to less than `quorum - hysteresis` or to nothing. With a sorry server, a virtual server
//! without quorum has that one only; without one it has the real servers that are alive.

use ipvs_core::{Destination, DestinationKey};

use crate::health::attempt::DynamicWeight;
use crate::health::schedule::Verdict;
use crate::slab::{Cursor, Handle, KeyedSlab};

/// A real server as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its configured weight, 0..=2³¹-1.
    pub weight: u32,
    /// Whether it is kept with weight 0 while it is not alive (`inhibit_on_failure`).
    pub inhibit: bool,
}

/// The server of last resort, of weight 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorry {
    /// Whether it is kept with weight 0 while there is a quorum (`sorry_server_inhibit`).
    pub inhibit: bool,
}

/// A pool as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The server of last resort, if any.
    pub sorry: Option<Sorry>,
    /// What the weights of those alive have to reach.
    pub quorum: u32,
    /// By how much more to gain the quorum, and by how much less to lose it.
    pub hysteresis: u32,
}

/// A destination that a virtual server is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which real server; `None` for the sorry server.
    pub server: Option<Handle>,
    /// Its weight.
    pub weight: u32,
}

/// What happened, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Every checker of a real server is up.
    ServerUp {
        /// Which.
        server: Handle,
    },
    /// A checker of a real server went down.
    ServerDown {
        /// Which.
        server: Handle,
    },
    /// A checker asked for another weight.
    Weight {
        /// Of which real server.
        server: Handle,
        /// The one before.
        from: u32,
        /// The one from now on.
        to: u32,
    },
    /// There is a quorum.
    QuorumGained {
        /// What the weights of those alive sum up to.
        weight: u64,
    },
    /// There is no quorum any more.
    QuorumLost {
        /// What the weights of those alive sum up to.
        weight: u64,
    },
}

/// The last verdict of a checker. It is kept here and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Opinion {
    checker: Handle,
    verdict: Verdict,
    weight: Option<DynamicWeight>,
}

/// A real server and its checkers.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member<T> {
    server: Server,
    opinions: Vec<Opinion>,
    data: T,
}

/// The real servers of a virtual server, each with `T` for the owner of the pool.
///
/// Real servers and checkers are added and removed one by one. That changes neither the handles nor the
/// verdicts of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool<T> {
    settings: Settings,
    members: KeyedSlab<DestinationKey, Member<T>>,
    /// What the weights of those alive sum up to.
    weight: u64,
    quorum: bool,
    /// Whether events are left for the end of several changes.
    held: bool,
}

/// The real servers of a pool before several changes: whether each was alive, and its weight.
#[derive(Debug)]
#[must_use = "the pool waits for the end of the changes"]
pub struct Former(Vec<(Handle, bool, u32)>);

impl<T> Member<T> {
    fn is_alive(&self) -> bool {
        let mut opinions = self.opinions.iter();
        opinions.all(|opinion| opinion.verdict == Verdict::Up)
    }

    fn weight(&self) -> u32 {
        let base = i64::from(self.server.weight);
        let shift = |opinion: &Opinion| match opinion.weight {
            Some(DynamicWeight::Absolute(weight)) => i64::from(weight) - base,
            Some(DynamicWeight::Adjustment(by)) => i64::from(by),
            None => 0,
        };
        let shifts = self.opinions.iter().map(shift);
        let weight = shifts.fold(base, i64::saturating_add);
        let most = i64::from(Destination::MAX_WEIGHT);
        u32::try_from(weight.clamp(0, most)).unwrap_or(0)
    }

    /// What it adds to the weight of the pool.
    fn share(&self) -> u64 {
        if self.is_alive() {
            u64::from(self.weight())
        } else {
            0
        }
    }
}

impl<T> Pool<T> {
    /// A pool without real servers.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            members: KeyedSlab::new(),
            weight: 0,
            quorum: false,
            held: false,
        }
    }

    /// Adds a real server behind the others, with its checkers and what is assumed of each before it
    /// reports: with `alpha` that it is down. A change of the quorum is appended to `events`.
    ///
    /// `None` if there is a real server with this key.
    pub fn add(
        &mut self,
        key: DestinationKey,
        server: Server,
        checkers: impl IntoIterator<Item = (Handle, Verdict)>,
        data: T,
        events: &mut Vec<Event>,
    ) -> Option<Handle> {
        let checkers = checkers.into_iter();
        let member = Member {
            server,
            opinions: checkers.map(assumed).collect(),
            data,
        };
        let share = member.share();
        let handle = self.members.insert(key, member)?;
        self.weight += share;
        self.count(events);
        Some(handle)
    }

    /// The handle that the real server added next will have.
    #[must_use]
    pub fn next_handle(&self) -> Handle {
        self.members.next_handle()
    }

    /// Removes a real server. A change of the quorum is appended to `events`.
    pub fn remove(&mut self, server: Handle, events: &mut Vec<Event>) -> Option<T> {
        let member = self.members.remove(server)?;
        self.weight -= member.share();
        self.count(events);
        Some(member.data)
    }

    /// Begins several changes that are one to everybody else: until [`end`](Self::end) there are no
    /// events, and the quorum is as before.
    pub fn begin(&mut self) -> Former {
        self.held = true;
        let members = self.members.iter();
        let state =
            |(handle, member): (_, &Member<T>)| (handle, member.is_alive(), member.weight());
        Former(members.map(state).collect())
    }

    /// Ends several changes; what they changed together is appended to `events`, but for real servers
    /// that came or went.
    pub fn end(&mut self, former: &Former, events: &mut Vec<Event>) {
        self.held = false;
        for &(server, was_alive, from) in &former.0 {
            if let Some(member) = self.members.get(server) {
                compare(server, (was_alive, from), member, events);
            }
        }
        self.count(events);
    }

    /// Takes over other settings. A change of the quorum is appended to `events`.
    pub fn configure(&mut self, settings: Settings, events: &mut Vec<Event>) {
        self.settings = settings;
        self.count(events);
    }

    /// Has a real server configured as `configured`; what changed is appended to `events`.
    pub fn edit(&mut self, server: Handle, configured: Server, events: &mut Vec<Event>) {
        self.update(server, |member| member.server = configured, events);
    }

    /// Has the real servers in the order of `servers`, which are all of them.
    pub fn arrange(&mut self, servers: &[Handle]) {
        let current = self.members.iter().map(|(handle, _)| handle);
        if !current.eq(servers.iter().copied()) {
            for server in servers {
                self.members.move_to_end(*server);
            }
        }
    }

    /// Has the checkers of a real server in the order of `checkers`, which are all of them.
    pub fn arrange_checkers(&mut self, server: Handle, checkers: &[Handle]) {
        if let Some(member) = self.members.get_mut(server) {
            let place = |opinion: &Opinion| checkers.iter().position(|at| *at == opinion.checker);
            member.opinions.sort_by_key(place);
        }
    }

    /// Adds a checker to a real server, of which `verdict` is assumed; what changed is appended to
    /// `events`.
    pub fn add_checker(
        &mut self,
        server: Handle,
        checker: Handle,
        verdict: Verdict,
        events: &mut Vec<Event>,
    ) {
        let add = |member: &mut Member<T>| member.opinions.push(assumed((checker, verdict)));
        self.update(server, add, events);
    }

    /// Removes a checker from a real server; what changed is appended to `events`.
    pub fn remove_checker(&mut self, server: Handle, checker: Handle, events: &mut Vec<Event>) {
        let remove = |member: &mut Member<T>| {
            member.opinions.retain(|opinion| opinion.checker != checker);
        };
        self.update(server, remove, events);
    }

    /// The real server with this key.
    #[must_use]
    pub fn find(&self, key: &DestinationKey) -> Option<Handle> {
        self.members.find(key)
    }

    /// What the owner of the pool has of a real server.
    #[must_use]
    pub fn get(&self, server: Handle) -> Option<&T> {
        self.members.get(server).map(|member| &member.data)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, server: Handle) -> Option<&mut T> {
        self.members.get_mut(server).map(|member| &mut member.data)
    }

    /// All real servers in order.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, &T)> {
        let members = self.members.iter();
        members.map(|(handle, member)| (handle, &member.data))
    }

    /// The next real server of a walk over all, in order: see [`KeyedSlab::next`].
    pub fn next(&self, cursor: &mut Cursor) -> Option<Handle> {
        self.members.next(cursor)
    }

    /// The checkers of a real server in order, with the last verdict of each, or the assumed one before
    /// its first.
    pub fn checkers(&self, server: Handle) -> impl Iterator<Item = (Handle, Verdict)> {
        let opinions = self.members.get(server).map(|member| &member.opinions);
        let opinions = opinions.into_iter().flatten();
        opinions.map(|opinion| (opinion.checker, opinion.verdict))
    }

    /// The last verdict of a checker, or the assumed one before its first.
    #[must_use]
    pub fn verdict(&self, server: Handle, checker: Handle) -> Option<Verdict> {
        let mut checkers = self.checkers(server);
        checkers.find_map(|(other, verdict)| (other == checker).then_some(verdict))
    }

    /// Whether every checker of a server is up.
    #[must_use]
    pub fn is_alive(&self, server: Handle) -> bool {
        self.members.get(server).is_some_and(Member::is_alive)
    }

    /// Whether there is a quorum.
    #[must_use]
    pub const fn has_quorum(&self) -> bool {
        self.quorum
    }

    /// What the weights of those alive sum up to.
    #[must_use]
    pub const fn weight(&self) -> u64 {
        self.weight
    }

    /// From which sum on the quorum is gained.
    #[must_use]
    pub fn gain(&self) -> u64 {
        u64::from(self.settings.quorum) + u64::from(self.settings.hysteresis)
    }

    /// Below which sum the quorum is lost; at 0 it is lost in any case.
    #[must_use]
    pub fn loss(&self) -> u64 {
        u64::from(self.settings.quorum).saturating_sub(u64::from(self.settings.hysteresis))
    }

    /// The weight of a server, whether it is alive or not: what its checkers ask for, or the
    /// configured one.
    #[must_use]
    pub fn weight_of(&self, server: Handle) -> u32 {
        self.members.get(server).map_or(0, Member::weight)
    }

    /// A checker of a server came to a verdict, and asks for a weight if it is up.
    ///
    /// What changed is appended to `events`; a server or checker that does not exist changes
    /// nothing.
    pub fn report(
        &mut self,
        server: Handle,
        checker: Handle,
        verdict: Verdict,
        weight: Option<DynamicWeight>,
        events: &mut Vec<Event>,
    ) {
        let report = |member: &mut Member<T>| {
            let mut opinions = member.opinions.iter_mut();
            if let Some(opinion) = opinions.find(|opinion| opinion.checker == checker) {
                opinion.verdict = verdict;
                // Of a server that is down the weight of old says nothing.
                opinion.weight = weight.filter(|_| verdict == Verdict::Up);
            }
        };
        self.update(server, report, events);
    }

    /// Changes a server or its checkers, and says what comes of it.
    fn update(
        &mut self,
        server: Handle,
        change: impl FnOnce(&mut Member<T>),
        events: &mut Vec<Event>,
    ) {
        let Some(member) = self.members.get_mut(server) else {
            return;
        };
        let (former, share) = ((member.is_alive(), member.weight()), member.share());
        change(member);
        self.weight = self.weight - share + member.share();
        if !self.held {
            compare(server, former, member, events);
        }
        self.count(events);
    }

    fn count(&mut self, events: &mut Vec<Event>) {
        let weight = self.weight;
        if self.held {
            return;
        }
        if !self.quorum && weight >= self.gain() {
            self.quorum = true;
            events.push(Event::QuorumGained { weight });
        } else if self.quorum && (weight == 0 || weight < self.loss()) {
            self.quorum = false;
            events.push(Event::QuorumLost { weight });
        }
    }

    /// The destinations the virtual server is to have, in the order of the configuration with the
    /// sorry server last.
    pub fn desired(&self) -> impl Iterator<Item = Share> {
        let servers_serve = self.quorum || self.settings.sorry.is_none();
        let members = self.members.iter();
        let servers = members.filter_map(move |(handle, member)| {
            let serves = servers_serve && member.is_alive();
            (serves || member.server.inhibit).then(|| Share {
                server: Some(handle),
                weight: if serves { member.weight() } else { 0 },
            })
        });
        let sorry = self.settings.sorry;
        let sorry = sorry.filter(|sorry| !self.quorum || sorry.inhibit);
        servers.chain(sorry.map(|_| Share {
            server: None,
            weight: u32::from(!self.quorum),
        }))
    }
}

/// Says how a server differs from whether it was alive, and its weight then.
fn compare<T>(
    server: Handle,
    (was_alive, from): (bool, u32),
    member: &Member<T>,
    events: &mut Vec<Event>,
) {
    let (is_alive, to) = (member.is_alive(), member.weight());
    if is_alive && from != to {
        events.push(Event::Weight { server, from, to });
    }
    match (was_alive, is_alive) {
        (false, true) => events.push(Event::ServerUp { server }),
        (true, false) => events.push(Event::ServerDown { server }),
        (true, true) | (false, false) => {}
    }
}

const fn assumed((checker, verdict): (Handle, Verdict)) -> Opinion {
    Opinion {
        checker,
        verdict,
        weight: None,
    }
}

#[cfg(test)]
mod tests;
