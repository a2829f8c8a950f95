//! The connection to the kernel's IPVS, which may be missing.

use core::time::Duration;
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;

use ipvs_netlink::{Completion, ConnectError, Progress, Request, Requests, TimeSlice};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use tracing::{error, info};
use vrrp_core::Instant;

/// How often a kernel without ip_vs is looked at.
const RETRY: Duration = Duration::from_secs(5);
/// How long a turn may keep the loop from its adverts.
const SLICE: Duration = Duration::from_micros(200);
/// Is there once ip_vs is loaded.
const LOADED: &str = "/proc/net/ip_vs";

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The services.
    Table,
    /// Anything else.
    Setting,
}

/// Requests on their way, or the wait for a kernel that takes them.
#[derive(Debug)]
pub(super) struct Kernel {
    token: Token,
    requests: Option<Requests<Purpose>>,
    retry_at: Instant,
    /// More can be done without waiting.
    partial: bool,
}

/// What [`Kernel::open`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// It is as before.
    Unchanged,
    /// Requests are taken from now on.
    Now,
}

impl Kernel {
    pub(super) const fn new(token: Token) -> Self {
        Self {
            token,
            requests: None,
            retry_at: Instant::EPOCH,
            partial: false,
        }
    }

    pub(super) fn owns(&self, token: Token) -> bool {
        token == self.token
    }

    pub(super) const fn is_open(&self) -> bool {
        self.requests.is_some()
    }

    /// Opens the socket if it is time to. The first time this may load ip_vs, which takes a while;
    /// later it waits until somebody else has.
    pub(super) fn open(
        &mut self,
        registry: &Registry,
        now: Instant,
        clock: &dyn Fn() -> Instant,
    ) -> Opened {
        if self.is_open() || now < self.retry_at {
            return Opened::Unchanged;
        }
        let first = self.retry_at == Instant::EPOCH;
        self.retry_at = now + RETRY;
        if !first && !Path::new(LOADED).exists() {
            return Opened::Unchanged;
        }
        match connect(registry, self.token, clock) {
            Ok(requests) => {
                self.requests = Some(requests);
                info!("IPVS is ready");
                Opened::Now
            }
            Err(failure) => {
                if first {
                    error!("virtual servers are not set up: {failure}; VRRP goes on without");
                }
                Opened::Unchanged
            }
        }
    }

    /// How many more requests may be pushed.
    pub(super) fn room(&self) -> usize {
        self.requests.as_ref().map_or(0, Requests::room)
    }

    /// Queues a request; to a full queue or a missing kernel it is lost, so ask [`Self::room`].
    pub(super) fn push(&mut self, request: Request, purpose: Purpose) {
        if let Some(requests) = &mut self.requests {
            let pushed = requests.push(request, purpose);
            debug_assert!(pushed.is_ok(), "there was room");
            self.partial = true;
        }
    }

    /// Whether every request has its outcome.
    pub(super) fn is_idle(&self) -> bool {
        self.requests.as_ref().is_none_or(Requests::is_idle)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.requests {
            None => Some(self.retry_at),
            Some(_) if self.partial => Some(Instant::EPOCH),
            Some(requests) => requests.deadline().map(instant),
        }
    }

    /// Sends and receives; `None` if the socket failed, and everything asked was lost.
    pub(super) fn drive(
        &mut self,
        now: Instant,
        clock: &dyn Fn() -> Instant,
    ) -> Option<Vec<Completion<Purpose>>> {
        let mut completions = Vec::new();
        let Some(requests) = &mut self.requests else {
            return Some(completions);
        };
        let clock = || duration(clock());
        let slice = TimeSlice::new(duration(now), clock() + SLICE, &clock);
        match requests.drive(&slice, &mut completions) {
            Ok(progress) => {
                self.partial = progress == Progress::Partial;
                Some(completions)
            }
            Err(failure) => {
                error!("the IPVS socket failed: {failure}; opening another");
                self.requests = None;
                self.retry_at = now + RETRY;
                None
            }
        }
    }
}

/// Why requests cannot be sent.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    #[error("{0}")]
    Connect(#[from] ConnectError),
    #[error("cannot wait for answers: {0}")]
    Register(#[from] io::Error),
}

fn connect(
    registry: &Registry,
    token: Token,
    clock: &dyn Fn() -> Instant,
) -> Result<Requests<Purpose>, OpenError> {
    let requests = Requests::connect(&|| duration(clock()))?;
    registry.register(
        &mut SourceFd(&requests.as_raw_fd()),
        token,
        Interest::READABLE,
    )?;
    Ok(requests)
}

const fn duration(instant: Instant) -> Duration {
    Duration::from_nanos(instant.as_nanos())
}

fn instant(duration: Duration) -> Instant {
    Instant::EPOCH + duration
}
