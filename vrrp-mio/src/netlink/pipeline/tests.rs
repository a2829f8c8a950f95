//! Tests of the pipeline.

use super::*;
use crate::netlink::frame::Messages;

fn pipeline(requests: u32) -> Pipeline<u32> {
    let mut pipeline = Pipeline::new();
    for index in 1..=requests {
        pipeline.push(Request::DeleteLink { index }, index).unwrap();
    }
    pipeline
}

fn acknowledge(pipeline: &mut Pipeline<u32>, sequence: u32, errno: i32) -> Option<Completion<u32>> {
    let payload = [(-errno).to_ne_bytes(), 16u32.to_ne_bytes()].concat();
    pipeline.receive(&Message {
        kind: NLMSG_ERROR,
        flags: 0,
        sequence,
        port: 1,
        payload: &payload,
    })
}

fn send(pipeline: &mut Pipeline<u32>, limit: usize) -> Vec<u32> {
    let mut datagram = Vec::new();
    pipeline.next_batch(limit, &mut datagram, &mut Vec::new());
    let sequences = Messages::new(&datagram).map(|message| message.unwrap().sequence);
    let sequences = sequences.collect();
    pipeline.sent(Instant::EPOCH);
    sequences
}

#[test]
fn answers_find_their_requests_by_number() {
    let mut pipeline = pipeline(3);
    assert_eq!(send(&mut pipeline, 2), [1, 2]);
    let refused = acknowledge(&mut pipeline, 2, 19).unwrap();
    assert_eq!(refused.tag, 2);
    assert_eq!(refused.result.unwrap_err().errno(), Some(19));
    let done = acknowledge(&mut pipeline, 1, 0).unwrap();
    assert_eq!((done.tag, done.result), (1, Ok(())));
    assert!(
        acknowledge(&mut pipeline, 1, 0).is_none(),
        "a second answer"
    );
    assert!(!pipeline.is_idle());
}

#[test]
fn no_more_than_128_requests_are_in_flight() {
    let mut pipeline = pipeline(200);
    assert_eq!(send(&mut pipeline, 500).len(), 128);
    assert_eq!(send(&mut pipeline, 500), []);
    acknowledge(&mut pipeline, 5, 0).unwrap();
    assert_eq!(send(&mut pipeline, 500), [129]);
}

#[test]
fn a_batch_that_was_not_sent_goes_out_later_in_the_same_order() {
    let mut pipeline = pipeline(3);
    pipeline.next_batch(2, &mut Vec::new(), &mut Vec::new());
    pipeline.not_sent();
    assert_eq!(send(&mut pipeline, 3), [3, 4, 5]);
    let tags = [3, 4, 5].map(|sequence| acknowledge(&mut pipeline, sequence, 0).unwrap().tag);
    assert_eq!(tags, [1, 2, 3]);
}

#[test]
fn lost_and_late_answers_leave_the_outcome_open() {
    let mut pipeline = pipeline(2);
    send(&mut pipeline, 1);
    let mut completions = Vec::new();
    pipeline.answers_lost(&mut completions);
    send(&mut pipeline, 1);
    assert_eq!(pipeline.deadline(), Some(Instant::from_millis(5_000)));
    pipeline.expire(Instant::from_millis(4_999), &mut completions);
    pipeline.expire(Instant::from_millis(5_000), &mut completions);
    let outcomes: Vec<_> = completions
        .into_iter()
        .map(|done| (done.tag, done.result))
        .collect();
    assert_eq!(
        outcomes,
        [
            (1, Err(RequestError::AnswerLost)),
            (2, Err(RequestError::TimedOut))
        ]
    );
    assert!(
        outcomes
            .iter()
            .all(|(_, result)| result.as_ref().unwrap_err().is_uncertain())
    );
}

#[test]
fn the_queue_is_bounded() {
    let mut pipeline = pipeline(1_024);
    assert_eq!(pipeline.room(), 0);
    let full = pipeline
        .push(Request::DeleteLink { index: 1 }, 9)
        .unwrap_err();
    assert_eq!(full.tag, 9);
}
