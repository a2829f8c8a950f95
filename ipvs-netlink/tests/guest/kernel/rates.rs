//! Measures the rate of batched requests, beside single requests and ipvsadm.
//!
//! The kernel's part of a change, which no client makes shorter, is most of it in an emulated
//! machine. User-Mode Linux does it at the processor's speed, but a system call takes it many times
//! as long as other kernels: of what batches gain, the one shows too little and the other too much.

use core::fmt;
use core::hint::black_box;
use core::time::Duration;
use std::fs;
use std::time::Instant;

use ipvs_core::Destination;
use ipvs_netlink::{Client, Request};

use super::host::{client, real, restore, rules, service, tcp};

/// So few that finding one among them costs the kernel little.
const DESTINATIONS: u16 = 256;
/// Services with as many destinations, in the table to read.
const SERVICES: u16 = 8;
const ROUNDS: usize = 6;

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

#[derive(Clone, Copy)]
enum Operation {
    Add,
    Edit,
    Delete,
}

impl Operation {
    /// In an order in which each has what it works on.
    const ALL: [Self; 3] = [Self::Add, Self::Edit, Self::Delete];

    const fn name(self) -> &'static str {
        match self {
            Self::Add => "NEW_DEST",
            Self::Edit => "SET_DEST",
            Self::Delete => "DEL_DEST",
        }
    }

    fn request(self, port: u16, number: u16) -> Request {
        let destination = numbered(number);
        match self {
            Self::Add => Request::AddDestination(tcp(port), destination),
            Self::Edit => Request::EditDestination(
                tcp(port),
                Destination {
                    weight: 2,
                    ..destination
                },
            ),
            Self::Delete => Request::DeleteDestination(tcp(port), destination.key),
        }
    }

    /// The same as a line of `ipvsadm -R`.
    fn rule(self, number: u16) -> String {
        let key = numbered(number).key;
        match self {
            Self::Add => format!("-a -t 192.0.2.1:80 -r {key} -m -w 1\n"),
            Self::Edit => format!("-e -t 192.0.2.1:80 -r {key} -m -w 2\n"),
            Self::Delete => format!("-d -t 192.0.2.1:80 -r {key}\n"),
        }
    }
}

/// The shortest times of each operation, which the rest of the machine disturbed least.
struct Times([Duration; 3]);

impl Times {
    /// Adds, changes and deletes the destinations of one service of a new namespace. The namespace
    /// comes back, to be kept until all is measured: what was deleted from an old one would be
    /// searched for every destination to add, and an end of one holds up the others.
    fn take(&mut self, mut perform: impl FnMut(&mut Client, Operation)) -> Client {
        let mut client = client();
        client.add_service(&service(80)).unwrap();
        for (shortest, operation) in self.0.iter_mut().zip(Operation::ALL) {
            let (time, ()) = timed(|| perform(&mut client, operation));
            *shortest = time.min(*shortest);
        }
        client
    }
}

/// One way of programming beside another.
struct Ratio(Duration, Duration);

impl Ratio {
    fn value(&self) -> f64 {
        self.0.div_duration_f64(self.1)
    }
}

/// `34.0ms (14.6 times)`
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1?} ({:.1} times)", self.0, self.value())
    }
}

/// How many times faster a batch is to be than single requests.
fn expected_gain() -> f64 {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap();
    if cfg!(debug_assertions) {
        // Our part of the work outweighs the kernel's.
        1.0
    } else if processor.contains("User Mode Linux") {
        5.0
    } else {
        2.0
    }
}

/// What a machine uses of its memory for the first time, its host has to find first.
fn warm_up() {
    const OCTETS: usize = 256 << 20;
    drop(black_box(vec![1_u8; OCTETS]));
}

#[test]
#[ignore = "needs ip_vs"]
fn batches_outrun_single_requests_and_ipvsadm() {
    let [mut single, mut batch, mut restored] = [const { Times([Duration::MAX; 3]) }; 3];
    let requests = Operation::ALL.map(|operation| -> Vec<_> {
        (1..=DESTINATIONS)
            .map(|n| operation.request(80, n))
            .collect()
    });
    let rules = Operation::ALL
        .map(|operation| -> String { (1..=DESTINATIONS).map(|n| operation.rule(n)).collect() });
    warm_up();
    let mut namespaces = Vec::new();
    for round in 0..ROUNDS {
        namespaces.push(single.take(|client, operation| {
            for &request in &requests[operation as usize] {
                client.request(request).unwrap();
            }
        }));
        namespaces.push(batch.take(|client, operation| {
            let results = client.batch(&requests[operation as usize]);
            assert!(results.iter().all(Result::is_ok));
        }));
        if round < ROUNDS / 3 {
            namespaces.push(restored.take(|_, operation| restore(&rules[operation as usize])));
        }
    }
    for operation in Operation::ALL {
        let [single, batch, restored] =
            [&single, &batch, &restored].map(|times| times.0[operation as usize]);
        let (single, restored) = (Ratio(single, batch), Ratio(restored, batch));
        println!(
            "{DESTINATIONS} {}: batch {batch:.1?}, single {single}, ipvsadm -R {restored}",
            operation.name()
        );
        assert!(restored.value() >= 2.0);
        assert!(single.value() >= expected_gain());
    }
}

fn read(client: &mut Client) -> usize {
    let services = client.services().unwrap();
    let keys = services.iter().map(|record| record.service.key);
    let counts = keys.map(|key| client.destinations(&key).unwrap().len() + 1);
    counts.sum()
}

#[test]
#[ignore = "needs ip_vs"]
fn lists_come_faster_than_those_of_ipvsadm() {
    let mut client = client();
    let mut requests = Vec::new();
    for port in 1..=SERVICES {
        requests.push(Request::AddService(service(port)));
        requests.extend((1..=DESTINATIONS).map(|n| Operation::Add.request(port, n)));
    }
    assert!(client.batch(&requests).iter().all(Result::is_ok));
    let [mut ours, mut theirs] = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        let (time, count) = timed(|| read(&mut client));
        assert_eq!(count, requests.len());
        ours = ours.min(time);
        let (time, lines) = timed(rules);
        assert_eq!(lines.len(), requests.len());
        theirs = theirs.min(time);
    }
    let theirs = Ratio(theirs, ours);
    println!(
        "{} objects: read {ours:.1?}, ipvsadm -Sn {theirs}",
        requests.len()
    );
}
