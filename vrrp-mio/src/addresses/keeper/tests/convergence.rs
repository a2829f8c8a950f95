//! Property tests: the keeper converges whatever others do to the addresses.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Op {
    Declare(u8, Vec<u8>),
    Activate(u8, bool),
    Forget(u8),
    ForeignAdd(u8),
    ForeignRemove(u8),
    Request,
    RequestOne,
    Answers,
    Notifications,
    Refuse(i32),
    LoseAnswers,
    Overrun,
    Wait(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let owner = 0..3u8;
    prop_oneof![
        (owner.clone(), proptest::collection::vec(0..6u8, 0..4))
            .prop_map(|(owner, addresses)| Op::Declare(owner, addresses)),
        (owner.clone(), any::<bool>()).prop_map(|(owner, active)| Op::Activate(owner, active)),
        // More than are taken in at a time.
        (owner.clone(), 0..6u8, 60..200u8)
            .prop_map(|(owner, first, count)| Op::Declare(owner, (first..first + count).collect())),
        owner.prop_map(Op::Forget),
        foreign().prop_map(Op::ForeignAdd),
        foreign().prop_map(Op::ForeignRemove),
        Just(Op::Request),
        Just(Op::RequestOne),
        Just(Op::Answers),
        Just(Op::Notifications),
        prop_oneof![Just(1), Just(12), Just(19), Just(22), Just(105)].prop_map(Op::Refuse),
        Just(Op::LoseAnswers),
        Just(Op::Overrun),
        (0..5_000u64).prop_map(Op::Wait),
    ]
}

/// Addresses that somebody else has: one of few that routers may have, or one that none has.
fn foreign() -> impl Strategy<Value = u8> {
    prop_oneof![0..6u8, 250..252u8]
}

proptest! {
    #[test]
    fn once_quiet_the_kernel_has_what_is_wanted_and_all_that_is_foreign(
        ops in proptest::collection::vec(op(), 0..80),
    ) {
        let mut host = Host::new();
        let mut declared = BTreeMap::<u8, BTreeSet<u8>>::new();
        let mut active = BTreeSet::new();
        let mut foreign = BTreeSet::new();
        for op in ops {
            match op {
                Op::Declare(owner, addresses) => {
                    host.keeper.declare(owner, Tenure::Virtual, addresses.iter().map(|&last| spec(last)));
                    declared.insert(owner, addresses.into_iter().collect());
                }
                Op::Activate(owner, true) => {
                    host.keeper.set_active(owner, true);
                    active.insert(owner);
                }
                Op::Activate(owner, false) => {
                    host.keeper.set_active(owner, false);
                    active.remove(&owner);
                }
                Op::Forget(owner) => {
                    host.keeper.forget(owner);
                    declared.remove(&owner);
                    active.remove(&owner);
                }
                Op::ForeignAdd(last) => {
                    host.add(found(last, None));
                    foreign.insert(last);
                }
                Op::ForeignRemove(last) => {
                    host.remove(&spec(last).key());
                    foreign.remove(&last);
                }
                Op::Request => host.request(),
                Op::RequestOne => {
                    host.request_one();
                }
                Op::Answers => host.deliver_answers(),
                Op::Notifications => host.deliver_notifications(),
                Op::Refuse(errno) => host.refuse = Some(errno),
                Op::LoseAnswers => host.lose_answers = true,
                Op::Overrun => {
                    host.overrun = true;
                    host.notifications.clear();
                }
                Op::Wait(millis) => host.now = host.now + Duration::from_millis(millis),
            }
        }
        host.settle();
        for last in 0..206 {
            let claims = || declared.iter().filter(|(_, addresses)| addresses.contains(&last));
            let wanted = claims().any(|(owner, _)| active.contains(owner));
            if claims().next().is_some() {
                prop_assert_eq!(host.has(last), wanted, "address {}", last);
            }
        }
        for last in 250..252 {
            prop_assert_eq!(host.has(last), foreign.contains(&last), "foreign address {}", last);
        }
    }
}
