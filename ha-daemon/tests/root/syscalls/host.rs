//! Two hosts with a daemon each; in one of them system calls fail.

use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use ha_daemon::observe::control;

use super::calls::{CALLS, Point};
use super::outcome::Outcome;
use rig::{Namespace, Process, now, pause};

/// How long any step may take: what failed is tried again after some seconds.
const PATIENCE: Duration = Duration::from_secs(12);
const ADDRESS: &str = "10.0.1.1";
const DAEMON: &str = env!("CARGO_BIN_EXE_ha-daemon");

fn configuration(priority: u8) -> String {
    let router = |vrid: u8, version: u8, more: &str, address: &str| {
        format!(
            "vrrp_instance V{vrid} {{
    state BACKUP
    interface eth0
    virtual_router_id {vrid}
    version {version}
    priority {priority}
    advert_int 0.01
    {more}
    virtual_ipaddress {{
        {address}
    }}
}}
"
        )
    };
    router(1, 3, "", ADDRESS) + &router(2, 3, "use_vmac\n    no_accept", "10.0.1.2")
}

/// A host with a neighbour that has the same virtual routers and a lower priority.
pub(crate) struct Host {
    namespace: Namespace,
    neighbour: Namespace,
    dir: PathBuf,
    _other: Process,
}

impl Host {
    pub(crate) fn new(number: usize) -> Self {
        let (namespace, neighbour) = (Namespace::new("failing"), Namespace::new("sound"));
        namespace.ip(&format!(
            "link add eth0 type veth peer name eth0 netns {}\nlink set eth0 up\n\
             addr add 10.0.0.1/16 dev eth0",
            neighbour.name()
        ));
        neighbour.ip("link set eth0 up\naddr add 10.0.0.2/16 dev eth0");
        let dir = std::env::temp_dir().join(format!("{}-{number}", namespace.name()));
        fs::create_dir(&dir).expect("a directory for configurations and logs");
        for (name, priority) in [("failing", 200), ("sound", 100)] {
            fs::write(dir.join(name), configuration(priority)).expect("the directory is there");
        }
        let path = |name: &str| dir.join(name).display().to_string();
        let other = Process::start(
            &neighbour,
            &dir.join("sound.log"),
            &[
                DAEMON,
                "run",
                "-f",
                &path("sound"),
                "--socket",
                &path("sound.socket"),
            ],
        );
        Self {
            namespace,
            neighbour,
            dir,
            _other: other,
        }
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    fn start(&self, trace: &str, expression: &[&str]) -> Process {
        // One that was killed has left them.
        for file in ["log", "trace", "socket"] {
            drop(fs::remove_file(self.dir.join(file)));
        }
        if self.has_addresses() {
            self.namespace.ip("addr flush to 10.0.1.0/24");
        }
        let (config, socket, output) = (
            self.path("failing"),
            self.path("socket"),
            self.path("trace"),
        );
        let mut command = vec![
            "/usr/bin/strace",
            "-D",
            "-f",
            "-q",
            "--seccomp-bpf",
            "-o",
            &output,
        ];
        let trace = format!("trace={trace}");
        command.extend(["-e", &trace]);
        command.extend(expression);
        command.extend([DAEMON, "run", "-f", &config, "--socket", &socket]);
        Process::start(&self.namespace, &self.dir.join("log"), &command)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    fn has_addresses(&self) -> bool {
        self.namespace.has_address("10.0.1.0/24")
    }

    /// Waits for the addresses to be there, or not; false if the daemon ends or never gets there.
    fn await_addresses(&self, there: bool, process: &mut Process) -> bool {
        let deadline = now() + PATIENCE;
        let both = || {
            ["10.0.1.1", "10.0.1.2"]
                .iter()
                .all(|one| self.namespace.has_address(one))
        };
        loop {
            let reached = if there { both() } else { !self.has_addresses() };
            if reached {
                return true;
            }
            if process.has_ended() || now() > deadline {
                return false;
            }
            pause(Duration::from_millis(20));
        }
    }

    /// Start, Active, no carrier, Active again.
    fn go_through(&self, process: &mut Process) -> Result<(), String> {
        let reached = |ok: bool, what: &str| if ok { Ok(()) } else { Err(what.to_owned()) };
        reached(self.await_addresses(true, process), "it was not Active")?;
        let socket = self.dir.join("socket");
        // One that is refused by a failure asks again.
        let told = control::ask_status(&socket).or_else(|_| control::ask_status(&socket));
        self.neighbour.ip("link set eth0 down");
        let released = self.await_addresses(false, process);
        self.neighbour.ip("link set eth0 up");
        reached(released, "it kept its addresses without a carrier")?;
        reached(
            self.await_addresses(true, process),
            "it was not Active again",
        )?;
        let excused = self.log().contains("no control socket");
        match told {
            Err(error) if !excused => Err(format!("it did not tell its status: {error}")),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// How often each call is made in a clean run by the thread that makes most calls.
    pub(crate) fn count(&self) -> BTreeMap<String, usize> {
        let names: Vec<_> = CALLS.iter().map(|call| call.name).collect();
        let mut process = self.start(&names.join(","), &[]);
        let pid = process.pid().to_string();
        if let Err(what) = self.go_through(&mut process) {
            panic!("a clean run failed: {what}\n{}", self.log());
        }
        assert!(
            process.terminate(),
            "a clean run ended badly:\n{}",
            self.log()
        );
        let trace = fs::read_to_string(self.dir.join("trace")).expect("strace wrote it");
        let mut counts = BTreeMap::new();
        for line in trace.lines() {
            let Some((thread, call)) = line.split_once(' ') else {
                continue;
            };
            if let (true, Some((name, _))) = (thread == pid, call.trim_start().split_once('(')) {
                *counts.entry(name.to_owned()).or_default() += 1;
            }
        }
        counts
    }

    /// One run in which the call of `point` fails.
    pub(crate) fn attempt(&self, point: Point) -> Outcome {
        let inject = format!("inject={point}");
        let mut process = self.start(point.call, &["-e", &inject]);
        let outcome = self.go_through(&mut process);
        let ended = process.end_within(PATIENCE);
        let outcome = outcome.and_then(|()| match ended {
            Some(true) if self.has_addresses() => Err("it left addresses behind".to_owned()),
            Some(true) => Ok(()),
            Some(false) => Err("it ended badly on SIGTERM".to_owned()),
            None => Err("it did not end on SIGTERM".to_owned()),
        });
        let trace = fs::read_to_string(self.dir.join("trace")).unwrap_or_default();
        let log = self.log();
        match outcome {
            // A thread could be started just before, and this one could not.
            _ if log.contains("failed to spawn `tracing-appender`") => Outcome::Refused(log),
            _ if log.contains("panicked") => Outcome::Violation(format!("it panicked:\n{log}")),
            _ if !trace.contains("(INJECTED)") => Outcome::NotReached,
            Ok(()) => Outcome::Recovered,
            Err(_)
                if !log.contains("Entering MASTER STATE")
                    && log.to_lowercase().contains("error")
                    || log.contains("cannot") =>
            {
                Outcome::Refused(log)
            }
            Err(what) => Outcome::Violation(format!("{what}:\n{log}")),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.dir));
    }
}
