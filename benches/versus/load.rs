//! Measures the processor time and memory of Active virtual routers.

use core::time::Duration;
use std::fs;

use benches::configuration;

use crate::clock::{pause, until};
use crate::daemon::{Daemon, Peer, Usage};
use crate::site::Site;
use crate::table::{self, Row};

const LINK: u32 = 250;
/// After the last router became Active: its second block of announcements is over by then.
const SETTLED: Duration = Duration::from_secs(7);
const WATCHED: Duration = Duration::from_secs(10);
/// keepalived's start is quadratic in the number of instances.
const STARTED: Duration = Duration::from_secs(600);

/// As many instances, and hundredths of a second between their advertisements.
type Case = (u32, u32);

pub(crate) fn thousands(rounds: usize) {
    measure(
        rounds,
        &[(250, 100), (1_000, 100), (1_000, 10), (4_000, 100)],
    );
}

pub(crate) fn sixteen_thousand(rounds: usize) {
    measure(rounds, &[(16_000, 100)]);
}

fn measure(rounds: usize, cases: &[Case]) {
    let mut rows = Vec::new();
    for &(instances, centis) in cases {
        let named = |what: &str, unit| Row {
            what: format!("{what}, {instances} at {} ms", centis * 10),
            unit,
            ours: Vec::new(),
            theirs: Vec::new(),
        };
        let mut processor = named("processor", "ms/s");
        let mut memory = named("memory", "MiB");
        for round in 0..rounds {
            for peer in Peer::in_turns(round) {
                let usage = watch(peer, instances, centis);
                eprintln!("{peer:?}, {instances} at {centis} cs: {usage:?}");
                let each = table::millis(usage.processor) / WATCHED.as_secs_f64();
                let mebibytes = Duration::from_millis(usage.memory).as_secs_f64() / 1.024;
                match peer {
                    Peer::Ours => {
                        processor.ours.push(each);
                        memory.ours.push(mebibytes);
                    }
                    Peer::Keepalived => {
                        processor.theirs.push(each);
                        memory.theirs.push(mebibytes);
                    }
                }
            }
        }
        rows.extend([processor, memory]);
    }
    table::print("keepalived", &rows);
}

/// Processor time within [`WATCHED`], and memory at its end.
fn watch(peer: Peer, instances: u32, centis: u32) -> Usage {
    let site = Site::new(instances.div_ceil(LINK));
    let config = site.path("keepalived.conf");
    fs::write(&config, configuration::instances(instances, centis)).expect("it can be written");
    let mut command = site.command(&peer.program());
    command.args(peer.arguments(&config, &site.path("")));
    let mut daemon = Daemon::start(command, &site.path("log"));
    let count = usize::try_from(instances).expect("an instance is larger than an octet");
    until("all addresses", STARTED, Duration::from_millis(500), || {
        daemon.check_alive();
        site.virtual_addresses() == count
    });
    pause(SETTLED);
    let (before, sent) = (daemon.usage(), site.sent());
    pause(WATCHED);
    let (after, sent) = (daemon.usage(), site.sent() - sent);
    daemon.terminate();
    let adverts = WATCHED.as_secs() * 100 * u64::from(instances) / u64::from(centis);
    assert!(
        sent >= adverts / 10 * 9,
        "{sent} packets instead of {adverts}"
    );
    Usage {
        processor: after.processor.saturating_sub(before.processor),
        memory: after.memory,
    }
}
