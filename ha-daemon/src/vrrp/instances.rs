//! The VRRP instances of the daemon, by name, with their routers on the driver.

use std::sync::Arc;

use vrrp_core::eligibility::{Eligibility, Tracked};
use vrrp_mio::{Driver, InterfaceName, RouterId};

mod update;

pub use self::update::{InstanceDifference, InstanceUpdateError};

use super::log;
use super::spec::{SpecError, specify, tracker};
use crate::config::{Global, Instance};
use crate::slab::{Cursor, Handle, KeyedSlab};

/// An instance cannot be added.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// It cannot be made of its configuration.
    #[error("vrrp_instance {name}")]
    Spec {
        /// Its name.
        name: String,
        /// Why.
        source: SpecError,
    },
    /// There is one with this name.
    #[error("vrrp_instance {name} exists already")]
    NameTaken {
        /// The name.
        name: String,
    },
}

/// A configured instance and its router.
#[derive(Debug)]
pub(crate) struct VrrpInstance {
    pub(crate) name: Arc<str>,
    pub(crate) attachment: Attachment,
    /// Whether its router may run, and with which priority.
    pub(crate) eligibility: Eligibility,
    /// What it tracks.
    pub(crate) trackers: Box<[(InterfaceName, Tracked)]>,
    /// Whether it has entered a state since it was added.
    pub(crate) entered: bool,
    pub(crate) logged_waiting: bool,
    /// Whether a refused address was logged since one was last added.
    pub(crate) logged_refusal: bool,
}

/// Whether an instance has a router.
#[derive(Debug)]
pub(crate) enum Attachment {
    /// It is not known yet on which interface the unicast source is.
    Pending(Box<Instance>),
    /// What else there is to know of the instance, the driver keeps.
    Router(RouterId),
}

impl VrrpInstance {
    pub(crate) const fn router(&self) -> Option<RouterId> {
        match self.attachment {
            Attachment::Pending(_) => None,
            Attachment::Router(router) => Some(router),
        }
    }
}

/// The instances of the daemon, in the order of the configuration.
#[derive(Debug, Default)]
pub struct Instances {
    all: KeyedSlab<Arc<str>, VrrpInstance>,
    /// The routers and whose they are, by [`RouterId::index`].
    owners: Vec<Option<(RouterId, Handle)>>,
}

impl Instances {
    /// No instances.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for as many more, and for their routers in `driver`.
    pub fn reserve(&mut self, driver: &mut Driver, additional: usize) {
        driver.reserve(additional);
        self.all.reserve(additional);
        self.owners.reserve(additional);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds an instance behind the others. Its router is added to `driver`, switched off, if its
    /// interface is configured.
    ///
    /// # Errors
    /// [`InstanceError`]; nothing has changed then.
    pub fn add(
        &mut self,
        driver: &mut Driver,
        global: &Global,
        instance: Instance,
    ) -> Result<Handle, InstanceError> {
        if self.find(&instance.name).is_some() {
            let name = instance.name;
            return Err(InstanceError::NameTaken { name });
        }
        let name: Arc<str> = instance.name.as_str().into();
        let trackers = trackers(&instance).map_err(|source| refused(&instance, source))?;
        let eligibility = Eligibility::new(instance.priority);
        let attachment = match configured_interface(&instance)? {
            Some(interface) => {
                Attachment::Router(add_router(driver, global, &instance, interface)?)
            }
            None => Attachment::Pending(Box::new(instance)),
        };
        let added = VrrpInstance {
            name: Arc::clone(&name),
            attachment,
            eligibility,
            trackers,
            entered: false,
            logged_waiting: false,
            logged_refusal: false,
        };
        let router = added.router();
        let handle = self.all.insert(Arc::clone(&name), added);
        let handle = handle.ok_or_else(|| InstanceError::NameTaken {
            name: name.as_ref().to_owned(),
        })?;
        if let Some(router) = router {
            self.own(router, handle);
        }
        Ok(handle)
    }

    /// Gives an instance that waits for its interface its router on `interface`.
    ///
    /// # Errors
    /// [`InstanceError`]; it goes on to wait.
    pub fn attach(
        &mut self,
        driver: &mut Driver,
        global: &Global,
        handle: Handle,
        interface: InterfaceName,
    ) -> Result<Option<RouterId>, InstanceError> {
        let Some(instance) = self.all.get_mut(handle) else {
            return Ok(None);
        };
        let Attachment::Pending(configured) = &instance.attachment else {
            return Ok(instance.router());
        };
        let router = add_router(driver, global, configured, interface)?;
        instance.attachment = Attachment::Router(router);
        self.own(router, handle);
        Ok(Some(router))
    }

    fn own(&mut self, router: RouterId, handle: Handle) {
        let index = router.index();
        if self.owners.len() <= index {
            self.owners.resize(index + 1, None);
        }
        if let Some(owner) = self.owners.get_mut(index) {
            *owner = Some((router, handle));
        }
    }

    /// Removes an instance and its router, which resigns if it is Active. The others are as before.
    pub fn remove(&mut self, driver: &mut Driver, handle: Handle) -> bool {
        let Some(instance) = self.all.remove(handle) else {
            return false;
        };
        if let Some(router) = instance.router() {
            driver.stop(router);
            driver.remove(router);
            if let Some(owner) = self.owners.get_mut(router.index()) {
                owner.take_if(|(owned, _)| *owned == router);
            }
        }
        true
    }

    /// The instance with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Handle> {
        self.all.find(name)
    }

    /// The instance that a router is of.
    #[must_use]
    pub fn of_router(&self, router: RouterId) -> Option<Handle> {
        let (owned, handle) = (*self.owners.get(router.index())?)?;
        (owned == router).then_some(handle)
    }

    /// The next instance of a walk over all, in order: see [`KeyedSlab::next`].
    pub fn next(&self, cursor: &mut Cursor) -> Option<Handle> {
        self.all.next(cursor)
    }

    pub(crate) fn get(&self, handle: Handle) -> Option<&VrrpInstance> {
        self.all.get(handle)
    }

    pub(crate) fn get_mut(&mut self, handle: Handle) -> Option<&mut VrrpInstance> {
        self.all.get_mut(handle)
    }
}

fn configured_interface(instance: &Instance) -> Result<Option<InterfaceName>, InstanceError> {
    let interface = instance.interface.as_deref().map(str::parse).transpose();
    interface.map_err(|error| refused(instance, SpecError::Interface(error)))
}

/// The router of an instance on `interface`.
fn add_router(
    driver: &mut Driver,
    global: &Global,
    instance: &Instance,
    interface: InterfaceName,
) -> Result<RouterId, InstanceError> {
    let spec = specify(instance, global, interface);
    let spec = spec.map_err(|source| refused(instance, source))?;
    log::placed(&instance.name, &spec);
    let router = driver.add(spec);
    router.map_err(|source| refused(instance, source.into()))
}

fn refused(instance: &Instance, source: SpecError) -> InstanceError {
    InstanceError::Spec {
        name: instance.name.clone(),
        source,
    }
}

fn trackers(instance: &Instance) -> Result<Box<[(InterfaceName, Tracked)]>, SpecError> {
    let tracked = instance.track_interfaces.iter();
    tracked
        .map(|tracked| {
            let name = tracked.interface.parse()?;
            Ok((name, Tracked::new(tracker(tracked))))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use vrrp_core::{Event, Priority};

    use super::*;
    use crate::config::{LoadOptions, load_str};

    /// The first instance of a configuration without a mistake.
    pub(super) fn load(text: &str) -> (Global, Instance) {
        let mut loaded = load_str("test.conf", text, &LoadOptions::default());
        assert_eq!(loaded.diagnostics, []);
        (loaded.config.global, loaded.config.instances.remove(0))
    }

    fn instance(name: &str, vrid: u8) -> (Global, Instance) {
        load(&format!(
            "vrrp_instance {name} {{\ninterface none{vrid}\nvirtual_router_id {vrid}\n\
             virtual_ipaddress {{\n192.0.2.{vrid}/24\n}}\n}}"
        ))
    }

    struct Host {
        driver: Driver,
        instances: Instances,
    }

    impl Host {
        fn add(&mut self, name: &str, vrid: u8) -> Handle {
            let (global, instance) = instance(name, vrid);
            let added = self.instances.add(&mut self.driver, &global, instance);
            added.unwrap()
        }

        fn names(&self) -> Vec<&str> {
            let mut cursor = Cursor::default();
            let next = || self.instances.next(&mut cursor);
            let all = core::iter::from_fn(next);
            all.map(|handle| &*self.instances.get(handle).unwrap().name)
                .collect()
        }

        fn router(&self, handle: Handle) -> RouterId {
            self.instances.get(handle).unwrap().router().unwrap()
        }
    }

    #[test]
    fn instances_come_and_go_without_the_others() {
        let mut host = Host {
            driver: Driver::new().unwrap(),
            instances: Instances::new(),
        };
        let [a, b, c] = [("a", 1), ("b", 2), ("c", 3)].map(|(name, vrid)| host.add(name, vrid));
        let routers = [a, b, c].map(|handle| host.router(handle));
        for (router, priority) in routers.into_iter().zip([101, 102, 103]) {
            let priority = Priority::new(priority).unwrap();
            host.driver.tell(router, Event::Priority(priority)).unwrap();
        }
        host.instances.get_mut(c).unwrap().entered = true;

        assert!(host.instances.remove(&mut host.driver, b));
        assert!(!host.instances.remove(&mut host.driver, b));
        assert!(host.driver.router(routers[1]).is_none());
        let d = host.add("d", 4);
        assert_eq!(host.router(d).index(), routers[1].index(), "used again");
        let again = host.add("b", 2);

        assert_eq!(host.names(), ["a", "c", "d", "b"]);
        let named = ["a", "c", "d", "b"].map(|name| host.instances.find(name));
        assert_eq!(named, [a, c, d, again].map(Some));
        assert!(host.instances.get(b).is_none());
        assert_eq!(host.instances.of_router(routers[1]), None);
        for (handle, router, priority) in [(a, routers[0], 101), (c, routers[2], 103)] {
            assert_eq!(host.router(handle), router);
            assert_eq!(host.instances.of_router(router), Some(handle));
            let machine = host.driver.router(router).unwrap().machine();
            assert_eq!(machine.priority().get(), priority);
        }
        assert_eq!(host.instances.of_router(host.router(d)), Some(d));
        assert!(host.instances.get(c).unwrap().entered);
        assert!(!host.instances.get(d).unwrap().entered);
    }

    #[test]
    fn a_name_is_given_once() {
        let mut host = Host {
            driver: Driver::new().unwrap(),
            instances: Instances::new(),
        };
        let a = host.add("a", 1);
        let (global, second) = instance("a", 2);
        let error = host.instances.add(&mut host.driver, &global, second);
        assert_eq!(
            error.unwrap_err().to_string(),
            "vrrp_instance a exists already"
        );
        assert_eq!(host.instances.find("a"), Some(a));
        assert_eq!(host.driver.routers().count(), 1);
    }
}
