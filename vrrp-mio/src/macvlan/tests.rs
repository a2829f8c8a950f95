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
            MacvlanStep::Request(_) => subject.completed(Ok(()), now).unwrap(),
            MacvlanStep::Tune { index } => subject.tuned(index),
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
        subject.completed(Err(refused), now).unwrap_err();
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
        mac: spec().mac,
    };
    assert_eq!(subject.next_step(&interfaces, Instant::EPOCH), Err(taken));
    subject.want(Presence::Absent);
    assert_eq!(subject.next_step(&interfaces, Instant::EPOCH), Ok(None));
}
