//! The cache of `lblc` and `lblcr`: destination addresses, and how their entries age.

#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::KernelProfile;
use crate::flow::fold;

const BUCKETS: usize = 1024;
/// How often the kernel looks for entries to drop.
const INTERVAL: Duration = Duration::from_secs(60);
/// Every so many looks at all of them.
const FULL_CHECK: u32 = 30;
/// How long an entry that is not used stays (`lblc_expiration`, `lblcr_expiration`).
pub(super) const EXPIRATION: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it stays when there are too many.
const IDLE: Duration = Duration::from_secs(6 * 60);
/// How many are too many.
const MOST: usize = 16 * BUCKETS;

/// Entries by address.
#[derive(Clone, Debug)]
pub(super) struct Cache<T> {
    profile: KernelProfile,
    /// Newest first in each bucket; no buckets while there is no entry.
    buckets: Vec<Vec<Entry<T>>>,
    entries: usize,
    /// Where the last search for idle entries ended.
    rover: usize,
    looks: u32,
    next: Option<Duration>,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    address: IpAddr,
    used: Duration,
    value: T,
}

const fn bucket(address: IpAddr) -> usize {
    (fold(address).wrapping_mul(0x61C8_8647) >> 22) as usize
}

impl<T> Cache<T> {
    pub(super) const fn new(profile: KernelProfile) -> Self {
        Self {
            profile,
            buckets: Vec::new(),
            entries: 0,
            rover: 0,
            looks: 1,
            next: None,
        }
    }

    /// The entry of `address`, used at `now`.
    pub(super) fn touch(&mut self, address: IpAddr, now: Duration) -> Option<&mut T> {
        self.age(now);
        let bucket = self.buckets.get_mut(bucket(address))?;
        let entry = bucket.iter_mut().find(|entry| entry.address == address)?;
        entry.used = now;
        Some(&mut entry.value)
    }

    /// Makes `value` the entry of `address`, if there is room.
    pub(super) fn insert(&mut self, address: IpAddr, now: Duration, value: T) {
        if self.buckets.is_empty() {
            self.buckets.resize_with(BUCKETS, Vec::new);
        }
        let Some(bucket) = self.buckets.get_mut(bucket(address)) else {
            return;
        };
        if let Some(known) = bucket.iter().position(|entry| entry.address == address) {
            bucket.remove(known);
            self.entries -= 1;
        }
        match self.profile {
            KernelProfile::TotalConnections if self.entries >= MOST / 2 * 3 => return,
            KernelProfile::TotalConnections | KernelProfile::Legacy => {}
        }
        let entry = Entry {
            address,
            used: now,
            value,
        };
        bucket.insert(0, entry);
        self.entries += 1;
    }

    /// Drops what the kernel has dropped by `now`.
    fn age(&mut self, now: Duration) {
        let mut next = self.next.unwrap_or_else(|| now.saturating_add(INTERVAL));
        while next <= now {
            if self.entries == 0 {
                // Nothing but the count of looks changes, whose phase no entry has yet seen.
                let looks = (now - next).as_secs() / INTERVAL.as_secs() + 1;
                self.looks = self.look_after(looks);
                next = (now - sub_interval(now - next)).saturating_add(INTERVAL);
                break;
            }
            self.look(next);
            next = next.saturating_add(INTERVAL);
        }
        self.next = Some(next);
    }

    /// The count of looks after `looks` without entries.
    const fn look_after(&self, looks: u64) -> u32 {
        // The count goes 1..=30 and after the full check at 30 to 1 again.
        let count = (self.looks as u64 - 1 + looks) % FULL_CHECK as u64 + 1;
        #[expect(clippy::cast_possible_truncation, reason = "at most 30")]
        let count = count as u32;
        count
    }

    fn look(&mut self, now: Duration) {
        if self.looks == FULL_CHECK {
            self.looks = 1;
            for bucket in &mut self.buckets {
                let before = bucket.len();
                bucket.retain(|entry| now < entry.used.saturating_add(EXPIRATION));
                self.entries -= before - bucket.len();
            }
        } else if self.entries <= MOST {
            self.looks += 1;
        } else {
            self.drop_idle(now);
        }
    }

    fn drop_idle(&mut self, now: Duration) {
        let mut goal = ((self.entries - MOST) * 4 / 3).min(MOST / 2);
        for _ in 0..BUCKETS {
            self.rover = (self.rover + 1) % BUCKETS;
            let Some(bucket) = self.buckets.get_mut(self.rover) else {
                return;
            };
            let before = bucket.len();
            bucket.retain(|entry| now < entry.used.saturating_add(IDLE));
            let dropped = before - bucket.len();
            self.entries -= dropped;
            goal = goal.saturating_sub(dropped);
            if goal == 0 {
                return;
            }
        }
    }
}

/// What is left of `duration` beside whole intervals.
fn sub_interval(duration: Duration) -> Duration {
    let intervals = duration.as_secs() / INTERVAL.as_secs();
    duration - Duration::from_secs(intervals * INTERVAL.as_secs())
}
