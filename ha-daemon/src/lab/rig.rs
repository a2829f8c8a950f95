//! The laboratory: a bridge in a network namespace of its own, and the hosts connected to it.

use core::time::Duration;
use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use vrrp_core::Instant;
use vrrp_mio::Clock;

use super::LabError;
use super::host::READY;
use super::process::HostProcess;
use super::record::{AdvertRecord, PingRecord};
use super::requests::RequestRecord;
use super::role::{INTERFACE, Role};
use super::rtnl::Rtnl;
use super::tap::Tap;

const BRIDGE: &str = "lab0";
/// The longest sleep, so that the end of a host is noticed soon.
const TURN: Duration = Duration::from_millis(50);
/// How long a host may take for its namespaces, or to stop.
const HOST_PATIENCE: Duration = Duration::from_secs(5);
/// What a director logs when it becomes BACKUP.
const BACKUP: &str = "Entering BACKUP STATE";
/// Lines of the hosts' logs kept until they are printed.
const LOG_LINES: usize = 1000;

/// A line of a host's log.
#[derive(Debug)]
pub(super) struct LogLine {
    pub(super) at: Instant,
    pub(super) role: Role,
    pub(super) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Starting,
    Ready,
    Leaving,
}

#[derive(Debug)]
struct Host {
    process: HostProcess,
    phase: Phase,
    /// When a director last said that it became BACKUP.
    backup_since: Option<Instant>,
}

/// The bridge, the hosts on it and the record of what crossed it.
pub(super) struct Rig {
    rtnl: Rtnl,
    clock: Clock,
    tap: Tap,
    signals: SignalFd,
    hosts: BTreeMap<Role, Host>,
    pub(super) adverts: AdvertRecord,
    pub(super) pings: PingRecord,
    pub(super) requests: RequestRecord,
    pub(super) log: Vec<LogLine>,
}

impl Rig {
    /// Builds the bridge in this process's network namespace and takes SIGINT, SIGTERM and SIGHUP.
    pub(super) fn build() -> Result<Self, LabError> {
        let mask: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]
            .into_iter()
            .collect();
        let signals = mask
            .thread_block()
            .and_then(|()| {
                SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
            })
            .map_err(|errno| LabError::Signals(errno.into()))?;
        let rtnl = Rtnl::open()?;
        rtnl.create_bridge(BRIDGE)?;
        Ok(Self {
            rtnl,
            clock: Clock::new().map_err(LabError::Clock)?,
            tap: Tap::open().map_err(LabError::Tap)?,
            signals,
            hosts: BTreeMap::new(),
            adverts: AdvertRecord::default(),
            pings: PingRecord::default(),
            requests: RequestRecord::default(),
            log: Vec::new(),
        })
    }

    /// Starts a host, cables it to the bridge and lets it go. The time is that of the go.
    pub(super) fn start(&mut self, role: Role) -> Result<Instant, LabError> {
        let process =
            HostProcess::spawn(role).map_err(|source| LabError::Spawn { role, source })?;
        let pid = process.pid();
        let host = Host {
            process,
            phase: Phase::Starting,
            backup_since: None,
        };
        self.hosts.insert(role, host);
        let limit = self.now() + HOST_PATIENCE;
        while self.phase(role) == Some(Phase::Starting) {
            if self.turn(limit)? >= limit {
                return Err(self.silent(role, "get ready"));
            }
        }
        self.rtnl.create_port(
            role.name(),
            BRIDGE,
            (INTERFACE, role.hardware_address()),
            pid,
        )?;
        self.go(role)
    }

    /// Lets a host go on; all but the directors begin at their second go.
    pub(super) fn go(&mut self, role: Role) -> Result<Instant, LabError> {
        let at = self.now();
        if let Some(host) = self.hosts.get_mut(&role) {
            host.process
                .go()
                .map_err(|source| LabError::Spawn { role, source })?;
        }
        Ok(at)
    }

    /// Kills a host's process and cuts its cable: with its only process the host itself is gone,
    /// and so is whatever address it had.
    pub(super) fn kill(&mut self, role: Role) -> Result<Instant, LabError> {
        let at = self.now();
        if let Some(mut host) = self.hosts.remove(&role) {
            host.process
                .kill()
                .map_err(|source| LabError::Stop { role, source })?;
        }
        self.rtnl.delete(role.name())?;
        Ok(at)
    }

    /// Asks a host's process to stop.
    pub(super) fn terminate(&mut self, role: Role) -> Result<Instant, LabError> {
        let at = self.now();
        if let Some(host) = self.hosts.get_mut(&role) {
            host.phase = Phase::Leaving;
            host.process
                .terminate()
                .map_err(|source| LabError::Stop { role, source })?;
        }
        Ok(at)
    }

    /// Waits until a host that was asked to stop has done so.
    pub(super) fn await_exit(&mut self, role: Role) -> Result<Instant, LabError> {
        let limit = self.now() + HOST_PATIENCE;
        loop {
            let now = self.turn(limit)?;
            if !self.hosts.contains_key(&role) {
                // The kernel takes its time to do so with the host's namespace.
                self.rtnl.delete(role.name())?;
                return Ok(now);
            }
            if now >= limit {
                return Err(self.silent(role, "stop"));
            }
        }
    }

    /// Sleeps until something happens, at most until `until` and never long; records it, and
    /// returns the time.
    pub(super) fn turn(&mut self, until: Instant) -> Result<Instant, LabError> {
        let sleep = until.saturating_duration_since(self.now()).min(TURN);
        self.sleep(sleep)?;
        let now = self.now();
        if self
            .signals
            .read_signal()
            .map_err(|errno| LabError::Signals(errno.into()))?
            .is_some()
        {
            return Err(LabError::Interrupted);
        }
        while let Some(advert) = self.tap.next(now).map_err(LabError::Tap)? {
            self.adverts.push(advert);
        }
        self.read_hosts(now)?;
        self.reap()?;
        Ok(now)
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// When a director last said that it became BACKUP.
    pub(super) fn backup_since(&self, role: Role) -> Option<Instant> {
        self.hosts.get(&role)?.backup_since
    }

    fn phase(&self, role: Role) -> Option<Phase> {
        self.hosts.get(&role).map(|host| host.phase)
    }

    /// The error of a host that did not do `what` in time, with its last lines if it runs.
    pub(super) fn silent(&self, role: Role, what: &'static str) -> LabError {
        LabError::HostSilent {
            role,
            what,
            tail: self.hosts.get(&role).map(|host| host.process.tail()),
        }
    }

    fn sleep(&self, at_most: Duration) -> Result<(), LabError> {
        let mut fds = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.tap.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(
            self.hosts
                .values()
                .map(|host| PollFd::new(host.process.as_fd(), PollFlags::POLLIN)),
        );
        let millis = u16::try_from(at_most.as_micros().div_ceil(1000)).unwrap_or(u16::MAX);
        match poll(&mut fds, PollTimeout::from(millis)) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(LabError::Poll(errno.into())),
        }
    }

    fn read_hosts(&mut self, at: Instant) -> Result<(), LabError> {
        let Self {
            hosts,
            pings,
            requests,
            log,
            ..
        } = self;
        for (&role, host) in hosts {
            let Host {
                process,
                phase,
                backup_since,
            } = host;
            process
                .read_lines(|line| {
                    if let Ok(report) = line.parse() {
                        pings.add(report);
                        return true;
                    }
                    if let Ok(request) = line.parse() {
                        requests.add(request);
                        return true;
                    }
                    if line.contains(BACKUP) {
                        *backup_since = Some(at);
                    }
                    if *phase == Phase::Starting && line == READY {
                        *phase = Phase::Ready;
                        return true;
                    }
                    if log.len() < LOG_LINES {
                        let text = line.to_owned();
                        log.push(LogLine { at, role, text });
                    }
                    false
                })
                .map_err(|source| LabError::Output { role, source })?;
        }
        Ok(())
    }

    /// Forgets the hosts that were asked to stop and did; any other end is an error.
    fn reap(&mut self) -> Result<(), LabError> {
        let mut left = None;
        for (&role, host) in &mut self.hosts {
            let ended = host
                .process
                .exited()
                .map_err(|source: io::Error| LabError::Stop { role, source })?;
            match (ended, host.phase) {
                (None, _) => {}
                (Some(_), Phase::Leaving) => left = Some(role),
                (Some(status), Phase::Starting | Phase::Ready) => {
                    return Err(LabError::HostExited {
                        role,
                        status,
                        tail: host.process.tail(),
                    });
                }
            }
        }
        if let Some(role) = left {
            self.hosts.remove(&role);
        }
        Ok(())
    }
}
