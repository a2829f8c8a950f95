//! Whole tables, read and changed by the blocking client.

use ipvs_core::configuration::ServiceEntry;
use ipvs_core::{Change, Configuration, Destination};

use super::Client;
use crate::error::{Error, ErrorKind};
use crate::request::{Reply, Request};
use crate::transport::Transport;

impl<S: Transport> Client<S> {
    /// Reads the whole table: the services, and the destinations of each.
    ///
    /// The kernel lists service by service, so that changes by others meanwhile may show in a part.
    /// A service that is deleted meanwhile is left out.
    ///
    /// ```
    /// use ipvs_core::{Change, Configuration, Scheduler, Service};
    /// use ipvs_netlink::memory::Kernel;
    ///
    /// let mut client = Kernel::new().client()?;
    /// let change = Change::AddService(Service::new("tcp 192.0.2.1:80".parse()?, Scheduler::Wlc));
    /// client.apply(&change)?;
    /// let mut expected = Configuration::new();
    /// expected.apply(&change)?;
    /// assert_eq!(client.configuration()?, expected);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The first error of a list.
    pub fn configuration(&mut self) -> Result<Configuration, Error> {
        let services = self.services()?;
        let requests: Vec<_> = services
            .iter()
            .map(|record| Request::Destinations(record.service.key))
            .collect();
        let lists = self.batch(&requests);
        let mut configuration = Configuration::new();
        for (record, list) in services.iter().zip(lists) {
            let destinations = destinations(list?);
            if destinations.is_empty() && !self.has(&Request::Service(record.service.key))? {
                continue;
            }
            configuration.insert(ServiceEntry {
                service: record.service,
                destinations,
            });
        }
        Ok(configuration)
    }

    /// Makes one change of a [`plan`](ipvs_core::plan()).
    ///
    /// Many are made several times as fast by [`batch`](Self::batch), of
    /// [`Request::from`] each.
    ///
    /// # Errors
    /// Those of the method for a change of its kind, such as
    /// [`add_service`](Self::add_service).
    pub fn apply(&mut self, change: &Change) -> Result<(), Error> {
        self.request(Request::from(*change)).map(drop)
    }

    fn has(&mut self, request: &Request) -> Result<bool, Error> {
        match self.request(*request) {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::ServiceMissing => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn destinations(reply: Reply) -> Vec<Destination> {
    let Reply::Destinations(records) = reply else {
        return Vec::new();
    };
    records.iter().map(|record| record.destination).collect()
}
