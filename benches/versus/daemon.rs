//! Daemons under measurement: their processes, processor time and memory.

use core::time::Duration;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::clock;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Ours,
    Keepalived,
}

impl Peer {
    /// Both, the one that was second in the round before first.
    pub(crate) const fn in_turns(round: usize) -> [Self; 2] {
        if round.is_multiple_of(2) {
            [Self::Ours, Self::Keepalived]
        } else {
            [Self::Keepalived, Self::Ours]
        }
    }

    /// The program.
    pub(crate) fn program(self) -> PathBuf {
        match self {
            Self::Ours => {
                let own = std::env::current_exe().expect("a program knows its path");
                own.with_file_name("ha-daemon")
            }
            Self::Keepalived => PathBuf::from("/usr/sbin/keepalived"),
        }
    }

    /// What follows the program to run `config` in the foreground, with its files in `dir`.
    pub(crate) fn arguments(self, config: &Path, dir: &Path) -> Vec<PathBuf> {
        let path = |name: &str| dir.join(name);
        let word = PathBuf::from;
        match self {
            Self::Ours => vec![
                word("run"),
                word("-f"),
                config.to_owned(),
                word("--socket"),
                path("socket"),
            ],
            Self::Keepalived => {
                let mut arguments: Vec<PathBuf> = ["-n", "-l", "-f"].map(word).into();
                arguments.push(config.to_owned());
                for (option, name) in [("-p", "pid"), ("-r", "vrrp.pid"), ("-c", "check.pid")] {
                    arguments.extend([word(option), path(name)]);
                }
                arguments
            }
        }
    }
}

/// A running daemon, killed when dropped.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
}

/// What all processes of a daemon use together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) processor: Duration,
    /// KiB; pages shared by several processes count once among them (PSS).
    pub(crate) memory: u64,
}

impl Daemon {
    /// Starts `command`, with its output in the file `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Self {
        let output = File::create(log).expect("a log file");
        let errors = output.try_clone().expect("a second handle");
        command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        Self {
            child: command.spawn().expect("the daemon starts"),
        }
    }

    /// What it used so far.
    pub(crate) fn usage(&self) -> Usage {
        let mut usage = Usage {
            processor: Duration::ZERO,
            memory: 0,
        };
        for pid in self.processes() {
            usage.processor += processor(pid);
            usage.memory += memory(pid);
        }
        usage
    }

    /// Its processes and what they started.
    fn processes(&self) -> Vec<u32> {
        let parents = parents();
        let mut family = vec![self.child.id()];
        let mut next = 0;
        while let Some(&parent) = family.get(next) {
            let children = parents.iter().filter(|(_, of)| **of == parent);
            family.extend(children.map(|(pid, _)| *pid));
            next += 1;
        }
        family
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid is positive"))
    }

    /// Panics if it has ended by itself.
    pub(crate) fn check_alive(&mut self) {
        let status = self.child.try_wait().expect("it is our child");
        assert_eq!(status, None, "the daemon ended by itself");
    }

    /// Asks it to end and waits.
    pub(crate) fn terminate(mut self) {
        kill(self.pid(), Signal::SIGTERM).expect("it is our child");
        let limit = Duration::from_secs(60);
        clock::until("the end", limit, Duration::from_millis(20), || {
            self.child.try_wait().expect("it is our child").is_some()
        });
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        match killpg(self.pid(), Signal::SIGKILL) {
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => eprintln!("the daemon {} stays: {error}", self.pid()),
        }
        drop(self.child.wait());
    }
}

/// All processes with their parents.
fn parents() -> BTreeMap<u32, u32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let parent = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        let parent = fields.split(' ').nth(1)?.parse().ok()?;
        Some((pid, parent))
    };
    pids.filter_map(parent).collect()
}

/// The time all threads of a process were on a processor.
fn processor(pid: u32) -> Duration {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Duration::ZERO;
    };
    let on_processor = |path: PathBuf| {
        let stat = fs::read_to_string(path.join("schedstat")).ok()?;
        stat.split(' ')
            .next()?
            .parse()
            .ok()
            .map(Duration::from_nanos)
    };
    threads
        .flatten()
        .filter_map(|thread| on_processor(thread.path()))
        .sum()
}

/// The proportional set size of a process in KiB.
fn memory(pid: u32) -> u64 {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or(0)
}
