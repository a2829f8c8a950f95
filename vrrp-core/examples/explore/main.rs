//! The model check: explores the cases of `cases.rs`, or a model of the command line.
//!
//! ```text
//! explore                            every case; 1 is returned if one is not as expected
//! explore ROUTER ROUTER… [OPTION…]   one model
//!     ROUTER   PRIORITY[/CENTISECONDS][:OCTET][n|dMILLIS], as 200, 100n, 100/1000:7, 150d2500:
//!              interval, last octet of the address, no preemption, preempt delay
//!     OPTION   v2, answer (before the routers), deaf, delay=MILLIS, waits=MILLIS,…,
//!              resigner=INDEX,MILLIS, limit=STATES, drops= duplicates= crashes= shutdowns=
//!              outages= pauses= isolations= one-way=
//! ```
#![expect(clippy::print_stdout, reason = "a program that reports")]
#![expect(clippy::print_stderr, reason = "a program that reports")]

mod arguments;
mod cases;

use core::time::Duration;
use std::process::ExitCode;
use std::time::Instant;

use vrrp_core::explore::{Flaw, Model, ModelError, Report, Windows};

use self::cases::Case;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let cases = if arguments.is_empty() {
        cases::all()
    } else {
        Case::sound(&arguments.join(" ")).map(|case| vec![case])
    };
    let run = cases.map_err(|error| error.to_string()).and_then(|cases| {
        let error = |error: ModelError| error.to_string();
        run(&cases).map_err(error)
    });
    match run {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything is as expected.
fn run(cases: &[Case]) -> Result<bool, ModelError> {
    let mut sum = Sum::default();
    println!(
        "{:58} {:>9} {:>10} {:>5} {:>8} {:>8} {:>8}",
        "", "states", "steps", "depth", "dual", "none", "settled"
    );
    for case in cases {
        let (report, time) = timed(&case.model)?;
        sum.states += u64::from(report.states);
        sum.transitions += report.transitions;
        sum.time += time;
        print(case, &report);
        if !case.is_as_expected(&report) {
            sum.surprises += 1;
        }
    }
    let millis = sum.time.as_millis().max(1);
    println!(
        "\n{} cases, {} states, {} steps in {}.{:03} s: {} states and {} steps per second, {} unexpected",
        cases.len(),
        sum.states,
        sum.transitions,
        millis / 1000,
        millis % 1000,
        u128::from(sum.states) * 1000 / millis,
        u128::from(sum.transitions) * 1000 / millis,
        sum.surprises,
    );
    Ok(sum.surprises == 0)
}

#[derive(Default)]
struct Sum {
    states: u64,
    transitions: u64,
    time: Duration,
    surprises: usize,
}

#[expect(clippy::disallowed_methods, reason = "measures itself")]
fn timed(model: &Model) -> Result<(Report, Duration), ModelError> {
    let start = Instant::now();
    let report = model.explore()?;
    Ok((report, start.elapsed()))
}

fn print(case: &Case, report: &Report) {
    let Windows {
        dual,
        leaderless,
        unsettled,
    } = report.windows;
    let window = |span: Option<Duration>| match span {
        _ if !report.complete => "?".to_owned(),
        None => "ever".to_owned(),
        Some(span) => format!("{}.{:03}", span.as_secs(), span.subsec_millis()),
    };
    println!(
        "{:58} {:>9} {:>10} {:>5} {:>8} {:>8} {:>8}{}",
        case.name,
        report.states,
        report.transitions,
        report.depth,
        window(dual),
        window(leaderless),
        window(unsettled),
        if report.complete { "" } else { "  incomplete" },
    );
    let found: Vec<Flaw> = report.violations.iter().map(|it| it.flaw).collect();
    for missing in case.expected.iter().filter(|flaw| !found.contains(flaw)) {
        println!("  EXPECTED, NOT FOUND: {missing}");
    }
    for violation in &report.violations {
        let word = if case.expected.contains(&violation.flaw) {
            "as expected"
        } else {
            "UNEXPECTED"
        };
        println!("  {word}: {}\n{}", violation.flaw, violation.trace);
    }
}
