//! Measures `ha-daemon check` beside `keepalived -t`.

use core::time::Duration;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use benches::configuration;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::clock::timed;
use crate::daemon::Peer;
use crate::site::Site;
use crate::table::{self, Row};

const INSTANCES: u32 = 16_000;

pub(crate) fn measure(rounds: usize) {
    let site = Site::new(INSTANCES.div_ceil(250));
    let files = [
        (
            "10,000 virtual servers, 37,000 real servers",
            configuration::virtual_servers(10_000),
        ),
        ("16,000 instances", configuration::instances(INSTANCES, 100)),
    ];
    let mut rows = Vec::new();
    for (name, text) in files {
        let config = site.path("keepalived.conf");
        fs::write(&config, text).expect("it can be written");
        let mut elapsed = row(format!("`check`, {name}"));
        let mut used = row(format!("processor of it, {name}"));
        for round in 0..rounds {
            for peer in Peer::in_turns(round) {
                let (wall, processor) = check(&site, peer, &config);
                eprintln!("{peer:?}, {name}: {wall:?}, {processor:?} of processor");
                let of = |row: &mut Row, span| match peer {
                    Peer::Ours => row.ours.push(table::millis(span)),
                    Peer::Keepalived => row.theirs.push(table::millis(span)),
                };
                of(&mut elapsed, wall);
                of(&mut used, processor);
            }
        }
        rows.extend([elapsed, used]);
    }
    table::print("keepalived", &rows);
}

const fn row(what: String) -> Row {
    Row {
        what,
        unit: "ms",
        ours: Vec::new(),
        theirs: Vec::new(),
    }
}

/// The time one check takes, and how much of it on a processor.
fn check(site: &Site, peer: Peer, config: &Path) -> (Duration, Duration) {
    let mut command = site.command(&peer.program());
    match peer {
        Peer::Ours => command.arg("check").arg(config),
        Peer::Keepalived => command.arg("-t").arg("-f").arg(config),
    };
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let before = children();
    let (wall, status) = timed(|| command.status().expect("it starts"));
    // A warning is no failure: the file is good, but for what keepalived says of this machine.
    assert!(
        status.code().is_some_and(|code| code != 4),
        "{peer:?}: {status}"
    );
    (wall, children().saturating_sub(before))
}

/// The processor time of all children so far.
fn children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("a process may ask about itself");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(micros.try_into().unwrap_or(0))
}
