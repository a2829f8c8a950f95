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

use ipvs_core::Destination;

use crate::health::attempt::DynamicWeight;
use crate::health::schedule::Verdict;

/// A real server as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its configured weight, 0..=2³¹-1.
    pub weight: u32,
    /// Whether it is kept with weight 0 while it is not alive (`inhibit_on_failure`).
    pub inhibit: bool,
    /// What is assumed of each of its checkers before it reports: with `alpha` that it is down.
    pub checkers: Vec<Verdict>,
}

/// The server of last resort, of weight 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorry {
    /// Whether it is kept with weight 0 while there is a quorum (`sorry_server_inhibit`).
    pub inhibit: bool,
}

/// A pool as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Real servers, in the order of the configuration.
    pub servers: Vec<Server>,
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
    pub server: Option<usize>,
    /// Its weight.
    pub weight: u32,
}

/// What happened, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Every checker of a real server is up.
    ServerUp {
        /// Which.
        server: usize,
    },
    /// A checker of a real server went down.
    ServerDown {
        /// Which.
        server: usize,
    },
    /// A checker asked for another weight.
    Weight {
        /// Of which real server.
        server: usize,
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

/// What one checker last said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Opinion {
    verdict: Verdict,
    weight: Option<DynamicWeight>,
}

/// The real servers of a virtual server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    settings: Settings,
    /// Of every checker of every server.
    opinions: Vec<Vec<Opinion>>,
    quorum: bool,
}

impl Pool {
    /// A pool of which nothing is known yet but what is assumed.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let assumed = |verdict: &Verdict| Opinion {
            verdict: *verdict,
            weight: None,
        };
        let opinions = settings.servers.iter();
        let opinions = opinions.map(|server| server.checkers.iter().map(assumed).collect());
        let mut pool = Self {
            opinions: opinions.collect(),
            settings,
            quorum: false,
        };
        pool.quorum = pool.weight() >= pool.gain();
        pool
    }

    /// What it was configured as.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether every checker of a server is up.
    #[must_use]
    pub fn is_alive(&self, server: usize) -> bool {
        self.opinions.get(server).is_some_and(|opinions| {
            opinions
                .iter()
                .all(|opinion| opinion.verdict == Verdict::Up)
        })
    }

    /// The last verdict of a checker, or the assumed one before its first.
    #[must_use]
    pub fn verdict(&self, server: usize, checker: usize) -> Option<Verdict> {
        let opinion = self.opinions.get(server)?.get(checker)?;
        Some(opinion.verdict)
    }

    /// Whether there is a quorum.
    #[must_use]
    pub const fn has_quorum(&self) -> bool {
        self.quorum
    }

    /// What the weights of those alive sum up to.
    #[must_use]
    pub fn weight(&self) -> u64 {
        (0..self.opinions.len())
            .filter(|server| self.is_alive(*server))
            .map(|server| u64::from(self.weight_of(server)))
            .sum()
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
    pub fn weight_of(&self, server: usize) -> u32 {
        let (Some(configured), Some(opinions)) =
            (self.settings.servers.get(server), self.opinions.get(server))
        else {
            return 0;
        };
        let base = i64::from(configured.weight);
        let shift = |opinion: &Opinion| match opinion.weight {
            Some(DynamicWeight::Absolute(weight)) => i64::from(weight) - base,
            Some(DynamicWeight::Adjustment(by)) => i64::from(by),
            None => 0,
        };
        let weight = opinions.iter().map(shift).fold(base, i64::saturating_add);
        let most = i64::from(Destination::MAX_WEIGHT);
        u32::try_from(weight.clamp(0, most)).unwrap_or(0)
    }

    /// A checker of a server came to a verdict, and asks for a weight if it is up.
    ///
    /// What changed is appended to `events`; a server or checker that does not exist changes
    /// nothing.
    pub fn report(
        &mut self,
        server: usize,
        checker: usize,
        verdict: Verdict,
        weight: Option<DynamicWeight>,
        events: &mut Vec<Event>,
    ) {
        let (was_alive, from) = (self.is_alive(server), self.weight_of(server));
        let opinions = self.opinions.get_mut(server);
        let Some(opinion) = opinions.and_then(|opinions| opinions.get_mut(checker)) else {
            return;
        };
        *opinion = Opinion {
            verdict,
            // Of a server that is down the weight of old says nothing.
            weight: weight.filter(|_| verdict == Verdict::Up),
        };
        let (is_alive, to) = (self.is_alive(server), self.weight_of(server));
        if is_alive && from != to {
            events.push(Event::Weight { server, from, to });
        }
        match (was_alive, is_alive) {
            (false, true) => events.push(Event::ServerUp { server }),
            (true, false) => events.push(Event::ServerDown { server }),
            (true, true) | (false, false) => {}
        }
        self.count(events);
    }

    fn count(&mut self, events: &mut Vec<Event>) {
        let weight = self.weight();
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
        let servers = self.settings.servers.iter().enumerate();
        let servers = servers.filter_map(move |(index, server)| {
            let serves = servers_serve && self.is_alive(index);
            (serves || server.inhibit).then(|| Share {
                server: Some(index),
                weight: if serves { self.weight_of(index) } else { 0 },
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

#[cfg(test)]
mod tests;
