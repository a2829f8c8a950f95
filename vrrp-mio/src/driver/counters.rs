//! The counters of a virtual router. Most count errors and stay zero.

use vrrp_core::Statistics;

/// [`Statistics`] that take their full room once anything out of the ordinary was counted.
#[derive(Debug)]
pub(super) enum Counters {
    Ordinary(Ordinary),
    All(Box<Statistics>),
}

/// Those of a router that sees no fault.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ordinary {
    master_transitions: u64,
    master_releases: u64,
    advertisement_rcvd: u64,
    advertisement_sent: u64,
    priority_zero_pkts_rcvd: u64,
    priority_zero_pkts_sent: u64,
    checksum_message_only: u64,
    checksum_pseudo_header: u64,
}

impl Default for Counters {
    fn default() -> Self {
        Self::Ordinary(Ordinary::default())
    }
}

impl Counters {
    /// Has `count` count.
    pub(super) fn update(&mut self, count: impl FnOnce(&mut Statistics)) {
        match self {
            Self::Ordinary(ordinary) => {
                let mut all = Statistics::from(*ordinary);
                count(&mut all);
                *ordinary = Ordinary::of(&all);
                if Statistics::from(*ordinary) != all {
                    *self = Self::All(Box::new(all));
                }
            }
            Self::All(all) => count(all),
        }
    }

    pub(super) fn statistics(&self) -> Statistics {
        match self {
            Self::Ordinary(ordinary) => Statistics::from(*ordinary),
            Self::All(all) => **all,
        }
    }
}

impl Ordinary {
    const fn of(all: &Statistics) -> Self {
        Self {
            master_transitions: all.master_transitions,
            master_releases: all.master_releases,
            advertisement_rcvd: all.advertisement_rcvd,
            advertisement_sent: all.advertisement_sent,
            priority_zero_pkts_rcvd: all.priority_zero_pkts_rcvd,
            priority_zero_pkts_sent: all.priority_zero_pkts_sent,
            checksum_message_only: all.checksum_message_only,
            checksum_pseudo_header: all.checksum_pseudo_header,
        }
    }
}

impl From<Ordinary> for Statistics {
    fn from(ordinary: Ordinary) -> Self {
        let mut all = Self::default();
        all.master_transitions = ordinary.master_transitions;
        all.master_releases = ordinary.master_releases;
        all.advertisement_rcvd = ordinary.advertisement_rcvd;
        all.advertisement_sent = ordinary.advertisement_sent;
        all.priority_zero_pkts_rcvd = ordinary.priority_zero_pkts_rcvd;
        all.priority_zero_pkts_sent = ordinary.priority_zero_pkts_sent;
        all.checksum_message_only = ordinary.checksum_message_only;
        all.checksum_pseudo_header = ordinary.checksum_pseudo_header;
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_when_there_is_a_fault_to_count() {
        let mut counters = Counters::default();
        let ordinary = |all: &mut Statistics| {
            all.master_transitions += 1;
            all.master_releases += 2;
            all.advertisement_rcvd += 3;
            all.advertisement_sent += 4;
            all.priority_zero_pkts_rcvd += 5;
            all.priority_zero_pkts_sent += 6;
            all.checksum_message_only += 7;
            all.checksum_pseudo_header += 8;
        };
        let mut expected = Statistics::default();
        counters.update(ordinary);
        ordinary(&mut expected);
        assert_eq!(counters.statistics(), expected);
        assert!(matches!(counters, Counters::Ordinary(_)));
        for _ in 0..2 {
            counters.update(|all| all.checksum_errors += 1);
            expected.checksum_errors += 1;
            counters.update(ordinary);
            ordinary(&mut expected);
            assert_eq!(counters.statistics(), expected);
        }
    }
}
