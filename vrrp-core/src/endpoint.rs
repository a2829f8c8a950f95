//! A whole virtual router without I/O: octets in, octets out.
//!
//! An [`Endpoint`] is the state machine ([`VirtualRouter`]) with everything around it: decoding and
//! admission, authentication, the checksum form that follows the peers, the announce schedule,
//! encoding, and counters. It opens no socket, reads no clock and allocates nothing: lists and slots
//! are in a [`Storage`] of the owner, which [`Table`] makes of borrowed slices.
//!
//! # The methods
//!
//! There are four kinds, as in other protocol libraries without I/O:
//!
//! 1. **Inputs** tell what happened: [`receive`](Endpoint::receive) and
//!    [`receive_ipv4`](Endpoint::receive_ipv4) a packet, [`handle`](Endpoint::handle) anything else
//!    about the router or its interface, [`installed`](Endpoint::installed) and
//!    [`uninstalled`](Endpoint::uninstalled) an address, [`update`](Endpoint::update) new settings.
//! 2. **Time** is an input too: [`timeout`](Endpoint::timeout), when [`deadline`](Endpoint::deadline)
//!    has come. Early, late and repeated calls are harmless.
//! 3. **Outputs** are polled until they say `None`: first [`poll_transmit`](Endpoint::poll_transmit),
//!    what to send, then [`poll_event`](Endpoint::poll_event), what to do. A resignation is sent
//!    before the addresses go.
//! 4. **Views**: [`machine`](Endpoint::machine), [`advertised`](Endpoint::advertised),
//!    [`statistics`](Endpoint::statistics) and the like.
//!
//! # The order
//!
//! A turn of the loop takes one `now`, which never goes backwards:
//!
//! - everything that was received, so that a late wake-up hears what happened meanwhile;
//! - `timeout(now)`;
//! - `poll_transmit(now, …)` until `None`, and send each. Tell of a failure with
//!   [`not_sent`](Endpoint::not_sent) or [`blocked`](Endpoint::blocked) before the next poll. A
//!   runtime that bounds its turns may stop after any number of them;
//! - `poll_event()` until `None`;
//! - sleep until `deadline()` or a packet.
//!
//! Outputs that are not polled in time are bounded: of each kind the latest is kept. An advertisement
//! is not sent any more once the router has left the Active state.
//!
//! # The duties of a runtime
//!
//! `vrrp-mio` fulfils them on Linux. A runtime of your own sees to each:
//!
//! - **Source.** It sends advertisements from [`VirtualRouter::primary`] and no other address. Where the
//!   kernel chooses, it may choose a virtual one, and two routers become Active; so bind the socket,
//!   or name the source of each packet (`IP_PKTINFO`, `IPV6_PKTINFO`).
//! - **Time to live.** It sends with the one that [`Transmit`] says, 255 to a group, and passes on the
//!   one that a packet came with (`IP_RECVTTL`, `IPV6_RECVHOPLIMIT`): admission checks it.
//! - **Interface.** It sends to a group from a socket bound to the interface, with multicast loopback off
//!   (`IP_MULTICAST_LOOP`), so that it does not hear itself.
//! - **Group.** It joins the group ([`MULTICAST_V4`](crate::wire::MULTICAST_V4),
//!   [`MULTICAST_V6`](crate::wire::MULTICAST_V6)) on each interface before [`Event::Startup`], and again
//!   when an interface has been made anew under its name.
//! - **Primary address.** It never reports a virtual address as the primary one, also not one that an
//!   earlier run left behind, and reports each change ([`Event::PrimaryAddress`]). Over IPv6 the primary
//!   address is link-local.
//! - **Interface state.** It reports when the interface goes down and comes up.
//! - **Leftovers.** It removes at start what an earlier run left of the virtual addresses, before the
//!   router may be a Backup of another that has them.
//! - **Checksums.** Over IPv6 the kernel may verify and fill in a checksum (`IPV6_CHECKSUM`): leave that
//!   off, as the octets have theirs.
//! - **The end.** It sends the resignation after [`Event::Shutdown`] before it closes its sockets, and
//!   removes the addresses.
//! - It delivers to an endpoint the packets of its identifier, see
//!   [`admits`](Endpoint::admits) for several endpoints of one.
//!
//! The example at the [crate] is such a loop; `examples/endpoint.rs` runs two routers on a link
//! in memory.

mod error;
mod event;
mod receive;
mod storage;
#[cfg(test)]
#[cfg(feature = "ah")]
mod tests;
mod transmit;
mod update;

use core::net::IpAddr;

pub use self::error::{EndpointError, TransmitError};
pub use self::event::EndpointEvent;
use self::event::{Pending, Tenure, Wanted};
pub use self::receive::Received;
pub use self::storage::{Announcements, Policy, Storage, Table, TransmitChecksum};
use self::transmit::Advert;
pub use self::transmit::{MAX_TRANSMIT, Transmit};
use crate::receive::FollowedForm;
use crate::wire::ChecksumForm;
use crate::{
    Action, Actions, Config, Event, Family, Instant, MacAddr, Priority, Role, Statistics,
    Transition, VirtualRouter, announce,
};

/// One virtual router: packets, events and time in, packets and events out. The
/// [module](crate::endpoint) says how it is driven.
#[derive(Clone, Debug)]
pub struct Endpoint<S> {
    storage: S,
    machine: VirtualRouter,
    form: FollowedForm,
    peer_checksum: Option<ChecksumForm>,
    /// The last primary address known: a resignation is sent from it when it is gone.
    source: Option<IpAddr>,
    /// The most addresses that an advertisement lists.
    most: u8,
    ah_sequence: u32,
    advert: Option<Advert>,
    pending: Pending,
    tenure: Tenure,
}

impl<S: Storage> Endpoint<S> {
    /// A virtual router in Initialize, switched off, made at `now`.
    ///
    /// # Errors
    /// [`EndpointError`] if `config` and `storage` make no router.
    pub fn new(now: Instant, config: Config, storage: S) -> Result<Self, EndpointError> {
        update::check(&config, &storage)?;
        let (TransmitChecksum::Always(form) | TransmitChecksum::FollowPeer(form)) =
            storage.policy().checksum;
        Ok(Self {
            storage,
            machine: VirtualRouter::new(config),
            form: FollowedForm::new(form),
            peer_checksum: None,
            source: None,
            most: u8::MAX,
            ah_sequence: 0,
            advert: None,
            pending: Pending::default(),
            tenure: Tenure {
                since: now,
                transition: None,
            },
        })
    }

    /// Lets happen what is not a packet. What [`VirtualRouter::check`] refuses changes nothing.
    pub fn handle(&mut self, now: Instant, event: Event) {
        if let Event::PrimaryAddress(Some(address)) = event
            && self.machine.check(&event).is_ok()
        {
            self.source = Some(address);
        }
        let actions = self.machine.handle(now, event);
        self.perform(now, &actions);
    }

    /// Lets time pass: call it when [`deadline`](Self::deadline) has come.
    pub fn timeout(&mut self, now: Instant) {
        self.handle(now, Event::Timeout);
    }

    /// The address at `position` is in place, on a link where `mac` answers for it; without `mac`
    /// it is not announced. A repeated call with the same `mac` changes nothing; with another one the
    /// address is announced again.
    pub fn installed(&mut self, position: usize, mac: Option<MacAddr>) {
        let Some(address) = self.storage.address(position) else {
            return;
        };
        let slot = self.storage.slots_mut().get_mut(position);
        let is_new = slot.is_some_and(|slot| slot.install(Family::of(address), mac));
        if is_new && mac.is_some() && self.machine.role() == Role::Active {
            let config = self.storage.announcements().config;
            let (announcer, slots) = self.storage.announcer_mut();
            announcer.owe(slots, position, announce::Settings::from(config).repeat);
        }
    }

    /// The address at `position` is no longer in place, though it should be.
    pub fn uninstalled(&mut self, position: usize) {
        if let Some(slot) = self.storage.slots_mut().get_mut(position) {
            slot.remove();
        }
    }

    /// Whether the address at `position` is in place.
    #[must_use]
    pub fn is_installed(&self, position: usize) -> bool {
        (self.storage.slots().get(position)).is_some_and(|slot| slot.is_installed())
    }

    /// Has advertisements list the first `most` addresses only, to fit a link; see
    /// [`Addresses::mtu_limit`](crate::wire::Addresses::mtu_limit).
    pub const fn set_most_addresses(&mut self, most: u8) {
        self.most = most;
    }

    /// The sequence number after which authenticated advertisements count. One that rises from run
    /// to run lets peers hear a restarted router at once (RFC 2402 §3.4.3).
    pub const fn set_ah_sequence(&mut self, sequence: u32) {
        self.ah_sequence = sequence;
    }

    /// What there is to do, or to know. Call it until it says `None`.
    pub fn poll_event(&mut self) -> Option<EndpointEvent> {
        self.pending.next(&self.tenure)
    }

    /// When to call [`timeout`](Self::timeout) and to poll; `None` while nothing is to come. May be
    /// in the past.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let election = self.machine.deadline();
        election
            .into_iter()
            .chain(self.announcement_deadline())
            .min()
    }

    /// The state machine; its [deadline](VirtualRouter::deadline) is that of the election alone.
    #[must_use]
    pub const fn machine(&self) -> &VirtualRouter {
        &self.machine
    }

    /// The storage.
    #[must_use]
    pub const fn storage(&self) -> &S {
        &self.storage
    }

    /// The counters.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.storage.statistics()
    }

    /// The checksum form last heard in version 3.
    #[must_use]
    pub const fn peer_checksum(&self) -> Option<ChecksumForm> {
        self.peer_checksum
    }

    /// When the current role was entered, or the endpoint made.
    #[must_use]
    pub const fn since(&self) -> Instant {
        self.tenure.since
    }

    /// The last change of role.
    #[must_use]
    pub const fn last_transition(&self) -> Option<Transition> {
        self.tenure.transition
    }

    /// The next tenure announces an address when it is in place anew.
    fn clear_slots(&mut self, now: Instant) {
        if self.storage.announcer().is_none() {
            return self.storage.slots_mut().fill(announce::Slot::EMPTY);
        }
        let (announcer, slots) = self.storage.announcer_mut();
        announcer.clear(slots);
        self.tidy(now);
    }

    /// Lets an announcer go that has nothing to do and nothing to remember.
    fn tidy(&mut self, now: Instant) {
        let announcer = self.storage.announcer();
        if announcer.is_some_and(|announcer| announcer.is_idle(now)) {
            self.storage.drop_announcer();
        }
    }

    /// Has an advertisement sent. One that has not gone to everybody is given up, and counted if it has
    /// gone to anybody.
    fn advertise(&mut self, priority: Priority) {
        self.settle();
        self.advert = Some(Advert::new(priority));
    }

    fn perform(&mut self, now: Instant, actions: &Actions) {
        self.tidy(now);
        if (actions.transition()).is_some_and(|transition| transition.from == Role::Active) {
            // An advertisement that was not polled is none of this router any more.
            self.settle();
        }
        for action in actions.as_slice() {
            match action {
                Action::Advertise(priority) => self.advertise(*priority),
                Action::AddAddresses => self.pending.addresses = Some(Wanted::Present),
                Action::Announce(announcement) => {
                    self.storage.announcer_mut().0.start(now, *announcement);
                }
                Action::RemoveAddresses => {
                    self.clear_slots(now);
                    self.pending.addresses = Some(Wanted::Absent);
                }
                Action::Candidate => self.pending.candidate = true,
            }
        }
        if let Some(transition) = actions.transition() {
            self.storage.count(|all| all.changed(&transition));
            self.tenure = Tenure {
                since: now,
                transition: Some(transition),
            };
            self.pending.transition = true;
        }
    }
}
