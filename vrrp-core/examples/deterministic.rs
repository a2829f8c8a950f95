//! A deterministic test of a program that has a router: no root, no socket, no sleeping, and the
//! same outcome to the nanosecond in each run.
//!
//! `cargo test -p vrrp-core --example deterministic`. The rule under test is the program's: a router
//! whose service is down has 60 less priority, so that the other one takes over. For what has more
//! to it than two routers on a good link there is `vrrp_core::sim`, with loss, delay and crashes.

use core::error::Error;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_core::announce::Slot;
use vrrp_core::endpoint::{EndpointEvent, MAX_TRANSMIT, Table, Transmit};
use vrrp_core::wire::{Addresses, PseudoHeader};
use vrrp_core::{Config, Endpoint, Event, Family, Instant, MacAddr, Priority, Settings, Version};

const ADDRESSES: [[u8; 4]; 1] = [[192, 0, 2, 100]];

/// An advertisement on the link.
type Datagram = (PseudoHeader, u8, Vec<u8>);

/// The program under test: a router and the rule. It runs on a real network with the same code.
struct Program<'a> {
    router: Endpoint<Table<'a>>,
    priority: u8,
}

impl<'a> Program<'a> {
    fn new(host: u8, priority: u8, slots: &'a mut [Slot]) -> Result<Self, Box<dyn Error>> {
        let mut settings = Settings::new(Version::V3, Family::V4, 51);
        settings.priority = priority;
        let table = Table::new(Addresses::V4(&ADDRESSES), slots);
        let mut router = Endpoint::new(Instant::EPOCH, Config::try_from(settings)?, table)?;
        let primary = IpAddr::from([192, 0, 2, host]);
        router.handle(Instant::EPOCH, Event::PrimaryAddress(Some(primary)));
        router.handle(Instant::EPOCH, Event::Startup);
        Ok(Self { router, priority })
    }

    /// The rule.
    fn service(&mut self, now: Instant, is_up: bool) -> Result<(), Box<dyn Error>> {
        let loss = if is_up { 0 } else { 60 };
        let priority = Priority::new(self.priority.saturating_sub(loss)).ok_or("no priority")?;
        self.router.handle(now, Event::Priority(priority));
        Ok(())
    }
}

/// Two programs on a link that delivers at once; it has the only clock.
struct Link<'a> {
    now: Instant,
    programs: [Program<'a>; 2],
    timeline: Vec<String>,
}

impl Link<'_> {
    fn run_until(&mut self, end: Instant) {
        loop {
            while let Some((from, (ends, ttl, octets))) = self.turn() {
                let to = &mut self.programs[1 - from].router;
                if let Err(discard) = to.receive(self.now, &ends, ttl, &octets) {
                    self.timeline.push(format!("{} {discard}", self.now));
                }
            }
            let deadlines = self.programs.iter().filter_map(|it| it.router.deadline());
            match deadlines.min().filter(|at| *at <= end) {
                Some(next) => self.now = next.max(self.now),
                None => break self.now = end,
            }
        }
    }

    /// What both have to do now, up to the first advertisement and whose it is.
    fn turn(&mut self) -> Option<(usize, Datagram)> {
        let mut buf = [0; MAX_TRANSMIT];
        for (index, program) in self.programs.iter_mut().enumerate() {
            let router = &mut program.router;
            router.timeout(self.now);
            loop {
                while let Some(transmit) = router.poll_transmit(self.now, &mut buf) {
                    if let Transmit::Payload { ends, ttl, octets } = transmit {
                        return Some((index, (ends, ttl, octets.to_vec())));
                    }
                }
                match router.poll_event() {
                    Some(EndpointEvent::AddAddresses) => {
                        router.installed(0, Some(MacAddr([2, 0, 0, 0, 0, 1])));
                    }
                    Some(EndpointEvent::Transition(it)) => {
                        let line = format!("{} router {index}: {}, {}", self.now, it.to, it.cause);
                        self.timeline.push(line);
                    }
                    Some(
                        EndpointEvent::RemoveAddresses
                        | EndpointEvent::Candidate
                        | EndpointEvent::NotSent(_),
                    ) => {}
                    None => break,
                }
            }
        }
        None
    }
}

fn at(milliseconds: u64) -> Instant {
    Instant::EPOCH + Duration::from_millis(milliseconds)
}

/// The service of the better router is down from the tenth to the twentieth second.
fn play() -> Result<Vec<String>, Box<dyn Error>> {
    let (mut first, mut second) = ([Slot::EMPTY], [Slot::EMPTY]);
    let programs = [
        Program::new(1, 150, &mut first)?,
        Program::new(2, 100, &mut second)?,
    ];
    let mut link = Link {
        now: Instant::EPOCH,
        programs,
        timeline: Vec::new(),
    };
    link.run_until(at(10_000));
    link.programs[0].service(link.now, false)?;
    link.run_until(at(20_000));
    link.programs[0].service(link.now, true)?;
    link.run_until(at(30_000));
    Ok(link.timeline)
}

#[expect(clippy::print_stdout, reason = "an example shows what happens")]
fn main() -> Result<(), Box<dyn Error>> {
    for transition in play()? {
        println!("{transition}");
    }
    Ok(())
}

#[test]
fn a_router_whose_service_is_down_hands_over_and_takes_back() {
    // Three intervals and a skew of (256 - 150) / 256 s after the start; three and (256 - 100) / 256 s
    // after the last advertisement that was better; three and the former skew again.
    let expected = [
        "0.000000000 router 0: Backup, started",
        "0.000000000 router 1: Backup, started",
        "3.414062500 router 0: Active, the active router fell silent",
        "13.023437500 router 0: Backup, a better router advertised",
        "13.023437500 router 1: Active, preempted a lower priority",
        "22.437500000 router 0: Active, preempted a lower priority",
        "22.437500000 router 1: Backup, a better router advertised",
    ];
    assert_eq!(play().expect("valid settings"), expected);
}
