//! A daemon with virtual servers in a network namespace of its own.

use core::fmt;
use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};

use super::clock;
use super::namespace::Namespace;
use super::process::Process;
use super::tools;

/// The guest is many times slower than a machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What runs virtual servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// The daemon of this package.
    HaDaemon,
    /// keepalived 2.2.7.
    Keepalived,
}

/// A directory for one test, removed with what is in it when dropped.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("guest-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A running daemon; killed when dropped.
pub(crate) struct Balancer {
    namespace: Namespace,
    program: Program,
    directory: PathBuf,
    process: Option<Process>,
}

impl Balancer {
    /// Starts `program` with `configuration`; its files are in `directory`.
    pub(crate) fn start(
        program: Program,
        namespace: Namespace,
        directory: &Path,
        configuration: &str,
    ) -> Self {
        fs::write(directory.join("daemon.conf"), configuration).unwrap();
        let mut balancer = Self {
            namespace,
            program,
            directory: directory.to_owned(),
            process: None,
        };
        balancer.start_again();
        balancer
    }

    /// Starts the daemon after it has ended.
    pub(crate) fn start_again(&mut self) {
        let path = |name: &str| self.directory.join(name).display().to_string();
        let file = path("daemon.conf");
        let command = match self.program {
            Program::HaDaemon => [env!("CARGO_BIN_EXE_ha-daemon"), "run", "-f", &file]
                .map(str::to_owned)
                .into_iter()
                .chain(["--socket".to_owned(), path("socket")])
                .collect(),
            Program::Keepalived => ["keepalived", "-n", "-l", "-D", "-C", "-f", &file]
                .map(str::to_owned)
                .into_iter()
                .chain([
                    "-p".to_owned(),
                    path("pid"),
                    "-c".to_owned(),
                    path("checkers"),
                ])
                .collect::<Vec<String>>(),
        };
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let log = self.directory.join("log");
        self.process = Some(Process::start(&self.namespace, &log, &command));
    }

    /// The control socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// The running daemon.
    pub(crate) fn process(&mut self) -> &mut Process {
        self.process.as_mut().unwrap()
    }

    pub(crate) const fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// What `ipvsadm` prints in the daemon's namespace.
    pub(crate) fn ipvsadm(&self, words: &str) -> String {
        let words: Vec<&str> = words.split(' ').collect();
        self.namespace.inside(|| tools::run("ipvsadm", &words))
    }

    /// Waits until the kernel's table is `expected`, as `ipvsadm -Sn` prints it.
    ///
    /// # Panics
    /// If it is not within [`PATIENCE`].
    pub(crate) fn expect_table(&self, expected: &str, when: &str) {
        let deadline = clock::now() + PATIENCE;
        loop {
            let table = self.ipvsadm("-Sn");
            if table == expected {
                return;
            }
            assert!(
                clock::now() < deadline,
                "{when}, {:?} has\n{table}instead of\n{expected}{self}",
                self.program
            );
            clock::pause(Duration::from_millis(100));
        }
    }

    /// Kills the daemon, as a crash would.
    pub(crate) fn kill(&mut self) {
        drop(self.process.take().unwrap());
    }

    /// Sends SIGTERM, waits for the end, and returns whether it was a good one.
    pub(crate) fn terminate(&mut self) -> bool {
        self.process.take().unwrap().terminate()
    }
}

impl fmt::Display for Balancer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let log = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        write!(f, "-- {:?} logged\n{}", self.program, log)
    }
}
