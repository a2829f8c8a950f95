//! Tests of the script runner with real scripts: environment, end, and processes left behind.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use core::num::NonZeroUsize;
use core::time::Duration;
use std::fs;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ha_daemon::health::attempt::{DynamicWeight, Failure, Outcome, Passed, Process};
use ha_daemon::health::misc::{MiscCheck, MiscFailure};
use ha_daemon::script::{Ending, Run, Runner, Script, StartError, split};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// A command of a script: it waits until it may go on, or whoever started it is gone.
const WAIT: &str = "while [ ! -e go ] && [ -d /proc/$PPID ]; do sleep 0.1; done";

/// One test at a time: they count processes and descriptors.
static TURN: Mutex<()> = Mutex::new(());

/// A directory of scripts.
struct Scripts {
    path: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

impl Scripts {
    fn new(name: &str) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("ha-daemon-script-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        Self { path, _turn: turn }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A shell script that runs in this directory.
    fn write(&self, body: &str) -> Arc<Script> {
        let head = format!("#!/bin/sh\ncd '{}'\n", self.path.display());
        self.write_file(&(head + body), 0o755)
    }

    fn write_file(&self, text: &str, mode: u32) -> Arc<Script> {
        let path = self.file("script");
        // Written by another process: a child that a supervisor has just forked can hold a copy of a
        // descriptor opened here, and a file that is open for writing is not executed.
        fs::write(self.file("text"), text).unwrap();
        let copied = std::process::Command::new("cp")
            .args([&self.file("text"), &path])
            .status();
        assert!(copied.unwrap().success());
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        script(vec![path.into()])
    }
}

impl Drop for Scripts {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.path).unwrap();
    }
}

fn script(words: Vec<std::ffi::OsString>) -> Arc<Script> {
    Arc::new(Script::new(words, None).unwrap())
}

fn runner(supervisors: usize) -> Runner {
    Runner::new(NonZeroUsize::new(supervisors).unwrap()).unwrap()
}

fn wait_for(fd: impl AsFd) {
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut fds, PollTimeout::from(20_000_u16)), Ok(1));
}

fn end(mut run: Run) -> Ending {
    loop {
        wait_for(&run);
        if let Some(ending) = run.poll() {
            return ending;
        }
        assert!(run.has_begun(), "readable, so begun or ended");
    }
}

fn run(script: &Arc<Script>) -> Ending {
    end(runner(1).start(script).unwrap())
}

/// Looks every 10 ms for up to 20 s.
fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if is() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not come");
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Whether this process runs `test` and no other. If it does not, one that does has been started, with
/// these `variables` set, and has passed.
fn is_alone(test: &str, variables: &[(&str, &str)]) -> bool {
    const ALONE: &str = "HA_DAEMON_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let other = std::process::Command::new("/proc/self/exe")
        .args(["--exact", &format!("script::{test}")])
        .envs(variables.iter().copied())
        .env(ALONE, "1")
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&other.stdout);
    let error = String::from_utf8_lossy(&other.stderr);
    assert!(output.contains("1 passed"), "{output}{error}");
    false
}

/// Whether a process runs; a zombie that its parent has not fetched does not.
fn is_running(pid: &str) -> bool {
    let stat = read(Path::new(&format!("/proc/{pid}/stat")));
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(" Z"))
}

#[test]
fn exit_statuses_are_outcomes() {
    let scripts = Scripts::new("statuses");
    let runner = runner(1);
    let outcome = |status: u8, dynamic: bool| -> Outcome {
        let script = scripts.write(&format!("exit {status}"));
        let mut attempt = MiscCheck::new(script, dynamic).start(&runner).unwrap();
        loop {
            wait_for(&attempt);
            if let Some(outcome) = attempt.poll() {
                break outcome;
            }
        }
    };
    let weight = |weight| {
        Ok(Passed {
            weight: Some(DynamicWeight::Absolute(weight)),
        })
    };
    assert_eq!(outcome(0, false), Ok(Passed::default()));
    assert_eq!(outcome(1, true), Err(MiscFailure::Exited(1).into()));
    assert_eq!(outcome(7, false), Err(MiscFailure::Exited(7).into()));
    assert_eq!(outcome(7, true), weight(5));
    assert_eq!(outcome(255, true), weight(253));
}

#[test]
fn arguments_arrive_as_written() {
    let scripts = Scripts::new("arguments");
    scripts.write("for a; do echo \"<$a>\"; done > out");
    let command = format!(
        "{} a 'b  c' '' '$HOME' '*' ';'",
        scripts.file("script").display()
    );
    assert_eq!(run(&script(split(&command).unwrap())), Ending::Exited(0));
    assert_eq!(
        read(&scripts.file("out")),
        "<a>\n<b  c>\n<>\n<$HOME>\n<*>\n<;>\n"
    );
}

#[test]
fn standard_streams_are_the_null_device() {
    let scripts = Scripts::new("streams");
    let script = scripts.write(
        "for fd in 0 1 2; do [ \"$(readlink /proc/$$/fd/$fd)\" = /dev/null ] || exit 3; done\n\
         read line && exit 4\n\
         head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2",
    );
    assert_eq!(run(&script), Ending::Exited(0));
}

#[test]
fn inherits_no_descriptor_of_the_daemon() {
    let scripts = Scripts::new("descriptors");
    let script = scripts.write(&format!("{WAIT}; ls -l /proc/$$/fd > out"));
    let _open = fs::File::create(scripts.file("marker")).unwrap();
    let runner = runner(1);
    let running = runner.start(&script).unwrap();
    let own = format!("/proc/self/fd/{}", running.as_fd().as_raw_fd());
    let socket = fs::read_link(own).unwrap();
    fs::write(scripts.file("go"), "").unwrap();
    assert_eq!(end(running), Ending::Exited(0));
    let out = read(&scripts.file("out"));
    assert!(out.contains("/dev/null"), "{out}");
    assert!(!out.contains("marker"), "{out}");
    assert!(!out.contains(socket.to_str().unwrap()), "{out}");
}

#[test]
fn variables_of_the_daemon_are_its_own_but_for_the_path_and_the_language() {
    let variables = [
        ("IFS", "/"),
        ("LD_LIBRARY_PATH", "/nonexistent"),
        ("PASSWORD", "secret"),
        ("HOME", "/root"),
        ("LANG", "C.UTF-8"),
        ("LC_ALL", "C"),
        ("TZ", "UTC"),
    ];
    let name = "variables_of_the_daemon_are_its_own_but_for_the_path_and_the_language";
    if !is_alone(name, &variables) {
        return;
    }
    let scripts = Scripts::new("variables");
    let script = scripts.write("tr '\\0' '\\n' < /proc/$$/environ > out");
    assert_eq!(run(&script), Ending::Exited(0));
    let out = read(&scripts.file("out"));
    let names = out.lines().filter_map(|line| line.split('=').next());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    let kept = ["LANG", "LC_ALL", "PATH", "TZ"];
    // Others of the language may have been set before.
    names.retain(|name| !name.starts_with("LC_") || *name == "LC_ALL");
    names.retain(|name| *name != "LANGUAGE");
    assert_eq!(names, kept, "{out}");
}

#[test]
fn what_scripts_write_is_for_nobody_else() {
    let scripts = Scripts::new("umask");
    assert_eq!(
        run(&scripts.write("umask > out; touch file")),
        Ending::Exited(0)
    );
    assert_eq!(read(&scripts.file("out")), "0177\n");
    let mode = |name: &str| {
        fs::metadata(scripts.file(name))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(mode("file") & 0o777, 0o600);
    // The daemon keeps its own.
    fs::write(scripts.file("ours"), "").unwrap();
    assert_ne!(mode("ours") & 0o777, 0o600);
}

#[test]
fn no_signal_is_blocked_in_a_script_and_a_broken_pipe_ends_it() {
    let scripts = Scripts::new("signals");
    let script = scripts.write("grep -E '^Sig(Blk|Ign)' /proc/self/status > out");
    assert_eq!(run(&script), Ending::Exited(0));
    let out = read(&scripts.file("out"));
    let sets: Vec<_> = out.split_whitespace().collect();
    let ["SigBlk:", blocked, "SigIgn:", ignored] = sets[..] else {
        panic!("{out}");
    };
    let set = |text| u64::from_str_radix(text, 16).unwrap();
    // SIGPIPE, which this process ignores, is signal 13.
    assert_eq!((set(blocked), set(ignored) & (1 << 12)), (0, 0), "{out}");
}

#[test]
fn supervisors_come_when_they_are_needed_and_all_scripts_run_at_a_time() {
    let scripts = Scripts::new("crowd");
    let runner = runner(40);
    let text = &format!("echo >> begun; {WAIT}");
    scripts.write(text);
    let runs: Vec<_> = (0..40)
        .map(|_| {
            runner
                .start(&script(vec![scripts.file("script").into()]))
                .unwrap()
        })
        .collect();
    let begun = || read(&scripts.file("begun")).len();
    eventually("all of them", || begun() == 40);
    fs::write(scripts.file("go"), "").unwrap();
    for run in runs {
        assert_eq!(end(run), Ending::Exited(0));
    }
}

#[test]
fn scripts_one_after_the_other_take_no_further_thread() {
    // Others have supervisors, too.
    if !is_alone("scripts_one_after_the_other_take_no_further_thread", &[]) {
        return;
    }
    let scripts = Scripts::new("single");
    let runner = runner(10);
    let supervisors = || {
        let threads = fs::read_dir("/proc/self/task").unwrap();
        let names = threads.filter_map(|thread| {
            // A thread may go meanwhile.
            fs::read_to_string(thread.unwrap().path().join("comm")).ok()
        });
        names.filter(|name| name == "script\n").count()
    };
    eventually("two supervisors", || supervisors() == 2);
    let script = scripts.write("true");
    for _ in 0..300 {
        assert_eq!(end(runner.start(&script).unwrap()), Ending::Exited(0));
    }
    assert_eq!(supervisors(), 2);
}

#[test]
fn a_script_has_begun_once_its_program_is_executed() {
    let scripts = Scripts::new("begun");
    let slow = scripts.write(WAIT);
    let runner = runner(1);
    let mut first = runner.start(&slow).unwrap();
    let mut second = runner.start(&script(vec!["true".into()])).unwrap();
    wait_for(&first);
    assert_eq!(first.poll(), None);
    assert!(first.has_begun());
    assert_eq!(second.poll(), None);
    assert!(!second.has_begun(), "it waits for the supervisor");
    fs::write(scripts.file("go"), "").unwrap();
    assert_eq!(end(first), Ending::Exited(0));
    assert_eq!(end(second), Ending::Exited(0));
}

#[test]
fn leads_a_process_group_of_its_own() {
    let scripts = Scripts::new("group");
    let script = scripts.write("set -- $(cat /proc/$$/stat); [ $5 = $$ ]");
    assert_eq!(run(&script), Ending::Exited(0));
}

#[test]
fn a_signal_is_told_from_a_status() {
    let scripts = Scripts::new("signal");
    assert_eq!(run(&scripts.write("kill -9 $$")), Ending::Killed(9));
    assert_eq!(run(&scripts.write("exit 137")), Ending::Exited(137));
}

#[test]
fn what_cannot_be_executed_says_why() {
    let scripts = Scripts::new("unexecutable");
    let missing = script(vec![scripts.file("missing").into()]);
    assert_eq!(run(&missing), Ending::NotStarted(Errno::ENOENT));
    let forbidden = scripts.write_file("#!/bin/sh\n", 0o644);
    assert_eq!(run(&forbidden), Ending::NotStarted(Errno::EACCES));
    let nul = script(vec!["/bin/true".into(), "a\0b".into()]);
    assert_eq!(run(&nul), Ending::NotStarted(Errno::EINVAL));
}

#[test]
fn a_script_without_an_interpreter_line_is_one_for_the_shell() {
    let scripts = Scripts::new("plain");
    assert_eq!(
        run(&scripts.write_file("exit 5\n", 0o755)),
        Ending::Exited(5)
    );
}

#[test]
fn a_timeout_ends_the_children_as_well() {
    let scripts = Scripts::new("timeout");
    let script = scripts.write(
        "(sleep 1000 & echo $! > grandchild; wait) &\n\
         sleep 1000 &\n\
         echo $$ $! > pids\n\
         wait",
    );
    let runner = runner(1);
    let mut attempt = MiscCheck::new(script, false).start(&runner).unwrap();
    let pids = || read(&scripts.file("pids")) + &read(&scripts.file("grandchild"));
    eventually("the children", || pids().split_whitespace().count() == 3);
    assert!(pids().split_whitespace().all(is_running));
    assert_eq!(attempt.poll(), None);

    let limit = Duration::from_secs(1);
    assert_eq!(attempt.timed_out(limit), Err(Failure::NoAnswer(limit)));
    drop(attempt);
    for pid in pids().split_whitespace() {
        eventually("their end", || !is_running(pid));
    }
}

#[test]
fn a_script_that_ignores_sigterm_is_killed() {
    let scripts = Scripts::new("stubborn");
    let script = scripts.write("trap '' TERM; (echo $$ > pid; sleep 1000); sleep 1000");
    let runner = runner(1);
    let running = runner.start(&script).unwrap();
    eventually("the script", || !read(&scripts.file("pid")).is_empty());
    running.cancel();
    assert_eq!(end(running), Ending::Killed(9));
    let pid = read(&scripts.file("pid"));
    assert!(!is_running(pid.trim()));
}

#[test]
fn a_script_has_one_process_at_a_time() {
    let scripts = Scripts::new("single");
    let script = scripts.write("touch started; exec sleep 1000");
    let runner = runner(2);
    let first = runner.start(&script).unwrap();
    eventually("the script", || scripts.file("started").exists());
    assert_eq!(runner.start(&script).unwrap_err(), StartError::Alive);
    first.cancel();
    assert_eq!(end(first), Ending::Killed(15));
    assert!(runner.start(&script).is_ok());
}

#[test]
fn scripts_wait_for_a_supervisor_and_can_be_cancelled_while_they_do() {
    let scripts = Scripts::new("queue");
    let slow = scripts.write(WAIT);
    let touch = |name: &str| script(vec!["touch".into(), scripts.file(name).into()]);
    let runner = runner(1);
    let slow = runner.start(&slow).unwrap();
    let cancelled = runner.start(&touch("cancelled")).unwrap();
    let mut waiting = runner.start(&touch("waited")).unwrap();
    assert_eq!(waiting.poll(), None);
    cancelled.cancel();

    fs::write(scripts.file("go"), "").unwrap();
    assert_eq!(end(slow), Ending::Exited(0));
    assert_eq!(end(waiting), Ending::Exited(0));
    assert!(scripts.file("waited").exists());
    assert_eq!(end(cancelled), Ending::NotRun);
    assert!(!scripts.file("cancelled").exists());
}

#[test]
fn the_queue_is_bounded() {
    // It may take all descriptors there are.
    if !is_alone("the_queue_is_bounded", &[]) {
        return;
    }
    let scripts = Scripts::new("bounded");
    let slow = scripts.write("touch started; exec sleep 1000");
    let runner = runner(1);
    let _slow = runner.start(&slow).unwrap();
    eventually("the script", || scripts.file("started").exists());
    let mut runs = Vec::new();
    let refused = loop {
        match runner.start(&script(vec!["true".into()])) {
            Ok(run) => runs.push(run),
            Err(error) => break error,
        }
    };
    // Fewer where descriptors run out first.
    match refused {
        StartError::Busy => assert_eq!(runs.len(), 1024),
        StartError::Descriptor(errno) => assert_eq!(errno, Errno::EMFILE),
        StartError::Alive => panic!("each is another script"),
    }
}

#[test]
fn a_hundred_runs_leave_no_descriptor_and_no_process() {
    // The supervisors of another test may still close theirs.
    if !is_alone("a_hundred_runs_leave_no_descriptor_and_no_process", &[]) {
        return;
    }
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let runner = runner(4);
    let quick = script(vec!["true".into()]);
    let missing = script(vec!["/nonexistent".into()]);
    let endless = script(vec!["sleep".into(), "1000".into()]);
    let before = descriptors();
    for _ in 0..100 {
        assert_eq!(end(runner.start(&quick).unwrap()), Ending::Exited(0));
        assert_eq!(
            end(runner.start(&missing).unwrap()),
            Ending::NotStarted(Errno::ENOENT)
        );
    }
    drop(runner.start(&endless).unwrap());
    eventually("the end", || runner.start(&endless).is_ok());
    assert!(runner.finish(Duration::from_secs(20)));
    eventually("the closing of descriptors", || descriptors() == before);
    let children = read(Path::new(&format!(
        "/proc/self/task/{0}/children",
        std::process::id()
    )));
    assert_eq!(children, "");
}

#[test]
fn the_runner_finishes_when_its_scripts_are_gone() {
    let scripts = Scripts::new("finish");
    let script = scripts.write("touch started; exec sleep 1000");
    let idle = runner(3);
    assert!(idle.finish(Duration::from_secs(20)));
    let busy = runner(3);
    let running = busy.start(&script).unwrap();
    eventually("the script", || scripts.file("started").exists());
    drop(running);
    assert!(busy.finish(Duration::from_secs(20)));
}
