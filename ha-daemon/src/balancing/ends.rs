//! The start and the end of virtual servers.

use core::time::Duration;

use ipvs_netlink::Request;
use tracing::warn;
use vrrp_core::Instant;
use vrrp_mio::{Clock, TimeSlice};

use super::Balancer;
use super::synchroniser::Synchroniser;
use crate::config::FlushOnStop;
use crate::health::driver::CheckerId;

/// How long scripts may take to end once the daemon ends.
const NOTIFICATIONS: Duration = Duration::from_secs(1);
/// The time for scripts of checkers to end: the grace period of the runner, and a margin.
const GRACE: Duration = Duration::from_millis(2_500);

/// How far the end of the virtual servers is; thousands take several turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// They are to go on.
    None,
    /// The checker that is removed next, by its identifier.
    Checkers(usize),
    /// The virtual server that is removed next.
    Servers(usize),
    Done,
}

impl Ending {
    /// Whether there is more to do.
    pub(super) const fn is_under_way(self) -> bool {
        matches!(self, Self::Checkers(_) | Self::Servers(_))
    }
}

impl Balancer {
    /// Tells the scripts of each virtual server that starts with its quorum, as keepalived does; once
    /// its services are in the kernel, if that takes them.
    pub(super) fn greet(&mut self, now: Instant) {
        let Some(until) = self.greeting else {
            return;
        };
        let is_in_place = !self.kernel.is_open() || self.reconciler.is_done();
        if !is_in_place && now < until {
            return;
        }
        self.greeting = None;
        for state in &self.servers {
            state.greet(&mut self.notifier, now);
        }
    }

    /// Has the turns that follow end the checkers, and remove what was set up. `omega` runs the scripts
    /// of those that go.
    pub fn stop(&mut self) {
        self.greeting = None;
        self.ending = Ending::Checkers(0);
        if let Some(sync) = &mut self.synchroniser {
            sync.stop();
        }
    }

    /// Goes on to stop, while the slice lasts.
    pub(super) fn end(&mut self, slice: &TimeSlice<'_>) {
        loop {
            self.ending = match self.ending {
                Ending::None | Ending::Done => return,
                Ending::Checkers(id) if id < self.places.len() => {
                    self.checks.remove(CheckerId(id));
                    Ending::Checkers(id + 1)
                }
                Ending::Checkers(_) => Ending::Servers(0),
                Ending::Servers(index) => match self.servers.get(index) {
                    Some(state) => {
                        if state.config.omega {
                            state.notify_down(&mut self.notifier, slice.now());
                        }
                        for key in &state.config.keys {
                            self.reconciler.retire(key);
                        }
                        Ending::Servers(index + 1)
                    }
                    None => {
                        if self.flush_on_stop == FlushOnStop::Table {
                            self.reconciler.release();
                            self.settings.push_back(Request::Flush);
                        }
                        Ending::Done
                    }
                },
            };
            if slice.is_over() {
                return;
            }
        }
    }

    /// Whether nothing is left of what [`stop`](Self::stop) removes, as far as the kernel lets it.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        if self.is_empty() {
            return true;
        }
        if self.ending.is_under_way() {
            return false;
        }
        let table = self.reconciler.is_done() && self.settings.is_empty();
        let sync = self.synchroniser.as_ref().is_none_or(Synchroniser::is_done);
        let hooks = self.notifier.is_idle();
        hooks && (!self.kernel.is_open() || (table && sync && self.kernel.is_idle()))
    }

    /// Ends what scripts still run; waits for them a little.
    pub fn finish(self, clock: &Clock) {
        let notified = self.notifier.finish(clock, NOTIFICATIONS);
        if !(self.checks.finish(GRACE) && notified) {
            warn!("scripts still run");
        }
    }
}
