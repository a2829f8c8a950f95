//! How fast, beside one request at a time and beside ipvsadm.

use std::time::{Duration, Instant};

use ipvs_core::Destination;
use ipvs_netlink::{Client, Request};

use crate::rig::{client, real, restore, rules, service, tcp};

const SERVICES: u16 = 20;
const DESTINATIONS: u16 = 100;

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    #[expect(clippy::disallowed_methods, reason = "it measures")]
    let begin = Instant::now();
    let result = work();
    (begin.elapsed(), result)
}

fn numbered(number: u16) -> Destination {
    let [high, low] = number.to_be_bytes();
    real(&format!("10.1.{high}.{low}"), 80)
}

fn table() -> Vec<Request> {
    let mut requests = Vec::new();
    for port in 1..=SERVICES {
        requests.push(Request::AddService(service(port)));
        requests.extend(
            (1..=DESTINATIONS).map(|number| Request::AddDestination(tcp(port), numbered(number))),
        );
    }
    requests
}

fn text() -> String {
    let mut text = String::new();
    for port in 1..=SERVICES {
        text += &format!("-A -t 192.0.2.1:{port} -s rr\n");
        for number in 1..=DESTINATIONS {
            let destination = numbered(number).key;
            text += &format!("-a -t 192.0.2.1:{port} -r {destination} -m -w 1\n");
        }
    }
    text
}

fn read(client: &mut Client) -> usize {
    let services = client.services().unwrap();
    let keys = services.iter().map(|record| record.service.key);
    let counts = keys.map(|key| client.destinations(&key).unwrap().len() + 1);
    counts.sum()
}

/// Best of three, of an empty table each time.
fn programming(client: &mut Client, mut work: impl FnMut(&mut Client)) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        client.flush().unwrap();
        best = best.min(timed(|| work(client)).0);
    }
    best
}

#[test]
#[ignore = "needs ip_vs, and measures: run it alone and optimised"]
fn batches_outrun_single_requests_and_ipvsadm() {
    let mut client = client();
    let requests = table();
    let single = programming(&mut client, |client| {
        for &request in &requests {
            client.request(request).unwrap();
        }
    });
    let batch = programming(&mut client, |client| {
        assert!(client.batch(&requests).iter().all(Result::is_ok));
    });
    let text = text();
    let restored = programming(&mut client, |_| restore(&text));
    let (ours, count) = timed(|| read(&mut client));
    let (theirs, lines) = timed(rules);
    assert_eq!((count, lines.len()), (requests.len(), requests.len()));
    let ratio = |slow: Duration, fast: Duration| slow.as_secs_f64() / fast.as_secs_f64();
    println!(
        "{count} objects: batch {batch:.1?}, single {single:.1?} ({:.1} times), ipvsadm -R \
         {restored:.1?} ({:.1} times); read {ours:.1?}, ipvsadm -Sn {theirs:.1?} ({:.1} times)",
        ratio(single, batch),
        ratio(restored, batch),
        ratio(theirs, ours),
    );
    assert!(ratio(single, batch) >= 2.0);
    assert!(ratio(restored, batch) >= 1.0);
}
