//! The example `conform` of vrrp-mio against every daemon, and `docs/conformance-peers.md`, which has
//! to say what was seen.
//!
//! With `RENEW=1` in the environment the file is changed to that:
//! ```sh
//! RENEW=1 cargo test -p ha-daemon --test root -- --ignored --test-threads 3 peers::conform::
//! ```

#[path = "../../../../vrrp-mio/examples/conform/checks.rs"]
mod checks;
#[path = "../../../../vrrp-mio/examples/conform/frame.rs"]
mod frame;
#[path = "../../../../vrrp-mio/examples/conform/link.rs"]
mod link;
#[path = "../../../../vrrp-mio/examples/conform/play.rs"]
mod play;
#[path = "../../../../vrrp-mio/examples/conform/subject.rs"]
mod subject;

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use rig::{Instance, Lab, Peer, Protocol, Seat};
use vrrp_core::Version;

use self::link::Link;
use self::subject::{Row, Subject};

/// The host of the daemon; the checks are at the other.
const HOST: usize = 1;

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/conformance-peers.md")
}

const fn heading(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::V3Ipv4 => "## Version 3 over IPv4",
        Protocol::V3Ipv6 => "## Version 3 over IPv6",
        Protocol::V2 | Protocol::V2Pass | Protocol::V2Ah => "## Version 2",
    }
}

/// The column of a daemon, behind section and check.
const fn column(peer: Peer) -> usize {
    match peer {
        Peer::Keepalived => 2,
        Peer::Frr => 3,
        Peer::HaDaemon => 4,
    }
}

/// What the daemon does, with an interval of a fifth of a second where the version has it.
fn observe(peer: Peer, protocol: Protocol) -> Vec<Row> {
    let lab = Lab::new(2, 1);
    let centis = match protocol.version() {
        2 => 100,
        _ => 20,
    };
    let instance = Instance::new(protocol, 51, 100, centis);
    let subject = Subject {
        version: match protocol.version() {
            2 => Version::V2,
            _ => Version::V3,
        },
        family: protocol.family(),
        vrid: instance.vrid,
        priority: instance.priority,
        centis,
        preempt: instance.preempt,
        virtual_mac: peer == Peer::Frr,
        addresses: instance.advertised(),
    };
    let mut seat = Seat::new(&lab, HOST, peer, vec![instance]);
    seat.start();
    let rows = lab.host(0).inside(|| {
        let mut link = Link::open("eth0").expect("root may capture");
        play::play(&mut link, &subject)
    });
    seat.check_alive();
    let rows = rows.expect("the daemon goes on advertising");
    assert!(!rows.is_empty(), "{peer:?} never advertised");
    rows
}

/// The document with what was seen of `peer` in the table of `protocol`.
fn told(text: &str, peer: Peer, protocol: Protocol, rows: &[Row]) -> String {
    let heading = heading(protocol);
    let (before, rest) = text
        .split_once(heading)
        .expect("the document has the heading");
    let (table, after) = match rest.find("\n#") {
        Some(end) => rest.split_at(end),
        None => (rest, ""),
    };
    let former: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with('|') && !line.starts_with("|---"))
        .skip(1)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut lines = String::from(
        "| section | check | keepalived 2.2.7 | FRR 8.4.4 | ha-daemon |\n|---|---|---|---|---|\n",
    );
    for row in rows {
        let known = former
            .iter()
            .find(|cells| cells[..2] == [row.section, row.check]);
        let mut cells: Vec<String> = match known {
            Some(cells) => cells.iter().map(|&cell| cell.to_owned()).collect(),
            None => [row.section, row.check, "", "", ""]
                .map(str::to_owned)
                .into(),
        };
        cells[column(peer)] = row.outcome.to_string();
        lines += &format!("| {} |\n", cells.join(" | "));
    }
    format!("{before}{heading}\n\n{lines}{after}")
}

fn check(peer: Peer, protocol: Protocol) {
    let rows = observe(peer, protocol);
    for row in &rows {
        println!("{row:?}");
    }
    let file = File::open(document()).expect("the document exists");
    // Several tests change it at once.
    let locked = Flock::lock(file, FlockArg::LockExclusive);
    let _locked = locked.expect("a file can be locked");
    let text = fs::read_to_string(document()).expect("the document is text");
    let expected = told(&text, peer, protocol, &rows);
    if env::var_os("RENEW").is_some() {
        fs::write(document(), expected).expect("the document can be renewed");
    } else {
        assert_eq!(text, expected, "not what {peer:?} does: see RENEW");
    }
}

macro_rules! matrix {
    ($($name:ident: $peer:ident, $protocol:ident;)*) => {
        $(
            #[test]
            #[ignore = "needs root, keepalived, FRR"]
            fn $name() {
                check(Peer::$peer, Protocol::$protocol);
            }
        )*
    };
}

matrix! {
    keepalived_v3_over_ipv4: Keepalived, V3Ipv4;
    keepalived_v3_over_ipv6: Keepalived, V3Ipv6;
    keepalived_v2: Keepalived, V2;
    frr_v3_over_ipv4: Frr, V3Ipv4;
    frr_v3_over_ipv6: Frr, V3Ipv6;
    frr_v2: Frr, V2;
    our_daemon_v3_over_ipv4: HaDaemon, V3Ipv4;
    our_daemon_v3_over_ipv6: HaDaemon, V3Ipv6;
    our_daemon_v2: HaDaemon, V2;
}
