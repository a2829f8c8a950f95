//! A daemon with a configuration of its own, in a network namespace.

use core::fmt;
use core::time::Duration;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use nix::sys::signal::Signal;

use super::clock;
use super::namespace::Namespace;
use super::process::Process;
use super::tools;

/// How long to wait for what has to come, however slow the machine; a guest is many times slower.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The daemon under test as cargo builds it: beside the directory of the running test.
pub fn program() -> &'static str {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = env::current_exe().expect("a process knows its program");
        let built = test.parent().and_then(Path::parent);
        let program = built.expect("deps/TEST").join("ha-daemon");
        assert!(program.exists(), "{} is not built", program.display());
        program.display().to_string()
    })
}

/// What reads a `keepalived.conf`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The daemon under test.
    HaDaemon,
    /// keepalived 2.2.7.
    Keepalived,
}

/// A running daemon; killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    namespace: Arc<Namespace>,
    program: Program,
    directory: PathBuf,
    process: Option<Process>,
}

impl Daemon {
    /// Starts `program` with `configuration`; its files are in `directory`.
    pub fn start(
        program: Program,
        namespace: impl Into<Arc<Namespace>>,
        directory: &Path,
        configuration: &str,
    ) -> Self {
        let mut daemon = Self {
            namespace: namespace.into(),
            program,
            directory: directory.to_owned(),
            process: None,
        };
        daemon.configure(configuration);
        daemon.start_again();
        daemon
    }

    /// Starts the daemon after it has ended.
    pub fn start_again(&mut self) {
        let path = |name: &str| self.directory.join(name).display().to_string();
        let file = path("daemon.conf");
        let command = match self.program {
            Program::HaDaemon => [program(), "run", "-f", &file]
                .map(str::to_owned)
                .into_iter()
                .chain(["--socket".to_owned(), path("socket")])
                .collect(),
            // With what it needs of its two processes.
            Program::Keepalived => ["keepalived", "-n", "-l", "-D", self.only(), "-f", &file]
                .map(str::to_owned)
                .into_iter()
                .chain([
                    "-p".to_owned(),
                    path("pid"),
                    "-c".to_owned(),
                    path("checkers"),
                    "-r".to_owned(),
                    path("vrrp"),
                ])
                .collect::<Vec<String>>(),
        };
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let log = self.directory.join("log");
        self.process = Some(Process::start(&self.namespace, &log, &command));
    }

    fn only(&self) -> &'static str {
        let configuration = fs::read_to_string(self.directory.join("daemon.conf"));
        let elects = configuration.is_ok_and(|text| text.contains("vrrp_instance"));
        if elects { "-P" } else { "-C" }
    }

    /// Writes another configuration, which the daemon reads when it starts or is told to.
    pub fn configure(&self, configuration: &str) {
        fs::write(self.directory.join("daemon.conf"), configuration)
            .expect("the directory takes files");
    }

    /// The control socket.
    pub fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    /// The running daemon.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("it was started")
    }

    /// Where it runs.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// What it has logged since it was first started.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Waits until it has logged `text`.
    ///
    /// # Panics
    /// With the log if it has not within [`PATIENCE`].
    pub fn await_log(&self, text: &str) {
        let deadline = clock::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(clock::now() < deadline, "no `{text}`\n{self}");
            clock::pause(Duration::from_millis(10));
        }
    }

    /// What `ha-daemon status --json` prints, with the control socket of this daemon.
    pub fn status(&self) -> String {
        let socket = self.socket().display().to_string();
        tools::run(program(), &["status", "--json", "--socket", &socket])
    }

    /// What `ipvsadm` prints in the daemon's namespace.
    pub fn ipvsadm(&self, words: &str) -> String {
        let words: Vec<&str> = words.split(' ').collect();
        self.namespace.inside(|| tools::run("ipvsadm", &words))
    }

    /// Waits until the kernel's table is `expected`, as `ipvsadm -Sn` prints it.
    ///
    /// # Panics
    /// If it is not within [`PATIENCE`].
    pub fn expect_table(&self, expected: &str, when: &str) {
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

    /// Signals the daemon and the processes it has started.
    pub fn signal(&self, signal: Signal) {
        let process = self.process.as_ref();
        process.expect("it was started").signal(signal);
    }

    /// Kills the daemon, as a crash would.
    pub fn kill(&mut self) {
        drop(self.process.take().expect("it was started"));
    }

    /// Sends SIGTERM, waits for the end, and returns whether it was a good one.
    pub fn terminate(&mut self) -> bool {
        self.process.take().expect("it was started").terminate()
    }
}

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "-- {:?} logged\n{}", self.program, self.log())
    }
}
