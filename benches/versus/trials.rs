//! Runs the measuring tests of `ha-daemon/tests/root/peers`, and makes tables of their output.

use std::process::{Command, Stdio};

use crate::table::{self, Row};

/// Active_Down_Interval at 1 s and priority 200, in ms (RFC 9568 §6.1).
const DOWN_200: f64 = 3_218.75;
/// The same at priority 100.
const DOWN_100: f64 = 3_609.375;

/// 1,000 instances on four links.
pub(crate) fn start(rounds: usize) {
    let runs = peers(
        rounds,
        None,
        &["fails_over_a_thousand_routers_at_one_second"],
    );
    let rows = [
        ("Active after the start", "all Active ", DOWN_200),
        ("taken over after a crash", "all taken over ", DOWN_100),
        ("back after the start", "all back ", DOWN_200),
    ];
    let rows = rows.map(|(what, label, down)| {
        let of_down = |peer| {
            let times = first(&runs, peer, label);
            times.into_iter().map(|time| time / down).collect()
        };
        Row {
            what: format!("1,000 instances {what}, of Active_Down_Interval"),
            unit: "",
            ours: of_down("HaDaemon: "),
            theirs: of_down("Keepalived: "),
        }
    });
    table::print("keepalived", &rows);
}

/// 20,000 addresses on one instance.
pub(crate) fn addresses(rounds: usize) {
    let tests = [
        "adds_twenty_thousand_addresses",
        "while_it_adds_twenty_thousand",
    ];
    let runs = peers(rounds, None, &tests);
    let row = |what: &str, label: &str| Row {
        what: what.to_owned(),
        unit: "ms",
        ours: first(&runs, "HaDaemon: ", label),
        theirs: first(&runs, "Keepalived: ", label),
    };
    let rows = [
        row("20,000 addresses in place after", "all addresses "),
        row(
            "longest advert gap meanwhile, of 100 ms",
            "advert gaps max ",
        ),
    ];
    table::print("keepalived", &rows);
}

/// Takeover and handover at 1 s and 0.01 s, over what the protocol prescribes. Trials at 1 s are made
/// side by side, or they would take a quarter of an hour each time.
pub(crate) fn takeover(rounds: usize) {
    let cases = [
        ("v2 at 1 s", "V2 at 1s: ", "v2_at_one_second", None),
        (
            "v3 at 0.01 s",
            "V3Ipv4 at 10ms: ",
            "v3_over_ipv4_at_a_hundredth_of_a_second",
            Some("1"),
        ),
    ];
    let mut rows = Vec::new();
    for (name, label, test, labs) in cases {
        let ours = format!("takeover::ours_then_ours::{test}");
        let theirs = format!("takeover::keepalived_then_keepalived::{test}");
        let runs = peers(rounds, labs, &[&ours, &theirs]);
        for event in ["handover", "takeover"] {
            for figure in ["median", "p99"] {
                let over = |peers: &str| {
                    let prefix = format!("[{peers}, {peers}] {label}{event} ");
                    over_nominal(&runs, &prefix, figure)
                };
                rows.push(Row {
                    what: format!("{event}, {name}: {figure} over the protocol's time"),
                    unit: "ms",
                    ours: over("HaDaemon"),
                    theirs: over("Keepalived"),
                });
            }
        }
    }
    table::print("keepalived", &rows);
}

/// Runs the tests whose names contain one of `filters` so many times, with trials in so many labs at
/// once unless that is left to them, passes their lines on to stderr and returns those of each run.
fn peers(rounds: usize, labs: Option<&str>, filters: &[&str]) -> Vec<Vec<String>> {
    (0..rounds).map(|_| run(labs, filters)).collect()
}

fn run(labs: Option<&str>, filters: &[&str]) -> Vec<String> {
    let output = Command::new("cargo")
        .args([
            "test",
            "--release",
            "--quiet",
            "-p",
            "ha-daemon",
            "--test",
            "root",
            "--",
        ])
        .args(["--ignored", "--nocapture", "--test-threads", "1"])
        .args(filters)
        .envs(labs.map(|labs| ("LABS", labs)))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    let text = String::from_utf8_lossy(&output.stdout);
    eprintln!("{text}");
    assert!(output.status.success(), "{filters:?}: {}", output.status);
    // The test harness puts a dot behind each test, without a line of its own.
    let lines = text.lines().map(|line| line.trim_start_matches('.'));
    lines.map(str::to_owned).collect()
}

/// The time behind `label` in the first line of each run that starts with `prefix` and has it, in ms.
fn first(runs: &[Vec<String>], prefix: &str, label: &str) -> Vec<f64> {
    // A label of two parts names a line and a figure in it.
    let (line, figure) = match label.trim_end().rsplit_once(' ') {
        Some((line, figure @ "max")) => (line, Some(figure)),
        Some(_) | None => (label, None),
    };
    let time = |text: &String| {
        let rest = text.strip_prefix(prefix)?.strip_prefix(line)?;
        match figure {
            Some(name) => number_after(rest, name),
            None => debugged(rest.split_whitespace().next()?),
        }
    };
    let times = runs.iter().filter_map(|lines| lines.iter().find_map(time));
    times.collect()
}

/// `figure` of the distribution in the first line of each run that starts with `prefix`, less the
/// time in the parentheses at its end.
fn over_nominal(runs: &[Vec<String>], prefix: &str, figure: &str) -> Vec<f64> {
    let over = |line: &String| {
        let rest = line.strip_prefix(prefix)?;
        let (_, nominal) = rest.rsplit_once(' ')?;
        Some(number_after(rest, figure)? - debugged(nominal.trim_end_matches(')'))?)
    };
    let figures = runs.iter().filter_map(|lines| lines.iter().find_map(over));
    figures.collect()
}

/// The number behind the word `name`.
fn number_after(text: &str, name: &str) -> Option<f64> {
    let mut words = text.split_whitespace().skip_while(|word| *word != name);
    words.nth(1)?.parse().ok()
}

/// A `Duration` as `Debug` writes it, in milliseconds.
fn debugged(text: &str) -> Option<f64> {
    let units = [("ms", 1.0), ("µs", 1e-3), ("ns", 1e-6), ("s", 1e3)];
    let number = |(unit, scale)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * scale);
    units.into_iter().find_map(number)
}
