//! Random requests to a kernel's IPVS and to the kernel in memory, whose answers are to be the same.
//!
//! `SEED` is printed; `SEED=n` runs the same requests once more. They need root, a kernel with ip_vs,
//! and the program `ip`; `.ci/vm/run` gives them these.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod draw;

use std::collections::BTreeMap;
use std::thread;

use ipvs_core::{Name, Scheduler, SyncRole};
use ipvs_netlink::memory::Kernel;
use ipvs_netlink::{Client, Error, ErrorKind, Reply, Request, Transport};
use rig::random::seed;

use crate::kernel::host::{client, dummy, joining, run};

const SCENARIOS: u64 = 12;
const BATCHES: usize = 120;

#[test]
#[ignore = "needs ip_vs"]
fn every_answer_is_the_kernels() {
    let seed = seed();
    println!("SEED={seed}");
    let _joining = joining();
    let mut answers = BTreeMap::<String, usize>::new();
    for scenario in 0..SCENARIOS {
        // A namespace lasts as long as its thread.
        let counted = thread::spawn(move || compare(seed + scenario)).join();
        for (answer, count) in counted.unwrap_or_else(|_| panic!("SEED={seed}")) {
            *answers.entry(answer).or_default() += count;
        }
    }
    for (answer, count) in answers {
        println!("{count:6} {answer}");
    }
}

/// Gives both the same requests; how often each answer came.
fn compare(seed: u64) -> BTreeMap<String, usize> {
    let mut kernel = client();
    dummy("10.8.0.1/24");
    run("ip", &["addr", "add", "10.7.0.1/24", "dev", "lo"]);
    run("ip", &["addr", "add", "fe80::7/64", "dev", "lo", "nodad"]);
    let memory = Kernel::new();
    memory.add_address([10, 8, 0, 1].into(), 24);
    memory.add_address([10, 7, 0, 1].into(), 24);
    memory.add_address("fe80::7".parse().unwrap(), 64);
    memory.add_interface(Name::new("sync").unwrap(), 1500);
    memory.set_profile(kernel.profile().unwrap());
    // Debian builds no module of it.
    memory.remove_scheduler(Scheduler::Twos);
    let mut model = memory.client().unwrap();
    let mut answers = BTreeMap::new();
    let mut draws = draw::Draws::new(seed);
    for _ in 0..BATCHES {
        let requests = draws.batch();
        let expected = answer(&mut model, &requests);
        let answered = answer(&mut kernel, &requests);
        for ((request, expected), mut answered) in requests.iter().zip(expected).zip(answered) {
            if *request == Request::Services && answered != expected {
                // Tests in other namespaces may make a list miss some.
                answered = again(&mut kernel, &expected);
            }
            assert_eq!(answered, expected, "{request:?}");
            let kind = match &answered {
                Ok(_) => "done".to_owned(),
                Err(error) => error.kind.to_string(),
            };
            *answers.entry(kind).or_default() += 1;
        }
    }
    for role in [SyncRole::Master, SyncRole::Backup] {
        let stopped = stop(&mut kernel, role);
        assert_eq!(stopped, stop(&mut model, role));
    }
    assert_eq!(kernel.configuration().unwrap(), memory.configuration());
    answers
}

type Answer = Result<Reply, Error>;

fn answer<S: Transport>(client: &mut Client<S>, requests: &[Request]) -> Vec<Answer> {
    let answers = match requests {
        [Request::StopDaemon(role)] => vec![stop(client, *role)],
        requests => client.batch(requests),
    };
    answers
        .into_iter()
        .map(|answer| answer.map(sorted))
        .collect()
}

/// The kernel stays silent when it stops a daemon whose thread has not run yet.
fn stop<S: Transport>(client: &mut Client<S>, role: SyncRole) -> Answer {
    client.stop_daemon(role).map(|()| Reply::Done)
}

/// Services are in no particular order.
fn sorted(mut reply: Reply) -> Reply {
    if let Reply::Services(services) = &mut reply {
        services.sort_by_key(|record| record.service.key);
    }
    reply
}

fn again(kernel: &mut Client, expected: &Answer) -> Answer {
    let mut attempts = (0..100).map(|_| kernel.request(Request::Services).map(sorted));
    attempts
        .find(|answer| answer == expected)
        .unwrap_or_else(|| kernel.request(Request::Services).map(sorted))
}

/// Every kind of error that a kernel gives by itself comes in the requests of some seed.
#[test]
fn the_requests_are_refused_in_many_ways() {
    let memory = Kernel::new();
    memory.add_interface(Name::new("sync").unwrap(), 1500);
    memory.remove_scheduler(Scheduler::Twos);
    let mut model = memory.client().unwrap();
    let mut draws = draw::Draws::new(7);
    let mut kinds = Vec::new();
    for _ in 0..3000 {
        let answers = answer(&mut model, &draws.batch());
        let errors = answers.into_iter().filter_map(Result::err);
        kinds.extend(errors.map(|error| error.kind));
    }
    for kind in [
        ErrorKind::ServiceExists,
        ErrorKind::ServiceMissing,
        ErrorKind::SchedulerUnknown,
        ErrorKind::SchedulerOrEngineUnknown,
        ErrorKind::DestinationExists,
        ErrorKind::DestinationMissing,
        ErrorKind::Range,
        ErrorKind::DaemonRunning,
        ErrorKind::DaemonNotRunning,
        ErrorKind::InterfaceMissing,
        ErrorKind::Invalid,
        ErrorKind::GranularityMismatch,
    ] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}
