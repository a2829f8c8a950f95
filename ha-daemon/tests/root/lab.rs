//! Tests of `ha-daemon lab` as a command.
#![expect(clippy::unwrap_used, reason = "a step that fails fails the test")]

use core::time::Duration;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::thread::sleep;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ha-daemon");
const NOBODY: u32 = 65534;

#[test]
#[ignore = "needs root"]
fn root_sees_every_step_in_the_protocols_time() {
    let output = Command::new(PROGRAM).arg("lab").output().unwrap();
    assert_success(&output);
}

#[test]
#[ignore = "needs root (to become nobody) and unprivileged user namespaces"]
fn an_unprivileged_user_sees_the_same() {
    // Through the descriptor, because nobody may not be allowed to search the directories above.
    let program = fs::File::open(PROGRAM).unwrap();
    let path = format!("/proc/self/fd/{}", program.as_raw_fd());
    let output = Command::new(path)
        .arg("lab")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    assert_success(&output);
}

#[test]
#[ignore = "needs root"]
fn an_interrupted_laboratory_says_so_and_leaves_no_process() {
    let (mut lab, mut stdout) = start_and_await_master();
    let hosts = children(lab.id());
    assert_eq!(hosts.len(), 3);
    signal(&lab, Signal::SIGINT);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(lab.wait().unwrap().code(), Some(1));
    let mut stderr = String::new();
    lab.stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert!(stderr.contains("interrupted"), "{stderr}");
    assert_gone(&hosts);
}

#[test]
#[ignore = "needs root"]
fn a_killed_laboratory_leaves_no_process() {
    let (mut lab, _stdout) = start_and_await_master();
    let hosts = children(lab.id());
    assert_eq!(hosts.len(), 3);
    signal(&lab, Signal::SIGKILL);
    lab.wait().unwrap();
    assert_gone(&hosts);
}

fn assert_success(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    let mut at = 0;
    for wanted in [
        "both directors start",
        "director-a is MASTER: election 3.",
        "director-a is killed",
        "director-b is MASTER: takeover 3.",
        "director-a starts again",
        "director-a is MASTER: preemption 3.",
        "director-a is stopped",
        "director-b is MASTER: handover ",
        "everything has stopped",
        "3 x 1 s + skew 0.609 s = 3.609 s",
    ] {
        let Some(found) = text[at..].find(wanted) else {
            panic!("no `{wanted}` after the first {at} octets of\n{text}");
        };
        at += found;
    }
}

fn start_and_await_master() -> (Child, BufReader<ChildStdout>) {
    let mut lab = Command::new(PROGRAM)
        .arg("lab")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(lab.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("is MASTER") {
        line.clear();
        assert_ne!(stdout.read_line(&mut line).unwrap(), 0, "the lab has ended");
    }
    (lab, stdout)
}

fn signal(lab: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(lab.id()).unwrap()), signal).unwrap();
}

fn children(pid: u32) -> Vec<String> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    list.split_whitespace().map(str::to_owned).collect()
}

/// Waits up to two seconds for the processes to end; a zombie, which init has still to reap, has.
fn assert_gone(pids: &[String]) {
    let alive = |pid: &String| {
        fs::read_to_string(Path::new("/proc").join(pid).join("stat"))
            .is_ok_and(|stat| !stat.contains(") Z "))
    };
    for _ in 0..40 {
        if !pids.iter().any(alive) {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("still alive: {pids:?}");
}
