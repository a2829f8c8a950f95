//! The check whether the routers agree on one Active Router.

use super::{Host, Lan};
use crate::explore::network::Network;

/// The agreement of the routers in the connected parts of a LAN. Routers that are off, about to start or stopped are no
/// part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::explore) struct Agreement {
    /// Every part has one Active Router, and no better one that preempts.
    pub(in crate::explore) settled: bool,
    /// A part has several Active Routers.
    pub(in crate::explore) dual: bool,
    /// No part has any.
    pub(in crate::explore) leaderless: bool,
}

impl<const N: usize> Lan<N> {
    pub(in crate::explore) fn agreement(&self, network: &Network<N>) -> Agreement {
        let mut agreement = Agreement {
            settled: true,
            dual: false,
            leaderless: self.hosts.iter().any(Host::is_running),
        };
        let mut left = (0..N)
            .filter(|router| self.hosts[*router].is_running())
            .fold(0_u8, |all, router| all | 1 << router);
        while left != 0 {
            let part = self.part(left);
            left &= !part;
            self.judge(network, part, &mut agreement);
        }
        agreement
    }

    /// The routers of `among` that are connected to the first of them, even if one way only.
    fn part(&self, among: u8) -> u8 {
        if self.cut.is_empty() {
            return among;
        }
        let mut part = among & among.wrapping_neg();
        loop {
            let mut grown = part;
            for from in (0..N).filter(|from| part & 1 << from != 0) {
                for to in (0..N).filter(|to| *to != from) {
                    if !self.cut.has(from, to) || !self.cut.has(to, from) {
                        grown |= among & 1 << to;
                    }
                }
            }
            if grown == part {
                return part;
            }
            part = grown;
        }
    }

    fn judge(&self, network: &Network<N>, part: u8, agreement: &mut Agreement) {
        let members = || {
            let hosts = self.hosts.iter().zip(&network.stations).enumerate();
            hosts
                .filter(|(router, _)| part & 1 << router != 0)
                .map(|(_, it)| it)
        };
        let mut active = members().filter(|(host, _)| host.is_active());
        let Some((first, _)) = active.next() else {
            agreement.settled = false;
            return;
        };
        agreement.leaderless = false;
        if active.next().is_some() {
            agreement.dual = true;
            agreement.settled = false;
        }
        let priority = first.router.priority();
        let better = members()
            .any(|(host, station)| station.config.preempt() && host.router.priority() > priority);
        agreement.settled &= !better;
    }
}
