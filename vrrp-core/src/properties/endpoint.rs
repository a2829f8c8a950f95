//! A whole endpoint under any sequence of inputs.

#![expect(
    clippy::unwrap_in_result,
    reason = "a property that does not hold panics; errors are of choices that ran out"
)]

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use arbitrary::{Result, Unstructured};

use super::machine::{address, config};
use crate::announce::{Announcer, Slot};
use crate::endpoint::{Announcements, EndpointEvent, MAX_TRANSMIT, Policy, Storage, Transmit};
use crate::receive::{Expect, Peer, Reach, ReplayWindow};
use crate::wire::{
    Addresses, Advertisement, ArpPacket, Authentication, ChecksumForm, Format, Key, MULTICAST_V4,
    NeighborAdvertisement, PseudoHeader,
};
use crate::{
    Config, Endpoint, Event, Family, Instant, Interval, MacAddr, Priority, Role, Statistics,
    Version, announce,
};

/// Inputs made of choices, octets among them, at times that never go backwards. Whatever they are:
///
/// - Nothing panics, and what is polled after one input has an end.
/// - What is sent is an advertisement that others decode, or the announcement of an address that is
///   in place, of an Active Router.
/// - Addresses are asked for when the router becomes Active and no longer when it is not.
/// - A packet that is discarded is counted and changes nothing else.
///
/// # Panics
/// If that does not hold for the choices `input`.
pub fn endpoint(input: &[u8]) {
    let mut choices = Unstructured::new(input);
    let Ok(Some(mut run)) = Run::choose(&mut choices) else {
        return;
    };
    while !choices.is_empty() {
        if run.step(&mut choices).is_err() {
            return;
        }
        run.poll();
    }
}

/// A storage as a runtime of many routers has it: the announcer is there when it is needed.
struct Memory {
    addresses: Vec<[u8; 4]>,
    excluded: Option<IpAddr>,
    peers: Vec<Peer>,
    expect: Expect,
    source_mac: Option<MacAddr>,
    announcements: Announcements,
    slots: Vec<Slot>,
    announcer: Option<Box<Announcer>>,
    replay: Option<ReplayWindow>,
    statistics: Statistics,
}

impl Memory {
    fn choose(choices: &mut Unstructured<'_>, version: Version) -> Result<Self> {
        let mut addresses = Vec::new();
        for _ in 0..choices.int_in_range(1..=80)? {
            addresses.push([192, 0, 2, choices.arbitrary()?]);
        }
        let mut peers = Vec::new();
        for _ in 0..choices.int_in_range(0..=2)? {
            peers.push(Peer {
                address: address(choices)?,
                min_ttl: 0,
                max_ttl: 255,
            });
        }
        let key = Key::from_password(b"keykey").expect("six octets");
        let expect = match (version, choices.int_in_range(0..=2)?) {
            (Version::V2, 1) => Expect::Simple(key),
            (Version::V2, 2) => Expect::Ah(key),
            (_, _) => Expect::None,
        };
        let settings = announce::Settings {
            repeat: choices.int_in_range(0..=5)?,
            refresh: Duration::from_millis(100 * choices.int_in_range(0..=3)?),
            ..announce::Settings::default()
        };
        let arp = Duration::from_millis(*choices.choose(&[0, 0, 1, 500])?);
        let excluded = choices.arbitrary::<bool>()?;
        let slots = vec![Slot::EMPTY; addresses.len() + 1];
        Ok(Self {
            addresses,
            excluded: excluded.then(|| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1])),
            peers,
            expect,
            source_mac: (choices.arbitrary::<bool>()?).then_some(MacAddr([0, 0, 0x5e, 0, 1, 51])),
            announcements: Announcements {
                config: announce::Config::try_from(settings).expect("a tenth of a second or more"),
                arp_interval: arp,
                neighbor_interval: Duration::ZERO,
            },
            slots,
            announcer: None,
            replay: matches!(expect, Expect::Ah(_)).then(ReplayWindow::new),
            statistics: Statistics::default(),
        })
    }
}

impl Storage for Memory {
    fn policy(&self) -> Policy<'_> {
        let mut policy = Policy::new(Family::V4);
        if !self.peers.is_empty() {
            policy.reach = Reach::Peers {
                peers: &self.peers,
                only: false,
            };
        }
        policy.expect = self.expect;
        policy.source_mac = self.source_mac;
        policy
    }

    fn announcements(&self) -> Announcements {
        self.announcements
    }

    fn advertised(&self) -> Addresses<'_> {
        Addresses::V4(&self.addresses)
    }

    fn address(&self, position: usize) -> Option<IpAddr> {
        let listed = self.advertised().get(position);
        listed.or_else(|| self.excluded.filter(|_| position == self.addresses.len()))
    }

    fn slots(&self) -> &[Slot] {
        &self.slots
    }

    fn slots_mut(&mut self) -> &mut [Slot] {
        &mut self.slots
    }

    fn announcer(&self) -> Option<&Announcer> {
        self.announcer.as_deref()
    }

    fn announcer_mut(&mut self) -> (&mut Announcer, &mut [Slot]) {
        let announcements = self.announcements;
        let announcer = (self.announcer).get_or_insert_with(|| Box::new(announcements.announcer()));
        (announcer, &mut self.slots)
    }

    fn drop_announcer(&mut self) {
        self.announcer = None;
    }

    fn replay(&mut self) -> Option<&mut ReplayWindow> {
        self.replay.as_mut()
    }

    fn statistics(&self) -> Statistics {
        self.statistics
    }

    fn count(&mut self, count: impl FnOnce(&mut Statistics)) {
        count(&mut self.statistics);
    }

    fn inherit(&mut self, former: &mut Self) {
        self.announcer = former.announcer.take();
        self.statistics = former.statistics;
    }
}

struct Run {
    endpoint: Endpoint<Memory>,
    now: Instant,
    /// Whether the router wants its addresses, as last told.
    wanted: bool,
    buf: Box<[u8; MAX_TRANSMIT]>,
}

impl Run {
    /// None for a router over IPv6.
    fn choose(choices: &mut Unstructured<'_>) -> Result<Option<Self>> {
        let config = config(choices)?;
        let storage = Memory::choose(choices, config.version())?;
        if config.family() == Family::V6 {
            return Ok(None);
        }
        let endpoint = Endpoint::new(Instant::EPOCH, config, storage);
        Ok(Some(Self {
            endpoint: endpoint.expect("what is chosen makes a router"),
            now: Instant::EPOCH,
            wanted: false,
            buf: Box::new([0; MAX_TRANSMIT]),
        }))
    }

    fn step(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        let due = self.endpoint.deadline().unwrap_or(self.now).max(self.now);
        self.now = match choices.int_in_range(0..=3)? {
            0 => self.now,
            1 => due,
            _ => self.now + Duration::from_millis(choices.arbitrary::<u16>()?.into()),
        };
        let position = usize::from(choices.arbitrary::<u8>()?) % 82;
        match choices.int_in_range(0..=11)? {
            0 => self.endpoint.handle(self.now, Event::Startup),
            1 => self.endpoint.handle(self.now, Event::Shutdown),
            2 | 3 => self.endpoint.timeout(self.now),
            4 => {
                let primary = Some(address(choices)?);
                self.endpoint
                    .handle(self.now, Event::PrimaryAddress(primary));
            }
            5 => self
                .endpoint
                .handle(self.now, *choices.choose(&[Event::Fault, Event::Recover])?),
            6 => self.endpoint.installed(
                position,
                Some(MacAddr([2, 0, 0, 0, 0, choices.arbitrary()?])),
            ),
            7 => self.endpoint.uninstalled(position),
            8 => self.receive_octets(choices)?,
            9 | 10 => self.receive_advertisement(choices)?,
            _ => self.update(choices)?,
        }
        Ok(())
    }

    fn receive_octets(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        let octets = choices.bytes(choices.len().min(40))?;
        let machine = *self.endpoint.machine();
        let ends = ends(address(choices)?);
        let as_packet = self.endpoint.receive_ipv4(self.now, octets).is_ok();
        if self.endpoint.receive(self.now, &ends, 255, octets).is_err() && !as_packet {
            assert_eq!(*self.endpoint.machine(), machine);
        }
        Ok(())
    }

    fn receive_advertisement(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        let config = *self.endpoint.machine().config();
        let key = Key::from_password(b"keykey").expect("six octets");
        let addresses = self.endpoint.storage().addresses.clone();
        let advertisement = Advertisement {
            vrid: config.vrid(),
            priority: Priority::from_wire(choices.arbitrary()?),
            interval: match config.version() {
                Version::V2 => config.interval(),
                Version::V3 => Interval::DEFAULT,
            },
            addresses: Addresses::V4(&addresses),
            format: match (config.version(), self.endpoint.storage().expect) {
                (Version::V2, Expect::Simple(_)) => {
                    Format::V2(Authentication::Simple(key.octets()))
                }
                (Version::V2, _) => Format::V2(Authentication::None),
                (Version::V3, _) => Format::V3(ChecksumForm::MessageOnly),
            },
        };
        let mut ends = ends(address(choices)?);
        if !self.endpoint.storage().peers.is_empty() {
            let destination = IpAddr::from([192, 0, 2, 1]);
            ends = PseudoHeader::new(ends.source(), destination).expect("both IPv4");
        }
        let mut octets = Vec::new();
        let encoded = advertisement.encode(&ends, &mut octets);
        encoded.expect("room without end");
        let before = self.endpoint.statistics().advertisement_rcvd;
        let received = self.endpoint.receive(self.now, &ends, 255, &octets);
        let counted = self.endpoint.statistics().advertisement_rcvd - before;
        assert_eq!(counted, u64::from(received.is_ok()));
        Ok(())
    }

    fn update(&mut self, choices: &mut Unstructured<'_>) -> Result<()> {
        let wanted: Config = config(choices)?;
        let before = *self.endpoint.machine();
        let is_same =
            wanted.family() == Family::V4 && wanted.version() == before.config().version();
        let storage = Memory::choose(choices, wanted.version())?;
        let installed = |endpoint: &Endpoint<Memory>| {
            let slots = endpoint.storage().slots().iter();
            slots.filter(|slot| slot.is_installed()).count()
        };
        let updated = self.endpoint.update(self.now, wanted, storage);
        assert_eq!(updated.is_ok(), is_same);
        assert_eq!(
            self.endpoint.machine().role(),
            before.role(),
            "no transition"
        );
        if before.role() != Role::Active {
            return Ok(());
        }
        assert!(installed(&self.endpoint) <= self.endpoint.storage().slots().len());
        let due = self.endpoint.machine().deadline();
        let interval = self.endpoint.machine().config().interval().duration();
        let missed = before.deadline().is_some_and(|at| at <= self.now);
        assert!(
            missed || due <= Some(self.now + interval),
            "no advertisement is late"
        );
        Ok(())
    }

    fn poll(&mut self) {
        let is_active = self.endpoint.machine().role() == Role::Active;
        // An advertisement to each peer, and every copy that any address is owed.
        let mut bound = 3 + 6 * self.endpoint.storage().slots().len();
        while let Some(transmit) = self.endpoint.poll_transmit(self.now, &mut self.buf[..]) {
            bound = bound.checked_sub(1).expect("polling has an end");
            match transmit {
                Transmit::Payload { ends, octets, .. } => {
                    assert!(Advertisement::decode(octets, &ends).is_ok());
                }
                Transmit::Packet { octets, .. } => assert_eq!(octets.get(9), Some(&51)),
                Transmit::Frame { octets } => assert_eq!(octets.get(12..14), Some(&[8, 0][..])),
                Transmit::Announcement {
                    position,
                    address,
                    octets,
                } => {
                    let told = match address {
                        IpAddr::V4(_) => {
                            let packet = ArpPacket::decode(octets).expect("a frame of ours");
                            IpAddr::V4(packet.sender_address)
                        }
                        IpAddr::V6(_) => {
                            let packet = NeighborAdvertisement::decode(octets);
                            IpAddr::V6(packet.expect("a frame of ours").target)
                        }
                    };
                    assert!(is_active && told == address);
                    assert!(self.endpoint.is_installed(position), "announced too early");
                }
            }
        }
        let mut bound = 4;
        while let Some(event) = self.endpoint.poll_event() {
            bound -= 1;
            assert!(bound >= 0, "polling has an end");
            match event {
                EndpointEvent::AddAddresses => self.wanted = true,
                EndpointEvent::RemoveAddresses => self.wanted = false,
                EndpointEvent::NotSent(error) => panic!("{error}"),
                EndpointEvent::Candidate | EndpointEvent::Transition(_) => {}
            }
        }
        assert_eq!(self.wanted, is_active);
    }
}

/// From `source` to the group.
fn ends(source: IpAddr) -> PseudoHeader {
    PseudoHeader::new(source, MULTICAST_V4.into()).expect("both IPv4")
}
