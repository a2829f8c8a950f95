//! Changes of a table and whole tables, given to a director.

use core::time::Duration;

use super::{Director, DirectorError, Settings};
use crate::{Change, Configuration, KernelProfile, Order, plan};

impl Director {
    /// A director whose kernel has been given `configuration` as [`plan()`] gives it, at time zero,
    /// and no packet yet.
    ///
    /// ```
    /// use core::time::Duration;
    ///
    /// use ipvs_core::connection::{Packet, Settings};
    /// use ipvs_core::{Change, Configuration, Destination, Director, Flow, Forwarding, KernelProfile, Protocol, Scheduler, Service};
    ///
    /// let service = Service::new("tcp 192.0.2.1:80".parse()?, Scheduler::Rr);
    /// let mut configuration = Configuration::new();
    /// configuration.apply(&Change::AddService(service))?;
    /// for real in ["10.0.0.1:80", "10.0.0.2:80"] {
    ///     let real = Destination::new(real.parse()?, Forwarding::Masquerade, 1);
    ///     configuration.apply(&Change::AddDestination(service.key, real))?;
    /// }
    /// let profile = KernelProfile::default();
    /// let mut director = Director::of(&configuration, profile, Settings::default())?;
    /// let mut ask = |port| {
    ///     let flow = Flow {
    ///         protocol: Protocol::TCP,
    ///         client: ([203, 0, 113, 9], port).into(),
    ///         target: ([192, 0, 2, 1], 80).into(),
    ///     };
    ///     let verdict = director.receive(Duration::ZERO, &Packet::first(flow), [0; 2]);
    ///     verdict.destination().map(|destination| destination.to_string())
    /// };
    /// assert_eq!(ask(40_000).as_deref(), Some("10.0.0.2:80"));
    /// assert_eq!(ask(40_001).as_deref(), Some("10.0.0.1:80"));
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The first service without a model, or the first destination that the kernel refuses.
    pub fn of(
        configuration: &Configuration,
        profile: KernelProfile,
        settings: Settings,
    ) -> Result<Self, DirectorError> {
        let mut director = Self::new(profile, settings);
        for change in plan(&Configuration::new(), configuration, |_| true, Order::Any) {
            director.apply(Duration::ZERO, &change)?;
        }
        Ok(director)
    }

    /// Makes `change` at `now`.
    ///
    /// # Errors
    ///
    /// Those of the method for a change of its kind, such as [`add`](Self::add). Nothing is changed
    /// then.
    pub fn apply(&mut self, now: Duration, change: &Change) -> Result<(), DirectorError> {
        match change {
            Change::AddService(service) => self.add_service(service),
            Change::EditService(service) => self.edit_service(service),
            Change::DeleteService(key) => self.delete_service(now, key),
            Change::AddDestination(key, destination) => self.add(now, key, destination),
            Change::EditDestination(key, destination) => self.edit(now, key, destination),
            Change::DeleteDestination(key, destination) => self.remove(now, key, destination),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::DestinationError;
    use crate::{Destination, Forwarding, Scheduler, Service};

    #[test]
    fn every_change_is_that_of_its_method() {
        let service = Service::new("tcp 192.0.2.1:80".parse().unwrap(), Scheduler::Rr);
        let key = service.key;
        let real = |host: &str, weight| {
            let at = host.parse().unwrap();
            Destination::new(at, Forwarding::Masquerade, weight)
        };
        let (first, second) = (real("10.0.0.1:80", 1), real("10.0.0.2:80", 1));
        let mut director = Director::new(KernelProfile::default(), Settings::default());
        let mut apply = |change| {
            let result = director.apply(Duration::ZERO, &change);
            let balancer = director.service(&key);
            let list = balancer.map(|balancer| {
                let table = balancer.table().destinations().to_vec();
                (balancer.service().scheduler, table)
            });
            (result, list)
        };
        let (rr, wlc) = (Scheduler::Rr, Scheduler::Wlc);
        let missing = Err(DirectorError::Missing);
        let gone = Err(DestinationError::Missing.into());
        let edited = Service::new(key, wlc);
        let heavier = real("10.0.0.1:80", 7);
        let (add, delete) = (Change::AddDestination, Change::DeleteDestination);
        let steps: [(Change, Result<_, _>, Option<(_, &[_])>); 9] = [
            (add(key, first), missing, None),
            (Change::AddService(service), Ok(()), Some((rr, &[]))),
            (add(key, first), Ok(()), Some((rr, &[first]))),
            (add(key, second), Ok(()), Some((rr, &[second, first]))),
            (
                Change::EditService(edited),
                Ok(()),
                Some((wlc, &[second, first])),
            ),
            (
                Change::EditDestination(key, heavier),
                Ok(()),
                Some((wlc, &[second, heavier])),
            ),
            (delete(key, second.key), Ok(()), Some((wlc, &[heavier]))),
            (delete(key, second.key), gone, Some((wlc, &[heavier]))),
            (Change::DeleteService(key), Ok(()), None),
        ];
        for (change, result, listed) in steps {
            let listed = listed.map(|(scheduler, list)| (scheduler, list.to_vec()));
            assert_eq!(apply(change), (result, listed), "{change:?}");
        }
    }

    #[test]
    fn a_director_of_a_table_has_its_order() {
        let mut configuration = Configuration::new();
        let service = Service::new("udp [2001:db8::1]:53".parse().unwrap(), Scheduler::Rr);
        configuration.apply(&Change::AddService(service)).unwrap();
        for address in ["[2001:db8::2]:53", "[2001:db8::3]:53", "[2001:db8::4]:53"] {
            let real = Destination::new(address.parse().unwrap(), Forwarding::Route, 2);
            let change = Change::AddDestination(service.key, real);
            configuration.apply(&change).unwrap();
        }
        let profile = KernelProfile::Legacy;
        let director = Director::of(&configuration, profile, Settings::default()).unwrap();
        let table = director.service(&service.key).unwrap().table();
        let entry = configuration.get(&service.key).unwrap();
        assert_eq!(table.destinations(), entry.destinations);
        assert_eq!(table.profile(), KernelProfile::Legacy);
    }
}
