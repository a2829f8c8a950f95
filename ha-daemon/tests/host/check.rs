//! Tests of the command line of `ha-daemon check`.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use std::process::Command;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/crossing-a.conf");

/// The exit status, and what was written to standard output and error.
fn check(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ha-daemon"));
    let output = command.arg("check").args(arguments).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn a_file_is_taken_as_run_takes_it() {
    let plain = check(&[EXAMPLE]);
    assert!(plain.1.contains("2 instances"), "{plain:?}");
    assert_eq!(check(&["-f", EXAMPLE]), plain);
    assert_eq!(check(&["--file", EXAMPLE]), plain);
}

#[test]
fn files_are_not_taken_both_ways() {
    let (status, output, error) = check(&["-f", EXAMPLE, EXAMPLE]);
    assert_eq!((status, output.as_str()), (Some(2), ""));
    assert!(error.contains("cannot be used with"), "{error}");
}
