//! The VRRP daemons that can run on a host.

use core::time::Duration;
use std::fs;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::clock;
use super::config::{self, Instance};
use super::frr;
use super::lab::Lab;
use super::process::Process;

/// A VRRP implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The daemon of this package.
    HaDaemon,
    /// keepalived 2.2.7.
    Keepalived,
    /// FRR 8.4.4: zebra and vrrpd.
    Frr,
}

/// A host with a daemon that can be started, ended and started again.
#[derive(Debug)]
pub struct Seat<'lab> {
    lab: &'lab Lab,
    /// The number of the host.
    pub host: usize,
    peer: Peer,
    instances: Vec<Instance>,
    daemon: Option<Process>,
    #[expect(
        dead_code,
        reason = "FRR's zebra outlives its vrrpd and ends with the seat"
    )]
    manager: Option<Process>,
}

impl<'lab> Seat<'lab> {
    /// Seats `peer` at `host`; nothing runs yet.
    pub fn new(lab: &'lab Lab, host: usize, peer: Peer, instances: Vec<Instance>) -> Self {
        let dir = lab.dir(host);
        let manager = match peer {
            Peer::HaDaemon | Peer::Keepalived => {
                fs::write(
                    dir.join("daemon.conf"),
                    config::keepalived(host, &instances),
                )
                .expect("the configuration can be written");
                None
            }
            Peer::Frr => Some(frr::prepare(lab.host(host), &dir, host, &instances)),
        };
        Self {
            lab,
            host,
            peer,
            instances,
            daemon: None,
            manager,
        }
    }

    /// The instances of this host.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// The instance with `vrid`.
    pub fn instance(&self, vrid: u8) -> &Instance {
        let found = self.instances.iter().find(|instance| instance.vrid == vrid);
        found.expect("the scenario configured it")
    }

    /// Starts the daemon.
    pub fn start(&mut self) {
        let dir = self.lab.dir(self.host);
        let path = |name: &str| dir.join(name).display().to_string();
        let config = path("daemon.conf");
        let command = match self.peer {
            Peer::HaDaemon => {
                let program = super::daemon::program().to_owned();
                vec![
                    program,
                    "run".into(),
                    "-f".into(),
                    config,
                    "--socket".into(),
                    path("socket"),
                ]
            }
            Peer::Keepalived => {
                let words = ["/usr/sbin/keepalived", "-n", "-l", "-D", "-G", "-P", "-f"];
                let mut command: Vec<String> = words.map(str::to_owned).into();
                command.push(config);
                for (option, name) in [("-p", "pid"), ("-r", "vrrp.pid"), ("-c", "check.pid")] {
                    // A killed child that nobody has reaped yet passes for a running daemon.
                    drop(fs::remove_file(dir.join(name)));
                    command.extend([option.to_owned(), path(name)]);
                }
                command
            }
            Peer::Frr => frr::command("vrrpd", &dir),
        };
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        self.daemon = Some(Process::start(
            self.lab.host(self.host),
            &dir.join("log"),
            &command,
        ));
    }

    fn daemon(&self) -> &Process {
        self.daemon.as_ref().expect("the daemon was started")
    }

    /// The daemon's process.
    pub fn pid(&self) -> Pid {
        self.daemon().pid()
    }

    /// Which daemon it is.
    pub const fn peer(&self) -> Peer {
        self.peer
    }

    /// Sends SIGTERM, waits for the end, and returns whether it was a good one.
    pub fn terminate(&mut self) -> bool {
        self.daemon
            .take()
            .expect("the daemon was started")
            .terminate()
    }

    /// Kills the daemon, as a crash would, and returns when.
    pub fn kill(&mut self) -> Duration {
        let time = clock::now();
        drop(self.daemon.take().expect("the daemon was started"));
        time
    }

    /// Stops the daemon's processes where they are.
    pub fn suspend(&self) {
        self.daemon().signal(Signal::SIGSTOP);
    }

    /// Lets a suspended daemon go on.
    pub fn resume(&self) {
        self.daemon().signal(Signal::SIGCONT);
    }

    /// Panics with the daemon's log if the daemon has ended by itself.
    pub fn check_alive(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            assert!(
                !daemon.has_ended(),
                "{:?} ended by itself:\n{}",
                self.peer,
                daemon.log()
            );
        }
    }
}
