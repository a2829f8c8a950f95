//! The programs the tests run.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

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

/// Runs a program with its arguments in the namespace of the calling thread; it may fail.
///
/// # Panics
/// If it cannot be started.
pub fn attempt(command: &str) -> Output {
    let mut words = command.split_whitespace();
    let program = words.next().expect("a program");
    let output = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .output();
    output.unwrap_or_else(|error| panic!("cannot start {program}: {error}"))
}

/// Runs `ip` with these words in the namespace of the calling thread, and returns what it printed.
///
/// # Panics
/// If it fails.
pub fn ip(words: &str) -> String {
    let _alone = alone(words);
    let words: Vec<&str> = words.split_whitespace().collect();
    run("ip", &words)
}

/// Runs `ip` commands, one a line, in one process in the namespace of the calling thread.
///
/// # Panics
/// If one of them fails.
pub fn ip_batch(commands: &str) {
    batch(&["-batch", "-"], commands);
}

/// The same in the namespace of this name.
///
/// # Panics
/// If one of them fails.
pub fn ip_batch_in(namespace: &str, commands: &str) {
    batch(&["-n", namespace, "-batch", "-"], commands);
}

/// Whoever adds the first interface of its type has the kernel load a module; whoever comes second then
/// is refused. One adds them at a time.
fn alone(commands: &str) -> Option<MutexGuard<'static, ()>> {
    static ADDING: Mutex<()> = Mutex::new(());
    let adds = commands.contains("link add");
    adds.then(|| ADDING.lock().unwrap_or_else(PoisonError::into_inner))
}

fn batch(options: &[&str], commands: &str) {
    let _alone = alone(commands);
    let mut child = Command::new("/usr/sbin/ip")
        .args(options)
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
        "ip {options:?}: {}\n{commands}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The value of a kernel parameter below `/proc/sys/net`, as the calling thread sees it.
///
/// # Panics
/// If there is none, or it is not a number.
pub fn parameter(path: &str) -> i32 {
    let text = fs::read_to_string(format!("/proc/sys/net/{path}")).expect(path);
    text.trim().parse().expect("a number")
}

/// Gives a kernel parameter below `/proc/sys/net` another value.
///
/// # Panics
/// If the kernel refuses it.
pub fn set_parameter(path: &str, value: i32) {
    fs::write(format!("/proc/sys/net/{path}"), value.to_string()).expect(path);
}
