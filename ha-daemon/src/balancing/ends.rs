//! The start and the end of virtual servers.

use core::time::Duration;

use ipvs_netlink::Request;
use tracing::warn;
use vrrp_core::Instant;
use vrrp_mio::{Clock, TimeSlice};

use super::Balancer;
use super::inventory::checker_id;
use super::synchroniser::Synchroniser;
use crate::config::FlushOnStop;
use crate::slab::{Cursor, Handle};

/// How long scripts may take to end once the daemon ends.
const NOTIFICATIONS: Duration = Duration::from_secs(1);
/// The time for scripts of checkers to end: the grace period of the runner, and a margin.
const GRACE: Duration = Duration::from_millis(2_500);

/// How far the end of the virtual servers is; thousands take several turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// They are to go on.
    None,
    /// The checkers before this one are ended.
    Checkers(Cursor),
    /// The virtual servers before this one are removed.
    Servers(Cursor),
    Done,
}

impl Ending {
    /// Whether it has begun.
    pub(super) const fn has_begun(self) -> bool {
        !matches!(self, Self::None)
    }

    /// Whether there is more to do.
    pub(super) const fn is_under_way(self) -> bool {
        matches!(self, Self::Checkers(_) | Self::Servers(_))
    }
}

impl Balancer {
    /// Tells the scripts of each virtual server that starts with its quorum, as keepalived does; once
    /// its services are in the kernel, if that takes them.
    pub(super) fn notify_initial_quorum(&mut self, now: Instant) {
        let Some(until) = self.initial_quorum_until else {
            return;
        };
        let is_in_place = !self.kernel.is_open() || self.reconciler.is_done();
        if !is_in_place && now < until {
            return;
        }
        self.initial_quorum_until = None;
        for (_, state) in self.servers.iter() {
            state.notify_initial_quorum(&mut self.notifier, now);
        }
    }

    /// Has the turns that follow end the checkers, and remove what was set up. `omega` runs the scripts
    /// of those that go.
    pub fn stop(&mut self) {
        self.initial_quorum_until = None;
        self.reconfiguration = None;
        self.ending = Ending::Checkers(Cursor::default());
        if let Some(sync) = &mut self.synchroniser {
            sync.stop();
        }
    }

    /// Goes on to stop, while the slice lasts.
    pub(super) fn end(&mut self, slice: &TimeSlice<'_>) {
        loop {
            self.ending = match self.ending {
                Ending::None | Ending::Done => return,
                Ending::Checkers(mut cursor) => match self.checkers.next(&mut cursor) {
                    Some(checker) => {
                        self.checks.remove(checker_id(checker));
                        Ending::Checkers(cursor)
                    }
                    None => Ending::Servers(Cursor::default()),
                },
                Ending::Servers(mut cursor) => match self.servers.next(&mut cursor) {
                    Some(server) => {
                        self.retire(server, slice.now());
                        Ending::Servers(cursor)
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

    /// Has the services of a virtual server removed.
    fn retire(&mut self, server: Handle, now: Instant) {
        let Some(state) = self.servers.get(server) else {
            return;
        };
        if state.config.omega {
            state.notify_down(&mut self.notifier, now);
        }
        for key in &state.config.keys {
            self.reconciler.retire(key);
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
