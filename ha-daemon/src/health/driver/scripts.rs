//! The queue of the scripts of checkers.

use core::num::NonZeroUsize;
use core::time::Duration;

use vrrp_core::Instant;

use super::Checks;
use super::probe::Queue;

/// Scripts that run at a time.
pub const SCRIPTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

impl Checks {
    /// Starts the next that is due; whether there was one that may run.
    pub(super) fn start_next_script(&mut self, now: Instant) -> bool {
        if self.running >= self.limit.get() {
            return false;
        }
        let Some((party, index)) = self.scripts.next() else {
            return false;
        };
        if self.leave(index, Queue::Script) {
            self.start_script(index, now);
        } else {
            self.scripts.done(party);
        }
        true
    }

    /// Starts one that has a turn, unless the process of its last attempt is still to go.
    fn start_script(&mut self, index: usize, now: Instant) {
        if let Some(probe) = self.probes.get_mut(index).and_then(Option::as_mut) {
            probe.has_turn = true;
            if let Some(at) = probe.hold(now) {
                self.deadlines.set(index, Some(at));
                return self.end_turn(index);
            }
        }
        self.start(index, now);
    }

    /// A probe needs its turn no more, if it has one.
    pub(super) fn end_turn(&mut self, index: usize) {
        let probe = self.probes.get_mut(index).and_then(Option::as_mut);
        if let Some(probe) = probe
            && let Some(party) = probe.party()
            && core::mem::take(&mut probe.has_turn)
        {
            self.scripts.done(party);
        }
    }

    /// Ends what is under way, and waits for scripts to go for at most `limit`; whether all went.
    #[must_use]
    pub fn finish(mut self, limit: Duration) -> bool {
        self.probes.clear();
        let runner = self.scratch.runner.take();
        runner.is_none_or(|runner| runner.finish(limit))
    }
}
