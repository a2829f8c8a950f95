//! The order in which services and destinations are listed.
//!
//! ipvsadm subtracts marks and addresses as signed 32-bit numbers that wrap: 192.168.0.1 comes
//! before 10.0.0.1. Numbers farther apart than 2³¹ thus have no order that holds among three of
//! them, and where they end up depends on the algorithm. Scripts compare listings, so this is its
//! comparison under the merge sort of the C library.

use core::net::IpAddr;

use ipvs_core::record::DestinationRecord;
use ipvs_core::{Family, Protocol, ServiceKey};

use super::table::Entry;

/// Orders services by mark, family, protocol, address and port.
pub(super) fn services(entries: Vec<Entry>) -> Vec<Entry> {
    merge_sort(entries, &|a, b| {
        Place::of_service(&a.record.service.key)
            .difference(&Place::of_service(&b.record.service.key))
    })
}

/// Orders destinations by address and port, whatever their families.
pub(super) fn destinations(records: Vec<DestinationRecord>) -> Vec<DestinationRecord> {
    merge_sort(records, &|a, b| {
        let [a, b] = [a, b].map(|record| record.destination.key);
        Place::of_endpoint(a.address, a.port).difference(&Place::of_endpoint(b.address, b.port))
    })
}

/// What decides, the first first.
struct Place([u32; 8]);

impl Place {
    fn of_service(key: &ServiceKey) -> Self {
        let (mark, protocol, Self([.., a, b, c, d, port])) = match *key {
            ServiceKey::Address {
                protocol,
                address,
                port,
            } => (0, protocol, Self::of_endpoint(address, port)),
            ServiceKey::Mark { mark, .. } => (mark.get(), Protocol(0), Self([0; 8])),
        };
        let family = match key.family() {
            Family::V4 => 0,
            Family::V6 => 1,
        };
        Self([mark, family, protocol.0.into(), a, b, c, d, port])
    }

    fn of_endpoint(address: IpAddr, port: u16) -> Self {
        let [a, b, c, d] = match address {
            IpAddr::V4(address) => [address.to_bits(), 0, 0, 0],
            IpAddr::V6(address) => {
                let [a, b, c, d, e, f, g, h] = address.segments();
                [[a, b], [c, d], [e, f], [g, h]]
                    .map(|[high, low]| u32::from(high) << 16 | u32::from(low))
            }
        };
        Self([0, 0, 0, a, b, c, d, port.into()])
    }

    /// Negative if `self` comes first.
    fn difference(&self, other: &Self) -> i32 {
        self.0
            .iter()
            .zip(other.0)
            .map(|(a, b)| a.wrapping_sub(b).cast_signed())
            .find(|&difference| difference != 0)
            .unwrap_or(0)
    }
}

// `sort_by` may panic where `difference` is no order.
fn merge_sort<T>(mut items: Vec<T>, difference: &impl Fn(&T, &T) -> i32) -> Vec<T> {
    let length = items.len();
    if length < 2 {
        return items;
    }
    let second = items.split_off(length / 2);
    let mut first = merge_sort(items, difference).into_iter().peekable();
    let mut second = merge_sort(second, difference).into_iter().peekable();
    let mut sorted = Vec::with_capacity(length);
    while let (Some(a), Some(b)) = (first.peek(), second.peek()) {
        let next = if difference(a, b) <= 0 {
            first.next()
        } else {
            second.next()
        };
        sorted.extend(next);
    }
    sorted.extend(first);
    sorted.extend(second);
    sorted
}

#[cfg(test)]
mod tests {
    use ipvs_core::record::Activity;
    use ipvs_core::record::{ServiceRecord, Statistics};
    use ipvs_core::{Destination, DestinationKey, Forwarding, Scheduler, Service};

    use super::*;

    fn destination(text: &str) -> DestinationRecord {
        let endpoint: core::net::SocketAddr = text.parse().unwrap();
        let key = DestinationKey::new(endpoint.ip(), endpoint.port());
        DestinationRecord {
            destination: Destination::new(key, Forwarding::Route, 1),
            activity: Activity::default(),
            statistics: Statistics::default(),
        }
    }

    fn entry(key: ServiceKey) -> Entry {
        Entry {
            record: ServiceRecord {
                service: Service::new(key, Scheduler::Wlc),
                statistics: Statistics::default(),
            },
            destinations: Vec::new(),
        }
    }

    // The kernel listed them so, and ipvsadm 1.31 printed them so.
    #[test]
    fn destinations_come_as_ipvsadm_sorts_them() {
        let listed = [
            "[2001:db8:1::]:80",
            "[2001:db8:8000::1]:80",
            "[fd00::1]:80",
            "[::1]:80",
            "[2001:db8::1]:80",
            "200.2.2.2:81",
            "200.2.2.2:80",
            "130.1.1.1:81",
            "130.1.1.1:80",
            "1.1.1.1:81",
            "1.1.1.1:80",
            "128.0.0.0:81",
            "128.0.0.0:80",
            "127.0.0.1:81",
            "127.0.0.1:80",
            "192.168.0.1:81",
            "192.168.0.1:80",
            "10.0.0.1:81",
            "10.0.0.1:80",
        ];
        let sorted: Vec<String> = destinations(listed.map(destination).into())
            .iter()
            .map(|record| record.destination.key.to_string())
            .collect();
        assert_eq!(
            sorted,
            [
                "130.1.1.1:80",
                "130.1.1.1:81",
                "200.2.2.2:80",
                "200.2.2.2:81",
                "[fd00::1]:80",
                "[::1]:80",
                "1.1.1.1:80",
                "1.1.1.1:81",
                "[2001:db8::1]:80",
                "[2001:db8:1::]:80",
                "[2001:db8:8000::1]:80",
                "127.0.0.1:80",
                "127.0.0.1:81",
                "128.0.0.0:80",
                "128.0.0.0:81",
                "192.168.0.1:80",
                "192.168.0.1:81",
                "10.0.0.1:80",
                "10.0.0.1:81",
            ]
        );
    }

    #[test]
    fn services_come_by_mark_then_family_then_protocol_then_address() {
        let mark = |mark, family| ServiceKey::Mark {
            mark: core::num::NonZeroU32::new(mark).unwrap(),
            family,
        };
        let listed = [
            mark(u32::MAX, Family::V4),
            mark(1 << 31, Family::V4),
            mark(7, Family::V6),
            mark(7, Family::V4),
            mark(9, Family::V4),
            ServiceKey::udp([10, 0, 0, 1].into(), 80),
            ServiceKey::tcp([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into(), 80),
            ServiceKey::tcp([10, 0, 0, 1].into(), 81),
            ServiceKey::tcp([10, 0, 0, 1].into(), 80),
            ServiceKey::tcp([192, 168, 0, 1].into(), 80),
        ];
        let sorted: Vec<String> = services(listed.map(entry).into())
            .iter()
            .map(|entry| entry.record.service.key.to_string())
            .collect();
        assert_eq!(
            sorted,
            [
                "TCP 192.168.0.1:80",
                "TCP 10.0.0.1:80",
                "TCP 10.0.0.1:81",
                "UDP 10.0.0.1:80",
                "TCP [2001:db8::1]:80",
                "FWM 7",
                "FWM 7 IPv6",
                "FWM 9",
                "FWM 2147483648",
                "FWM 4294967295",
            ]
        );
    }
}
