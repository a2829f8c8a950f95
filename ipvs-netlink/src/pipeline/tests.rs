//! Tests of the pipeline.

use ipvs_core::ServiceKey;

use super::*;

const FAMILY: u16 = 0x1f;
const NOW: Duration = Duration::from_secs(100);

fn key(port: u16) -> ServiceKey {
    ServiceKey::tcp([192, 0, 2, 1].into(), port)
}

fn delete(port: u16) -> Request {
    Request::DeleteService(key(port))
}

/// A pipeline with deletions of the ports from 1 to `count` in flight, numbered as these.
fn in_flight(count: u16) -> Pipeline<u16> {
    let mut pipeline = Pipeline::new(FAMILY);
    for port in 1..=count {
        pipeline.push(delete(port), port);
    }
    send(&mut pipeline);
    pipeline
}

fn send(pipeline: &mut Pipeline<u16>) -> Vec<u8> {
    let mut datagram = Vec::new();
    pipeline.next_batch(IN_FLIGHT, &mut datagram, &mut Vec::new());
    pipeline.sent(NOW);
    datagram
}

fn answer(sequence: u32, kind: u16, payload: &[u8]) -> Message<'_> {
    Message {
        kind,
        flags: 0,
        sequence,
        payload,
    }
}

fn verdict(errno: i32) -> Vec<u8> {
    [errno.wrapping_neg().to_ne_bytes(), 16u32.to_ne_bytes()].concat()
}

/// Takes in an answer to the request numbered `sequence`.
fn receive(pipeline: &mut Pipeline<u16>, sequence: u32, errno: i32) -> Vec<(u16, Outcome)> {
    let payload = verdict(errno);
    receive_message(pipeline, &answer(sequence, NLMSG_ERROR, &payload))
}

type Outcome = Result<Reply, ErrorKind>;

fn receive_message(pipeline: &mut Pipeline<u16>, message: &Message<'_>) -> Vec<(u16, Outcome)> {
    let mut completions = Vec::new();
    pipeline.receive(message, NOW, &mut completions);
    outcomes(completions)
}

fn outcomes(completions: Vec<Completion<u16>>) -> Vec<(u16, Outcome)> {
    completions
        .into_iter()
        .map(|completion| {
            (
                completion.tag,
                completion.result.map_err(|error| error.kind),
            )
        })
        .collect()
}

/// Number and flags of each message.
fn heads(datagram: &[u8]) -> Vec<(u32, u16)> {
    frame::Messages::new(datagram)
        .map(Result::unwrap)
        .map(|message| (message.sequence, message.flags))
        .collect()
}

#[test]
fn only_the_last_of_a_batch_asks_for_an_acknowledgement() {
    let mut pipeline = Pipeline::new(FAMILY);
    for port in 1..=3 {
        pipeline.push(delete(port), port);
    }
    assert_eq!(heads(&send(&mut pipeline)), [(1, 1), (2, 1), (3, 5)]);
}

#[test]
fn an_acknowledgement_is_one_of_all_before_it() {
    let mut pipeline = in_flight(3);
    let done = |tag| (tag, Ok(Reply::Done));
    assert_eq!(receive(&mut pipeline, 3, 0), [done(1), done(2), done(3)]);
    assert!(pipeline.is_idle());
    assert_eq!(pipeline.deadline(), None);
}

#[test]
fn an_error_is_that_of_its_request_alone() {
    let mut pipeline = in_flight(4);
    assert_eq!(
        receive(&mut pipeline, 2, 3),
        [(1, Ok(Reply::Done)), (2, Err(ErrorKind::ServiceMissing))]
    );
    assert_eq!(
        receive(&mut pipeline, 4, 3),
        [(3, Ok(Reply::Done)), (4, Err(ErrorKind::ServiceMissing))]
    );
}

#[test]
fn answers_to_other_requests_are_disregarded() {
    let mut pipeline = in_flight(2);
    for sequence in [0, 3, 4, u32::MAX] {
        assert_eq!(receive(&mut pipeline, sequence, 0), []);
    }
    pipeline.give_up(ErrorKind::TimedOut, &mut Vec::new());
    pipeline.push(delete(9), 9);
    send(&mut pipeline);
    assert_eq!(receive(&mut pipeline, 2, 0), []);
    assert_eq!(receive(&mut pipeline, 3, 0), [(9, Ok(Reply::Done))]);
}

#[test]
fn sequence_numbers_wrap() {
    let mut pipeline = Pipeline::new(FAMILY);
    pipeline.sequence = u32::MAX;
    for port in 1..=3 {
        pipeline.push(delete(port), port);
    }
    let heads = heads(&send(&mut pipeline));
    assert_eq!(heads, [(u32::MAX, 1), (0, 1), (1, 5)]);
    assert_eq!(receive(&mut pipeline, 0, 3).len(), 2);
    assert_eq!(receive(&mut pipeline, 1, 0), [(3, Ok(Reply::Done))]);
}

#[test]
fn after_a_loss_silence_means_nothing() {
    let mut pipeline = in_flight(3);
    pipeline.lose();
    let lost = |tag| (tag, Err(ErrorKind::AnswerLost));
    assert_eq!(
        receive(&mut pipeline, 2, 0),
        [lost(1), (2, Ok(Reply::Done))]
    );
    let mut completions = Vec::new();
    pipeline.drained(&mut completions);
    assert_eq!(outcomes(completions), [lost(3)]);
    assert!(!pipeline.expects());
    pipeline.push(delete(4), 4);
    send(&mut pipeline);
    assert_eq!(receive(&mut pipeline, 4, 0), [(4, Ok(Reply::Done))]);
}

#[test]
fn an_answer_may_take_five_seconds_after_the_last_one() {
    let mut pipeline = in_flight(2);
    assert_eq!(pipeline.deadline(), Some(Duration::from_secs(105)));
    let mut completions = Vec::new();
    pipeline.expire(Duration::from_millis(104_999), &mut completions);
    assert!(completions.is_empty());
    let later = Duration::from_secs(103);
    let payload = verdict(3);
    pipeline.receive(&answer(1, NLMSG_ERROR, &payload), later, &mut completions);
    completions.clear();
    assert_eq!(pipeline.deadline(), Some(Duration::from_secs(108)));
    pipeline.expire(Duration::from_secs(108), &mut completions);
    assert_eq!(outcomes(completions), [(2, Err(ErrorKind::TimedOut))]);
    assert_eq!(pipeline.deadline(), None);
}

#[test]
fn no_more_are_in_flight_than_their_answers_have_room() {
    let mut pipeline = Pipeline::new(FAMILY);
    for port in 1..=200 {
        pipeline.push(delete(port), port);
    }
    assert_eq!(heads(&send(&mut pipeline)).len(), 128);
    assert_eq!(send(&mut pipeline), []);
    assert_eq!(receive(&mut pipeline, 100, 0).len(), 100);
    assert_eq!(heads(&send(&mut pipeline)).len(), 72);
}

#[test]
fn what_could_not_be_sent_is_sent_again_as_it_was() {
    let mut pipeline = Pipeline::new(FAMILY);
    for port in 1..=3 {
        pipeline.push(delete(port), port);
    }
    let mut first = Vec::new();
    pipeline.next_batch(2, &mut first, &mut Vec::new());
    pipeline.not_sent();
    let mut again = Vec::new();
    pipeline.next_batch(2, &mut again, &mut Vec::new());
    assert_eq!(first, again);
    assert_eq!(pipeline.sent(NOW), 2);
}

#[test]
fn a_list_ends_a_batch_and_nothing_is_sent_before_its_end() {
    let mut pipeline = Pipeline::new(FAMILY);
    pipeline.push(delete(1), 1);
    pipeline.push(Request::Services, 2);
    pipeline.push(delete(3), 3);
    assert_eq!(heads(&send(&mut pipeline)), [(1, 1), (2, 0x301)]);
    assert_eq!(send(&mut pipeline), []);
    let end = 0i32.to_ne_bytes();
    assert_eq!(
        receive_message(&mut pipeline, &answer(2, NLMSG_DONE, &end)),
        [(1, Ok(Reply::Done)), (2, Ok(Reply::Services(Vec::new())))]
    );
    assert_eq!(heads(&send(&mut pipeline)), [(3, 5)]);
}

#[test]
fn an_interrupted_list_is_no_list() {
    let mut pipeline = Pipeline::new(FAMILY);
    pipeline.push(Request::Daemons, 1);
    send(&mut pipeline);
    let end = 0i32.to_ne_bytes();
    let mut message = answer(1, NLMSG_DONE, &end);
    message.flags = 0x12;
    assert_eq!(
        receive_message(&mut pipeline, &message),
        [(1, Err(ErrorKind::Interrupted))]
    );
}

#[test]
fn an_answer_comes_before_its_acknowledgement_or_is_lost() {
    let timeouts: Vec<u8> = (4u16..=6)
        .flat_map(|number| {
            let head = [8u16.to_ne_bytes(), number.to_ne_bytes()].concat();
            [head, u32::from(number).to_ne_bytes().to_vec()].concat()
        })
        .collect();
    let payload = [&[12, 1, 0, 0][..], &timeouts].concat();
    let mut pipeline = Pipeline::new(FAMILY);
    for tag in 1..=3 {
        pipeline.push(Request::Timeouts, tag);
    }
    send(&mut pipeline);
    assert_eq!(
        receive_message(&mut pipeline, &answer(1, FAMILY, &payload)),
        []
    );
    let expected = ipvs_core::Timeouts {
        tcp: 4,
        tcp_fin: 5,
        udp: 6,
    };
    assert_eq!(
        receive(&mut pipeline, 1, 0),
        [(1, Ok(Reply::Timeouts(expected)))]
    );
    assert_eq!(
        receive(&mut pipeline, 2, 0),
        [(2, Err(ErrorKind::AnswerLost))]
    );
    let malformed = receive_message(&mut pipeline, &answer(3, FAMILY, &payload[..12]));
    assert_eq!(malformed, []);
    let missing = DecodeError::Missing("IPVS_CMD_ATTR_TIMEOUT_TCP_FIN");
    assert_eq!(
        receive(&mut pipeline, 3, 0),
        [(3, Err(ErrorKind::Malformed(missing)))]
    );
}

#[test]
fn a_verdict_without_a_number_is_malformed() {
    let mut pipeline = in_flight(1);
    let message = answer(1, NLMSG_ERROR, &[1, 2]);
    assert_eq!(
        receive_message(&mut pipeline, &message),
        [(1, Err(ErrorKind::Malformed(DecodeError::Framing)))]
    );
}
