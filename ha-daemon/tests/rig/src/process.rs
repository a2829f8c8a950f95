//! Processes inside a namespace.

use core::time::Duration;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::clock;
use super::namespace::Namespace;

/// A process group in a namespace, killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    leader: Pid,
    log: PathBuf,
}

impl Process {
    /// Starts `command` (a program and its arguments) with its output in the file `log`. It dies
    /// with the thread that started it.
    pub fn start(namespace: &Namespace, log: &Path, command: &[&str]) -> Self {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("a log file");
        let errors = output.try_clone().expect("a second handle");
        let child = Command::new("/usr/sbin/ip")
            .args(["netns", "exec", namespace.name()])
            .args(["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"])
            .args(command)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0)
            .spawn()
            .expect("ip starts");
        let leader = Pid::from_raw(i32::try_from(child.id()).expect("a pid is positive"));
        Self {
            child,
            leader,
            log: log.to_owned(),
        }
    }

    /// The process identifier, which `ip` and `setpriv` hand on to the program.
    pub const fn pid(&self) -> Pid {
        self.leader
    }

    /// Asks the process to end, waits for it, and returns whether it ended well.
    ///
    /// # Panics
    /// If it is still there after ten seconds.
    pub fn terminate(self) -> bool {
        let ended = self.end_within(Duration::from_secs(10));
        ended.expect("the process ends on SIGTERM within ten seconds")
    }

    /// Asks the process to end and returns whether it ended well; nothing if it did not end within
    /// `limit`.
    pub fn end_within(mut self, limit: Duration) -> Option<bool> {
        match kill(self.leader, Signal::SIGTERM) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => panic!("the process is ours: {error}"),
        }
        let deadline = clock::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return Some(status.success());
            }
            if clock::now() > deadline {
                return None;
            }
            clock::pause(Duration::from_millis(3));
        }
    }

    /// Signals the whole group.
    pub fn signal(&self, signal: Signal) {
        killpg(self.leader, signal).expect("the group is ours");
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    /// What the process logged, for a panic's message.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        match killpg(self.leader, Signal::SIGKILL) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => println!("process group {} stays: {error}", self.leader),
        }
        drop(self.child.wait());
    }
}
