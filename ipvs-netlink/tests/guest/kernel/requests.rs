//! Tests of several requests at once: batches, and the non-blocking client.

use core::cell::Cell;
use core::time::Duration;

use ipvs_core::{Destination, Scheduler, Service};
use ipvs_netlink::{ErrorKind, Progress, Reply, Request, Requests, TimeSlice};

use super::host::{client, real, service, tcp};

/// Destination `number` of thousands.
fn numbered(number: u16) -> Destination {
    let [high, low] = number.to_be_bytes();
    real(&format!("10.1.{high}.{low}"), 80)
}

#[test]
#[ignore = "needs ip_vs"]
fn a_batch_goes_on_after_errors_and_tells_which() {
    let mut client = client();
    let key = tcp(80);
    client.add_service(&service(80)).unwrap();
    for odd in (1..=1000).step_by(2) {
        client.add_destination(&key, &numbered(odd)).unwrap();
    }
    let requests: Vec<_> = (1..=1000)
        .map(|number| Request::AddDestination(key, numbered(number)))
        .collect();
    let results = client.batch(&requests);
    for (number, result) in (1..).zip(results) {
        match result {
            Ok(reply) => assert_eq!((number % 2, reply), (0, Reply::Done)),
            Err(error) => {
                assert_eq!((number % 2, error.kind), (1, ErrorKind::DestinationExists));
                assert_eq!(
                    *error.request,
                    Request::AddDestination(key, numbered(number))
                );
            }
        }
    }
    assert_eq!(client.destinations(&key).unwrap().len(), 1000);
}

#[test]
#[ignore = "needs ip_vs"]
fn questions_and_changes_mix_in_a_batch() {
    let mut client = client();
    let key = tcp(80);
    let results = client.batch(&[
        Request::AddService(service(80)),
        Request::Info,
        Request::Destinations(key),
        Request::AddDestination(key, real("10.0.0.1", 80)),
        Request::Destinations(key),
        Request::Services,
        Request::Service(tcp(81)),
        Request::DeleteService(key),
        Request::Services,
    ]);
    assert_eq!(results[0], Ok(Reply::Done));
    assert!(matches!(results[1], Ok(Reply::Info(_))));
    assert_eq!(results[2], Ok(Reply::Destinations(vec![])));
    assert!(matches!(&results[4], Ok(Reply::Destinations(list)) if list.len() == 1));
    assert!(matches!(&results[5], Ok(Reply::Services(list)) if list.len() == 1));
    let error = results[6].as_ref().unwrap_err();
    assert_eq!(error.kind, ErrorKind::ServiceMissing);
    assert_eq!(results[7], Ok(Reply::Done));
    assert_eq!(results[8], Ok(Reply::Services(vec![])));
}

#[test]
#[ignore = "needs ip_vs"]
fn long_lists_come_whole() {
    let mut client = client();
    let services: Vec<_> = (1..=2000)
        .map(|port| Request::AddService(Service::new(tcp(port), Scheduler::Rr)))
        .collect();
    assert!(client.batch(&services).iter().all(Result::is_ok));
    // Tests in other namespaces may make a list miss some.
    let mut lists = (0..100).map(|_| client.services().unwrap().len());
    assert_eq!(lists.find(|&length| length >= 2000), Some(2000));
    let destinations: Vec<_> = (1..=3000)
        .map(|number| Request::AddDestination(tcp(80), numbered(number)))
        .collect();
    assert!(client.batch(&destinations).iter().all(Result::is_ok));
    let listed = client.destinations(&tcp(80)).unwrap();
    let listed: Vec<_> = listed.iter().map(|record| record.destination).collect();
    let expected: Vec<_> = (1..=3000).rev().map(numbered).collect();
    assert_eq!(listed, expected);
}

#[test]
#[ignore = "needs ip_vs"]
fn the_non_blocking_form_answers_every_request_by_its_tag() {
    let mut blocking = client();
    let time = Cell::new(Duration::ZERO);
    let clock = || {
        time.set(time.get() + Duration::from_micros(50));
        time.get()
    };
    let mut requests = Requests::connect(&clock).unwrap();
    let key = tcp(80);
    requests.push(Request::AddService(service(80)), 0).unwrap();
    for tag in 1..=1000 {
        let request = Request::AddDestination(key, numbered(tag % 999));
        requests.push(request, tag).unwrap();
    }
    requests.push(Request::Destinations(key), 1001).unwrap();
    let mut completions = Vec::new();
    let mut turns = 0;
    while !requests.is_idle() {
        let now = clock();
        let slice = TimeSlice::new(now, now + Duration::from_millis(1), &clock);
        let progress = requests.drive(&slice, &mut completions).unwrap();
        assert_eq!(progress == Progress::Complete, requests.is_idle());
        turns += 1;
    }
    assert!(turns > 3, "{turns} turns");
    assert_eq!(requests.deadline(), None);
    let tags: Vec<_> = completions
        .iter()
        .map(|completion| completion.tag)
        .collect();
    assert_eq!(tags, (0..=1001).collect::<Vec<u16>>());
    let refused: Vec<_> = completions
        .iter()
        .filter(|completion| completion.result.is_err())
        .map(|completion| completion.tag)
        .collect();
    assert_eq!(refused, [1000]);
    let Ok(Reply::Destinations(listed)) = &completions[1001].result else {
        panic!("{:?}", completions[1001]);
    };
    assert_eq!(listed.len(), 999);
    assert_eq!(blocking.destinations(&key).unwrap().len(), 999);
}

/// A turn may end in the middle of a list, with more requests waiting behind it.
#[test]
#[ignore = "needs ip_vs"]
fn what_waits_behind_a_list_follows_when_a_later_turn_ends_it() {
    let mut blocking = client();
    blocking.add_service(&service(80)).unwrap();
    blocking.add_destination(&tcp(80), &numbered(1)).unwrap();
    let clock = || Duration::ZERO;
    let mut requests = Requests::connect(&clock).unwrap();
    for tag in 0..20 {
        requests.push(Request::Destinations(tcp(80)), tag).unwrap();
    }
    let mut completions = Vec::new();
    let mut drive = |until| {
        let slice = TimeSlice::new(Duration::ZERO, until, &clock);
        requests.drive(&slice, &mut completions).unwrap()
    };
    assert_eq!(drive(Duration::ZERO), Progress::Partial);
    assert_eq!(drive(Duration::MAX), Progress::Complete);
    assert_eq!(completions.len(), 20);
}

#[test]
#[ignore = "needs ip_vs"]
fn a_full_queue_gives_the_request_back() {
    let _client = client();
    let mut requests = Requests::connect(&|| Duration::ZERO).unwrap();
    for tag in 0..1024 {
        requests.push(Request::Services, tag).unwrap();
    }
    assert_eq!(requests.room(), 0);
    let full = requests.push(Request::Info, 1024).unwrap_err();
    assert_eq!((full.tag, full.request), (1024, Request::Info));
}
