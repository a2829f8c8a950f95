//! The blocking client.

use core::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use ipvs_core::record::{DestinationRecord, ServiceRecord};
use ipvs_core::{
    Destination, DestinationKey, KernelProfile, Service, ServiceKey, SyncDaemon, SyncRole, Timeouts,
};

use crate::error::{ConnectError, Error, ErrorKind};
use crate::exchange::Exchange;
use crate::pipeline::{Completion, IN_FLIGHT};
use crate::request::{Info, Reply, Request};
use crate::socket::Socket;
use crate::transport::{Clock, Transport};

mod probe;
mod table;

/// A connection to the IPVS of the network namespace the calling thread is in.
///
/// Each method sends a request and waits for the kernel's answer, which normally is there at once,
/// and at most 5 s. Nothing is cached. `S` is what carries the requests ([`Transport`]).
pub struct Client<S = Socket> {
    exchange: Exchange<usize, S>,
    clock: Clock,
}

impl Client<Socket> {
    /// Connects, and asks the kernel for its version.
    ///
    /// The kernel loads the module `ip_vs` if it is installed and not yet there.
    ///
    /// # Errors
    /// Without `ip_vs`, without permission, or if the socket fails.
    pub fn connect() -> Result<Self, ConnectError> {
        Self::over(Socket::open()?)
    }
}

impl<S: Transport> Client<S> {
    /// Connects over `transport`, and asks the kernel for its version.
    ///
    /// # Errors
    /// As those of [`connect`](Client::connect).
    pub fn over(transport: S) -> Result<Self, ConnectError> {
        let clock = transport.clock();
        let mut client = Self {
            exchange: Exchange::over(transport, &clock)?,
            clock,
        };
        client.info().map_err(ConnectError::from)?;
        Ok(client)
    }

    /// Carries out one request.
    ///
    /// # Errors
    /// The kernel's error, by its meaning; or that its answer did not come.
    pub fn request(&mut self, request: Request) -> Result<Reply, Error> {
        self.exchange.pipeline.push(request, 0);
        let mut completions = Vec::with_capacity(1);
        self.run(&mut completions);
        completions
            .pop()
            .map_or_else(|| Err(unanswered(request)), |completion| completion.result)
    }

    /// Carries out `requests` in order, up to 128 in a datagram with one acknowledgement; an error
    /// does not stop those after it. Returns the outcomes in the same order.
    ///
    /// Several times as fast as one after the other.
    pub fn batch(&mut self, requests: &[Request]) -> Vec<Result<Reply, Error>> {
        let mut results: Vec<Option<_>> = Vec::new();
        results.resize_with(requests.len(), || None);
        let mut completions = Vec::new();
        for (chunk, results) in requests
            .chunks(IN_FLIGHT)
            .zip(results.chunks_mut(IN_FLIGHT))
        {
            for (place, &request) in chunk.iter().enumerate() {
                self.exchange.pipeline.push(request, place);
            }
            self.run(&mut completions);
            for completion in completions.drain(..) {
                if let Some(result) = results.get_mut(completion.tag) {
                    *result = Some(completion.result);
                }
            }
        }
        results
            .into_iter()
            .zip(requests)
            .map(|(result, &request)| result.unwrap_or_else(|| Err(unanswered(request))))
            .collect()
    }

    /// Sends what waits and reads until everything is answered or given up.
    fn run(&mut self, completions: &mut Vec<Completion<usize>>) {
        while !self.exchange.pipeline.is_idle() {
            if let Err(error) = self.turn(completions) {
                let errno = error.raw_os_error().unwrap_or(0);
                self.exchange
                    .pipeline
                    .abandon(ErrorKind::Socket(errno), completions);
            }
        }
    }

    fn turn(&mut self, completions: &mut Vec<Completion<usize>>) -> io::Result<()> {
        self.exchange.send(IN_FLIGHT, &self.clock, completions)?;
        let now = (self.clock)();
        self.exchange.read(now, &|| false, completions)?;
        self.exchange.pipeline.expire(now, completions);
        self.exchange.wait(now)?;
        Ok(())
    }

    /// What `pick` finds in the answer to a question.
    fn ask<T>(
        &mut self,
        request: Request,
        pick: impl FnOnce(Reply) -> Option<T>,
    ) -> Result<T, Error> {
        pick(self.request(request)?).ok_or_else(|| unanswered(request))
    }

    fn change(&mut self, request: Request) -> Result<(), Error> {
        self.request(request).map(drop)
    }
}

/// Each method fails as [`request`](Client::request) does; the errors named are those of the kernel
/// for it.
impl<S: Transport> Client<S> {
    /// The version of IPVS and the size of its connection table.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`].
    pub fn info(&mut self) -> Result<Info, Error> {
        self.ask(Request::Info, |reply| {
            if let Reply::Info(info) = reply {
                Some(info)
            } else {
                None
            }
        })
    }

    /// All services, in no particular order.
    ///
    /// A service added or deleted meanwhile, up to Linux 6.12 in any network namespace, may make
    /// another be missing: what is not listed need not be gone.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if any of them is not understood.
    pub fn services(&mut self) -> Result<Vec<ServiceRecord>, Error> {
        self.ask(Request::Services, |reply| {
            if let Reply::Services(services) = reply {
                Some(services)
            } else {
                None
            }
        })
    }

    /// One service.
    ///
    /// # Errors
    /// [`ErrorKind::ServiceMissing`].
    pub fn service(&mut self, key: &ServiceKey) -> Result<ServiceRecord, Error> {
        self.ask(Request::Service(*key), |reply| {
            if let Reply::Service(service) = reply {
                Some(*service)
            } else {
                None
            }
        })
    }

    /// The destinations of a service, in the order in which schedulers walk them: the one added
    /// last is first.
    ///
    /// A destination added or deleted meanwhile may make another be missing.
    ///
    /// # Errors
    /// [`ErrorKind::ServiceMissing`], which takes a second request to distinguish from an empty
    /// list of destinations.
    pub fn destinations(&mut self, key: &ServiceKey) -> Result<Vec<DestinationRecord>, Error> {
        let destinations = self.ask(Request::Destinations(*key), |reply| {
            if let Reply::Destinations(destinations) = reply {
                Some(destinations)
            } else {
                None
            }
        })?;
        if destinations.is_empty() {
            self.service(key)?;
        }
        Ok(destinations)
    }

    /// Adds a service.
    ///
    /// # Errors
    /// [`ErrorKind::ServiceExists`], [`ErrorKind::SchedulerUnknown`],
    /// [`ErrorKind::SchedulerOrEngineUnknown`], [`ErrorKind::FamilyUnsupported`],
    /// [`ErrorKind::GranularityMismatch`], [`ErrorKind::Invalid`].
    pub fn add_service(&mut self, service: &Service) -> Result<(), Error> {
        self.change(Request::AddService(*service))
    }

    /// Changes everything of a service but its key. Another scheduler starts afresh.
    ///
    /// # Errors
    /// [`ErrorKind::ServiceMissing`], else as [`add_service`](Self::add_service).
    pub fn edit_service(&mut self, service: &Service) -> Result<(), Error> {
        self.change(Request::EditService(*service))
    }

    /// Deletes a service and its destinations. Its connections remain, but their packets are
    /// dropped.
    ///
    /// # Errors
    /// [`ErrorKind::ServiceMissing`].
    pub fn delete_service(&mut self, key: &ServiceKey) -> Result<(), Error> {
        self.change(Request::DeleteService(*key))
    }

    /// Adds a destination to a service, before the others.
    ///
    /// # Errors
    /// [`ErrorKind::ServiceMissing`], [`ErrorKind::DestinationExists`], [`ErrorKind::Range`];
    /// [`ErrorKind::Invalid`] for an address no real server has, GUE without a port, or another
    /// address family than the service's without a tunnel.
    pub fn add_destination(
        &mut self,
        key: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), Error> {
        self.change(Request::AddDestination(*key, *destination))
    }

    /// Changes everything of a destination but its key. Another forwarding method is for new
    /// connections only.
    ///
    /// # Errors
    /// [`ErrorKind::DestinationMissing`], else as [`add_destination`](Self::add_destination).
    pub fn edit_destination(
        &mut self,
        key: &ServiceKey,
        destination: &Destination,
    ) -> Result<(), Error> {
        self.change(Request::EditDestination(*key, *destination))
    }

    /// Deletes a destination; packets of its connections are dropped.
    ///
    /// # Errors
    /// [`ErrorKind::ServiceMissing`], [`ErrorKind::DestinationMissing`].
    pub fn delete_destination(
        &mut self,
        key: &ServiceKey,
        destination: &DestinationKey,
    ) -> Result<(), Error> {
        self.change(Request::DeleteDestination(*key, *destination))
    }

    /// Zeroes the statistics of a service and its destinations, or of all services.
    ///
    /// # Errors
    /// [`ErrorKind::ServiceMissing`].
    pub fn zero(&mut self, key: Option<&ServiceKey>) -> Result<(), Error> {
        self.change(Request::Zero(key.copied()))
    }

    /// Deletes every service of the network namespace, also those of others.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.change(Request::Flush)
    }

    /// The connection timeouts.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`].
    pub fn timeouts(&mut self) -> Result<Timeouts, Error> {
        self.ask(Request::Timeouts, |reply| {
            if let Reply::Timeouts(timeouts) = reply {
                Some(timeouts)
            } else {
                None
            }
        })
    }

    /// Sets the connection timeouts; 0 leaves one as it is.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if one is 2³¹ ticks or more.
    pub fn set_timeouts(&mut self, timeouts: &Timeouts) -> Result<(), Error> {
        self.change(Request::SetTimeouts(*timeouts))
    }

    /// The running synchronisation daemons, at most one of each role.
    ///
    /// # Errors
    /// [`ErrorKind::Permission`].
    pub fn daemons(&mut self) -> Result<Vec<SyncDaemon>, Error> {
        self.ask(Request::Daemons, |reply| {
            if let Reply::Daemons(daemons) = reply {
                Some(daemons)
            } else {
                None
            }
        })
    }

    /// Starts a synchronisation daemon.
    ///
    /// # Errors
    /// [`ErrorKind::DaemonRunning`], [`ErrorKind::InterfaceMissing`]; [`ErrorKind::Invalid`] if the
    /// group is none, or a destination is not of its service's address family.
    pub fn start_daemon(&mut self, daemon: &SyncDaemon) -> Result<(), Error> {
        self.change(Request::StartDaemon(*daemon))
    }

    /// Stops a synchronisation daemon.
    ///
    /// # Errors
    /// [`ErrorKind::DaemonNotRunning`].
    pub fn stop_daemon(&mut self, role: SyncRole) -> Result<(), Error> {
        match self.change(Request::StopDaemon(role)) {
            // The kernel stays silent when it stops a daemon whose thread has not run yet.
            Err(error) if error.kind == ErrorKind::TimedOut => {
                let daemons = self.daemons()?;
                if daemons.iter().any(|daemon| daemon.role == role) {
                    Err(error)
                } else {
                    Ok(())
                }
            }
            result => result,
        }
    }

    /// Which generation of schedulers the kernel has.
    ///
    /// To find out, it adds a service with an unused packet mark, and deletes it again.
    ///
    /// # Errors
    /// The errors of adding and deleting.
    pub fn profile(&mut self) -> Result<KernelProfile, Error> {
        probe::profile(self)
    }
}

impl<S: AsFd> AsFd for Client<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.exchange.as_fd()
    }
}

impl<S: AsRawFd> AsRawFd for Client<S> {
    fn as_raw_fd(&self) -> RawFd {
        self.exchange.as_raw_fd()
    }
}

impl<S: fmt::Debug> fmt::Debug for Client<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}

fn unanswered(request: Request) -> Error {
    Error::new(request, ErrorKind::AnswerLost)
}
