//! The firewall: an nf_tables table that drops packets to virtual addresses (Accept_Mode, RFC 9568
//! §6.1).
//!
//! An Active router that is not the owner of its addresses, and has no Accept_Mode, must not accept
//! packets sent to them, though it answers ARP and Neighbor Discovery for them (§6.1, §6.4.3).
//! Since the addresses have to be on an interface for that, packets to them are dropped by the
//! kernel's packet filter: a [`Firewall`] has an nf_tables table of its own.
//!
//! It drops what the host sends to itself as well, and before IPVS sees it: the director of a
//! virtual service has to accept packets to its address.
//!
//! ```no_run
//! use core::time::Duration;
//!
//! use vrrp_mio::firewall::{Destination, Firewall};
//! use vrrp_mio::{Clock, TimeSlice};
//!
//! let clock = Clock::new()?;
//! let read = || clock.now();
//! let mut firewall = Firewall::new();
//! firewall.refuse("router 51", [Destination::V4([192, 0, 2, 100].into())]);
//! while !firewall.is_ready("router 51") {
//!     let slice = TimeSlice::of(Duration::from_millis(1), clock.now(), &read);
//!     let _progress = firewall.drive(&slice);
//!     if let Some(failure) = firewall.next_failure() {
//!         println!("packets to 192.0.2.100 are accepted: {failure}");
//!     }
//!     // Here a program waits for the descriptor or `firewall.deadline()`.
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod outcome;
mod ruleset;
mod transaction;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use neli::consts::socket::NlFamily;
use nix::errno::Errno;
use thiserror::Error;

use self::outcome::{Answers, Failure};
use self::ruleset::Ruleset;
use self::transaction::Transaction;
use crate::interfaces::AddressKey;
use crate::netlink::{
    Messages, NLMSG_OVERRUN, NetlinkSocket, Progress, Received, RequestError, TimeSlice,
};

/// Room for the answers to one transaction, should all its operations be refused.
const RECEIVE_BUFFER: usize = 128 * 1024;

/// Packets are distinguished by their destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address.
    V6(Ipv6Addr),
    /// A link-local IPv6 address, which is unique on its interface only.
    LinkLocal {
        /// The interface packets come in on.
        interface: u32,
        /// The address.
        address: Ipv6Addr,
    },
}

impl From<&AddressKey> for Destination {
    fn from(key: &AddressKey) -> Self {
        let interface = key.index();
        match key.address() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) if address.is_unicast_link_local() => {
                Self::LinkLocal { interface, address }
            }
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}

/// The reason why packets to virtual addresses are not dropped.
#[derive(Debug, Error)]
pub enum FirewallError {
    /// The kernel has no nf_tables; it is not tried again.
    #[error("the kernel has no nf_tables")]
    Unsupported,
    /// The netlink socket could not be opened; tried again later.
    #[error("nf_tables cannot be reached")]
    Socket(#[source] io::Error),
    /// A change of our table failed; tried again later.
    #[error("nf_tables refused a change of our table")]
    Request(#[source] RequestError),
}

/// Drops packets to virtual addresses, except Neighbor Discovery.
///
/// Each owner `O` has destinations refused, by [`refuse`](Self::refuse), before it puts them in
/// place, and lets go of them by [`release`](Self::release) when they are gone. While there are
/// any, a table named `vrrp_mio_` and the netlink port of this firewall stands on the host; it is
/// its socket's own, so that nobody else changes it and that it goes with the process, however that
/// ends. (Before Linux 5.12 it is not, and a process that is killed leaves it behind.)
///
/// To drive it: after any of these, when the descriptor is readable or [`deadline`](Self::deadline)
/// has come, call [`drive`](Self::drive); if that made only [`Progress::Partial`], do so in the
/// next turn as well. The socket is opened at first need: ask [`takes_opened`](Self::takes_opened)
/// for what to register. One transaction is with the kernel at a time, a small one; it takes the
/// kernel some hundred microseconds, and longer only while somebody else's is being carried out.
///
/// A firewall that fails reports it once by [`next_failure`](Self::next_failure), reports
/// everything as ready and goes on trying: a virtual address that accepts too many packets is
/// better than none.
#[derive(Debug)]
pub struct Firewall<O: Copy + Ord> {
    ruleset: Ruleset<O>,
    channel: Option<Channel>,
    opened: bool,
}

impl<O: Copy + Ord> Default for Firewall<O> {
    fn default() -> Self {
        Self::new()
    }
}

impl<O: Copy + Ord> Firewall<O> {
    /// A firewall without destinations.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ruleset: Ruleset::new(),
            channel: None,
            opened: false,
        }
    }

    /// Makes the kernel load the modules that will be needed, which may take a while, and finds out
    /// whether it can.
    pub const fn prepare(&mut self) {
        self.ruleset.probe();
    }

    /// Replaces the destinations `owner` has refused.
    pub fn refuse(&mut self, owner: O, destinations: impl IntoIterator<Item = Destination>) {
        self.ruleset
            .refuse(owner, destinations.into_iter().collect());
    }

    /// Accepts the destinations of `owner` again, except those that other owners refuse.
    pub fn release(&mut self, owner: O) {
        self.refuse(owner, []);
    }

    /// Whether all destinations of `owner` are refused, or cannot be for now.
    #[must_use]
    pub fn is_ready(&self, owner: O) -> bool {
        self.ruleset.is_ready(owner)
    }

    /// Whether the kernel has done everything asked of it, or cannot.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.ruleset.is_settled()
    }

    /// When to call [`drive`](Self::drive) even if nothing has changed.
    #[must_use]
    pub fn deadline(&self) -> Option<vrrp_core::Instant> {
        self.ruleset.deadline()
    }

    /// The reason why packets are not dropped; reported once until they are dropped again.
    pub const fn next_failure(&mut self) -> Option<FirewallError> {
        self.ruleset.next_failure()
    }

    /// The descriptor to register as readable, if it was opened since this was last asked. A former
    /// one is closed.
    #[must_use = "answers are announced by this descriptor"]
    pub fn takes_opened(&mut self) -> Option<BorrowedFd<'_>> {
        let opened = core::mem::replace(&mut self.opened, false);
        let channel = self.channel.as_ref().filter(|_| opened)?;
        Some(channel.socket.as_fd())
    }

    /// Sends what may be sent and reads what can be read.
    pub fn drive(&mut self, slice: &TimeSlice<'_>) -> Progress {
        let now = slice.now();
        loop {
            self.read(now);
            self.ruleset.expire(now);
            if self.ruleset.is_in_flight() {
                return Progress::Complete;
            }
            if slice.is_over() && !self.ruleset.is_settled() {
                return Progress::Partial;
            }
            if !self.send(now) {
                return Progress::Complete;
            }
        }
    }

    /// Whether there was something to send.
    fn send(&mut self, now: vrrp_core::Instant) -> bool {
        let ownership = self.ruleset.ownership();
        let Some(transaction) = self.ruleset.next_transaction(now) else {
            return false;
        };
        let channel = match &mut self.channel {
            Some(channel) => channel,
            None => match Channel::open() {
                Ok(channel) => {
                    self.opened = true;
                    self.channel.insert(channel)
                }
                Err(error) => {
                    self.ruleset.lost_socket(error, now);
                    return true;
                }
            },
        };
        let Err(error) = channel.send(transaction, ownership) else {
            return true;
        };
        match error.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM | Errno::EINTR) => {
                self.ruleset.postpone(now);
            }
            Some(_) | None => {
                self.channel = None;
                self.ruleset.lost_socket(error, now);
            }
        }
        true
    }

    fn read(&mut self, now: vrrp_core::Instant) {
        let Some(channel) = &mut self.channel else {
            return;
        };
        match channel.receive() {
            Ok(None) => {}
            Ok(Some(outcome)) => self.ruleset.completed(outcome, now),
            Err(error) => {
                self.channel = None;
                self.ruleset.lost_socket(error, now);
            }
        }
    }
}

impl<O: Copy + Ord> Drop for Firewall<O> {
    fn drop(&mut self) {
        if self.ruleset.leaves_table()
            && let Some(channel) = &mut self.channel
        {
            // No caller is left to whom a failure could be reported.
            drop(channel.send(&Transaction::Clear, self.ruleset.ownership()));
        }
    }
}

/// The socket, and the batch whose answers it awaits.
#[derive(Debug)]
struct Channel {
    socket: NetlinkSocket,
    table: String,
    sequence: u32,
    datagram: Vec<u8>,
    awaited: Option<Answers>,
}

impl Channel {
    fn open() -> io::Result<Self> {
        let socket = NetlinkSocket::open(NlFamily::Netfilter, &[], RECEIVE_BUFFER)?;
        Ok(Self {
            // No two sockets of a network namespace have the same port.
            table: format!("vrrp_mio_{}", socket.port()?),
            socket,
            sequence: 0,
            datagram: Vec::new(),
            awaited: None,
        })
    }

    fn send(
        &mut self,
        transaction: &Transaction,
        ownership: transaction::Ownership,
    ) -> io::Result<()> {
        let sequences =
            transaction.encode(&self.table, ownership, self.sequence, &mut self.datagram);
        self.socket.send(&self.datagram)?;
        // The end of the batch has the number after the last operation's.
        self.sequence = sequences.last.wrapping_add(2);
        self.awaited = Some(Answers::new(sequences));
        Ok(())
    }

    /// Reads all there is; the outcome of the batch, once it is known.
    fn receive(&mut self) -> io::Result<Option<Result<(), Failure>>> {
        let mut outcome = None;
        let mut lost = false;
        loop {
            match self.socket.receive()? {
                Received::Empty => break,
                Received::Foreign => {}
                Received::Overrun => lost = true,
                Received::Datagram(datagram) => {
                    for message in Messages::new(datagram) {
                        match message {
                            Ok(message) if message.kind == NLMSG_OVERRUN => lost = true,
                            Ok(message) if outcome.is_none() => {
                                let awaited = self.awaited.as_mut();
                                outcome = awaited.and_then(|awaited| awaited.receive(&message));
                            }
                            Ok(_) => {}
                            Err(_) => lost = true,
                        }
                    }
                }
            }
        }
        if lost && outcome.is_none() && self.awaited.is_some() {
            outcome = Some(Err(Failure::Request(RequestError::AnswerLost)));
        }
        if outcome.is_some() {
            self.awaited = None;
        }
        Ok(outcome)
    }
}
