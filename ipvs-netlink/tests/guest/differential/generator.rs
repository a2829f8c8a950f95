//! Random scenarios of one service.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::num::NonZeroU32;
use std::collections::BTreeSet;

use ipvs_core::connection::{Packet, ReuseMode, Segment, Settings};
use ipvs_core::service::{Flags, Granularity, Persistence};
use ipvs_core::{
    Destination, DestinationKey, Family, Flow, Forwarding, Protocol, Scheduler, Service, ServiceKey,
};

use rig::random::Random;

use super::step::Step;

/// Those the guest's kernel has: not `twos`, whose random numbers nobody could know.
pub(crate) const SCHEDULERS: [Scheduler; 13] = [
    Scheduler::Rr,
    Scheduler::Wrr,
    Scheduler::Lc,
    Scheduler::Wlc,
    Scheduler::Lblc,
    Scheduler::Lblcr,
    Scheduler::Dh,
    Scheduler::Sh,
    Scheduler::Sed,
    Scheduler::Nq,
    Scheduler::Fo,
    Scheduler::Ovf,
    Scheduler::Mh,
];

const PORT: u16 = 80;

/// Makes up what happens next.
#[derive(Debug)]
pub(crate) struct Generator {
    random: Random,
    service: Service,
    settings: Settings,
    protocol: Protocol,
    /// Destinations there are, and those that were removed.
    present: Vec<DestinationKey>,
    removed: Vec<DestinationKey>,
    flows: Vec<Flow>,
    known: BTreeSet<Flow>,
    /// How many destinations, weights, client networks and virtual addresses are made up.
    sizes: Sizes,
    /// Whether the service was deleted.
    deleted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sizes {
    destinations: u16,
    weight: u32,
    upper: u16,
    clients: u16,
    targets: u16,
    /// One step in so many changes the table.
    changes: u16,
}

impl Generator {
    /// Scenario `seed`; as many in a row as there are schedulers go through all of them.
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let schedulers = u64::try_from(SCHEDULERS.len()).unwrap();
        let scheduler = SCHEDULERS[usize::try_from(seed % schedulers).unwrap()];
        let family = random.one_of(&[Family::V4, Family::V6]);
        let protocol = random.one_of(&[Protocol::TCP, Protocol::UDP]);
        let address = virtual_address(family, 1);
        let varied = matches!(
            scheduler,
            Scheduler::Dh | Scheduler::Lblc | Scheduler::Lblcr
        );
        let marked = random.one_in(if varied { 2 } else { 8 });
        let mut service = Service::new(
            ServiceKey::Address {
                protocol,
                address,
                port: PORT,
            },
            scheduler,
        );
        let sizes = Sizes {
            destinations: random.one_of(&[2, 4, 8, 8, 40]),
            weight: random.one_of(&[2, 4, 10, 300, 70_000]),
            upper: random.one_of(&[3, 10, 30]),
            clients: random.one_of(&[4, 64, 1024]),
            targets: if marked {
                random.one_of(&[1, 6, 60])
            } else {
                1
            },
            changes: random.one_of(&[5, 20, 60]),
        };
        if marked {
            service.key = ServiceKey::Mark {
                mark: NonZeroU32::MIN,
                family,
            };
        }
        let settings = settings(&mut random);
        let mut generator = Self {
            random,
            service,
            settings,
            protocol,
            present: Vec::new(),
            removed: Vec::new(),
            flows: Vec::new(),
            known: BTreeSet::new(),
            sizes,
            deleted: false,
        };
        generator.persist();
        generator.service.flags = generator.flags();
        generator
    }

    /// The service and its first destinations.
    pub(crate) fn beginning(&mut self) -> Vec<Step> {
        let mut steps = vec![Step::AddService(self.service)];
        let count = self.random.below(self.sizes.destinations + 1);
        steps.extend((0..count).filter_map(|_| self.addition()));
        steps
    }

    pub(crate) const fn service(&self) -> &Service {
        &self.service
    }

    pub(crate) const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What is to come last: no scenario ends without the service.
    pub(crate) fn ending(&mut self) -> Option<Step> {
        core::mem::take(&mut self.deleted).then_some(Step::AddService(self.service))
    }

    pub(crate) fn step(&mut self) -> Step {
        if let Some(step) = self.ending() {
            step
        } else if self.random.one_in(self.sizes.changes) {
            self.change()
        } else {
            self.packet()
        }
    }

    fn change(&mut self) -> Step {
        match self.random.below(40) {
            0..12 => self.addition().unwrap_or_else(|| self.edition()),
            12..20 => self.removal(),
            20..22 => {
                self.service.flags = self.flags();
                Step::EditService(self.service)
            }
            22 => {
                self.service.scheduler = self.random.one_of(&SCHEDULERS);
                Step::EditService(self.service)
            }
            23 => self.replacement(),
            _ => self.edition(),
        }
    }

    /// Makes one service in five persistent, and some of these services of every port.
    fn persist(&mut self) {
        if !self.random.one_in(5) {
            return;
        }
        let granularity = match self.service.key.family() {
            Family::V4 => Granularity::V4(self.random.one_of(&[
                Ipv4Addr::new(255, 255, 255, 255),
                Ipv4Addr::new(255, 255, 255, 0),
                Ipv4Addr::new(255, 0, 255, 15),
            ])),
            Family::V6 => Granularity::V6(self.random.one_of(&[128, 120, 113])),
        };
        self.service.persistence = Some(Persistence {
            timeout: 300,
            granularity,
        });
        if let ServiceKey::Address { port, .. } = &mut self.service.key
            && self.random.one_in(3)
        {
            *port = 0;
        }
    }

    /// Not one-packet scheduling: it leaves no connection to tell the pick by.
    fn flags(&mut self) -> Flags {
        self.random.one_of(&[
            Flags::NONE,
            Flags::SCHED_1,
            Flags::SCHED_2,
            Flags::SCHED_1.with(Flags::SCHED_2),
        ])
    }

    fn addition(&mut self) -> Option<Step> {
        if self.present.len() >= usize::from(self.sizes.destinations) {
            return None;
        }
        let key = if !self.removed.is_empty() && self.random.one_in(2) {
            let index = self.random.below(self.removed.len());
            self.removed.swap_remove(index)
        } else {
            self.fresh()
        };
        self.present.push(key);
        Some(Step::Add(self.destination(key)))
    }

    fn fresh(&mut self) -> DestinationKey {
        let number = u16::try_from(self.present.len() + self.removed.len()).unwrap();
        let low = number * 251 + self.random.below(251);
        let address = match self.service.key.family() {
            Family::V4 => Ipv4Addr::from_bits(0x0a03_0000 + u32::from(low)).into(),
            Family::V6 => within(3, u128::from(low) << self.random.one_of(&[0, 16, 40, 48])),
        };
        let port = match self.service.key.port() {
            0 => 0,
            port => port + self.random.below(2) * 8000,
        };
        DestinationKey::new(address, port)
    }

    fn destination(&mut self, key: DestinationKey) -> Destination {
        let forwarding = self.random.one_of(&[
            Forwarding::Masquerade,
            Forwarding::Masquerade,
            Forwarding::Route,
        ]);
        let weight = match self.random.below(8) {
            0 => 0,
            _ => self.random.below(self.sizes.weight) + 1,
        };
        let mut destination = Destination::new(key, forwarding, weight);
        if self.random.one_in(3) {
            destination.upper = u32::from(self.random.below(self.sizes.upper) + 1);
            destination.lower = u32::from(self.random.below(self.sizes.upper + 1));
        }
        destination
    }

    /// Also of destinations that are not there, or to thresholds that cannot be.
    fn edition(&mut self) -> Step {
        let key = if self.present.is_empty() {
            self.fresh()
        } else {
            self.random.one_of(&self.present)
        };
        Step::Edit(self.destination(key))
    }

    fn removal(&mut self) -> Step {
        if self.present.is_empty() {
            return Step::Remove(self.fresh());
        }
        let index = self.random.below(self.present.len());
        let key = self.present.swap_remove(index);
        self.removed.push(key);
        Step::Remove(key)
    }

    /// The service goes, and comes back without its destinations.
    fn replacement(&mut self) -> Step {
        self.deleted = true;
        self.removed.append(&mut self.present);
        Step::DeleteService
    }

    fn packet(&mut self) -> Step {
        if self.flows.is_empty() || !self.random.one_in(4) {
            let packet = Packet::first(self.flow());
            if !self.known.insert(packet.flow) {
                return Step::Reopen(packet);
            }
            self.flows.push(packet.flow);
            return Step::Packet(packet);
        }
        let flow = self.random.one_of(&self.flows);
        let segment = match self.random.below(16) {
            0..7 => Segment::Ack,
            7..11 => Segment::Fin,
            11..13 => Segment::Reset,
            13 => Segment::Other,
            _ => Segment::Syn,
        };
        let packet = Packet {
            segment,
            ..Packet::first(flow)
        };
        if segment == Segment::Syn {
            Step::Reopen(packet)
        } else {
            Step::Packet(packet)
        }
    }

    fn flow(&mut self) -> Flow {
        let family = self.service.key.family();
        let host = self.random.below(self.sizes.clients) * 37;
        let client = match family {
            Family::V4 => Ipv4Addr::from_bits(0x0a02_0000 + u32::from(host)).into(),
            Family::V6 => within(2, u128::from(host) << self.random.one_of(&[0, 32, 64])),
        };
        let port = match self.service.key {
            ServiceKey::Address { port: 1.., .. } => PORT,
            ServiceKey::Address { .. } | ServiceKey::Mark { .. } => {
                self.random.one_of(&[PORT, 443, 8080])
            }
        };
        let target = virtual_address(family, self.random.below(self.sizes.targets) * 97 + 1);
        Flow {
            protocol: self.protocol,
            client: SocketAddr::new(client, 1024 + self.random.below(60_000)),
            target: SocketAddr::new(target, port),
        }
    }
}

/// Half of the scenarios have the kernel's defaults.
fn settings(random: &mut Random) -> Settings {
    let mut settings = Settings::default();
    if random.one_in(2) {
        return settings;
    }
    settings.expire_nodest_conn = random.one_in(4);
    settings.expire_quiescent_template = random.one_in(2);
    settings.conn_reuse_mode =
        random.one_of(&[ReuseMode::Never, ReuseMode::Closed, ReuseMode::Closing]);
    settings.sloppy_tcp = random.one_in(3);
    settings
}

fn virtual_address(family: Family, number: u16) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from_bits(0x0a01_0000 + u32::from(number)).into(),
        Family::V6 => within(1, number.into()),
    }
}

/// An address of 2001:db8:`part`::/48.
fn within(part: u128, low: u128) -> IpAddr {
    Ipv6Addr::from_bits((0x2001_0db8 << 96) | (part << 80) | low).into()
}
