//! The example `conform` of vrrp-mio against every daemon, and `docs/conformance-peers.md`, which has
//! to say what was seen.
//!
//! With `RENEW=1` in the environment the file is changed to that:
//! ```sh
//! RENEW=1 cargo test -p ha-daemon --test root -- --ignored --test-threads 3 peers::conform::
//! ```

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::fcntl::{Flock, FlockArg};
use rig::{Instance, Lab, Peer, Protocol, Seat};

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

/// Section, check and outcome.
type Row = [String; 3];

/// The example, built if it is not.
fn program() -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "-q", "-p", "vrrp-mio", "--example", "conform"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status();
    assert!(built.expect("cargo can be run").success());
    let own = env::current_exe().expect("a program knows its path");
    let profile = own.ancestors().nth(2).expect("it lies among others");
    profile.join("examples/conform")
}

/// What the daemon does, with an interval of a fifth of a second where the version has it.
fn observe(peer: Peer, protocol: Protocol) -> Vec<Row> {
    let program = program();
    let lab = Lab::new(2, 1);
    let version = protocol.version();
    let centis = if version == 2 { 100 } else { 20 };
    let instance = Instance::new(protocol, 51, 100, centis);
    let numbers = [
        u16::from(version),
        u16::from(instance.vrid),
        u16::from(instance.priority),
        centis,
    ];
    let mut command = Command::new(program);
    command.arg("eth0").args(numbers.map(|it| it.to_string()));
    command.args((instance.advertised().iter()).map(ToString::to_string));
    if peer == Peer::Frr {
        command.arg("virtual-mac");
    }
    let mut seat = Seat::new(&lab, HOST, peer, vec![instance]);
    seat.start();
    let output = lab.host(0).inside(|| command.output());
    seat.check_alive();
    let output = output.expect("the example can be run");
    assert!(output.status.success(), "{peer:?}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("it prints text");
    print!("{text}");
    text.lines().filter_map(row).collect()
}

/// A row of the example's table.
fn row(line: &str) -> Option<Row> {
    let cells = line.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<String> = cells.split('|').map(|it| it.trim().to_owned()).collect();
    cells.try_into().ok()
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
    for [section, check, outcome] in rows {
        let known = (former.iter()).find(|cells| cells[..2] == [section, check]);
        let mut cells: Vec<String> = match known {
            Some(cells) => cells.iter().map(|&cell| cell.to_owned()).collect(),
            None => [section, check, "", "", ""].map(str::to_owned).into(),
        };
        cells[column(peer)] = outcome.clone();
        lines += &format!("| {} |\n", cells.join(" | "));
    }
    format!("{before}{heading}\n\n{lines}{after}")
}

fn check(peer: Peer, protocol: Protocol) {
    let rows = observe(peer, protocol);
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
