//! Virtual routers on a host: one loop turn after another.

mod announce;
mod attachment;
mod counters;
mod flags;
mod kernel;
mod network;
mod notice;
mod ports;
mod receive;
mod refusal;
mod router;
mod spec;
mod timers;
mod told;
mod transmit;
mod virtual_mac;

use core::time::Duration;
use std::io;

use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token};
use std::os::fd::AsRawFd;
use vrrp_core::{Action, Actions, Event, Instant, Role, Statistics};

use self::network::Network;
pub use self::notice::Notice;
use self::ports::Ports;
pub use self::router::Router;
pub use self::spec::{Path, RouterSpec, TransmitChecksum, VirtualAddress, VirtualMac};
use self::timers::Timers;
use self::told::Told;
use self::transmit::Scratch;
use crate::netlink::{Monitor, MonitorError};
use crate::{Clock, Interfaces, RECEIVE_BUFFER, Timer};

const TIMER: Token = Token(0);
const MONITOR: Token = Token(1);
const REQUESTS: Token = Token(2);
const FIREWALL: Token = Token(3);
const FIRST_LISTENER: usize = 16;

/// Later than this, a wake-up is worth telling, and an Active router may have been replaced.
const LATE: Duration = Duration::from_millis(100);

/// Names a virtual router on a driver. Identifiers of removed routers are used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouterId(pub(crate) usize);

impl RouterId {
    /// A small dense number, for tables beside the driver's.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0
    }
}

/// A driver failed for good.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The kernel refuses to poll, or the timer.
    #[error("the event loop failed")]
    Poll(#[from] io::Error),
    /// Changes to interfaces and addresses can no longer be heard.
    #[error("the network monitor failed")]
    Monitor(#[from] MonitorError),
}

/// Runs virtual routers on the interfaces of this host.
///
/// [`add`](Self::add) routers, [`start`](Self::start) them, and call [`turn`](Self::turn) for ever:
/// each call sleeps until something happens, lets every router react and tells its owner what
/// changed. To end, [`stop`](Self::stop) the routers (they resign) and turn until
/// [`is_settled`](Self::is_settled).
///
/// In a turn everything happens at one `now`: received packets first, then what the kernel tells of
/// interfaces and addresses, then timers. Every step has a slice of time, of together about a
/// millisecond: what does not fit is done in the next turn, which does not sleep before.
#[derive(Debug)]
pub struct Driver {
    poll: Poll,
    events: Events,
    clock: Clock,
    timer: Timer,
    wake_at: Option<Instant>,
    /// The `now` of the last turn.
    turned_at: Instant,
    timers: Timers,
    routers: Vec<Option<Router>>,
    /// Places in `routers` that are free.
    free: Vec<usize>,
    ports: Ports,
    monitor: Monitor,
    network: Network,
    notices: Vec<Notice>,
    buffer: Vec<u8>,
    scratch: Scratch,
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
            turned_at: clock.now(),
            timers: Timers::default(),
            routers: Vec::new(),
            free: Vec::new(),
            ports: Ports::default(),
            monitor,
            network,
            notices: Vec::new(),
            buffer: vec![0; RECEIVE_BUFFER],
            scratch: Scratch::default(),
            ah_seed: 0,
        })
    }

    /// The sequence number after which authenticated advertisements of routers added from now on
    /// count. A number that rises from run to run lets peers hear a restarted router at once
    /// (RFC 2402 §3.4.3); zero otherwise.
    pub const fn set_ah_sequence(&mut self, sequence: u32) {
        self.ah_seed = sequence;
    }

    /// Adds a virtual router, switched off. It looks for its interface in the next turn.
    pub fn add(&mut self, spec: RouterSpec) -> RouterId {
        let id = self.free.pop().unwrap_or(self.routers.len());
        // A configuration mostly alternates between few manners.
        let last = self.routers.iter().rev().take(8).flatten();
        let (config, told) = Told::new(spec, last.map(|router| &router.told.manner));
        let router = Router::new(config, told, self.clock.now(), self.ah_seed);
        self.network.enlist(id, &router);
        match self.routers.get_mut(id) {
            Some(slot) => *slot = Some(router),
            None => self.routers.push(Some(router)),
        }
        RouterId(id)
    }

    /// Switches a router on.
    pub fn start(&mut self, router: RouterId) {
        self.tell(router, Event::Startup);
    }

    /// Switches a router off: an Active one resigns and its addresses are removed.
    pub fn stop(&mut self, router: RouterId) {
        self.tell(router, Event::Shutdown);
    }

    /// Delivers an event of the owner's, such as a tracked priority. A new configuration keeps the
    /// virtual router identifier, the version and the family: another router is added for another.
    pub fn tell(&mut self, router: RouterId, event: Event) {
        let now = self.clock.now();
        self.handle(router.0, event, now);
        if matches!(event, Event::Configure(_)) {
            self.network.reconfigure(router.0, &mut self.routers);
        }
        self.follow_role(router.0);
        // Its macvlan and its tenure depend on what the owner says.
        self.network.dirty.insert(router.0);
    }

    /// Removes a router, its addresses and its macvlan. Stop it first, or it leaves without a
    /// resignation. What was yet to be told of it is not.
    pub fn remove(&mut self, router: RouterId) {
        let id = router.0;
        self.detach(id);
        if let Some(router) = self.routers.get_mut(id).and_then(Option::take) {
            if let Some(bearer) = router.bearer {
                self.network.virtual_macs.dismiss(bearer);
            }
            // The identifier may be another router's by the time they would be told.
            self.notices
                .retain(|notice| notice.router() != Some(RouterId(id)));
            self.network.withdraw(id, &router);
            self.network.discharge(id, &router);
            self.timers.clear(id);
            self.free.push(id);
        }
    }

    /// Once every router knows its role, removes addresses that an earlier run put in place and that
    /// no router has. Only where no other driver runs in this network namespace: the mark is the
    /// same.
    pub const fn clean_leftovers(&mut self) {
        self.network.clean_leftovers();
    }

    /// A router to look at.
    #[must_use]
    pub fn router(&self, id: RouterId) -> Option<&Router> {
        self.routers.get(id.0).and_then(Option::as_ref)
    }

    /// All routers.
    pub fn routers(&self) -> impl Iterator<Item = (RouterId, &Router)> {
        let routers = self.routers.iter().enumerate();
        routers.filter_map(|(id, slot)| slot.as_ref().map(|router| (RouterId(id), router)))
    }

    /// Whether [`interfaces`](Self::interfaces) is complete: not yet right after the start, nor while
    /// everything is read again because notifications were lost.
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

    /// Where to register sources of the owner.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Whether the kernel has done everything asked of it.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.network.is_settled(self.monitor.interfaces())
    }

    /// Sleeps until something happens or `limit` has passed, and reacts to it.
    ///
    /// # Errors
    /// [`DriverError`] where going on would mean to be deaf.
    pub fn turn(&mut self, limit: Option<Duration>) -> Result<Turn, DriverError> {
        let ready = self.sleep(limit)?;
        let now = self.clock.now();
        self.note_lateness(now);
        self.receive(now);
        let network_changed = self.follow_kernel(now)?;
        self.fire_timers(now);
        self.drive_kernel(now)?;
        Ok(Turn {
            notices: core::mem::take(&mut self.notices),
            ready,
            network_changed,
        })
    }

    /// Waits; gives the owner's sources that are ready.
    fn sleep(&mut self, limit: Option<Duration>) -> Result<Vec<Token>, DriverError> {
        let pending = self.ports.has_pending() || self.network.is_pending();
        let limit = if pending { Some(Duration::ZERO) } else { limit };
        let kernel = [self.monitor.deadline(), self.network.deadline()];
        let wake_at = kernel
            .into_iter()
            .flatten()
            .chain(self.timers.wake_up())
            .min();
        self.timer.arm(wake_at)?;
        self.wake_at = wake_at;
        if let Err(error) = self.poll.poll(&mut self.events, limit) {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error.into());
            }
            // A process that was stopped wakes up like this, and timers may be due: what arrived
            // meanwhile is not in the events and has to be heard first.
            self.ports.wake_all();
            self.network.heard();
        }
        let mut ready = Vec::new();
        for event in &self.events {
            match event.token() {
                TIMER => self.timer.clear()?,
                MONITOR => self.network.heard(),
                REQUESTS | FIREWALL => self.network.answered(),
                Token(token) if token >= Self::FIRST_FREE_TOKEN => {
                    ready.push(event.token());
                }
                Token(token) => {
                    if let Some(index) = token.checked_sub(FIRST_LISTENER) {
                        self.ports.wake(index);
                    }
                }
            }
        }
        Ok(ready)
    }

    /// Tells if the wake-up came so late that others may have acted meanwhile.
    fn note_lateness(&mut self, now: Instant) {
        let due = self.wake_at.map(|at| at.max(self.turned_at));
        self.turned_at = now;
        let by = due.map(|at| now.saturating_duration_since(at));
        if let Some(by) = by.filter(|by| *by >= LATE) {
            self.ports.wake_all();
            self.notices.push(Notice::Late { by });
        }
    }

    fn handle(&mut self, id: usize, event: Event, now: Instant) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        let actions = router.machine.handle(now, event);
        self.perform(id, actions, now);
    }

    /// Carries out what a machine asks for, in its order, and re-arms its deadline.
    fn perform(&mut self, id: usize, actions: Actions, now: Instant) {
        let Some(router) = self.routers.get_mut(id).and_then(Option::as_mut) else {
            return;
        };
        for action in actions {
            match action {
                Action::Advertise(priority) => {
                    let sent = router.advertise(priority, &mut self.ports, &mut self.scratch);
                    let failed_before = core::mem::replace(&mut router.send_failing, sent.is_err());
                    if let Err(error) = sent
                        && !failed_before
                    {
                        self.notices.push(Notice::SendFailed {
                            router: RouterId(id),
                            error,
                        });
                    }
                }
                Action::AddAddresses => {
                    self.network.add_addresses(id, router);
                }
                Action::Announce(announcement) => router.schedule(now, announcement),
                Action::RemoveAddresses => {
                    router.schedule = None;
                    router.owed.clear();
                    // The next tenure announces an address when it is in place anew (D4).
                    router.installed.clear();
                    self.network.remove_addresses(id, router);
                }
                Action::Candidate => self.notices.push(Notice::Candidate {
                    router: RouterId(id),
                }),
            }
        }
        if let Some(transition) = actions.transition() {
            router.since = now;
            router.last = Some(transition);
            router.counters.update(|all| all.changed(&transition));
            router.noted = None;
            if transition.to == Role::Initialize && !router.declared {
                self.network.remove_addresses(id, router);
            }
            self.notices.push(Notice::Transition {
                router: RouterId(id),
                transition,
            });
        }
        self.timers.set(id, router);
        if actions.transition().is_some() {
            self.follow_role(id);
        }
    }
}

/// What a turn brought.
#[derive(Debug, Default)]
#[must_use = "what happened is told once"]
pub struct Turn {
    /// What happened, in order.
    pub notices: Vec<Notice>,
    /// Sources of the owner that are ready.
    pub ready: Vec<Token>,
    /// Whether an interface or an address of this host changed.
    pub network_changed: bool,
}
