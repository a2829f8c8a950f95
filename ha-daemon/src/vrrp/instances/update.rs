//! Changes of the configuration of an instance that runs.

use vrrp_core::Event;
use vrrp_core::eligibility::{Eligibility, Tracked};
use vrrp_core::track::Status;
use vrrp_mio::{Aspect, Driver, InterfaceName, RouterId, TellError, UpdateError};

use super::{Attachment, InstanceError, Instances, add_router, configured_interface, trackers};
use crate::config::{Global, Instance};
use crate::slab::Handle;
use crate::vrrp::log;
use crate::vrrp::spec::{SpecError, specify};

/// An instance was not updated.
#[derive(Debug, thiserror::Error)]
pub enum InstanceUpdateError {
    /// It was removed.
    #[error("there is no such vrrp_instance any more")]
    Unknown,
    /// One of another name is another instance, to be added in place of this one.
    #[error("vrrp_instance {ours} cannot become {theirs}")]
    Name {
        /// The name of the instance.
        ours: String,
        /// The name in the configuration.
        theirs: String,
    },
    /// It cannot be made of its configuration.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// Its router cannot be as configured; what takes another router is to be removed and added.
    #[error("vrrp_instance {name}")]
    Router {
        /// Its name.
        name: String,
        /// Why.
        source: UpdateError,
    },
    /// Its router did not take its priority or a fault.
    #[error("vrrp_instance {name}")]
    Tell {
        /// Its name.
        name: String,
        /// Why.
        source: TellError,
    },
}

/// What an update changed of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceDifference {
    /// What of its router, in the order of [`Aspect`].
    pub aspects: Vec<Aspect>,
    /// Whether it tracks other interfaces, or by other weights.
    pub trackers: bool,
    /// Whether an instance that waited for its interface waits on another configuration, or has its
    /// router now. That is switched off, as one that was just [added](Instances::add).
    pub waiting: bool,
}

impl InstanceDifference {
    /// Whether nothing was changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Instances {
    /// Has an instance be as `instance` says, and changes only what differs. It keeps its handle, its
    /// place among the others and its router, with state and counters: see [`Driver::update`].
    ///
    /// # Errors
    /// [`InstanceUpdateError`]; nothing has changed then, but with [`InstanceUpdateError::Tell`].
    pub fn update(
        &mut self,
        driver: &mut Driver,
        global: &Global,
        handle: Handle,
        instance: Instance,
    ) -> Result<InstanceDifference, InstanceUpdateError> {
        let Some(running) = self.all.get(handle) else {
            return Err(InstanceUpdateError::Unknown);
        };
        if *running.name != *instance.name {
            return Err(InstanceUpdateError::Name {
                ours: running.name.as_ref().to_owned(),
                theirs: instance.name,
            });
        }
        let tracked = trackers(&instance).map_err(|error| super::refused(&instance, error))?;
        match running.router() {
            Some(router) => {
                let aspects = update_router(driver, global, router, &instance)?;
                self.adopt(driver, (handle, router), &instance, tracked, aspects)
            }
            None => self.update_pending(driver, global, (handle, instance), tracked),
        }
    }

    /// Takes in what is not the router's: the configured priority, and what is tracked.
    fn adopt(
        &mut self,
        driver: &mut Driver,
        (handle, router): (Handle, RouterId),
        instance: &Instance,
        tracked: Box<[(InterfaceName, Tracked)]>,
        aspects: Vec<Aspect>,
    ) -> Result<InstanceDifference, InstanceUpdateError> {
        let Some(running) = self.all.get_mut(handle) else {
            return Err(InstanceUpdateError::Unknown);
        };
        let eligibility = &mut running.eligibility;
        let mut events = Vec::new();
        if eligibility.tracking().configured() != instance.priority {
            let decisions = eligibility.configure(instance.priority);
            events.extend(decisions.map(|decision| decision.event));
        }
        let retracked = !is_same(&running.trackers, &tracked);
        if retracked {
            running.trackers = tracked;
            // Before that nothing tracked has an effect.
            if driver.knows_network() {
                let trackers = running.trackers.iter_mut();
                let trackers = trackers.map(|(name, tracked)| {
                    let status = match driver.is_usable(*name) {
                        true => Status::Up,
                        false => Status::Down,
                    };
                    (tracked, status)
                });
                events.extend(eligibility.assess(trackers).map(|decision| decision.event));
            }
        }
        for event in last_priority(events) {
            let told = driver.tell(router, event);
            told.map_err(|source| InstanceUpdateError::Tell {
                name: instance.name.clone(),
                source,
            })?;
        }
        running.logged_waiting &= aspects.is_empty();
        running.logged_refusal &= !aspects.contains(&Aspect::Addresses);
        Ok(InstanceDifference {
            aspects,
            trackers: retracked,
            waiting: false,
        })
    }

    /// Updates an instance without a router, which it gets if an interface is configured now.
    fn update_pending(
        &mut self,
        driver: &mut Driver,
        global: &Global,
        (handle, instance): (Handle, Instance),
        tracked: Box<[(InterfaceName, Tracked)]>,
    ) -> Result<InstanceDifference, InstanceUpdateError> {
        let interface = configured_interface(&instance)?;
        let router = match interface {
            Some(interface) => Some(add_router(driver, global, &instance, interface)?),
            None => None,
        };
        let Some(running) = self.all.get_mut(handle) else {
            return Err(InstanceUpdateError::Unknown);
        };
        let retracked = !is_same(&running.trackers, &tracked);
        let same = matches!(&running.attachment, Attachment::Pending(ours) if **ours == instance);
        running.trackers = tracked;
        running.eligibility = Eligibility::new(instance.priority);
        running.logged_waiting &= same;
        running.attachment = match router {
            Some(router) => Attachment::Router(router),
            None => Attachment::Pending(Box::new(instance)),
        };
        if let Some(router) = router {
            self.own(router, handle);
        }
        Ok(InstanceDifference {
            aspects: Vec::new(),
            trackers: retracked,
            waiting: !same,
        })
    }
}

/// Updates the router of an instance; where none is configured, it stays on its interface.
fn update_router(
    driver: &mut Driver,
    global: &Global,
    router: RouterId,
    instance: &Instance,
) -> Result<Vec<Aspect>, InstanceUpdateError> {
    let name = || instance.name.clone();
    let refuse = |source| InstanceUpdateError::Router {
        name: name(),
        source,
    };
    let running = driver.router(router).map(vrrp_mio::Router::interface);
    let interface = configured_interface(instance)?.or(running);
    let interface = interface.ok_or_else(|| refuse(UpdateError::Unknown { router }))?;
    let spec = specify(instance, global, interface);
    let spec = spec.map_err(|source: SpecError| super::refused(instance, source))?;
    let questionable = spec.clone();
    let aspects = driver.update(router, spec).map_err(refuse)?;
    if aspects.contains(&Aspect::Addresses) {
        log::placed(&instance.name, &questionable);
    }
    Ok(aspects)
}

/// Whether two lists track the same, whatever is known of it.
fn is_same(ours: &[(InterfaceName, Tracked)], theirs: &[(InterfaceName, Tracked)]) -> bool {
    let plain = |(name, tracked): &(InterfaceName, Tracked)| (*name, tracked.tracker());
    ours.iter().map(plain).eq(theirs.iter().map(plain))
}

/// The same events without priorities that do not last.
fn last_priority(events: Vec<Event>) -> impl Iterator<Item = Event> {
    let is_priority = |event: &Event| matches!(event, Event::Priority(_));
    let last = events.iter().rposition(is_priority);
    let events = events.into_iter().enumerate();
    events.filter_map(move |(place, event)| {
        (Some(place) == last || !is_priority(&event)).then_some(event)
    })
}

#[cfg(test)]
mod tests;
