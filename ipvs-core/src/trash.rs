//! The kernel's trash: removed destinations that still have connections.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::table::ConnectionCounts;
use crate::{DestinationKey, Family, ServiceKey};

/// How often the kernel looks for destinations to forget.
const INTERVAL: Duration = Duration::from_secs(60);
/// How long nothing may have referred to one.
const IDLE: Duration = Duration::from_secs(120);

/// The removed destinations of every service.
///
/// A destination that is added again to a service of the same key, even one that was removed and
/// made anew, comes back with its connections and its overload. The kernel forgets one two minutes
/// after its last connection, up to a minute later.
#[derive(Clone, Debug, Default)]
pub struct Trash {
    entries: BTreeMap<(ServiceKey, DestinationKey), Entry>,
    next: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    removed: ConnectionCounts,
    /// Since when nothing has been seen to refer to it.
    idle: Option<Duration>,
}

/// A mark's destinations are those of the mark in either family.
fn identity(service: &ServiceKey) -> ServiceKey {
    match *service {
        ServiceKey::Mark { mark, .. } => ServiceKey::Mark {
            mark,
            family: Family::V4,
        },
        key @ ServiceKey::Address { .. } => key,
    }
}

impl Trash {
    /// An empty trash.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            next: None,
        }
    }

    /// Keeps a destination of `service` that was removed at `now`.
    pub fn keep(
        &mut self,
        now: Duration,
        service: &ServiceKey,
        key: DestinationKey,
        removed: ConnectionCounts,
    ) {
        self.forget(now);
        if self.entries.is_empty() {
            self.next = Some(now.saturating_add(INTERVAL));
        }
        let idle = None;
        self.entries
            .insert((identity(service), key), Entry { removed, idle });
    }

    /// Takes a destination out that is added to `service` at `now`.
    pub fn revive(
        &mut self,
        now: Duration,
        service: &ServiceKey,
        key: &DestinationKey,
    ) -> Option<ConnectionCounts> {
        self.forget(now);
        let entry = self.entries.remove(&(identity(service), *key))?;
        Some(entry.removed)
    }

    /// A removed destination, to change what it carries.
    pub(crate) fn get_mut(
        &mut self,
        service: &ServiceKey,
        key: &DestinationKey,
    ) -> Option<&mut ConnectionCounts> {
        let entry = self.entries.get_mut(&(identity(service), *key))?;
        Some(&mut entry.removed)
    }

    /// The services that have removed destinations here, with them.
    #[must_use]
    pub fn keys(&self) -> Vec<(ServiceKey, DestinationKey)> {
        self.entries.keys().copied().collect()
    }

    /// Forgets what the kernel has forgotten by `now`.
    pub fn forget(&mut self, now: Duration) {
        while let Some(tick) = self.next.filter(|&tick| tick <= now) {
            self.entries.retain(|_, entry| match entry.idle {
                _ if !entry.removed.is_idle() => true,
                Some(idle) => tick < idle.saturating_add(IDLE),
                None => {
                    entry.idle = Some(tick);
                    true
                }
            });
            // Entries with connections do not age: the next tick that matters is one after `now`.
            let settled = self.entries.values().all(|entry| !entry.removed.is_idle());
            let behind = if settled { now - tick } else { Duration::ZERO };
            let ticks = behind.as_secs() / INTERVAL.as_secs() + 1;
            let elapsed = Duration::from_secs(INTERVAL.as_secs().saturating_mul(ticks));
            self.next = tick
                .checked_add(elapsed)
                .filter(|_| !self.entries.is_empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, Ipv4Addr};
    use core::num::NonZeroU32;

    use super::*;
    use crate::table::Table;
    use crate::{Destination, Forwarding, KernelProfile};

    const SERVICE: ServiceKey = ServiceKey::tcp(IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)), 80);
    const KEY: DestinationKey = DestinationKey::new(IpAddr::V4(Ipv4Addr::new(10, 3, 0, 1)), 80);

    /// A destination that was removed with `connections`.
    fn removed(connections: usize) -> ConnectionCounts {
        let mut table = Table::new(KernelProfile::default());
        let destination = Destination::new(KEY, Forwarding::Masquerade, 1);
        table.add(&destination, None).unwrap();
        (0..connections).for_each(|_| table.bind(0));
        table.remove(&KEY).unwrap().1
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_idle_destination_is_forgotten_at_the_first_look_two_minutes_after_it_was_seen_idle() {
        for (seconds, known) in [(0, true), (179, true), (180, false), (1000, false)] {
            let mut trash = Trash::new();
            trash.keep(at(0), &SERVICE, KEY, removed(0));
            let revived = trash.revive(at(seconds), &SERVICE, &KEY);
            assert_eq!(revived.is_some(), known, "after {seconds} s");
        }
    }

    #[test]
    fn a_destination_with_connections_is_kept() {
        let mut trash = Trash::new();
        trash.keep(at(0), &SERVICE, KEY, removed(1));
        trash.forget(at(90_030));
        let counts = trash.get_mut(&SERVICE, &KEY).unwrap();
        counts.unbind(KernelProfile::default(), false);
        // Looks fall on whole minutes: it is seen idle at 90,060 s.
        trash.forget(at(90_179));
        assert_eq!(trash.keys(), [(SERVICE, KEY)]);
        trash.forget(at(90_180));
        assert_eq!(trash.keys(), []);
    }

    #[test]
    fn only_the_same_service_gets_it_back() {
        let mut trash = Trash::new();
        trash.keep(at(0), &SERVICE, KEY, removed(2));
        let other = ServiceKey::udp(IpAddr::V4(Ipv4Addr::new(10, 1, 0, 1)), 80);
        assert_eq!(trash.revive(at(1), &other, &KEY), None);
        let counts = trash.revive(at(1), &SERVICE, &KEY).unwrap();
        assert_eq!(counts.activity().inactive, 2);
        assert_eq!(trash.revive(at(1), &SERVICE, &KEY), None);
    }

    #[test]
    fn a_mark_is_one_service_in_either_family() {
        let mark = NonZeroU32::MIN;
        let of = |family| ServiceKey::Mark { mark, family };
        let mut trash = Trash::new();
        trash.keep(at(0), &of(Family::V6), KEY, removed(0));
        assert!(trash.revive(at(1), &of(Family::V4), &KEY).is_some());
    }
}
