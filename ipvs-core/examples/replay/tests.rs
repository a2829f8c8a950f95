//! Tests with recorded decisions of kernels.

use core::error::Error;
use std::io;
use std::path::PathBuf;

use ipvs_core::KernelProfile;
use proptest::prelude::*;

use super::scenario::replay;

/// Every trace: its name and its text.
fn traces() -> io::Result<Vec<(String, String)>> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let mut traces = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "trace")
        {
            let name = path.display().to_string();
            traces.push((name, std::fs::read_to_string(path)?));
        }
    }
    Ok(traces)
}

#[test]
fn the_models_pick_what_the_kernel_picked() {
    let traces = traces().unwrap();
    assert_eq!(traces.len(), 55);
    let mut flows = 0;
    for (name, text) in traces {
        let outcome = replay(KernelProfile::TotalConnections, &text).unwrap();
        assert_eq!(outcome.mismatches, [], "{name}");
        flows += outcome.flows;
    }
    assert_eq!(flows, 7108);
}

#[test]
fn the_traces_tell_the_two_generations_of_kernels_apart() {
    let differs = |(_, text): &(String, String)| {
        let outcome = replay(KernelProfile::Legacy, text).unwrap();
        !outcome.mismatches.is_empty()
    };
    assert!(traces().unwrap().iter().any(differs));
}

/// The message of a trace that cannot be replayed.
fn refusal(text: &str) -> String {
    match replay(KernelProfile::TotalConnections, text) {
        Ok(outcome) => format!("{} flows", outcome.flows),
        Err(error) => match error.source() {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        },
    }
}

const SERVICE: &str = "service udp 10.1.0.1:80 sh flags=- persistent=0";

#[test]
fn a_trace_that_is_none_is_told_by_line() {
    let after_service = |line: &str| refusal(&format!("{SERVICE}\n{line}\nend\n"));
    assert_eq!(refusal(""), "it ends without `end`");
    assert_eq!(refusal(SERVICE), "it ends without `end`");
    assert_eq!(refusal("end"), "line 1: no `service` comes before it");
    assert_eq!(refusal("# Notes"), "line 1: `# Notes` is no step");
    assert_eq!(after_service("weigh 1"), "line 2: `weigh` is no step");
    assert_eq!(after_service(SERVICE), "line 2: a second `service`");
    assert_eq!(
        after_service("del 10.3.0.1"),
        "line 2: `10.3.0.1` is no address and port"
    );
    assert_eq!(
        after_service("del 10.3.0.1:80"),
        "line 2: no such destination"
    );
    assert_eq!(
        after_service("add 10.3.0.1:80 weight=1"),
        "line 2: `upper` is missing"
    );
    assert_eq!(
        after_service("add 10.3.0.1:80 weight=-1 upper=0 lower=0"),
        "line 2: `-1` is no number"
    );
    assert_eq!(
        after_service("flow 10.2.0.1:1 -> none"),
        "line 2: `before` is missing"
    );
    assert_eq!(
        after_service("flow 10.2.0.1:1 -> none # before 10.3.0.1:80=1/0"),
        "line 2: `10.3.0.1:80=1/0` is no DESTINATION=WEIGHT/ACTIVE/INACTIVE"
    );
    assert_eq!(
        after_service("flow 10.2.0.1:1 -> none # before 10.3.0.1:80=1/0/0"),
        "line 2: 10.3.0.1:80 is not a destination now"
    );
    assert_eq!(
        refusal("service udp 10.1.0.1:80 sh flags=sh-fallbach persistent=0"),
        "line 1: `sh-fallbach` is no flag"
    );
    assert_eq!(
        refusal("service udp 10.1.0.1:80 fastest flags=- persistent=0"),
        "line 1: no model of scheduler fastest"
    );
    assert_eq!(
        refusal("service icmp 10.1.0.1:80 rr flags=- persistent=0"),
        "line 1: `icmp` is no protocol"
    );
}

#[test]
fn every_flag_of_ipvsadm_is_taken() {
    for flags in [
        "ops",
        "sh-fallback,sh-port",
        "mh-port,mh-fallback",
        "flag-1,flag-2,flag-3",
    ] {
        let text = format!("service udp [fd01::1]:80 sh flags={flags} persistent=0\nend\n");
        let outcome = replay(KernelProfile::TotalConnections, &text).unwrap();
        assert_eq!(outcome.flows, 0);
    }
}

#[test]
fn a_flow_that_goes_another_way_is_a_mismatch() {
    let text = format!(
        "{SERVICE}\nadd 10.3.0.1:80 weight=1 upper=0 lower=0\n\
         flow 10.2.0.1:1 -> none # before 10.3.0.1:80=1/0/0\nend\n"
    );
    let outcome = replay(KernelProfile::TotalConnections, &text).unwrap();
    let mismatches: Vec<_> = outcome.mismatches.iter().map(ToString::to_string).collect();
    assert_eq!(mismatches, ["line 3: kernel none, model 10.3.0.1:80"]);
}

proptest! {
    #[test]
    fn no_text_makes_the_replay_panic(
        trace in 0..55_usize,
        line in 0..40_usize,
        cut in 0..60_usize,
        noise in ".{0,12}",
        everything in proptest::option::weighted(0.2, "\\PC*"),
    ) {
        let traces = traces().unwrap();
        let mut lines: Vec<String> = traces[trace].1.lines().take(40).map(str::to_owned).collect();
        if let Some(line) = lines.get_mut(line) {
            let cut = cut.min(line.len());
            line.insert_str(cut, &noise);
        }
        let text = everything.unwrap_or_else(|| lines.join("\n"));
        for profile in [KernelProfile::Legacy, KernelProfile::TotalConnections] {
            match replay(profile, &text) {
                Ok(outcome) => prop_assert!(outcome.mismatches.len() <= outcome.flows),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
