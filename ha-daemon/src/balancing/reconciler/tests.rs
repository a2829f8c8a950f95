//! Tests of the reconciler.

use core::net::{IpAddr, Ipv4Addr};

use ipvs_core::configuration::ApplyError;
use ipvs_core::record::{DestinationRecord, ServiceRecord, Statistics};
use ipvs_core::{DestinationKey, Forwarding, Scheduler, Service};
use ipvs_netlink::ErrorKind;
use proptest::prelude::*;

use super::*;

fn key(port: u16) -> ServiceKey {
    ServiceKey::tcp(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), port)
}

fn destination(last: u8, weight: u32) -> Destination {
    let address = IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
    Destination::new(
        DestinationKey::new(address, 80),
        Forwarding::Masquerade,
        weight,
    )
}

fn entry(port: u16, destinations: &[(u8, u32)]) -> ServiceEntry {
    let destinations = destinations
        .iter()
        .map(|(last, weight)| destination(*last, *weight));
    ServiceEntry {
        service: Service::new(key(port), Scheduler::Rr),
        destinations: destinations.collect(),
    }
}

/// A kernel that answers at once.
#[derive(Default)]
struct Kernel {
    table: Configuration,
    /// A service of which it refuses every change.
    stubborn: Option<ServiceKey>,
    requests: Vec<Request>,
}

impl Kernel {
    fn answer(&mut self, request: &Request) -> Result<Reply, Error> {
        self.requests.push(*request);
        let statistics = Statistics::default();
        if *request == Request::Services {
            let records = self.table.entries().map(|entry| ServiceRecord {
                service: entry.service,
                statistics,
            });
            return Ok(Reply::Services(records.collect()));
        }
        if let Request::Destinations(key) = request {
            let entry = self.table.get(key);
            let list = entry.map_or(&[][..], |entry| &entry.destinations);
            let records = list.iter().map(|destination| DestinationRecord {
                destination: *destination,
                activity: ipvs_core::record::Activity::default(),
                statistics,
            });
            return Ok(Reply::Destinations(records.collect()));
        }
        let change = request.change().unwrap();
        if self.stubborn == Some(change.service()) {
            return Err(Error::new(*request, ErrorKind::Invalid));
        }
        let kind = |error| match error {
            ApplyError::ServiceExists(_) => ErrorKind::ServiceExists,
            ApplyError::NoService(_) => ErrorKind::ServiceMissing,
            ApplyError::DestinationExists(..) => ErrorKind::DestinationExists,
            ApplyError::NoDestination(..) => ErrorKind::DestinationMissing,
            ApplyError::Service(..) | ApplyError::Destination(..) | _ => ErrorKind::Invalid,
        };
        let outcome = self.table.apply(&change);
        outcome
            .map(|()| Reply::Done)
            .map_err(|error| Error::new(*request, kind(error)))
    }

    fn changes(&mut self) -> usize {
        let requests = core::mem::take(&mut self.requests);
        requests.iter().filter_map(Request::change).count()
    }
}

/// Carries out everything that is to be asked at `now`.
fn settle(reconciler: &mut Reconciler, kernel: &mut Kernel, now: Instant) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut asked = 0;
    while let Some(request) = reconciler.poll(now, &mut findings) {
        let result = kernel.answer(&request);
        reconciler.answer(now, &request, result, &mut findings);
        asked += 1;
        assert!(asked < 10_000, "it comes to an end");
    }
    findings
}

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

#[test]
fn asks_nothing_of_the_kernel_while_nothing_is_owned() {
    let mut reconciler = Reconciler::new();
    assert_eq!(reconciler.deadline(), None);
    assert!(reconciler.poll(at(0), &mut Vec::new()).is_none());
}

#[test]
fn makes_the_table_as_wanted_and_leaves_others_alone() {
    let mut kernel = Kernel::default();
    let theirs = entry(443, &[(9, 1)]);
    kernel.table.insert(theirs.clone());
    let mut reconciler = Reconciler::new();
    let ours = entry(80, &[(2, 2), (1, 1)]);
    reconciler.want(ours.clone());
    assert!(settle(&mut reconciler, &mut kernel, at(0)).is_empty());
    assert_eq!(kernel.table.get(&key(80)), Some(&ours));
    assert_eq!(kernel.table.get(&key(443)), Some(&theirs));
    assert!(reconciler.is_settled(&key(80)));
    assert!(reconciler.is_done());
    assert_eq!(reconciler.deadline(), Some(at(5)));
}

#[test]
fn adopts_what_an_earlier_run_left() {
    let mut kernel = Kernel::default();
    kernel.table.insert(entry(80, &[(1, 1), (3, 1)]));
    let mut reconciler = Reconciler::new();
    reconciler.want(entry(80, &[(2, 1), (1, 1)]));
    assert!(settle(&mut reconciler, &mut kernel, at(0)).is_empty());
    assert_eq!(kernel.changes(), 2, "one added, one deleted");
    assert_eq!(
        kernel.table.get(&key(80)),
        Some(&entry(80, &[(2, 1), (1, 1)]))
    );
}

#[test]
fn changes_what_is_wanted_anew_without_reading_the_table_first() {
    let mut kernel = Kernel::default();
    let mut reconciler = Reconciler::new();
    reconciler.want(entry(80, &[(2, 1), (1, 1)]));
    settle(&mut reconciler, &mut kernel, at(0));
    kernel.requests.clear();
    reconciler.want(entry(80, &[(1, 1)]));
    settle(&mut reconciler, &mut kernel, at(1));
    assert_eq!(
        kernel.requests,
        [
            Request::DeleteDestination(key(80), destination(2, 1).key),
            Request::Destinations(key(80)),
        ]
    );
}

#[test]
fn puts_back_what_somebody_else_changed_within_an_interval() {
    let mut kernel = Kernel::default();
    let mut reconciler = Reconciler::new();
    reconciler.want(entry(80, &[(2, 1), (1, 1)]));
    settle(&mut reconciler, &mut kernel, at(0));
    let meddle = |kernel: &mut Kernel, change: Change| kernel.table.apply(&change).unwrap();
    let gone = Change::DeleteDestination(key(80), destination(1, 1).key);
    for (round, change) in [gone, Change::DeleteService(key(80))]
        .into_iter()
        .enumerate()
    {
        let now = at(5 * (round as u64 + 1));
        meddle(&mut kernel, change);
        assert_eq!(reconciler.deadline(), Some(now));
        let findings = settle(&mut reconciler, &mut kernel, now);
        assert!(
            matches!(findings[..], [Finding::Drift { service, .. }] if service == key(80)),
            "{findings:?}"
        );
        let now = kernel.table.get(&key(80)).unwrap();
        assert_eq!(now.destinations.len(), 2);
    }
}

#[test]
fn tells_of_a_refusal_once_and_tries_again_at_the_next_reading() {
    let mut kernel = Kernel {
        stubborn: Some(key(80)),
        ..Kernel::default()
    };
    let mut reconciler = Reconciler::new();
    reconciler.want(entry(80, &[(2, 1), (1, 1)]));
    reconciler.want(entry(81, &[(1, 1)]));
    let findings = settle(&mut reconciler, &mut kernel, at(0));
    assert!(
        matches!(findings[..], [Finding::Refused(_)]),
        "{findings:?}"
    );
    assert!(reconciler.is_settled(&key(81)), "others do not suffer");
    assert!(!reconciler.is_settled(&key(80)));
    assert!(settle(&mut reconciler, &mut kernel, at(4)).is_empty());
    kernel.stubborn = None;
    settle(&mut reconciler, &mut kernel, at(5));
    assert!(reconciler.is_settled(&key(80)));
}

#[test]
fn what_is_retired_goes() {
    let mut kernel = Kernel::default();
    let mut reconciler = Reconciler::new();
    reconciler.want(entry(80, &[(1, 1)]));
    settle(&mut reconciler, &mut kernel, at(0));
    reconciler.retire(&key(80));
    reconciler.retire(&key(443));
    settle(&mut reconciler, &mut kernel, at(1));
    assert!(kernel.table.is_empty());
    assert!(reconciler.is_done());
    assert_eq!(reconciler.deadline(), None);
}

#[test]
fn what_is_released_stays_and_is_not_put_back() {
    let mut kernel = Kernel::default();
    let mut reconciler = Reconciler::new();
    reconciler.want(entry(80, &[(1, 1)]));
    settle(&mut reconciler, &mut kernel, at(0));
    reconciler.want(entry(80, &[(2, 1), (1, 1)]));
    let mut findings = Vec::new();
    let add = reconciler.poll(at(1), &mut findings).unwrap();
    reconciler.release();
    assert!(!reconciler.is_done(), "a change is under way");
    let result = kernel.answer(&add);
    reconciler.answer(at(1), &add, result, &mut findings);
    settle(&mut reconciler, &mut kernel, at(1));
    assert!(reconciler.is_done());
    kernel.table = Configuration::new();
    settle(&mut reconciler, &mut kernel, at(60));
    assert!(kernel.table.is_empty());
}

/// A list that was asked for before a change shows what was before it.
#[test]
fn lists_from_before_a_change_do_not_count() {
    let mut kernel = Kernel::default();
    let mut reconciler = Reconciler::new();
    reconciler.want(entry(80, &[(1, 1)]));
    settle(&mut reconciler, &mut kernel, at(0));
    let mut findings = Vec::new();
    let services = reconciler.poll(at(5), &mut findings).unwrap();
    let result = kernel.answer(&services);
    reconciler.answer(at(5), &services, result, &mut findings);
    let list = reconciler.poll(at(5), &mut findings).unwrap();
    assert_eq!(list, Request::Destinations(key(80)));
    let stale = kernel.answer(&list);
    reconciler.want(entry(80, &[(2, 1), (1, 1)]));
    let add = reconciler.poll(at(5), &mut findings).unwrap();
    assert!(matches!(add, Request::AddDestination(..)));
    reconciler.answer(at(5), &list, stale, &mut findings);
    assert!(reconciler.poll(at(5), &mut findings).is_none());
    let result = kernel.answer(&add);
    reconciler.answer(at(5), &add, result, &mut findings);
    findings.extend(settle(&mut reconciler, &mut kernel, at(5)));
    assert!(findings.is_empty(), "{findings:?}");
    assert!(reconciler.is_settled(&key(80)));
    assert_eq!(reconciler.deadline(), Some(at(10)));
}

#[test]
fn after_a_restart_everything_is_read_anew() {
    let mut kernel = Kernel::default();
    let mut reconciler = Reconciler::new();
    reconciler.want(entry(80, &[(1, 1)]));
    settle(&mut reconciler, &mut kernel, at(0));
    kernel.table = Configuration::new();
    reconciler.restart(at(1));
    settle(&mut reconciler, &mut kernel, at(1));
    assert!(reconciler.is_settled(&key(80)));
    assert_eq!(kernel.table.len(), 1);
}

fn wishes() -> impl Strategy<Value = Option<Vec<(u8, u32)>>> {
    proptest::option::of(proptest::collection::vec((0_u8..4, 0_u32..3), 0..4))
}

proptest! {
    /// Whatever is wanted and whoever meddles: an interval later the table is as wanted.
    #[test]
    fn comes_to_what_is_wanted(
        steps in proptest::collection::vec((80_u16..83, wishes(), any::<bool>()), 1..30),
    ) {
        let mut kernel = Kernel::default();
        let mut reconciler = Reconciler::new();
        let mut wanted = Configuration::new();
        let mut now = at(0);
        for (port, wish, meddle) in steps {
            let list = wish.clone().unwrap_or_default();
            let mut unique = entry(port, &list);
            unique.destinations.sort_by_key(|destination| destination.key);
            unique.destinations.dedup_by_key(|destination| destination.key);
            if meddle {
                match wish {
                    Some(_) => drop(kernel.table.insert(unique)),
                    None => drop(kernel.table.remove(&key(port))),
                }
                continue;
            }
            match wish {
                Some(_) => {
                    reconciler.want(unique.clone());
                    wanted.insert(unique);
                }
                None => {
                    reconciler.retire(&key(port));
                    wanted.remove(&key(port));
                }
            }
            now = now + Duration::from_secs(1);
            settle(&mut reconciler, &mut kernel, now);
        }
        for _ in 0..2 {
            now = now + INTERVAL;
            settle(&mut reconciler, &mut kernel, now);
        }
        for entry in wanted.entries() {
            let sorted = |entry: &ServiceEntry| {
                let mut list = entry.destinations.clone();
                list.sort_by_key(|destination| destination.key);
                list
            };
            let actual = kernel.table.get(&entry.service.key).unwrap();
            prop_assert_eq!(sorted(actual), sorted(entry));
        }
    }
}
