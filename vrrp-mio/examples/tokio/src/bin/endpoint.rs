//! The same on `vrrp_core::Endpoint` and the sockets of vrrp-mio, without its driver: an IPv4 router of
//! one address, whose interface is there before it and stays as it is.
//!
//! `cargo run --manifest-path vrrp-mio/examples/tokio/Cargo.toml --bin endpoint -- eth0 51 100
//! 192.0.2.100/24`. What the driver does beyond this, the documentation of vrrp-mio lists.

use std::error::Error;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};
use vrrp_core::announce::Slot;
use vrrp_core::endpoint::{EndpointEvent, MAX_TRANSMIT, Table, Transmit};
use vrrp_core::wire::{Addresses, MULTICAST_V4};
use vrrp_core::{Config, Endpoint, Event, Family, Instant, MacAddr, Role, Settings, Version};
use vrrp_mio::addresses::AddressSpec;
use vrrp_mio::interfaces::AddressProtocol;
use vrrp_mio::netlink::{Monitor, Request, RequestError, Requests};
use vrrp_mio::{AdvertSocket, Clock, LinkSocket, RECEIVE_BUFFER, Received, TimeSlice, Transport};

const SLICE: Duration = Duration::from_millis(1);
/// How the kernel says that an address is there already: `EEXIST`.
const EXISTS: i32 = 17;

fn readable<T: AsRawFd>(source: T) -> io::Result<AsyncFd<T>> {
    #[expect(
        deprecated,
        reason = "without unsafe code; all of these keep their descriptors"
    )]
    AsyncFd::with_interest(source, Interest::READABLE)
}

/// The index, the Ethernet address and the primary address of an interface.
fn find(
    clock: Clock,
    name: &str,
    address: Ipv4Addr,
) -> Result<(u32, MacAddr, Ipv4Addr), Box<dyn Error>> {
    let (mut monitor, read) = (Monitor::open()?, || clock.now());
    while !monitor.is_synchronised() {
        let _progress = monitor.drive(&TimeSlice::of(SLICE, read(), &read), &mut Vec::new())?;
    }
    let interfaces = monitor.interfaces();
    let link = interfaces
        .link_named(name.parse()?)
        .ok_or("no such interface")?;
    let primary = interfaces.primary_v4(link.index, |it| it == address);
    Ok((
        link.index,
        link.mac.ok_or("no Ethernet")?,
        primary.ok_or("no address")?,
    ))
}

/// A router and what it has of its host.
struct Host<'a> {
    router: Endpoint<Table<'a>>,
    mac: MacAddr,
    adverts: AsyncFd<AdvertSocket>,
    frames: LinkSocket,
    /// With a tag that says whether the address is added.
    requests: AsyncFd<Requests<bool>>,
    add: Request,
    remove: Request,
}

impl Host<'_> {
    /// Takes in what was received and what the kernel answered, then the time; how long there is
    /// nothing to do, or nothing if the router is switched off.
    fn turn(&mut self, clock: Clock) -> Result<Option<Duration>, Box<dyn Error>> {
        let (now, read) = (clock.now(), || clock.now());
        let mut buffer = [0; RECEIVE_BUFFER];
        while let Ok(Some(packet)) = self.adverts.get_ref().receive(&mut buffer) {
            if let Received::Datagram(it) = packet {
                let (ends, payload) = (it.ends(), it.payload());
                // A discarded packet is counted.
                let _heard = self.router.receive(now, &ends, it.hop_limit(), payload);
            }
        }
        self.router.timeout(now);
        let (slice, mut done) = (TimeSlice::of(SLICE, now, &read), Vec::new());
        let _progress = self.requests.get_mut().drive(&slice, &mut done)?;
        for outcome in done.into_iter().filter(|it| it.tag) {
            match outcome.result {
                Ok(()) | Err(RequestError::Refused { errno: EXISTS, .. }) => {
                    self.router.installed(0, Some(self.mac));
                }
                Err(error) => println!("the address: {error}"),
            }
        }
        self.act(now)?;
        let (requests, role) = (self.requests.get_ref(), self.router.machine().role());
        if requests.is_idle() && role == Role::Initialize {
            return Ok(None);
        }
        let wake = self.router.deadline().unwrap_or(Instant::MAX);
        let wait = wake.saturating_duration_since(clock.now());
        Ok(Some(if requests.is_idle() {
            wait
        } else {
            wait.min(SLICE)
        }))
    }

    /// Sends what is to be sent, then does what is to be done.
    fn act(&mut self, now: Instant) -> Result<(), Box<dyn Error>> {
        let (adverts, mut buffer) = (self.adverts.get_ref(), [0; MAX_TRANSMIT]);
        loop {
            while let Some(transmit) = self.router.poll_transmit(now, &mut buffer) {
                let sent = match transmit {
                    Transmit::Payload { ends, ttl, octets } => adverts.send(&ends, ttl, octets),
                    Transmit::Packet { octets, .. } => adverts.send_packet(octets),
                    Transmit::Frame { octets } | Transmit::Announcement { octets, .. } => {
                        self.frames.send(octets)
                    }
                };
                if let Err(error) = sent {
                    println!("{error}");
                    self.router.not_sent();
                }
            }
            let requests = self.requests.get_mut();
            match self.router.poll_event() {
                Some(EndpointEvent::AddAddresses) => requests.push(self.add.clone(), true)?,
                Some(EndpointEvent::RemoveAddresses) => {
                    requests.push(self.remove.clone(), false)?
                }
                Some(EndpointEvent::Transition(it)) => {
                    println!("{} -> {}: {}", it.from, it.to, it.cause);
                }
                Some(EndpointEvent::Candidate | EndpointEvent::NotSent(_)) => {}
                None => return Ok(()),
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [interface, vrid, priority, address] = arguments.as_slice() else {
        return Err("usage: endpoint INTERFACE VRID PRIORITY ADDRESS/LENGTH".into());
    };
    let (address, length) = address.split_once('/').ok_or("no prefix length")?;
    let (address, length): (Ipv4Addr, u8) = (address.parse()?, length.parse()?);
    let clock = Clock::new()?;
    let mut settings = Settings::new(Version::V3, Family::V4, vrid.parse()?);
    settings.priority = priority.parse()?;
    let (octets, mut slots) = ([address.octets()], [Slot::EMPTY]);
    let table = Table::new(Addresses::V4(&octets), &mut slots);

    let (index, mac, primary) = find(clock, interface, address)?;
    let mut adverts = AdvertSocket::open(index, Transport::Ipv4)?;
    adverts.join(MULTICAST_V4.into())?;
    let mut host = Host {
        router: Endpoint::new(clock.now(), Config::try_from(settings)?, table)?,
        mac,
        adverts: readable(adverts)?,
        frames: LinkSocket::open(index)?,
        requests: readable(Requests::open()?)?,
        add: Request::AddAddress {
            spec: AddressSpec::new(index, address.into(), length),
            protocol: Some(AddressProtocol::VRRP),
        },
        remove: Request::RemoveAddress {
            index,
            address: address.into(),
            prefix_len: length,
            peer: None,
        },
    };
    // What an earlier run left.
    host.requests.get_mut().push(host.remove.clone(), false)?;
    let primary = Event::PrimaryAddress(Some(IpAddr::V4(primary)));
    host.router.handle(clock.now(), primary);
    host.router.handle(clock.now(), Event::Startup);
    let mut interrupt = signal(SignalKind::interrupt())?;
    while let Some(wait) = host.turn(clock)? {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            ready = host.adverts.readable() => ready?.clear_ready(),
            ready = host.requests.readable_mut() => ready?.clear_ready(),
            _ = interrupt.recv() => host.router.handle(clock.now(), Event::Shutdown),
        }
    }
    Ok(())
}
