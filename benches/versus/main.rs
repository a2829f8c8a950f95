//! Measures the daemon beside its peers, in network namespaces of its own and in a guest.
//!
//! Both are measured in the same run, in turns, and every figure is a median; what counts is the
//! ratio. `run` beside this file builds everything and starts it.
#![expect(clippy::print_stdout, reason = "tables are what this is for")]
#![expect(clippy::print_stderr, reason = "progress, apart from the tables")]
#![expect(clippy::float_arithmetic, reason = "figures for people")]

mod check;
mod clock;
mod daemon;
mod guest;
mod load;
mod site;
mod table;
mod trials;

use std::process::ExitCode;

/// Something to measure.
struct What {
    name: &'static str,
    about: &'static str,
    measure: fn(usize),
}

const ALL: [What; 8] = [
    What {
        name: "load",
        about: "processor and memory at 250, 1,000 and 4,000 instances (3 min a round)",
        measure: load::thousands,
    },
    What {
        name: "crowd",
        about: "the same at 16,000 instances (2 min a round)",
        measure: load::sixteen_thousand,
    },
    What {
        name: "check",
        about: "reading 10,000 virtual servers and 16,000 instances (5 s a round)",
        measure: check::measure,
    },
    What {
        name: "start",
        about: "1,000 instances from start to all Active, and after a crash (1 min a round)",
        measure: trials::start,
    },
    What {
        name: "addresses",
        about: "20,000 addresses on one instance (1 min a round)",
        measure: trials::addresses,
    },
    What {
        name: "takeover",
        about: "takeover and handover at 1 s and 0.01 s (2 min a round)",
        measure: trials::takeover,
    },
    What {
        name: "table",
        about: "programming and listing 5,000 x 10 in a guest (2 min)",
        measure: guest::table,
    },
    What {
        name: "health",
        about: "TCP checks in a guest (2 min)",
        measure: guest::health,
    },
];

const ROUNDS: usize = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["inside", rest @ ..] = words.as_slice() {
        return guest::inside(rest);
    }
    let mut rounds = ROUNDS;
    if let ["--rounds", number, ..] = words[..] {
        let Ok(number) = number.parse() else {
            return usage();
        };
        rounds = number;
        words.drain(..2);
    }
    let known = |word: &&str| ALL.iter().any(|what| what.name == *word);
    if rounds == 0 || !words.iter().all(known) {
        return usage();
    }
    clock::say_how_busy();
    for what in &ALL {
        if words.is_empty() || words.contains(&what.name) {
            (what.measure)(rounds);
        }
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("benches/versus/run [--rounds N] [WHAT…], {ROUNDS} rounds unless said");
    for What { name, about, .. } in &ALL {
        eprintln!("  {name:<10} {about}");
    }
    ExitCode::from(2)
}
