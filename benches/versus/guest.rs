//! The parts that need `ip_vs`: this program again, in a virtual machine.

mod health;
mod programming;

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use crate::table::{self, Row};

/// Programming and listing 5,000 services of ten destinations.
pub(crate) fn table(rounds: usize) {
    let lines = boot("programming", rounds, &["ip", "ipvsadm"]);
    let row = |what: &str, ours: &str, theirs: &str| Row {
        what: what.to_owned(),
        unit: "ms",
        ours: samples(&lines, ours),
        theirs: samples(&lines, theirs),
    };
    let rows = [
        row(
            "5,000 x 10 added in batches, `ipvsadm -R`",
            "batch",
            "restore",
        ),
        row(
            "5,000 x 10 added one at a time, `ipvsadm -R`",
            "single",
            "restore",
        ),
        row("5,000 x 10 listed, `ipvsadm -Sn`", "list", "save"),
    ];
    table::print("ipvsadm", &rows);
}

/// What a TCP check costs.
pub(crate) fn health(rounds: usize) {
    let daemon = crate::daemon::Peer::Ours.program();
    let daemon = daemon
        .to_str()
        .expect("the target directory has a plain name");
    let lines = boot("health", rounds, &["ip", "keepalived", daemon]);
    let row = |what: &str, unit, name: &str| Row {
        what: what.to_owned(),
        unit,
        ours: samples(&lines, &format!("Ours {name}")),
        theirs: samples(&lines, &format!("Keepalived {name}")),
    };
    let rows = [
        row("processor of a TCP check", "µs", "processor"),
        row("TCP checks a second, 1,000 wanted", "", "rate"),
    ];
    table::print("keepalived", &rows);
}

/// What the program does in the machine.
pub(crate) fn inside(words: &[&str]) -> ExitCode {
    let [what, rounds] = words else {
        return ExitCode::from(2);
    };
    let rounds = rounds.parse().unwrap_or(1);
    match *what {
        "programming" => programming::measure(rounds),
        "health" => health::measure(rounds),
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}

/// Boots a machine in which this program measures `what`, and returns what it printed.
fn boot(what: &str, rounds: usize, programs: &[&str]) -> Vec<String> {
    let own = env::current_exe().expect("a program knows its path");
    let mut command = Command::new(PathBuf::from(".ci/vm/run"));
    command.args(["--deadline", "900"]);
    for program in programs {
        command.args(["--with", program]);
    }
    command
        .arg(own)
        .args(["inside", what])
        .arg(rounds.to_string());
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .expect("the machine starts");
    let text = String::from_utf8_lossy(&output.stdout);
    eprintln!("{text}");
    assert!(output.status.success(), "{what}: {}", output.status);
    text.lines().map(str::to_owned).collect()
}

/// The numbers of the lines `name number`.
fn samples(lines: &[String], name: &str) -> Vec<f64> {
    let numbers = lines
        .iter()
        .filter_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    numbers.collect()
}
