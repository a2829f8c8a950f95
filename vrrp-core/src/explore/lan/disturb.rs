//! The faults that can be applied to a state of the LAN.

use super::{Condition, Event, Lan, Outcome, octet};
use crate::explore::network::Network;
use crate::explore::packets::Packet;
use crate::explore::pairs::Pairs;
use crate::explore::step::Step;

impl<const N: usize> Lan<N> {
    /// What may be done now, of what is left of the model's faults.
    pub(in crate::explore) fn disturbances(
        &self,
        network: &Network<N>,
        push: &mut impl FnMut(Step),
    ) {
        self.packet_faults(network, push);
        for index in 0..N {
            if !network.is_resigner(index) {
                self.host_faults(network, index, push);
            }
        }
        for from in 0..N {
            let others = || (0..N).filter(move |to| *to != from);
            if self.left.isolations > 0
                && !others().all(|to| self.cut.has(from, to) && self.cut.has(to, from))
            {
                push(Step::Isolate {
                    router: octet(from),
                });
            }
            for to in others() {
                if self.left.one_way > 0 && !self.cut.has(from, to) {
                    push(Step::Cut {
                        from: octet(from),
                        to: octet(to),
                    });
                }
            }
        }
        if !self.cut.is_empty() {
            push(Step::Heal);
        }
    }

    /// A packet that is lost later is as good as lost at once.
    fn packet_faults(&self, network: &Network<N>, push: &mut impl FnMut(Step)) {
        self.each_packet(|packet, Packet { label, due }| {
            if self.left.drops > 0 && due == self.now + network.delay {
                push(Step::Drop { packet });
            }
            if self.left.duplicates > 0 && self.hosts[label.to()].is_running() {
                push(Step::Duplicate { packet });
            }
        });
    }

    fn host_faults(&self, network: &Network<N>, index: usize, push: &mut impl FnMut(Step)) {
        let router = octet(index);
        let waits = || network.waits.iter().zip(0_u8..);
        match self.hosts[index].condition {
            Condition::Off | Condition::Down => {
                for (_, wait) in waits() {
                    push(Step::Return { router, wait });
                }
            }
            Condition::Waking(_) => {}
            Condition::Paused(_) => {
                if self.left.crashes > 0 {
                    push(Step::Crash { router });
                }
            }
            Condition::Running => {
                if self.left.crashes > 0 {
                    push(Step::Crash { router });
                }
                if self.left.shutdowns > 0 {
                    push(Step::Shutdown { router });
                }
                if self.left.outages > 0 {
                    push(Step::LoseCarrier { router });
                }
                for (span, wait) in waits() {
                    if self.left.pauses > 0 && !span.is_zero() {
                        push(Step::Pause { router, wait });
                    }
                }
            }
        }
    }

    pub(super) fn disturb(&mut self, network: &Network<N>, step: Step, outcome: &mut Outcome) {
        match step {
            Step::Return { router, wait } => {
                let at = self.now + network.waits[usize::from(wait)];
                self.hosts[usize::from(router)].condition = Condition::Waking(at);
            }
            Step::Drop { packet } => {
                self.left.drops -= 1;
                if let Some(Packet { label, .. }) = self.packet(packet) {
                    self.packets.remove(usize::from(packet));
                    self.hears.clear(label.from(), label.to());
                }
            }
            Step::Crash { router } => {
                self.left.crashes -= 1;
                self.end(network, usize::from(router));
            }
            Step::Shutdown { router } => {
                self.left.shutdowns -= 1;
                self.handle_event(network, usize::from(router), Event::Shutdown, outcome);
                self.end(network, usize::from(router));
            }
            Step::LoseCarrier { router } => {
                self.left.outages -= 1;
                let index = usize::from(router);
                self.handle_event(network, index, Event::InterfaceDown, outcome);
                self.vanish(index, Condition::Down);
            }
            Step::Pause { router, wait } => {
                self.left.pauses -= 1;
                let until = self.now + network.waits[usize::from(wait)];
                self.hosts[usize::from(router)].condition = Condition::Paused(until);
                self.hears.forget(usize::from(router));
            }
            Step::Isolate { router } => {
                self.left.isolations -= 1;
                let router = usize::from(router);
                for other in (0..N).filter(|other| *other != router) {
                    self.cut.set(router, other);
                    self.cut.set(other, router);
                }
            }
            Step::Cut { from, to } => {
                self.left.one_way -= 1;
                self.cut.set(usize::from(from), usize::from(to));
            }
            Step::Heal => self.cut = Pairs::default(),
            // The caller's part.
            Step::Wait
            | Step::Deliver { .. }
            | Step::Duplicate { .. }
            | Step::Fire { .. }
            | Step::Wake { .. }
            | Step::Resign => {}
        }
    }

    fn end(&mut self, network: &Network<N>, router: usize) {
        self.hosts[router].router = network.fresh(router);
        self.vanish(router, Condition::Off);
    }

    fn vanish(&mut self, router: usize, condition: Condition) {
        self.hosts[router].condition = condition;
        self.packets.lose_those_to(router);
        self.hears.forget(router);
        self.before.forget(router);
    }
}
