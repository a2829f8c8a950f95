//! One turn of the daemon's loop, with a slice of time for every step.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::collections::BTreeSet;

use mio::Token;
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use tracing::{info, warn};
use vrrp_core::Instant;
use vrrp_mio::{TimeSlice, Turn};

use super::notices::Cause;
use super::{Engine, EngineError, orphans, tokens};
use crate::slab::{Cursor, Handle};
use crate::vrrp::instances::VrrpInstance;

/// How long each step may take, unless its smallest part takes longer. The driver's own steps and the
/// balancer's are bounded likewise; together they are to stay below 2 ms.
const STEP: Duration = Duration::from_micros(150);
/// How long a stopping daemon waits for the kernel to remove its addresses.
const STOP_LIMIT: Duration = Duration::from_secs(3);

/// Whether a daemon goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a daemon that has stopped has no more turns"]
pub enum Progress {
    /// It runs, or has not yet removed what is to be removed.
    Running,
    /// It has stopped: SIGTERM or SIGINT was received, and everything is removed.
    Stopped,
}

/// Every router is to be switched on or off; thousands take several turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Switching {
    /// Instances before this one have been.
    On(Cursor),
    Off(Cursor),
    Done,
}

impl Engine {
    /// Waits for something to do, and does some of it.
    ///
    /// # Errors
    /// [`EngineError::Driver`]: the loop cannot go on.
    pub fn turn(&mut self) -> Result<Progress, EngineError> {
        let limit = self.sleep_limit();
        let Turn {
            notices,
            ready,
            network_changed,
            ..
        } = self.driver.turn(limit)?;
        let clock = *self.driver.clock();
        let clock = || clock.now();
        let now = clock();
        self.queue_notices(notices, now);
        let learned = !self.network_known && self.driver.knows_network();
        self.network_known |= learned;
        if self.network_known && (learned || network_changed) {
            self.checks_left = self.instances.len();
        }
        self.addresses_changed |= learned || network_changed;
        self.start_if_due(now);
        for event in ready {
            self.dispatch(event.token(), now);
        }
        if self.stop_requested.load(Ordering::Relaxed) {
            self.stop();
        }
        if !self.driver.is_behind() {
            self.run_slices(now, &clock);
        }
        self.meter.lap();
        Ok(self.progress(now))
    }

    /// Does what is less urgent than advertisements.
    fn run_slices(&mut self, now: Instant, clock: &dyn Fn() -> Instant) {
        let step = || TimeSlice::of(STEP, now, clock);
        self.log_notices(&step());
        self.check_network(&step());
        self.switch(&step());
        if self.orphans {
            self.orphans = orphans::reap();
        }
        if core::mem::take(&mut self.addresses_changed) {
            self.note_addresses(now);
        }
        self.balancer.turn(self.driver.registry(), now, clock);
        self.control(&step());
    }

    /// How long the driver may sleep.
    fn sleep_limit(&self) -> Option<Duration> {
        let control = self.control.as_ref();
        // What waited for advertisements has no other reminder.
        let busy = self.driver.is_behind()
            || !self.notices.is_empty()
            || self.checks_left > 0
            || self.orphans
            || self.switching != Switching::Done
            || control.is_some_and(|control| control.has_work());
        if busy {
            return Some(Duration::ZERO);
        }
        let start_at = self.start_at.filter(|_| self.network_known);
        let wake = start_at.into_iter().chain(self.stop_by);
        let wake = wake.chain(self.balancer.deadline());
        let wake = wake.chain(self.notices.deadline());
        let wake = wake.chain(control.and_then(|control| control.deadline()));
        let now = self.driver.now();
        wake.min().map(|at| at.saturating_duration_since(now))
    }

    fn progress(&self, now: Instant) -> Progress {
        match self.stop_by {
            Some(_)
                if self.switching == Switching::Done
                    && self.driver.is_settled()
                    && self.balancer.is_stopped() =>
            {
                info!("Stopped");
                Progress::Stopped
            }
            Some(until) if until <= now => {
                warn!("Stopped; the kernel did not confirm that everything is removed");
                Progress::Stopped
            }
            Some(_) | None => Progress::Running,
        }
    }

    fn start_if_due(&mut self, now: Instant) {
        if self.network_known && self.start_at.is_some_and(|at| at <= now) {
            self.start_at = None;
            self.switching = Switching::On(Cursor::default());
        }
    }

    fn switch(&mut self, slice: &TimeSlice<'_>) {
        loop {
            let (mut cursor, on) = match self.switching {
                Switching::On(cursor) => (cursor, true),
                Switching::Off(cursor) => (cursor, false),
                Switching::Done => return,
            };
            let Some(handle) = self.instances.next(&mut cursor) else {
                self.switching = Switching::Done;
                return;
            };
            let instance = self.instances.get(handle);
            match (instance.and_then(VrrpInstance::router), on) {
                (Some(router), true) => self.driver.start(router),
                (Some(router), false) => self.driver.stop(router),
                (None, _) => {}
            }
            if on {
                self.log_waiting(handle);
                self.switching = Switching::On(cursor);
            } else {
                self.switching = Switching::Off(cursor);
            }
            if slice.is_over() {
                return;
            }
        }
    }

    fn dispatch(&mut self, token: Token, now: Instant) {
        if tokens::SIGNALS.contains(token) {
            self.take_signals(now);
        } else if self.balancer.owns(token) {
            self.balancer.ready(token, now);
        } else if let Some(control) = self.control.as_mut().filter(|c| c.owns(token)) {
            control.ready(token);
        }
    }

    fn take_signals(&mut self, now: Instant) {
        let pending: Vec<_> = self.signals.pending().collect();
        for signal in pending {
            if signal == SIGCHLD {
                self.orphans = true;
            } else if signal == SIGTERM || signal == SIGINT {
                self.stop();
            } else if self.notices.limiter.admits(Cause::Signal(signal), 1, now) {
                match signal {
                    SIGHUP => warn!("reload is not supported yet; SIGHUP ignored"),
                    signal => warn!(
                        "there are no dump files; ask `ha-daemon status` instead; signal {signal} ignored"
                    ),
                }
            }
        }
    }

    /// Answers who asks for the status.
    fn control(&mut self, slice: &TimeSlice<'_>) {
        let Some(mut control) = self.control.take() else {
            return;
        };
        if let Err(error) = control.turn(self.driver.registry(), slice, self) {
            warn!("control socket: {error}");
        }
        self.control = Some(control);
    }

    fn stop(&mut self) {
        if self.stop_by.is_some() {
            return;
        }
        info!("Stopping");
        self.stop_by = Some(self.driver.now() + STOP_LIMIT);
        self.start_at = None;
        self.switching = Switching::Off(Cursor::default());
        self.balancer.stop();
    }

    /// Tells the balancer which of its addresses are this host's.
    fn note_addresses(&mut self, now: Instant) {
        if !self.balancer.watches_addresses() {
            return;
        }
        // One pass, however many virtual servers ask.
        let own = self.driver.interfaces().addresses();
        let own = own.map(|own| own.address);
        let local: BTreeSet<_> = own.filter(|own| self.balancer.watches(*own)).collect();
        let is_local = |address| local.contains(&address);
        self.balancer.note_addresses(is_local, now);
    }

    /// Looks at tracked interfaces, and for the interface of a unicast source.
    fn check_network(&mut self, slice: &TimeSlice<'_>) {
        while self.checks_left > 0 {
            self.checks_left -= 1;
            let Some(handle) = self.next_to_check() else {
                self.checks_left = 0;
                return;
            };
            match self.instances.get(handle).map(VrrpInstance::router) {
                None => {}
                Some(None) => self.find_interface(handle),
                Some(Some(router)) => {
                    self.track(handle, router);
                    self.log_waiting(handle);
                }
            }
            if slice.is_over() {
                break;
            }
        }
    }
    /// The instance after the one that was looked at last; after the last one the first.
    fn next_to_check(&mut self) -> Option<Handle> {
        let next = self.instances.next(&mut self.next_checked);
        next.or_else(|| {
            self.next_checked = Cursor::default();
            self.instances.next(&mut self.next_checked)
        })
    }
}
