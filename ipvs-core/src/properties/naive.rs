//! Simple reference implementations of the schedulers, over a list of destinations.

use alloc::vec::Vec;
use core::cmp::Reverse;

use crate::scheduler::{Request, Scheduler};
use crate::service::Flags;
use crate::table::Table;
use crate::{DestinationKey, KernelProfile};

/// A destination, looked up in the table it is compared with.
#[derive(Clone, Copy, Debug)]
struct Node {
    key: DestinationKey,
    weight: i64,
    overloaded: bool,
    active: i64,
    inactive: i64,
}

impl Node {
    fn is_ok(&self) -> bool {
        !self.overloaded && self.weight > 0
    }

    fn overhead(&self, profile: KernelProfile) -> i64 {
        match profile {
            KernelProfile::Legacy => 256 * self.active + self.inactive,
            KernelProfile::TotalConnections => 257 * self.active + self.inactive,
        }
    }
}

fn nodes(table: &Table) -> Vec<Node> {
    let destinations = table.destinations().iter().enumerate();
    destinations
        .map(|(position, destination)| Node {
            key: destination.key,
            weight: destination.weight.into(),
            overloaded: table.is_overloaded(position),
            active: table.activity(position).active.into(),
            inactive: table.activity(position).inactive.into(),
        })
        .collect()
}

/// The state of a scheduler: destinations by key, `None` for the list's head.
#[derive(Clone, Debug, Default)]
pub(super) struct Naive {
    cursor: Option<DestinationKey>,
    current: i64,
    most: i64,
    step: i64,
    buckets: Vec<DestinationKey>,
    remembered: Option<DestinationKey>,
    replicas: Vec<DestinationKey>,
}

impl Naive {
    pub(super) fn start(&mut self, scheduler: Scheduler, table: &Table) {
        *self = Self::default();
        if scheduler == Scheduler::Wrr {
            self.measure(table);
            self.current = self.most;
        }
        self.deal(scheduler, table);
    }

    /// After a change; `removed` with the destination that was before the removed one.
    pub(super) fn changed(
        &mut self,
        scheduler: Scheduler,
        table: &Table,
        removed: Option<(DestinationKey, Option<DestinationKey>)>,
    ) {
        match (scheduler, removed) {
            (Scheduler::Rr, Some((key, previous))) if self.cursor == Some(key) => {
                self.cursor = previous;
            }
            (Scheduler::Wrr, _) => {
                self.measure(table);
                if self.current > self.most || self.current == 0 {
                    self.current = self.most;
                } else if self.step > 1 {
                    self.current = self.current / self.step * self.step + 1;
                }
            }
            _ => {}
        }
        self.deal(scheduler, table);
    }

    fn measure(&mut self, table: &Table) {
        let nodes = nodes(table);
        let divides = |step: &i64| nodes.iter().all(|node| node.weight % step == 0);
        let most = nodes.iter().map(|node| node.weight).max().unwrap_or(0);
        self.step = (1..=most).rev().find(divides).unwrap_or(1);
        self.most = most - (self.step - 1);
        self.cursor = None;
    }

    fn deal(&mut self, scheduler: Scheduler, table: &Table) {
        let share = |node: &Node| {
            let weight = usize::try_from(node.weight.max(1)).expect("not negative");
            if scheduler == Scheduler::Sh {
                weight
            } else {
                1
            }
        };
        let nodes = nodes(table);
        let turns = nodes
            .iter()
            .flat_map(|node| core::iter::repeat_n(node.key, share(node)));
        self.buckets = turns.cycle().take(256).collect();
    }

    pub(super) fn pick(
        &mut self,
        scheduler: Scheduler,
        table: &Table,
        request: &Request,
    ) -> Option<DestinationKey> {
        let list = nodes(table);
        let profile = table.profile();
        let ok = || list.iter().filter(|node| node.is_ok());
        let node = match scheduler {
            Scheduler::Rr => return self.rr(&list),
            Scheduler::Wrr => return self.wrr(&list),
            Scheduler::Lc => ok().min_by_key(|node| node.overhead(profile)),
            Scheduler::Wlc => lightest(ok(), |node| node.overhead(profile)),
            Scheduler::Sed => lightest(ok(), |node| node.active + 1),
            Scheduler::Nq => ok()
                .find(|node| node.active == 0)
                .or_else(|| lightest(ok(), |node| node.active + 1)),
            Scheduler::Fo => ok().min_by_key(|node| Reverse(node.weight)),
            Scheduler::Ovf => ok()
                .filter(|node| node.active <= node.weight)
                .min_by_key(|node| Reverse(node.weight)),
            Scheduler::Sh => return self.sh(&list, request),
            Scheduler::Dh => {
                let owner = self.buckets.get(bucket(request.flow.target.ip(), 0))?;
                ok().find(|node| node.key == *owner)
            }
            Scheduler::Lblc => return self.lblc(&list, profile),
            Scheduler::Lblcr => return self.lblcr(&list, profile),
            Scheduler::Mh | Scheduler::Twos | Scheduler::Other(_) => None,
        };
        node.map(|node| node.key)
    }

    fn rr(&mut self, list: &[Node]) -> Option<DestinationKey> {
        let after = self.place(list).map_or(0, |place| place + 1);
        let mut order = list[after..].iter().chain(&list[..after]);
        let node = order.find(|node| node.is_ok())?;
        self.cursor = Some(node.key);
        self.cursor
    }

    fn place(&self, list: &[Node]) -> Option<usize> {
        list.iter().position(|node| Some(node.key) == self.cursor)
    }

    fn wrr(&mut self, list: &[Node]) -> Option<DestinationKey> {
        if self.most == 0 {
            return None;
        }
        let last = self.cursor;
        let mut stop = None;
        let (mut restarted, mut last_pass) = (false, false);
        let mut from = self.place(list).map_or(0, |place| place + 1);
        loop {
            for node in &list[from..] {
                if !node.overloaded && node.weight >= self.current {
                    self.cursor = Some(node.key);
                    return self.cursor;
                }
                if Some(node.key) == stop {
                    self.cursor = stop;
                    return None;
                }
            }
            self.current -= self.step;
            if self.current <= 0 {
                self.current = self.most;
                if last_pass || last.is_none() {
                    self.cursor = None;
                    return None;
                }
                restarted = true;
            }
            last_pass = self.current <= self.step;
            if last_pass && restarted && last.is_some() {
                stop = last;
            }
            from = 0;
        }
    }

    fn sh(&self, list: &[Node], request: &Request) -> Option<DestinationKey> {
        let port = if request.flags.contains(Flags::SCHED_2) {
            request.flow.client.port()
        } else {
            0
        };
        let hash = bucket(request.flow.client.ip(), port);
        let is_ok = |key: &DestinationKey| list.iter().any(|node| node.key == *key && node.is_ok());
        let first = *self.buckets.get(hash)?;
        if is_ok(&first) {
            return Some(first);
        }
        if !request.flags.contains(Flags::SCHED_1) {
            return None;
        }
        for offset in 0..256 {
            let rehashed = (offset + hash) % 256;
            let owner = self.buckets[(rehashed + hash) % 256];
            if is_ok(&owner) {
                return Some(owner);
            }
        }
        None
    }

    fn lblc(&mut self, list: &[Node], profile: KernelProfile) -> Option<DestinationKey> {
        let known = list.iter().find(|node| Some(node.key) == self.remembered);
        if let Some(known) = known
            && known.weight > 0
            && !is_over(list, known)
        {
            return Some(known.key);
        }
        let ok = list.iter().filter(|node| node.is_ok());
        let node = lightest(ok, |node| node.overhead(profile))?;
        self.remembered = Some(node.key);
        self.remembered
    }

    fn lblcr(&mut self, list: &[Node], profile: KernelProfile) -> Option<DestinationKey> {
        let members = self.replicas.iter();
        let members = members.filter_map(|key| list.iter().find(|node| node.key == *key));
        let best = lightest(members.filter(|node| node.is_ok()), |node| {
            node.overhead(profile)
        });
        if let Some(best) = best.filter(|best| !is_over(list, best)) {
            return Some(best.key);
        }
        let ok = list.iter().filter(|node| node.is_ok());
        let node = lightest(ok, |node| node.overhead(profile))?;
        if !self.replicas.contains(&node.key) {
            self.replicas.insert(0, node.key);
        }
        Some(node.key)
    }
}

fn is_over(list: &[Node], node: &Node) -> bool {
    node.active > node.weight && list.iter().any(|other| 2 * other.active < other.weight)
}

fn lightest<'a>(
    nodes: impl Iterator<Item = &'a Node>,
    cost: impl Fn(&Node) -> i64,
) -> Option<&'a Node> {
    nodes.reduce(|least, node| {
        if cost(least) * node.weight > cost(node) * least.weight {
            node
        } else {
            least
        }
    })
}

fn bucket(address: core::net::IpAddr, port: u16) -> usize {
    let core::net::IpAddr::V4(address) = address else {
        unreachable!("the destinations have IPv4 addresses");
    };
    let sum = (u64::from(address.to_bits()) + u64::from(port)) % (1 << 32);
    let product = sum * 0x61C8_8647 % (1 << 32);
    usize::try_from(product / (1 << 24)).expect("eight bits")
}
