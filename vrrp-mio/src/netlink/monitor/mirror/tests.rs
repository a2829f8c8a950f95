//! Tests of the mirror.

use super::*;

const PORT: u32 = 77;

fn message(kind: u16, flags: u16, sequence: u32, port: u32, payload: &[u8]) -> Message<'_> {
    Message {
        kind,
        flags,
        sequence,
        port,
        payload,
    }
}

fn new_address(last: u8) -> Vec<u8> {
    let mut payload = vec![2, 24, 0x80, 0, 2, 0, 0, 0];
    payload.extend([8, 0, 2, 0, 192, 0, 2, last]);
    payload
}

/// Answers the requests of a round, each with the given flags on its end.
fn run_round(mirror: &mut Mirror, now: Instant, flags: [u16; 3], events: &mut Vec<NetworkEvent>) {
    for (flags, expected) in
        flags
            .into_iter()
            .zip([Dump::Links, Dump::V4Addresses, Dump::V6Addresses])
    {
        let Some((sequence, dump)) = mirror.next_request(now) else {
            return;
        };
        assert_eq!(dump, expected);
        if dump == Dump::V4Addresses {
            let payload = new_address(1);
            mirror.take_in(&message(20, 2, sequence, PORT, &payload), now, events);
        }
        mirror.take_in(
            &message(NLMSG_DONE, 2 | flags, sequence, PORT, &[0; 4]),
            now,
            events,
        );
    }
    while mirror.end_round(events) {}
}

#[test]
fn three_lists_make_the_table_complete() {
    let mut mirror = Mirror::new(PORT);
    let mut events = Vec::new();
    run_round(&mut mirror, Instant::EPOCH, [0; 3], &mut events);
    assert!(mirror.is_synchronised());
    assert_eq!(mirror.deadline(), None);
    assert_eq!(events.len(), 2);
    assert_eq!(events[1], NetworkEvent::Synchronised);
}

#[test]
fn a_list_that_changed_while_read_is_read_again_after_a_pause() {
    let mut mirror = Mirror::new(PORT);
    let mut events = Vec::new();
    run_round(&mut mirror, Instant::EPOCH, [0, 0x10, 0], &mut events);
    assert!(!mirror.is_synchronised());
    assert_eq!(mirror.deadline(), Some(Instant::from_millis(50)));
    assert_eq!(mirror.next_request(Instant::from_millis(49)), None);
    run_round(&mut mirror, Instant::from_millis(50), [0; 3], &mut events);
    assert!(mirror.is_synchronised());
}

#[test]
fn a_loss_during_a_list_lets_it_end_and_then_starts_the_round_again() {
    let mut mirror = Mirror::new(PORT);
    let mut events = Vec::new();
    let (sequence, _) = mirror.next_request(Instant::EPOCH).unwrap();
    mirror.invalidate();
    assert_eq!(
        mirror.next_request(Instant::EPOCH),
        None,
        "one list at a time"
    );
    mirror.take_in(
        &message(NLMSG_DONE, 2, sequence, PORT, &[0; 4]),
        Instant::EPOCH,
        &mut events,
    );
    run_round(&mut mirror, Instant::from_millis(50), [0; 3], &mut events);
    assert!(mirror.is_synchronised());
    mirror.invalidate();
    assert!(!mirror.is_synchronised());
    assert_eq!(
        mirror.next_request(Instant::from_millis(60)).unwrap().1,
        Dump::Links
    );
}

#[test]
fn a_refused_or_unanswered_list_is_asked_for_again() {
    let mut mirror = Mirror::new(PORT);
    let mut events = Vec::new();
    let (sequence, _) = mirror.next_request(Instant::EPOCH).unwrap();
    let busy = [(-16i32).to_ne_bytes(), 16u32.to_ne_bytes()].concat();
    mirror.take_in(
        &message(NLMSG_ERROR, 0, sequence, PORT, &busy),
        Instant::EPOCH,
        &mut events,
    );
    assert!(mirror.next_request(Instant::from_millis(50)).is_some());
    assert_eq!(mirror.deadline(), Some(Instant::from_millis(10_050)));
    assert!(mirror.next_request(Instant::from_millis(10_050)).is_some());
}

#[test]
fn the_rest_of_an_abandoned_list_is_disregarded() {
    let mut mirror = Mirror::new(PORT);
    let mut events = Vec::new();
    run_round(&mut mirror, Instant::EPOCH, [0; 3], &mut events);
    events.clear();
    let payload = new_address(9);
    mirror.take_in(
        &message(20, 2, 1, PORT, &payload),
        Instant::EPOCH,
        &mut events,
    );
    assert_eq!(events, []);
    mirror.take_in(
        &message(20, 0, 1, 1234, &payload),
        Instant::EPOCH,
        &mut events,
    );
    assert_eq!(events.len(), 1, "a change another process made");
}
