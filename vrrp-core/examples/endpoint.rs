//! Two routers on a link in memory: one is elected, is killed, and comes back.
//!
//! `cargo run -p vrrp-core --example endpoint`. A program on a real network has the same loop, with a
//! clock, raw sockets and an interface in place of the link.

#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use core::error::Error;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::announce::Slot;
use vrrp_core::endpoint::{EndpointEvent, MAX_TRANSMIT, Table, Transmit};
use vrrp_core::wire::{Addresses, PseudoHeader};
use vrrp_core::{Config, Endpoint, Event, Family, Instant, MacAddr, Settings, Version};

const ADDRESSES: [[u8; 4]; 2] = [[192, 0, 2, 100], [192, 0, 2, 101]];

/// An advertisement on the link.
type Datagram = (PseudoHeader, u8, Vec<u8>);

/// A router and its host.
struct Host<'a> {
    name: &'static str,
    mac: MacAddr,
    router: Endpoint<Table<'a>>,
    running: bool,
    /// What its socket has received.
    received: Vec<Datagram>,
    frames: usize,
}

impl<'a> Host<'a> {
    fn new(
        name: &'static str,
        number: u8,
        priority: u8,
        slots: &'a mut [Slot],
    ) -> Result<Self, Box<dyn Error>> {
        let mut settings = Settings::new(Version::V3, Family::V4, 51);
        settings.priority = priority;
        let table = Table::new(Addresses::V4(&ADDRESSES), slots);
        let mut router = Endpoint::new(Instant::EPOCH, Config::try_from(settings)?, table)?;
        let primary = IpAddr::from([192, 0, 2, number]);
        router.handle(Instant::EPOCH, Event::PrimaryAddress(Some(primary)));
        router.handle(Instant::EPOCH, Event::Startup);
        Ok(Self {
            name,
            mac: MacAddr([2, 0, 0, 0, 0, number]),
            router,
            running: true,
            received: Vec::new(),
            frames: 0,
        })
    }

    /// One turn of the loop; what it sends to the other host.
    fn turn(&mut self, now: Instant, timeline: &mut Vec<String>) -> Vec<Datagram> {
        for (ends, ttl, octets) in self.received.drain(..) {
            if let Err(discard) = self.router.receive(now, &ends, ttl, &octets) {
                println!("{now} {}: discarded, {discard}", self.name);
            }
        }
        self.router.timeout(now);
        let mut sent = Vec::new();
        // What is to be sent, then what is to be done, which may give more to send.
        loop {
            let mut buf = [0; MAX_TRANSMIT];
            while let Some(transmit) = self.router.poll_transmit(now, &mut buf) {
                match transmit {
                    Transmit::Payload { ends, ttl, octets } => {
                        sent.push((ends, ttl, octets.to_vec()));
                    }
                    Transmit::Announcement { .. } => self.frames += 1,
                    Transmit::Packet { .. } | Transmit::Frame { .. } => {}
                }
            }
            let Some(event) = self.router.poll_event() else {
                break sent;
            };
            match event {
                EndpointEvent::AddAddresses => {
                    // A host asks its kernel, and is told when an address is in place.
                    for position in 0..ADDRESSES.len() {
                        self.router.installed(position, Some(self.mac));
                    }
                }
                EndpointEvent::Transition(transition) => {
                    timeline.push(format!("{now} {}: {}", self.name, transition.to));
                }
                EndpointEvent::RemoveAddresses | EndpointEvent::Candidate => {}
                EndpointEvent::NotSent(error) => println!("{now} {}: {error}", self.name),
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut first, mut second) = ([Slot::EMPTY; 2], [Slot::EMPTY; 2]);
    let mut hosts = [
        Host::new("a", 1, 200, &mut first)?,
        Host::new("b", 2, 100, &mut second)?,
    ];
    let mut timeline = Vec::new();
    let mut now = Instant::EPOCH;
    let at = |seconds| Instant::EPOCH + Duration::from_secs(seconds);
    while now < at(30) {
        // The better one is killed after ten seconds, and goes on after twenty.
        let [better, _] = &mut hosts;
        better.running = !(at(10)..at(20)).contains(&now);
        for index in [0, 1] {
            if let Some(host) = hosts.get_mut(index).filter(|host| host.running) {
                let sent = host.turn(now, &mut timeline);
                if let Some(other) = hosts.get_mut(1 - index).filter(|other| other.running) {
                    other.received.extend(sent);
                }
            }
        }
        let running = hosts.iter().filter(|host| host.running);
        let waiting = hosts.iter().any(|host| !host.received.is_empty());
        let next = running.filter_map(|host| host.router.deadline()).min();
        now = match next {
            Some(next) if !waiting => next.clamp(now, now + Duration::from_secs(1)),
            Some(_) | None => now + Duration::from_micros(100),
        };
    }
    for line in &timeline {
        println!("{line}");
    }
    for host in &hosts {
        let (all, name) = (host.router.statistics(), host.name);
        let (sent, heard) = (all.advertisement_sent, all.advertisement_rcvd);
        println!(
            "{name} sent {sent}, heard {heard}, announced {}",
            host.frames
        );
    }
    Ok(())
}
