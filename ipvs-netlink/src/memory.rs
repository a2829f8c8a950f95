//! A kernel's IPVS in memory, for tests that have none.
//!
//! A [`Kernel`] holds the table of one network namespace and answers the netlink messages of any
//! number of clients, as the kernel of Linux 6.1 to 6.12 answers them: what it accepts and how it
//! reports that, the error numbers, and of several errors the one that the kernel finds first. A
//! test in `tests/guest` sends random requests to it and to a real kernel, and compares the
//! answers.
//!
//! It stands here and not in `ipvs-core`, because it takes the place of the netlink socket: a
//! [`Client`] or [`Requests`] above it encodes, batches, decodes and names errors
//! by the same code as above the real kernel. It is no feature but a plain module, since it costs
//! nothing where it is not used, and so that a program can offer a run without effect.
//!
//! ```
//! use ipvs_core::{Scheduler, Service};
//! use ipvs_netlink::memory::{Fault, Kernel};
//! use ipvs_netlink::{ErrorKind, Request};
//!
//! let kernel = Kernel::new();
//! let mut client = kernel.client()?;
//! let service = Service::new("tcp 192.0.2.1:80".parse()?, Scheduler::Wlc);
//! client.add_service(&service)?;
//! let error = client.add_service(&service).unwrap_err();
//! assert_eq!(error.kind, ErrorKind::ServiceExists);
//! assert_eq!(kernel.configuration().len(), 1);
//!
//! // What the table does not call for is called for by hand.
//! const ENOMEM: i32 = 12;
//! kernel.on_request(|request| matches!(request, Request::Flush).then_some(Fault::Errno(ENOMEM)));
//! let error = client.flush().unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "cannot delete all services: the kernel has no memory for it"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! No packets pass: connections and statistics are what a test sets
//! ([`set_activity`](Kernel::set_activity), [`set_statistics`](Kernel::set_statistics)). Where
//! connections would go is predicted by [`ipvs_core::Director`]. Threads of synchronisation daemons
//! do not run.

mod message;
mod socket;
mod state;
#[cfg(test)]
mod tests;

use core::fmt;
use core::net::IpAddr;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipvs_core::record::{Activity, Statistics};
use ipvs_core::{Configuration, DestinationKey, KernelProfile, Name, Scheduler, ServiceKey};

pub use self::socket::Socket;
use self::state::State;
use crate::client::Client;
use crate::error::ConnectError;
use crate::request::Request;
use crate::requests::Requests;

/// What happens to a request instead of what the table calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The kernel refuses it with this error number, and changes nothing.
    Errno(i32),
    /// The kernel carries it out, but its answer and those to other requests in flight find no
    /// room in the socket's buffer: [`ErrorKind::AnswerLost`](crate::ErrorKind::AnswerLost).
    AnswerLost,
    /// The kernel does not carry it out and does not answer, nor to any later request over this
    /// socket: [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut).
    Hang,
}

/// The IPVS of a network namespace in memory; clones are the same one.
///
/// It starts without services, with every scheduler of [`Scheduler::ALL`], the persistence engine
/// `sip`, the address 127.0.0.1/8, no interface for synchronisation, and 250 ticks a second.
#[derive(Clone)]
pub struct Kernel(Arc<Shared>);

type Judge = dyn FnMut(&Request) -> Option<Fault> + Send;

struct Shared {
    state: Mutex<State>,
    /// Apart, so that it may look at the kernel.
    judge: Mutex<Option<Box<Judge>>>,
}

impl Kernel {
    /// A kernel without services.
    #[must_use]
    pub fn new() -> Self {
        let kernel = Self(Arc::new(Shared {
            state: Mutex::new(State::default()),
            judge: Mutex::new(None),
        }));
        kernel.add_address([127, 0, 0, 1].into(), 8);
        kernel
    }

    /// Opens a blocking client. Its waiting takes no time: the clock of its 5 s is put forward.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub fn client(&self) -> Result<Client<Socket>, ConnectError> {
        Client::over(self.socket()?)
    }

    /// Opens a non-blocking client, whose descriptor is readable while there are answers.
    ///
    /// # Errors
    /// As [`Requests::connect`].
    pub fn requests<T>(&self) -> Result<Requests<T, Socket>, ConnectError> {
        let socket = self.socket()?;
        Requests::over(socket, &|| self.state().now)
    }

    /// Opens a socket for a client.
    ///
    /// # Errors
    /// Those of socketpair(2), which makes its descriptor.
    pub fn socket(&self) -> io::Result<Socket> {
        Socket::open(self.clone())
    }

    /// The table.
    #[must_use]
    pub fn configuration(&self) -> Configuration {
        self.state().table.clone()
    }

    /// Lets `judge` see each request of every client before it is carried out, and decide whether
    /// it is. It may look at this kernel, but not call this method.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// use ipvs_netlink::Request;
    /// use ipvs_netlink::memory::Kernel;
    ///
    /// let kernel = Kernel::new();
    /// let mut client = kernel.client()?;
    /// let (sender, seen) = mpsc::channel();
    /// kernel.on_request(move |request| {
    ///     let _closed = sender.send(*request);
    ///     None
    /// });
    /// client.flush()?;
    /// assert_eq!(seen.try_iter().collect::<Vec<_>>(), [Request::Flush]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_request(&self, judge: impl FnMut(&Request) -> Option<Fault> + Send + 'static) {
        *lock(&self.0.judge) = Some(Box::new(judge));
    }

    fn judge(&self, request: &Request) -> Option<Fault> {
        lock(&self.0.judge)
            .as_mut()
            .and_then(|judge| judge(request))
    }

    /// Says which generation of schedulers the kernel has; the newer one at first.
    pub fn set_profile(&self, profile: KernelProfile) {
        self.state().profile = profile;
    }

    /// Unloads `ip_vs`, or loads it: without it there is no such family (`ENOENT`).
    pub fn set_available(&self, is_available: bool) {
        self.state().is_available = is_available;
    }

    /// Takes a scheduler's module away: services that ask for it are refused (`ENOENT`).
    pub fn remove_scheduler(&self, scheduler: Scheduler) {
        self.state().schedulers.remove(&scheduler);
    }

    /// Adds an interface on which synchronisation daemons can run, with its largest packet in
    /// octets.
    pub fn add_interface(&self, name: Name, mtu: u16) {
        self.state().interfaces.insert(name, mtu);
    }

    /// Adds an address of the kernel's own in a network of `length` bits. A destination cannot have
    /// the broadcast address of such a network, and link-local addresses of others neither.
    pub fn add_address(&self, address: IpAddr, length: u8) {
        self.state().add_address(address, length);
    }

    /// Says what a destination carries from now on. As in the kernel, connections outlive a
    /// destination that is deleted, and are there when it is added again.
    pub fn set_activity(
        &self,
        service: &ServiceKey,
        destination: &DestinationKey,
        activity: Activity,
    ) {
        let mut state = self.state();
        state.activity.insert((*service, *destination), activity);
    }

    /// Says what a service or a destination of it has counted, until it is zeroed or deleted.
    pub fn set_statistics(
        &self,
        service: &ServiceKey,
        destination: Option<&DestinationKey>,
        statistics: Statistics,
    ) {
        let mut state = self.state();
        let place = (*service, destination.copied());
        state.statistics.insert(place, statistics);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

/// A test that has panicked leaves nothing half done here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Kernel {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel")
            .field("configuration", &self.state().table)
            .finish_non_exhaustive()
    }
}
