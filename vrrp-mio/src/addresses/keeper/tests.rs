//! Tests of the address keeper.

mod convergence;
mod crowd;
mod replacement;

use std::collections::{BTreeMap, VecDeque};

use super::*;
use crate::interfaces::{AddressFlags, Link, LinkFlags, LinkKind, Scope, Source};
use crate::netlink::Update;
use crate::{AddressSpec, Progress};

/// A kernel of one interface, whose notifications and answers are delivered when the test says.
struct Host {
    keeper: AddressKeeper<u8>,
    interfaces: Interfaces,
    present: BTreeMap<AddressKey, KernelAddress>,
    notifications: VecDeque<Update>,
    answers: VecDeque<(AddressKey, Result<(), RequestError>)>,
    refuse: Option<i32>,
    lose_answers: bool,
    /// The flags of what is added.
    added_as: u32,
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
        parent_namespace: None,
        vrf: None,
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
            added_as: 0x80,
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
        while self.interfaces.end_round(&mut events) == Progress::Partial {}
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
        while self.request_one() {}
        self.lose_answers = false;
    }

    /// Carries out the next request, if there is one.
    fn request_one(&mut self) -> bool {
        let next = self.keeper.next_request(&self.interfaces, self.now);
        let Some((key, request)) = next else {
            return false;
        };
        let errno = self.refuse.take().unwrap_or_else(|| match &request {
            Request::AddAddress { spec, protocol } => self.add(KernelAddress {
                index: spec.index,
                address: spec.address,
                peer: spec.peer,
                prefix_len: spec.prefix_len,
                scope: spec.scope,
                flags: AddressFlags::from_bits(self.added_as),
                protocol: *protocol,
            }),
            Request::RemoveAddress { .. } => self.remove(&key),
            Request::CreateMacvlan(_)
            | Request::BridgeMacvlan { .. }
            | Request::SetVrf { .. }
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
        true
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
            if self.keeper.has_due() || !self.notifications.is_empty() {
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
fn an_address_is_asked_for_as_it_was_declared() {
    let special = AddressSpec {
        scope: Scope(200),
        label: Some("eth0:1".parse().unwrap()),
        broadcast: Some([192, 0, 2, 255].into()),
        preferred_lifetime: Some(0),
        duplicate_detection: true,
        no_prefix_route: true,
        ..AddressSpec::new(2, [192, 0, 2, 1].into(), 24)
    };
    let plain = AddressSpec::new(2, "2001:db8::1".parse().unwrap(), 64);
    let mut host = Host::new();
    let declared = [special.clone(), plain.clone()];
    host.keeper.declare(1, Tenure::Virtual, declared);
    host.keeper.set_active(1, true);
    host.settle();
    let protocol = Some(AddressProtocol::VRRP);
    let asked = [special, plain].map(|spec| Request::AddAddress { spec, protocol });
    assert_eq!(host.requests, asked);
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
    host.keeper.condemn_leftovers();
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
    host.turn();
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
        .map(|request| {
            let Request::AddAddress { protocol, .. } = request else {
                panic!("{request:?}");
            };
            *protocol
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

#[test]
fn addresses_that_need_no_change_are_looked_at_a_few_at_a_time() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, (0..200).map(spec));
    let mut calls = 0;
    while host.keeper.deadline().is_some() {
        assert_eq!(host.keeper.next_request(&host.interfaces, host.now), None);
        calls += 1;
    }
    assert_eq!(calls, 4);
}

#[test]
fn an_adopted_address_goes_with_its_declaration() {
    let mut host = Host::with([found(1, None)]);
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.settle();
    assert!(host.has(1));
    host.keeper.forget(1);
    host.settle();
    assert!(!host.has(1));
}

#[test]
fn a_notification_that_never_comes_raises_doubt() {
    let mut host = Host::new();
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.request();
    host.deliver_answers();
    host.notifications.clear();
    host.request();
    assert!(!host.keeper.takes_doubt());
    host.now = host.keeper.deadline().unwrap();
    host.request();
    assert!(host.keeper.takes_doubt());
    assert!(!host.keeper.takes_doubt(), "asked once");
}

/// The address is there in the state of `bits`, and the owner is active.
fn in_state(bits: u32) -> Host {
    let mut host = Host::with([KernelAddress {
        flags: AddressFlags::from_bits(bits),
        ..found(1, Some(18))
    }]);
    host.keeper.declare(1, Tenure::Virtual, [spec(1)]);
    host.keeper.set_active(1, true);
    host.turn();
    host
}

fn failed(error: AddressError) -> AddressEvent<u8> {
    AddressEvent::Failed {
        owner: 1,
        key: spec(1).key(),
        error,
    }
}

#[test]
fn a_duplicate_is_removed_and_added_anew_with_growing_pauses_and_told_once() {
    let mut host = in_state(0x48);
    assert_eq!(host.events(), [failed(AddressError::Duplicate)]);
    let key = spec(1).key();
    assert_eq!(host.keeper.failure(&key), Some(&AddressError::Duplicate));
    host.added_as = 0x48;
    for pause in [800, 1_600] {
        host.requests.clear();
        host.turn();
        assert_eq!(host.requests, [], "before {pause} ms");
        host.now = host.now + Duration::from_millis(pause);
        (0..6).for_each(|_| host.turn());
        assert!(matches!(
            host.requests[..],
            [Request::RemoveAddress { .. }, Request::AddAddress { .. }]
        ));
        assert_eq!(host.events(), [], "reported once");
    }
    host.added_as = 0x80;
    host.now = host.now + Duration::from_millis(3_200);
    (0..6).for_each(|_| host.turn());
    assert!(matches!(
        host.events()[..],
        [AddressEvent::Installed { .. }]
    ));
    assert_eq!(host.keeper.failure(&key), None);
}

/// The kernel leaves what has failed tentative.
#[test]
fn a_detection_that_fails_is_told_at_once() {
    let mut host = in_state(0x40);
    assert_eq!(host.events(), []);
    host.notifications.push_back(Update::Address(KernelAddress {
        flags: AddressFlags::from_bits(0x48),
        ..found(1, Some(18))
    }));
    host.turn();
    host.turn();
    assert_eq!(host.events(), [failed(AddressError::Duplicate)]);
}

#[test]
fn a_detection_that_does_not_end_is_told() {
    let mut host = in_state(0x40);
    assert_eq!(host.events(), []);
    host.now = host.now + Duration::from_secs(10);
    host.turn();
    assert_eq!(host.events(), [failed(AddressError::Tentative)]);
    host.turn();
    assert_eq!(host.events(), []);
}
