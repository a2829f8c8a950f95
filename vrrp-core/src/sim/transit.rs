//! The transmission and reception of simulated packets.

use super::link::Fate;
use super::station::Power;
use super::{Happening, Lan, Packet, RouterId};
use crate::{Event, Heard, Priority, Role, Version};

impl Lan {
    pub(super) fn arrive(&mut self, packet: Packet) {
        match packet {
            Packet::Announcement { to, from } => {
                let station = &mut self.stations[to];
                if station.carrier {
                    station.believes = Some(from);
                }
            }
            Packet::Advert { to, heard } => {
                let station = &mut self.stations[to];
                if station.listens() {
                    match station.power {
                        Power::Paused => station.queue(heard),
                        Power::Running => self.hear(to, heard),
                        Power::Off => {}
                    }
                }
            }
        }
    }

    /// Admits an advertisement: version 2 demands the own interval (RFC 3768 §7.1).
    pub(super) fn hear(&mut self, index: usize, heard: Heard) {
        let station = &self.stations[index];
        let config = station.router.config();
        if config.version() == Version::V2 && heard.interval != config.interval() {
            return;
        }
        if self.timeline.adverts {
            let what = Happening::Heard(RouterId(index), heard.source, heard.priority);
            self.timeline.record(self.now, what);
        }
        let router = &self.stations[index].router;
        let leader = router
            .active_router()
            .is_none_or(|active| active.source == heard.source);
        let resigned = heard.priority.is_resign() && leader && router.role() == Role::Backup;
        self.note_heard(index, heard, resigned);
        self.handle(index, Event::Advertisement(heard));
        if resigned {
            self.note_resigned(index);
        }
    }

    pub(super) fn advertise(&mut self, index: usize, priority: Priority) {
        self.note_advert(index);
        let station = &mut self.stations[index];
        if !station.carrier {
            return;
        }
        station.adverts += 1;
        let heard = Heard {
            source: station.source,
            priority,
            interval: station.router.config().interval(),
        };
        if self.timeline.adverts {
            let what = Happening::Advertised(RouterId(index), priority);
            self.timeline.record(self.now, what);
        }
        self.multicast(index, |to| Packet::Advert { to, heard });
    }

    /// Every copy of a burst travels at the same moment; one that arrives is enough.
    pub(super) fn announced(&mut self, index: usize, copies: u16) {
        let what = Happening::Announced(RouterId(index), copies);
        self.timeline.record(self.now, what);
        let station = &mut self.stations[index];
        if !station.carrier {
            return;
        }
        station.believes = Some(index);
        for _ in 0..copies.min(8) {
            self.multicast(index, |to| Packet::Announcement { to, from: index });
        }
    }

    pub(super) fn multicast(&mut self, from: usize, packet: impl Fn(usize) -> Packet) {
        let segment = &self.segments[self.stations[from].segment];
        for to in segment.stations.iter().copied().filter(|to| *to != from) {
            match self.links.fate(from, to, &mut self.random) {
                Fate::Blocked => {}
                Fate::Lost => self.losses += 1,
                Fate::Delivered(delay, again) => {
                    self.packets.push(self.now + delay, packet(to));
                    if let Some(delay) = again {
                        self.packets.push(self.now + delay, packet(to));
                    }
                }
            }
        }
    }
}
