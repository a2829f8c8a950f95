//! `ha_suspend`: checkers that run only while this host has an address.

use core::net::IpAddr;
use std::collections::BTreeSet;

use ipvs_core::ServiceKey;
use tracing::info;
use vrrp_core::Instant;

use super::Balancer;
use super::server::VirtualServerState;
use crate::health::driver::CheckerId;

impl Balancer {
    /// The addresses on which it depends whether checkers run (`ha_suspend`).
    #[must_use]
    pub const fn watched_addresses(&self) -> &BTreeSet<IpAddr> {
        &self.watched
    }

    /// Addresses came or went: checkers of virtual servers with `ha_suspend` run only while one of
    /// the virtual addresses is this host's.
    pub fn note_addresses(&mut self, is_local: impl Fn(IpAddr) -> bool, now: Instant) {
        let local = |key: &ServiceKey| match key {
            ServiceKey::Address { address, .. } => is_local(*address),
            ServiceKey::Mark { .. } => true,
        };
        for state in &mut self.servers {
            let suspend = state.config.ha_suspend && !state.config.keys.iter().any(local);
            if suspend != state.suspended {
                state.suspended = suspend;
                let verb = if suspend { "Suspending" } else { "Activating" };
                info!("{verb} healthcheckers of VS {}", state.config.name);
            }
        }
        for (index, place) in self.places.iter().enumerate() {
            let state = self.servers.get(place.virtual_server);
            if let Some(state) = state.filter(|state| state.config.ha_suspend) {
                if state.suspended {
                    self.checks.suspend(CheckerId(index));
                } else {
                    self.checks.resume(CheckerId(index), now);
                }
            }
        }
    }
}

/// The virtual addresses of those virtual servers whose checkers run only where one of them is.
pub(super) fn watched(servers: &[VirtualServerState]) -> BTreeSet<IpAddr> {
    let suspending = servers.iter().filter(|state| state.config.ha_suspend);
    let keys = suspending.flat_map(|state| &state.config.keys);
    let addresses = keys.filter_map(|key| match key {
        ServiceKey::Address { address, .. } => Some(*address),
        ServiceKey::Mark { .. } => None,
    });
    addresses.collect()
}
