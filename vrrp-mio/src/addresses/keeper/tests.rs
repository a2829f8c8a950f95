use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::interfaces::{AddressFlags, Link, LinkFlags, LinkKind, Scope, Source};
use crate::netlink::Update;

/// A kernel of one interface, whose notifications and answers are delivered when the test says.
struct Host {
    keeper: AddressKeeper<u8>,
    interfaces: Interfaces,
    present: BTreeMap<AddressKey, KernelAddress>,
    notifications: VecDeque<Update>,
    answers: VecDeque<(AddressKey, Result<(), RequestError>)>,
    refuse: Option<i32>,
    lose_answers: bool,
    overrun: bool,
    now: Instant,
    requests: Vec<Request>,
}

fn link() -> Link {
    Link {
        index: 2,
        name: "eth0".parse().unwrap(),
        mac: None,
        flags: LinkFlags::from_bits(0x1_1043),
        mtu: 1500,
        kind: LinkKind::Plain,
        parent: None,
    }
}

fn spec(last: u8) -> AddressSpec {
    AddressSpec::new(2, [192, 0, 2, last].into(), 32)
}

fn found(last: u8, protocol: Option<u8>) -> KernelAddress {
    KernelAddress {
        index: 2,
        address: [192, 0, 2, last].into(),
        peer: None,
        prefix_len: 32,
        scope: Scope::GLOBAL,
        flags: AddressFlags::from_bits(0x80),
        protocol: protocol.map(AddressProtocol),
    }
}

impl Host {
    fn new() -> Self {
        let mut host = Self {
            keeper: AddressKeeper::default(),
            interfaces: Interfaces::default(),
            present: BTreeMap::new(),
            notifications: VecDeque::new(),
            answers: VecDeque::new(),
            refuse: None,
            lose_answers: false,
            overrun: false,
            now: Instant::from_millis(1_000),
            requests: Vec::new(),
        };
        host.resynchronise();
        host
    }

    fn with(addresses: impl IntoIterator<Item = KernelAddress>) -> Self {
        let mut host = Self::new();
        for address in addresses {
            host.present.insert(address.key(), address);
        }
        host.resynchronise();
        host
    }

    fn resynchronise(&mut self) {
        let mut events = Vec::new();
        self.notifications.clear();
        self.interfaces.begin_round();
        self.interfaces
            .apply(Update::Link(link()), Source::Dump, &mut events);
        for &address in self.present.values() {
            self.interfaces
                .apply(Update::Address(address), Source::Dump, &mut events);
        }
        self.interfaces.end_round(&mut events);
        self.observe(&events);
    }

    fn observe(&mut self, events: &[NetworkEvent]) {
        for event in events {
            self.keeper.observe(event, self.now);
        }
    }

    fn add(&mut self, address: KernelAddress) -> i32 {
        if self.present.contains_key(&address.key()) {
            return 17;
        }
        self.present.insert(address.key(), address);
        self.notifications.push_back(Update::Address(address));
        0
    }

    fn remove(&mut self, key: &AddressKey) -> i32 {
        match self.present.remove(key) {
            Some(address) => {
                self.notifications.push_back(Update::AddressGone(address));
                0
            }
            None => 99,
        }
    }

    fn request(&mut self) {
        while let Some((key, request)) = self.keeper.next_request(&self.interfaces, self.now) {
            let errno = self.refuse.take().unwrap_or_else(|| match &request {
                Request::AddAddress { spec, protocol } => self.add(KernelAddress {
                    index: spec.index,
                    address: spec.address,
                    peer: spec.peer,
                    prefix_len: spec.prefix_len,
                    scope: spec.scope,
                    flags: AddressFlags::from_bits(0x80),
                    protocol: *protocol,
                }),
                Request::RemoveAddress { .. } => self.remove(&key),
                Request::CreateMacvlan(_)
                | Request::SuppressLinkLocal { .. }
                | Request::SetLink { .. }
                | Request::DeleteLink { .. } => unreachable!("the keeper leaves links alone"),
            });
            self.requests.push(request);
            let result = match errno {
                _ if self.lose_answers => Err(RequestError::AnswerLost),
                0 => Ok(()),
                errno => Err(RequestError::Refused { errno, text: None }),
            };
            self.answers.push_back((key, result));
        }
        self.lose_answers = false;
    }

    fn deliver_answers(&mut self) {
        while let Some((key, result)) = self.answers.pop_front() {
            self.keeper.completed(key, result, self.now);
        }
    }

    fn deliver_notifications(&mut self) {
        if core::mem::take(&mut self.overrun) || self.keeper.takes_doubt() {
            self.resynchronise();
            return;
        }
        let mut events = Vec::new();
        while let Some(update) = self.notifications.pop_front() {
            self.interfaces
                .apply(update, Source::Notification, &mut events);
        }
        self.observe(&events);
    }

    fn turn(&mut self) {
        self.request();
        self.deliver_answers();
        self.deliver_notifications();
    }

    fn settle(&mut self) {
        for _ in 0..1_000 {
            self.turn();
            if self.keeper.is_settled() && self.notifications.is_empty() {
                return;
            }
            if !self.keeper.due.is_empty() || !self.notifications.is_empty() {
                continue;
            }
            self.now = self.keeper.deadline().unwrap_or(self.now).max(self.now);
        }
        panic!("does not settle: {:?}", self.keeper);
    }

    fn events(&mut self) -> Vec<AddressEvent<u8>> {
        core::iter::from_fn(|| self.keeper.next_event()).collect()
    }

    fn has(&self, last: u8) -> bool {
        self.present.contains_key(&spec(last).key())
    }
}

#[test]
fn addresses_come_with_the_active_state_and_go_with_it() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [spec(1), spec(2)]);
    host.settle();
    assert!(host.present.is_empty());

    host.keeper.set_active(1, true);
    host.settle();
    let installed = |last| AddressEvent::Installed {
        owner: 1,
        address: found(last, Some(18)),
    };
    assert_eq!(host.events(), [installed(1), installed(2)]);

    host.keeper.set_active(1, false);
    host.settle();
    assert!(host.present.is_empty());
    assert_eq!(host.events(), []);
}

#[test]
fn nothing_is_asked_before_the_table_is_complete() {
    let mut keeper = AddressKeeper::<u8>::default();
    keeper.declare(1, Tenure::Virtual, [spec(1)]);
    keeper.set_active(1, true);
    let none = keeper.next_request(&Interfaces::default(), Instant::EPOCH);
    assert_eq!(none, None);
}

#[test]
fn an_address_that_is_there_is_adopted_without_a_request() {
    let mut host = Host::with([found(1, None)]);
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.settle();
    assert_eq!(host.requests, []);
    let address = found(1, None);
    assert_eq!(
        host.events(),
        [AddressEvent::Installed { owner: 1, address }]
    );
}

#[test]
fn an_address_added_by_somebody_else_meanwhile_is_adopted() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    assert_eq!(host.add(found(1, None)), 0);
    host.settle();
    assert_eq!(host.requests.len(), 1);
    let address = found(1, None);
    assert_eq!(
        host.events(),
        [AddressEvent::Installed { owner: 1, address }]
    );
}

#[test]
fn an_address_removed_by_somebody_else_returns_at_once_and_then_ever_slower() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.settle();
    host.events();
    let mut pauses = Vec::new();
    for _ in 0..10 {
        host.remove(&spec(1).key());
        let before = host.now;
        host.settle();
        assert!(host.has(1));
        let pause = host.now.saturating_duration_since(before);
        pauses.push(pause.as_millis());
        let address = found(1, Some(18));
        assert_eq!(
            host.events(),
            [
                AddressEvent::Lost { owner: 1, address },
                AddressEvent::Installed { owner: 1, address }
            ]
        );
    }
    assert_eq!(
        pauses,
        [0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]
    );
    host.now = host.now + Duration::from_secs(61);
    host.remove(&spec(1).key());
    let before = host.now;
    host.settle();
    assert_eq!(host.now, before, "a minute of peace is forgiveness");
}

#[test]
fn leftovers_with_our_mark_go_and_foreign_addresses_stay() {
    let mut host = Host::with([found(1, Some(18)), found(2, Some(18)), found(3, None)]);
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.keeper.condemn_leftovers(&host.interfaces);
    host.settle();
    assert!(host.has(1) && !host.has(2) && host.has(3));
    assert_eq!(host.requests.len(), 1);
}

#[test]
fn a_backup_has_no_virtual_address_and_an_owner_keeps_its_own() {
    let mut host = Host::with([found(1, None), found(2, None)]);
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.declare(2, Tenure::Owner, [spec(2), spec(3)]);
    host.settle();
    assert!(!host.has(1) && host.has(2));

    host.keeper.set_active(2, true);
    host.settle();
    assert!(host.has(3));
    host.keeper.set_active(2, false);
    host.settle();
    assert!(host.has(2) && !host.has(3));
}

#[test]
fn a_refusal_is_reported_and_tried_again() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.refuse = Some(13);
    host.turn();
    let refused = RequestError::Refused {
        errno: 13,
        text: None,
    };
    assert_eq!(
        host.events(),
        [AddressEvent::Failed {
            owner: 1,
            key: spec(1).key(),
            error: AddressError::Request(refused)
        }]
    );
    assert_eq!(
        host.keeper.deadline(),
        Some(host.now + Duration::from_millis(100))
    );
    host.settle();
    assert!(host.has(1));
}

#[test]
fn a_refused_removal_is_not_repeated_without_a_pause() {
    let mut host = Host::with([found(1, None)]);
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    for attempt in 1..=3 {
        host.refuse = Some(1);
        host.turn();
        host.turn();
        assert_eq!(host.requests.len(), attempt);
        host.now = host.keeper.deadline().unwrap();
    }
}

#[test]
fn a_kernel_that_refuses_the_mark_is_asked_without_it() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.refuse = Some(22);
    host.settle();
    let marks: Vec<_> = (host.requests.iter())
        .map(|request| match request {
            Request::AddAddress { protocol, .. } => *protocol,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(marks, [Some(AddressProtocol::VRRP), None]);
    assert!(host.has(1));
}

#[test]
fn a_tentative_address_is_announced_when_it_is_usable_and_a_duplicate_is_a_failure() {
    let state = |bits| KernelAddress {
        flags: AddressFlags::from_bits(bits),
        ..found(1, Some(18))
    };
    let mut host = Host::with([state(0x40)]);
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.turn();
    assert_eq!(host.events(), []);

    host.notifications.push_back(Update::Address(state(0x08)));
    host.turn();
    host.turn();
    let key = spec(1).key();
    let error = AddressError::Duplicate;
    assert_eq!(
        host.events(),
        [AddressEvent::Failed {
            owner: 1,
            key,
            error
        }]
    );

    host.notifications.push_back(Update::Address(state(0x80)));
    host.turn();
    host.turn();
    let address = state(0x80);
    assert_eq!(
        host.events(),
        [AddressEvent::Installed { owner: 1, address }]
    );
}

#[test]
fn an_address_two_owners_share_stays_until_both_are_inactive() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.declare(2, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.keeper.set_active(2, true);
    host.settle();
    host.keeper.set_active(1, false);
    host.settle();
    assert!(host.has(1));
    host.keeper.forget(2);
    host.settle();
    assert!(!host.has(1));
}

#[test]
fn a_new_declaration_removes_only_what_it_no_longer_has() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [spec(1), spec(2)]);
    host.keeper.set_active(1, true);
    host.settle();
    host.requests.clear();
    host.keeper.declare(1, Tenure::Virtual, [spec(2), spec(3)]);
    host.settle();
    assert!(!host.has(1) && host.has(2) && host.has(3));
    assert_eq!(host.requests.len(), 2);
    assert!(
        host.keeper.entries.len() == 2,
        "the dropped one is forgotten"
    );
}

#[derive(Clone, Debug)]
enum Op {
    Declare(u8, Vec<u8>),
    Activate(u8, bool),
    Forget(u8),
    ForeignAdd(u8),
    ForeignRemove(u8),
    Request,
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
        owner.prop_map(Op::Forget),
        (0..8u8).prop_map(Op::ForeignAdd),
        (0..8u8).prop_map(Op::ForeignRemove),
        Just(Op::Request),
        Just(Op::Answers),
        Just(Op::Notifications),
        prop_oneof![Just(1), Just(12), Just(19), Just(22), Just(105)].prop_map(Op::Refuse),
        Just(Op::LoseAnswers),
        Just(Op::Overrun),
        (0..5_000u64).prop_map(Op::Wait),
    ]
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
        for last in 0..6 {
            let claims = || declared.iter().filter(|(_, addresses)| addresses.contains(&last));
            let wanted = claims().any(|(owner, _)| active.contains(owner));
            if claims().next().is_some() {
                prop_assert_eq!(host.has(last), wanted, "address {}", last);
            }
        }
        for last in 6..8 {
            prop_assert_eq!(host.has(last), foreign.contains(&last), "foreign address {}", last);
        }
    }
}
