//! How fast, beside one request at a time and beside ipvsadm.

use core::time::Duration;
use std::time::Instant;

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

/// New namespaces, kept until the last measurement: what was deleted from an old one would be
/// searched for every destination to add, and an end of one holds up the others.
#[derive(Default)]
struct Namespaces(Vec<Client>);

impl Namespaces {
    /// How long `work` takes in a new one.
    fn programming(&mut self, work: impl FnOnce(&mut Client)) -> Duration {
        let mut client = client();
        let (time, ()) = timed(|| work(&mut client));
        self.0.push(client);
        time
    }
}

/// The shortest of several times, which the rest of the machine disturbed least.
fn best(mut time: impl FnMut() -> Duration) -> Duration {
    (0..5).map(|_| time()).min().unwrap()
}

#[test]
#[ignore = "needs ip_vs"]
fn batches_outrun_single_requests_and_ipvsadm() {
    let requests = table();
    let mut namespaces = Namespaces::default();
    let single = best(|| {
        namespaces.programming(|client| {
            for &request in &requests {
                client.request(request).unwrap();
            }
        })
    });
    let batch = best(|| {
        namespaces.programming(|client| {
            assert!(client.batch(&requests).iter().all(Result::is_ok));
        })
    });
    let text = text();
    let restored = best(|| namespaces.programming(|_| restore(&text)));
    let mut client = client();
    restore(&text);
    let ours = best(|| {
        let (time, count) = timed(|| read(&mut client));
        assert_eq!(count, requests.len());
        time
    });
    let theirs = best(|| {
        let (time, lines) = timed(rules);
        assert_eq!(lines.len(), requests.len());
        time
    });
    let ratio = |slow: Duration, fast: Duration| slow.as_secs_f64() / fast.as_secs_f64();
    println!(
        "{} objects: batch {batch:.1?}, single {single:.1?} ({:.1} times), ipvsadm -R \
         {restored:.1?} ({:.1} times); read {ours:.1?}, ipvsadm -Sn {theirs:.1?} ({:.1} times)",
        requests.len(),
        ratio(single, batch),
        ratio(restored, batch),
        ratio(theirs, ours),
    );
    assert!(ratio(restored, batch) >= 2.0);
    // Without optimisation our part of the work outweighs the kernel's.
    assert!(cfg!(debug_assertions) || ratio(single, batch) >= 2.0);
}
