//! Tests of `ha-daemon simulate` as a command: its output and exit status.

use std::io;
use std::path::Path;
use std::process::{Command, Output};

fn simulate(arguments: &[&str]) -> io::Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_ha-daemon"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples"))
        .arg("simulate")
        .args(arguments)
        .output()
}

#[test]
fn two_directors_end_with_status_0() {
    let output = simulate(&["-f", "director-a.conf", "-f", "director-b.conf"]).unwrap();
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains(
            "   17.0235 s  director-b is MASTER in VI_1: the active router fell silent\n"
        )
    );
    assert!(text.ends_with("every gap and every contest was as short as the protocol allows\n"));
    assert_eq!(output.stderr, b"");
}

/// Hosts of different versions do not hear each other.
#[test]
fn two_masters_for_ever_end_with_status_1() {
    let old = std::env::temp_dir().join(format!("ha-daemon-old-{}.conf", std::process::id()));
    let text = include_str!("../../../examples/director-b.conf");
    std::fs::write(&old, text.replace("vrrp_version 3", "vrrp_version 2")).unwrap();
    let old_file = old.to_str().unwrap();
    let output = simulate(&[
        "-f",
        "director-a.conf",
        "-f",
        old_file,
        "--host",
        "a",
        "--host",
        "b",
    ])
    .unwrap();
    std::fs::remove_file(&old).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("note: b never hears a in VI_1: the versions differ\n"),
        "{text}"
    );
    assert!(text.ends_with("something took longer than the protocol allows\n"));
}

#[test]
fn what_cannot_be_used_ends_with_status_2() {
    for (arguments, words) in [
        (&["-f", "missing.conf"][..], "missing.conf cannot run"),
        (
            &["-f", "director-a.conf", "--script", "missing"],
            "cannot read missing",
        ),
        (
            &["-f", "director-a.conf", "--for", "soon"],
            "a number and ms, s, m or h",
        ),
        (&[], "--file <FILE>"),
    ] {
        let output = simulate(arguments).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(output.stdout, b"");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(words), "{text}");
    }
}
