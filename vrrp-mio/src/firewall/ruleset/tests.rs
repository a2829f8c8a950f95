//! Tests of the ruleset.

use core::net::Ipv4Addr;

use super::*;

fn at(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn v4(last: u8) -> Destination {
    Destination::V4(Ipv4Addr::new(192, 0, 2, last))
}

fn many(count: u32) -> BTreeSet<Destination> {
    (0..count)
        .map(|n| Destination::V4(Ipv4Addr::from_bits(0x0a00_0000 + n)))
        .collect()
}

fn refused(errno: Errno) -> Result<(), Failure> {
    let errno = errno as i32;
    Err(Failure::Request(RequestError::Refused {
        errno,
        text: None,
    }))
}

fn build(elements: &[Destination]) -> Transaction {
    let elements = elements.to_vec();
    Transaction::Build { elements }
}

fn change(added: &[Destination], removed: &[Destination]) -> Transaction {
    Transaction::Change {
        added: added.to_vec(),
        removed: removed.to_vec(),
    }
}

/// A kernel that grants everything; what it was asked.
fn grant(ruleset: &mut Ruleset<u8>, now: Instant) -> Vec<Transaction> {
    let mut asked = Vec::new();
    while let Some(transaction) = ruleset.next_transaction(now) {
        asked.push(transaction.clone());
        ruleset.completed(Ok(()), now);
    }
    asked
}

#[test]
fn a_table_stands_from_the_first_destination_to_the_last() {
    let mut ruleset = Ruleset::new();
    assert_eq!(grant(&mut ruleset, at(0)), []);
    ruleset.refuse(1, [v4(1)].into());
    assert!(!ruleset.is_settled() && !ruleset.is_ready(1));
    assert_eq!(grant(&mut ruleset, at(0)), [build(&[v4(1)])]);
    assert!(ruleset.is_settled() && ruleset.is_ready(1));
    ruleset.refuse(1, [v4(2)].into());
    assert!(!ruleset.is_ready(1));
    assert_eq!(grant(&mut ruleset, at(0)), [change(&[v4(2)], &[v4(1)])]);
    ruleset.refuse(1, BTreeSet::new());
    assert_eq!(grant(&mut ruleset, at(0)), [Transaction::Clear]);
    assert!(ruleset.is_settled());
    assert_eq!(ruleset.deadline(), None);
}

#[test]
fn a_destination_of_two_owners_stays_until_both_let_go() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, [v4(1), v4(2)].into());
    ruleset.refuse(2, [v4(2)].into());
    grant(&mut ruleset, at(0));
    ruleset.refuse(1, BTreeSet::new());
    assert_eq!(grant(&mut ruleset, at(0)), [change(&[], &[v4(1)])]);
    ruleset.refuse(2, BTreeSet::new());
    assert_eq!(grant(&mut ruleset, at(0)), [Transaction::Clear]);
}

#[test]
fn what_is_wanted_and_let_go_of_again_asks_nothing() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, [v4(1)].into());
    ruleset.refuse(1, BTreeSet::new());
    assert_eq!(grant(&mut ruleset, at(0)), []);
    assert!(ruleset.is_settled());
}

#[test]
fn a_probe_is_made_once_and_spared_by_a_table() {
    let mut ruleset = Ruleset::new();
    ruleset.probe();
    assert_eq!(grant(&mut ruleset, at(0)), [Transaction::Probe]);
    ruleset.probe();
    ruleset.refuse(1, [v4(1)].into());
    assert_eq!(grant(&mut ruleset, at(0)), [build(&[v4(1)])]);
    ruleset.refuse(1, BTreeSet::new());
    assert_eq!(grant(&mut ruleset, at(0)), [Transaction::Clear]);
}

#[test]
fn many_destinations_come_and_go_in_transactions_of_256() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, many(600));
    let sizes = |transactions: &[Transaction]| -> Vec<usize> {
        let size = |transaction: &Transaction| match transaction {
            Transaction::Build { elements } => elements.len(),
            Transaction::Change { added, removed } => added.len() + removed.len(),
            Transaction::Probe | Transaction::Clear => 0,
        };
        transactions.iter().map(size).collect()
    };
    assert_eq!(sizes(&grant(&mut ruleset, at(0))), [256, 256, 88]);
    ruleset.refuse(1, BTreeSet::new());
    assert_eq!(sizes(&grant(&mut ruleset, at(0))), [256, 256, 0]);
    assert!(ruleset.is_settled());
}

#[test]
fn an_owner_is_ready_when_its_last_destination_stands() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, many(300));
    assert!(ruleset.next_transaction(at(0)).is_some());
    ruleset.completed(Ok(()), at(0));
    assert!(!ruleset.is_ready(1));
    grant(&mut ruleset, at(0));
    assert!(ruleset.is_ready(1));
}

#[test]
fn a_refusal_is_told_once_holds_nobody_up_and_is_overcome_by_building_anew() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, [v4(1)].into());
    grant(&mut ruleset, at(0));
    ruleset.refuse(2, [v4(2)].into());
    assert!(ruleset.next_transaction(at(0)).is_some());
    ruleset.completed(refused(Errno::ENOENT), at(0));
    assert!(ruleset.is_ready(2) && ruleset.is_settled());
    assert!(matches!(
        ruleset.next_failure(),
        Some(FirewallError::Request(RequestError::Refused {
            errno: 2,
            ..
        }))
    ));
    for (retry, again) in [(1_000, 3_000), (3_000, 7_000)] {
        assert_eq!(ruleset.deadline(), Some(at(retry)));
        assert_eq!(ruleset.next_transaction(at(retry - 1)), None);
        let both = build(&[v4(1), v4(2)]);
        assert_eq!(ruleset.next_transaction(at(retry)), Some(&both));
        ruleset.completed(refused(Errno::ENFILE), at(retry));
        assert_eq!(ruleset.deadline(), Some(at(again)));
        assert!(ruleset.next_failure().is_none());
    }
    assert_eq!(grant(&mut ruleset, at(7_000)), [build(&[v4(1), v4(2)])]);
    assert_eq!(ruleset.deadline(), None);
    ruleset.refuse(3, [v4(3)].into());
    assert!(!ruleset.is_ready(3), "the firewall works again");
}

#[test]
fn the_longest_pause_is_64_s() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, [v4(1)].into());
    let mut now = at(0);
    for _ in 0..10 {
        assert!(ruleset.next_transaction(now).is_some());
        ruleset.completed(refused(Errno::EPERM), now);
        let deadline = ruleset.deadline().unwrap();
        assert!(deadline <= now + Duration::from_secs(64));
        now = deadline;
    }
    assert_eq!(now, at(1_000 * (1 + 2 + 4 + 8 + 16 + 32 + 64 * 4)));
}

#[test]
fn a_table_that_cannot_be_owned_is_anybodys() {
    for errno in [Errno::EOPNOTSUPP, Errno::EINVAL] {
        let mut ruleset = Ruleset::new();
        ruleset.probe();
        assert_eq!(ruleset.ownership(), Ownership::Socket);
        assert!(ruleset.next_transaction(at(0)).is_some());
        ruleset.completed(refused(errno), at(0));
        assert_eq!(ruleset.ownership(), Ownership::Anybody);
        assert!(!ruleset.leaves_table());
        assert_eq!(grant(&mut ruleset, at(0)), [Transaction::Probe]);
        assert!(ruleset.next_failure().is_none());
        ruleset.refuse(1, [v4(1)].into());
        grant(&mut ruleset, at(0));
        assert!(ruleset.leaves_table());
    }
}

#[test]
fn without_nf_tables_nothing_is_asked_twice() {
    let mut ruleset = Ruleset::new();
    ruleset.probe();
    assert!(ruleset.next_transaction(at(0)).is_some());
    ruleset.completed(Err(Failure::Unsupported), at(0));
    assert!(matches!(
        ruleset.next_failure(),
        Some(FirewallError::Unsupported)
    ));
    ruleset.refuse(1, [v4(1)].into());
    assert_eq!(ruleset.next_transaction(at(1_000_000)), None);
    assert_eq!(ruleset.deadline(), None);
    assert!(ruleset.is_ready(1) && ruleset.is_settled());
    assert!(ruleset.next_failure().is_none());
}

#[test]
fn without_netfilter_there_is_no_socket_and_no_nf_tables() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, [v4(1)].into());
    assert!(ruleset.next_transaction(at(0)).is_some());
    let error = io::Error::from_raw_os_error(Errno::EPROTONOSUPPORT as i32);
    ruleset.lost_socket(error, at(0));
    assert!(matches!(
        ruleset.next_failure(),
        Some(FirewallError::Unsupported)
    ));
    assert_eq!(ruleset.next_transaction(at(1_000_000)), None);
}

#[test]
fn a_lost_socket_took_the_table_with_it() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, [v4(1)].into());
    grant(&mut ruleset, at(0));
    ruleset.lost_socket(io::Error::from_raw_os_error(Errno::EBADF as i32), at(0));
    assert!(matches!(
        ruleset.next_failure(),
        Some(FirewallError::Socket(_))
    ));
    assert_eq!(grant(&mut ruleset, at(1_000)), [build(&[v4(1)])]);
}

#[test]
fn a_kernel_short_of_memory_is_tried_every_10_ms_for_a_second() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, [v4(1)].into());
    for step in 0..100 {
        let now = at(10 * step);
        assert_eq!(ruleset.next_transaction(now), Some(&build(&[v4(1)])));
        ruleset.postpone(now);
        assert!(!ruleset.is_ready(1) && !ruleset.is_settled());
        assert_eq!(ruleset.deadline(), Some(at(10 * step + 10)));
    }
    assert!(ruleset.next_transaction(at(1_000)).is_some());
    ruleset.postpone(at(1_000));
    assert!(ruleset.is_ready(1));
    assert!(matches!(
        ruleset.next_failure(),
        Some(FirewallError::Request(RequestError::TimedOut))
    ));
}

#[test]
fn an_answer_is_waited_for_a_second() {
    let mut ruleset = Ruleset::new();
    ruleset.refuse(1, [v4(1)].into());
    assert!(ruleset.next_transaction(at(0)).is_some());
    assert_eq!(ruleset.deadline(), Some(at(1_000)));
    ruleset.expire(at(999));
    assert!(!ruleset.is_ready(1) && ruleset.is_in_flight());
    ruleset.expire(at(1_000));
    assert!(ruleset.is_ready(1) && !ruleset.is_in_flight());
}
