//! Instances that cannot start yet: the search for their interface, and the log lines about it.

use core::net::IpAddr;

use tracing::{error, warn};
use vrrp_core::Role;
use vrrp_mio::{InterfaceName, RouterId};

use super::Engine;
use crate::config::{Instance, Transport};
use crate::observe::log::chain;
use crate::slab::Handle;
use crate::vrrp::instances::{Attachment, VrrpInstance};
use crate::vrrp::log;

impl Engine {
    /// Says once why an instance does not start.
    pub(super) fn log_waiting(&mut self, handle: Handle) {
        let Some(instance) = self.instances.get(handle) else {
            return;
        };
        if instance.entered || instance.logged_waiting {
            return;
        }
        let name = &*instance.name;
        let logged = match &instance.attachment {
            Attachment::Router(id) => {
                instance.eligibility.fault().is_none() && self.log_idle(name, *id)
            }
            Attachment::Pending(configured) => {
                if let Some(source) = unicast_source(configured) {
                    warn!(
                        instance = name,
                        "({name}) Entering FAULT STATE (init): no interface has address {source}"
                    );
                }
                true
            }
        };
        if let Some(instance) = self.instances.get_mut(handle) {
            instance.logged_waiting = logged;
        }
    }

    fn log_idle(&self, name: &str, id: RouterId) -> bool {
        let Some(router) = self.driver.router(id) else {
            return false;
        };
        let idle = router.machine().role() == Role::Initialize && router.machine().is_started();
        // A router that was just added learns what it lacks in the next turn.
        idle && log::waiting(name, router)
    }

    /// Gives an instance its router if the interface of its unicast source is known now. An instance
    /// that turns out to be the same virtual router as another is logged once and waits, and the
    /// others run.
    pub(super) fn find_interface(&mut self, handle: Handle) {
        let Some(VrrpInstance {
            attachment: Attachment::Pending(configured),
            ..
        }) = self.instances.get(handle)
        else {
            return;
        };
        let Some(interface) = self.interface_of_source(configured) else {
            return;
        };
        let Self {
            instances,
            driver,
            global,
            ..
        } = self;
        match instances.attach(driver, global, handle, interface) {
            Ok(None) => {}
            Ok(Some(router)) => {
                self.track(handle, router);
                if self.start_at.is_none() && self.stop_by.is_none() {
                    self.driver.start(router);
                }
            }
            Err(error) => {
                let instance = self.instances.get_mut(handle);
                let logged = instance
                    .is_some_and(|instance| core::mem::replace(&mut instance.logged_refusal, true));
                if !logged {
                    error!("{}", chain(&error));
                }
            }
        }
    }

    fn interface_of_source(&self, instance: &Instance) -> Option<InterfaceName> {
        let source = unicast_source(instance)?;
        let interfaces = self.driver.interfaces();
        let found = interfaces
            .addresses()
            .find(|address| address.address == source)?;
        interfaces.link(found.index).map(|link| link.name)
    }
}

const fn unicast_source(instance: &Instance) -> Option<IpAddr> {
    match instance.transport {
        Transport::Unicast { source, .. } => source,
        Transport::Multicast { .. } => None,
    }
}
