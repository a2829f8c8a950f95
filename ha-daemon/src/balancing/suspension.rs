//! `ha_suspend`: checkers that run only while this host has an address.

use core::net::IpAddr;

use ipvs_core::ServiceKey;
use tracing::info;
use vrrp_core::Instant;

use super::Balancer;
use super::inventory::checker_id;
use crate::slab::Cursor;

impl Balancer {
    /// Whether it depends on any address whether checkers run (`ha_suspend`).
    #[must_use]
    pub fn watches_addresses(&self) -> bool {
        !self.watched.is_empty()
    }

    /// Whether it depends on this one.
    #[must_use]
    pub fn watches(&self, address: IpAddr) -> bool {
        self.watched.contains_key(&address)
    }

    /// Addresses came or went: checkers of virtual servers with `ha_suspend` run only while one of
    /// the virtual addresses is this host's.
    pub fn note_addresses(&mut self, is_local: impl Fn(IpAddr) -> bool, now: Instant) {
        let local = |key: &ServiceKey| match key {
            ServiceKey::Address { address, .. } => is_local(*address),
            ServiceKey::Mark { .. } => true,
        };
        let mut cursor = Cursor::default();
        while let Some(handle) = self.servers.next(&mut cursor) {
            let state = self.servers.get_mut(handle);
            let Some(state) = state.filter(|state| state.config.ha_suspend) else {
                continue;
            };
            let suspend = !state.config.keys.iter().any(local);
            if suspend != state.suspended {
                state.suspended = suspend;
                let verb = if suspend { "Suspending" } else { "Activating" };
                info!("{verb} healthcheckers of VS {}", state.config.name);
            }
            let servers = state.pool.iter();
            let checkers = servers.flat_map(|(server, _)| state.pool.checkers(server));
            for (checker, _) in checkers {
                if suspend {
                    self.checks.suspend(checker_id(checker));
                } else {
                    self.checks.resume(checker_id(checker), now);
                }
            }
        }
    }
}
