//! The simulated host: its reaction to disturbances, packets and timers.

use core::net::IpAddr;

use super::station::{Power, Station};
use super::{Happening, Lan, RouterId, Violation};
use crate::group::{Group, Member};
use crate::{Action, Actions, Event, Instant, Role};

impl Lan {
    pub(super) fn start(&mut self, index: usize) {
        if let Some(team) = self.stations[index].group {
            self.teams[team].group = Group::default();
        }
        let stations = self.teammates(index);
        for index in &stations {
            self.stations[*index].reset(self.now, Power::Running);
            self.disturbed(*index);
            self.recount(*index);
        }
        for index in &stations {
            for event in self.stations[*index].boot() {
                self.step(*index, event);
            }
        }
        self.settle(index);
    }

    pub(super) fn crash(&mut self, index: usize) {
        self.each_teammate(index, |lan, index| {
            let now = lan.now;
            lan.stations[index].reset(now, Power::Off);
            lan.disturbed(index);
            lan.recount(index);
        });
        if let Some(team) = self.stations[index].group {
            self.teams[team].group = Group::default();
        }
    }

    pub(super) fn pause(&mut self, index: usize) {
        self.disturbed(index);
        let station = &mut self.stations[index];
        if station.power == Power::Running {
            station.power = Power::Paused;
            station.rewake();
        }
    }

    pub(super) fn resume(&mut self, index: usize) {
        self.disturbed(index);
        let station = &mut self.stations[index];
        if station.power != Power::Paused {
            return;
        }
        station.power = Power::Running;
        station.rewake();
        while let Some(event) = self.stations[index].inbox.pop_front() {
            if let Event::Advertisement(heard) = event {
                self.hear(index, heard);
            } else {
                self.handle(index, event);
            }
        }
        self.settle(index);
    }

    pub(super) fn carrier(&mut self, index: usize, up: bool) {
        self.disturbed(index);
        self.stations[index].carrier = up;
        let event = if up {
            Event::InterfaceUp
        } else {
            Event::InterfaceDown
        };
        self.handle(index, event);
    }

    pub(super) fn address(&mut self, index: usize, address: Option<IpAddr>) {
        self.disturbed(index);
        self.stations[index].address = address;
        if let Some(address) = address {
            self.stations[index].source = address;
        }
        self.handle(index, Event::PrimaryAddress(address));
    }

    pub(super) fn deliver(&mut self, index: usize, event: Event) {
        self.disturbed(index);
        let station = &mut self.stations[index];
        match event {
            Event::Startup => station.switched_on = true,
            Event::Shutdown => station.switched_on = false,
            Event::Fault => station.fault = true,
            Event::Recover => station.fault = false,
            Event::Configure(config) => {
                let segment = station.segment;
                station.config = config;
                self.note_interval(segment, config.interval());
            }
            Event::Timeout
            | Event::Advertisement(_)
            | Event::InterfaceUp
            | Event::InterfaceDown
            | Event::PrimaryAddress(_)
            | Event::Priority(_)
            | Event::Hold
            | Event::Release
            | Event::Elect
            | Event::Yield => {}
        }
        // A group delivers events to its members itself.
        let group = self.stations[index].group;
        if group.is_some() && matches!(event, Event::Fault | Event::Recover) {
            self.settle(index);
        } else {
            self.handle(index, event);
        }
    }

    pub(super) fn disturbed(&mut self, index: usize) {
        let now = self.now;
        let seen = &mut self.stations[index].seen;
        seen.steady = now;
        self.rearmed(index);
        self.grant(index);
    }

    pub(super) fn fire(&mut self, index: usize) {
        let local = self.local(index);
        let station = &mut self.stations[index];
        let burst = station.schedule.handle(local);
        if let Some(burst) = burst {
            self.announced(index, burst.copies);
        }
        let due = |station: &Station| station.router.deadline().is_some_and(|at| at <= local);
        if due(&self.stations[index]) {
            self.handle(index, Event::Timeout);
            if due(&self.stations[index]) {
                self.break_invariant(Violation::Stuck {
                    router: RouterId(index),
                });
            }
        }
        self.stations[index].rewake();
    }

    pub(super) fn local(&self, index: usize) -> Instant {
        self.stations[index].clock.local(self.now)
    }

    pub(super) fn handle(&mut self, index: usize, event: Event) {
        match self.stations[index].power {
            Power::Running => {
                self.step(index, event);
                self.settle(index);
            }
            Power::Paused => self.stations[index].inbox.push_back(event),
            Power::Off => {}
        }
    }

    pub(super) fn step(&mut self, index: usize, event: Event) {
        let local = self.local(index);
        let actions = self.react(index, local, event);
        if let Some(transition) = actions.transition() {
            let what = Happening::Changed(RouterId(index), transition);
            self.timeline.record(self.now, what);
            self.note_transition(index, transition);
        }
        self.perform(index, event, actions);
        let station = &mut self.stations[index];
        if station.router.role() != Role::Active {
            station.schedule.stop();
        }
        station.rewake();
        if matches!(event, Event::Configure(_)) {
            self.note_configured(index);
        }
        self.note_step(index);
    }

    fn react(&mut self, index: usize, local: Instant, event: Event) -> Actions {
        let router = &mut self.stations[index].router;
        #[cfg(test)]
        if let Some(mutant) = self.mutant {
            return mutant(router, local, event);
        }
        router.handle(local, event)
    }

    pub(super) fn perform(&mut self, index: usize, event: Event, actions: Actions) {
        let local = self.local(index);
        for action in actions {
            match action {
                Action::Advertise(priority) => self.advertise(index, priority),
                Action::AddAddresses => {
                    self.note_addresses(index, true, matches!(event, Event::Configure(_)));
                }
                Action::RemoveAddresses => self.note_addresses(index, false, false),
                Action::Announce(announcement) => {
                    self.stations[index].schedule.start(local, announcement);
                }
                Action::Candidate => {
                    self.note_candidate(index);
                    let what = Happening::Candidate(RouterId(index));
                    self.timeline.record(self.now, what);
                }
            }
        }
    }

    /// Lets the sync group of a router react to what happened to it.
    pub(super) fn settle(&mut self, index: usize) {
        let Some(team) = self.stations[index].group else {
            return;
        };
        let mut stations = self.teams[team].stations.iter();
        if stations.any(|index| self.stations[*index].power != Power::Running) {
            return;
        }
        let mut group = self.teams[team].group;
        let view = |lan: &Self, place: usize| {
            let station = &lan.stations[*lan.teams[team].stations.get(place)?];
            Some(Member::of(&station.router, station.fault))
        };
        let settled = group.deliver(self, view, |lan, event| {
            for index in lan.teams[team].stations.clone() {
                lan.step(index, event);
            }
        });
        self.teams[team].group = group;
        if settled.is_err() {
            let router = RouterId(index);
            self.break_invariant(Violation::GroupUnsettled { router });
        }
    }
}
