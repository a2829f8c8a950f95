//! The programs the tests run.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Panics, naming what is missing, unless this is root and every one of `programs` exists.
pub fn require(programs: &[&str]) {
    assert!(
        nix::unistd::geteuid().is_root(),
        "these tests need root: they build network namespaces"
    );
    for program in programs {
        assert!(
            Path::new(program).exists(),
            "these tests need {program}, which is not installed"
        );
    }
}

/// Runs a program to its end and returns what it printed.
///
/// # Panics
/// If it cannot be started or fails.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("cannot start {program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs `ip` with these words in the namespace of the calling thread, and returns what it printed.
///
/// # Panics
/// If it fails.
pub fn ip(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    run("ip", &words)
}

/// Runs `ip` commands, one a line, in one process.
///
/// # Panics
/// If one of them fails.
pub fn ip_batch(namespace: &str, commands: &str) {
    let mut child = Command::new("/usr/sbin/ip")
        .args(["-n", namespace, "-batch", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ip starts");
    child
        .stdin
        .take()
        .expect("stdin is a pipe")
        .write_all(commands.as_bytes())
        .expect("ip reads its commands");
    let output = child.wait_with_output().expect("ip ends");
    assert!(
        output.status.success(),
        "ip -n {namespace}: {}\n{commands}",
        String::from_utf8_lossy(&output.stderr)
    );
}
