//! The counters of a virtual router, and those of what reached none. Most are of faults, and stay at
//! zero.

use vrrp_core::Statistics;
use vrrp_core::receive::Discard;

use crate::Reject;

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

/// What was sent to this host and reached no router: nobody knows which one it was for. All counters
/// wrap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Losses {
    /// Packets of more than [`RECEIVE_BUFFER`](crate::RECEIVE_BUFFER) octets, which no advertisement
    /// has.
    pub oversized_packets: u64,
    /// IPv6 packets without hop limit, source or destination, for which the kernel had no memory.
    pub missing_metadata: u64,
    /// Calls to receive that failed in passing: the interface went down, or an ICMP error came back.
    pub receive_errors: u64,
    /// Packets that the kernel dropped because a receive queue was full. It tells with the next
    /// packet that it does not drop.
    pub queue_overflows: u64,
}

impl Losses {
    /// Counts a packet that was of no use; a reason to discard it is one of the protocol's.
    pub(super) const fn rejected(&mut self, reject: Reject) -> Option<Discard> {
        let counter = match reject {
            Reject::Ipv4(error) => return Some(Discard::Ipv4(error)),
            Reject::Group(_) => return Some(Discard::Destination),
            Reject::TooLong => &mut self.oversized_packets,
            Reject::Metadata => &mut self.missing_metadata,
        };
        *counter = counter.wrapping_add(1);
        None
    }

    /// Counts a failed call to receive.
    pub(super) const fn failed(&mut self) {
        self.receive_errors = self.receive_errors.wrapping_add(1);
    }

    /// Counts what a socket lost since it had lost `before` packets, as the kernel counts them.
    pub(super) fn overflowed(&mut self, before: u32, after: u32) {
        let lost = u64::from(after.wrapping_sub(before));
        self.queue_overflows = self.queue_overflows.wrapping_add(lost);
    }
}

#[cfg(test)]
mod tests {
    use core::net::Ipv6Addr;

    use vrrp_core::wire::Ipv4Error;

    use super::*;

    #[test]
    fn what_is_lost_has_a_counter_of_its_own() {
        let mut losses = Losses::default();
        let malformed = Ipv4Error::Truncated { octets: 3 };
        let group = Ipv6Addr::LOCALHOST;
        let discards = [Reject::Ipv4(malformed), Reject::Group(group)];
        let discards = discards.map(|reject| losses.rejected(reject));
        let expected = [Discard::Ipv4(malformed), Discard::Destination];
        assert_eq!(discards, expected.map(Some));
        assert_eq!(
            losses,
            Losses::default(),
            "the protocol's are counted there"
        );
        for reject in [Reject::TooLong, Reject::Metadata, Reject::Metadata] {
            assert_eq!(losses.rejected(reject), None);
        }
        for _ in 0..3 {
            losses.failed();
        }
        losses.overflowed(5, 8);
        losses.overflowed(u32::MAX, 0);
        let expected = Losses {
            oversized_packets: 1,
            missing_metadata: 2,
            receive_errors: 3,
            queue_overflows: 4,
        };
        assert_eq!(losses, expected);
    }

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
