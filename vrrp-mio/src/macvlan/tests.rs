//! Tests of macvlans.

use vrrp_core::{Family, MacAddr, Vrid};

use super::*;
use crate::interfaces::{LinkFlags, Source};
use crate::netlink::Update;

const UP: u32 = 0x1_1043;
const DOWN: u32 = 0x1002;

fn spec() -> MacvlanSpec {
    MacvlanSpec::of_router(Vrid::new(51).unwrap(), Family::V4, 2).unwrap()
}

fn parent(flags: u32) -> Link {
    Link {
        index: 2,
        name: "eth0".parse().unwrap(),
        mac: None,
        flags: LinkFlags::from_bits(flags),
        mtu: 1500,
        kind: LinkKind::Plain,
        parent: None,
        parent_namespace: None,
        vrf: None,
    }
}

fn macvlan(flags: u32) -> Link {
    Link {
        index: 7,
        name: spec().name,
        mac: Some(spec().mac),
        kind: LinkKind::Macvlan { mode: 4 },
        parent: Some(2),
        ..parent(flags)
    }
}

fn table(links: impl IntoIterator<Item = Link>) -> Interfaces {
    let mut interfaces = Interfaces::default();
    for link in links {
        interfaces.apply(Update::Link(link), Source::Notification, &mut Vec::new());
    }
    interfaces
}

/// The steps until the macvlan has none, each of which succeeds without a change of the table.
fn steps(subject: &mut Macvlan, interfaces: &Interfaces) -> Vec<MacvlanStep> {
    let now = Instant::EPOCH;
    let mut steps = Vec::new();
    while let Some(step) = subject.next_step(interfaces, now).unwrap() {
        match step {
            MacvlanStep::Request(_) => subject.completed(Ok(()), now),
            MacvlanStep::Tune { index } => subject.tuned(index),
            MacvlanStep::Reread => {}
        }
        steps.push(step);
    }
    steps
}

#[test]
fn names_and_macs_of_both_families() {
    let v6 = MacvlanSpec::of_router(Vrid::new(255).unwrap(), Family::V6, 2).unwrap();
    assert_eq!(v6.name.as_str(), "vrrp6.255");
    assert_eq!(v6.mac, MacAddr([0, 0, 0x5e, 0, 2, 255]));
    assert_eq!(spec().name.as_str(), "vrrp.51");
}

#[test]
fn it_is_made_tuned_and_only_then_set_up() {
    let mut subject = Macvlan::new(spec());
    subject.want(Presence::Up);
    let create = MacvlanStep::Request(Request::CreateMacvlan(spec()));
    assert_eq!(steps(&mut subject, &table([parent(UP)])), [create]);
    assert_eq!(
        steps(&mut subject, &table([parent(UP), macvlan(DOWN)])),
        [
            MacvlanStep::Request(Request::SuppressLinkLocal { index: 7 }),
            MacvlanStep::Tune { index: 7 },
            MacvlanStep::Request(Request::SetLink { index: 7, up: true }),
        ]
    );
    let interfaces = table([parent(UP), macvlan(UP)]);
    assert_eq!(steps(&mut subject, &interfaces), []);
    assert!(subject.is_settled(&interfaces));
}

#[test]
fn one_left_over_is_set_down_before_it_is_tuned() {
    let mut subject = Macvlan::new(spec());
    subject.want(Presence::Up);
    let interfaces = table([parent(UP), macvlan(UP)]);
    let down = MacvlanStep::Request(Request::SetLink {
        index: 7,
        up: false,
    });
    assert_eq!(steps(&mut subject, &interfaces), [down]);
}

#[test]
fn it_waits_for_its_parent_to_exist_and_to_be_up() {
    let mut subject = Macvlan::new(spec());
    subject.want(Presence::Up);
    assert_eq!(steps(&mut subject, &table([])), []);
    let waiting = steps(&mut subject, &table([parent(DOWN), macvlan(DOWN)]));
    assert_eq!(waiting.len(), 2, "suppressed and tuned, not up");
}

#[test]
fn a_refusal_is_repeated_with_growing_pauses() {
    let mut subject = Macvlan::new(spec());
    subject.want(Presence::Down);
    let interfaces = table([parent(UP)]);
    let mut now = Instant::EPOCH;
    for pause in [100, 200, 400, 800] {
        subject.next_step(&interfaces, now).unwrap().unwrap();
        let refused = RequestError::Refused {
            errno: 12,
            text: None,
        };
        subject.completed(Err(refused), now);
        let deadline = now + Duration::from_millis(pause);
        assert_eq!(subject.deadline(), Some(deadline));
        assert_eq!(subject.next_step(&interfaces, now).unwrap(), None);
        now = deadline;
    }
}

#[test]
fn another_interface_of_the_name_is_left_alone() {
    let mut subject = Macvlan::new(spec());
    let other = Link {
        mac: None,
        ..macvlan(UP)
    };
    let interfaces = table([parent(UP), other]);
    subject.want(Presence::Up);
    let taken = MacvlanError::NameTaken {
        name: spec().name,
        difference: Difference::Mac(None),
    };
    assert_eq!(subject.next_step(&interfaces, Instant::EPOCH), Err(taken));
    subject.want(Presence::Absent);
    assert_eq!(subject.next_step(&interfaces, Instant::EPOCH), Ok(None));
}

fn delete(index: u32) -> MacvlanStep {
    MacvlanStep::Request(Request::DeleteLink { index })
}

/// The subject, which has made or adopted its macvlan and found it in order.
fn settled() -> Macvlan {
    let mut subject = Macvlan::new(spec());
    subject.want(Presence::Up);
    steps(&mut subject, &table([parent(UP), macvlan(DOWN)]));
    let interfaces = table([parent(UP), macvlan(UP)]);
    assert_eq!(steps(&mut subject, &interfaces), []);
    assert!(subject.is_settled(&interfaces));
    subject
}

#[test]
fn one_in_private_mode_is_put_in_bridge_mode_before_it_is_used() {
    let mut subject = Macvlan::new(spec());
    subject.want(Presence::Up);
    let private = Link {
        kind: LinkKind::Macvlan { mode: 1 },
        ..macvlan(DOWN)
    };
    let interfaces = table([parent(UP), private]);
    // Nothing notifies of the mode of an interface that is down.
    assert_eq!(
        steps(&mut subject, &interfaces),
        [
            MacvlanStep::Request(Request::BridgeMacvlan { index: 7 }),
            MacvlanStep::Reread
        ]
    );
    assert!(!subject.is_ready(&interfaces));
    let interfaces = table([parent(UP), macvlan(DOWN)]);
    assert_eq!(steps(&mut subject, &interfaces).len(), 3);
    assert!(subject.is_ready(&interfaces));
}

/// As the kernel places it: under a macvlan, or where that one's lower interface is.
#[test]
fn one_on_a_macvlan_is_on_the_latters_own_lower_interface() {
    for (lower, namespace) in [(Some(1), None), (Some(2), Some(0))] {
        let stacked = Link {
            kind: LinkKind::Macvlan { mode: 4 },
            parent: lower,
            parent_namespace: namespace,
            ..parent(UP)
        };
        let right = Link {
            parent: lower,
            parent_namespace: namespace,
            ..macvlan(DOWN)
        };
        let interfaces = table([stacked.clone(), right.clone()]);
        assert_eq!(spec().difference(&right, &interfaces), None);
        let wrong = Link {
            parent: Some(2),
            parent_namespace: None,
            ..right
        };
        let interfaces = table([stacked, wrong.clone()]);
        let difference = spec().difference(&wrong, &interfaces);
        assert_eq!(difference, Some(Difference::Lower));
    }
}

/// While its parent was away the kernel numbered it in another namespace.
#[test]
fn the_interfaces_are_read_again_before_a_lower_interface_is_called_wrong() {
    let mut subject = Macvlan::new(spec());
    subject.want(Presence::Up);
    let stale = Link {
        parent: Some(9),
        parent_namespace: Some(0),
        ..macvlan(DOWN)
    };
    let interfaces = table([parent(UP), stale]);
    let now = Instant::EPOCH;
    assert_eq!(
        subject.next_step(&interfaces, now),
        Ok(Some(MacvlanStep::Reread))
    );
    assert_eq!(subject.next_step(&interfaces, now), Ok(None));
    assert_eq!(subject.deadline(), Some(now + CONFIRMATION));
    let taken = MacvlanError::NameTaken {
        name: spec().name,
        difference: Difference::Lower,
    };
    let later = now + CONFIRMATION;
    assert_eq!(subject.next_step(&interfaces, later), Err(taken));
    assert_eq!(subject.deadline(), None);
    let interfaces = table([parent(UP), macvlan(DOWN)]);
    assert_eq!(steps(&mut subject, &interfaces).len(), 3);
}

#[test]
fn an_own_one_that_was_changed_is_made_anew_and_never_left_behind() {
    let mac = Link {
        mac: Some(MacAddr([2, 0, 0, 0, 0, 9])),
        ..macvlan(UP)
    };
    let renamed = Link {
        name: "other".parse().unwrap(),
        ..macvlan(UP)
    };
    for changed in [mac, renamed] {
        for wanted in [Presence::Up, Presence::Absent] {
            let mut subject = settled();
            subject.want(wanted);
            let interfaces = table([parent(UP), changed.clone()]);
            assert!(!subject.is_settled(&interfaces));
            assert_eq!(steps(&mut subject, &interfaces), [delete(7)]);
            let interfaces = table([parent(UP)]);
            let create = MacvlanStep::Request(Request::CreateMacvlan(spec()));
            let expected = match wanted {
                Presence::Up => vec![create],
                Presence::Absent | Presence::Down => Vec::new(),
            };
            assert_eq!(steps(&mut subject, &interfaces), expected);
        }
    }
}

fn refused(errno: i32) -> Result<(), RequestError> {
    Err(RequestError::Refused { errno, text: None })
}

#[test]
fn whether_it_may_be_up_is_asked_while_it_is_to_be_down() {
    let mut subject = Macvlan::new(spec());
    subject.want(Presence::Up);
    let interfaces = table([parent(UP), macvlan(DOWN)]);
    let up = MacvlanStep::Request(Request::SetLink { index: 7, up: true });
    let now = Instant::EPOCH;
    for _ in 0..2 {
        match subject.next_step(&interfaces, now).unwrap() {
            Some(MacvlanStep::Tune { index }) => subject.tuned(index),
            Some(MacvlanStep::Request(_)) => subject.completed(Ok(()), now),
            Some(MacvlanStep::Reread) | None => panic!("it is prepared"),
        }
    }
    assert_eq!(subject.next_step(&interfaces, now), Ok(Some(up.clone())));
    subject.completed(refused(16), now);
    let busy = "the kernel refused a change to interface vrrp.51";
    assert_eq!(subject.refusal().unwrap().to_string(), busy);
    subject.want(Presence::Down);
    assert_eq!(subject.next_step(&interfaces, now), Ok(None));
    assert!(subject.refusal().is_some());
    let later = now + SHORTEST_PAUSE;
    assert_eq!(subject.next_step(&interfaces, later), Ok(Some(up)));
    subject.completed(Ok(()), later);
    assert_eq!(subject.refusal(), None);
    let interfaces = table([parent(UP), macvlan(UP)]);
    let down = MacvlanStep::Request(Request::SetLink {
        index: 7,
        up: false,
    });
    assert_eq!(subject.next_step(&interfaces, later), Ok(Some(down)));
}

/// One that is deleted is told to be down first.
#[test]
fn that_it_is_gone_is_no_refusal() {
    let mut subject = settled();
    let now = Instant::EPOCH + CONFIRMATION;
    let interfaces = table([parent(UP), macvlan(DOWN)]);
    let up = MacvlanStep::Request(Request::SetLink { index: 7, up: true });
    assert_eq!(subject.next_step(&interfaces, now), Ok(Some(up)));
    subject.completed(refused(19), now);
    assert_eq!(subject.refusal(), None);
    assert_eq!(subject.next_step(&interfaces, now), Ok(None));
    let create = MacvlanStep::Request(Request::CreateMacvlan(spec()));
    let gone = table([parent(UP)]);
    assert_eq!(subject.next_step(&gone, now), Ok(Some(create)));
}

#[test]
fn one_that_could_not_be_made_is_settled_as_soon_as_it_is_not_wanted() {
    let mut subject = Macvlan::new(spec());
    subject.want(Presence::Up);
    let interfaces = table([parent(UP)]);
    let now = Instant::EPOCH;
    subject.next_step(&interfaces, now).unwrap().unwrap();
    subject.completed(refused(16), now);
    subject.want(Presence::Absent);
    assert_eq!(subject.next_step(&interfaces, now), Ok(None));
    assert_eq!((subject.refusal(), subject.deadline()), (None, None));
    assert!(subject.is_settled(&interfaces));
}

#[test]
fn a_macvlan_is_in_the_vrf_of_its_parent() {
    let in_vrf = |link: Link, vrf| Link { vrf, ..link };
    for vrf in [Some(9), None] {
        let former = vrf.xor(Some(9));
        let interfaces = table([in_vrf(parent(UP), vrf), in_vrf(macvlan(DOWN), former)]);
        let mut subject = Macvlan::new(spec());
        subject.want(Presence::Up);
        let first = subject.next_step(&interfaces, Instant::EPOCH).unwrap();
        let request = Request::SetVrf { index: 7, vrf };
        assert_eq!(first, Some(MacvlanStep::Request(request)));
    }
}
