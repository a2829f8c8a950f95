//! The turns of a driver's loop, and its descriptor for a loop that is not its own.

use core::time::Duration;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use mio::Token;
use mio::event;
use vrrp_core::Instant;

use super::{
    Driver, DriverError, FIREWALL, FIRST_LISTENER, LATE, MONITOR, Notice, REQUESTS, TIMER,
};

/// The results of a turn.
#[derive(Debug, Default)]
#[must_use = "what happened is told once"]
#[non_exhaustive]
pub struct Turn {
    /// What happened, in order.
    pub notices: Vec<Notice>,
    /// Events of the caller's sources, with their tokens and what they are ready for.
    pub ready: Vec<event::Event>,
    /// Whether an interface or an address of this host changed.
    pub network_changed: bool,
    /// Whether work is left for the next turn, which does not sleep then. In a loop that is not the
    /// driver's own this is the only sign of it: make another turn without waiting for the
    /// descriptor.
    pub pending: bool,
}

/// A driver could not be shut down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShutdownError {
    /// The driver failed.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The time was over first. Every router has resigned.
    #[error("the kernel has not confirmed in time that everything is removed")]
    TimedOut,
}

impl Driver {
    /// Sleeps until something happens or `limit` has passed, and reacts to it.
    ///
    /// When it returns, and nothing is [pending](Turn::pending), the driver's descriptor becomes
    /// readable as soon as another turn is due.
    ///
    /// A program's own socket in the driver's loop:
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use vrrp_mio::Driver;
    /// use vrrp_mio::mio::net::UdpSocket;
    /// use vrrp_mio::mio::{Interest, Token};
    ///
    /// const SOCKET: Token = Token(Driver::FIRST_FREE_TOKEN);
    ///
    /// let mut driver = Driver::new()?;
    /// let mut socket = UdpSocket::bind(([127, 0, 0, 1], 5112).into())?;
    /// (driver.registry()).register(&mut socket, SOCKET, Interest::READABLE)?;
    /// while driver.routers().next().is_some() {
    ///     let turn = driver.turn(Some(Duration::from_secs(60)))?;
    ///     for event in turn.ready {
    ///         if event.token() == SOCKET && event.is_readable() {
    ///             // Read until it would block.
    ///         }
    ///     }
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DriverError`] if the driver can no longer receive.
    pub fn turn(&mut self, limit: Option<Duration>) -> Result<Turn, DriverError> {
        let ready = self.sleep(limit)?;
        let now = self.clock.now();
        self.note_lateness(now);
        self.receive(now);
        let network_changed = self.follow_kernel(now)?;
        self.fire_timers(now);
        if !self.is_behind() {
            self.drive_kernel(now)?;
        }
        let pending = self.is_pending();
        if !pending {
            self.timer.arm(self.wake_up())?;
        }
        Ok(Turn {
            notices: core::mem::take(&mut self.notices),
            ready,
            network_changed,
            pending,
        })
    }

    /// Switches all routers off and makes turns until the kernel has removed their addresses and
    /// macvlans, or `timeout` has passed; tells what happened meanwhile. Active routers resign at
    /// once. The addresses of an owner (priority 255) stay, as they are the host's own.
    ///
    /// Nothing happens to routers that are off already; all may be started again. Events of the
    /// caller's sources in these turns are lost. A program that has other work meanwhile calls
    /// [`stop`](Self::stop) for each router and goes on with its loop until
    /// [`is_settled`](Self::is_settled).
    ///
    /// # Errors
    /// [`ShutdownError`]; after [`TimedOut`](ShutdownError::TimedOut) what happened is in the next
    /// turn's notices.
    pub fn shutdown(&mut self, timeout: Duration) -> Result<Vec<Notice>, ShutdownError> {
        let until = self.now() + timeout;
        let routers: Vec<_> = self.routers().map(|(id, _)| id).collect();
        for router in routers {
            self.stop(router);
        }
        let mut notices = Vec::new();
        loop {
            let left = until.saturating_duration_since(self.now());
            notices.extend(self.turn(Some(left))?.notices);
            if self.is_settled() {
                return Ok(notices);
            }
            if left.is_zero() {
                self.notices = notices;
                return Err(ShutdownError::TimedOut);
            }
        }
    }

    /// Whether the next turn has work that no event announces.
    fn is_pending(&self) -> bool {
        self.has_more_events || self.ports.has_pending() || self.network.is_pending()
    }

    /// When the next turn is due if nothing happens before.
    fn wake_up(&self) -> Option<Instant> {
        let kernel = [self.monitor.deadline(), self.network.deadline()];
        let kernel = kernel.into_iter().flatten();
        kernel.chain(self.timers.wake_up()).min()
    }

    /// Waits; gives the events of the owner's sources.
    fn sleep(&mut self, limit: Option<Duration>) -> Result<Vec<event::Event>, DriverError> {
        let limit = if self.is_pending() {
            Some(Duration::ZERO)
        } else {
            limit
        };
        self.wake_at = self.wake_up();
        if limit != Some(Duration::ZERO) {
            // The owner may have changed it since the last turn.
            self.timer.arm(self.wake_at)?;
        }
        if let Err(error) = self.poll.poll(&mut self.events, limit) {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error.into());
            }
            // A process that was stopped wakes up like this, and timers may be due: what arrived
            // meanwhile is not in the events and has to be heard first.
            self.ports.wake_all();
            self.network.heard();
        }
        let mut ready = Vec::new();
        let mut count = 0;
        for event in &self.events {
            count += 1;
            match event.token() {
                TIMER => self.timer.clear()?,
                MONITOR => self.network.heard(),
                REQUESTS | FIREWALL => self.network.answered(),
                Token(token) if token >= Self::FIRST_FREE_TOKEN => ready.push(event.clone()),
                Token(token) => {
                    if let Some(index) = token.checked_sub(FIRST_LISTENER) {
                        self.ports.wake(index);
                    }
                }
            }
        }
        self.has_more_events = count == self.events.capacity();
        Ok(ready)
    }

    /// Tells if the wake-up came so late that others may have acted meanwhile.
    fn note_lateness(&mut self, now: Instant) {
        let due = self.wake_at.map(|at| at.max(self.turned_at));
        self.turned_at = now;
        let by = due.map(|at| now.saturating_duration_since(at));
        if let Some(by) = by.filter(|by| *by >= LATE) {
            self.ports.wake_all();
            self.notices.push(Notice::Late { by });
        }
    }
}

/// The descriptor of the driver's `epoll(7)`, for a loop that is not its own: it is readable when a
/// [turn](Driver::turn) is due. It is the same one, and open, as long as the driver lives.
impl AsFd for Driver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.registry().as_fd()
    }
}

impl AsRawFd for Driver {
    fn as_raw_fd(&self) -> RawFd {
        self.registry().as_raw_fd()
    }
}

#[cfg(test)]
mod tests;
