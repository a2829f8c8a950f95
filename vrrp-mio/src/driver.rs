//! The driver: runs virtual routers on the interfaces of this host, in one event loop.

mod ability;
mod announce;
mod attachment;
mod check;
mod counters;
mod difference;
mod hearing;
mod id;
mod kernel;
mod network;
mod notice;
mod obstacle;
mod ports;
mod profile;
mod receive;
mod refusal;
mod router;
mod spec;
mod storage;
mod timers;
mod transmit;
mod turn;
mod update;
mod virtual_mac;

use core::time::Duration;
use std::io;
use std::os::fd::AsRawFd;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use vrrp_core::endpoint::{EndpointEvent, MAX_TRANSMIT};
use vrrp_core::{Event, Instant, Role, Statistics};

pub use self::check::{AddError, SpecError, TellError};
pub use self::counters::Losses;
pub use self::difference::Aspect;
pub use self::id::RouterId;
use self::network::Network;
pub use self::notice::Notice;
pub use self::obstacle::Obstacle;
use self::ports::Ports;
pub use self::router::Router;
pub use self::spec::{Path, RouterSpec, TransmitChecksum, VirtualAddress, VirtualMac};
use self::timers::Timers;
pub use self::turn::{ShutdownError, Turn};
pub use self::update::UpdateError;
use crate::netlink::{Monitor, MonitorError};
use crate::{Clock, Interfaces, RECEIVE_BUFFER, Timer};

const TIMER: Token = Token(0);
const MONITOR: Token = Token(1);
const REQUESTS: Token = Token(2);
const FIREWALL: Token = Token(3);
const FIRST_LISTENER: usize = 16;

/// A wake-up later than this is reported, and an Active router may have been replaced.
const LATE: Duration = Duration::from_millis(100);

/// A driver failed permanently.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// `epoll` or the timer failed.
    #[error("the event loop failed")]
    Poll(#[from] io::Error),
    /// The rtnetlink monitor failed, so that changes of interfaces and addresses can no longer be
    /// received.
    #[error("the network monitor failed")]
    Monitor(#[from] MonitorError),
}

/// Runs virtual routers on the interfaces of this host.
///
/// [`add`](Self::add) routers, [`start`](Self::start) them, and call [`turn`](Self::turn) in a
/// loop: each call sleeps until something happens, lets every router react and returns to its
/// caller what changed. To end, [`shutdown`](Self::shutdown): routers resign and their addresses are
/// removed. A driver that is dropped does neither: virtual addresses and macvlans stay, see
/// [the crate](crate#the-end). In a loop of the caller's it has one descriptor, see
/// [there](crate#in-another-loop).
///
/// In a turn everything happens at one `now`: received packets first, then the kernel's reports of
/// interfaces and addresses, then timers. Every step has a slice of time, of together about a
/// millisecond: what does not fit is done in the next turn, which does not sleep before. Where many
/// advertisements are due they have up to a millisecond, and what the kernel is asked for waits.
#[derive(Debug)]
pub struct Driver {
    poll: Poll,
    events: Events,
    clock: Clock,
    timer: Timer,
    wake_at: Option<Instant>,
    /// Whether the last turn may have left events in the poll.
    has_more_events: bool,
    /// The `now` of the last turn.
    turned_at: Instant,
    timers: Timers,
    /// How many turns in a row were for elections alone.
    alone: u8,
    routers: Vec<Option<Router>>,
    /// Places in `routers` that are free.
    free: Vec<usize>,
    /// How many routers were ever added.
    added: u64,
    ports: Ports,
    monitor: Monitor,
    network: Network,
    notices: Vec<Notice>,
    buffer: Vec<u8>,
    /// What is being sent.
    transmitted: Vec<u8>,
    ah_seed: u32,
}

impl Driver {
    /// Tokens from here on are free for sources of the owner, registered with
    /// [`registry`](Self::registry).
    pub const FIRST_FREE_TOKEN: usize = usize::MAX / 2 + 1;

    /// A driver without routers.
    ///
    /// # Errors
    /// If the kernel gives no epoll, timer or netlink descriptor.
    pub fn new() -> Result<Self, DriverError> {
        let clock = Clock::new()?;
        let mut timer = Timer::new()?;
        let poll = Poll::new()?;
        let monitor = Monitor::open()?;
        let network = Network::open()?;
        timer.register(poll.registry(), TIMER, Interest::READABLE)?;
        for (fd, token) in [
            (monitor.as_raw_fd(), MONITOR),
            (network.as_raw_fd(), REQUESTS),
        ] {
            SourceFd(&fd).register(poll.registry(), token, Interest::READABLE)?;
        }
        Ok(Self {
            poll,
            events: Events::with_capacity(256),
            clock,
            timer,
            wake_at: None,
            has_more_events: false,
            turned_at: clock.now(),
            timers: Timers::default(),
            alone: 0,
            routers: Vec::new(),
            free: Vec::new(),
            added: 0,
            ports: Ports::default(),
            monitor,
            network,
            notices: Vec::new(),
            buffer: vec![0; RECEIVE_BUFFER],
            transmitted: vec![0; MAX_TRANSMIT],
            ah_seed: 0,
        })
    }

    /// The sequence number after which authenticated advertisements of routers added from now on
    /// count. A number that rises from run to run lets peers hear a restarted router at once
    /// (RFC 2402 §3.4.3); zero otherwise.
    pub const fn set_ah_sequence(&mut self, sequence: u32) {
        self.ah_seed = sequence;
    }

    /// Makes room for as many more virtual routers, which [`add`](Self::add) makes for each otherwise:
    /// what thousands grew through stays in the process.
    pub fn reserve(&mut self, additional: usize) {
        let free = self.free.len();
        self.routers.reserve(additional.saturating_sub(free));
        self.network.virtuals.reserve(additional);
    }

    /// Adds a virtual router, switched off. It looks for its interface in the next turn.
    ///
    /// The call takes time linear in the addresses and peers of `spec` and in the routers there are:
    /// about 3 ms with 20,000 addresses.
    ///
    /// # Errors
    /// [`AddError`] for an invalid specification, and for a second router with the same identity.
    pub fn add(&mut self, spec: RouterSpec) -> Result<RouterId, AddError> {
        self.check_spec(&spec, None)?;
        let slot = self.free.last().copied().unwrap_or(self.routers.len());
        let id = RouterId::new(slot, self.added);
        let (config, profile) = self.profile(spec, slot);
        let router = Router::new(id, config, profile, self.clock.now(), self.ah_seed)?;
        self.added += 1;
        let _taken = self.free.pop();
        self.network.enlist(slot, &router);
        match self.routers.get_mut(slot) {
            Some(place) => *place = Some(router),
            None => self.routers.push(Some(router)),
        }
        Ok(id)
    }

    /// Switches a router on. One that was removed stays off.
    pub fn start(&mut self, router: RouterId) {
        self.deliver_event(router, Event::Startup);
    }

    /// Switches a router off: an Active one resigns and its addresses are removed. Nothing happens
    /// to one that was removed.
    pub fn stop(&mut self, router: RouterId) {
        self.deliver_event(router, Event::Shutdown);
    }

    /// Delivers an event of the caller, such as a tracked priority. A new configuration has to keep
    /// the virtual router identifier, the version and the family.
    ///
    /// # Errors
    /// [`TellError`]; nothing has changed then.
    pub fn tell(&mut self, router: RouterId, event: Event) -> Result<(), TellError> {
        let Some(target) = self.router(router) else {
            return Err(TellError::Unknown { router });
        };
        target.machine().check(&event)?;
        self.deliver_event(router, event);
        Ok(())
    }

    fn deliver_event(&mut self, router: RouterId, event: Event) {
        if self.router(router).is_none() {
            return;
        }
        let (slot, now) = (router.index(), self.clock.now());
        if matches!(event, Event::Configure(_)) {
            self.configure(slot, event, now);
        } else if let Some(event) = self.weigh(slot, event) {
            self.handle(slot, event, now);
        }
        self.follow_role(slot);
        // Its macvlan and its tenure depend on what the owner says.
        self.network.dirty.insert(slot);
    }

    /// Removes a router, its addresses and its macvlan. Stop it first, or it leaves without a
    /// resignation. Its pending notices are dropped. Nothing happens if it was removed before.
    pub fn remove(&mut self, router: RouterId) {
        if self.router(router).is_none() {
            return;
        }
        let slot = router.index();
        self.detach(slot);
        if let Some(gone) = self.routers.get_mut(slot).and_then(Option::take) {
            if let Some(macvlan) = gone.macvlan {
                self.network.virtual_macs.dismiss(macvlan);
            }
            self.notices
                .retain(|notice| notice.router() != Some(router));
            self.network.withdraw(slot, &gone);
            self.network.discharge(slot, &gone);
            self.timers.clear(slot);
            self.note_hearing(slot);
            self.free.push(slot);
        }
    }

    /// Once every router knows its role, removes addresses that an earlier run put in place and
    /// that no router has, and puts back the kernel parameters it changed. Only where no other
    /// driver runs in this network namespace: the marks are the same.
    pub const fn clean_leftovers(&mut self) {
        self.network.clean_leftovers();
    }

    /// The router `id`, or `None` if it was removed.
    #[must_use]
    pub fn router(&self, id: RouterId) -> Option<&Router> {
        let router = self.routers.get(id.index()).and_then(Option::as_ref);
        router.filter(|router| router.id == id)
    }

    /// All routers.
    pub fn routers(&self) -> impl Iterator<Item = (RouterId, &Router)> {
        let routers = self.routers.iter().flatten();
        routers.map(|router| (router.id, router))
    }

    /// The name of the router in this place.
    fn name(&self, slot: usize) -> Option<RouterId> {
        let router = self.routers.get(slot).and_then(Option::as_ref);
        router.map(|router| router.id)
    }

    /// Whether [`interfaces`](Self::interfaces) is complete: not yet right after the start, nor
    /// while everything is read again because notifications were lost.
    #[must_use]
    pub const fn knows_network(&self) -> bool {
        self.monitor.is_synchronised()
    }

    /// The interfaces and addresses of this host.
    #[must_use]
    pub const fn interfaces(&self) -> &Interfaces {
        self.monitor.interfaces()
    }

    /// Counters of packets on an interface that belong to no router.
    pub fn strays(&self, interface: u32) -> impl Iterator<Item = &Statistics> {
        self.ports.statistics(interface)
    }

    /// Counters of what was sent to this host and reached no router, whatever it was.
    #[must_use]
    pub const fn losses(&self) -> &Losses {
        &self.ports.losses
    }

    /// The time now, as [`Router::since`] counts it.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The clock of the loop.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Whether so many advertisements were due in the last turn that they took nearly all of it. The
    /// caller should postpone what can wait to a turn for everything else, of which there is at least
    /// one in eight.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.alone > 0
    }

    /// The registry for sources of the caller.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Whether the kernel has carried out all requests.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.network.is_settled(self.monitor.interfaces())
    }

    fn handle(&mut self, id: usize, event: Event, now: Instant) {
        if let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) {
            router.endpoint.handle(now, event);
            self.drive_router(id);
        }
    }

    /// Sends and does what a router asks for, in its order, and re-arms its deadlines.
    fn drive_router(&mut self, id: usize) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let notice = router.advertise(&mut self.ports, &mut self.transmitted);
        self.notices.extend(notice);
        let mut changed = false;
        while let Some(event) = router.endpoint.poll_event() {
            match event {
                EndpointEvent::AddAddresses => self.network.add_addresses(id, router),
                EndpointEvent::RemoveAddresses => self.network.remove_addresses(id, router),
                EndpointEvent::Candidate => {
                    let router = router.id;
                    self.notices.push(Notice::Candidate { router });
                }
                EndpointEvent::Transition(transition) => {
                    changed = true;
                    router.noted = None;
                    if transition.to == Role::Initialize && !router.declared {
                        self.network.remove_addresses(id, router);
                    }
                    self.notices.push(Notice::Transition {
                        router: router.id,
                        transition,
                    });
                }
                EndpointEvent::NotSent(error) => self.notices.extend(router.not_made(error)),
            }
        }
        self.timers.set(id, router);
        if changed {
            self.follow_role(id);
            self.note_hearing(id);
        }
    }
}
